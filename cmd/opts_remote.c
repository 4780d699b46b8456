#include "opts_remote.h"
#include "app.h"
#include "base/err.h"
#include "base/times.h"

#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>

#define PLATFORM_AT(member) offsetof(struct platform_args, member)

const struct opt platform_opts[] = {
    {0, "arch", OPT_STRING, PLATFORM_AT(arch), "ARCH", "Architecture to pull, such as arm64"},
    {0, "os", OPT_STRING, PLATFORM_AT(os), "OS", "Operating system to pull"},
    {0, "platform", OPT_STRING, PLATFORM_AT(platform), "OS/ARCH[/VARIANT]", "Platform to pull"},
    {0, "variant", OPT_STRING, PLATFORM_AT(variant), "VARIANT",
     "Variant of the architecture to pull, such as v8"},
    {0},
};

static int set_part(char out[PLATFORM_MAX], const char *value, const char *option, struct err *err)
{
	if (!value)
		return 0;
	if (!*value || strlen(value) >= PLATFORM_MAX || strchr(value, '/'))
		return err_set(err, ERR_INVALID, "--%s %s: not a name", option, value);
	(void)snprintf(out, PLATFORM_MAX, "%s", value);
	return 0;
}

int platform_from_args(const struct platform_args *a, struct platform *ret, struct err *err)
{
	struct platform host, given;
	struct utsname u;
	int r;

	if (!a->arch && !a->os && !a->variant && !a->platform)
		return 0;
	(void)uname(&u);
	platform_host(u.machine, &host);
	if (a->platform && (a->arch || a->os || a->variant))
		return err_set(err, ERR_INVALID,
			       "--platform option can not be specified with --arch, --os or "
			       "--variant");
	if (a->platform) {
		r = platform_parse(a->platform, &host, ret, err);
		return r < 0 ? r : 1;
	}
	given = host;
	r = set_part(given.arch, a->arch, "arch", err);
	/* Of another architecture, any variant will do. */
	if (r == 0 && a->arch) {
		r = platform_parse(a->arch, &host, &given, err);
		given.variant[0] = '\0';
	}
	if (r == 0)
		r = set_part(given.os, a->os, "os", err);
	if (r == 0)
		r = set_part(given.variant, a->variant, "variant", err);
	if (r < 0)
		return r;
	*ret = given;
	return 1;
}

/* ---- trying again ---- */

#define RETRY_AT(member) offsetof(struct retry_args, member)
/* Doubled with each try. */
#define FIRST_DELAY NSEC_PER_SEC
#define DELAY_MAX (60 * NSEC_PER_SEC)
#define RETRIES_MAX 1000

const struct opt retry_opts[] = {
    {0, "retry", OPT_INT, RETRY_AT(retry), "N", "How often to try again when the network fails"},
    {0, "retry-delay", OPT_STRING, RETRY_AT(delay), "TIME", "Time between two tries, such as 5s"},
    {0},
};

static void wait_ns(int64_t ns)
{
	struct timespec ts = {ns / NSEC_PER_SEC, ns % NSEC_PER_SEC};

	(void)nanosleep(&ts, NULL);
}

int retry_run(const struct retry_args *a, int (*fn)(void *arg, struct err *err), void *arg,
	      struct err *err)
{
	int64_t delay = FIRST_DELAY, left = a->retry > 0 ? a->retry : 0;
	int r = 0;

	if (a->retry < -1 || a->retry > RETRIES_MAX)
		return err_set(err, ERR_INVALID, "--retry: at most %d times", RETRIES_MAX);
	if (a->delay)
		r = time_parse_duration(a->delay, "--retry-delay", &delay, err);
	if (r < 0)
		return r;
	while ((r = fn(arg, err)) == -ERR_NETWORK && left-- > 0) {
		say("%s; trying again in %g s", err->text, (double)delay / NSEC_PER_SEC);
		wait_ns(delay);
		if (!a->delay && delay < DELAY_MAX)
			delay *= 2;
		err_clear(err);
	}
	return r;
}
