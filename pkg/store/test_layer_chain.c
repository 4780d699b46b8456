/* Layers that become final together: all of them or none. */
#include "test_store.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

static const char *const texts[] = {"base", "a", "b", "c"};

static void check_consistent_of(struct store *s, size_t n)
{
	struct err err = ERR_INIT;
	struct index *layers;

	ok(store_gc(s, &err), &err);
	ok(store_index(s, 0, IX_LAYERS, &layers, &err), &err);
	assert_int_equal(layers->n, n);
}

static void a_chain_is_what_its_layers_one_by_one_would_be(void **state)
{
	char base[STORE_ID_LEN + 1], a[STORE_ID_LEN + 1];
	size_t lower[2];
	struct store_layer_done done[2];
	struct err err = ERR_INIT;
	struct place p;
	struct store *s;
	char path[128];
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		place_make(&p);
		s = place_open(&p);
		if (i == 0) {
			add_layer(s, NULL, texts[0], base);
			add_layer(s, base, texts[1], a);
		} else {
			ok(try_chain(s, "", texts, 2, done, &err), &err);
			assert_string_equal(done[0].id, base);
			assert_string_equal(done[1].id, a);
			assert_string_equal(done[1].info.parent, base);
		}
		(void)snprintf(path, sizeof(path), "overlay/%s/lower", a);
		lower[i] = strlen(slurp(&p, path));
		(void)snprintf(path, sizeof(path), "overlay/%s/diff/file", a);
		assert_string_equal(slurp(&p, path), "a");
		assert_null(strstr(slurp(&p, "overlay-layers/layers.json"), "flags"));
		check_consistent(s, &p);
		store_close(s);
		place_remove(&p);
	}
	/* "l/<26 characters>": one layer below */
	assert_int_equal(lower[0], lower[1]);
}

static void layers_that_others_made_meanwhile_are_kept(void **state)
{
	char base[STORE_ID_LEN + 1], a[STORE_ID_LEN + 1];
	struct store_layer_done done[4];
	struct err err = ERR_INIT;
	struct place p;
	struct store *s;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	add_layer(s, NULL, texts[0], base);
	add_layer(s, base, texts[1], a);
	ok(try_chain(s, NULL, texts, 4, done, &err), &err);
	assert_true(done[0].present && done[1].present);
	assert_false(done[2].present || done[3].present);
	check_consistent_of(s, 4);
	/* All of them are there now. */
	ok(try_chain(s, NULL, texts, 4, done, &err), &err);
	assert_true(done[3].present);
	check_consistent_of(s, 4);
	check_consistent(s, &p);
	store_close(s);
	place_remove(&p);
}

static void without_its_parent_nothing_of_a_chain_is_made(void **state)
{
	struct store_layer_done done[3];
	char gone[STORE_ID_LEN + 1];
	struct err err = ERR_INIT;
	struct place p;
	struct store *s;

	(void)state;
	memset(gone, 'a', STORE_ID_LEN);
	gone[STORE_ID_LEN] = '\0';
	place_make(&p);
	s = place_open(&p);
	assert_int_equal(try_chain(s, gone, texts, 3, done, &err), -ERR_NOT_FOUND);
	check_consistent_of(s, 0);
	assert_int_equal(count_in(p.graph, "kist/staging"), 0);
	store_close(s);
	place_remove(&p);
}

/* The directory of the third cannot be renamed: the other two are not left behind half-made. */
static void what_fails_in_the_middle_leaves_nothing_of_the_chain(void **state)
{
	char digests[3][SHA256_TEXT_MAX], path[160];
	struct store_layer_new *fresh[3];
	struct store_layer_done done[3] = {0};
	struct err err = ERR_INIT;
	struct place p;
	struct store *s;
	int i;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	ok(store_layers_begin(s, fresh, 3, &err), &err);
	for (i = 0; i < 3; i++) {
		done[i].fresh = fresh[i];
		ok(fill_layer(fresh[i], texts[i], digests[i], &done[i].info, &err), &err);
	}
	(void)snprintf(path, sizeof(path), "%s/overlay/%s/link", p.graph, fresh[2]->id);
	assert_int_equal(unlink(path), 0);
	assert_true(store_layers_commit(s, done, 3, &err) < 0);
	for (i = 0; i < 3; i++) {
		assert_non_null(done[i].fresh);
		store_layer_abort(done[i].fresh);
	}
	check_consistent_of(s, 0);
	check_consistent(s, &p);
	store_close(s);
	place_remove(&p);
}

static void staging_layers_are_begun_together_or_not_at_all(void **state)
{
	struct store_layer_new *fresh[3] = {NULL};
	struct rlimit limit = {1, RLIM_INFINITY};
	struct err err = ERR_INIT;
	struct place p;
	struct store *s;
	int i;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(store_layers_begin(s, fresh, 3, &err), -ERR_SYS);
	limit.rlim_cur = RLIM_INFINITY;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (i = 0; i < 3; i++)
		assert_null(fresh[i]);
	check_consistent_of(s, 0);
	check_consistent(s, &p);
	store_close(s);
	place_remove(&p);
}

int main(void)
{
	struct err none = ERR_INIT;
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_chain_is_what_its_layers_one_by_one_would_be),
	    cmocka_unit_test(layers_that_others_made_meanwhile_are_kept),
	    cmocka_unit_test(without_its_parent_nothing_of_a_chain_is_made),
	    cmocka_unit_test(what_fails_in_the_middle_leaves_nothing_of_the_chain),
	    cmocka_unit_test(staging_layers_are_begun_together_or_not_at_all),
	};

	ok(0, &none);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
