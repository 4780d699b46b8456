/* test_layer.h - tars made in memory, and scratch directories, for the tests of this module. */
#ifndef TREE_TEST_LAYER_H
#define TREE_TEST_LAYER_H

#include "archive/compress.h"
#include "archive/tar.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "sys/fd.h"
#include "tree/pack.h"
#include "tree/unpack.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <cmocka.h>

#define TEST_MAX ((size_t)64 << 20)

struct scratch {
	char path[128];
	int fd, diff, split, blob;
	struct buf tar;
	struct tree_unpack_options o;
	struct tree_layer layer;
	struct err err;
};

static inline int test_into_buf(void *arg, const void *data, size_t n, struct err *err)
{
	(void)err;
	buf_add(arg, data, n);
	return 0;
}

static inline int test_memory_file(const void *data, size_t n)
{
	int fd = memfd_create("kist-test", MFD_CLOEXEC);
	struct err err = ERR_INIT;

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, data, n, "memory", &err), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static inline void scratch_open(struct scratch *s)
{
	const char *tmp = getenv("TMPDIR");

	*s = (struct scratch){.tar = BUF_INIT(TEST_MAX), .blob = -1};
	(void)snprintf(s->path, sizeof(s->path), "%s/kist-tree-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(s->path));
	s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(s->fd >= 0);
	assert_int_equal(mkdirat(s->fd, "diff", 0755), 0);
	s->diff = openat(s->fd, "diff", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->split = test_memory_file("", 0);
	/* An ordinary user cannot give files away. */
	s->o.rootless = s->o.ignore_chown_errors = getuid() != 0;
	s->o.one_process = true;
}

static inline void scratch_close(struct scratch *s)
{
	struct err err = ERR_INIT;

	(void)close(s->diff);
	(void)close(s->fd);
	(void)close(s->split);
	auto_close_p(&s->blob);
	buf_fini(&s->tar);
	tree_layer_fini(&s->layer);
	(void)tree_remove(AT_FDCWD, s->path, &err);
}
#define AUTO_SCRATCH __attribute__((cleanup(scratch_close)))

struct item {
	int type;
	const char *name, *link, *data;
	unsigned mode;
	struct tar_xattr xattr;
};

/* Owner: whoever runs the test. The end marker is left to the caller. */
static inline void test_write(struct buf *out, const struct item *items, size_t n)
{
	AUTO(tar_writer_free_p) struct tar_writer *w = NULL;
	struct sink to = {test_into_buf, out};
	struct err err = ERR_INIT;
	size_t i;

	assert_int_equal(tar_writer_new(&to, &w, &err), 0);
	for (i = 0; i < n; i++) {
		struct tar_entry e = {.type = items[i].type,
				      .name = items[i].name,
				      .link = items[i].link,
				      .size = items[i].data ? strlen(items[i].data) : 0,
				      .mode = items[i].mode ? items[i].mode : 0755,
				      .uid = getuid(),
				      .gid = getgid(),
				      .mtime = {1600000000 + (time_t)i, 123456789},
				      .xattrs = &items[i].xattr,
				      .n_xattrs = items[i].xattr.name != NULL};

		assert_int_equal(tar_write_entry(w, &e, &err), 0);
		if (e.size > 0)
			assert_int_equal(tar_write_data(w, items[i].data, e.size, &err), 0);
	}
	assert_int_equal(tar_write_end(w, &err), 0);
}

static inline int test_unpack(struct scratch *s)
{
	auto_close_p(&s->blob);
	s->blob = test_memory_file(s->tar.ptr, s->tar.len);
	return tree_unpack(s->blob, s->diff, s->split, &s->o, &s->layer, &s->err);
}

static inline int test_unpack_items(struct scratch *s, const struct item *items, size_t n)
{
	test_write(&s->tar, items, n);
	return test_unpack(s);
}

/* The tar comes back byte by byte, and its hash is the DiffID. */
static inline void assert_packs_back(struct scratch *s)
{
	AUTO_BUF struct buf out = BUF_INIT(TEST_MAX);
	struct sink to = {test_into_buf, &out};
	struct tree_pack_result result;
	int r;

	assert_int_equal(lseek(s->split, 0, SEEK_SET), 0);
	r = tree_pack_split(s->split, &s->diff, 1, &to, &result, &s->err);
	if (r < 0)
		print_message("%s\n", s->err.text);
	assert_int_equal(r, 0);
	assert_int_equal(out.len, s->tar.len);
	assert_memory_equal(out.ptr, s->tar.ptr, out.len);
	assert_int_equal(result.size, s->tar.len);
	assert_memory_equal(result.diff_id, s->layer.diff_id, SHA256_LEN);
}

static inline void assert_refused(struct scratch *s, int r, enum err_code code, const char *text)
{
	if (r != -(int)code || !strstr(s->err.text, text))
		print_message("expected \"%s\", got %d \"%s\"\n", text, r, s->err.text);
	assert_int_equal(r, -(int)code);
	assert_non_null(strstr(s->err.text, text));
}

static inline void assert_content(struct scratch *s, const char *path, const char *want)
{
	AUTO_BUF struct buf got = BUF_INIT(TEST_MAX);

	assert_int_equal(file_read(s->diff, path, &got, &s->err), 1);
	assert_string_equal(buf_str(&got), want);
}

static inline struct stat test_stat(struct scratch *s, const char *path)
{
	struct stat st;

	assert_int_equal(fstatat(s->diff, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static inline bool test_exists(struct scratch *s, const char *path)
{
	struct stat st;

	return fstatat(s->diff, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

#endif
