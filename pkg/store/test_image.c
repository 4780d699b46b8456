#include "test_store.h"
#include "base/rand.h"

#include <string.h>

struct world {
	struct place p;
	struct store *s;
	char base[STORE_ID_LEN + 1], a_top[STORE_ID_LEN + 1], b_top[STORE_ID_LEN + 1];
	char a[STORE_ID_LEN + 1], b[STORE_ID_LEN + 1];
};

/* Two images that share their base layer. */
static void world_make(struct world *w)
{
	place_make(&w->p);
	w->s = place_open(&w->p);
	add_layer(w->s, NULL, "base", w->base);
	add_layer(w->s, w->base, "a", w->a_top);
	add_layer(w->s, w->base, "b", w->b_top);
	add_image(w->s, "image a", w->a_top, "localhost/a:latest", w->a);
	add_image(w->s, "image b", w->b_top, "localhost/b:latest", w->b);
}

static void world_remove(struct world *w)
{
	store_close(w->s);
	place_remove(&w->p);
}

static int find_by_id(struct store *s, const char *id, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	struct store_image_query q = {.id = id};

	return store_image_find(s, &q, &image, err);
}

static void an_image_is_found_by_name_id_and_digest(void **state)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	struct store_image_query q = {0};
	char prefix[80];
	struct err err = ERR_INIT;
	struct world w;

	(void)state;
	world_make(&w);
	assert_int_equal(find_image(w.s, "localhost/a:latest", &image), 1);
	assert_string_equal(image->id, w.a);
	assert_string_equal(image->layer, w.a_top);
	assert_int_equal(image->data_size, 20);
	assert_string_equal(image->digests.v[0], image->digest);
	assert_int_equal(image->digests.n, 1);
	assert_int_equal(find_image(w.s, "localhost/a", NULL), 0);
	assert_int_equal(find_by_id(w.s, w.a, &err), 1);
	(void)snprintf(prefix, sizeof(prefix), "sha256:%.12s", w.a);
	assert_int_equal(find_by_id(w.s, prefix, &err), 1);
	assert_int_equal(find_by_id(w.s, "zz", &err), 0);
	assert_int_equal(find_by_id(w.s, "", &err), 0);
	q.digest = image->digest;
	q.repo = "localhost/a";
	store_image_free(TAKE(image));
	q.digest = digest_for("{\"m\":1}", prefix);
	assert_int_equal(store_image_find(w.s, &q, &image, &err), 1);
	assert_string_equal(image->id, w.a);
	store_image_free(TAKE(image));
	q.repo = "localhost";
	assert_int_equal(store_image_find(w.s, &q, &image, &err), 0);
	q.repo = NULL;
	assert_int_equal(store_image_find(w.s, &q, &image, &err), 1);
	world_remove(&w);
}

static void names_come_before_ids(void **state)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO_STRV struct strv names = STRV_INIT;
	struct store_image_query q = {.names = &names};
	struct err err = ERR_INIT;
	struct world w;

	(void)state;
	world_make(&w);
	ok(strv_add(&names, "localhost/none:latest", &err), &err);
	ok(strv_add(&names, "localhost/b:latest", &err), &err);
	q.id = w.a;
	assert_int_equal(store_image_find(w.s, &q, &image, &err), 1);
	assert_string_equal(image->id, w.b);
	world_remove(&w);
}

static void an_ambiguous_prefix_is_an_error(void **state)
{
	struct err err = ERR_INIT;
	struct world w;
	char id[STORE_ID_LEN + 1], text[32], first[2] = "";
	int i;

	(void)state;
	world_make(&w);
	first[0] = w.a[0];
	for (i = 0, id[0] = '\0'; id[0] != first[0]; i++) {
		(void)snprintf(text, sizeof(text), "more %d", i);
		add_image(w.s, text, w.a_top, "localhost/more:latest", id);
	}
	assert_int_equal(find_by_id(w.s, first, &err), -ERR_INVALID);
	assert_non_null(strstr(err.text, "ambiguous"));
	world_remove(&w);
}

