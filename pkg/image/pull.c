/* Pulling: from what was typed to a record in the store. */
#include "downloads.h"
#include "layers.h"
#include "record.h"
#include "remote.h"
#include "trust.h"
#include "base/err.h"
#include "config/registries.h"
#include "spec/digest.h"
#include "spec/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

/* One attempt at one endpoint. */
struct attempt {
	const struct image_ctx *ctx;
	const struct image_pull *pull;
	const struct ref *logical; /* the name the user sees */
	struct registry_session *session;
	struct workers *workers;
	struct registry_manifest own, list;
	bool has_list;
	struct buf config;
};

static void want_platform(const struct image_pull *pull, struct platform *ret)
{
	struct utsname u;

	if (pull->platform) {
		*ret = *pull->platform;
		return;
	}
	(void)uname(&u);
	platform_host(u.machine, ret);
}

/* From an index to the manifest of our platform. */
static int choose_platform(struct attempt *a, struct err *err)
{
	AUTO_INDEX struct index index = {0};
	const struct index_entry *entry;
	struct platform want;
	int r;

	r = index_read(buf_str(&a->list.bytes), a->list.bytes.len, a->list.media_type, &index, err);
	if (r < 0)
		return r;
	want_platform(a->pull, &want);
	r = index_choose(&index, &want, &entry, err);
	return r < 0 ? r : registry_manifest_get(a->session, entry->digest, &a->own, err);
}

static int get_manifest(struct attempt *a, const struct ref *ref, struct err *err)
{
	enum manifest_kind kind = MANIFEST_OCI;
	int r;

	r = registry_manifest_get(a->session, ref->digest ? ref->digest : ref->tag, &a->own, err);
	if (r == 0)
		r = manifest_kind_of(buf_str(&a->own.bytes), a->own.bytes.len, a->own.media_type,
				     &kind, err);
	if (r < 0 || !manifest_is_index(kind))
		return r;
	a->list = a->own;
	a->own = (struct registry_manifest)REGISTRY_MANIFEST_INIT;
	a->has_list = true;
	r = choose_platform(a, err);
	if (r == 0)
		r = manifest_kind_of(buf_str(&a->own.bytes), a->own.bytes.len, a->own.media_type,
				     &kind, err);
	if (r == 0 && manifest_is_index(kind))
		return err_set(err, ERR_UNSUPPORTED,
			       "an image index that names another image index");
	return r;
}

static int get_config(struct attempt *a, const struct manifest *m, struct image_config *ret,
		      struct err *err)
{
	int r;

	r = registry_blob_get(a->session, m->config.digest, &a->config, err);
	if (r == 0)
		r = image_config_read(buf_str(&a->config), a->config.len, ret, err);
	if (r == 0)
		r = image_config_fits(ret, m, err);
	return r;
}

static char *name_to_store(const struct ref *logical)
{
	AUTO_FREE char *repo = NULL;

	if (!logical->digest)
		return ref_string(logical);
	repo = ref_name(logical);
	return repo ? str_fmt("%s@%s", repo, logical->digest) : NULL;
}

static int fetch(struct attempt *a, const struct manifest *m, const struct image_config *config,
		 struct err *err)
{
	struct layer_source from = {.session = a->session};
	struct document own = {&a->own.bytes, a->own.digest};
	struct document list = {&a->list.bytes, a->list.digest};
	AUTO_STRV struct strv names = STRV_INIT;
	struct image_record record = {
	    .m = m,
	    .config = config,
	    .config_text = &a->config,
	    .own = own,
	    .list = a->has_list ? &list : NULL,
	    .names = &names,
	};
	int r = strv_take(&names, name_to_store(a->logical), err);

	return r < 0 ? r : layers_fetch_image(a->ctx, &from, a->workers, &record, err);
}

static int pull_image(struct attempt *a, const struct ref *ref, char ret_id[STORE_ID_LEN + 1],
		      struct err *err)
{
	AUTO_IMAGE_CONFIG struct image_config config = {0};
	AUTO_MANIFEST struct manifest m = {0};
	int r;

	r = get_manifest(a, ref, err);
	if (r == 0)
		r = manifest_read(buf_str(&a->own.bytes), a->own.bytes.len, a->own.media_type, &m,
				  err);
	if (r == 0)
		r = manifest_is_image(&m, err);
	if (r == 0)
		r = get_config(a, &m, &config, err);
	if (r == 0)
		r = fetch(a, &m, &config, err);
	if (r == 0)
		(void)snprintf(ret_id, STORE_ID_LEN + 1, "%s", digest_hex(m.config.digest));
	return r;
}

static int pull_from(const struct image_ctx *ctx, const struct image_pull *pull,
		     const struct ref *logical, const struct endpoint *e, struct workers *workers,
		     char ret_id[STORE_ID_LEN + 1], struct err *err)
{
	AUTO(registry_close_p) struct registry_session *session = NULL;
	struct attempt a = {
	    .ctx = ctx,
	    .pull = pull,
	    .logical = logical,
	    .workers = workers,
	    .own = REGISTRY_MANIFEST_INIT,
	    .list = REGISTRY_MANIFEST_INIT,
	    .config = BUF_INIT(IMAGE_CONFIG_SIZE_MAX),
	};
	int r;

	r = remote_open(ctx, &e->ref, logical, e->insecure, REGISTRY_PULL, &pull->remote, &session,
			err);
	if (r == 0) {
		a.session = session;
		r = pull_image(&a, &e->ref, ret_id, err);
	}
	registry_manifest_fini(&a.own);
	registry_manifest_fini(&a.list);
	buf_fini(&a.config);
	return r;
}

