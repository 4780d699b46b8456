#include "base/auto.h"
#include "base/err.h"
#include "base/strv.h"
#include "config/containers.h"
#include "container/container.h"
#include "spec/image.h"
#include "state.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char scratch[] = "/tmp/kist-test-container-XXXXXX";

static int make_scratch(void **state)
{
	(void)state;
	return mkdtemp(scratch) ? 0 : -1;
}

static int drop_scratch(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return tree_remove(AT_FDCWD, scratch, &err);
}

static int add(struct strv *v, const char *s)
{
	struct err err = ERR_INIT;

	return strv_add(v, s, &err);
}

/* ---- what is asked for becomes a definition ---- */

static struct containers_conf conf = {.stop_timeout = 10, .umask = 022};

static void command_and_entrypoint_combine_as_in_docker(void **state)
{
	AUTO_CONTAINER_DEF struct container_def def = CONTAINER_DEF_INIT, bare = CONTAINER_DEF_INIT;
	AUTO_IMAGE_CONFIG struct image_config image = {0};
	AUTO_STRV struct strv command = STRV_INIT;
	struct container_request rq = {.image = &image, .command = &command, .stop_timeout = -1};
	struct err err = ERR_INIT;

	(void)state;
	add(&image.config.entrypoint, "/entry");
	add(&image.config.cmd, "default");
	assert_int_equal(container_plan(&rq, &conf, &def, &err), 0);
	assert_int_equal(def.process.args.n, 2);
	assert_string_equal(def.process.args.v[1], "default");
	/* An entrypoint of the user's own drops the image's command. */
	container_def_fini(&def);
	rq.entrypoint = "[\"sh\",\"-c\"]";
	add(&command, "echo hi");
	assert_int_equal(container_plan(&rq, &conf, &def, &err), 0);
	assert_int_equal(def.process.args.n, 3);
	assert_string_equal(def.process.args.v[0], "sh");
	assert_string_equal(def.process.args.v[2], "echo hi");
	rq.entrypoint = "";
	rq.command = NULL;
	assert_int_equal(container_plan(&rq, &conf, &bare, &err), -ERR_INVALID);
}

static void an_entrypoint_of_one_empty_word_is_none(void **state)
{
	AUTO_CONTAINER_DEF struct container_def def = CONTAINER_DEF_INIT;
	AUTO_IMAGE_CONFIG struct image_config image = {0};
	struct container_request rq = {.image = &image, .stop_timeout = -1};
	struct err err = ERR_INIT;

	(void)state;
	add(&image.config.entrypoint, "");
	add(&image.config.cmd, "sh");
	assert_int_equal(container_plan(&rq, &conf, &def, &err), 0);
	assert_int_equal(def.process.args.n, 1);
	assert_string_equal(def.process.args.v[0], "sh");
}

static void environment_is_layered(void **state)
{
	AUTO_CONTAINER_DEF struct container_def def = CONTAINER_DEF_INIT;
	AUTO_IMAGE_CONFIG struct image_config image = {0};
	AUTO_STRV struct strv env = STRV_INIT;
	struct container_request rq = {.image = &image, .env = &env, .terminal = true};
	struct err err = ERR_INIT;

	(void)state;
	add(&image.config.cmd, "sh");
	add(&image.config.env, "A=image");
	add(&image.config.env, "PATH=/bin");
	add(&env, "A=user");
	assert_int_equal(container_plan(&rq, &conf, &def, &err), 0);
	assert_string_equal(strv_env_get(&def.process.env, "A"), "user");
	assert_string_equal(strv_env_get(&def.process.env, "PATH"), "/bin");
	assert_string_equal(strv_env_get(&def.process.env, "TERM"), "xterm");
	assert_string_equal(def.process.stop_signal, "SIGTERM");
	assert_string_equal(def.network, "private");
}

static int plan_with(const struct container_request *rq, struct err *err)
{
	AUTO_CONTAINER_DEF struct container_def def = CONTAINER_DEF_INIT;

	err_clear(err);
	return container_plan(rq, &conf, &def, err);
}

