/* Making a container. */
#include "containers.h"
#include "names.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/times.h"
#include "container/changes.h"
#include "store/hold.h"
#include "sys/fd.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* So many random names in a row that are all taken mean that something is wrong. */
#define RANDOM_NAME_TRIES 100
#define HOSTNAME_ENV_MAX (CONTAINER_HOSTNAME_MAX + 16)

static int name_taken(const char *name, const char *holder, struct err *err)
{
	return err_set(
	    err, ERR_EXISTS,
	    "creating container storage: the container name \"%s\" is already in use by %s. "
	    "You have to remove that container to be able to reuse that name: that name is "
	    "already in use, or use --replace to have it removed",
	    name, holder);
}

static int claim_random_name(struct containers *cs, const char *id, char **slot, struct err *err)
{
	char name[RANDOM_NAME_MAX], holder[ID_HEX_LEN + 1];
	unsigned i;
	int r;

	for (i = 0; i < RANDOM_NAME_TRIES; i++) {
		r = state_claim_name(&cs->state, random_name(i, name), id, holder, err);
		if (r == 0)
			return str_set(slot, name, err);
		if (r != -ERR_EXISTS)
			return r;
		err_clear(err);
	}
	return err_set(err, ERR_EXISTS, "no free name was found: give one with --name");
}

static int claim_name(struct containers *cs, const char *wanted, const char *id, char **slot,
		      struct err *err)
{
	char holder[ID_HEX_LEN + 1];
	int r;

	if (!wanted)
		return claim_random_name(cs, id, slot, err);
	r = container_name_check(wanted, err);
	if (r < 0)
		return r;
	r = state_claim_name(&cs->state, wanted, id, holder, err);
	if (r == -ERR_EXISTS)
		return name_taken(wanted, holder, err);
	return r < 0 ? r : str_set(slot, wanted, err);
}

static int write_def(const struct container_def *def, int dir, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(CONTAINER_SIZE_MAX);
	int r;

	r = container_def_write(def, &text, err);
	if (r < 0)
		return r;
	/* A container that removes itself does not outlive a power failure anyway (open.c). */
	return file_replace(dir, DEF_FILE, def->auto_remove ? DEF_MODE_UNSYNCED : DEF_MODE,
			    buf_str(&text), text.len, def->auto_remove ? 0 : FILE_SYNC, err);
}

static int make_dirs(int dir, struct err *err)
{
	/* The upper directory's mode is what the container's / shows. */
	if (mkdirat(dir, UPPER_DIR, 0755) < 0 || fchmodat(dir, UPPER_DIR, 0755, 0) < 0)
		return err_sys(err, errno, "creating %s", UPPER_DIR);
	if (mkdirat(dir, WORK_DIR, 0700) < 0)
		return err_sys(err, errno, "creating %s", WORK_DIR);
	return 0;
}

static const char *hostname_env(const struct container_def *def, char out[HOSTNAME_ENV_MAX])
{
	char name[CONTAINER_HOSTNAME_MAX];

	(void)snprintf(out, HOSTNAME_ENV_MAX, "HOSTNAME=%s", container_hostname(def, name));
	return out;
}

int container_own_env(const struct container_def *def, struct strv *ret, struct err *err)
{
	char text[HOSTNAME_ENV_MAX];
	long at;
	int r = strv_copy(ret, &def->process.env, err);

	if (r < 0)
		return r;
	at = strv_find(ret, hostname_env(def, text));
	if (at >= 0)
		strv_remove(ret, (size_t)at);
	return 0;
}

/* HOSTNAME, unless image or user say otherwise. */
static int set_hostname_env(struct container_def *def, struct err *err)
{
	char text[HOSTNAME_ENV_MAX];

	if (strv_env_get(&def->process.env, "HOSTNAME"))
		return 0;
	return strv_env_set(&def->process.env, hostname_env(def, text), err);
}

static int build(struct containers *cs, const struct container_request *rq, struct state_entry *e,
		 struct container_def *def, struct err *err)
{
	struct err ignored = ERR_INIT;
	int r;

	def->created_at = time_now_ns();
	r = str_set(&def->id, e->id, err);
	if (r == 0)
		r = set_hostname_env(def, err);
	if (r == 0)
		r = claim_name(cs, rq->name, e->id, &def->name, err);
	if (r == 0)
		r = make_dirs(e->dir, err);
	if (r == 0)
		r = write_def(def, e->dir, err);
	if (r == 0)
		r = state_commit(&cs->state, e, err);
	/* It is there, whether a power failure could take it away or not. */
	if (r == 0 && !def->auto_remove)
		(void)state_sync(&cs->state, &ignored);
	return r;
}

/* A full disk or a missing right is of the store, whose paths in errors are relative. */
static int name_store(const struct containers *cs, struct err *err)
{
	if (err->code == ERR_SYS)
		return err_wrap(err, "making a container in %s/kist", cs->graphroot);
	return -(int)err->code;
}

int container_create(struct containers *cs, const struct container_request *rq,
		     struct container **ret, struct err *err)
{
	AUTO_CONTAINER_DEF struct container_def def = CONTAINER_DEF_INIT;
	struct state_entry e = STATE_ENTRY_INIT;
	char id[ID_HEX_LEN + 1];
	int r;

	r = container_plan(rq, cs->conf, &def, err);
	if (r < 0)
		return r;
	r = state_begin(&cs->state, &e, err);
	if (r < 0)
		return name_store(cs, err);
	r = build(cs, rq, &e, &def, err);
	if (r < 0) {
		state_abort(&cs->state, &e);
		return name_store(cs, err);
	}
	memcpy(id, e.id, sizeof(id));
	state_entry_close(&e);
	/* Visible first, held second: whoever releases a holder looks in the other order. */
	if (!str_empty(rq->image_id))
		r = store_hold_image(cs->store, rq->image_id, err);
	if (r == 0)
		r = container_open_id(cs, id, ret, err);
	if (r > 0)
		return 0;
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "container %s was removed as it was made", id);
	{
		struct err ignored = ERR_INIT;

		(void)state_remove(&cs->state, id, def.name, &ignored);
	}
	return r;
}
