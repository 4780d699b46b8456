#include "test_layer.h"

#include <errno.h>

#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define UNPACK(s, ...)                                                                             \
	({                                                                                         \
		const struct item items_[] = {__VA_ARGS__};                                        \
		test_unpack_items(s, items_, ARRAY_LEN(items_));                                   \
	})
#define DIR(n, ...)                                                                                \
	{                                                                                          \
		.type = TAR_DIR, .name = n, ##__VA_ARGS__                                          \
	}
#define FILE_(n, d, ...)                                                                           \
	{                                                                                          \
		.type = TAR_FILE, .name = n, .data = d, ##__VA_ARGS__                              \
	}
#define LINK(n, to, ...)                                                                           \
	{                                                                                          \
		.type = TAR_LINK, .name = n, .link = to, ##__VA_ARGS__                             \
	}
#define SYMLINK(n, to)                                                                             \
	{                                                                                          \
		.type = TAR_SYMLINK, .name = n, .link = to, .mode = 0777                           \
	}

static void all_kinds_of_entries_are_made_and_pack_back(void **state)
{
	AUTO_SCRATCH struct scratch s;
	struct stat st;
	char target[8];

	(void)state;
	scratch_open(&s);
	s.o.want_blob_digest = true;
	assert_int_equal(UNPACK(&s, DIR("./"), DIR("d/", .mode = 01777),
				FILE_("d/f", "hello", .mode = 04755), FILE_("d/empty", NULL),
				LINK("d/hard", "d/f", .mode = 04755), SYMLINK("sym", "/etc"),
				{.type = TAR_FIFO, .name = "fifo", .mode = 0600},
				FILE_("implied/parent/file", "x", .mode = 0400),
				FILE_("\xff\xfe name", "not UTF-8")),
			 0);
	st = test_stat(&s, "d");
	assert_int_equal(st.st_mode, S_IFDIR | 01777);
	assert_int_equal(st.st_mtim.tv_sec, 1600000001);
	assert_int_equal(st.st_mtim.tv_nsec, 123456789);
	st = test_stat(&s, "d/f");
	assert_int_equal(st.st_mode, S_IFREG | 04755);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(st.st_mtim.tv_sec, 1600000004); /* the link's, as it came last */
	assert_int_equal(test_stat(&s, "fifo").st_mode, S_IFIFO | 0600);
	assert_int_equal(test_stat(&s, "implied").st_mode, S_IFDIR | 0755);
	assert_int_equal(test_stat(&s, "implied/parent/file").st_mode, S_IFREG | 0400);
	assert_int_equal(readlinkat(s.diff, "sym", target, sizeof(target)), 4);
	assert_content(&s, "d/f", "hello");
	assert_content(&s, "\xff\xfe name", "not UTF-8");
	assert_int_equal(s.layer.entries, 9);
	assert_int_equal(s.layer.n_uids, 1);
	assert_int_equal(s.layer.uids[0], getuid());
	assert_int_equal(s.layer.diff_size, s.tar.len);
	assert_int_equal(s.layer.blob_size, s.tar.len);
	assert_memory_equal(s.layer.diff_id, s.layer.blob_digest, SHA256_LEN);
	assert_int_equal(s.layer.compression, COMPRESSION_NONE);
	assert_packs_back(&s);
}

static void root_entry_changes_nothing(void **state)
{
	AUTO_SCRATCH struct scratch s;
	struct stat before, after;

	(void)state;
	scratch_open(&s);
	assert_int_equal(fchmod(s.diff, 0555 | 0200), 0);
	before = test_stat(&s, ".");
	assert_int_equal(UNPACK(&s, DIR("./", .mode = 0700)), 0);
	after = test_stat(&s, ".");
	assert_int_equal(before.st_mode, after.st_mode);
	assert_packs_back(&s);
}

