#include "app.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/log.h"
#include "config/registries.h"
#include "container/container.h"
#include "container/remove.h"
#include "credhelper.h"
#include "store/store.h"
#include "sys/fd.h"
#include "sys/idmap.h"
#include "sys/userns.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static void open_env(struct app *app)
{
	const struct passwd *pw = NULL;

	/* The user database is only asked when HOME does not say it. */
	if (!getenv("HOME"))
		pw = getpwuid(getuid());
	config_env_init(&app->env, getuid(), (const char *const *)environ, pw ? pw->pw_dir : NULL);
	app->env.rootless = getuid() != 0 || !userns_is_initial();
}

static int open_storage_conf(struct app *app, struct err *err)
{
	const struct globals *g = &app->inv->globals;
	struct storage_options o = {
	    .root = g->root,
	    .runroot = g->runroot,
	    .driver = g->storage_driver,
	    .imagestore = g->imagestore,
	    .options = g->storage_opt,
	};

	return storage_conf_load(&app->env, &o, &app->storage, err);
}

static int open_store(struct app *app, struct err *err)
{
	struct err e = ERR_INIT;
	struct store_options o;
	int r = open_storage_conf(app, err);

	if (r < 0)
		return r;
	o = (struct store_options){
	    .graphroot = app->storage.graphroot,
	    .runroot = app->storage.runroot,
	    .driver = app->storage.driver,
	    .driver_given = app->storage.driver_given,
	    .additional = &app->storage.additional_image_stores,
	    .imagestore = app->storage.imagestore,
	    .rootless = app->env.rootless,
	    .ignore_chown_errors = app->storage.ignore_chown_errors,
	    .remove_tree = app->env.rootless ? remove_tree_of_subids : NULL,
	};
	r = store_open(&o, STORE_CREATE, &app->store, err);
	/* What a killed command left is the next one's first work; one listing when there is none.
	 * That it cannot be done now is no reason to do nothing at all. */
	if (r == 0 && store_gc(app->store, &e) < 0)
		say("Warning: %s", e.text);
	return r;
}

const char *app_state_root(const struct app *app)
{
	const char *tmpdir = app->inv->globals.tmpdir;

	return tmpdir ? tmpdir : app->storage.runroot;
}

static int open_containers(struct app *app, struct err *err)
{
	struct err e = ERR_INIT;
	struct containers_options o = {
	    .store = app->store,
	    .conf = &app->conf,
	    .graphroot = app->storage.graphroot,
	    .runroot = app_state_root(app),
	    .cgroup_manager = app->inv->globals.cgroup_manager,
	    .no_volatile = app->storage.disable_volatile,
	};
	int r;

	r = containers_open(&o, &app->containers, err);
	if (r == 0 && containers_gc(app->containers, &e) < 0)
		say("Warning: %s", e.text);
	return r;
}

static int check_globals(const struct globals *g, struct err *err)
{
	int level;

	if (g->log_level) {
		level = log_level_parse(g->log_level);
		if (level < 0)
			return err_set(err, ERR_INVALID,
				       "--log-level %s: use debug, info, warn, error or fatal",
				       g->log_level);
		log_set_level((enum log_level)level);
	}
	if (g->tmpdir && *g->tmpdir != '/')
		return err_set(err, ERR_INVALID, "--tmpdir %s: want an absolute path", g->tmpdir);
	if (g->cgroup_manager && !streq(g->cgroup_manager, "cgroupfs"))
		return err_set(err, ERR_UNSUPPORTED, "--cgroup-manager %s: only cgroupfs is built",
			       g->cgroup_manager);
	return 0;
}

int app_need_containers(struct app *app, struct err *err)
{
	int r;

	if (app->containers)
		return 0;
	r = containers_conf_load(&app->env, &app->conf, err);
	return r < 0 ? r : open_containers(app, err);
}

int app_open(struct app *app, const struct program *program, const struct invocation *inv,
	     struct err *err)
{
	unsigned needs = inv->verb->needs;
	int r;

