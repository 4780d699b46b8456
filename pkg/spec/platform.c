#include "spec/platform.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"

#include <stdio.h>

#if defined(__x86_64__)
#define HOST_ARCH "amd64"
#elif defined(__aarch64__)
#define HOST_ARCH "arm64"
#elif defined(__arm__)
#define HOST_ARCH "arm"
#elif defined(__i386__)
#define HOST_ARCH "386"
#elif defined(__riscv) && __riscv_xlen == 64
#define HOST_ARCH "riscv64"
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_ARCH "ppc64le"
#elif defined(__s390x__)
#define HOST_ARCH "s390x"
#elif defined(__loongarch64)
#define HOST_ARCH "loong64"
#elif defined(__mips64) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_ARCH "mips64le"
#else
#error "name this architecture as Go does"
#endif

static const struct {
	const char *alias, *arch, *variant;
} aliases[] = {
    {"x86_64", "amd64", ""}, {"x86-64", "amd64", ""}, {"aarch64", "arm64", ""},
    {"armhf", "arm", "v7"},  {"armel", "arm", "v6"},  {"i386", "386", ""},
    {"i686", "386", ""},     {"armv7l", "arm", "v7"}, {"armv6l", "arm", "v6"},
};

/* Whole or not at all: false when it does not fit. */
static bool put(char to[PLATFORM_MAX], struct str s)
{
	if (s.len >= PLATFORM_MAX)
		return false;
	if (s.len > 0)
		memcpy(to, s.ptr, s.len);
	to[s.len] = '\0';
	return true;
}

static void set_arch(struct platform *p, struct str arch)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(aliases); i++)
		if (str_eq(arch, aliases[i].alias)) {
			(void)put(p->arch, str_of(aliases[i].arch));
			(void)put(p->variant, str_of(aliases[i].variant));
			return;
		}
	(void)put(p->arch, arch);
}

void platform_host(const char *uname_machine, struct platform *ret)
{
	*ret = (struct platform){.os = "linux", .arch = HOST_ARCH};
	if (streq(ret->arch, "arm64"))
		(void)put(ret->variant, str_of("v8"));
	if (!streq(ret->arch, "arm"))
		return;
	/* A 64-bit kernel runs a 32-bit program too: then at least v7. */
	if (str_starts(uname_machine, "armv7") || str_starts(uname_machine, "aarch64") ||
	    str_starts(uname_machine, "armv8"))
		(void)put(ret->variant, str_of("v7"));
	else
		(void)put(ret->variant, str_of(str_starts(uname_machine, "armv6") ? "v6" : "v5"));
}

static bool known_os(struct str s)
{
	static const char *const names[] = {"linux", "windows", "darwin", "freebsd"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(s, names[i]))
			return true;
	return false;
}

static bool part_ok(struct str s)
{
	return s.len > 0 && s.len < PLATFORM_MAX;
}

int platform_parse(const char *text, const struct platform *def, struct platform *ret,
		   struct err *err)
{
	struct str rest = str_of(text), part[3] = {{0}};
	struct platform p = {0};
	size_t n = 0, at = 0;

	while (rest.ptr && n < 3)
		part[n++] = str_cut(&rest, '/');
	(void)put(p.os, str_of(def->os));
	if (n == 3 || known_os(part[0]))
		at = 1;
	if (rest.ptr || !part_ok(part[0]) || (n > 1 && !part_ok(part[1])) ||
	    (n > 2 && !part_ok(part[2])))
		return err_set(err, ERR_INVALID,
			       "invalid platform \"%.100s\": expected os/arch[/variant]", text);
	if (at == 1)
		(void)put(p.os, part[0]);
	if (n > at)
		set_arch(&p, part[at]);
	if (n > at + 1)
		(void)put(p.variant, part[at + 1]);
	if (n <= at) {
		(void)put(p.arch, str_of(def->arch));
		(void)put(p.variant, str_of(def->variant));
	}
	*ret = p;
	return 0;
}

const char *platform_string(const struct platform *p, char out[3 * PLATFORM_MAX])
{
	(void)snprintf(out, (size_t)3 * PLATFORM_MAX, "%s/%s%s%s", p->os, p->arch,
		       *p->variant ? "/" : "", p->variant);
	return out;
}

/* "v7" is 7; 0 for none, -1 for what is no version ("v3-d16"). */
static int level(const char *variant)
{
	if (!*variant)
		return 0;
	if (variant[0] == 'v' && variant[1] >= '1' && variant[1] <= '9' && !variant[2])
		return variant[1] - '0';
	return -1;
}

/* The variant that an image or machine without one has. */
static int default_level(const char *arch)
{
	if (streq(arch, "arm64"))
		return 8;
	return streq(arch, "arm") ? 7 : 1;
}

int platform_match(const struct platform *want, const struct platform *have)
{
	struct platform h = {0};
	int w, l;

	set_arch(&h, str_of(have->arch));
	if (*have->variant)
		(void)put(h.variant, str_of(have->variant));
	if (!streq(want->os, have->os) || !streq(want->arch, h.arch))
		return 0;
	w = level(want->variant);
	l = level(h.variant);
	if (w < 0 || l < 0)
		return streq(want->variant, h.variant);
	if (w == 0)
		w = default_level(want->arch);
	/* An image that does not say its variant is the last choice among those that fit. */
	if (l == 0)
		return default_level(want->arch) <= w || streq(want->arch, "arm");
	return l <= w ? l + 1 : 0;
}