static void umask_is_as_before(void **state)
{
	AUTO_SCRATCH struct scratch s;
	mode_t old = umask(027);

	(void)state;
	scratch_open(&s);
	assert_int_equal(UNPACK(&s, FILE_("f", "x", .mode = 0666)), 0);
	assert_int_equal(test_stat(&s, "f").st_mode & 07777, 0666);
	assert_int_equal(umask(old), 027);
}

static void names_that_climb_are_refused(void **state)
{
	static const char *const bad[] = {"../x", "a/../../x", "..", "/../etc/passwd", "./.."};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO_SCRATCH struct scratch s;

		scratch_open(&s);
		assert_refused(&s, UNPACK(&s, FILE_(bad[i], "x")), ERR_INVALID, "out of the layer");
	}
}

static void absolute_names_land_inside(void **state)
{
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	assert_int_equal(UNPACK(&s, FILE_("/abs/x", "1"), FILE_("a/../b", "2")), 0);
	assert_content(&s, "abs/x", "1");
	assert_content(&s, "b", "2");
	assert_packs_back(&s);
}

static void symlinks_never_lead_out(void **state)
{
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	assert_int_equal(mkdirat(s.fd, "outside", 0755), 0);
	assert_int_equal(UNPACK(&s, SYMLINK("up", "../outside"), SYMLINK("abs", s.path),
				SYMLINK("proc", "/proc/self/cwd"), DIR("outside"),
				FILE_("up/x", "1")),
			 0);
	assert_content(&s, "outside/x", "1");
	assert_false(faccessat(s.fd, "outside/x", F_OK, 0) == 0);
	assert_packs_back(&s);
}

static void writing_through_a_symlink_to_nowhere_fails(void **state)
{
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	assert_int_equal(mkdirat(s.fd, "outside", 0755), 0);
	assert_true(UNPACK(&s, SYMLINK("up", "../outside"), FILE_("up/x", "1")) < 0);
	assert_false(faccessat(s.fd, "outside/x", F_OK, 0) == 0);
}

static void a_file_replaces_a_symlink_and_does_not_follow_it(void **state)
{
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	/* d is an alias of real, so that both names are the same place */
	assert_int_equal(UNPACK(&s, DIR("real"), SYMLINK("d", "real"), FILE_("victim", "keep"),
				SYMLINK("real/x", "../victim"), FILE_("d/x", "new")),
			 0);
	assert_content(&s, "victim", "keep");
	assert_content(&s, "real/x", "new");
	assert_packs_back(&s);
}

static void a_directory_that_becomes_a_symlink_takes_its_content_along(void **state)
{
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	assert_int_equal(
	    UNPACK(&s, FILE_("a/b/c", "x"), SYMLINK("a", "other"), DIR("other"), FILE_("a/n", "y")),
	    0);
	assert_content(&s, "other/n", "y");
	assert_false(test_exists(&s, "other/b"));
}

static void hard_links_stay_inside(void **state)
{
	static const struct {
		const char *to, *text;
	} bad[] = {{"../outside", "out of the layer"},
		   {"missing", "not in the layer"},
		   {"missing/x", "not in the layer"},
		   {".", "not in the layer"},
		   {"/etc/passwd", "not in the layer"}};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO_SCRATCH struct scratch s;

		scratch_open(&s);
		assert_refused(&s, UNPACK(&s, LINK("l", bad[i].to)), ERR_INVALID, bad[i].text);
	}
}

static void a_hard_link_to_a_symlink_is_the_symlink_itself(void **state)
{
	AUTO_SCRATCH struct scratch s;
	struct stat st;

	(void)state;
	scratch_open(&s);
	assert_int_equal(UNPACK(&s, FILE_("victim", "keep", .mode = 0600), SYMLINK("sym", "victim"),
				LINK("l", "sym")),
			 0);
	st = test_stat(&s, "l");
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(test_stat(&s, "victim").st_mode & 07777, 0600);
	assert_packs_back(&s);
}

