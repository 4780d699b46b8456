#include "config/storage.h"
#include "test_dir.h"

#define ETC "/etc/containers/storage.conf"
#define DIST "/usr/share/containers/storage.conf"
#define USER "/home/.config/containers/storage.conf"

static void load(const struct machine *m, const struct storage_options *o, struct storage_conf *c)
{
	struct err err = ERR_INIT;

	if (storage_conf_load(&m->env, o, c, &err) < 0)
		fail_msg("%s", err.text);
}

static void assert_refused(const struct machine *m, enum err_code code, const char *why)
{
	struct storage_conf c = STORAGE_CONF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(storage_conf_load(&m->env, NULL, &c, &err), -(int)code);
	assert_has(err.text, why);
	assert_null(c.graphroot);
}

static void root_has_its_default_places(void **state)
{
	AUTO_STORAGE_CONF struct storage_conf c = STORAGE_CONF_INIT;
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_make(&m, 0);
	load(&m, NULL, &c);
	assert_path(&m, c.graphroot, "/var/lib/containers/storage");
	assert_path(&m, c.runroot, "/run/containers/storage");
	assert_string_equal(c.driver, "");
	assert_true(c.runroot_is_default);
	assert_null(c.source);
}

static void a_user_has_places_of_his_own(void **state)
{
	AUTO_STORAGE_CONF struct storage_conf c = STORAGE_CONF_INIT, d = STORAGE_CONF_INIT;
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_make(&m, 1000);
	load(&m, NULL, &c);
	assert_path(&m, c.graphroot, "/home/.local/share/containers/storage");
	assert_string_equal(c.runroot, "/tmp/storage-run-1000/containers");
	machine_set(&m, "XDG_RUNTIME_DIR=/run/user/1000");
	machine_set(&m, "XDG_DATA_HOME=/data");
	load(&m, NULL, &d);
	assert_string_equal(d.graphroot, "/data/containers/storage");
	assert_string_equal(d.runroot, "/run/user/1000/containers");
}

static void the_first_file_counts_and_drop_ins_come_on_top(void **state)
{
	AUTO_STORAGE_CONF struct storage_conf c = STORAGE_CONF_INIT;
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_make(&m, 0);
	machine_file(&m, DIST, "[storage]\ngraphroot = \"/from/dist\"\nrunroot = \"/r\"\n");
	machine_file(&m, ETC,
		     "[storage]\ndriver = \"overlay\"\ngraphroot = \"/from/etc\"\n"
		     "[storage.options]\nmountopt = \"nodev\"\n"
		     "additionalimagestores = [\"/a\", \"/b\"]\nsomething = 1\n"
		     "pull_options = {enable_partial_images = \"true\"}\n"
		     "[storage.options.overlay]\nmountopt = \"nodev,metacopy=on\"\n"
		     "ignore_chown_errors = \"true\"\n");
	machine_file(&m, "/usr/share/containers/storage.conf.d/10.conf",
		     "[storage]\ngraphroot = \"/hidden\"\n");
	machine_file(&m, "/etc/containers/storage.conf.d/10.conf",
		     "[storage.options]\nadditionalimagestores = [\"/c\", {append = true}]\n");
	machine_file(&m, "/etc/containers/storage.rootful.conf.d/20.conf",
		     "[storage]\nrunroot = \"/run/$UID/x\"\n");
	machine_file(&m, "/etc/containers/storage.rootless.conf.d/30.conf",
		     "[storage]\nrunroot = \"/not/for/root\"\n");
	load(&m, NULL, &c);
	assert_string_equal(c.graphroot, "/from/etc");
	assert_string_equal(c.runroot, "/run/0/x");
	assert_string_equal(c.driver, "overlay");
	assert_string_equal(c.mountopt, "nodev,metacopy=on");
	assert_true(c.ignore_chown_errors);
	assert_int_equal(c.additional_image_stores.n, 3);
	assert_string_equal(c.additional_image_stores.v[2], "/c");
	assert_path(&m, c.source, ETC);
}