static void a_name_moves_to_the_image_that_takes_it(void **state)
{
	AUTO(store_image_free_p) struct store_image *a = NULL, *b = NULL;
	struct err err = ERR_INIT;
	struct store_image_query q = {0};
	struct world w;

	(void)state;
	world_make(&w);
	ok(store_image_tag(w.s, w.b, "localhost/a:latest", &err), &err);
	q.id = w.a;
	assert_int_equal(store_image_find(w.s, &q, &a, &err), 1);
	assert_int_equal(a->names.n, 0);
	assert_int_equal(a->names_history.n, 1);
	assert_int_equal(find_image(w.s, "localhost/a:latest", &b), 1);
	assert_string_equal(b->id, w.b);
	assert_int_equal(b->names.n, 2);
	assert_string_equal(b->names.v[0], "localhost/a:latest");
	assert_string_equal(b->names.v[1], "localhost/b:latest");
	assert_int_equal(store_image_untag(w.s, w.b, "localhost/a:latest", &err), 1);
	assert_int_equal(store_image_untag(w.s, w.b, "localhost/a:latest", &err), 0);
	assert_int_equal(find_image(w.s, "localhost/a:latest", NULL), 0);
	assert_int_equal(store_image_untag(w.s, w.b, NULL, &err), 1);
	assert_int_equal(find_image(w.s, "localhost/b:latest", NULL), 0);
	check_consistent(w.s, &w.p);
	world_remove(&w);
}

static void an_image_pulled_again_keeps_its_record(void **state)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	char id[STORE_ID_LEN + 1];
	struct err err = ERR_INIT;
	struct world w;

	(void)state;
	world_make(&w);
	assert_int_equal(try_image(w.s, "image a", w.a_top, "localhost/x:1", id, &err), 0);
	assert_string_equal(id, w.a);
	assert_int_equal(find_image(w.s, "localhost/a:latest", &image), 1);
	assert_string_equal(image->names.v[0], "localhost/x:1");
	assert_int_equal(image->names.n, 2);
	assert_int_equal(image->data_names.n, 3);
	assert_int_equal(try_image(w.s, "image a", w.b_top, "localhost/x:1", id, &err),
			 -ERR_EXISTS);
	world_remove(&w);
}

static void an_image_without_its_layer_is_refused_and_leaves_nothing(void **state)
{
	char id[STORE_ID_LEN + 1], none[STORE_ID_LEN + 1];
	struct err err = ERR_INIT;
	struct world w;

	(void)state;
	world_make(&w);
	rand_id(none);
	assert_int_equal(try_image(w.s, "c", none, "localhost/c:1", id, &err), -ERR_NOT_FOUND);
	/* two images, the index, the lock */
	assert_int_equal(count_in(w.p.graph, "overlay-images"), 4);
	world_remove(&w);
}

static void sizes_are_layers_and_data(void **state)
{
	AUTO_STORE_IMAGES struct store_images list = {0};
	struct err err = ERR_INIT;
	struct world w;
	int64_t size = 0;

	(void)state;
	world_make(&w);
	ok(store_image_list(w.s, &list, &err), &err);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0]->id, w.a);
	ok(store_image_size(w.s, list.v[0], &size, &err), &err);
	assert_int_equal(size, 2 * 10240 + 20);
	world_remove(&w);
}

static void big_data_comes_back_as_it_was_given(void **state)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO_BUF struct buf b = BUF_INIT(100);
	char key[SHA256_TEXT_MAX], *name;
	struct err err = ERR_INIT;
	struct world w;

	(void)state;
	world_make(&w);
	assert_int_equal(find_image(w.s, "localhost/a:latest", &image), 1);
	assert_int_equal(store_image_data(w.s, image, "manifest", &b, &err), 1);
	assert_string_equal(buf_str(&b), "{\"m\":1}");
	buf_reset(&b);
	assert_int_equal(store_image_data(w.s, image, digest_for("image a", key), &b, &err), 1);
	assert_string_equal(buf_str(&b), "config");
	assert_int_equal(store_image_data(w.s, image, "nothing", &b, &err), 0);
	assert_int_equal(store_image_data(w.s, image, "..", &b, &err), -ERR_INVALID);
	/* The file names of a real store. */
	name = data_file_name("manifest-sha256:93ca");
	assert_string_equal(name, "=bWFuaWZlc3Qtc2hhMjU2OjkzY2E=");
	free(name);
	name = data_file_name("instances.json");
	assert_string_equal(name, "instances.json");
	free(name);
	world_remove(&w);
}

