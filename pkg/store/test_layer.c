#include "test_store.h"
#include "base/rand.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

static void a_new_store_looks_as_the_other_tools_expect(void **state)
{
	struct place p;
	struct store *s;
	struct stat st;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	if (network_backend(""))
		assert_string_equal(slurp(&p, "defaultNetworkBackend"), "netavark");
	else
		assert_false(there(&p, "defaultNetworkBackend"));
	assert_string_equal(slurp(&p, "overlay/.has-mount-program"), "false");
	assert_true(there(&p, "overlay/l"));
	assert_int_equal(stat(p.graph, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	store_close(s);
	place_remove(&p);
}

static void program(const struct place *p, const char *dir, const char *name)
{
	struct err err = ERR_INIT;
	char path[160];

	(void)snprintf(path, sizeof(path), "%s%s", p->dir, dir);
	ok(dir_make(AT_FDCWD, path, 0755, &err), &err);
	(void)snprintf(path, sizeof(path), "%s%s/%s", p->dir, dir, name);
	ok(file_create(AT_FDCWD, path, 0755, "", 0, &err), &err);
}

static void a_new_store_names_a_network_that_podman_has(void **state)
{
	struct place p;

	(void)state;
	place_make(&p);
	assert_string_equal(network_backend(p.dir), "netavark");
	program(&p, "/usr/lib/cni", "bridge");
	assert_null(network_backend(p.dir));
	program(&p, "/usr/lib/podman", "netavark");
	assert_string_equal(network_backend(p.dir), "netavark");
	place_remove(&p);
}

static void a_missing_store_is_not_made_unasked(void **state)
{
	struct store_options o = {.graphroot = "/nonexistent/kist"};
	struct err err = ERR_INIT;
	struct store *s = NULL;

	(void)state;
	assert_int_equal(store_open(&o, 0, &s, &err), -ERR_NOT_FOUND);
	o.graphroot = "relative";
	assert_int_equal(store_open(&o, 0, &s, &err), -ERR_INVALID);
	assert_null(s);
}

static void stores_of_other_drivers_are_refused(void **state)
{
	struct place p;
	struct store_options o = {.graphroot = p.graph, .runroot = p.run};
	struct err err = ERR_INIT;
	struct store *s = NULL;
	char path[128];

	(void)state;
	place_make(&p);
	assert_int_equal(mkdir(p.graph, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/vfs-images", p.graph);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(store_open(&o, STORE_CREATE, &s, &err), -ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "vfs"));
	/* A file that names overlay does not begin a second store. */
	o.driver = "overlay";
	assert_int_equal(store_open(&o, STORE_CREATE, &s, &err), -ERR_UNSUPPORTED);
	assert_false(there(&p, "overlay"));
	o.driver = NULL;
	(void)snprintf(path, sizeof(path), "%s/overlay-images", p.graph);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(store_open(&o, STORE_CREATE, &s, &err), -ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "vfs and overlay"));
	o.driver = "btrfs";
	assert_int_equal(store_open(&o, STORE_CREATE, &s, &err), -ERR_UNSUPPORTED);
	o.driver = "overlay";
	ok(store_open(&o, STORE_CREATE, &s, &err), &err);
	store_close(s);
	place_remove(&p);
	place_make(&p);
	assert_int_equal(mkdir(p.graph, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/vfs-images", p.graph);
	assert_int_equal(mkdir(path, 0700), 0);
	o.driver_given = true;
	ok(store_open(&o, STORE_CREATE, &s, &err), &err);
	store_close(s);
	place_remove(&p);
}

static void layer_ids_follow_the_rule_of_the_format(void **state)
{
	char id[STORE_ID_LEN + 1];
	struct err err = ERR_INIT;
	/* Two layers of a real store. */
	static const char base[] =
	    "e54a9a09dabed99f9f4269d89b837fb4d70cf4dec54c3e37d211ec893d296d9b";

	(void)state;
	ok(store_layer_id(NULL,
			  "sha256:e54a9a09dabed99f9f4269d89b837fb4d70cf4dec54c3e37d211ec893d"
			  "296d9b",
			  id, &err),
	   &err);
	assert_string_equal(id, base);
	ok(store_layer_id(base,
			  "sha256:"
			  "0000000000000000000000000000000000000000000000000000000000000000",
			  id, &err),
	   &err);
	/* printf '%s+%064d' BASE 0 | sha256sum */
	assert_string_equal(id, "a8bfc627478ea88f1698129268b9bf0efbf23166382cc3a02e6e96fbcf8ad2e9");
	assert_true(store_layer_id("x", "sha256:00", id, &err) < 0);
}

static void a_committed_layer_is_complete(void **state)
{
	AUTO_STORE_LAYER struct store_layer l = {0};
	AUTO_STORE_LOWERS struct store_lowers lowers = {0};
	char base[STORE_ID_LEN + 1], top[STORE_ID_LEN + 1], path[256];
	struct err err = ERR_INIT;
	struct place p;
	struct store *s;
	struct stat st;
	int fd = -1;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	add_layer(s, NULL, "one", base);
	add_layer(s, base, "two", top);
	check_consistent(s, &p);
	assert_int_equal(store_layer_find(s, top, &l, &err), 1);
	assert_string_equal(l.parent, base);
	assert_int_equal(l.diff_size, 10240);
	assert_int_equal(l.compressed_size, 100);
	assert_int_equal(l.compression, COMPRESSION_GZIP);
	assert_int_equal(store_layer_exists(s, top, &err), 1);
	assert_non_null(strstr(slurp(&p, "overlay-layers/layers.json"), "\"uidset\":[0,5]"));
	ok(store_layer_lowers(s, top, &lowers, &err), &err);
	assert_int_equal(lowers.n, 2);
	(void)snprintf(path, sizeof(path), "%s/file", lowers.v[0].path);
	fd = openat(lowers.v[0].overlay_fd, path, O_RDONLY);
	assert_true(fd >= 0);
	close(fd);
	/* The mode of the root of a layer is its parent's. */
	(void)snprintf(path, sizeof(path), "%s/overlay/%s/diff", p.graph, top);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	(void)snprintf(path, sizeof(path), "overlay/%s/empty", top);
	assert_false(there(&p, path));
	(void)snprintf(path, sizeof(path), "overlay/%s/empty", base);
	assert_true(there(&p, path));
	ok(store_layer_open_diff(s, top, &fd, &err), &err);
	close(fd);
	assert_int_equal(store_layer_open_tarsplit(s, top, &fd, &err), 1);
	close(fd);
	store_close(s);
	place_remove(&p);
}

static void the_same_layer_twice_is_kept_once(void **state)
{
	char a[STORE_ID_LEN + 1], b[STORE_ID_LEN + 1];
	struct place p;
	struct store *s;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	add_layer(s, NULL, "one", a);
	add_layer(s, NULL, "one", b);
	assert_string_equal(a, b);
	check_consistent(s, &p);
	assert_int_equal(count_in(p.graph, "overlay"), 3);
	store_close(s);
	place_remove(&p);
}

static void a_layer_without_its_parent_is_refused(void **state)
{
	char id[STORE_ID_LEN + 1] = "", none[STORE_ID_LEN + 1];
	struct err err = ERR_INIT;
	struct place p;
	struct store *s;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	rand_id(none);
	assert_int_equal(try_layer(s, none, "two", id, &err), -ERR_NOT_FOUND);
	assert_string_equal(id, "");
	check_consistent(s, &p); /* and the staging layer is gone */
	store_close(s);
	place_remove(&p);
}

static void an_abandoned_staging_layer_is_cleaned_up(void **state)
{
	struct store_layer_new *n = NULL;
	struct err err = ERR_INIT;
	struct place p;
	struct store *s, *other;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	ok(store_layer_begin(s, &n, &err), &err);
	assert_int_equal(count_in(p.graph, "kist/staging"), 1);
	/* While its maker lives nobody touches it. */
	other = place_open(&p);
	ok(store_gc(other, &err), &err);
	assert_int_equal(count_in(p.graph, "kist/staging"), 1);
	assert_int_equal(count_in(p.graph, "overlay"), 3);
	store_close(other);
	store_layer_abort(n);
	check_consistent(s, &p);
	store_close(s);
	place_remove(&p);
}

static void incomplete_layers_are_removed_by_the_next_writer(void **state)
{
	char id[STORE_ID_LEN + 1], other[STORE_ID_LEN + 1], *text = NULL;
	struct err err = ERR_INIT;
	struct place p;
	struct store *s;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	add_layer(s, NULL, "one", id);
	text = str_fmt("[{\"id\":\"%s\",\"flags\":{\"incomplete\":true}}]", id);
	spit(&p, "overlay-layers/layers.json", text);
	free(text);
	assert_int_equal(store_layer_exists(s, id, &err), 0);
	add_layer(s, NULL, "two", other);
	check_consistent(s, &p);
	assert_int_equal(count_in(p.graph, "overlay"), 3);
	store_close(s);
	place_remove(&p);
}

static void foreign_members_survive(void **state)
{
	char id[STORE_ID_LEN + 1], *text = NULL;
	struct place p;
	struct store *s;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	add_layer(s, NULL, "one", id);
	text =
	    str_fmt("[{\"later\":{\"b\":1,\"a\":[2.50]},\"id\":\"%s\",\"flags\":{\"x\":1}}]", "00");
	spit(&p, "overlay-layers/layers.json", text);
	add_layer(s, NULL, "two", id);
	text[strlen(text) - 1] = '\0';
	assert_ptr_equal(strstr(slurp(&p, "overlay-layers/layers.json"), text),
			 slurp(&p, "overlay-layers/layers.json"));
	free(text);
	store_close(s);
	place_remove(&p);
}

static void every_save_changes_the_token(void **state)
{
	char id[STORE_ID_LEN + 1], before[TOKEN_LEN], after[TOKEN_LEN];
	struct place p;
	struct store *s;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	add_layer(s, NULL, "one", id);
	memcpy(before, slurp(&p, "overlay-layers/layers.lock"), TOKEN_LEN);
	add_layer(s, NULL, "two", id);
	memcpy(after, slurp(&p, "overlay-layers/layers.lock"), TOKEN_LEN);
	assert_memory_not_equal(before, after, TOKEN_LEN);
	store_close(s);
	place_remove(&p);
}

/* Another writer that leaves size, inode and time of the file as they were: the token tells. */
static void a_changed_token_means_reading_again(void **state)
{
	char id[STORE_ID_LEN + 1], path[256], token[TOKEN_LEN];
	struct timespec times[2];
	struct err err = ERR_INIT;
	struct index *ix;
	struct stat st;
	struct place p;
	struct store *s;
	char *text, *at;
	int fd;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	add_layer(s, NULL, "one", id);
	(void)snprintf(path, sizeof(path), "%s/overlay-layers/layers.json", p.graph);
	assert_int_equal(stat(path, &st), 0);
	text = strdup(slurp(&p, "overlay-layers/layers.json"));
	at = strstr(text, id);
	memset(at, 'f', 8);
	spit(&p, "overlay-layers/layers.json", text);
	free(text);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	ok(store_lock(s, LK_LAYERS_READ, &err), &err);
	ok(store_index(s, 0, IX_LAYERS, &ix, &err), &err);
	assert_non_null(index_find_id(ix, id));
	store_unlock(s);
	(void)snprintf(path, sizeof(path), "%s/overlay-layers/layers.lock", p.graph);
	memset(token, 7, sizeof(token));
	fd = open(path, O_WRONLY);
	assert_int_equal(write(fd, token, sizeof(token)), sizeof(token));
	close(fd);
	ok(store_lock(s, LK_LAYERS_READ, &err), &err);
	ok(store_index(s, 0, IX_LAYERS, &ix, &err), &err);
	assert_null(index_find_id(ix, id));
	store_unlock(s);
	store_close(s);
	place_remove(&p);
}

static void a_second_claim_finds_the_layer_busy_and_then_present(void **state)
{
	AUTO(store_claim_close_p) struct store_claim *claim = NULL, *second = NULL;
	char id[STORE_ID_LEN + 1], digest[SHA256_TEXT_MAX];
	struct err err = ERR_INIT;
	struct place p;
	struct store *s, *other;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	other = place_open(&p);
	ok(store_layer_id(NULL, digest_for("one", digest), id, &err), &err);
	assert_int_equal(store_layer_claim(s, id, true, &claim, &err), STORE_LAYER_CLAIMED);
	assert_int_equal(store_layer_claim(other, id, false, &second, &err), STORE_LAYER_BUSY);
	assert_null(second);
	add_layer(s, NULL, "one", id);
	store_claim_close(TAKE(claim));
	assert_int_equal(store_layer_claim(other, id, true, &second, &err), STORE_LAYER_PRESENT);
	assert_int_equal(count_in(p.graph, "kist/staging"), 0);
	store_close(other);
	store_close(s);
	place_remove(&p);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit l;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
	l.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

/* The limit on file sizes stands for the full disk: no index can be written any more. */
static void a_full_disk_is_an_error_and_the_space_comes_back(void **state)
{
	char base[STORE_ID_LEN + 1], id[STORE_ID_LEN + 1], digest[SHA256_TEXT_MAX], path[256],
	    proc[FD_PATH_MAX];
	struct store_layer_info info = {0};
	struct store_layer_new *n = NULL;
	struct err err = ERR_INIT;
	struct place p;
	struct store *s;
	ssize_t len;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	add_layer(s, NULL, "base", base);
	ok(store_layer_begin(s, &n, &err), &err);
	(void)fd_path(store_layer_new_diff(n), proc);
	len = readlink(proc, path, sizeof(path) - 1);
	assert_true(len > 0);
	path[len] = '\0';
	info.parent = base;
	info.diff_digest = digest_for("x", digest);
	(void)signal(SIGXFSZ, SIG_IGN);
	limit_files(100);
	assert_int_equal(store_layer_commit(&n, &info, id, &err), -ERR_SYS);
	assert_int_equal(err.sys_errno, EFBIG);
	assert_non_null(n);
	store_layer_abort(n);
	assert_int_equal(access(path, F_OK), -1);
	limit_files(RLIM_INFINITY);
	ok(store_gc(s, &err), &err);
	check_consistent(s, &p);
	assert_int_equal(store_layer_exists(s, base, &err), 1);
	store_close(s);
	place_remove(&p);
}

/* What was made before the failure is gone, and what could not be removed is named for the next
 * one. */
static void a_layer_that_cannot_be_begun_leaves_nothing(void **state)
{
	struct store_layer_new *n = NULL;
	struct err err = ERR_INIT;
	struct place p;
	struct store *s;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	(void)signal(SIGXFSZ, SIG_IGN);
	limit_files(1);
	assert_int_equal(store_layer_begin(s, &n, &err), -ERR_SYS);
	assert_int_equal(err.sys_errno, EFBIG);
	limit_files(RLIM_INFINITY);
	/* l/ and .has-mount-program */
	assert_int_equal(count_in(p.graph, "overlay"), 2);
	ok(store_gc(s, &err), &err);
	check_consistent(s, &p);
	store_close(s);
	place_remove(&p);
}

static void layers_that_nobody_has_are_given_back(void **state)
{
	char base[STORE_ID_LEN + 1], a[STORE_ID_LEN + 1], b[STORE_ID_LEN + 1], id[STORE_ID_LEN + 1];
	AUTO_STRV struct strv ids = STRV_INIT;
	struct err err = ERR_INIT;
	struct place p;
	struct store *s;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	add_layer(s, NULL, "base", base);
	add_layer(s, base, "a", a);
	add_layer(s, base, "b", b);
	add_image(s, "image b", b, "localhost/b:1", id);
	ok(strv_add(&ids, a, &err), &err);
	ok(strv_add(&ids, base, &err), &err);
	ok(store_layers_give_back(s, &ids, &err), &err);
	assert_int_equal(store_layer_exists(s, a, &err), 0);
	assert_int_equal(store_layer_exists(s, base, &err), 1);
	check_consistent(s, &p);
	store_close(s);
	place_remove(&p);
}

static void broken_chains_are_named(void **state)
{
	AUTO_STORE_LOWERS struct store_lowers lowers = {0};
	char id[STORE_ID_LEN + 1], path[128];
	struct err err = ERR_INIT;
	struct place p;
	struct store *s;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	add_layer(s, NULL, "one", id);
	(void)snprintf(path, sizeof(path), "overlay/%s/lower", id);
	spit(&p, path, "l/../../../etc");
	assert_int_equal(store_layer_lowers(s, id, &lowers, &err), -ERR_CORRUPT);
	spit(&p, path, "l/AAAAAAAAAAAAAAAAAAAAAAAAAA");
	assert_int_equal(store_layer_lowers(s, id, &lowers, &err), -ERR_CORRUPT);
	assert_non_null(strstr(err.text, "l/AAAAAAAAAAAAAAAAAAAAAAAAAA is missing"));
	(void)snprintf(path, sizeof(path), "overlay/%s/link", id);
	spit(&p, path, "../../x");
	assert_int_equal(store_layer_lowers(s, id, &lowers, &err), -ERR_CORRUPT);
	rand_id(id);
	assert_int_equal(store_layer_lowers(s, id, &lowers, &err), -ERR_NOT_FOUND);
	store_close(s);
	place_remove(&p);
}

static void trees_the_kernel_cannot_mount_are_refused(void **state)
{
	AUTO_STORE_LOWERS struct store_lowers lowers = {0};
	char id[STORE_ID_LEN + 1], path[256];
	struct err err = ERR_INIT;
	struct place p;
	struct store *s;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	add_layer(s, NULL, "one", id);
	spit(&p, "overlay/.has-mount-program", "true");
	assert_int_equal(store_layer_lowers(s, id, &lowers, &err), -ERR_UNSUPPORTED);
	spit(&p, "overlay/.has-mount-program", "false");
	ok(store_layer_lowers(s, id, &lowers, &err), &err);
	store_lowers_fini(&lowers);
	(void)snprintf(path, sizeof(path), "%s/overlay/%s/composefs-data", p.graph, id);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "overlay/%s/composefs-data/composefs.blob", id);
	spit(&p, path, "erofs");
	assert_int_equal(store_layer_lowers(s, id, &lowers, &err), -ERR_UNSUPPORTED);
	store_close(s);
	place_remove(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_store_looks_as_the_other_tools_expect),
	    cmocka_unit_test(a_new_store_names_a_network_that_podman_has),
	    cmocka_unit_test(a_missing_store_is_not_made_unasked),
	    cmocka_unit_test(stores_of_other_drivers_are_refused),
	    cmocka_unit_test(layer_ids_follow_the_rule_of_the_format),
	    cmocka_unit_test(a_committed_layer_is_complete),
	    cmocka_unit_test(the_same_layer_twice_is_kept_once),
	    cmocka_unit_test(a_layer_without_its_parent_is_refused),
	    cmocka_unit_test(an_abandoned_staging_layer_is_cleaned_up),
	    cmocka_unit_test(incomplete_layers_are_removed_by_the_next_writer),
	    cmocka_unit_test(foreign_members_survive),
	    cmocka_unit_test(every_save_changes_the_token),
	    cmocka_unit_test(a_changed_token_means_reading_again),
	    cmocka_unit_test(a_second_claim_finds_the_layer_busy_and_then_present),
	    cmocka_unit_test(a_full_disk_is_an_error_and_the_space_comes_back),
	    cmocka_unit_test(a_layer_that_cannot_be_begun_leaves_nothing),
	    cmocka_unit_test(layers_that_nobody_has_are_given_back),
	    cmocka_unit_test(broken_chains_are_named),
	    cmocka_unit_test(trees_the_kernel_cannot_mount_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
