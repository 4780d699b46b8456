/* Loading an OCI layout: all images that its index names, or one of them. */
#include "load.h"
#include "base/err.h"
#include "spec/ref.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

/* The entry for the wanted platform, or NULL with err. */
static const struct index_entry *choose(const struct load *l, const struct index *x,
					struct err *err)
{
	const struct index_entry *e = NULL;
	struct platform want;
	struct utsname u;

	if (l->pick && l->pick->platform)
		return index_choose(x, l->pick->platform, &e, err) < 0 ? NULL : e;
	(void)uname(&u);
	platform_host(u.machine, &want);
	return index_choose(x, &want, &e, err) < 0 ? NULL : e;
}

static int get_document(struct incoming *in, const struct index_entry *e, struct buf *out,
			char digest[SHA256_TEXT_MAX], enum manifest_kind *kind, struct err *err)
{
	char path[BLOB_PATH_MAX];
	int r;

	r = archive_get(in->l->a, incoming_blob(in, e->digest, path), e->digest, out, err);
	if (r == 0)
		r = manifest_kind_of(buf_str(out), out->len, e->media_type, kind, err);
	(void)snprintf(digest, SHA256_TEXT_MAX, "%s", e->digest);
	return r;
}

/* An entry of index.json: a manifest, or an index of manifests for several platforms. */
static int load_entry(struct incoming *in, const struct index_entry *e, struct err *err)
{
	AUTO_INDEX struct index inner = {0};
	enum manifest_kind kind = MANIFEST_OCI;
	int r;

	r = get_document(in, e, &in->own, in->own_digest, &kind, err);
	if (r < 0 || !manifest_is_index(kind))
		return r < 0 ? r : incoming_load(in, e->media_type, err);
	in->list = in->own;
	in->own = (struct buf)BUF_INIT(MANIFEST_SIZE_MAX);
	in->has_list = true;
	(void)snprintf(in->list_digest, sizeof(in->list_digest), "%s", in->own_digest);
	r = index_read(buf_str(&in->list), in->list.len, e->media_type, &inner, err);
	e = r < 0 ? NULL : choose(in->l, &inner, err);
	if (!e)
		return -(int)err->code;
	r = get_document(in, e, &in->own, in->own_digest, &kind, err);
	if (r == 0 && manifest_is_index(kind))
		return err_set(err, ERR_UNSUPPORTED,
			       "an image index that names another image index");
	return r < 0 ? r : incoming_load(in, e->media_type, err);
}

