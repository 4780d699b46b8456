/* Indexes (OCI) and manifest lists (docker). */
#include "base/auto.h"
#include "base/err.h"
#include "document.h"

#include <stdio.h>
#include <stdlib.h>

#define WHAT "image index"

/* An entry as it stands in the document. */
struct raw_platform {
	char *os, *arch, *variant;
};

struct raw_entry {
	struct descriptor d;
	struct raw_platform platform;
};

struct raw_index {
	struct raw_entry *entries;
	size_t n_entries;
	struct strv annotations;
};

static const struct json_field platform_fields[] = {
    JSON_F_STR(struct raw_platform, os, "os", 0),
    JSON_F_STR(struct raw_platform, arch, "architecture", 0),
    JSON_F_STR(struct raw_platform, variant, "variant", 0),
    {0},
};
static const struct json_table platform_table = {platform_fields, sizeof(struct raw_platform)};

static const struct json_field entry_fields[] = {
    JSON_F_STR(struct raw_entry, d.media_type, "mediaType", JSON_REQUIRED),
    JSON_F_STR(struct raw_entry, d.digest, "digest", JSON_REQUIRED),
    JSON_F_I64(struct raw_entry, d.size, "size", JSON_REQUIRED),
    JSON_F_MAP(struct raw_entry, d.annotations, "annotations", 0),
    JSON_F_OBJECT(struct raw_entry, platform, "platform", 0, &platform_table),
    {0},
};
static const struct json_table entry_table = {entry_fields, sizeof(struct raw_entry)};

static const struct json_field index_fields[] = {
    JSON_F_LIST(struct raw_index, entries, n_entries, "manifests", JSON_REQUIRED, &entry_table),
    JSON_F_MAP(struct raw_index, annotations, "annotations", 0),
    {0},
};
static const struct json_table index_table = {index_fields, sizeof(struct raw_index)};

static void raw_index_fini(struct raw_index *x)
{
	json_release(&index_table, x);
}

void index_fini(struct index *x)
{
	size_t i;

	for (i = 0; i < x->n_entries; i++) {
		free(x->entries[i].media_type);
		free(x->entries[i].digest);
		strv_fini(&x->entries[i].annotations);
	}
	free(x->entries);
	x->entries = NULL;
	x->n_entries = 0;
	strv_fini(&x->annotations);
}

/* Names that do not fit match nothing, so they become one that no machine has. */
static void copy_name(char to[PLATFORM_MAX], const char *s)
{
	(void)snprintf(to, PLATFORM_MAX, "%s", !s ? "" : strlen(s) < PLATFORM_MAX ? s : "unknown");
}

static void take_entry(struct index_entry *to, struct raw_entry *from)
{
	to->media_type = TAKE(from->d.media_type);
	to->digest = TAKE(from->d.digest);
	to->size = from->d.size;
	to->annotations = from->d.annotations;
	from->d.annotations = (struct strv)STRV_INIT;
	to->has_platform = !str_empty(from->platform.os) || !str_empty(from->platform.arch);
	copy_name(to->platform.os, from->platform.os);
	copy_name(to->platform.arch, from->platform.arch);
	copy_name(to->platform.variant, from->platform.variant);
}

static int check(const struct raw_index *raw, struct err *err)
{
	char what[64];
	size_t i;
	int r = 0;

	if (raw->n_entries > INDEX_ENTRIES_MAX)
		return err_set(err, ERR_LIMIT, WHAT ": %zu entries are more than %d",
			       raw->n_entries, INDEX_ENTRIES_MAX);
	for (i = 0; r == 0 && i < raw->n_entries; i++) {
		(void)snprintf(what, sizeof(what), WHAT ": entry %zu", i + 1);
		r = descriptor_check(raw->entries[i].d.digest, raw->entries[i].d.size, what, err);
	}
	return r;
}

int index_read(const char *text, size_t len, const char *content_type, struct index *ret,
	       struct err *err)
{
	AUTO(raw_index_fini) struct raw_index raw = {0};
	AUTO_JSON struct json_doc *doc = NULL;
	struct index x = {0};
	int r;

	r = document_parse(text, len, content_type, &doc, &x.kind, err);
	if (r < 0)
		return r;
	if (!manifest_is_index(x.kind))
		return err_set(err, ERR_INVALID, WHAT ": is the manifest of one image");
	r = json_read(json_root(doc), &index_table, 0, WHAT, &raw, err);
	if (r < 0)
		return r;
	r = check(&raw, err);
	if (r < 0)
		return r;
	x.entries = calloc(raw.n_entries + 1, sizeof(*x.entries));
	if (!x.entries)
		return err_nomem(err);
	for (; x.n_entries < raw.n_entries; x.n_entries++)
		take_entry(&x.entries[x.n_entries], &raw.entries[x.n_entries]);
	x.annotations = raw.annotations;
	raw.annotations = (struct strv)STRV_INIT;
	*ret = x;
	return 0;
}

int index_choose(const struct index *x, const struct platform *want, const struct index_entry **ret,
		 struct err *err)
{
	const struct index_entry *best = NULL, *any = NULL, *e;
	int best_match = 0, match;
	size_t i;

	for (i = 0; i < x->n_entries; i++) {
		e = &x->entries[i];
		match = e->has_platform ? platform_match(want, &e->platform) : 0;
		if (match > best_match) {
			best_match = match;
			best = e;
		}
		if (!e->has_platform && !any)
			any = e;
	}
	if (!best)
		best = any;
	if (!best)
		return err_set(err, ERR_NOT_FOUND,
			       "no image found in " WHAT
			       " for architecture %s, variant \"%s\", OS %s",
			       want->arch, want->variant, want->os);
	*ret = best;
	return 0;
}
