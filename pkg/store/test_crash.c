/*
 * Crashes and company: a process killed at each step in turn leaves a store that the next one
 * repairs; several processes at once lose nothing.
 */
#include "test_store.h"
#include "base/rand.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define STEPS_MAX 200
#define WORKERS 4
#define ROUNDS 12

struct killer {
	int countdown;
};

static void kill_at(void *arg, const char *what)
{
	struct killer *k = arg;

	(void)what;
	if (--k->countdown == 0)
		(void)raise(SIGKILL);
}

/* What is done while being killed. */
typedef void job_fn(struct store *s);

static void job_pull(struct store *s)
{
	char base[STORE_ID_LEN + 1], top[STORE_ID_LEN + 1], id[STORE_ID_LEN + 1];

	add_layer(s, NULL, "base", base);
	add_layer(s, base, "a", top);
	add_image(s, "image a", top, "localhost/a:latest", id);
}

static void job_pull_chain(struct store *s)
{
	static const char *const texts[] = {"base", "a", "b"};
	struct store_layer_done done[3];
	char id[STORE_ID_LEN + 1];
	struct err err = ERR_INIT;

	ok(try_chain(s, NULL, texts, 3, done, &err), &err);
	add_image(s, "image b", done[2].id, "localhost/b:latest", id);
}

static void image_id(char id[STORE_ID_LEN + 1])
{
	char digest[SHA256_TEXT_MAX];

	memcpy(id, digest_for("image a", digest) + 7, STORE_ID_LEN + 1);
}

static void job_hold(struct store *s)
{
	char id[STORE_ID_LEN + 1];
	struct err err = ERR_INIT;

	image_id(id);
	ok(store_hold_image(s, id, &err), &err);
}

static void job_release(struct store *s)
{
	char id[STORE_ID_LEN + 1];
	struct err err = ERR_INIT;

	image_id(id);
	ok(store_release_image(s, id, NULL, NULL, &err), &err);
}

static void job_delete(struct store *s)
{
	char id[STORE_ID_LEN + 1];
	struct err err = ERR_INIT;

	image_id(id);
	ok(store_image_delete(s, id, NULL, NULL, NULL, &err), &err);
}

static void job_gc(struct store *s)
{
	struct err err = ERR_INIT;

	ok(store_gc(s, &err), &err);
}

/* Runs job in a child that dies at the nth step. True when it died. */
static bool run_killed(const struct place *p, job_fn *job, int n)
{
	struct killer k = {.countdown = n};
	int status;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *s = place_open(p);

		s->step = kill_at;
		s->step_arg = &k;
		job(s);
		store_close(s);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return true;
	assert_int_equal(WEXITSTATUS(status), 0);
	return false;
}

static void repair_and_check(const struct place *p)
{
	struct store *s = place_open(p);
	struct err err = ERR_INIT;

	ok(store_gc(s, &err), &err);
	/* Layers that say incomplete go with the next lock for writing. */
	ok(store_lock(s, LK_LAYERS, &err), &err);
	store_unlock(s);
	check_consistent(s, p);
	store_close(s);
}

/* Kills job at every step; before each time `prepare` runs to its end. */
static void kill_everywhere_in(enum arrangement kind, job_fn *const *prepare, job_fn *job,
			       job_fn *after)
{
	struct place p;
	bool died = true;
	int n, i;

	for (n = 1; died; n++) {
		assert_true(n < STEPS_MAX);
		place_make_as(&p, kind);
		for (i = 0; prepare[i]; i++)
			assert_false(run_killed(&p, prepare[i], 0));
		died = run_killed(&p, job, n);
		/* Who cleans up may die as well. */
		(void)run_killed(&p, job_gc, n % 5 + 1);
		repair_and_check(&p);
		/* And the same can be done again to its end. */
		if (after)
			assert_false(run_killed(&p, after, 0));
		repair_and_check(&p);
		place_remove(&p);
	}
	assert_true(n > 4);
}

static void kill_everywhere(job_fn *const *prepare, job_fn *job, job_fn *after)
{
	kill_everywhere_in(PLAIN, prepare, job, after);
	kill_everywhere_in(SPLIT, prepare, job, after);
	kill_everywhere_in(SPLIT_RECORDS, prepare, job, after);
}

static void a_killed_pull_is_repaired(void **state)
{
	job_fn *const prepare[] = {NULL};

	(void)state;
	kill_everywhere(prepare, job_pull, job_pull);
}

static void a_killed_pull_of_a_chain_is_repaired(void **state)
{
	job_fn *const none[] = {NULL}, *const some[] = {job_pull, NULL};

	(void)state;
	kill_everywhere_in(PLAIN, none, job_pull_chain, job_pull_chain);
	kill_everywhere_in(SPLIT_RECORDS, some, job_pull_chain, job_pull_chain);
}

static void a_killed_hold_is_repaired(void **state)
{
	job_fn *const prepare[] = {job_pull, NULL};

	(void)state;
	kill_everywhere(prepare, job_hold, job_hold);
}