/* The name of a directory's images: its own, when it can be one. */
static int name_of_path(struct incoming *in, struct err *err)
{
	AUTO_FREE char *path = strdup(in->l->what);
	char *p, *base;

	if (!path)
		return err_nomem(err);
	for (p = path; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	while (p > path + 1 && p[-1] == '/')
		*--p = '\0';
	base = strrchr(path, '/');
	base = base ? base + 1 : path;
	return *base && ref_is_short(base) ? incoming_name(in, base, err) : 0;
}

/* Entries of the same name are one image for several platforms. */
static bool same_image(const struct index_entry *a, const struct index_entry *b)
{
	const char *x = index_entry_name(a), *y = index_entry_name(b);

	if (!x || !y)
		return !x && !y && a->has_platform && b->has_platform;
	return streq(x, y);
}

/* Who picks an image of a layout says what it is called here: as podman, the name it has there, as
 * docker would complete it. */
static int name_picked(struct incoming *in, const char *name, struct err *err)
{
	AUTO_REF struct ref ref = REF_INIT;
	int r;

	if (!name)
		return 0;
	r = ref_parse(name, &ref, err);
	/* A digest that the image need not have. */
	if (r == 0 && ref.digest)
		return 0;
	if (r == 0)
		r = ref_add_latest(&ref, err);
	return r < 0 ? r : strv_take(&in->names, ref_string(&ref), err);
}

static int name_entry(struct incoming *in, const struct index *all, const char *name,
		      struct err *err)
{
	const struct image_pick *pick = in->l->pick;

	if (pick && pick->format == SAVE_OCI_DIR)
		return name_picked(in, pick->name, err);
	if (name)
		return incoming_name(in, name, err);
	return archive_is_dir(in->l->a) && all->n_entries == 1 ? name_of_path(in, err) : 0;
}

static int load_group(struct load *l, const struct index *all, size_t first, struct err *err)
{
	AUTO_FREE struct index_entry *group = calloc(all->n_entries + 1, sizeof(*group));
	const char *name = index_entry_name(&all->entries[first]);
	const struct index_entry *e = &all->entries[first];
	AUTO(incoming_fini) struct incoming in;
	struct index x = *all;
	size_t i;
	int r;

	incoming_init(&in, l, "blobs/sha256/");
	if (!group)
		return err_nomem(err);
	x.entries = group;
	for (i = x.n_entries = 0; i < all->n_entries; i++)
		if (i == first || same_image(e, &all->entries[i]))
			group[x.n_entries++] = all->entries[i];
	if (x.n_entries > 1)
		e = choose(l, &x, err);
	if (!e)
		return -(int)err->code;
	r = name_entry(&in, all, name, err);
	return r < 0 ? r : load_entry(&in, e, err);
}

/* Is it the first of those that are one image? */
static bool is_first(const struct index *x, size_t i)
{
	size_t k;

	for (k = 0; k < i && !same_image(&x->entries[k], &x->entries[i]); k++)
		;
	return k == i;
}

static int load_groups(struct load *l, const struct index *x, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < x->n_entries; i++)
		if (is_first(x, i))
			r = load_group(l, x, i, err);
	return r;
}

static bool is_called(const struct index_entry *e, const char *name)
{
	const char *other = strv_env_get(&e->annotations, "org.opencontainers.image.ref.name");

	return (index_entry_name(e) && streq(index_entry_name(e), name)) ||
	       (other && streq(other, name));
}

/* By its place: this very entry. */
static int load_nth(struct load *l, const struct index *x, struct err *err)
{
	struct index alone = *x;
	size_t n = (size_t)l->pick->index;

	if (n >= x->n_entries)
		return err_set(err, ERR_NOT_FOUND, "there is no image @%zu, only %zu of them", n,
			       x->n_entries);
	alone.entries = &x->entries[n];
	alone.n_entries = 1;
	return load_group(l, &alone, 0, err);
}

static int load_picked(struct load *l, const struct index *x, struct err *err)
{
	const char *name = l->pick->name;
	size_t i, n = 0;

	if (l->pick->index >= 0)
		return load_nth(l, x, err);
	for (i = 0; name && i < x->n_entries; i++)
		if (is_called(&x->entries[i], name))
			return load_group(l, x, i, err);
	if (name)
		return err_set(err, ERR_NOT_FOUND, "there is no image of the name %s", name);
	for (i = 0; i < x->n_entries; i++)
		n += is_first(x, i);
	if (n > 1)
		return err_set(err, ERR_INVALID,
			       "more than one image: choose one by its name or place (:NAME, :@0)");
	return load_group(l, x, 0, err);
}

int load_oci(struct load *l, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(MANIFEST_SIZE_MAX), layout = BUF_INIT(4096);
	AUTO_INDEX struct index x = {0};
	int r;

	r = archive_get(l->a, "oci-layout", NULL, &layout, err);
	if (r == 0)
		r = oci_layout_check(buf_str(&layout), layout.len, err);
	if (r == 0)
		r = archive_get(l->a, "index.json", NULL, &text, err);
	if (r == 0)
		r = index_read(buf_str(&text), text.len, MEDIA_OCI_INDEX, &x, err);
	if (r == 0 && x.n_entries == 0)
		return err_set(err, ERR_INVALID, "index.json names no image");
	if (r < 0)
		return r;
	return l->pick ? load_picked(l, &x, err) : load_groups(l, &x, err);
}