static void what_is_not_built_is_refused(void **state)
{
	AUTO_STRV struct strv command = STRV_INIT, volumes = STRV_INIT, caps = STRV_INIT;
	struct container_request rq = {.command = &command};
	struct err err = ERR_INIT;

	(void)state;
	add(&command, "sh");
	assert_int_equal(plan_with(&rq, &err), 0);
	rq.network = "hots";
	assert_int_equal(plan_with(&rq, &err), -ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "did you mean host"));
	rq.network = NULL;
	rq.volumes = &volumes;
	add(&volumes, "data:/data");
	assert_int_equal(plan_with(&rq, &err), -ERR_UNSUPPORTED);
	strv_fini(&volumes);
	add(&volumes, "/tmp:relative");
	assert_int_equal(plan_with(&rq, &err), -ERR_INVALID);
	strv_fini(&volumes);
	add(&volumes, "/tmp:/");
	assert_int_equal(plan_with(&rq, &err), -ERR_INVALID);
	strv_fini(&volumes);
	add(&volumes, "/tmp:/x:rw,bogus");
	assert_int_equal(plan_with(&rq, &err), -ERR_INVALID);
	strv_fini(&volumes);
	add(&volumes, "/no/such/place:/x");
	assert_int_equal(plan_with(&rq, &err), -ERR_SYS);
	strv_fini(&volumes);
	rq.cap_add = &caps;
	add(&caps, "no_such");
	assert_int_equal(plan_with(&rq, &err), -ERR_INVALID);
	strv_fini(&caps);
	add(&caps, "net_admin");
	assert_int_equal(plan_with(&rq, &err), 0);
	rq.workdir = "here";
	assert_int_equal(plan_with(&rq, &err), -ERR_INVALID);
}

/* ---- state ---- */

static void open_state(struct state *s)
{
	struct err err = ERR_INIT;
	char graph[64], run[64];

	(void)snprintf(graph, sizeof(graph), "%s/graph", scratch);
	(void)snprintf(run, sizeof(run), "%s/run", scratch);
	assert_int_equal(state_open(graph, run, s, &err), 0);
}

static void an_entry_appears_when_it_is_committed(void **state)
{
	struct state_entry e = STATE_ENTRY_INIT;
	char id[ID_HEX_LEN + 1], holder[ID_HEX_LEN + 1], prefix[8];
	struct state s = STATE_INIT;
	struct err err = ERR_INIT;

	(void)state;
	open_state(&s);
	assert_int_equal(state_begin(&s, &e, &err), 0);
	assert_int_equal(state_claim_name(&s, "one", e.id, holder, &err), 0);
	(void)snprintf(prefix, sizeof(prefix), "%s", e.id);
	assert_int_equal(state_find(&s, e.id, id, &err), 0);
	assert_int_equal(state_commit(&s, &e, &err), 0);
	assert_int_equal(state_find(&s, "one", id, &err), 1);
	assert_int_equal(state_find(&s, prefix, id, &err), 1);
	assert_string_equal(id, e.id);
	assert_int_equal(state_claim_name(&s, "one", id, holder, &err), -ERR_EXISTS);
	assert_string_equal(holder, e.id);
	assert_int_equal(state_remove(&s, e.id, "one", &err), 0);
	assert_int_equal(state_find(&s, "one", id, &err), 0);
	assert_int_equal(state_claim_name(&s, "one", id, holder, &err), 0);
	state_entry_close(&e);
	state_close(&s);
}

static size_t entries(const struct state *s, const char *in)
{
	AUTO_STRV struct strv names = STRV_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(dir_list(s->graph, in, &names, &err), 0);
	return names.n;
}

