#include "image_filter.h"
#include "image_row.h"
#include "opt.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/times.h"
#include "spec/image.h"
#include "spec/labels.h"

#include <fnmatch.h>
#include <stdlib.h>

enum kind { VALUE, FLAG, CONTAINERS, IMAGE_TIME, TIME, DIGEST };

struct subject {
	struct app *app;
	const struct store_image *image;
	const struct inventory *inv;
	size_t i;
};

typedef int match_fn(const struct subject *s, const struct image_filter_one *f, struct err *err);

static int match_before(const struct subject *s, const struct image_filter_one *f, struct err *err)
{
	(void)err;
	return s->image->created < f->time;
}

static int match_since(const struct subject *s, const struct image_filter_one *f, struct err *err)
{
	(void)err;
	return s->image->created > f->time;
}

static int match_containers(const struct subject *s, const struct image_filter_one *f,
			    struct err *err)
{
	(void)err;
	return (s->inv->users[s->i] > 0) == f->flag;
}

static int match_dangling(const struct subject *s, const struct image_filter_one *f,
			  struct err *err)
{
	bool dangling = s->image->names.n == 0 && !inventory_has_child(s->inv, s->i, NULL);

	(void)err;
	return dangling == f->flag;
}

static int match_intermediate(const struct subject *s, const struct image_filter_one *f,
			      struct err *err)
{
	bool inner = s->image->names.n == 0 && inventory_has_child(s->inv, s->i, NULL);

	(void)err;
	return inner == f->flag;
}

static int match_id(const struct subject *s, const struct image_filter_one *f, struct err *err)
{
	const char *hex = str_after(f->value, "sha256:");

	(void)err;
	return str_starts(s->image->id, hex ? hex : f->value);
}

static int match_digest(const struct subject *s, const struct image_filter_one *f, struct err *err)
{
	size_t i;

	(void)err;
	if (s->image->digest && str_starts(s->image->digest, f->value))
		return 1;
	for (i = 0; i < s->image->digests.n; i++)
		if (str_starts(s->image->digests.v[i], f->value))
			return 1;
	return 0;
}

static int match_label(const struct subject *s, const struct image_filter_one *f, struct err *err)
{
	AUTO_IMAGE_CONFIG struct image_config config = {0};
	struct image_ctx ctx = app_image_ctx(s->app, NULL, NULL);
	int r = image_read_config(&ctx, s->image, &config, err);

	return r < 0 ? r : labels_match(&config.config.labels, f->value);
}

/* A manifest list in the store has no layer of its own. */
static int match_manifest(const struct subject *s, const struct image_filter_one *f,
			  struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(MANIFEST_SIZE_MAX);
	enum manifest_kind kind = MANIFEST_OCI;
	bool list = false;
	int r = 0;

	if (!s->image->layer)
		r = store_image_data(s->app->store, s->image, "manifest", &text, err);
	if (r > 0) {
		r = manifest_kind_of(buf_str(&text), text.len, NULL, &kind, err);
		list = r >= 0 && manifest_is_index(kind);
	}
	return r < 0 ? r : list == f->flag;
}

static int match_read_only(const struct subject *s, const struct image_filter_one *f,
			   struct err *err)
{
	(void)err;
	return s->image->read_only == f->flag;
}

/* As podman: the name with and without its host, its tag, and its path; * ends at a slash. */
static int matches_name(const char *name, const char *pattern, struct err *err)
{
	AUTO_FREE char *repository = NULL, *tag = NULL;
	const char *path, *part, *forms[6];
	size_t i;
	int r = image_split_name(name, &repository, &tag, err);

	if (r < 0)
		return r;
	path = strchr(name, '/');
	part = strrchr(name, '/');
	forms[0] = name;
	forms[1] = path ? path + 1 : name;
	forms[2] = part ? part + 1 : name;
	path = strchr(repository, '/');
	part = strrchr(repository, '/');
	forms[3] = repository;
	forms[4] = path ? path + 1 : repository;
	forms[5] = part ? part + 1 : repository;
	for (i = 0; i < ARRAY_LEN(forms); i++)
		if (fnmatch(pattern, forms[i], FNM_PATHNAME) == 0)
			return 1;
	return 0;
}

static int match_reference(const struct subject *s, const struct image_filter_one *f,
			   struct err *err)
{
	AUTO(store_image_free_p) struct store_image *found = NULL;
	struct image_ctx ctx = app_image_ctx(s->app, NULL, NULL);
	struct err ignored = ERR_INIT;
	size_t i;
	int r = 0;

	/* A pattern is no reference; that is no error. */
	if (image_find(&ctx, f->value, &found, NULL, &ignored) > 0 && found &&
	    streq(found->id, s->image->id))
		return 1;
	for (i = 0; r == 0 && i < s->image->names.n; i++)
		r = matches_name(s->image->names.v[i], f->value, err);
	return r;
}

