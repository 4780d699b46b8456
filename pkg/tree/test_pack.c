#include "archive/tarsplit.h"
#include "test_layer.h"

#include <errno.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* A tar-split of lines as they are. */
static int pack_lines(struct scratch *s, const char *lines, struct buf *out)
{
	AUTO_CLOSE int split = test_memory_file(lines, strlen(lines));
	struct sink to = {test_into_buf, out};
	struct tree_pack_result result;

	return tree_pack_split(split, &s->diff, 1, &to, &result, &s->err);
}

static void put(struct scratch *s, const char *path, const char *text)
{
	assert_int_equal(file_create(s->diff, path, 0644, text, strlen(text), &s->err), 0);
}

#define SEGMENT "{\"type\":2,\"payload\":\"YWJj\",\"position\":0}\n"
/* "3\n" */
#define FILE_LINE(name)                                                                            \
	"{\"type\":1,\"name\":\"" name                                                             \
	"\",\"size\":2,\"payload\":\"YTBAAAAAAAA=\",\"position\":1}\n"

static void segments_and_files_are_put_together(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(TEST_MAX);
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	put(&s, "three", "3\n");
	assert_int_equal(
	    pack_lines(&s, SEGMENT FILE_LINE("./three") SEGMENT "{\"type\":2,\"payload\":\"\"}\n",
		       &out),
	    0);
	assert_string_equal(buf_str(&out), "abc3\nabc");
}

static void files_that_are_not_what_they_were_are_refused(void **state)
{
	static const struct {
		const char *line, *text;
	} bad[] = {
	    {FILE_LINE("missing"), "the layer's file missing is missing"},
	    {FILE_LINE("no/dir"), "the layer's file no/dir is missing"},
	    {FILE_LINE("other"), "the layer's file other was altered"},
	    {FILE_LINE("longer"), "the layer's file longer was altered"},
	    {FILE_LINE("fifo"), "fifo is no regular file"},
	    {FILE_LINE("link"), "link is no regular file"},
	    {FILE_LINE("dir"), "dir is no regular file"},
	    {FILE_LINE(""), "file without a name"},
	    {FILE_LINE("/"), "file without a name"},
	};
	AUTO_SCRATCH struct scratch s;
	size_t i;

	(void)state;
	scratch_open(&s);
	put(&s, "three", "3\n");
	put(&s, "other", "4\n");
	put(&s, "longer", "3\n\n");
	assert_int_equal(mkfifoat(s.diff, "fifo", 0600), 0);
	assert_int_equal(mkdirat(s.diff, "dir", 0700), 0);
	assert_int_equal(symlinkat("three", s.diff, "link"), 0);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO_BUF struct buf out = BUF_INIT(TEST_MAX);

		assert_refused(&s, pack_lines(&s, bad[i].line, &out), ERR_CORRUPT, bad[i].text);
	}
}

static void nothing_outside_the_layer_is_read(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(TEST_MAX);
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	assert_int_equal(file_create(s.fd, "secret", 0644, "3\n", 2, &s.err), 0);
	assert_int_equal(symlinkat("..", s.diff, "up"), 0);
	assert_int_equal(symlinkat(s.path, s.diff, "abs"), 0);
	assert_refused(&s, pack_lines(&s, FILE_LINE("../secret"), &out), ERR_INVALID,
		       "out of the layer");
	assert_refused(&s, pack_lines(&s, FILE_LINE("up/secret"), &out), ERR_CORRUPT, "is missing");
	assert_refused(&s, pack_lines(&s, FILE_LINE("abs/secret"), &out), ERR_CORRUPT,
		       "is missing");
	assert_int_equal(out.len, 0);
}

static void a_file_is_looked_for_in_each_directory_in_turn(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(TEST_MAX);
	struct sink to = {test_into_buf, &out};
	struct tree_pack_result result;
	AUTO_SCRATCH struct scratch s;
	AUTO_CLOSE int split = -1;
	int diffs[2];

	(void)state;
	scratch_open(&s);
	assert_int_equal(mkdirat(s.diff, "empty", 0700), 0);
	put(&s, "three", "3\n");
	split = test_memory_file(FILE_LINE("three"), strlen(FILE_LINE("three")));
	diffs[0] = openat(s.diff, "empty", O_RDONLY | O_CLOEXEC);
	diffs[1] = s.diff;
	assert_int_equal(tree_pack_split(split, diffs, 2, &to, &result, &s.err), 0);
	(void)close(diffs[0]);
	assert_string_equal(buf_str(&out), "3\n");
}

