#include "preserve.h"
#include "base/err.h"
#include "base/str.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

#define AT(member) offsetof(struct preserve_args, member)
#define FIRST (STDERR_FILENO + 1)
/* More descriptors than the start of a command needs. */
#define SPARE 64

const struct opt preserve_opts[] = {
    {0, "preserve-fd", OPT_CSV, AT(listed), "FD[,FD...]",
     "Pass these open descriptors to the command"},
    {0, "preserve-fds", OPT_UINT, AT(count), "N",
     "Pass the N descriptors from 3 on to the command"},
    {0},
};

/* What we opened ourselves is closed by exec, what we were started with cannot be. */
static bool is_users(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	return flags >= 0 && !(flags & FD_CLOEXEC);
}

/* Those that kist needs come behind it. */
static int check_room(int fd, struct err *err)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || (rlim_t)fd + SPARE < files.rlim_cur)
		return 0;
	return err_set(err, ERR_LIMIT,
		       "file descriptor %d is too near to the limit of open files, which is %llu: "
		       "raise it (ulimit -n)",
		       fd, (unsigned long long)files.rlim_cur);
}

/* In ascending order, once. */
static int add(struct preserved *p, int fd, const char *option, struct err *err)
{
	size_t at = p->n, i;

	if (!is_users(fd))
		return err_set(err, ERR_INVALID,
			       "file descriptor %d is not available - the %s option requires that "
			       "file descriptors must be passed",
			       fd, option);
	if (check_room(fd, err) < 0)
		return -(int)err->code;
	while (at > 0 && p->fds[at - 1] > fd)
		at--;
	if (at > 0 && p->fds[at - 1] == fd)
		return 0;
	if (p->n == RUNTIME_FDS_MAX)
		return err_set(err, ERR_LIMIT, "--%s: more than %d file descriptors", option,
			       RUNTIME_FDS_MAX);
	for (i = p->n++; i > at; i--)
		p->fds[i] = p->fds[i - 1];
	p->fds[at] = fd;
	return 0;
}

static int add_listed(const char *text, struct preserved *p, struct err *err)
{
	uint64_t fd;
	int r = parse_u64(text, "--preserve-fd", 0, INT32_MAX, &fd, err);

	if (r == 0 && fd < FIRST)
		return err_set(err, ERR_INVALID,
			       "cannot preserve FD %d: it is a standard stream of the command",
			       (int)fd);
	return r < 0 ? r : add(p, (int)fd, "preserve-fd", err);
}

int preserve_fds(const struct preserve_args *a, struct preserved *ret, struct err *err)
{
	uint64_t k;
	size_t i;
	int r = 0;

	ret->n = 0;
	if (a->count > 0 && a->listed.n > 0)
		return err_set(err, ERR_INVALID,
			       "cannot specify both --preserve-fds and --preserve-fd");
	/* The limit ends this, if no number does that is not open. */
	for (k = 0; r == 0 && k < a->count; k++)
		r = add(ret, FIRST + (int)k, "preserve-fds", err);
	for (i = 0; r == 0 && i < a->listed.n; i++)
		r = add_listed(a->listed.v[i], ret, err);
	return r;
}

void preserved_close(struct preserved *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		(void)close(p->fds[i]);
	p->n = 0;
}
