/* Archives that no tar program makes: limits, numbers, sparse files, and what meets them. */
#include "test_layer.h"

#include <errno.h>
#include <sys/xattr.h>

#define BLOCK ((size_t)512)
#define MEBI ((size_t)1 << 20)

/* Fields of a header by offset, as text or, from a byte of 0x80 on, as they are. */
struct field {
	size_t at;
	const char *text;
	size_t len; /* 0: of the text */
};

static void put_header(struct buf *out, int type, const char *name, uint64_t size,
		       const struct field *more, size_t n)
{
	char b[512] = "";
	unsigned sum = 8 * ' ';
	size_t i;

	(void)snprintf(b, 100, "%s", name);
	(void)snprintf(b + 100, 8, "%07o", 0644);
	(void)snprintf(b + 108, 8, "%07o", (unsigned)getuid());
	(void)snprintf(b + 116, 8, "%07o", (unsigned)getgid());
	(void)snprintf(b + 124, 12, "%011llo", (unsigned long long)size);
	(void)snprintf(b + 136, 12, "%011o", 1600000000);
	b[156] = (char)type;
	memcpy(b + 257, "ustar  ", 8); /* GNU's */
	for (i = 0; i < n; i++)
		memcpy(b + more[i].at, more[i].text,
		       more[i].len ? more[i].len : strlen(more[i].text) + 1);
	for (i = 0; i < 512; i++)
		sum += i >= 148 && i < 156 ? 0 : (uint8_t)b[i];
	(void)snprintf(b + 148, 8, "%06o", sum);
	buf_add(out, b, sizeof(b));
}

#define HEADER(out, type, name, size, ...)                                                         \
	do {                                                                                       \
		const struct field more_[] = {__VA_ARGS__};                                        \
		put_header(out, type, name, size, more_, ARRAY_LEN(more_));                        \
	} while (0)

static void put_data(struct buf *out, const char *data, size_t n)
{
	static const char zero[512];

	buf_add(out, data, n);
	buf_add(out, zero, (BLOCK - n % BLOCK) % BLOCK);
}

static void put_end(struct buf *out)
{
	static const char zero[1024];

	buf_add(out, zero, sizeof(zero));
}

/* A pax header of one record, of less than 990 bytes. */
static void put_pax(struct buf *out, const char *key, const char *value)
{
	char text[1024];
	size_t n = strlen(key) + strlen(value) + 3;

	n += n + 2 > 99 ? 3 : 2;
	(void)snprintf(text, sizeof(text), "%zu %s=%s\n", n, key, value);
	HEADER(out, 'x', "pax", n);
	put_data(out, text, n);
}

/* ---- numbers ---- */