static void a_user_takes_from_the_system_only_what_is_for_everybody(void **state)
{
	AUTO_STORAGE_CONF struct storage_conf c = STORAGE_CONF_INIT, d = STORAGE_CONF_INIT;
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_make(&m, 1000);
	machine_file(
	    &m, ETC,
	    "[storage]\ndriver = \"overlay\"\ngraphroot = \"/root/only\"\nrunroot = \"/r\"\n"
	    "rootless_storage_path = \"$HOME/s/${USER}\"\ntransient_store = true\n"
	    "[storage.options]\nmountopt = \"nodev\"\nignore_chown_errors = \"true\"\n"
	    "mount_program = \"/usr/bin/fuse-overlayfs\"\n");
	machine_set(&m, "USER=me");
	load(&m, NULL, &c);
	assert_path(&m, c.graphroot, "/home/s/me");
	assert_true(c.ignore_chown_errors);
	assert_null(c.mountopt);
	assert_true(c.runroot_is_default);
	machine_file(&m, USER, "[storage]\ngraphroot = \"/mine\"\n");
	load(&m, NULL, &d);
	assert_string_equal(d.graphroot, "/mine");
	assert_false(d.ignore_chown_errors);
}

static void a_user_takes_all_but_roots_from_the_file_of_the_environment(void **state)
{
	AUTO_STORAGE_CONF struct storage_conf c = STORAGE_CONF_INIT;
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_make(&m, 1000);
	machine_file(&m, "/my.conf",
		     "[storage]\ngraphroot = \"/g\"\nrunroot = \"/r\"\nimagestore = \"/i\"\n"
		     "rootless_storage_path = \"/mine\"\n"
		     "[storage.options]\nadditionalimagestores = [\"/a\"]\n");
	machine_set_path(&m, "CONTAINERS_STORAGE_CONF", "/my.conf");
	load(&m, NULL, &c);
	assert_string_equal(c.graphroot, "/mine");
	assert_true(c.runroot_is_default);
	assert_string_equal(c.imagestore, "/i");
	assert_string_equal(c.additional_image_stores.v[0], "/a");
}

static void another_root_has_none_of_the_files_driver_options(void **state)
{
	AUTO_STORAGE_CONF struct storage_conf c = STORAGE_CONF_INIT;
	struct storage_options o = {.root = "/opt/root"};
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_make(&m, 0);
	machine_file(&m, ETC,
		     "[storage]\nimagestore = \"/img\"\n[storage.options]\n"
		     "additionalimagestores = [\"/a\"]\nignore_chown_errors = \"true\"\n");
	load(&m, &o, &c);
	assert_string_equal(c.graphroot, "/opt/root");
	assert_string_equal(c.imagestore, "/img");
	assert_int_equal(c.additional_image_stores.n, 0);
	assert_false(c.ignore_chown_errors);
}

static void environment_and_options_win(void **state)
{
	AUTO_STORAGE_CONF struct storage_conf c = STORAGE_CONF_INIT, d = STORAGE_CONF_INIT;
	struct storage_options o = {.root = "/opt/root", .driver = "overlay2"};
	AUTO_MACHINE struct machine m;
	struct err err = ERR_INIT;

	(void)state;
	machine_make(&m, 0);
	machine_file(&m, "/my.conf",
		     "[storage]\ngraphroot = \"/g\"\n[storage.options]\n"
		     "mountopt = \"metacopy=on\"\n");
	machine_set_path(&m, "CONTAINERS_STORAGE_CONF", "/my.conf");
	machine_set(&m, "STORAGE_DRIVER=overlay");
	machine_set(&m, "STORAGE_OPTS=overlay.additionalimagestore=/ro,ignore_chown_errors=true");
	load(&m, NULL, &c);
	assert_string_equal(c.graphroot, "/g");
	assert_null(c.mountopt);
	assert_string_equal(c.additional_image_stores.v[0], "/ro");
	assert_true(c.ignore_chown_errors);
	assert_int_equal(strv_add(&o.options, "overlay.mountopt=nodev", &err), 0);
	load(&m, &o, &d);
	assert_string_equal(d.graphroot, "/opt/root");
	assert_string_equal(d.mountopt, "nodev");
	assert_int_equal(d.additional_image_stores.n, 0);
	strv_fini(&o.options);
	machine_set(&m, "CONTAINERS_STORAGE_CONF=/nowhere/x.conf");
	assert_refused(&m, ERR_NOT_FOUND, "CONTAINERS_STORAGE_CONF: there is no file");
}