/* Go's tools write the size of the header of a hard link, with a CRC of 0, but no data. */
static void the_size_of_a_hard_link_is_ignored(void **state)
{
	AUTO_BUF struct buf gz = BUF_INIT(TEST_MAX), out = BUF_INIT(TEST_MAX);
	AUTO(tarsplit_writer_free_p) struct tarsplit_writer *w = NULL;
	struct sink into_gz = {test_into_buf, &gz}, to = {test_into_buf, &out};
	struct tree_pack_result result;
	AUTO_SCRATCH struct scratch s;
	AUTO_CLOSE int split = -1;
	char header[TAR_BLOCK] = "link";

	(void)state;
	scratch_open(&s);
	put(&s, "link", "content");
	header[156] = '1';
	assert_int_equal(tarsplit_writer_new(&into_gz, &w, &s.err), 0);
	assert_int_equal(tarsplit_raw(w, header, sizeof(header), &s.err), 0);
	assert_int_equal(tarsplit_file(w, "link", 7, 0, &s.err), 0);
	assert_int_equal(tarsplit_finish(w, &s.err), 0);
	split = test_memory_file(gz.ptr, gz.len);
	assert_int_equal(tree_pack_split(split, &s.diff, 1, &to, &result, &s.err), 0);
	assert_int_equal(out.len, sizeof(header));
}

/* What `tar` itself makes, in all its formats. */
static void archives_of_the_tar_program_pack_back(void **state)
{
	static const char *const formats[] = {"gnu",
					      "pax",
					      "ustar",
					      "v7",
					      "oldgnu",
					      "pax --sparse --sparse-version=1.0",
					      "pax --sparse --sparse-version=0.1",
					      "pax --sparse --sparse-version=0.0",
					      "gnu --blocking-factor=200"};
	char command[1024], buffer[65536];
	size_t i, n;

	(void)state;
	if (system("tar --version 2>/dev/null | grep -q GNU") != 0)
		skip();
	for (i = 0; i < ARRAY_LEN(formats); i++) {
		AUTO_SCRATCH struct scratch s;
		FILE *f;

		scratch_open(&s);
		(void)snprintf(
		    command, sizeof(command),
		    "cd %s && mkdir -p src/$(printf 'd%%.0s' $(seq 90))/sub && cd src && "
		    "echo hello >file && ln file hard && ln -s file sym "
		    "&& truncate -s 1M holes && echo end >>holes && "
		    "echo x >'odd name\n' && chmod 4755 file && "
		    "tar --format=%s -cf - .",
		    s.path, formats[i]);
		f = popen(command, "re");
		assert_non_null(f);
		while ((n = fread(buffer, 1, sizeof(buffer), f)) > 0)
			buf_add(&s.tar, buffer, n);
		assert_int_equal(pclose(f), 0);
		if (test_unpack(&s) < 0)
			print_message("%s: %s\n", formats[i], s.err.text);
		assert_int_equal(s.err.code, ERR_NONE);
		assert_content(&s, "file", "hello\n");
		assert_int_equal(test_stat(&s, "holes").st_size, (1 << 20) + 4);
		assert_int_equal(test_stat(&s, "hard").st_nlink, 2);
		assert_packs_back(&s);
	}
}

static int pack_dir(struct scratch *s, const struct tree_pack_options *o, struct buf *out)
{
	struct sink to = {test_into_buf, out};
	struct tree_pack_result result;
	uint8_t digest[SHA256_LEN];
	int r;

	r = tree_pack_dir(s->diff, o, &to, &result, &s->err);
	if (r < 0)
		return r;
	assert_int_equal(result.size, out->len);
	assert_int_equal(sha256_once(out->ptr, out->len, digest, &s->err), 0);
	assert_memory_equal(digest, result.diff_id, SHA256_LEN);
	return 0;
}

/* "name type link size;" of every entry */
static void list(const struct buf *tar, struct buf *out)
{
	AUTO(tar_reader_free_p) struct tar_reader *t = NULL;
	AUTO(stream_close_p) struct stream *s = NULL;
	const struct tar_entry *e;
	struct err err = ERR_INIT;
	size_t i;

	assert_int_equal(stream_of_memory(tar->ptr, tar->len, &s, &err), 0);
	assert_int_equal(tar_reader_new(s, NULL, NULL, &t, &err), 0);
	while (tar_next(t, &e, &err) > 0) {
		buf_addf(out, "%s %c", e->name, e->type);
		if (*e->link)
			buf_addf(out, " >%s", e->link);
		if (e->size)
			buf_addf(out, " %d", (int)e->size);
		for (i = 0; i < e->n_xattrs; i++)
			buf_addf(out, " %s=%.*s", e->xattrs[i].name, (int)e->xattrs[i].len,
				 e->xattrs[i].value);
		buf_addc(out, ';');
		assert_int_equal(e->mtime.tv_nsec, 0);
	}
	assert_int_equal(err.code, ERR_NONE);
}

