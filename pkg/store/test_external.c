/* Working containers of buildah: removed when they are asked for and nobody works in them; all
 * others stay. */
#include "test_store.h"
#include "json/json.h"
#include "store/external.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define STEPS_MAX 200
#define BOX "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0"
#define BOX_LAYER "1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a"
#define OTHER "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1"
#define DATA "overlay-containers/" BOX "/userdata"

/* A store with an image of two layers, and buildah's container BOX on it. */
struct scene {
	struct place p;
	struct store *s;
	char base[STORE_ID_LEN + 1], top[STORE_ID_LEN + 1], image[STORE_ID_LEN + 1];
};

static void make_dir(const struct place *p, const char *path)
{
	struct err err = ERR_INIT;
	char full[512];

	(void)snprintf(full, sizeof(full), "%s/%s", p->graph, path);
	ok(dir_make(AT_FDCWD, full, 0700, &err), &err);
}

/* As buildah does it: a layer of its own, a record, and what it keeps of it. */
static void make_box_layer(struct store *s, const char *parent)
{
	AUTO_JSON struct json_doc *doc = NULL;
	struct err err = ERR_INIT;
	struct index *ix;

	ok(store_lock(s, LK_LAYERS, &err), &err);
	ok(layer_dir_make(s, 0, BOX_LAYER, parent, &err), &err);
	ok(store_index(s, 0, IX_LAYERS, &ix, &err), &err);
	ok(rec_new(BOX_LAYER, &doc, &err), &err);
	ok(rec_set_text(doc, "parent", parent, &err), &err);
	ok(rec_store(ix, NULL, doc, &err), &err);
	ok(store_save(s, 0, IX_LAYERS, &err), &err);
	store_unlock(s);
}

static void put_containers(const struct scene *c, const char *file, const char *layer,
			   const char *another)
{
	char *text = str_fmt("[{\"id\":\"" BOX
			     "\",\"names\":[\"box\"],\"image\":\"%s\",\"layer\":\"%s\"}%s]",
			     c->image, layer, another);

	make_dir(&c->p, DATA);
	spit(&c->p, file, text);
	free(text);
	spit(&c->p, DATA "/buildah.json", "{\"type\":\"buildah 0.0.1\"}");
}

static void scene_make_as(struct scene *c, enum arrangement kind, const char *file)
{
	place_make_as(&c->p, kind);
	c->s = place_open(&c->p);
	add_layer(c->s, NULL, "base", c->base);
	add_layer(c->s, c->base, "a", c->top);
	add_image(c->s, "image a", c->top, "localhost/a:latest", c->image);
	make_box_layer(c->s, c->top);
	put_containers(c, file, BOX_LAYER, "");
}

static void scene_make(struct scene *c, const char *file)
{
	scene_make_as(c, PLAIN, file);
}

static void scene_remove(struct scene *c)
{
	store_close(c->s);
	place_remove(&c->p);
}

static int delete_image(struct store *s, unsigned flags, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;

	assert_int_equal(find_image(s, "localhost/a:latest", &image), 1);
	err_clear(err);
	return store_image_delete_seen(s, image, flags, NULL, NULL, NULL, err);
}

/* Record, data and layer: all of them or nothing. */
static bool box_is_there(struct scene *c)
{
	struct err err = ERR_INIT;
	struct index *a, *b;
	bool there_is;

	ok(store_index(c->s, 0, IX_CONTAINERS, &a, &err), &err);
	ok(store_index(c->s, 0, IX_VOLATILE_CONTAINERS, &b, &err), &err);
	there_is = index_find_id(a, BOX) || index_find_id(b, BOX);
	assert_int_equal(there(&c->p, DATA "/buildah.json"), there_is);
	assert_int_equal(there(&c->p, "overlay-containers/" BOX), there_is);
	assert_int_equal(there(&c->p, "overlay/" BOX_LAYER), there_is);
	assert_int_equal(has_layer(c->s, str_of(BOX_LAYER)), there_is);
	return there_is;
}