static void what_is_not_supported_is_refused_with_its_place(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_make(&m, 0);
	machine_file(&m, ETC, "[storage]\ndriver = \"vfs\"\n");
	assert_refused(&m, ERR_UNSUPPORTED,
		       "storage.conf:2: storage.driver: storage driver \"vfs\" is not supported");
	machine_file(&m, ETC, "[storage.options.overlay]\nmount_program = \"/bin/x\"\n");
	assert_refused(&m, ERR_UNSUPPORTED, ":2: storage.options.overlay.mount_program");
	machine_file(&m, ETC, "[storage.options.overlay]\nforce_mask = \"shared\"\n");
	assert_refused(
	    &m, ERR_UNSUPPORTED,
	    ":2: storage.options.overlay.force_mask: force_mask is not supported: only a "
	    "mount program");
	machine_file(&m, ETC, "[storage.options]\nmountopt = \"nodev,nosuid\"\n");
	assert_refused(&m, ERR_UNSUPPORTED,
		       ":2: storage.options.mountopt: mountopt \"nosuid\" is not supported");
	machine_file(&m, ETC, "[storage.options.overlay]\nuse_composefs = \"true\"\n");
	assert_refused(&m, ERR_UNSUPPORTED, "composefs is not built yet");
	machine_file(&m, ETC, "[storage.options]\nadditionallayerstores = [\"/x\"]\n");
	assert_refused(&m, ERR_UNSUPPORTED, ":2: storage.options.additionallayerstores");
	machine_file(&m, ETC, "[storage]\ntransient_store = true\n");
	assert_refused(&m, ERR_UNSUPPORTED, "transient store");
	machine_file(&m, ETC, "[storage]\ngraphroot = 5\n");
	assert_refused(&m, ERR_INVALID, "storage.conf:2: storage.graphroot: expected a string");
	machine_file(&m, ETC, "[storage]\ngraphroot = \"x/y\"\n");
	assert_refused(&m, ERR_INVALID, "\"x/y\" is not an absolute path");
	machine_file(&m, ETC, "[storage\n");
	assert_refused(&m, ERR_INVALID, "storage.conf:1:");
	machine_file(&m, ETC, "[storage.options]\nignore_chown_errors = \"maybe\"\n");
	assert_refused(&m, ERR_INVALID, "\"maybe\" is neither true nor false");
	machine_file(&m, ETC, "");
	machine_set(&m, "STORAGE_OPTS=btrfs.min_space=1");
	assert_refused(&m, ERR_UNSUPPORTED, "is for another driver");
	machine_set(&m, "STORAGE_OPTS=overlay.nope=1");
	assert_refused(&m, ERR_INVALID, "STORAGE_OPTS: unknown option \"nope\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(root_has_its_default_places),
	    cmocka_unit_test(a_user_has_places_of_his_own),
	    cmocka_unit_test(the_first_file_counts_and_drop_ins_come_on_top),
	    cmocka_unit_test(a_user_takes_from_the_system_only_what_is_for_everybody),
	    cmocka_unit_test(a_user_takes_all_but_roots_from_the_file_of_the_environment),
	    cmocka_unit_test(another_root_has_none_of_the_files_driver_options),
	    cmocka_unit_test(environment_and_options_win),
	    cmocka_unit_test(what_is_not_supported_is_refused_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