static void a_directory_is_packed_in_order_with_links_and_kinds(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(TEST_MAX), names = BUF_INIT(TEST_MAX);
	struct tree_pack_options o = {.rootless = getuid() != 0};
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	assert_int_equal(mkdirat(s.diff, "d", 0755), 0);
	put(&s, "d/b", "bb");
	put(&s, "d/a", "a");
	put(&s, "e", "");
	assert_int_equal(linkat(s.diff, "d/b", s.diff, "z", 0), 0);
	assert_int_equal(symlinkat("/x", s.diff, "s"), 0);
	assert_int_equal(mkfifoat(s.diff, "p", 0600), 0);
	assert_int_equal(mknodat(s.diff, "sock", S_IFSOCK | 0600, 0), 0);
	assert_int_equal(pack_dir(&s, &o, &out), 0);
	list(&out, &names);
	assert_string_equal(buf_str(&names), "d/ 5;d/a 0 1;d/b 0 2;e 0;p 6;s 2 >/x;z 1 >d/b;");
}

static void attributes_but_the_stores_own_are_packed(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(TEST_MAX), names = BUF_INIT(TEST_MAX);
	struct tree_pack_options o = {.rootless = true};
	AUTO_SCRATCH struct scratch s;
	AUTO_CLOSE int fd = -1;

	(void)state;
	scratch_open(&s);
	put(&s, "f", "x");
	fd = openat(s.diff, "f", O_RDWR | O_CLOEXEC);
	if (fsetxattr(fd, "user.overlay.origin", "y", 1, 0) < 0)
		skip();
	assert_int_equal(fsetxattr(fd, "user.mine", "value", 5, 0), 0);
	assert_int_equal(pack_dir(&s, &o, &out), 0);
	list(&out, &names);
	assert_string_equal(buf_str(&names), "f 0 1 user.mine=value;");
	assert_int_equal(fsetxattr(fd, "user.overlay.metacopy", "", 0, 0), 0);
	assert_refused(&s, pack_dir(&s, &o, &out), ERR_UNSUPPORTED, "overlay feature metacopy");
}

/* Else a container's ordinary user could make a file that is root's in the next image. */
static void the_owner_attribute_counts_in_stores_of_one_id_alone(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(TEST_MAX), names = BUF_INIT(TEST_MAX);
	struct tree_pack_options o = {.rootless = true};
	AUTO_SCRATCH struct scratch s;
	AUTO_CLOSE int fd = -1;
	char mode[8];

	(void)state;
	scratch_open(&s);
	put(&s, "f", "x");
	fd = openat(s.diff, "f", O_RDWR | O_CLOEXEC);
	if (fsetxattr(fd, "user.containers.override_stat", "12:34:4755:file", 15, 0) < 0)
		skip();
	(void)snprintf(mode, sizeof(mode), "%07o", test_stat(&s, "f").st_mode & 07777);
	assert_int_equal(pack_dir(&s, &o, &out), 0);
	list(&out, &names);
	assert_string_equal(buf_str(&names), "f 0 1;");
	assert_memory_equal(out.ptr + out.len - 4 * 512 + 100, mode, 8);
	o.owner_xattr = true;
	buf_reset(&out);
	buf_reset(&names);
	assert_int_equal(pack_dir(&s, &o, &out), 0);
	list(&out, &names);
	assert_string_equal(buf_str(&names), "f 0 1;");
	/* The mode is the file's own: it may have been changed after it was unpacked. */
	assert_memory_equal(out.ptr + out.len - 4 * 512 + 100, mode, 8);
	assert_memory_equal(out.ptr + out.len - 4 * 512 + 108, "0000014\0000000042", 15);
	assert_int_equal(fsetxattr(fd, "user.containers.override_stat", "1:x", 3, 0), 0);
	assert_refused(&s, pack_dir(&s, &o, &out), ERR_INVALID, "malformed attribute");
}

