/* test_dir.h - a machine of files below a temporary directory, for the tests of pkg/config. */
#ifndef PKG_CONFIG_TEST_DIR_H
#define PKG_CONFIG_TEST_DIR_H

#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "config/env.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

struct machine {
	char dir[64]; /* prefix of the system's files */
	char *home;   /* <dir>/home */
	struct strv vars;
	struct config_env env;
};

static inline void machine_env(struct machine *m)
{
	m->env.vars = (const char *const *)m->vars.v;
}

static inline void machine_set(struct machine *m, const char *assignment)
{
	struct err err = ERR_INIT;

	assert_int_equal(strv_env_set(&m->vars, assignment, &err), 0);
	machine_env(m);
}

/* NAME=<dir><path> */
static inline void machine_set_path(struct machine *m, const char *name, const char *path)
{
	AUTO_FREE char *text = str_fmt("%s=%s%s", name, m->dir, path);

	machine_set(m, text);
}

static inline void machine_make(struct machine *m, unsigned uid)
{
	*m = (struct machine){.dir = "/tmp/kist-test-XXXXXX"};
	assert_non_null(mkdtemp(m->dir));
	m->home = str_fmt("%s/home", m->dir);
	machine_set_path(m, "HOME", "/home");
	config_env_init(&m->env, uid, (const char *const *)m->vars.v, NULL);
	m->env.prefix = m->dir;
}

static inline void machine_end(struct machine *m)
{
	struct err err = ERR_INIT;

	(void)tree_remove(AT_FDCWD, m->dir, &err);
	free(m->home);
	strv_fini(&m->vars);
}
#define AUTO_MACHINE __attribute__((cleanup(machine_end)))

/* Writes <dir><path>, making its directories. */
static inline void machine_file(const struct machine *m, const char *path, const char *text)
{
	AUTO_FREE char *full = str_fmt("%s%s", m->dir, path);
	char *slash = strrchr(full, '/');
	struct err err = ERR_INIT;
	AUTO_CLOSE int dir = -1;

	*slash = '\0';
	if (dir_ensure(AT_FDCWD, full, 0755, &dir, &err) < 0 ||
	    file_replace(dir, slash + 1, 0644, text, strlen(text), 0, &err) < 0)
		fail_msg("%s", err.text);
}

/* Is s = <dir> + path? */
static inline void assert_path(const struct machine *m, const char *s, const char *path)
{
	AUTO_FREE char *full = str_fmt("%s%s", m->dir, path);

	assert_string_equal(s, full);
}

static inline void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" has no \"%s\"", text, part);
}

#endif
