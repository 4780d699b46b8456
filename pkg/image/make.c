/*
 * Making images: a fresh layer (make_layer.c), a configuration with its traces, a manifest.
 */
#include "making.h"
#include "changes.h"
#include "override.h"
#include "record.h"
#include "base/err.h"
#include "base/times.h"
#include "digest/digest.h"
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

/* How often other programs may remove layers under our hands. */
#define ATTEMPTS_MAX 5
/* Of containers whose image says nothing. */
#define DEFAULT_STOP_SIGNAL "SIGTERM"

static void making_init(struct making *k, const struct image_ctx *ctx,
			const struct image_make *make)
{
	*k = (struct making){
	    .ctx = ctx,
	    .make = make,
	    .config_text = BUF_INIT(IMAGE_CONFIG_SIZE_MAX),
	    .manifest = BUF_INIT(MANIFEST_SIZE_MAX),
	    .now = time_now_ns(),
	    .made = MADE_INIT,
	};
}

static void making_fini(struct making *k)
{
	store_image_free(k->parent);
	manifest_fini(&k->m);
	image_config_fini(&k->config);
	buf_fini(&k->config_text);
	buf_fini(&k->manifest);
	store_layer_abort_p(&k->fresh);
	unpack_answer_fini(&k->answer);
	made_fini(&k->made);
}

/* ---- the configuration ---- */

static int fresh_config(struct json_doc *doc, const struct platform *platform, struct err *err)
{
	struct json *root = json_object(doc), *fs = json_object(doc);
	struct platform host;
	struct utsname u;
	int r;

	(void)uname(&u);
	platform_host(u.machine, &host);
	if (!platform)
		platform = &host;
	r = json_set(doc, root, "architecture", json_string(doc, platform->arch), err);
	if (r == 0)
		r = json_set(doc, root, "os", json_string(doc, platform->os), err);
	if (r == 0 && *platform->variant)
		r = json_set(doc, root, "variant", json_string(doc, platform->variant), err);
	if (r == 0)
		r = json_set(doc, fs, "type", json_string(doc, "layers"), err);
	if (r == 0)
		r = json_set(doc, fs, "diff_ids", json_array(doc), err);
	if (r == 0)
		r = json_set(doc, root, "rootfs", fs, err);
	return r < 0 ? r : json_set_root(doc, root, err);
}

static int parent_config(struct making *k, struct json_doc **ret, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(IMAGE_CONFIG_SIZE_MAX);
	char key[SHA256_TEXT];
	int r;

	if (!k->parent) {
		r = json_new(ret, err);
		return r < 0 ? r : fresh_config(*ret, k->make->platform, err);
	}
	(void)snprintf(key, sizeof(key), "sha256:%s", k->parent->id);
	r = store_image_data(k->ctx->store, k->parent, key, &text, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "image %.12s has no configuration",
			       k->parent->id);
	return r < 0 ? r : json_parse(buf_str(&text), text.len, 0, "image config", ret, err);
}

static int set_list(struct json_doc *doc, struct json *c, const char *name, const struct strv *list,
		    struct err *err)
{
	return config_set(doc, c, name, list->n ? json_strv(doc, list) : json_null(doc), err);
}

static int set_process(struct json_doc *doc, struct json *c, const struct image_process *p,
		       struct err *err)
{
	int r;

	r = set_list(doc, c, "Env", &p->env, err);
	if (r == 0)
		r = set_list(doc, c, "Entrypoint", &p->entrypoint, err);
	if (r == 0)
		r = set_list(doc, c, "Cmd", &p->cmd, err);
	if (r == 0)
		r = config_set(doc, c, "User", json_string(doc, p->user ? p->user : ""), err);
	if (r == 0)
		r = config_set(doc, c, "WorkingDir", json_string(doc, p->working_dir), err);
	if (r == 0 && p->stop_signal &&
	    (json_get(c, "StopSignal") || !streq(p->stop_signal, DEFAULT_STOP_SIGNAL)))
		r = config_set(doc, c, "StopSignal", json_string(doc, p->stop_signal), err);
	if (r == 0 && p->labels.n > 0)
		r = config_set(doc, c, "Labels", config_map(doc, &p->labels, err), err);
	return r;
}

/* A single layer has one line of history. */
static int forget_layers(struct json_doc *doc, struct json *root, struct err *err)
{
	struct json *fs = config_member(doc, root, "rootfs", JSON_OBJECT, err);
	int r = !fs ? -(int)err->code : json_set(doc, fs, "diff_ids", json_array(doc), err);

	return r < 0 ? r : config_set(doc, root, "history", json_array(doc), err);
}

static int add_volumes(struct json_doc *doc, struct json *c, const struct strv *paths,
		       struct err *err)
{
	struct json *all = config_member(doc, c, "Volumes", JSON_OBJECT, err);
	size_t i;
	int r = all ? 0 : -(int)err->code;