static void deleting_keeps_shared_layers(void **state)
{
	AUTO_STORE_DELETED struct store_deleted d = {0}, e = {0};
	struct err err = ERR_INIT;
	struct world w;

	(void)state;
	world_make(&w);
	ok(store_image_delete(w.s, w.a, NULL, NULL, &d, &err), &err);
	assert_int_equal(d.layers.n, 1);
	assert_string_equal(d.layers.v[0], w.a_top);
	assert_string_equal(d.names.v[0], "localhost/a:latest");
	check_consistent(w.s, &w.p);
	assert_int_equal(store_layer_exists(w.s, w.base, &err), 1);
	ok(store_image_delete(w.s, w.b, NULL, NULL, &e, &err), &err);
	assert_int_equal(e.layers.n, 2);
	check_consistent(w.s, &w.p);
	assert_int_equal(count_in(w.p.graph, "overlay"), 2);
	assert_int_equal(count_in(w.p.graph, "overlay-images"), 2);
	assert_int_equal(store_image_delete(w.s, w.b, NULL, NULL, NULL, &err), -ERR_NOT_FOUND);
	world_remove(&w);
}

static void what_was_seen_is_deleted_and_nothing_else(void **state)
{
	AUTO(store_image_free_p) struct store_image *seen = NULL;
	struct err err = ERR_INIT;
	struct world w;

	(void)state;
	world_make(&w);
	assert_int_equal(find_image(w.s, "localhost/a:latest", &seen), 1);
	ok(store_image_tag(w.s, w.a, "localhost/new:1", &err), &err);
	assert_int_equal(store_image_delete_seen(w.s, seen, 0, NULL, NULL, NULL, &err),
			 -ERR_CHANGED);
	assert_int_equal(store_image_untag_seen(w.s, seen, "localhost/a:latest", &err),
			 -ERR_CHANGED);
	assert_int_equal(find_image(w.s, "localhost/a:latest", NULL), 1);
	ok(store_image_untag(w.s, w.a, "localhost/new:1", &err), &err);
	ok(store_image_delete_seen(w.s, seen, 0, NULL, NULL, NULL, &err), &err);
	assert_int_equal(store_image_delete_seen(w.s, seen, 0, NULL, NULL, NULL, &err),
			 -ERR_NOT_FOUND);
	check_consistent(w.s, &w.p);
	world_remove(&w);
}

static int no_users(void *arg, const char *image_id, struct strv *users, struct err *err)
{
	(void)image_id;
	(void)users;
	(void)err;
	(*(int *)arg)++;
	return 0;
}

static int one_user(void *arg, const char *image_id, struct strv *users, struct err *err)
{
	(void)arg;
	(void)image_id;
	return strv_add(users, "web", err);
}

static void a_held_image_is_deleted_only_without_users(void **state)
{
	char holder[STORE_ID_LEN + 1], path[160];
	struct err err = ERR_INIT;
	struct world w;
	int asked = 0;

	(void)state;
	world_make(&w);
	ok(store_hold_image(w.s, w.a, &err), &err);
	check_consistent(w.s, &w.p);
	ok(store_holder_id(w.a, holder, &err), &err);
	(void)snprintf(path, sizeof(path), "overlay-containers/%s/userdata", holder);
	assert_true(there(&w.p, path));
	assert_non_null(strstr(slurp(&w.p, "overlay-containers/containers.json"), holder));
	assert_int_equal(store_image_delete(w.s, w.a, one_user, NULL, NULL, &err), -ERR_IN_USE);
	assert_non_null(strstr(err.text, "in use by container web"));
	assert_true(there(&w.p, path));
	ok(store_image_delete(w.s, w.a, no_users, &asked, NULL, &err), &err);
	assert_int_equal(asked, 1);
	assert_false(there(&w.p, path));
	check_consistent(w.s, &w.p);
	assert_int_equal(store_hold_image(w.s, w.a, &err), -ERR_NOT_FOUND);
	world_remove(&w);
}

