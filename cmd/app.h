/*
 * app.h - what a verb works with: configuration, store and container state, opened on first use,
 * and the ways to print. One struct app exists; main makes it.
 */
#ifndef CMD_APP_H
#define CMD_APP_H

#include "base/buf.h"
#include "config/auth.h"
#include "config/containers.h"
#include "config/env.h"
#include "config/storage.h"
#include "dispatch.h"
#include "image/image.h"

struct containers;
struct registries;
struct store;

/* What main opens before a verb runs (struct verb, needs). */
enum {
	NEED_CONF = 1 << 0,	  /* conf: containers.conf */
	NEED_STORE = 1 << 1,	  /* store */
	NEED_CONTAINERS = 1 << 2, /* containers; includes conf and store */
	NEED_REGISTRIES = 1 << 3, /* registries */
	NEED_IMAGES = NEED_STORE | NEED_REGISTRIES,
};

struct app {
	const struct program *program;
	const struct invocation *inv;
	struct config_env env;
	struct storage_conf storage;
	struct containers_conf conf;
	struct store *store;
	struct containers *containers;
	struct registries *registries;
	struct auth_options auth;
};

int app_open(struct app *app, const struct program *program, const struct invocation *inv,
	     struct err *err);
void app_close(struct app *app);

/* Where the state of running containers is: below --tmpdir, else below the run root. */
const char *app_state_root(const struct app *app);
/* Opens containers and what they need, for a verb that does not always need them. */
int app_need_containers(struct app *app, struct err *err);

/* For calls of the image module. authfile: --authfile or NULL; events may be NULL. */
struct image_ctx app_image_ctx(struct app *app, const char *authfile,
			       const struct image_events *events);
/* Before containers are started or layers unpacked: says so when this user has no subordinate IDs,
 * so that only one user exists in containers. */
int app_tell_single_id(const struct app *app, struct err *err);
/* argv of this very program with the same store, then the given words; caller releases. */
int app_self_argv(struct app *app, const char *const *words, struct strv *ret, struct err *err);

/* Results go to stdout, in one write. ERR_SYS when it cannot take them. */
int out_text(const char *text, size_t len, struct err *err);
int out_buf(struct buf *b, struct err *err);
int out_line(const char *text, struct err *err);
/* Talk goes to stderr. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "Error: <text>" for one of several operands, while the others go on. */
void say_error(const struct err *err);

/* Ceiling of what one command prints from memory. */
#define OUT_MAX ((size_t)256 << 20)

#define EXIT_ENGINE 125
#define EXIT_CANNOT_INVOKE 126
#define EXIT_NOT_FOUND 127

#endif
