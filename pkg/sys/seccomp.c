#include "sys/seccomp.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/lib.h"
#include "base/str.h"
#include "seccomp_calls.h"
#include "sys/caps.h"
#include "sys/fd.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Part of the cache's file names: change it whenever the compiled filter would differ. */
#define PROFILE_VERSION 1
#define CACHE_NAME_MAX 64
#define CALL_NAME_MAX 48
#define NETLINK_AUDIT_FAMILY 9

/* Loaded on first use: init is the first symbol. */
static struct {
	__typeof__(seccomp_init) *init;
	__typeof__(seccomp_release) *release;
	__typeof__(seccomp_arch_add) *arch_add;
	__typeof__(seccomp_attr_set) *attr_set;
	__typeof__(seccomp_rule_add_array) *rule_add_array;
	__typeof__(seccomp_syscall_resolve_name) *resolve;
	__typeof__(seccomp_export_bpf) *export_bpf;
} sc;

static const struct lib_sym syms[] = {
    {"seccomp_init", &sc.init},
    {"seccomp_release", &sc.release},
    {"seccomp_arch_add", &sc.arch_add},
    {"seccomp_attr_set", &sc.attr_set},
    {"seccomp_rule_add_array", &sc.rule_add_array},
    {"seccomp_syscall_resolve_name", &sc.resolve},
    {"seccomp_export_bpf", &sc.export_bpf},
    {0},
};
LIB_NOTE("seccomp", "system call filters of containers", "required", "libseccomp.so.2");

static void release_p(scmp_filter_ctx *ctx)
{
	if (*ctx)
		sc.release(*ctx);
}

static int add_rule(scmp_filter_ctx ctx, uint32_t action, const char *call, unsigned n,
		    const struct scmp_arg_cmp *args, struct err *err)
{
	int nr = sc.resolve(call), r;

	if (nr == __NR_SCMP_ERROR)
		return 0;
	r = sc.rule_add_array(ctx, action, nr, n, args);
	/* EDOM: a call that has no number on this architecture. */
	if (r < 0 && r != -EDOM)
		return err_sys(err, -r, "system call filter: adding %s", call);
	return 0;
}

