#include "sys/sandbox.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#endif
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#endif

/* The kernel remembers, a bit for each, the calls that are always allowed: these cost nothing. */
static const int streams[] = {
    SYS_read,	      SYS_write,	   SYS_readv,		SYS_writev,
    SYS_pread64,      SYS_pwrite64,	   SYS_lseek,		SYS_recvfrom,
    SYS_recvmsg,      SYS_sendto,	   SYS_sendmsg,		SYS_close,
    SYS_fstat,
#ifdef SYS_newfstatat
    SYS_newfstatat, /* glibc's fstat */
#endif
    SYS_ppoll,
#ifdef SYS_poll
    SYS_poll,
#endif
    SYS_munmap,	      SYS_mremap,	   SYS_madvise,		SYS_brk,
    SYS_futex,	      SYS_sched_yield,	   SYS_rt_sigaction,	SYS_rt_sigprocmask,
    SYS_rt_sigreturn, SYS_sigaltstack,	   SYS_restart_syscall, SYS_clock_gettime,
    SYS_nanosleep,    SYS_clock_nanosleep, SYS_getrandom,	SYS_getpid,
    SYS_gettid,	      SYS_tgkill, /* abort(3) */
    SYS_exit,	      SYS_exit_group,
};

static const int files[] = {
    SYS_mmap,
    SYS_mprotect,
    SYS_openat,
    SYS_openat2,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_readlinkat,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_symlinkat,
    SYS_linkat,
    SYS_unlinkat,
    SYS_renameat2,
#ifdef SYS_renameat
    SYS_renameat,
#endif
#ifdef SYS_open /* libraries that still use them */
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_readlink,
    SYS_getdents,
    SYS_pipe,
    SYS_dup2,
    SYS_fork,
    SYS_chmod,
    SYS_unlink,
#endif
    SYS_statx,
    SYS_fstatfs,
    SYS_statfs,
    SYS_getdents64,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_fadvise64,
    SYS_umask,
    SYS_fchown,
    SYS_fchownat,
    SYS_fchmod,
    SYS_fchmodat,
#ifdef SYS_fchmodat2
    SYS_fchmodat2,
#endif
    SYS_utimensat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    SYS_getxattr,
    SYS_lgetxattr,
    SYS_fgetxattr,
    SYS_listxattr,
    SYS_llistxattr,
    SYS_flistxattr,
    SYS_memfd_create,
    SYS_fcntl,
    SYS_dup,
    SYS_dup3,
    SYS_pipe2,
    SYS_socketpair,
    SYS_close_range,
    SYS_clone,
    SYS_clone3,
    SYS_wait4,
    SYS_waitid,
    SYS_pidfd_send_signal,
    SYS_set_robust_list,
    SYS_set_tid_address,
#ifdef SYS_rseq
    SYS_rseq,
#endif
    SYS_getppid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getcwd,
    SYS_uname,
    SYS_sysinfo,
    SYS_prlimit64,
    SYS_sched_getaffinity,
    SYS_capget,
    SYS_capset,
    SYS_prctl,
    SYS_seccomp, /* a child's narrower filter */
    SYS_getrusage,
};

struct program {
	struct sock_filter code[2 * (ARRAY_LEN(streams) + ARRAY_LEN(files)) + 16];
	unsigned short n;
};

static void add(struct program *p, unsigned code, unsigned k, unsigned jt, unsigned jf)
{
	p->code[p->n++] =
	    (struct sock_filter){(unsigned short)code, (unsigned char)jt, (unsigned char)jf, k};
}

static void load(struct program *p, unsigned at)
{
	add(p, BPF_LD | BPF_W | BPF_ABS, at, 0, 0);
}

static void done(struct program *p, unsigned result)
{
	add(p, BPF_RET | BPF_K, result, 0, 0);
}

static void allow(struct program *p, const int *calls, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		add(p, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
		done(p, SECCOMP_RET_ALLOW);
	}
}

/* Memory that is not executable, of no file or any. */
static void allow_memory(struct program *p)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0);
	add(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3);
	load(p, offsetof(struct seccomp_data, args[2])); /* its lower half: see ARCH */
	add(p, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0);
	done(p, SECCOMP_RET_ALLOW);
}

#ifdef ARCH
static void make_program(enum sandbox kind, struct program *p)
{
	p->n = 0;
	load(p, offsetof(struct seccomp_data, arch));
	add(p, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	done(p, SECCOMP_RET_ERRNO | ENOSYS);
	load(p, offsetof(struct seccomp_data, nr));
	allow(p, streams, ARRAY_LEN(streams));
	if (kind == SANDBOX_FILES)
		allow(p, files, ARRAY_LEN(files));
	else
		allow_memory(p);
	done(p, SECCOMP_RET_ERRNO | ENOSYS);
}
#endif

static int no_new_privs(struct err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "giving up the right to new privileges");
	return 0;
}

int sandbox_calls(enum sandbox kind, struct err *err)
{
#ifdef ARCH
	struct program p;
	struct sock_fprog prog = {.filter = p.code};
	int r = no_new_privs(err);

	if (r < 0)
		return r;
	make_program(kind, &p);
	prog.len = p.n;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0 || errno == ENOSYS ||
	    errno == EINVAL)
		return 0;
	return err_sys(err, errno, "installing a system call filter");
#else
	(void)kind;
	return no_new_privs(err);
#endif
}

/* What each version of Landlock knows of writing. The first one forbids links between directories
 * altogether. */
static uint64_t landlock_writing(long version)
{
	uint64_t a = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
		     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
		     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
		     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
		     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

	a |= 1ULL << 13; /* LANDLOCK_ACCESS_FS_REFER, version 2 */
	if (version >= 3)
		a |= 1ULL << 14; /* LANDLOCK_ACCESS_FS_TRUNCATE */
	return a;
}

static int allow_below(int rules, int dir, uint64_t access, struct err *err)
{
	const struct landlock_path_beneath_attr a = {.allowed_access = access, .parent_fd = dir};

	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &a, 0) < 0)
		return err_sys(err, errno, "limiting where files may be written");
	return 0;
}

int sandbox_writes(const int *dirs, size_t n, struct err *err)
{
	struct landlock_ruleset_attr attr = {0};
	AUTO_CLOSE int rules = -1;
	long version;
	size_t i;
	int r;

	version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 2)
		return 0;
	attr.handled_access_fs = landlock_writing(version);
	rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);
	if (rules < 0)
		return err_sys(err, errno, "limiting where files may be written");
	for (i = 0; i < n; i++) {
		r = allow_below(rules, dirs[i], attr.handled_access_fs, err);
		if (r < 0)
			return r;
	}
	r = no_new_privs(err);
	if (r == 0 && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		return err_sys(err, errno, "limiting where files may be written");
	return r;
}

int sandbox_memory(uint64_t max, struct err *err)
{
#ifdef SANITIZED
	/* A sanitizer's shadow is private memory, too, and larger than any machine's. */
	(void)max;
	(void)err;
#else
	struct rlimit l;

	if (getrlimit(RLIMIT_DATA, &l) < 0)
		return err_sys(err, errno, "reading the limit of memory");
	if (l.rlim_max != RLIM_INFINITY && l.rlim_max <= max)
		return 0;
	l.rlim_cur = l.rlim_max = max;
	if (setrlimit(RLIMIT_DATA, &l) < 0)
		return err_sys(err, errno, "limiting memory");
#endif
	return 0;
}