static void it_goes_with_its_image_when_that_is_asked_for(void **state)
{
	static const char *const files[] = {"overlay-containers/containers.json",
					    "overlay-containers/volatile-containers.json"};
	struct err err = ERR_INIT;
	struct scene c;
	size_t i;

	(void)state;
	/* Each place of the record with each arrangement of the roots. */
	for (i = 0; i < 3 * ARRAY_LEN(files); i++) {
		scene_make_as(&c, (enum arrangement)(i / 2), files[i % 2]);
		assert_int_equal(delete_image(c.s, 0, &err), -ERR_IN_USE);
		assert_non_null(strstr(err.text, "in use by container box"));
		assert_true(box_is_there(&c));
		ok(delete_image(c.s, STORE_DELETE_EXTERNALS, &err), &err);
		assert_false(box_is_there(&c));
		assert_int_equal(find_image(c.s, "localhost/a:latest", NULL), 0);
		check_consistent(c.s, &c.p);
		scene_remove(&c);
	}
}

static void it_goes_alone_and_its_image_stays(void **state)
{
	struct err err = ERR_INIT;
	struct scene c;

	(void)state;
	scene_make(&c, "overlay-containers/containers.json");
	assert_int_equal(store_external_remove(c.s, OTHER, &err), 0);
	assert_int_equal(store_external_remove(c.s, BOX, &err), 1);
	assert_false(box_is_there(&c));
	assert_int_equal(store_external_remove(c.s, BOX, &err), 0);
	assert_int_equal(find_image(c.s, "localhost/a:latest", NULL), 1);
	check_consistent(c.s, &c.p);
	scene_remove(&c);
}

static void what_is_not_positively_buildahs_stays_and_keeps_the_rest(void **state)
{
	struct err err = ERR_INIT;
	struct scene c;
	char *another;

	(void)state;
	scene_make(&c, "overlay-containers/containers.json");
	another =
	    str_fmt(",{\"id\":\"" OTHER "\",\"names\":[\"pod-man\"],\"image\":\"%s\"}", c.image);
	put_containers(&c, "overlay-containers/containers.json", BOX_LAYER, another);
	free(another);
	make_dir(&c.p, "overlay-containers/" OTHER "/userdata/buildah.json");
	assert_int_equal(store_external_remove(c.s, OTHER, &err), -ERR_DENIED);
	assert_int_equal(delete_image(c.s, STORE_DELETE_EXTERNALS, &err), -ERR_IN_USE);
	assert_non_null(strstr(err.text, "in use by container pod-man"));
	assert_true(box_is_there(&c));
	assert_true(there(&c.p, "overlay-containers/" OTHER));
	scene_remove(&c);
}

static int one_user(void *arg, const char *image_id, struct strv *users, struct err *err)
{
	(void)arg;
	(void)image_id;
	return strv_add(users, "web", err);
}

static void kists_own_containers_keep_it(void **state)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	struct err err = ERR_INIT;
	char holder[STORE_ID_LEN + 1];
	struct scene c;

	(void)state;
	scene_make(&c, "overlay-containers/containers.json");
	ok(store_hold_image(c.s, c.image, &err), &err);
	ok(store_holder_id(c.image, holder, &err), &err);
	assert_int_equal(store_external_remove(c.s, holder, &err), -ERR_DENIED);
	assert_int_equal(find_image(c.s, "localhost/a:latest", &image), 1);
	assert_int_equal(
	    store_image_delete_seen(c.s, image, STORE_DELETE_EXTERNALS, one_user, NULL, NULL, &err),
	    -ERR_IN_USE);
	assert_true(box_is_there(&c));
	ok(delete_image(c.s, STORE_DELETE_EXTERNALS, &err), &err);
	assert_false(box_is_there(&c));
	check_consistent(c.s, &c.p);
	scene_remove(&c);
}