static void a_killed_release_is_repaired(void **state)
{
	job_fn *const prepare[] = {job_pull, job_hold, NULL};

	(void)state;
	kill_everywhere(prepare, job_release, job_hold);
}

static void a_killed_delete_is_repaired(void **state)
{
	job_fn *const prepare[] = {job_pull, job_hold, NULL};

	(void)state;
	kill_everywhere(prepare, job_delete, job_pull);
}

/* Between the image's record and the layers' nothing may be forgotten. */
static void a_killed_delete_leaves_no_layer_without_its_image(void **state)
{
	struct err err = ERR_INIT;
	struct index *layers;
	struct place p;
	struct store *s;
	bool died = true;
	int n;

	(void)state;
	for (n = 1; died; n++) {
		assert_true(n < STEPS_MAX);
		place_make(&p);
		assert_false(run_killed(&p, job_pull, 0));
		died = run_killed(&p, job_delete, n);
		(void)run_killed(&p, job_gc, n % 3 + 1);
		s = place_open(&p);
		ok(store_gc(s, &err), &err);
		ok(store_index(s, 0, IX_LAYERS, &layers, &err), &err);
		assert_int_equal(layers->n, find_image(s, "localhost/a:latest", NULL) ? 2 : 0);
		check_consistent(s, &p);
		store_close(s);
		place_remove(&p);
	}
	assert_true(n > 4);
}

/* The same image with another manifest. */
static void job_put_again(struct store *s)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	char digest[SHA256_TEXT_MAX], key[SHA256_TEXT_MAX + 16];
	struct store_data data[2] = {{.key = "manifest", .ptr = "{\"m\":2}", .len = 7},
				     {.key = key, .ptr = "{\"m\":2}", .len = 7}};
	struct store_image_put put = {.data = data, .n_data = 2};
	struct err err = ERR_INIT;
	char id[STORE_ID_LEN + 1];

	image_id(id);
	put.id = id;
	put.digest = digest_for("{\"m\":2}", digest);
	(void)snprintf(key, sizeof(key), "manifest-%s", digest);
	if (find_image(s, "localhost/a:latest", &image) != 1)
		_exit(1);
	put.layer = image->layer;
	ok(store_image_put(s, &put, &err), &err);
}

static void documents_and_record_of_an_image_agree_after_a_kill(void **state)
{
	char path[128], id[STORE_ID_LEN + 1];
	struct err err = ERR_INIT;
	struct place p;
	struct store *s;
	bool died = true, new;
	int n;

	(void)state;
	image_id(id);
	(void)snprintf(path, sizeof(path), "overlay-images/%s/manifest", id);
	for (n = 1; died; n++) {
		AUTO(store_image_free_p) struct store_image *image = NULL;

		place_make(&p);
		assert_false(run_killed(&p, job_pull, 0));
		died = run_killed(&p, job_put_again, n);
		s = place_open(&p);
		ok(store_gc(s, &err), &err);
		assert_int_equal(find_image(s, "localhost/a:latest", &image), 1);
		new = image->data_names.n == 4;
		assert_string_equal(slurp(&p, path), new ? "{\"m\":2}" : "{\"m\":1}");
		*strrchr(path, '/') = '\0';
		assert_int_equal(count_in(p.graph, path), image->data_names.n);
		path[strlen(path)] = '/';
		check_consistent(s, &p);
		store_close(s);
		place_remove(&p);
	}
	assert_true(new &&n > 3);
}

static void job_lock_and_wait(struct store *s)
{
	struct err err = ERR_INIT;

	ok(store_lock(s, LK_LAYERS, &err), &err);
	(void)raise(SIGSTOP);
}

/* Other tools hold layers.lock for minutes, and images must be listed meanwhile. */
static void cleaning_up_waits_for_no_lock(void **state)
{
	struct err err = ERR_INIT;
	struct place p;
	struct store *s;
	int status;
	pid_t pid;

	(void)state;
	place_make(&p);
	assert_true(run_killed(&p, job_pull, 3));
	assert_int_equal(count_in(p.graph, "kist/staging"), 1);
	spit(&p, "overlay-layers/.tmp-layers.json-kist", "[");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		job_lock_and_wait(place_open(&p));
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	s = place_open(&p);
	ok(store_gc(s, &err), &err);
	assert_int_equal(count_in(p.graph, "kist/staging"), 1);
	assert_true(there(&p, "overlay-layers/.tmp-layers.json-kist"));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	ok(store_gc(s, &err), &err);
	assert_false(there(&p, "overlay-layers/.tmp-layers.json-kist"));
	check_consistent(s, &p);
	store_close(s);
	place_remove(&p);
}

/* Somebody may delete the base before our top is on it: as a pull does, begin again. */
static void add_both(struct store *s, const char *text, int me, int i, char *base, char *top)
{
	struct err err = ERR_INIT;
	char top_text[64];
	int r;

	(void)snprintf(top_text, sizeof(top_text), "top %d %d", me, i);
	do {
		add_layer(s, NULL, text, base);
		r = try_layer(s, base, top_text, top, &err);
	} while (r == -ERR_NOT_FOUND);
	ok(r, &err);
}