static void a_path_that_is_there_twice_is_refused(void **state)
{
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	assert_refused(&s, UNPACK(&s, FILE_("a", "1"), FILE_("./a", "2")), ERR_INVALID,
		       "\"./a\" is in the layer twice");
}

static void a_directory_that_is_there_twice_is_refused_at_the_end(void **state)
{
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	assert_refused(&s, UNPACK(&s, DIR("d"), FILE_("d/x", "1"), DIR("d/")), ERR_INVALID,
		       "in the layer twice");
}

static void attributes_of_the_store_are_refused(void **state)
{
	static const char *const bad[] = {"trusted.overlay.opaque", "user.overlay.redirect"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO_SCRATCH struct scratch s;

		scratch_open(&s);
		assert_refused(&s, UNPACK(&s, DIR("d", .xattr = {bad[i], "y", 1})), ERR_INVALID,
			       "which only the store may set");
	}
}

static bool has_user_xattrs(struct scratch *s)
{
	return fsetxattr(s->diff, "user.kist.probe", "", 0, 0) == 0 &&
	       fremovexattr(s->diff, "user.kist.probe") == 0;
}

static void attributes_of_files_are_set(void **state)
{
	AUTO_SCRATCH struct scratch s;
	AUTO_CLOSE int fd = -1;
	char value[8];

	(void)state;
	scratch_open(&s);
	if (!has_user_xattrs(&s))
		skip();
	assert_int_equal(UNPACK(&s, FILE_("f", "x", .mode = 0444, .xattr = {"user.a", "1\n\0", 3})),
			 0);
	fd = openat(s.diff, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(fd, "user.a", value, sizeof(value)), 3);
	assert_memory_equal(value, "1\n\0", 3);
	assert_packs_back(&s);
}

static void attributes_may_be_empty(void **state)
{
	AUTO_SCRATCH struct scratch s;
	AUTO_CLOSE int fd = -1;
	char value[8];

	(void)state;
	scratch_open(&s);
	if (!has_user_xattrs(&s))
		skip();
	assert_int_equal(UNPACK(&s, FILE_("f", "x", .xattr = {"user.empty", "", 0})), 0);
	fd = openat(s.diff, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(fd, "user.empty", value, sizeof(value)), 0);
	assert_packs_back(&s);
}

static void whiteouts_are_devices_and_opaque_marks(void **state)
{
	AUTO_SCRATCH struct scratch s;
	AUTO_CLOSE int fd = -1;
	struct stat st;
	char value[4];
	int r;

	(void)state;
	scratch_open(&s);
	r = UNPACK(&s, DIR("d"), FILE_("d/.wh.gone", NULL), FILE_("d/.wh..wh..opq", NULL),
		   FILE_("d/.wh..wh.plnk", NULL), FILE_("d/.wh.later", NULL), FILE_("d/later", "x"),
		   FILE_("d/.wh.gone/../.wh.content", "ignored"));
	if (r < 0 && (err_is_errno(&s.err, EPERM) || err_is_errno(&s.err, ENOTSUP)))
		skip(); /* neither root nor a file system that takes it */
	if (r < 0)
		print_message("%s\n", s.err.text);
	assert_int_equal(r, 0);
	st = test_stat(&s, "d/gone");
	assert_int_equal(st.st_mode, S_IFCHR);
	assert_int_equal(st.st_rdev, makedev(0, 0));
	assert_false(test_exists(&s, "d/.wh..wh.plnk"));
	assert_content(&s, "d/later", "x");
	fd = openat(s.diff, "d", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(fd,
				   s.o.rootless ? "user.overlay.opaque" : "trusted.overlay.opaque",
				   value, sizeof(value)),
			 1);
	assert_packs_back(&s);
}

