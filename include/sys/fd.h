/*
 * fd.h - files by descriptor. Every path is relative to a directory descriptor; every descriptor
 * is close-on-exec. Errors name the path as it was given.
 */
#ifndef SYS_FD_H
#define SYS_FD_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;
struct err;
struct strv;

/* Reads until end of file into out (its ceiling is the limit). `what` names it in errors. */
int fd_read_all(int fd, const char *what, struct buf *out, struct err *err);
/* Writes all of it, through EINTR and short writes. */
int fd_write_all(int fd, const void *data, size_t len, const char *what, struct err *err);

/* Reads a regular file, not following a symlink in the last component. Returns 1, or 0 when there
 * is no such file. ERR_LIMIT when it is larger than out's ceiling. */
int file_read(int dir, const char *path, struct buf *out, struct err *err);
/* As file_read for a short one-line file: trailing white space is cut. */
int file_read_line(int dir, const char *path, struct buf *out, struct err *err);
/* Writes a file that must not exist (O_EXCL). */
int file_create(int dir, const char *path, mode_t mode, const void *data, size_t len,
		struct err *err);
/* As file_create, for files whose name says what is in them: it is there as a whole or not at all,
 * who is killed leaves nothing, and that it is there already is fine. */
int file_create_whole(int dir, const char *path, mode_t mode, const void *data, size_t len,
		      struct err *err);

/* Publishes content atomically: temporary file ".tmp-<path><random>" in the same directory, then
 * rename. FILE_SYNC: fdatasync before the rename (survives power loss). FILE_HELD: the caller keeps
 * others away, so that one name will do, ".tmp-<path>", and what a dead command left there is
 * replaced. path has no '/'. */
#define FILE_TMP_PREFIX ".tmp-"
enum { FILE_SYNC = 1, FILE_HELD = 2 };
int file_replace(int dir, const char *path, mode_t mode, const void *data, size_t len, int flags,
		 struct err *err);
/* A new name for such a temporary file of path. */
int file_temporary(const char *path, char ret[NAME_MAX + 1], struct err *err);
/* Is it one that a random name was made for? */
bool file_is_temporary(const char *name);

/* open(2) for a directory, O_PATH not set. Follows symlinks (own and configured paths only). */
int dir_open(int dir, const char *path, int *ret_fd, struct err *err);
/* Puts the names in a directory on disk, where the file system has anything to do for it. */
int dir_sync(int dir, const char *path, struct err *err);
/* mkdir -p, relative to dir (AT_FDCWD for absolute paths); missing parents get `mode` too. */
int dir_make(int dir, const char *path, mode_t mode, struct err *err);
/* dir_make then dir_open. */
int dir_ensure(int dir, const char *path, mode_t mode, int *ret_fd, struct err *err);
/* Names in a directory, without "." and ".."; unordered. */
int dir_list(int dir, const char *path, struct strv *ret, struct err *err);

/* rm -rf without following symlinks or crossing into other mounts' content by name races: works by
 * descriptor. Absent is fine. Gives itself write permission on directories where it can. Trees may
 * be of any depth, here and in tree_usage: descriptors are bounded. */
int tree_remove(int dir, const char *path, struct err *err);
/* Bytes of disk (st_blocks) and number of inodes below path, each hard-linked inode once;
 * other file systems mounted there are left out. */
int tree_usage(int dir, const char *path, unsigned long long *ret_bytes,
	       unsigned long long *ret_inodes, struct err *err);

/* pipe2(O_CLOEXEC), socketpair(SOCK_STREAM or SOCK_SEQPACKET, CLOEXEC). */
int fd_pipe(int ret[2], struct err *err);
int fd_socketpair(int type, int ret[2], struct err *err);
int fd_set_cloexec(int fd, bool on, struct err *err);
int fd_set_nonblock(int fd, bool on, struct err *err);
/* "/proc/self/fd/N": for calls that have no *at form. */
#define FD_PATH_MAX 32
const char *fd_path(int fd, char out[FD_PATH_MAX]);

#endif