static void work(const struct place *p, int me)
{
	char base[STORE_ID_LEN + 1], top[STORE_ID_LEN + 1], id[STORE_ID_LEN + 1], text[64],
	    name[64];
	struct store *s = place_open(p);
	struct err err = ERR_INIT;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		/* The base is everybody's, the top is mine, and one name is fought for. */
		(void)snprintf(text, sizeof(text), "base %d", i / 2);
		add_both(s, text, me, i, base, top);
		(void)snprintf(text, sizeof(text), "top %d %d", me, i);
		(void)snprintf(name, sizeof(name), "localhost/w%d:%d", me, i);
		add_image(s, text, top, name, id);
		ok(store_image_tag(s, id, "localhost/all:latest", &err), &err);
		if (i % 3 == 0)
			ok(store_hold_image(s, id, &err), &err);
		if (i % 4 == 3)
			ok(store_image_delete(s, id, NULL, NULL, NULL, &err), &err);
		ok(store_gc(s, &err), &err);
	}
	store_close(s);
	_exit(0);
}

static void four_processes(enum arrangement kind)
{
	char name[64];
	struct store *s;
	struct place p;
	pid_t pids[WORKERS];
	int i, k, status;

	place_make_as(&p, kind);
	for (i = 0; i < WORKERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			work(&p, i);
	}
	for (i = 0; i < WORKERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	s = place_open(&p);
	check_consistent(s, &p);
	for (i = 0; i < WORKERS; i++)
		for (k = 0; k < ROUNDS; k++) {
			(void)snprintf(name, sizeof(name), "localhost/w%d:%d", i, k);
			assert_int_equal(find_image(s, name, NULL), k % 4 != 3);
		}
	store_close(s);
	place_remove(&p);
}

static void four_processes_at_once_lose_nothing(void **state)
{
	(void)state;
	four_processes(PLAIN);
	four_processes(SPLIT);
	four_processes(SPLIT_RECORDS);
}

static void nap(long ms)
{
	struct timespec t = {.tv_nsec = ms * 1000000};

	(void)nanosleep(&t, NULL);
}

/* Processes killed at any moment, not only between our steps. */
static void killed_at_random_they_leave_a_good_store(void **state)
{
	struct place p;
	pid_t pids[WORKERS];
	int i, round, status;

	(void)state;
	place_make(&p);
	for (round = 0; round < 6; round++) {
		for (i = 0; i < WORKERS; i++) {
			pids[i] = fork();
			assert_true(pids[i] >= 0);
			if (pids[i] == 0)
				work(&p, i);
		}
		for (i = 0; i < WORKERS; i++) {
			unsigned char r;

			rand_bytes(&r, 1);
			nap(r / 6 + 1);
			(void)kill(pids[i], SIGKILL);
		}
		for (i = 0; i < WORKERS; i++)
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		repair_and_check(&p);
	}
	place_remove(&p);
}

static void a_dead_claimer_lets_the_next_one_in(void **state)
{
	AUTO(store_claim_close_p) struct store_claim *claim = NULL;
	char id[STORE_ID_LEN + 1], digest[SHA256_TEXT_MAX], c;
	struct err err = ERR_INIT;
	struct place p;
	struct store *s;
	int status, fds[2];
	pid_t pid;

	(void)state;
	place_make(&p);
	s = place_open(&p);
	ok(store_layer_id(NULL, digest_for("x", digest), id, &err), &err);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *mine = place_open(&p);

		if (store_layer_claim(mine, id, true, &claim, &err) == STORE_LAYER_CLAIMED)
			(void)!write(fds[1], "x", 1);
		(void)pause();
		_exit(0);
	}
	assert_int_equal(read(fds[0], &c, 1), 1);
	assert_int_equal(store_layer_claim(s, id, false, &claim, &err), STORE_LAYER_BUSY);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(store_layer_claim(s, id, true, &claim, &err), STORE_LAYER_CLAIMED);
	close(fds[0]);
	close(fds[1]);
	store_close(s);
	store_claim_close(TAKE(claim));
	place_remove(&p);
}

int main(void)
{
	struct err none = ERR_INIT;
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_killed_pull_is_repaired),
	    cmocka_unit_test(a_killed_pull_of_a_chain_is_repaired),
	    cmocka_unit_test(a_killed_hold_is_repaired),
	    cmocka_unit_test(a_killed_release_is_repaired),
	    cmocka_unit_test(a_killed_delete_is_repaired),
	    cmocka_unit_test(a_killed_delete_leaves_no_layer_without_its_image),
	    cmocka_unit_test(documents_and_record_of_an_image_agree_after_a_kill),
	    cmocka_unit_test(cleaning_up_waits_for_no_lock),
	    cmocka_unit_test(four_processes_at_once_lose_nothing),
	    cmocka_unit_test(killed_at_random_they_leave_a_good_store),
	    cmocka_unit_test(a_dead_claimer_lets_the_next_one_in),
	};

	ok(0, &none); /* remembers who the tester is */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