static void whiteout_tricks_are_refused(void **state)
{
	static const struct {
		const char *name, *text;
	} bad[] = {{".wh.", "of no name"},
		   {".wh..", "of no name"},
		   {".wh...", "of no name"},
		   {"d/.wh.x/y", "below a whiteout"},
		   {".wh..wh..opq/y", "below a whiteout"}};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO_SCRATCH struct scratch s;

		scratch_open(&s);
		assert_refused(&s, UNPACK(&s, FILE_(bad[i].name, NULL)), ERR_INVALID, bad[i].text);
	}
}

static void a_whiteout_of_a_file_of_the_same_layer_is_refused(void **state)
{
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	assert_true(UNPACK(&s, FILE_("f", "x"), FILE_(".wh.f", NULL)) < 0);
	assert_content(&s, "f", "x");
}

static void literal_whiteouts_stay_files(void **state)
{
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	s.o.whiteouts = TREE_WHITEOUT_LITERAL;
	assert_int_equal(UNPACK(&s, FILE_("d/.wh.gone", NULL), FILE_("d/.wh..wh..opq", NULL)), 0);
	assert_true(S_ISREG(test_stat(&s, "d/.wh.gone").st_mode));
	assert_true(S_ISREG(test_stat(&s, "d/.wh..wh..opq").st_mode));
	assert_int_equal(s.layer.n_uids, 0);
}

static void limits_are_named(void **state)
{
	AUTO_SCRATCH struct scratch s, t, u;

	(void)state;
	scratch_open(&s);
	s.o.limits.entries = 2;
	assert_refused(&s, UNPACK(&s, DIR("a"), DIR("b"), DIR("c")), ERR_LIMIT,
		       "the layer has more than 2 entries");
	scratch_open(&t);
	t.o.limits.bytes = 1000;
	assert_refused(&t, UNPACK(&t, FILE_("a", "x")), ERR_LIMIT, "larger than 1000 bytes");
	scratch_open(&u);
	u.o.limits.ids = 1;
	{
		const struct item items[] = {DIR("a"), DIR("b")};

		test_write(&u.tar, items, 2);
		/* another owner for the first entry */
		memcpy(u.tar.ptr + 108, "0054321", 8);
		u.tar.ptr[148] = 0; /* the checksum is wrong now, but comes first */
	}
	assert_refused(&u, test_unpack(&u), ERR_CORRUPT, "checksum");
}

static void a_component_longer_than_the_kernel_allows_fails(void **state)
{
	AUTO_SCRATCH struct scratch s, t;
	char name[5000];
	size_t i;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[300] = '\0';
	scratch_open(&s);
	assert_true(UNPACK(&s, FILE_(name, "x")) < 0);
	for (i = 0; i < sizeof(name); i++)
		name[i] = i % 100 ? 'n' : '/';
	name[sizeof(name) - 1] = '\0';
	scratch_open(&t);
	assert_refused(&t, UNPACK(&t, FILE_(name, "x")), ERR_LIMIT, "path longer than");
}

static void garbage_behind_the_end_marker_comes_back(void **state)
{
	AUTO_SCRATCH struct scratch s;
	const struct item items[] = {FILE_("f", "content")};

	(void)state;
	scratch_open(&s);
	test_write(&s.tar, items, 1);
	buf_adds(&s.tar, "5000 odd bytes, or so");
	assert_int_equal(test_unpack(&s), 0);
	assert_packs_back(&s);
}

static void truncated_layers_are_corrupt_at_every_length(void **state)
{
	const struct item items[] = {FILE_("f", "content"), DIR("d")};
	/* a pax header of two blocks, the header, then the content: its padding may be missing */
	const size_t whole = 3 * 512 + 7, next = 4 * 512;
	size_t n;

	(void)state;
	for (n = 1; n < next + 3 * 512; n += 97) {
		AUTO_SCRATCH struct scratch s;

		scratch_open(&s);
		test_write(&s.tar, items, 2);
		buf_truncate(&s.tar, n);
		assert_int_equal(test_unpack(&s), n >= whole && n <= next ? 0 : -ERR_CORRUPT);
	}
}