static void one_that_is_mounted_is_left_alone(void **state)
{
	struct err err = ERR_INIT;
	struct scene c;
	struct place run;

	(void)state;
	scene_make(&c, "overlay-containers/containers.json");
	run = c.p;
	memcpy(run.graph, run.run, sizeof(run.graph));
	make_dir(&run, "overlay-layers");
	spit(&run, "overlay-layers/mountpoints.json",
	     "[{\"id\":\"" BOX_LAYER "\",\"path\":\"/x/merged\",\"count\":1}]");
	assert_int_equal(delete_image(c.s, STORE_DELETE_EXTERNALS, &err), -ERR_IN_USE);
	assert_non_null(strstr(err.text, "box is mounted: somebody may work in it"));
	assert_int_equal(store_external_remove(c.s, BOX, &err), -ERR_IN_USE);
	assert_true(box_is_there(&c));
	scene_remove(&c);
}

/* A record may say what it likes: only layers that nobody needs go. */
static void a_layer_that_others_need_stays(void **state)
{
	struct err err = ERR_INIT;
	struct scene c;

	(void)state;
	scene_make(&c, "overlay-containers/containers.json");
	put_containers(&c, "overlay-containers/containers.json", c.base, "");
	assert_int_equal(store_external_remove(c.s, BOX, &err), 1);
	assert_int_equal(store_layer_exists(c.s, c.base, &err), 1);
	assert_int_equal(store_layer_exists(c.s, c.top, &err), 1);
	scene_remove(&c);
}

/* ---- killed ---- */

static void kill_at(void *arg, const char *what)
{
	int *countdown = arg;

	(void)what;
	if (--*countdown == 0)
		(void)raise(SIGKILL);
}

static void job_delete(struct store *s)
{
	struct err err = ERR_INIT;

	ok(delete_image(s, STORE_DELETE_EXTERNALS, &err), &err);
}

static void job_remove(struct store *s)
{
	struct err err = ERR_INIT;

	ok(store_external_remove(s, BOX, &err), &err);
}

static void job_gc(struct store *s)
{
	struct err err = ERR_INIT;

	ok(store_gc(s, &err), &err);
}

static bool run_killed(const struct place *p, void (*job)(struct store *s), int n)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *s = place_open(p);

		s->step = kill_at;
		s->step_arg = &n;
		job(s);
		store_close(s);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	return WIFSIGNALED(status);
}

/* The cleaner may die as well; whoever comes then finds all of it or nothing. */
static void killed_at_each_step(void (*job)(struct store *s))
{
	struct err err = ERR_INIT;
	bool died = true;
	struct scene c;
	int n;

	for (n = 1; died; n++) {
		assert_true(n < STEPS_MAX);
		scene_make(&c, "overlay-containers/containers.json");
		died = run_killed(&c.p, job, n);
		(void)run_killed(&c.p, job_gc, n % 3 + 1);
		ok(store_gc(c.s, &err), &err);
		ok(store_lock(c.s, LK_LAYERS, &err), &err);
		store_unlock(c.s);
		assert_int_equal(count_in(c.p.graph, "kist/staging"), 0);
		if (!box_is_there(&c))
			check_consistent(c.s, &c.p);
		else
			assert_int_equal(find_image(c.s, "localhost/a:latest", NULL), 1);
		scene_remove(&c);
	}
	assert_true(n > 6);
}

static void a_killed_removal_is_finished_or_was_not_begun(void **state)
{
	(void)state;
	killed_at_each_step(job_remove);
}

static void so_is_that_with_its_image(void **state)
{
	(void)state;
	killed_at_each_step(job_delete);
}

int main(void)
{
	struct err none = ERR_INIT;
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_goes_with_its_image_when_that_is_asked_for),
	    cmocka_unit_test(it_goes_alone_and_its_image_stays),
	    cmocka_unit_test(what_is_not_positively_buildahs_stays_and_keeps_the_rest),
	    cmocka_unit_test(kists_own_containers_keep_it),
	    cmocka_unit_test(one_that_is_mounted_is_left_alone),
	    cmocka_unit_test(a_layer_that_others_need_stays),
	    cmocka_unit_test(a_killed_removal_is_finished_or_was_not_begun),
	    cmocka_unit_test(so_is_that_with_its_image),
	};

	ok(0, &none); /* remembers who the tester is */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