/* A child is killed in the middle of making an entry; its name and directory must go. */
static void a_killed_creation_is_cleaned_up(void **state)
{
	char holder[ID_HEX_LEN + 1];
	struct state s = STATE_INIT;
	struct err err = ERR_INIT;
	int p[2], status;
	pid_t child;
	char c;

	(void)state;
	open_state(&s);
	assert_int_equal(pipe(p), 0);
	child = fork();
	if (child == 0) {
		struct state_entry e = STATE_ENTRY_INIT;

		if (state_begin(&s, &e, &err) == 0 &&
		    state_claim_name(&s, "victim", e.id, holder, &err) == 0)
			(void)!write(p[1], "x", 1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(p[0], &c, 1), 1);
	/* While it lives, nothing is touched and the name is taken. */
	assert_int_equal(state_gc(&s, &err), 0);
	assert_int_equal(state_claim_name(&s, "victim", "x", holder, &err), -ERR_EXISTS);
	assert_int_equal(entries(&s, "creating"), 1);
	(void)kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(state_gc(&s, &err), 0);
	assert_int_equal(entries(&s, "creating"), 0);
	assert_int_equal(faccessat(s.graph, "names/victim", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	(void)close(p[0]);
	(void)close(p[1]);
	state_close(&s);
}

/* Killed between the rename to trash/ and the end: name and run directory go with the rest. */
static void a_killed_removal_is_finished(void **state)
{
	char from[128], to[128], holder[ID_HEX_LEN + 1];
	struct state_entry e = STATE_ENTRY_INIT;
	struct state s = STATE_INIT;
	struct err err = ERR_INIT;
	int run = -1;

	(void)state;
	open_state(&s);
	assert_int_equal(state_begin(&s, &e, &err), 0);
	assert_int_equal(state_claim_name(&s, "removed", e.id, holder, &err), 0);
	assert_int_equal(state_commit(&s, &e, &err), 0);
	assert_int_equal(state_open_run(&s, e.id, &run, &err), 0);
	assert_int_equal(file_create(run, "hosts", 0600, "x", 1, &err), 0);
	(void)close(run);
	(void)snprintf(from, sizeof(from), "containers/%s", e.id);
	(void)snprintf(to, sizeof(to), "trash/%s", e.id);
	assert_int_equal(renameat(s.graph, from, s.graph, to), 0);
	assert_int_equal(state_gc(&s, &err), 0);
	assert_int_equal(entries(&s, "trash"), 0);
	assert_int_equal(faccessat(s.graph, "names/removed", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(state_find_run(&s, e.id, &run, &err), 0);
	state_entry_close(&e);
	state_close(&s);
}

/* A name whose entry never came to be does not stay taken. */
static void a_stale_name_is_given_away(void **state)
{
	char holder[ID_HEX_LEN + 1], id[ID_HEX_LEN + 1];
	struct state s = STATE_INIT;
	struct err err = ERR_INIT;

	(void)state;
	open_state(&s);
	rand_id(id);
	assert_int_equal(symlinkat(id, s.graph, "names/stale"), 0);
	assert_int_equal(state_find(&s, "stale", id, &err), 1);
	rand_id(id);
	assert_int_equal(state_claim_name(&s, "stale", id, holder, &err), 0);
	state_close(&s);
}

#define RACERS 8
#define ROUNDS 40

/* One command among many: cleans up as every command does, and wants the name. */
static void race(const struct state *s, const char *name)
{
	struct state_entry e = STATE_ENTRY_INIT;
	char holder[ID_HEX_LEN + 1];
	struct err err = ERR_INIT;

	if (state_gc(s, &err) < 0)
		_exit(2);
	if (state_begin(s, &e, &err) == 0 && state_claim_name(s, name, e.id, holder, &err) == 0 &&
	    state_commit(s, &e, &err) == 0)
		_exit(state_gc(s, &err) < 0 ? 2 : 0);
	state_abort(s, &e);
	_exit(err.code == ERR_EXISTS ? 1 : 2);
}

static void one_of_many_gets_a_name(void **state)
{
	int i, round, status, winners;
	struct state s = STATE_INIT;
	pid_t pids[RACERS];
	char name[16];

	(void)state;
	open_state(&s);
	for (round = 0; round < ROUNDS; round++) {
		(void)snprintf(name, sizeof(name), "raced%d", round);
		for (i = 0; i < RACERS; i++) {
			pids[i] = fork();
			if (pids[i] == 0)
				race(&s, name);
		}
		for (i = winners = 0; i < RACERS; i++) {
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 2);
			winners += WEXITSTATUS(status) == 0;
		}
		assert_int_equal(winners, 1);
	}
	assert_int_equal(entries(&s, "creating"), 0);
	state_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(command_and_entrypoint_combine_as_in_docker),
	    cmocka_unit_test(an_entrypoint_of_one_empty_word_is_none),
	    cmocka_unit_test(environment_is_layered),
	    cmocka_unit_test(what_is_not_built_is_refused),
	    cmocka_unit_test(an_entry_appears_when_it_is_committed),
	    cmocka_unit_test(a_killed_creation_is_cleaned_up),
	    cmocka_unit_test(a_killed_removal_is_finished),
	    cmocka_unit_test(a_stale_name_is_given_away),
	    cmocka_unit_test(one_of_many_gets_a_name),
	};

	return cmocka_run_group_tests(tests, make_scratch, drop_scratch);
}
