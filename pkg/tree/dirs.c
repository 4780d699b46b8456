#include "dirs.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "sys/confined.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define KEPT 16
#define NOTES_BUFFER ((size_t)64 * 1024)
#define PARENT_MODE 0755

struct kept {
	char *path; /* NULL: free */
	size_t len;
	int fd;
	uint64_t used;
};

struct dirs {
	int root;
	struct kept kept[KEPT];
	uint64_t clock, made;
	int notes_fd; /* -1: nothing was written yet */
	struct buf notes;
};

/* One in the notes; the path follows. */
struct note {
	struct timespec times[2];
	size_t len;
};

int dirs_new(int root, struct dirs **ret, struct err *err)
{
	struct dirs *d = calloc(1, sizeof(*d));

	if (!d)
		return err_nomem(err);
	d->root = root;
	d->notes_fd = -1;
	d->notes.max = NOTES_BUFFER + sizeof(struct note) + PATH_MAX;
	*ret = d;
	return 0;
}

static void drop(struct kept *k)
{
	if (!k->path)
		return;
	(void)close(k->fd);
	free(k->path);
	k->path = NULL;
}

void dirs_forget(struct dirs *d)
{
	int i;

	for (i = 0; i < KEPT; i++)
		drop(&d->kept[i]);
}

void dirs_free(struct dirs *d)
{
	if (!d)
		return;
	dirs_forget(d);
	auto_close_p(&d->notes_fd);
	buf_fini(&d->notes);
	free(d);
}

static struct kept *find(struct dirs *d, const char *path, size_t len)
{
	int i;

	for (i = 0; i < KEPT; i++) {
		struct kept *k = &d->kept[i];

		if (k->path && k->len == len && memcmp(k->path, path, len) == 0) {
			k->used = ++d->clock;
			return k;
		}
	}
	return NULL;
}

/* In the place of the one not used for longest. Takes fd; false when out of memory. */
static bool keep(struct dirs *d, const char *path, size_t len, int fd)
{
	struct kept *oldest = &d->kept[0];
	int i;

	for (i = 1; i < KEPT; i++)
		if (!d->kept[i].path || (oldest->path && d->kept[i].used < oldest->used))
			oldest = &d->kept[i];
	drop(oldest);
	oldest->path = str_dup((struct str){path, len});
	oldest->len = len;
	oldest->fd = fd;
	oldest->used = ++d->clock;
	if (!oldest->path)
		(void)close(fd);
	return oldest->path != NULL;
}

void dirs_remember(struct dirs *d, const struct tree_path *p, int take_fd)
{
	if (find(d, p->text, p->len))
		(void)close(take_fd);
	else
		(void)keep(d, p->text, p->len, take_fd);
}

uint64_t dirs_made(const struct dirs *d)
{
	return d->made;
}

/* The deepest directory on the way that is there; *len: how much of the path that is. */
static int find_start(struct dirs *d, const char *path, size_t *len, int *ret_fd, struct err *err)
{
	char part[PATH_MAX];
	int r = 0;

	memcpy(part, path, *len);
	while (r == 0) {
		while (*len > 0 && part[*len - 1] != '/')
			(*len)--;
		part[*len] = '\0';
		r = confined_find(d->root, *len ? part : "/", O_PATH | O_DIRECTORY, ret_fd, err);
		*len -= r == 0 && *len > 0;
	}
	return r < 0 ? r : 0;
}

/* One more. What was there already, a link perhaps, is left to the resolver: 1, or 0 when it is no
 * directory. */
static int make_one(struct dirs *d, int *fd, const char *path, const char *name, struct err *err)
{
	AUTO_CLOSE int parent = *fd;
	int r = mkdirat(parent, name, PARENT_MODE);

	*fd = -1;
	if (r < 0 && errno == EEXIST) {
		r = confined_open(d->root, path, O_PATH | O_DIRECTORY, 0, fd, err);
		if (r < 0 && err_is_errno(err, ENOTDIR)) {
			err_clear(err);
			return 0;
		}
		if (r < 0 && err_is_errno(err, ENOENT))
			return err_set(err, ERR_INVALID, "%s: this link leads nowhere", path);
		return r < 0 ? r : 1;
	}
	if (r < 0)
		return err_sys(err, errno, "creating directory %s", path);
	d->made++;
	*fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *fd < 0 ? err_sys(err, errno, "opening %s", path) : 1;
}

/* mkdir -p in time that grows with the path, not with its square: 1, or 0 when something on the way
 * is no directory. */