	app->program = program;
	app->inv = inv;
	open_env(app);
	app->auth.helper = credhelper_run;
	r = check_globals(&inv->globals, err);
	if (r == 0 && (needs & (NEED_CONF | NEED_CONTAINERS)))
		r = containers_conf_load(&app->env, &app->conf, err);
	if (r == 0 && (needs & (NEED_STORE | NEED_CONTAINERS)))
		r = open_store(app, err);
	if (r == 0 && (needs & NEED_CONTAINERS))
		r = open_containers(app, err);
	if (r == 0 && (needs & NEED_REGISTRIES))
		r = registries_load(&app->env, NULL, NULL, &app->registries, err);
	return r;
}

void app_close(struct app *app)
{
	containers_close(app->containers);
	store_close(app->store);
	registries_free(app->registries);
	containers_conf_fini(&app->conf);
	storage_conf_fini(&app->storage);
}

struct image_ctx app_image_ctx(struct app *app, const char *authfile,
			       const struct image_events *events)
{
	app->auth.authfile = authfile;
	return (struct image_ctx){
	    .store = app->store,
	    .env = &app->env,
	    .registries = app->registries,
	    .auth = &app->auth,
	    .events = events,
	};
}

int app_tell_single_id(const struct app *app, struct err *err)
{
	struct idmaps maps;
	int r;

	if (!app->env.rootless)
		return 0;
	r = idmap_load(getuid(), getgid(), &maps, err);
	if (r == 0)
		say("Warning: no subordinate IDs for uid %u in /etc/subuid and /etc/subgid: "
		    "containers "
		    "have one user only (an administrator adds a range with usermod --add-subuids)",
		    (unsigned)getuid());
	return r < 0 ? r : 0;
}

/* What --root would switch off again. */
static int add_other_stores(const struct app *app, struct strv *ret, struct err *err)
{
	const struct strv *more = &app->storage.additional_image_stores;
	size_t i;
	int r = 0;

	if (app->storage.imagestore)
		r = strv_addf(ret, err, "--imagestore=%s", app->storage.imagestore);
	for (i = 0; r == 0 && i < more->n; i++)
		r = strv_addf(ret, err, "--storage-opt=additionalimagestore=%s", more->v[i]);
	return r;
}

int app_self_argv(struct app *app, const char *const *words, struct strv *ret, struct err *err)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *const store[] = {
	    "--root",	app->storage.graphroot, "--runroot",	    app->storage.runroot,
	    "--tmpdir", app_state_root(app),	"--storage-driver", "overlay"};
	size_t i;
	int r;

	if (n < 0)
		return err_sys(err, errno, "finding our own program");
	self[n] = '\0';
	r = strv_add(ret, self, err);
	for (i = 0; r == 0 && i < ARRAY_LEN(store); i++)
		r = strv_add(ret, store[i], err);
	if (r == 0)
		r = add_other_stores(app, ret, err);
	for (; r == 0 && *words; words++)
		r = strv_add(ret, *words, err);
	return r;
}

int out_text(const char *text, size_t len, struct err *err)
{
	return fd_write_all(STDOUT_FILENO, text, len, "standard output", err);
}

/* Images, registries and containers choose names, commands and messages: what would steer the
 * terminal (C0, DEL, and C1 in UTF-8) becomes question marks. */
static void make_harmless(struct buf *b)
{
	size_t i;

	for (i = 0; i < b->len; i++) {
		unsigned char c = (unsigned char)b->ptr[i];

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			b->ptr[i] = '?';
		else if (c == 0xc2 && i + 1 < b->len &&
			 ((unsigned char)b->ptr[i + 1] & 0xe0) == 0x80)
			b->ptr[i] = b->ptr[i + 1] = '?';
	}
}

int out_buf(struct buf *b, struct err *err)
{
	int r = buf_check(b, "the output", err);

	/* Programs that read it get it as it is. */
	if (r == 0 && isatty(STDOUT_FILENO))
		make_harmless(b);
	return r < 0 ? r : out_text(buf_str(b), b->len, err);
}

int out_line(const char *text, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(OUT_MAX);

	buf_adds(&b, text);
	buf_addc(&b, '\n');
	return out_buf(&b, err);
}

void say(const char *fmt, ...)
{
	AUTO_BUF struct buf b = BUF_INIT(OUT_MAX);
	struct err ignored = ERR_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	make_harmless(&b);
	buf_addc(&b, '\n');
	/* There is nobody left to tell when stderr is gone. */
	(void)fd_write_all(STDERR_FILENO, buf_str(&b), b.len, "standard error", &ignored);
}

void say_error(const struct err *err)
{
	say("Error: %s", err->text);
}