static void holding_twice_makes_one_holder_and_release_removes_it(void **state)
{
	AUTO_STRV struct strv held = STRV_INIT;
	struct err err = ERR_INIT;
	struct store *other;
	struct world w;
	int asked = 0;

	(void)state;
	world_make(&w);
	other = place_open(&w.p);
	ok(store_hold_image(w.s, w.a, &err), &err);
	ok(store_hold_image(other, w.a, &err), &err);
	ok(store_hold_image(w.s, w.b, &err), &err);
	check_consistent(w.s, &w.p);
	ok(store_holder_list(w.s, &held, &err), &err);
	assert_int_equal(held.n, 2);
	assert_int_equal(store_release_image(other, w.a, one_user, NULL, &err), 0);
	assert_int_equal(store_release_image(other, w.a, no_users, &asked, &err), 1);
	assert_int_equal(store_release_image(other, w.a, no_users, &asked, &err), 0);
	check_consistent(w.s, &w.p);
	store_close(other);
	world_remove(&w);
}

static void a_lost_mark_is_made_again(void **state)
{
	char holder[STORE_ID_LEN + 1], path[256];
	struct err err = ERR_INIT;
	struct world w;

	(void)state;
	world_make(&w);
	ok(store_hold_image(w.s, w.a, &err), &err);
	ok(store_holder_id(w.a, holder, &err), &err);
	(void)snprintf(path, sizeof(path), "%s/overlay-containers/%s", w.p.graph, holder);
	ok(tree_remove(AT_FDCWD, path, &err), &err);
	ok(store_hold_image(w.s, w.a, &err), &err);
	check_consistent(w.s, &w.p);
	assert_int_equal(access(path, F_OK), 0);
	world_remove(&w);
}

static void containers_of_other_tools_keep_an_image(void **state)
{
	char *text;
	struct err err = ERR_INIT;
	struct world w;

	(void)state;
	world_make(&w);
	ok(store_hold_image(w.s, w.a, &err), &err);
	text = str_fmt("[{\"id\":\"c0\",\"names\":[\"pod-man\"],\"image\":\"%s\",\"layer\":\"x\"}]",
		       w.b);
	spit(&w.p, "overlay-containers/volatile-containers.json", text);
	free(text);
	assert_int_equal(store_image_delete(w.s, w.b, NULL, NULL, NULL, &err), -ERR_IN_USE);
	assert_non_null(strstr(err.text, "pod-man"));
	world_remove(&w);
}

static void additional_stores_are_read_and_never_written(void **state)
{
	AUTO(store_image_free_p) struct store_image *image = NULL, *mine = NULL;
	AUTO_STORE_LOWERS struct store_lowers lowers = {0};
	AUTO_STORE_IMAGES struct store_images list = {0};
	AUTO_STRV struct strv more = STRV_INIT;
	AUTO_BUF struct buf b = BUF_INIT(100);
	struct store_options o = {.additional = &more};
	struct err err = ERR_INIT;
	char top[STORE_ID_LEN + 1];
	struct place p;
	struct store *s = NULL;
	struct world w;
	int64_t size = 0;

	(void)state;
	world_make(&w);
	place_make(&p);
	o.graphroot = p.graph;
	o.runroot = p.run;
	ok(strv_add(&more, w.p.graph, &err), &err);
	ok(strv_add(&more, "/nonexistent", &err), &err);
	ok(store_open(&o, STORE_CREATE, &s, &err), &err);
	assert_int_equal(find_image(s, "localhost/a:latest", &image), 1);
	assert_true(image->read_only);
	ok(store_image_size(s, image, &size, &err), &err);
	assert_int_equal(size, 2 * 10240 + 20);
	assert_int_equal(store_image_data(s, image, "manifest", &b, &err), 1);
	/* A layer of ours on top of one of theirs. */
	add_layer(s, w.a_top, "mine", top);
	ok(store_layer_lowers(s, top, &lowers, &err), &err);
	assert_int_equal(lowers.n, 3);
	assert_int_equal(lowers.v[0].where, 0);
	assert_int_equal(lowers.v[2].where, 1);
	assert_int_equal(store_image_delete(s, w.a, NULL, NULL, NULL, &err), -ERR_DENIED);
	ok(store_hold_image(s, w.a, &err), &err);
	/* Nothing was registered: theirs is not deleted through us. */
	assert_false(there(&p, "overlay-containers/containers.json"));
	/* Naming it copies the record. */
	ok(store_image_tag(s, w.a, "localhost/c:1", &err), &err);
	assert_int_equal(find_image(s, "localhost/c:1", &mine), 1);
	assert_false(mine->read_only);
	assert_int_equal(find_image(w.s, "localhost/c:1", NULL), 0);
	/* Ours and both of theirs, as other tools list them. */
	ok(store_image_list(s, &list, &err), &err);
	assert_int_equal(list.n, 3);
	store_close(s);
	place_remove(&p);
	check_consistent(w.s, &w.p);
	world_remove(&w);
}