	for (i = 0; r == 0 && i < paths->n; i++)
		r = json_set(doc, all, paths->v[i], json_object(doc), err);
	return r;
}

/* What the container runs, then what the user says: the last word counts. */
static int change_config(struct making *k, struct json_doc *doc, struct json *c, struct err *err)
{
	const struct image_make *mk = k->make;
	size_t i;
	int r = 0;

	if (mk->process)
		r = set_process(doc, c, mk->process, err);
	if (r == 0 && mk->volumes && mk->volumes->n > 0)
		r = add_volumes(doc, c, mk->volumes, err);
	if (r == 0 && mk->override.ptr)
		r = override_apply(doc, c, mk->override, err);
	for (i = 0; r == 0 && mk->changes && i < mk->changes->n; i++)
		r = change_apply(doc, c, mk->changes->v[i], err);
	return r;
}

static int add_history(struct making *k, struct json_doc *doc, struct json *root, struct err *err)
{
	const struct image_make *mk = k->make;
	struct json *h = json_object(doc);
	int r;

	r = json_set(doc, h, "created", json_time(doc, k->now), err);
	if (r == 0 && mk->created_by)
		r = json_set(doc, h, "created_by", json_string(doc, mk->created_by), err);
	if (r == 0 && mk->author)
		r = json_set(doc, h, "author", json_string(doc, mk->author), err);
	if (r == 0 && mk->comment)
		r = json_set(doc, h, "comment", json_string(doc, mk->comment), err);
	return r < 0 ? r
		     : json_append(config_member(doc, root, "history", JSON_ARRAY, err), h, err);
}

static int make_config(struct making *k, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	struct json *root, *c;
	int r;

	r = parent_config(k, &doc, err);
	if (r < 0)
		return r;
	root = json_root(doc);
	if (k->make->whole)
		r = forget_layers(doc, root, err);
	if (r == 0)
		r = config_set(doc, root, "created", json_time(doc, k->now), err);
	if (r == 0 && k->make->author)
		r = config_set(doc, root, "author", json_string(doc, k->make->author), err);
	if (r == 0 && k->make->docker && k->make->message)
		r = config_set(doc, root, "comment", json_string(doc, k->make->message), err);
	c = r < 0 ? NULL : config_member(doc, root, "config", JSON_OBJECT, err);
	if (r == 0 && !c)
		return -(int)err->code;
	if (r == 0)
		r = change_config(k, doc, c, err);
	if (r == 0)
		r = json_append(json_get(json_get(root, "rootfs"), "diff_ids"),
				json_string(doc, k->diff_id), err);
	if (r == 0)
		r = add_history(k, doc, root, err);
	if (r < 0)
		return r;
	json_dump(root, 0, &k->config_text);
	r = buf_check(&k->config_text, "the configuration", err);
	return r < 0 ? r
		     : image_config_read(buf_str(&k->config_text), k->config_text.len, &k->config,
					 err);
}

/* ---- the manifest ---- */

static int parent_layers(struct making *k, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(MANIFEST_SIZE_MAX);
	int r;

	if (!k->parent || k->make->whole)
		return 0;
	r = store_image_data(k->ctx->store, k->parent, "manifest", &text, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "image %.12s has no manifest", k->parent->id);
	return r < 0 ? r : manifest_read(buf_str(&text), text.len, NULL, &k->m, err);
}

/* Layers of the parent keep their blobs, named as the new kind names them. */
static int translate_layers(struct making *k, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < k->m.n_layers; i++) {
		struct descriptor *d = &k->m.layers[i];
		const char *type = layer_media_type(k->m.kind, layer_compression_of(d->media_type));

		if (!type)
			return err_set(err, ERR_UNSUPPORTED,
				       "docker's format has no zstd layers: commit with -f oci");
		r = str_set(&d->media_type, type, err);
	}
	return r;
}

static int add_layer(struct making *k, struct err *err)
{
	struct descriptor *more = realloc(k->m.layers, (k->m.n_layers + 1) * sizeof(*k->m.layers)),
			  *d;
	int r;

	if (!more)
		return err_nomem(err);
	k->m.layers = more;
	d = &more[k->m.n_layers++];
	*d = (struct descriptor){.size = (int64_t)k->answer.diff_size};
	r = str_set(&d->digest, k->diff_id, err);
	return r < 0 ? r : str_set(&d->media_type, layer_media_type(k->m.kind, LAYER_PLAIN), err);
}

static int digest_of(const struct buf *b, char out[SHA256_TEXT_MAX], struct err *err)
{
	uint8_t raw[SHA256_LEN];
	int r = sha256_once(buf_str(b), b->len, raw, err);

	if (r == 0)
		(void)sha256_text(raw, out);
	return r;
}

