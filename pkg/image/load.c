/* Loading: images of an archive go the way of pulled ones. OCI layouts: load_oci.c,
 * docker's archives: load_docker.c. */
#include "load.h"
#include "record.h"
#include "remote.h"
#include "trust.h"
#include "base/err.h"
#include "spec/digest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

void incoming_init(struct incoming *in, struct load *l, const char *blobs)
{
	*in = (struct incoming){
	    .l = l,
	    .blobs = blobs,
	    .own = BUF_INIT(MANIFEST_SIZE_MAX),
	    .list = BUF_INIT(MANIFEST_SIZE_MAX),
	    .config_text = BUF_INIT(IMAGE_CONFIG_SIZE_MAX),
	};
}

void incoming_fini(struct incoming *in)
{
	manifest_fini(&in->m);
	image_config_fini(&in->config);
	buf_fini(&in->own);
	buf_fini(&in->list);
	buf_fini(&in->config_text);
	strv_fini(&in->names);
}

const char *incoming_blob(const struct incoming *in, const char *digest, char out[BLOB_PATH_MAX])
{
	(void)snprintf(out, BLOB_PATH_MAX, "%s%s", in->blobs, digest_hex(digest));
	return out;
}

int incoming_digest(const struct buf *b, char out[SHA256_TEXT_MAX], struct err *err)
{
	uint8_t raw[SHA256_LEN];
	int r = sha256_once(buf_str(b), b->len, raw, err);

	if (r == 0)
		(void)sha256_text(raw, out);
	return r;
}

static int locate(void *arg, size_t index, struct blob_at *ret, struct err *err)
{
	const struct incoming *in = arg;
	const struct descriptor *d = &in->m.layers[index];
	char path[BLOB_PATH_MAX];
	const char *name;
	int r;

	name = in->docker ? in->docker->layers.v[index] : incoming_blob(in, d->digest, path);
	r = archive_find(in->l->a, name, ret, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "%s: %s is missing", in->l->what, name);
	if (r < 0)
		return r;
	if (ret->size > 0 && (in->docker || ret->size == (uint64_t)d->size))
		return 0;
	(void)close(ret->fd);
	return err_set(err, ERR_CORRUPT, "%s: %s has %llu bytes", in->l->what, name,
		       (unsigned long long)ret->size);
}

static int add_result(struct incoming *in, struct err *err)
{
	size_t i;
	int r = 0;

	(void)snprintf(in->l->id, sizeof(in->l->id), "%s", digest_hex(in->m.config.digest));
	if (in->names.n == 0)
		return strv_add(in->l->done, in->m.config.digest, err);
	for (i = 0; r == 0 && i < in->names.n; i++)
		r = strv_add(in->l->done, in->names.v[i], err);
	return r;
}

int incoming_fetch(struct incoming *in, int (*complete)(void *arg, struct err *err),
		   struct err *err)
{
	struct layer_source from = {
	    .locate = locate,
	    .complete = complete,
	    .arg = in,
	    .check_digest = !in->docker,
	    .plain_names = in->docker,
	};
	struct document list = {&in->list, in->list_digest};
	struct image_record rec = {
	    .m = &in->m,
	    .config = &in->config,
	    .config_text = &in->config_text,
	    .own = {&in->own, in->own_digest},
	    .list = in->has_list ? &list : NULL,
	    .names = &in->names,
	};
	int r;

	r = layers_fetch_image(in->l->ctx, &from, &in->l->workers, &rec, err);
	return r < 0 ? r : add_result(in, err);
}

int incoming_name(struct incoming *in, const char *text, struct err *err)
{
	struct err ignored = ERR_INIT;
	char *full = NULL;

	if (image_local_name(text, &full, &ignored) < 0)
		return 0;
	return strv_take(&in->names, full, err);
}