static void an_empty_blob_is_an_empty_layer(void **state)
{
	AUTO_SCRATCH struct scratch s;
	char text[SHA256_TEXT_MAX];

	(void)state;
	scratch_open(&s);
	assert_int_equal(test_unpack(&s), 0);
	assert_int_equal(s.layer.diff_size, 0);
	assert_string_equal(
	    sha256_text(s.layer.diff_id, text),
	    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_packs_back(&s);
}

static void text_is_not_a_layer(void **state)
{
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	buf_adds(&s.tar, "<html>not found</html>");
	assert_refused(&s, test_unpack(&s), ERR_CORRUPT, "this is not a tar archive");
}

static void sparse(struct scratch *s, const char *size, const char *map)
{
	AUTO_BUF struct buf records = BUF_INIT(4096);
	struct item header = {.type = 'x', .name = "sparse"};
	struct item file = FILE_("ignored", "abcdefg");
	AUTO_BUF struct buf part = BUF_INIT(65536);

	buf_addf(&records, "%zu GNU.sparse.size=%s\n", strlen(size) + 20, size);
	buf_addf(&records, "%zu GNU.sparse.map=%s\n", strlen(map) + 19, map);
	buf_adds(&records, "25 GNU.sparse.name=holes\n");
	header.data = buf_str(&records);
	test_write(&part, &header, 1);
	/* without its pax header (the times) and its end marker */
	buf_add(&s->tar, part.ptr + part.len - 4 * 512, 1024);
	buf_reset(&part);
	test_write(&part, &file, 1);
	buf_add(&s->tar, part.ptr + part.len - 4 * 512, 4 * 512);
}

static void pax_sparse_files_have_holes_and_pack_back(void **state)
{
	AUTO_SCRATCH struct scratch s;
	AUTO_CLOSE int fd = -1;
	char data[4] = "";
	struct stat st;

	(void)state;
	scratch_open(&s);
	sparse(&s, "104857600", "0,3,1048576,0,52428800,4");
	assert_int_equal(test_unpack(&s), 0);
	st = test_stat(&s, "holes");
	assert_int_equal(st.st_size, 104857600);
	assert_true(st.st_blocks < 1000);
	fd = openat(s.diff, "holes", O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, data, 4, 52428800), 4);
	assert_memory_equal(data, "defg", 4);
	assert_packs_back(&s);
}

static void a_sparse_file_of_a_terabyte_meets_a_limit(void **state)
{
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	sparse(&s, "1099511627776", "0,3,52428800,4");
	assert_refused(&s, test_unpack(&s), ERR_LIMIT, "need more than 549755813888 bytes");
}

static void devices_are_made_by_root_and_left_out_by_others(void **state)
{
	AUTO_SCRATCH struct scratch s;
	const struct item items[] = {{.type = TAR_CHAR, .name = "null", .mode = 0666}};
	int r;

	(void)state;
	scratch_open(&s);
	test_write(&s.tar, items, 1);
	r = test_unpack(&s);
	if (r < 0 && err_is_errno(&s.err, EPERM))
		skip();
	assert_int_equal(r, 0);
	assert_int_equal(s.layer.skipped_devices, s.o.rootless);
	assert_int_equal(test_exists(&s, "null"), !s.o.rootless);
	assert_packs_back(&s);
}