static int make_dirs(struct dirs *d, const char *path, size_t len, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	char part[PATH_MAX];
	size_t at = len, end;
	int r = find_start(d, path, &at, &fd, err);

	for (r = r < 0 ? r : 1; r > 0 && at < len; at = end + 1) {
		end = at + strcspn(path + at, "/");
		memcpy(part, path, end);
		part[end] = '\0';
		r = make_one(d, &fd, part, part + at, err);
	}
	if (r > 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

static int lookup(struct dirs *d, const struct tree_path *p, bool make, int *ret_fd,
		  struct err *err)
{
	char parent[PATH_MAX];
	struct kept *k;
	int fd = -1, r;

	if (p->parent_len == 0) {
		*ret_fd = d->root;
		return 1;
	}
	k = find(d, p->text, p->parent_len);
	if (k) {
		*ret_fd = k->fd;
		return 1;
	}
	memcpy(parent, p->text, p->parent_len);
	parent[p->parent_len] = '\0';
	r = confined_find(d->root, parent, O_PATH | O_DIRECTORY, &fd, err);
	if (r == 0 && make)
		r = make_dirs(d, parent, p->parent_len, &fd, err);
	if (r <= 0)
		return r;
	if (!keep(d, parent, p->parent_len, fd))
		return err_nomem(err);
	*ret_fd = fd;
	return 1;
}

int dirs_parent(struct dirs *d, const struct tree_path *p, int *ret_fd, struct err *err)
{
	return lookup(d, p, true, ret_fd, err);
}

int dirs_parent_find(struct dirs *d, const struct tree_path *p, int *ret_fd, struct err *err)
{
	return lookup(d, p, false, ret_fd, err);
}

static int open_notes(struct dirs *d, struct err *err)
{
	if (d->notes_fd >= 0)
		return 0;
	d->notes_fd = openat(d->root, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (d->notes_fd < 0) /* not every file system has O_TMPFILE */
		d->notes_fd = memfd_create("kist-directories", MFD_CLOEXEC);
	if (d->notes_fd < 0)
		return err_sys(err, errno, "making a temporary file");
	return 0;
}

static int flush_notes(struct dirs *d, struct err *err)
{
	int r;

	r = open_notes(d, err);
	if (r == 0)
		r = fd_write_all(d->notes_fd, d->notes.ptr, d->notes.len, "a temporary file", err);
	buf_reset(&d->notes);
	return r;
}

int dirs_note_times(struct dirs *d, const struct tree_path *p, const struct timespec times[2],
		    struct err *err)
{
	struct note n = {.times = {times[0], times[1]}, .len = p->len};
	int r;

	if (d->notes.len >= NOTES_BUFFER) {
		r = flush_notes(d, err);
		if (r < 0)
			return r;
	}
	buf_add(&d->notes, &n, sizeof(n));
	buf_add(&d->notes, p->text, p->len);
	return buf_check(&d->notes, "list of directories", err);
}

/* What is there may have been replaced by something else: that keeps its own times. */
static int set_one(struct dirs *d, const struct note *n, const char *path, struct err *err)
{
	struct tree_path p;
	struct stat st;
	int fd = -1, r;

	r = tree_path_clean(path, "directory", &p, err);
	if (r == 0)
		r = dirs_parent_find(d, &p, &fd, err);
	if (r <= 0)
		return r;
	if (fstatat(fd, p.name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	if (utimensat(fd, p.name, n->times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "%s: setting times", path);
	return 0;
}

/* Takes whole notes from the front of the text; returns how many bytes they were. */
static int64_t set_some(struct dirs *d, const char *p, size_t n, struct err *err)
{
	char path[PATH_MAX];
	struct note note;
	size_t at = 0;
	int r;

	while (n - at >= sizeof(note)) {
		memcpy(&note, p + at, sizeof(note));
		if (n - at - sizeof(note) < note.len)
			break;
		memcpy(path, p + at + sizeof(note), note.len);
		path[note.len] = '\0';
		r = set_one(d, &note, path, err);
		if (r < 0)
			return r;
		at += sizeof(note) + note.len;
	}
	return (int64_t)at;
}

static int set_from_file(struct dirs *d, struct err *err)
{
	AUTO_FREE char *text = malloc(NOTES_BUFFER);
	size_t have = 0;
	off_t at = 0;
	int64_t used;
	ssize_t n;

	if (!text)
		return err_nomem(err);
	for (;;) {
		n = pread(d->notes_fd, text + have, NOTES_BUFFER - have, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "reading a temporary file");
		if (n == 0)
			return 0;
		at += n;
		have += (size_t)n;
		used = set_some(d, text, have, err);
		if (used < 0)
			return (int)used;
		have -= (size_t)used;
		memmove(text, text + used, have);
	}
}

int dirs_set_times(struct dirs *d, struct err *err)
{
	int64_t used;
	int r;

	if (d->notes_fd < 0) {
		used = set_some(d, buf_str(&d->notes), d->notes.len, err);
		return used < 0 ? (int)used : 0;
	}
	r = flush_notes(d, err);
	return r < 0 ? r : set_from_file(d, err);
}