static int make_manifest(struct making *k, struct err *err)
{
	const char *type = k->make->docker ? MEDIA_DOCKER_CONFIG : MEDIA_OCI_CONFIG;
	char digest[SHA256_TEXT_MAX];
	int r;

	r = parent_layers(k, err);
	k->m.kind = k->make->docker ? MANIFEST_DOCKER : MANIFEST_OCI;
	if (r == 0)
		r = translate_layers(k, err);
	if (r == 0)
		r = add_layer(k, err);
	if (r == 0)
		r = digest_of(&k->config_text, digest, err);
	if (r == 0)
		r = str_set(&k->m.config.digest, digest, err);
	if (r == 0)
		r = str_set(&k->m.config.media_type, type, err);
	k->m.config.size = (int64_t)k->config_text.len;
	if (r == 0)
		r = image_config_fits(&k->config, &k->m, err);
	return r < 0 ? r : manifest_write(&k->m, &k->manifest, err);
}

/* A layer that was there goes with the last image that has it: then ours takes its place. */
static int record(struct making *k, const struct image_record *rec, struct err *err)
{
	int i, r = 0;

	for (i = 0; i < ATTEMPTS_MAX; i++) {
		err_clear(err);
		r = making_place(k, err);
		if (r < 0)
			break;
		r = image_record(k->ctx, rec, err);
		if (r != -ERR_NOT_FOUND)
			break;
	}
	return r;
}

static int finish(struct making *k, char ret_id[STORE_ID_LEN + 1], struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	char digest[SHA256_TEXT_MAX], *name = NULL;
	struct image_record rec = {
	    .m = &k->m,
	    .config = &k->config,
	    .config_text = &k->config_text,
	    .own = {&k->manifest, digest},
	    .names = &names,
	    .top = k->top,
	};
	int r;

	r = make_config(k, err);
	if (r == 0)
		r = make_manifest(k, err);
	if (r == 0)
		r = digest_of(&k->manifest, digest, err);
	if (r == 0 && k->make->name)
		r = image_local_name(k->make->name, &name, err);
	if (r == 0 && name)
		r = strv_take(&names, name, err);
	if (r == 0)
		r = record(k, &rec, err);
	if (r < 0)
		made_give_back(k->ctx, &k->made, err);
	else
		(void)snprintf(ret_id, STORE_ID_LEN + 1, "%s", digest_hex(k->m.config.digest));
	return r;
}

/* What is wrong with the words is told before any work is done. */
static int check(const struct image_make *make, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	AUTO_FREE char *name = NULL;
	struct json *c;
	size_t i;
	int r;

	r = json_new(&doc, err);
	c = r < 0 ? NULL : json_object(doc);
	if (r == 0 && make->override.ptr)
		r = override_apply(doc, c, make->override, err);
	for (i = 0; r == 0 && make->changes && i < make->changes->n; i++)
		r = change_apply(doc, c, make->changes->v[i], err);
	if (r == 0 && make->name)
		r = image_local_name(make->name, &name, err);
	return r;
}

int image_import(const struct image_ctx *ctx, int fd, const struct image_make *make,
		 char ret_id[STORE_ID_LEN + 1], struct err *err)
{
	AUTO_WORKERS struct workers workers = {.n = 0};
	AUTO(making_fini) struct making k;
	int r;

	making_init(&k, ctx, make);
	r = check(make, err);
	if (r == 0)
		r = workers_start(&workers, 1, ctx->store, true, err);
	if (r == 0)
		r = making_unpack(&k, &workers.v[0], fd, err);
	workers_stop(&workers);
	return r < 0 ? r : finish(&k, ret_id, err);
}

static int commit_once(const struct image_ctx *ctx, int upper, const struct image_make *make,
		       char ret_id[STORE_ID_LEN + 1], bool *lost, struct err *err)
{
	AUTO_WORKERS struct workers workers = {.n = 0};
	AUTO(making_fini) struct making k;
	int r;

	making_init(&k, ctx, make);
	r = check(make, err);
	if (r == 0)
		r = image_get(ctx, make->parent, &k.parent, NULL, err);
	if (r == 0)
		r = workers_start(&workers, 1, ctx->store, true, err);
	if (r == 0)
		r = making_pack(&k, &workers.v[0], upper, err);
	workers_stop(&workers);
	if (r == 0)
		r = finish(&k, ret_id, err);
	*lost = k.lost;
	return r;
}

int image_commit(const struct image_ctx *ctx, int upper, const struct image_make *make,
		 char ret_id[STORE_ID_LEN + 1], struct err *err)
{
	bool lost = true;
	int i, r = 0;

	for (i = 0; lost && i < ATTEMPTS_MAX; i++) {
		err_clear(err);
		r = commit_once(ctx, upper, make, ret_id, &lost, err);
	}
	return r;
}