int incoming_load(struct incoming *in, const char *media_type, struct err *err)
{
	char path[BLOB_PATH_MAX];
	int r;

	r = manifest_read(buf_str(&in->own), in->own.len, media_type, &in->m, err);
	if (r == 0)
		r = manifest_is_image(&in->m, err);
	if (r == 0)
		r = archive_get(in->l->a, incoming_blob(in, in->m.config.digest, path),
				in->m.config.digest, &in->config_text, err);
	if (r == 0)
		r = image_config_read(buf_str(&in->config_text), in->config_text.len, &in->config,
				      err);
	if (r == 0)
		r = image_config_fits(&in->config, &in->m, err);
	if (r == 0)
		r = incoming_fetch(in, NULL, err);
	return r;
}

static int load_dir(struct load *l, struct err *err)
{
	AUTO(incoming_fini) struct incoming in;
	int r;

	incoming_init(&in, l, "");
	r = archive_get(l->a, "manifest.json", NULL, &in.own, err);
	if (r == 0)
		r = incoming_digest(&in.own, in.own_digest, err);
	return r < 0 ? r : incoming_load(&in, NULL, err);
}

static int find_format(const struct load *l, enum save_format *ret, struct err *err)
{
	bool dir = archive_is_dir(l->a);

	if (archive_has(l->a, "oci-layout") && archive_has(l->a, "index.json")) {
		*ret = dir ? SAVE_OCI_DIR : SAVE_OCI_ARCHIVE;
		return 0;
	}
	if (!archive_has(l->a, "manifest.json"))
		return err_set(err, ERR_INVALID,
			       "neither a docker archive nor an OCI layout (a container's file "
			       "system is taken in by: kist import)");
	*ret = dir ? SAVE_DOCKER_DIR : SAVE_DOCKER_ARCHIVE;
	return 0;
}

static int load_format(struct load *l, enum save_format format, struct err *err)
{
	switch (format) {
	case SAVE_OCI_DIR:
	case SAVE_OCI_ARCHIVE:
		return load_oci(l, err);
	case SAVE_DOCKER_DIR:
		return load_dir(l, err);
	case SAVE_DOCKER_ARCHIVE:
		break;
	}
	return load_docker(l, err);
}

static int load_all(struct load *l, int fd, struct err *err)
{
	enum save_format format = l->pick ? l->pick->format : SAVE_DOCKER_ARCHIVE;
	int r;

	r = l->pick ? 0 : find_format(l, &format, err);
	if (r == 0)
		r = trust_archive(l->ctx, format, fd, err);
	if (r == 0)
		r = workers_start(&l->workers, WORKERS_MAX, l->ctx->store, true, err);
	if (r == 0)
		r = load_format(l, format, err);
	workers_stop(&l->workers);
	return r;
}

/* Who says what it is does not want it to be anything else. */
static int check_kind(const struct load *l, int fd, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "%s", l->what);
	if (S_ISDIR(st.st_mode) == save_is_dir(l->pick->format))
		return 0;
	return err_set(err, ERR_INVALID, "%s: %s directory", l->what,
		       S_ISDIR(st.st_mode) ? "a" : "not a");
}

static int open_and_load(struct load *l, int fd, struct err *err)
{
	AUTO(archive_close_p) struct archive *a = NULL;
	int r = l->pick ? check_kind(l, fd, err) : 0;

	r = r < 0 ? r : archive_open(l->ctx->store, fd, l->what, &a, err);
	if (r < 0)
		return r;
	l->a = a;
	r = load_all(l, fd, err);
	return r < 0 ? err_wrap(err, "loading %s", l->what) : 0;
}

int image_load(const struct image_ctx *ctx, int fd, const char *what, struct strv *ret_names,
	       struct err *err)
{
	struct load l = {.ctx = ctx, .what = what, .done = ret_names};

	return open_and_load(&l, fd, err);
}

int image_load_one(const struct image_ctx *ctx, int fd, const char *what,
		   const struct image_pick *pick, struct strv *ret_names,
		   char ret_id[STORE_ID_LEN + 1], struct err *err)
{
	struct load l = {.ctx = ctx, .what = what, .done = ret_names, .pick = pick};
	int r = open_and_load(&l, fd, err);

	if (r == 0)
		(void)snprintf(ret_id, STORE_ID_LEN + 1, "%s", l.id);
	return r;
}