static void numbers_of_owners_and_sizes_have_their_range(void **state)
{
	static const struct {
		struct field f;
		enum err_code code;
		const char *text;
	} bad[] = {
	    {{124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12}, ERR_CORRUPT, "size"},
	    {{124, "\x80\0\0\0\x80\0\0\0\0\0\0\0", 12}, ERR_CORRUPT, "size"},
	    {{124, "\x80\0\0\1\0\0\0\0\0\0\0\0", 12}, ERR_CORRUPT, "size"},
	    {{124, "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12}, ERR_LIMIT, "more than"},
	    {{124, "77777777777", 12}, ERR_CORRUPT, "cut off"},
	    {{124, "-0000000001", 12}, ERR_CORRUPT, "size"},
	    {{124, "0x000000010", 12}, ERR_CORRUPT, "size"},
	    {{108, "\xff\xff\xff\xff\xff\xff\xff\xff", 8}, ERR_CORRUPT, "uid"},
	    {{108, "\x80\0\0\0\xff\xff\xff\xff", 8}, ERR_INVALID, "owner out of range"},
	    {{116, "\x80\0\0\1\0\0\0\0", 8}, ERR_INVALID, "owner out of range"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO_SCRATCH struct scratch s;

		scratch_open(&s);
		HEADER(&s.tar, '0', "f", 1, bad[i].f);
		assert_refused(&s, test_unpack(&s), bad[i].code, bad[i].text);
	}
}

static void numbers_of_records_have_their_range(void **state)
{
	static const struct {
		const char *key, *value;
		enum err_code code;
		const char *text;
	} bad[] = {{"size", "9223372036854775808", ERR_CORRUPT, "\"size\""},
		   {"size", "18446744073709551615", ERR_CORRUPT, "\"size\""},
		   {"size", "9223372036854775807", ERR_LIMIT, "more than"},
		   {"size", "1e3", ERR_CORRUPT, "\"size\""},
		   {"uid", "4294967295", ERR_INVALID, "owner out of range"},
		   {"gid", "-2", ERR_CORRUPT, "\"gid\""},
		   {"mtime", "99999999999999999999", ERR_CORRUPT, "\"mtime\""}};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO_SCRATCH struct scratch s;

		scratch_open(&s);
		put_pax(&s.tar, bad[i].key, bad[i].value);
		HEADER(&s.tar, '0', "f", 0);
		put_end(&s.tar);
		assert_refused(&s, test_unpack(&s), bad[i].code, bad[i].text);
	}
}

static void base_256_numbers_and_times_before_1970_are_kept(void **state)
{
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	HEADER(&s.tar, '0', "old", 3, {124, "\x80\0\0\0\0\0\0\0\0\0\0\3", 12},
	       {136, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12});
	put_data(&s.tar, "abc", 3);
	put_pax(&s.tar, "mtime", "-1.25");
	HEADER(&s.tar, '0', "older", 0);
	put_end(&s.tar);
	assert_int_equal(test_unpack(&s), 0);
	assert_content(&s, "old", "abc");
	assert_int_equal(test_stat(&s, "old").st_mtim.tv_sec, -2);
	assert_int_equal(test_stat(&s, "older").st_mtim.tv_sec, -2);
	assert_int_equal(test_stat(&s, "older").st_mtim.tv_nsec, 750000000);
	assert_packs_back(&s);
}

/* ---- owners, modes, capabilities ---- */

static void set_user_id_and_capabilities_survive_the_change_of_owner(void **state)
{
	static const char cap[] = "\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	struct tar_xattr x = {"security.capability", cap, sizeof(cap) - 1};
	struct item items[] = {{.type = TAR_FILE, .name = "f", .mode = 06755, .data = "x"},
			       {.type = TAR_FILE, .name = "cap", .mode = 0755, .xattr = x}};
	AUTO_SCRATCH struct scratch s;
	AUTO_CLOSE int fd = -1;
	char got[64];

	(void)state;
	if (getuid() != 0)
		skip(); /* an ordinary user's part of it: test/system/hostile.bats */
	scratch_open(&s);
	test_write(&s.tar, items, 2);
	memcpy(s.tar.ptr + 1024 + 108, "0054321", 8);
	(void)snprintf(s.tar.ptr + 1024 + 148, 8, "%06o", 0);
	{
		unsigned sum = 8 * ' ', i;

		for (i = 0; i < 512; i++)
			sum += i >= 148 && i < 156 ? 0 : (uint8_t)s.tar.ptr[1024 + i];
		(void)snprintf(s.tar.ptr + 1024 + 148, 8, "%06o", sum);
	}
	assert_int_equal(test_unpack(&s), 0);
	assert_int_equal(test_stat(&s, "f").st_uid, 054321);
	assert_int_equal(test_stat(&s, "f").st_mode & 07777, 06755);
	fd = openat(s.diff, "cap", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(fd, "security.capability", got, sizeof(got)), sizeof(cap) - 1);
	assert_memory_equal(got, cap, sizeof(cap) - 1);
	assert_packs_back(&s);
}

static void notes_of_the_store_that_packed_a_layer_are_left_out(void **state)
{
	struct tar_xattr x = {"user.containers.override_stat", "0:0:4755:file", 13};
	struct tar_xattr y = {"user.fuseoverlayfs.origin", "x", 1};
	const struct item items[] = {{.type = TAR_FILE, .name = "f", .data = "x", .xattr = x},
				     {.type = TAR_FILE, .name = "g", .data = "x", .xattr = y}};
	AUTO_SCRATCH struct scratch s;
	AUTO_CLOSE int f = -1, g = -1;
	char value[64];

	(void)state;
	scratch_open(&s);
	assert_int_equal(test_unpack_items(&s, items, 2), 0);
	f = openat(s.diff, "f", O_RDONLY | O_CLOEXEC);
	g = openat(s.diff, "g", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(f, x.name, value, sizeof(value)), -1);
	assert_int_equal(fgetxattr(g, y.name, value, sizeof(value)), -1);
	assert_packs_back(&s);
}

/* ---- limits ---- */

static void directories_that_no_entry_names_count(void **state)
{
	AUTO_SCRATCH struct scratch s;
	char name[2001];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(name) - 1; i++)
		name[i] = i % 2 ? '/' : 'd';
	name[i] = '\0';
	scratch_open(&s);
	s.o.limits.entries = 1000;
	for (i = 0; i < 4; i++) {
		name[0] = (char)('a' + i);
		HEADER(&s.tar, 'L', "long", strlen(name));
		put_data(&s.tar, name, strlen(name));
		HEADER(&s.tar, '0', "", 0);
	}
	put_end(&s.tar);
	assert_refused(&s, test_unpack(&s), ERR_LIMIT, "more than 1000 entries");
}

static void paths_as_deep_as_the_kernel_takes_them_are_made_and_removed(void **state)
{
	AUTO_SCRATCH struct scratch s;
	char name[4096];
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(name) - 1; i++)
		name[i] = i % 2 ? '/' : 'd';
	name[i] = '\0';
	scratch_open(&s);
	for (k = 0; k < 3;
	     k++) { /* the first makes all of its directories, the others their last */
		name[sizeof(name) - 3] = (char)('d' + k);
		HEADER(&s.tar, 'L', "long", strlen(name));
		put_data(&s.tar, name, strlen(name));
		HEADER(&s.tar, '0', "", 1);
		put_data(&s.tar, "x", 1);
	}
	put_end(&s.tar);
	assert_int_equal(test_unpack(&s), 0);
	assert_content(&s, name, "x");
	assert_packs_back(&s);
	assert_int_equal(tree_remove(s.fd, "diff", &s.err), 0);
	assert_int_equal(faccessat(s.fd, "diff", F_OK, 0), -1);
}