static void images_from_before_the_image_store_stay_usable(void **state)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO_STORE_LOWERS struct store_lowers lowers = {0};
	AUTO_STORE_DELETED struct store_deleted gone = {0};
	char mine[STORE_ID_LEN + 1], id[STORE_ID_LEN + 1];
	struct err err = ERR_INIT;
	struct place p;
	struct world w;

	(void)state;
	world_make(&w);
	store_close(w.s);
	p = w.p;
	p.kind = SPLIT;
	(void)snprintf(p.images, sizeof(p.images), "%s/images", p.dir);
	w.s = place_open(&p);
	assert_int_equal(find_image(w.s, "localhost/a:latest", &image), 1);
	assert_false(image->read_only);
	/* A new layer on top of an old one is where images are now; so is a new name. */
	add_layer(w.s, w.a_top, "mine", mine);
	add_image(w.s, "image mine", mine, "localhost/b:latest", id);
	ok(store_layer_lowers(w.s, mine, &lowers, &err), &err);
	assert_int_equal(lowers.n, 3);
	assert_int_equal(lowers.v[0].where, 1);
	assert_int_equal(lowers.v[1].where, 0);
	ok(store_image_tag(w.s, w.a, "localhost/new:1", &err), &err);
	assert_true(there_in(p.images, "overlay-images/images.json"));
	/* The name went from the old record in the graphroot to the new image. */
	assert_int_equal(store_image_untag(w.s, w.b, "localhost/b:latest", &err), 0);
	assert_int_equal(store_image_untag(w.s, id, "localhost/b:latest", &err), 1);
	/* The image has two records; both go, and layers that ours stands on stay. */
	ok(store_image_delete(w.s, w.a, NULL, NULL, &gone, &err), &err);
	assert_int_equal(gone.names.n, 2);
	assert_int_equal(gone.layers.n, 0);
	assert_int_equal(find_image(w.s, "localhost/a:latest", NULL), 0);
	store_deleted_fini(&gone);
	gone = (struct store_deleted){0};
	ok(store_image_delete(w.s, id, NULL, NULL, &gone, &err), &err);
	assert_true(gone.layers.n >= 2);
	store_close(w.s);
	place_remove(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_image_is_found_by_name_id_and_digest),
	    cmocka_unit_test(names_come_before_ids),
	    cmocka_unit_test(an_ambiguous_prefix_is_an_error),
	    cmocka_unit_test(a_name_moves_to_the_image_that_takes_it),
	    cmocka_unit_test(an_image_pulled_again_keeps_its_record),
	    cmocka_unit_test(an_image_without_its_layer_is_refused_and_leaves_nothing),
	    cmocka_unit_test(sizes_are_layers_and_data),
	    cmocka_unit_test(big_data_comes_back_as_it_was_given),
	    cmocka_unit_test(deleting_keeps_shared_layers),
	    cmocka_unit_test(what_was_seen_is_deleted_and_nothing_else),
	    cmocka_unit_test(a_held_image_is_deleted_only_without_users),
	    cmocka_unit_test(holding_twice_makes_one_holder_and_release_removes_it),
	    cmocka_unit_test(a_lost_mark_is_made_again),
	    cmocka_unit_test(containers_of_other_tools_keep_an_image),
	    cmocka_unit_test(additional_stores_are_read_and_never_written),
	    cmocka_unit_test(images_from_before_the_image_store_stay_usable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