static const struct {
	const char *key;
	enum kind kind;
	bool inventory;
	match_fn *match;
} keys[] = {
    {"reference", VALUE, false, match_reference},
    {"after", IMAGE_TIME, false, match_since},
    {"before", IMAGE_TIME, false, match_before},
    {"containers", CONTAINERS, true, match_containers},
    {"dangling", FLAG, true, match_dangling},
    {"digest", DIGEST, false, match_digest},
    {"id", VALUE, false, match_id},
    {"intermediate", FLAG, true, match_intermediate},
    {"label", VALUE, false, match_label},
    {"manifest", FLAG, false, match_manifest},
    {"readonly", FLAG, false, match_read_only},
    {"since", IMAGE_TIME, false, match_since},
    {"until", TIME, false, match_before},
};

#define REFERENCE 0

/* ---- reading ---- */

void image_filter_fini(struct image_filter *f)
{
	free(f->v);
	*f = (struct image_filter){0};
}

static int unknown(const char *text, struct err *err)
{
	AUTO_BUF struct buf known = BUF_INIT(1024);
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++)
		buf_addf(&known, "%s%s", i ? ", " : "", keys[i].key);
	return err_set(err, ERR_INVALID,
		       "invalid image filter \"%s\": want KEY=VALUE or KEY!=VALUE (%s)", text,
		       buf_str(&known));
}

/* "KEY=" or "KEY!=" in front of the value. */
static int read_key(const char *text, struct image_filter_one *f, struct err *err)
{
	const char *eq = strchr(text, '=');
	size_t len, i;

	if (!eq)
		return unknown(text, err);
	f->negate = eq > text && eq[-1] == '!';
	f->value = eq + 1;
	len = (size_t)(eq - text) - f->negate;
	for (i = 0; i < ARRAY_LEN(keys); i++)
		if (strlen(keys[i].key) == len && strncmp(keys[i].key, text, len) == 0) {
			f->key = (int)i;
			return 0;
		}
	return unknown(text, err);
}

static int read_image_time(struct app *app, struct image_filter_one *f, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	int r = image_get(&ctx, f->value, &image, NULL, err);

	if (r < 0)
		return err_wrap(err, "could not find local image for filter \"%s\"=\"%s\"",
				keys[f->key].key, f->value);
	f->time = image->created;
	return 0;
}

static int read_value(struct app *app, struct image_filter_one *f, struct err *err)
{
	const char *key = keys[f->key].key;

	switch (keys[f->key].kind) {
	case CONTAINERS:
		if (!streq(f->value, "true") && !streq(f->value, "false"))
			return err_set(err, ERR_INVALID,
				       "unsupported value \"%s\" for containers filter (true or "
				       "false)",
				       f->value);
		f->flag = streq(f->value, "true");
		return 0;
	case FLAG:
		if (opt_parse_bool(f->value, &f->flag, err) < 0)
			return err_set(err, ERR_INVALID, "non-boolean value \"%s\" for %s filter",
				       f->value, key);
		return 0;
	case IMAGE_TIME:
		return read_image_time(app, f, err);
	case TIME:
		return time_parse_when(f->value, "--filter until", &f->time, err);
	case DIGEST:
		if (!str_starts(f->value, "sha256:"))
			return err_set(err, ERR_INVALID,
				       "invalid value \"%s\" for digest filter: it begins with "
				       "sha256:",
				       f->value);
		return 0;
	default:
		return 0;
	}
}

int image_filter_read(struct app *app, const struct strv *texts, struct image_filter *ret,
		      struct err *err)
{
	size_t i;
	int r = 0;

	ret->v = calloc(texts->n + 1, sizeof(*ret->v));
	if (!ret->v)
		return err_nomem(err);
	for (i = 0; r == 0 && i < texts->n; i++) {
		struct image_filter_one *f = &ret->v[i];

		f->value = "";
		r = read_key(texts->v[i], f, err);
		if (r == 0)
			r = read_value(app, f, err);
		ret->needs_inventory |= r == 0 && keys[f->key].inventory;
	}
	ret->n = texts->n;
	return r;
}

/* ---- matching ---- */

/* Several references are alternatives, but none of those with != may match. */
int image_filter_matches(struct app *app, const struct image_filter *f,
			 const struct store_image *image, const struct inventory *inv, size_t i,
			 struct err *err)
{
	struct subject s = {app, image, inv, i};
	bool wanted = false, found = false;
	size_t k;
	int r;

	for (k = 0; k < f->n; k++) {
		const struct image_filter_one *one = &f->v[k];

		r = keys[one->key].match(&s, one, err);
		if (r < 0)
			return r;
		if (one->key == REFERENCE && !one->negate) {
			wanted = true;
			found = found || r > 0;
		} else if ((r > 0) == one->negate) {
			return 0;
		}
	}
	return !wanted || found;
}