/* All endpoints of one complete name. The first failure that is not a mirror's is what is told. */
static int pull_name(const struct image_ctx *ctx, const struct image_pull *pull, const char *name,
		     struct workers *workers, char ret_id[STORE_ID_LEN + 1], struct err *err)
{
	AUTO_ENDPOINTS struct endpoints ends = {0};
	AUTO_REF struct ref ref = REF_INIT;
	AUTO_FREE char *full = NULL;
	size_t i;
	int r;

	r = ref_parse(name, &ref, err);
	if (r == 0)
		r = ref_add_latest(&ref, err);
	if (r < 0)
		return r;
	ref_drop_tag_of_digest(&ref);
	full = ref_string(&ref);
	if (!full)
		return err_nomem(err);
	tell_trying(ctx, full);
	r = trust_ref(ctx, &ref, err);
	if (r == 0)
		r = registries_pull_endpoints(ctx->registries, &ref, &ends, err);
	if (r < 0)
		return r;
	/* A failure in the middle of the layers ends the workers, and new ones cannot be forked
	 * now. */
	for (i = 0; i < ends.n && workers->n > 0; i++) {
		err_clear(err);
		r = pull_from(ctx, pull, &ref, &ends.v[i], workers, ret_id, err);
		if (r == 0)
			return 0;
	}
	return err_wrap(err, "initializing source docker://%s", full);
}

static int short_candidates(const struct image_ctx *ctx, const char *text, struct strv *names,
			    struct err *err)
{
	AUTO_SHORT_NAMES struct short_names s = {0};
	int r, choice;

	if (!ref_is_short(text))
		return strv_add(names, text, err);
	r = registries_short_pull(ctx->registries, text, &s, err);
	if (r < 0)
		return r;
	choice = s.ask && ctx->events && ctx->events->choose
		     ? ctx->events->choose(ctx->events->arg, &s.names, err)
		     : IMAGE_NO_CHOICE;
	if (choice < 0)
		return choice;
	if (choice != IMAGE_NO_CHOICE)
		return strv_add(names, s.names.v[choice], err);
	if (s.ask && s.mode == SHORT_ENFORCING)
		return err_set(
		    err, ERR_INVALID,
		    "short-name resolution enforced but cannot prompt without a TTY: give %s "
		    "with its registry",
		    text);
	return strv_copy(names, &s.names, err);
}

int image_pull(const struct image_ctx *ctx, const char *text, const struct image_pull *pull,
	       char ret_id[STORE_ID_LEN + 1], struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	AUTO_WORKERS struct workers workers = {.n = 0};
	size_t i;
	int r;

	r = short_candidates(ctx, text, &names, err);
	if (r == 0)
		r = downloads_gc(ctx->store, err);
	/* Before the network is touched: see worker.h. */
	if (r == 0)
		r = workers_start(&workers, WORKERS_MAX, ctx->store, true, err);
	if (r < 0)
		return r;
	for (i = 0; i < names.n && workers.n > 0; i++) {
		err_clear(err);
		r = pull_name(ctx, pull, names.v[i], &workers, ret_id, err);
		if (r == 0)
			return 0;
	}
	return r;
}

int image_remote_names(const struct image_ctx *ctx, const char *text,
		       const struct image_remote *remote, struct strv *ret, struct err *err)
{
	AUTO(registry_close_p) struct registry_session *session = NULL;
	AUTO_STRV struct strv names = STRV_INIT, tags = STRV_INIT;
	AUTO_ENDPOINTS struct endpoints ends = {0};
	AUTO_REF struct ref ref = REF_INIT;
	AUTO_FREE char *repo = NULL;
	size_t i;
	int r;

	r = short_candidates(ctx, text, &names, err);
	if (r == 0)
		r = ref_parse(names.v[0], &ref, err);
	if (r == 0 && (ref.tag || ref.digest))
		r = err_set(err, ERR_INVALID, "%s: all tags are asked for, but one is given", text);
	if (r == 0)
		r = trust_ref(ctx, &ref, err);
	if (r == 0)
		r = registries_pull_endpoints(ctx->registries, &ref, &ends, err);
	if (r == 0)
		r = remote_open(ctx, &ends.v[ends.n - 1].ref, &ref, ends.v[ends.n - 1].insecure,
				REGISTRY_PULL, remote, &session, err);
	if (r == 0)
		r = registry_tags(session, &tags, err);
	if (r < 0)
		return err_wrap(err, "finding the tags of %s", text);
	repo = ref_name(&ref);
	if (!repo)
		return err_nomem(err);
	for (i = 0; r == 0 && i < tags.n; i++)
		r = strv_addf(ret, err, "%s:%s", repo, tags.v[i]);
	return r;
}