static void compress(const struct buf *tar, enum compression kind, size_t zeros, struct buf *out)
{
	AUTO(compressor_free_p) struct compressor *c = NULL;
	AUTO_FREE char *zero = calloc(1, MEBI);
	struct sink to = {test_into_buf, out};
	struct err err = ERR_INIT;
	size_t i;

	assert_int_equal(compressor_new(kind, kind == COMPRESSION_GZIP ? 1 : 3, &to, &c, &err), 0);
	assert_int_equal(compressor_write(c, tar->ptr, tar->len, &err), 0);
	for (i = 0; i < zeros; i += MEBI)
		assert_int_equal(compressor_write(c, zero, MEBI, &err), 0);
	assert_int_equal(compressor_finish(c, &err), 0);
}

/* A file, what is behind the end, and a file of one extent: nothing of it needs to be read to its
 * end, in one process or three. */
static void what_grows_too_fast_is_a_bomb(void **state)
{
	static const enum compression kinds[] = {COMPRESSION_GZIP, COMPRESSION_ZSTD};
	size_t i;

	(void)state;
	for (i = 0; i < 6; i++) {
		AUTO_BUF struct buf blob = BUF_INIT(TEST_MAX), tar = BUF_INIT(TEST_MAX);
		AUTO_SCRATCH struct scratch s;
		uint64_t size = i < 2 ? 64 * MEBI : 1;

		scratch_open(&s);
		s.o.limits.growth = 8 * MEBI;
		s.o.one_process = i % 2;
		HEADER(&tar, '0', "zeros", i < 4 ? size : 0);
		if (i >= 4)
			put_end(&tar);
		compress(&tar, kinds[i / 2 % 2], 64 * MEBI, &blob);
		s.blob = test_memory_file(blob.ptr, blob.len);
		assert_true(lseek(s.blob, 0, SEEK_SET) == 0);
		assert_refused(&s, tree_unpack(s.blob, s.diff, s.split, &s.o, &s.layer, &s.err),
			       ERR_LIMIT, "decompression bomb");
		if (i < 2)
			assert_true(test_stat(&s, "zeros").st_size < 40 * (off_t)MEBI);
	}
}

/* An entry that makes no file, so that the test takes no time: the count is what matters. */
static void entries_that_cost_nothing_are_a_bomb(void **state)
{
	AUTO(compressor_free_p) struct compressor *c = NULL;
	AUTO_BUF struct buf blob = BUF_INIT(TEST_MAX), one = BUF_INIT(1024);
	struct sink to = {test_into_buf, &blob};
	AUTO_SCRATCH struct scratch s;
	int i;

	(void)state;
	scratch_open(&s);
	HEADER(&one, '5', "./", 0);
	assert_int_equal(compressor_new(COMPRESSION_ZSTD, 1, &to, &c, &s.err), 0);
	for (i = 0; i < TREE_FREE_ENTRIES * 2; i++)
		assert_int_equal(compressor_write(c, one.ptr, one.len, &s.err), 0);
	assert_int_equal(compressor_finish(c, &s.err), 0);
	s.blob = test_memory_file(blob.ptr, blob.len);
	assert_refused(&s, tree_unpack(s.blob, s.diff, s.split, &s.o, &s.layer, &s.err), ERR_LIMIT,
		       "more than 200000 and one for every 16");
}