static void whiteouts_and_opaque_marks_become_names(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(TEST_MAX), names = BUF_INIT(TEST_MAX);
	struct tree_pack_options o = {.rootless = true, .n_lowers = 1};
	AUTO_SCRATCH struct scratch s;
	AUTO_CLOSE int lower = -1;
	char path[256];

	(void)state;
	scratch_open(&s);
	assert_int_equal(mkdirat(s.diff, "old", 0755), 0);
	assert_int_equal(mkdirat(s.diff, "new", 0755), 0);
	assert_int_equal(mkdirat(s.fd, "lower", 0755), 0);
	assert_int_equal(mkdirat(s.fd, "lower/old", 0755), 0);
	lower = openat(s.fd, "lower", O_RDONLY | O_CLOEXEC);
	o.lowers = &lower;
	(void)snprintf(path, sizeof(path), "%s/diff/old", s.path);
	if (mknodat(s.diff, "old/gone", S_IFCHR, makedev(0, 0)) < 0 ||
	    setxattr(path, "user.overlay.opaque", "y", 1, 0) < 0)
		skip();
	(void)snprintf(path, sizeof(path), "%s/diff/new", s.path);
	assert_int_equal(setxattr(path, "user.overlay.opaque", "y", 1, 0), 0);
	assert_int_equal(pack_dir(&s, &o, &out), 0);
	list(&out, &names);
	assert_string_equal(buf_str(&names), "new/ 5;old/ 5;old/.wh..wh..opq 0;old/.wh.gone 0;");
	/* an ordinary export has no such names */
	o.plain = true;
	buf_reset(&out);
	buf_reset(&names);
	assert_int_equal(pack_dir(&s, &o, &out), 0);
	list(&out, &names);
	assert_string_equal(buf_str(&names), "new/ 5;old/ 5;old/gone 3;");
}

static void owners_are_mapped_back(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(TEST_MAX);
	struct tree_idmap uids = {.container_id = 7, .host_id = getuid(), .size = 1};
	struct tree_idmap gids = {.container_id = 8, .host_id = getgid() + 1, .size = 5};
	struct tree_pack_options o = {.uids = &uids, .n_uids = 1};
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	put(&s, "f", "x");
	assert_int_equal(pack_dir(&s, &o, &out), 0);
	assert_memory_equal(out.ptr + 108, "0000007", 7);
	o.gids = &gids;
	o.n_gids = 1;
	assert_refused(&s, pack_dir(&s, &o, &out), ERR_INVALID, "has no number in the container");
}

static void a_name_that_means_a_whiteout_is_refused(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(TEST_MAX);
	struct tree_pack_options o = {.rootless = true};
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	put(&s, ".wh.f", "x");
	assert_refused(&s, pack_dir(&s, &o, &out), ERR_INVALID, "stand for a removed file");
}

static void a_packed_directory_unpacks_and_packs_back(void **state)
{
	struct tree_pack_options o = {.rootless = getuid() != 0};
	AUTO_SCRATCH struct scratch s, t;
	char name[230];
	int i;

	(void)state;
	scratch_open(&s);
	scratch_open(&t);
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(mkdirat(s.diff, name, 0700), 0);
	for (i = 0; i < 40; i++) {
		char path[300];

		(void)snprintf(path, sizeof(path), "%s/%d", name, i);
		put(&s, path, "some text");
	}
	assert_int_equal(pack_dir(&s, &o, &t.tar), 0);
	assert_int_equal(test_unpack(&t), 0);
	assert_int_equal(t.layer.entries, 41);
	assert_packs_back(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(segments_and_files_are_put_together),
	    cmocka_unit_test(files_that_are_not_what_they_were_are_refused),
	    cmocka_unit_test(nothing_outside_the_layer_is_read),
	    cmocka_unit_test(a_file_is_looked_for_in_each_directory_in_turn),
	    cmocka_unit_test(the_size_of_a_hard_link_is_ignored),
	    cmocka_unit_test(archives_of_the_tar_program_pack_back),
	    cmocka_unit_test(a_directory_is_packed_in_order_with_links_and_kinds),
	    cmocka_unit_test(attributes_but_the_stores_own_are_packed),
	    cmocka_unit_test(the_owner_attribute_counts_in_stores_of_one_id_alone),
	    cmocka_unit_test(whiteouts_and_opaque_marks_become_names),
	    cmocka_unit_test(owners_are_mapped_back),
	    cmocka_unit_test(a_name_that_means_a_whiteout_is_refused),
	    cmocka_unit_test(a_packed_directory_unpacks_and_packs_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
