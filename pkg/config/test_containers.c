#include "config/containers.h"
#include "test_dir.h"

#define DIST "/usr/share/containers/containers.conf"
#define ETC "/etc/containers/containers.conf"
#define USER "/home/.config/containers/containers.conf"

static void load(const struct machine *m, struct containers_conf *c)
{
	struct err err = ERR_INIT;

	if (containers_conf_load(&m->env, c, &err) < 0)
		fail_msg("%s", err.text);
}

static void assert_refused(const struct machine *m, enum err_code code, const char *why)
{
	struct containers_conf c = CONTAINERS_CONF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(containers_conf_load(&m->env, &c, &err), -(int)code);
	assert_has(err.text, why);
	assert_null(c.netns);
}

static void without_files_podmans_defaults_hold(void **state)
{
	AUTO_CONTAINERS_CONF struct containers_conf c = CONTAINERS_CONF_INIT;
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_make(&m, 0);
	load(&m, &c);
	assert_int_equal(c.default_capabilities.n, 11);
	assert_int_equal(c.pids_limit, 2048);
	assert_false(c.pids_limit_set);
	assert_int_equal(c.shm_size, 64 << 20);
	assert_int_equal(c.umask, 0022);
	assert_int_equal(c.stop_timeout, 10);
	assert_string_equal(c.detach_keys, "ctrl-p,ctrl-q");
	assert_null(c.cgroup_manager);
}

static void later_files_win_and_lists_may_append(void **state)
{
	AUTO_CONTAINERS_CONF struct containers_conf c = CONTAINERS_CONF_INIT;
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_make(&m, 1000);
	machine_file(&m, DIST,
		     "[containers]\ndefault_capabilities = [\"chown\", \"CAP_KILL\"]\n"
		     "env = [\"A=1\"]\npids_limit = 100\n[engine]\nstop_timeout = 3\n");
	machine_file(&m, ETC,
		     "[containers]\nenv = [\"B=2\", {append = true}]\nshm_size = \"1m\"\n"
		     "umask = \"0077\"\n");
	machine_file(&m, "/etc/containers/containers.conf.d/a.conf",
		     "[engine]\ncgroup_manager = \"cgroupfs\"\nunknown_key = [1]\n");
	machine_file(&m, USER, "[containers]\npids_limit = 0\nseccomp_profile = \"/p.json\"\n");
	load(&m, &c);
	assert_int_equal(c.default_capabilities.n, 2);
	assert_string_equal(c.default_capabilities.v[0], "CAP_CHOWN");
	assert_int_equal(c.env.n, 2);
	assert_string_equal(c.env.v[1], "B=2");
	assert_int_equal(c.pids_limit, 0);
	assert_true(c.pids_limit_set);
	assert_int_equal(c.shm_size, 1 << 20);
	assert_int_equal(c.umask, 0077);
	assert_int_equal(c.stop_timeout, 3);
	assert_string_equal(c.cgroup_manager, "cgroupfs");
	assert_string_equal(c.seccomp_profile, "/p.json");
}

static void the_environment_names_files(void **state)
{
	AUTO_CONTAINERS_CONF struct containers_conf c = CONTAINERS_CONF_INIT;
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_make(&m, 0);
	machine_file(&m, ETC, "[engine]\nstop_timeout = 3\nretry = 9\n");
	machine_file(&m, "/only.conf", "[engine]\nstop_timeout = 4\n");
	machine_file(&m, "/over.conf", "[containers]\ninit = true\n");
	machine_set_path(&m, "CONTAINERS_CONF", "/only.conf");
	machine_set_path(&m, "CONTAINERS_CONF_OVERRIDE", "/over.conf");
	load(&m, &c);
	assert_int_equal(c.stop_timeout, 4);
	assert_int_equal(c.retry, 3);
	assert_true(c.init);
	machine_set_path(&m, "CONTAINERS_CONF", "/none.conf");
	assert_refused(&m, ERR_NOT_FOUND, "CONTAINERS_CONF: there is no file");
}

static void wrong_and_unsupported_values_are_refused_with_their_place(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_make(&m, 0);
	machine_file(&m, ETC, "[containers]\n\ninit = \"yes\"\n");
	assert_refused(&m, ERR_INVALID, "containers.conf:3: containers.init: expected");
	machine_file(&m, ETC, "[containers]\nshm_size = \"lots\"\n");
	assert_refused(&m, ERR_INVALID, ":2: containers.shm_size: size: \"lots\" is not a size");
	machine_file(&m, ETC, "[containers]\nlog_driver = \"carrier-pigeon\"\n");
	assert_refused(&m, ERR_INVALID, "unknown value \"carrier-pigeon\"");
	machine_file(&m, ETC, "[containers]\nvolumes = [\"/a:/b\"]\n");
	assert_refused(&m, ERR_UNSUPPORTED, ":2: containers.volumes: kist does not support");
	machine_file(&m, ETC, "[containers]\nuserns = \"auto\"\n");
	assert_refused(&m, ERR_UNSUPPORTED, ":2: containers.userns");
	machine_file(&m, ETC, "[containers]\nlog_size_max = 100\n");
	assert_refused(&m, ERR_INVALID, "at least 8192");
}

static void what_kist_does_anyway_may_be_set(void **state)
{
	AUTO_CONTAINERS_CONF struct containers_conf c = CONTAINERS_CONF_INIT;
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_make(&m, 0);
	machine_file(&m, ETC,
		     "[containers]\nvolumes = []\nuserns = \"host\"\nipcns = \"shareable\"\n"
		     "pidns = \"private\"\ncgroups = \"enabled\"\ntz = \"\"\nenv_host = false\n"
		     "[engine]\nruntime = \"crun\"\nevents_logger = \"journald\"\n");
	load(&m, &c);
	assert_null(c.tz);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_files_podmans_defaults_hold),
	    cmocka_unit_test(later_files_win_and_lists_may_append),
	    cmocka_unit_test(the_environment_names_files),
	    cmocka_unit_test(wrong_and_unsupported_values_are_refused_with_their_place),
	    cmocka_unit_test(what_kist_does_anyway_may_be_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