static void growth_up_to_the_limit_is_none(void **state)
{
	AUTO_BUF struct buf blob = BUF_INIT(TEST_MAX), tar = BUF_INIT(TEST_MAX);
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	s.o.limits.growth = 8 * MEBI;
	HEADER(&tar, '0', "zeros", 8 * MEBI - 1024);
	compress(&tar, COMPRESSION_GZIP, 8 * MEBI, &blob);
	s.blob = test_memory_file(blob.ptr, blob.len);
	assert_int_equal(tree_unpack(s.blob, s.diff, s.split, &s.o, &s.layer, &s.err), 0);
}

/* ---- sparse files of the old GNU form ---- */

static void old_gnu_sparse_files_have_holes_and_pack_back(void **state)
{
	AUTO_SCRATCH struct scratch s;
	AUTO_CLOSE int fd = -1;
	char more[512] = "", data[8] = "";
	struct stat st;
	int i;

	(void)state;
	scratch_open(&s);
	/* four extents of one byte in the header, three in a block of their own, one of them empty
	 */
	HEADER(&s.tar, 'S', "holes", 6, {386, "00000000000\00000000000001", 24},
	       {410, "00000001000\00000000000001", 24}, {434, "00000002000\00000000000001", 24},
	       {458, "00000003000\00000000000001", 24}, {482, "\1", 1},
	       {483, "\x80\0\0\0\0\0\0\0\x06\x40\0\0", 12});
	for (i = 0; i < 3; i++)
		(void)snprintf(more + i * 24, 25, "%011o%c%011o", 0100000000 * (i + 1), 0, i < 2);
	buf_add(&s.tar, more, sizeof(more));
	put_data(&s.tar, "abcdef", 6);
	put_end(&s.tar);
	assert_int_equal(test_unpack(&s), 0);
	st = test_stat(&s, "holes");
	assert_int_equal(st.st_size, 104857600);
	assert_true(st.st_blocks < 1000);
	fd = openat(s.diff, "holes", O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, data, 1, 03000), 1);
	assert_int_equal(pread(fd, data + 1, 2, 0200000000), 2);
	assert_string_equal(data, "df");
	assert_packs_back(&s);
}

static void old_gnu_sparse_maps_that_lie_are_refused(void **state)
{
	static const struct {
		const char *extent, *real;
		uint64_t size;
		enum err_code code;
		const char *text;
	} bad[] = {
	    {"00000000000\00000000000002", "00000000144", 1, ERR_CORRUPT, "does not fit"},
	    {"00000000144\00000000000001", "00000000144", 1, ERR_CORRUPT, "does not fit"},
	    {"0000000000x\00000000000001", "00000000144", 1, ERR_CORRUPT, "malformed sparse map"},
	    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	     "00000000001",
	     "00000000144", 1, ERR_CORRUPT, "malformed sparse map"},
	    {"00000000000\00000000000001", "0000000014x", 1, ERR_CORRUPT, "malformed size"},
	    {"00000000000\00000000000001", "\x80\0\0\0\0\0\1\0\0\0\0\0", 1, ERR_LIMIT,
	     "need more than 549755813888 bytes"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO_SCRATCH struct scratch s;

		scratch_open(&s);
		HEADER(&s.tar, 'S', "f", bad[i].size, {386, bad[i].extent, 24},
		       {483, bad[i].real, 12});
		put_data(&s.tar, "x", 1);
		put_end(&s.tar);
		assert_refused(&s, test_unpack(&s), bad[i].code, bad[i].text);
	}
}

/* Blocks that always announce one more. */
static void a_sparse_map_without_end_meets_a_limit(void **state)
{
	AUTO_SCRATCH struct scratch s;
	char more[512] = "";
	int i;

	(void)state;
	scratch_open(&s);
	HEADER(&s.tar, 'S', "f", 0, {482, "\1", 1}, {483, "00000000144", 12});
	more[504] = 1;
	for (i = 0; i < 3000; i++)
		buf_add(&s.tar, more, sizeof(more));
	assert_refused(&s, test_unpack(&s), ERR_LIMIT, "headers of one entry need more than");
}

/* ---- names and places ---- */

/* A place that is reached by two names, and whose kind changes in between. */
static void what_was_replaced_is_not_written_through(void **state)
{
	const struct item items[] = {{.type = TAR_DIR, .name = "a/b"},
				     {.type = TAR_FILE, .name = "a/b/keep", .data = "1"},
				     {.type = TAR_SYMLINK, .name = "s", .link = "a"},
				     {.type = TAR_SYMLINK, .name = "s/b", .link = "/"},
				     {.type = TAR_FILE, .name = "a/b/x", .data = "2"}};
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	assert_int_equal(test_unpack_items(&s, items, 5), 0);
	assert_content(&s, "x", "2"); /* the layer's own root */
	assert_false(test_exists(&s, "a/b/keep"));
}