/* More than the list of directories holds in memory. */
static void times_of_many_directories_are_set_at_the_end(void **state)
{
	enum { N = 1500 };
	char(*names)[64] = calloc(N + 1, sizeof(*names));
	struct item *items = calloc(2 * N, sizeof(*items));
	AUTO_SCRATCH struct scratch s;
	struct stat st;
	int i;

	(void)state;
	scratch_open(&s);
	for (i = 0; i < N; i++) {
		(void)snprintf(names[i], sizeof(*names), "a-rather-long-name-%d/sub-%d", i / 40, i);
		items[i] = (struct item)DIR(names[i]);
		items[N + i] = (struct item)LINK("", "file");
	}
	items[N] = (struct item)FILE_("file", "x");
	for (i = 1; i < N; i++) {
		items[N + i].name = str_fmt("%s/hard", names[i]);
		assert_non_null(items[N + i].name);
	}
	assert_int_equal(test_unpack_items(&s, items, 2 * N), 0);
	for (i = 0; i < N; i++) {
		st = test_stat(&s, names[i]);
		assert_int_equal(st.st_mtim.tv_sec, 1600000000 + i);
		assert_int_equal(st.st_mtim.tv_nsec, 123456789);
	}
	for (i = 1; i < N; i++)
		free((char *)items[N + i].name);
	free(items);
	free(names);
	assert_packs_back(&s);
}

/* Larger than the pipeline's minimum and its ring. */
static void make_large(struct scratch *s, struct buf *gz)
{
	AUTO(compressor_free_p) struct compressor *c = NULL;
	AUTO_FREE char *data = malloc(9 << 20);
	struct sink to = {test_into_buf, gz};
	struct item items[] = {FILE_("big", data), FILE_("second", data), FILE_("s", "small")};
	uint32_t x = 1;
	size_t i;

	for (i = 0; i < (9 << 20) - 1; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = (char)((x >> 24) | 1);
	}
	data[i] = '\0';
	test_write(&s->tar, items, 3);
	assert_int_equal(compressor_new(COMPRESSION_GZIP, 1, &to, &c, &s->err), 0);
	assert_int_equal(compressor_write(c, s->tar.ptr, s->tar.len, &s->err), 0);
	assert_int_equal(compressor_finish(c, &s->err), 0);
}

static void count(void *arg, uint64_t n)
{
	uint64_t *last = arg;

	assert_true(n >= *last);
	*last = n;
}

static void two_helpers_give_the_same_as_one_process(void **state)
{
	AUTO_BUF struct buf gz = BUF_INIT(TEST_MAX);
	uint8_t digest[SHA256_LEN];
	uint64_t progress = 0;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		AUTO_SCRATCH struct scratch s;

		scratch_open(&s);
		buf_reset(&gz);
		make_large(&s, &gz);
		s.o.one_process = i;
		s.o.want_blob_digest = true;
		s.o.progress = count;
		s.o.progress_arg = &progress;
		progress = 0;
		s.blob = test_memory_file(gz.ptr, gz.len);
		assert_int_equal(tree_unpack(s.blob, s.diff, s.split, &s.o, &s.layer, &s.err), 0);
		assert_int_equal(progress, gz.len);
		assert_int_equal(s.layer.compression, COMPRESSION_GZIP);
		assert_int_equal(s.layer.blob_size, gz.len);
		assert_int_equal(sha256_once(gz.ptr, gz.len, digest, &s.err), 0);
		assert_memory_equal(s.layer.blob_digest, digest, SHA256_LEN);
		assert_int_equal(sha256_once(s.tar.ptr, s.tar.len, digest, &s.err), 0);
		assert_memory_equal(s.layer.diff_id, digest, SHA256_LEN);
		assert_packs_back(&s);
	}
}

static void a_damaged_blob_is_an_error_of_the_helper_that_reads_it(void **state)
{
	AUTO_BUF struct buf gz = BUF_INIT(TEST_MAX);
	AUTO_SCRATCH struct scratch s;
	int status;

	(void)state;
	scratch_open(&s);
	make_large(&s, &gz);
	s.o.one_process = false;
	gz.ptr[gz.len - 5] ^= 1;
	s.blob = test_memory_file(gz.ptr, gz.len);
	assert_refused(&s, tree_unpack(s.blob, s.diff, s.split, &s.o, &s.layer, &s.err),
		       ERR_CORRUPT, "gzip: checksum mismatch");
	assert_int_equal(wait(&status), -1); /* nothing is left behind */
}