static int add_list(scmp_filter_ctx ctx, uint32_t action, const char *list, struct err *err)
{
	struct str rest = str_of(list), name;
	char call[CALL_NAME_MAX];
	int r;

	while ((name = str_cut(&rest, ' ')).ptr) {
		if (name.len == 0 || name.len >= sizeof(call))
			continue;
		memcpy(call, name.ptr, name.len);
		call[name.len] = '\0';
		r = add_rule(ctx, action, call, 0, NULL, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* socket(2): every family below 48 but vsock (which reaches the hypervisor), and of netlink not
 * the audit subsystem without CAP_AUDIT_WRITE. Written as disjoint conditions, since the order in
 * which overlapping rules apply is not defined: families by (value & mask) == base. */
static int add_socket(scmp_filter_ctx ctx, uint64_t caps, struct err *err)
{
	static const struct {
		unsigned mask, base;
	} families[] = {{~15U, 0}, {~0U, 17}, {~1U, 18}, {~3U, 20}, {~7U, 24},
			{~7U, 32}, {~0U, 41}, {~1U, 42}, {~3U, 44}};
	bool audit = caps & CAPS_BIT(CAP_AUDIT_WRITE);
	struct scmp_arg_cmp netlink[2] = {
	    {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = AF_NETLINK},
	    {.arg = 2, .op = SCMP_CMP_NE, .datum_a = NETLINK_AUDIT_FAMILY}};
	struct scmp_arg_cmp vsock = {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = AF_VSOCK};
	size_t i;
	int r;

	for (i = 0; i < ARRAY_LEN(families); i++) {
		struct scmp_arg_cmp f = {.arg = 0,
					 .op = SCMP_CMP_MASKED_EQ,
					 .datum_a = families[i].mask,
					 .datum_b = families[i].base};

		r = add_rule(ctx, SCMP_ACT_ALLOW, "socket", 1, &f, err);
		if (r < 0)
			return r;
	}
	r = add_rule(ctx, SCMP_ACT_ALLOW, "socket", audit ? 1 : 2, netlink, err);
	if (r < 0)
		return r;
	if (!audit) {
		netlink[1].op = SCMP_CMP_EQ;
		r = add_rule(ctx, SCMP_ACT_ERRNO(EINVAL), "socket", 2, netlink, err);
		if (r < 0)
			return r;
	}
	return add_rule(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), "socket", 1, &vsock, err);
}

static int add_personality(scmp_filter_ctx ctx, struct err *err)
{
	size_t i;
	int r;

	for (i = 0; i < ARRAY_LEN(calls_personality); i++) {
		struct scmp_arg_cmp v = {
		    .arg = 0, .op = SCMP_CMP_EQ, .datum_a = calls_personality[i]};

		r = add_rule(ctx, SCMP_ACT_ALLOW, "personality", 1, &v, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The 32-bit (and x32) calls of the same machine are filtered by the same lists. */
static int add_archs(scmp_filter_ctx ctx, struct err *err)
{
	static const uint32_t more[] = {
#if defined(__x86_64__)
		SCMP_ARCH_X86,
		SCMP_ARCH_X32,
#elif defined(__aarch64__)
		SCMP_ARCH_ARM,
#elif defined(__s390x__)
		SCMP_ARCH_S390,
#endif
		SCMP_ARCH_NATIVE
	};
	size_t i;
	int r;

	for (i = 0; i < ARRAY_LEN(more); i++) {
		r = sc.arch_add(ctx, more[i]);
		if (r < 0 && r != -EEXIST)
			return err_sys(err, -r, "system call filter: adding an architecture");
	}
	return 0;
}

static int add_rules(scmp_filter_ctx ctx, uint64_t caps, struct err *err)
{
	size_t i;
	int r;

	r = add_archs(ctx, err);
	if (r == 0)
		r = add_list(ctx, SCMP_ACT_ALLOW, calls_allowed, err);
	if (r == 0)
		r = add_list(ctx, SCMP_ACT_ALLOW, calls_arch, err);
	if (r == 0)
		r = add_list(ctx, SCMP_ACT_ERRNO(EPERM), calls_refused, err);
	for (i = 0; i < ARRAY_LEN(calls_by_cap) && r == 0; i++)
		r = add_list(ctx,
			     caps & CAPS_BIT(calls_by_cap[i].cap) ? SCMP_ACT_ALLOW
								  : SCMP_ACT_ERRNO(EPERM),
			     calls_by_cap[i].calls, err);
	if (r == 0)
		r = add_personality(ctx, err);
	return r < 0 ? r : add_socket(ctx, caps, err);
}

static int compile(uint64_t caps, struct buf *out, struct err *err)
{
	AUTO(release_p) scmp_filter_ctx ctx = NULL;
	AUTO_CLOSE int fd = -1;
	int r;

	r = lib_load("libseccomp.so.2", syms, err);
	if (r < 0)
		return r;
	ctx = sc.init(SCMP_ACT_ERRNO(ENOSYS));
	if (!ctx)
		return err_nomem(err);
	/* A binary tree: a linear list costs hundreds of steps a call. Since libseccomp 2.5. */
	(void)sc.attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	r = add_rules(ctx, caps, err);
	if (r < 0)
		return r;
	fd = memfd_create("bpf", MFD_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "memfd_create");
	r = sc.export_bpf(ctx, fd);
	if (r < 0)
		return err_sys(err, -r, "compiling the system call filter");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "lseek");
	return fd_read_all(fd, "compiled system call filter", out, err);
}

/* Only the capabilities that make a difference. */
static uint64_t caps_that_count(uint64_t caps)
{
	uint64_t mask = CAPS_BIT(CAP_AUDIT_WRITE);
	size_t i;

	for (i = 0; i < ARRAY_LEN(calls_by_cap); i++)
		mask |= CAPS_BIT(calls_by_cap[i].cap);
	return caps & mask;
}

static bool is_program(const struct buf *b)
{
	return buf_ok(b) && b->len > 0 && b->len % sizeof(struct sock_filter) == 0 &&
	       b->len / sizeof(struct sock_filter) <= BPF_MAXINSNS;
}

int seccomp_default(uint64_t caps, int cache_dir, struct buf *out, struct err *err)
{
	AUTO_BUF struct buf program = BUF_INIT(SECCOMP_BPF_MAX);
	struct err ignored = ERR_INIT;
	char name[CACHE_NAME_MAX];
	int r;

	caps = caps_that_count(caps);
	(void)snprintf(name, sizeof(name), "default-%zu-%llx-%d", sizeof(void *) * 8,
		       (unsigned long long)caps, PROFILE_VERSION);
	if (cache_dir < 0 || file_read(cache_dir, name, &program, &ignored) <= 0 ||
	    !is_program(&program)) {
		buf_reset(&program);
		r = compile(caps, &program, err);
		if (r < 0)
			return r;
		/* Without the cache the next start only takes longer. */
		if (cache_dir >= 0)
			(void)file_create_whole(cache_dir, name, 0600, buf_str(&program),
						program.len, &ignored);
	}
	buf_add(out, program.ptr, program.len);
	return buf_check(out, "system call filter", err);
}

int seccomp_install(const void *bpf, size_t len, struct err *err)
{
	/* The kernel copies the program; the type is older than const. */
	struct sock_fprog prog = {.len = (unsigned short)(len / sizeof(struct sock_filter)),
				  .filter = (struct sock_filter *)(uintptr_t)bpf};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0)
		return 0;
	if (errno == EINVAL || errno == ENOSYS)
		return err_sys(err, errno,
			       "installing the system call filter (a kernel without "
			       "CONFIG_SECCOMP_FILTER? --security-opt seccomp=unconfined does "
			       "without)");
	return err_sys(err, errno, "installing the system call filter");
}
