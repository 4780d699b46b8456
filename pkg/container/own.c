#include "own.h"
#include "base/err.h"
#include "sys/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What IDs that are not mapped look like. */
#define OVERFLOW_ID 65534U

/* A directory above ours: whoever owns it, or may write to it, could put another in place of ours.
 */
static int check_above(int fd, const char *path, const char *root, struct err *err)
{
	struct stat st;

	if (fstatat(fd, path, &st, 0) < 0)
		return err_sys(err, errno, "%s", root);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) && !(st.st_mode & S_ISVTX))
		return err_set(err, ERR_DENIED,
			       "%s: other users may write to it or to the directory above it",
			       root);
	/* In a user namespace without the machine's root, what is root's shows as nobody's. */
	if (st.st_uid == geteuid() || st.st_uid == 0 ||
	    (st.st_uid == OVERFLOW_ID && !userns_is_initial()))
		return 0;
	return err_set(err, ERR_DENIED, "%s, or the directory above it, belongs to user %u", root,
		       st.st_uid);
}

/* What is in there decides what is run, mounted and killed: it must be of our own making. */
int own_check(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "%s", path);
	if (st.st_uid != geteuid())
		return err_set(err, ERR_DENIED,
			       "%s belongs to user %u, not to you: choose other directories with "
			       "--root and --runroot",
			       path, st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return err_set(err, ERR_DENIED, "%s: other users may write to it", path);
	return 0;
}

int own_check_above(int fd, const char *root, struct err *err)
{
	int r = check_above(fd, "..", root, err);

	return r < 0 ? r : check_above(fd, "../..", root, err);
}