static void an_error_of_the_writer_ends_the_helpers(void **state)
{
	AUTO_BUF struct buf gz = BUF_INIT(TEST_MAX);
	AUTO_SCRATCH struct scratch s;
	int status;

	(void)state;
	scratch_open(&s);
	make_large(&s, &gz);
	s.o.one_process = false;
	s.o.limits.entries = 1;
	s.blob = test_memory_file(gz.ptr, gz.len);
	assert_refused(&s, tree_unpack(s.blob, s.diff, s.split, &s.o, &s.layer, &s.err), ERR_LIMIT,
		       "more than 1 entries");
	assert_int_equal(wait(&status), -1);
}

static void confining_keeps_what_unpacking_needs(void **state)
{
	AUTO_SCRATCH struct scratch s;
	int status;
	pid_t pid;

	(void)state;
	scratch_open(&s);
	pid = fork();
	if (pid == 0) {
		if (tree_confine(&s.diff, 1, &s.err) < 0)
			_exit(1);
		_exit(UNPACK(&s, DIR("d", .mode = 0555), FILE_("f", "x", .mode = 06755)) < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(test_stat(&s, "f").st_mode & 07777, 06755);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_kinds_of_entries_are_made_and_pack_back),
	    cmocka_unit_test(root_entry_changes_nothing),
	    cmocka_unit_test(umask_is_as_before),
	    cmocka_unit_test(names_that_climb_are_refused),
	    cmocka_unit_test(absolute_names_land_inside),
	    cmocka_unit_test(symlinks_never_lead_out),
	    cmocka_unit_test(writing_through_a_symlink_to_nowhere_fails),
	    cmocka_unit_test(a_file_replaces_a_symlink_and_does_not_follow_it),
	    cmocka_unit_test(a_directory_that_becomes_a_symlink_takes_its_content_along),
	    cmocka_unit_test(hard_links_stay_inside),
	    cmocka_unit_test(a_hard_link_to_a_symlink_is_the_symlink_itself),
	    cmocka_unit_test(a_path_that_is_there_twice_is_refused),
	    cmocka_unit_test(a_directory_that_is_there_twice_is_refused_at_the_end),
	    cmocka_unit_test(attributes_of_the_store_are_refused),
	    cmocka_unit_test(attributes_of_files_are_set),
	    cmocka_unit_test(attributes_may_be_empty),
	    cmocka_unit_test(whiteouts_are_devices_and_opaque_marks),
	    cmocka_unit_test(whiteout_tricks_are_refused),
	    cmocka_unit_test(a_whiteout_of_a_file_of_the_same_layer_is_refused),
	    cmocka_unit_test(literal_whiteouts_stay_files),
	    cmocka_unit_test(limits_are_named),
	    cmocka_unit_test(a_component_longer_than_the_kernel_allows_fails),
	    cmocka_unit_test(garbage_behind_the_end_marker_comes_back),
	    cmocka_unit_test(truncated_layers_are_corrupt_at_every_length),
	    cmocka_unit_test(an_empty_blob_is_an_empty_layer),
	    cmocka_unit_test(text_is_not_a_layer),
	    cmocka_unit_test(pax_sparse_files_have_holes_and_pack_back),
	    cmocka_unit_test(a_sparse_file_of_a_terabyte_meets_a_limit),
	    cmocka_unit_test(devices_are_made_by_root_and_left_out_by_others),
	    cmocka_unit_test(times_of_many_directories_are_set_at_the_end),
	    cmocka_unit_test(two_helpers_give_the_same_as_one_process),
	    cmocka_unit_test(a_damaged_blob_is_an_error_of_the_helper_that_reads_it),
	    cmocka_unit_test(an_error_of_the_writer_ends_the_helpers),
	    cmocka_unit_test(confining_keeps_what_unpacking_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