static void a_hard_link_to_the_directory_above_is_none(void **state)
{
	static const char *const bad[] = {"d", "./d", "d/", "/d"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		const struct item items[] = {{.type = TAR_DIR, .name = "d"},
					     {.type = TAR_LINK, .name = "d/l", .link = bad[i]}};
		AUTO_SCRATCH struct scratch s;

		scratch_open(&s);
		assert_true(test_unpack_items(&s, items, 2) < 0);
		assert_false(test_exists(&s, "d/l"));
	}
}

static void a_link_to_itself_leads_to_an_error(void **state)
{
	const struct item loop[] = {{.type = TAR_SYMLINK, .name = "a", .link = "b"},
				    {.type = TAR_SYMLINK, .name = "b", .link = "a"},
				    {.type = TAR_FILE, .name = "a/x", .data = "1"}};
	const struct item self[] = {{.type = TAR_LINK, .name = "f", .link = "f"}};
	const struct item over[] = {{.type = TAR_FILE, .name = "f", .data = "1"},
				    {.type = TAR_LINK, .name = "f", .link = "f"}};
	AUTO_SCRATCH struct scratch s, t, u;

	(void)state;
	scratch_open(&s);
	assert_true(test_unpack_items(&s, loop, 3) < 0);
	scratch_open(&t);
	assert_refused(&t, test_unpack_items(&t, self, 1), ERR_INVALID, "not in the layer");
	scratch_open(&u);
	assert_refused(&u, test_unpack_items(&u, over, 2), ERR_INVALID, "in the layer twice");
}

static void a_whiteout_behind_a_link_to_nowhere_is_refused(void **state)
{
	const struct item items[] = {{.type = TAR_SYMLINK, .name = "d", .link = "/nowhere"},
				     {.type = TAR_FILE, .name = "d/.wh.x"}};
	AUTO_SCRATCH struct scratch s;

	(void)state;
	scratch_open(&s);
	assert_refused(&s, test_unpack_items(&s, items, 2), ERR_INVALID, "leads nowhere");
}

/* Opening one would wait for another process. */
static void fifos_and_devices_are_never_opened(void **state)
{
	const struct item items[] = {{.type = TAR_FIFO, .name = "p", .mode = 0644},
				     {.type = TAR_LINK, .name = "q", .link = "p"},
				     {.type = TAR_FILE, .name = "./p", .data = "x"}};
	const struct item below[] = {{.type = TAR_FIFO, .name = "p", .mode = 0644},
				     {.type = TAR_FILE, .name = "p/x", .data = "x"}};
	AUTO_SCRATCH struct scratch s, t;

	(void)state;
	(void)alarm(20);
	scratch_open(&s);
	assert_refused(&s, test_unpack_items(&s, items, 3), ERR_INVALID, "in the layer twice");
	assert_true(S_ISFIFO(test_stat(&s, "q").st_mode));
	scratch_open(&t);
	assert_refused(&t, test_unpack_items(&t, below, 2), ERR_INVALID, "is no directory");
	(void)alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_of_owners_and_sizes_have_their_range),
	    cmocka_unit_test(numbers_of_records_have_their_range),
	    cmocka_unit_test(base_256_numbers_and_times_before_1970_are_kept),
	    cmocka_unit_test(set_user_id_and_capabilities_survive_the_change_of_owner),
	    cmocka_unit_test(notes_of_the_store_that_packed_a_layer_are_left_out),
	    cmocka_unit_test(directories_that_no_entry_names_count),
	    cmocka_unit_test(paths_as_deep_as_the_kernel_takes_them_are_made_and_removed),
	    cmocka_unit_test(what_grows_too_fast_is_a_bomb),
	    cmocka_unit_test(entries_that_cost_nothing_are_a_bomb),
	    cmocka_unit_test(growth_up_to_the_limit_is_none),
	    cmocka_unit_test(old_gnu_sparse_files_have_holes_and_pack_back),
	    cmocka_unit_test(old_gnu_sparse_maps_that_lie_are_refused),
	    cmocka_unit_test(a_sparse_map_without_end_meets_a_limit),
	    cmocka_unit_test(what_was_replaced_is_not_written_through),
	    cmocka_unit_test(a_hard_link_to_the_directory_above_is_none),
	    cmocka_unit_test(a_link_to_itself_leads_to_an_error),
	    cmocka_unit_test(a_whiteout_behind_a_link_to_nowhere_is_refused),
	    cmocka_unit_test(fifos_and_devices_are_never_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
