/* kist image prune, kist container prune, kist system prune */
#include "app.h"
#include "build_cache.h"
#include "confirm.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "container/container.h"
#include "image/measure.h"
#include "image/prune.h"
#include "store/repair.h"

struct prune_args {
	bool all, force, dry_run, externals, build, build_cache, volumes;
	struct strv filters;
};

#define AT(member) offsetof(struct prune_args, member)

#define FILTER_OPT                                                                                 \
	{                                                                                          \
		0, "filter", OPT_STRINGS, AT(filters), "KEY=VALUE",                                \
		    "Only what matches: until=TIME, label=KEY[=VALUE], label!=KEY[=VALUE]"         \
	}
#define FORCE_OPT                                                                                  \
	{                                                                                          \
		'f', "force", OPT_FLAG, AT(force), NULL, "Do not ask"                              \
	}

/* ---- images ---- */

static const struct opt image_opts[] = {
    {'a', "all", OPT_FLAG, AT(all), NULL, "All images that no container uses, not only nameless"},
    {0, "build-cache", OPT_FLAG, AT(build_cache), NULL,
     "Also what RUN --mount=type=cache keeps from one build to the next"},
    {0, "dry-run", OPT_FLAG, AT(dry_run), NULL, "Only show what would go, with exact bytes"},
    {0, "external", OPT_FLAG, AT(externals), NULL,
     "Also images that only working containers of buildah use, with these"},
    FILTER_OPT,
    FORCE_OPT,
    {0},
};

static int prune_images(struct app *app, const struct prune_args *a,
			const struct prune_filter *filter, struct image_pruned *ret,
			struct err *err)
{
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	struct image_prune p = {
	    .all = a->all,
	    .dry_run = a->dry_run,
	    .externals = a->externals,
	    .filter = filter,
	    .users = containers_of_image,
	    .users_arg = app->containers,
	};

	return image_prune(&ctx, &p, ret, err);
}

static void add_bytes(struct buf *out, const char *what, uint64_t bytes)
{
	char human[HUMAN_MAX];

	buf_addf(out, "%s: %llu bytes (%s)\n", what, (unsigned long long)bytes,
		 human_size(bytes, human));
}

static void tell_mounted(const struct strv *names, const char *more)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		say("Warning: buildah's container %s is mounted: it stays%s; \"buildah rm %s\" "
		    "removes it all the same",
		    names->v[i], more, names->v[i]);
}

static int ask_images(const struct prune_args *a, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(OUT_MAX);

	buf_addf(&text, "WARNING! This command removes all %s.\n",
		 a->all ? "images without at least one container associated with them"
			: "dangling images");
	if (a->build_cache)
		buf_adds(&text, "WARNING! This command removes what is cached between builds.\n");
	return confirm(buf_str(&text), err);
}

static int print_images(const struct prune_args *a, const struct image_pruned *done,
			const struct build_cache *cache, struct err *err)
{
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	size_t i;

	for (i = 0; i < done->ids.n; i++)
		buf_addf(&out, "%s%s%s\n", done->ids.v[i], a->dry_run ? "  " : "",
			 a->dry_run ? done->names.v[i] : "");
	for (i = 0; a->dry_run && i < cache->paths.n; i++)
		buf_addf(&out, "%s  <build cache>\n", cache->paths.v[i]);
	if (a->dry_run)
		add_bytes(&out, "Would reclaim", done->bytes + cache->bytes);
	return out_buf(&out, err);
}

static int empty_cache(struct app *app, const struct prune_args *a, struct build_cache *cache,
		       struct err *err)
{
	int r = a->build_cache ? build_cache_find(app, cache, err) : 0;

	return r < 0 || a->dry_run ? r : build_cache_remove(app, cache, err);
}

static int run_images(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_IMAGE_PRUNED struct image_pruned done = {0};
	AUTO_BUILD_CACHE struct build_cache cache = {0};
	const struct prune_args *a = args;
	struct prune_filter filter;
	struct err told = ERR_INIT;
	int r;

	(void)rest;
	r = prune_filter_read(&a->filters, &filter, err);
	if (r == 0 && !a->force && !a->dry_run) {
		r = ask_images(a, err);
		if (r <= 0)
			return r;
	}
	if (r >= 0)
		r = prune_images(app, a, &filter, &done, err);
	if (r < 0)
		return r;
	/* The images are gone, whatever becomes of the cache. */
	r = empty_cache(app, a, &cache, err);
	tell_mounted(&done.mounted, ", and so does its image");
	if (r < 0) {
		(void)print_images(a, &done, &(struct build_cache){0}, &told);
		return r;
	}
	return print_images(a, &done, &cache, err);
}

const struct verb verb_image_prune = {
    .path = "image prune",
    .summary = "Remove images that nobody needs",
    .help = "Removes images without a name, and with --all those that no container uses. One that\n"
	    "never had a name stays for half a minute: another tool may be about to name it.\n"
	    "--external takes buildah's working containers along, also those of a build that is "
	    "being made;\n"
	    "one that is mounted stays. Containers of podman and other tools keep their images.\n"
	    "--build-cache removes $TMPDIR/buildah-cache-UID (or /var/tmp), also under a build "
	    "that is being made.\n"
	    "--dry-run changes nothing and says how many bytes of disk would be given back.",
    .usage = "[options]",
    .examples = "kist image prune --all --dry-run\n"
		"kist image prune --all --force --filter until=240h",
    .opts = image_opts,
    .args_size = sizeof(struct prune_args),
    .needs = NEED_IMAGES | NEED_CONTAINERS,
    .run = run_images,
};

/* ---- containers ---- */

static const struct opt container_opts[] = {
    FILTER_OPT,
    FORCE_OPT,
    {0},
};

static int measure_container(struct app *app, const char *id, uint64_t *ret, struct err *err)
{
	AUTO_STRV struct strv paths = STRV_INIT;
	int r = strv_addf(&paths, err, "kist/containers/%s", id);

	return r < 0 ? r : store_measure(app->store, &paths, ret, err);
}

/* One that does not run; 1 it is gone, 0 it stays (it runs, or was started just now). */
static int prune_container(struct app *app, struct container *c, const struct prune_filter *filter,
			   uint64_t *bytes, struct err *err)
{
	struct container_status st;
	struct err one = ERR_INIT;
	uint64_t n = 0;
	int r;

	r = container_get_status(c, &st, err);
	if (r < 0 || st.state == CONTAINER_RUNNING ||
	    !prune_filter_matches(filter, c->def.created_at, &c->def.labels))
		return r < 0 ? r : 0;
	r = measure_container(app, c->def.id, &n, err);
	if (r < 0)
		return r;
	r = container_remove(c, false, &one);
	if (r == -ERR_IN_USE)
		return 0;
	if (r < 0) {
		*err = one;
		return r;
	}
	*bytes += r > 0 ? n : 0;
	return r;
}

static int prune_containers(struct app *app, const struct prune_filter *filter, struct strv *ids,
			    uint64_t *bytes, struct err *err)
{
	AUTO_CONTAINER_LIST struct container_list list = CONTAINER_LIST_INIT;
	size_t i;
	int r;

	r = containers_list(app->containers, &list, err);
	for (i = 0; r >= 0 && i < list.n; i++) {
		r = prune_container(app, list.v[i], filter, bytes, err);
		if (r > 0)
			r = strv_add(ids, list.v[i]->def.id, err);
	}
	return r < 0 ? r : containers_release_images(app->containers, err);
}

static int run_containers(struct app *app, const void *args, const struct strv *rest,
			  struct err *err)
{
	AUTO_STRV struct strv ids = STRV_INIT;
	const struct prune_args *a = args;
	struct prune_filter filter;
	uint64_t bytes = 0;
	size_t i;
	int r;

	(void)rest;
	r = prune_filter_read(&a->filters, &filter, err);
	if (r == 0 && !a->force) {
		r = confirm("WARNING! This will remove all non running containers.\n", err);
		if (r <= 0)
			return r;
	}
	if (r >= 0)
		r = prune_containers(app, &filter, &ids, &bytes, err);
	for (i = 0; r == 0 && i < ids.n; i++)
		r = out_line(ids.v[i], err);
	return r;
}

const struct verb verb_container_prune = {
    .path = "container prune",
    .summary = "Remove all containers that do not run",
    .usage = "[options]",
    .opts = container_opts,
    .args_size = sizeof(struct prune_args),
    .needs = NEED_CONTAINERS,
    .run = run_containers,
};

/* ---- all of it ---- */

static const struct opt system_opts[] = {
    {'a', "all", OPT_FLAG, AT(all), NULL, "All images that no container uses, not only nameless"},
    {0, "build", OPT_FLAG, AT(build), NULL, "Working containers of buildah, too"},
    {0, "external", OPT_FLAG, AT(externals), NULL,
     "Nothing but what no record in the store knows: remains of commands that were killed"},
    FILTER_OPT,
    FORCE_OPT,
    {0, "volumes", OPT_FLAG, AT(volumes), NULL, "Volumes, too: has no effect, there are none"},
    {0},
};

static void add_ids(struct buf *out, const struct strv *ids)
{
	size_t i;

	for (i = 0; i < ids->n; i++)
		buf_addf(out, "%s\n", ids->v[i]);
}

static int ask_system(const struct prune_args *a, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(OUT_MAX);

	buf_addf(&text,
		 "WARNING! This command removes:\n\t- all stopped containers\n%s\t- all %s\n\n",
		 a->build ? "\t- all build containers\n" : "",
		 a->all ? "images without at least one container associated with them"
			: "dangling images");
	return confirm(buf_str(&text), err);
}

/* Says nothing, and asks nothing, as podman. */
static int prune_remains(struct app *app, const struct prune_args *a, struct err *err)
{
	AUTO_STRV struct strv found = STRV_INIT;
	int r;

	if (a->all || a->volumes || a->build || a->filters.n > 0)
		return err_set(err, ERR_INVALID,
			       "system prune --external cannot be combined with other options");
	r = store_gc(app->store, err);
	if (r == 0)
		r = containers_gc(app->containers, err);
	return r < 0 ? r : store_leftovers(app->store, true, &found, err);
}

/* What is removed, by kind. */
struct system_pruned {
	struct image_pruned build, images;
	struct strv containers;
	uint64_t container_bytes;
};

static void system_pruned_fini(struct system_pruned *p)
{
	image_pruned_fini(&p->build);
	image_pruned_fini(&p->images);
	strv_fini(&p->containers);
}

static int prune_system(struct app *app, const struct prune_args *a,
			const struct prune_filter *filter, struct system_pruned *ret,
			struct err *err)
{
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	int r = 0;

	if (a->build)
		r = build_prune(&ctx, filter, &ret->build, err);
	if (r == 0)
		r = prune_containers(app, filter, &ret->containers, &ret->container_bytes, err);
	return r < 0 ? r : prune_images(app, a, filter, &ret->images, err);
}

static int print_system(struct system_pruned *p, struct err *err)
{
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	char human[HUMAN_MAX];

	tell_mounted(&p->build.mounted, "");
	if (p->build.ids.n + p->containers.n > 0)
		buf_adds(&out, "Deleted Containers\n");
	add_ids(&out, &p->build.ids);
	add_ids(&out, &p->containers);
	if (p->images.ids.n > 0)
		buf_adds(&out, "Deleted Images\n");
	add_ids(&out, &p->images.ids);
	buf_addf(&out, "Total reclaimed space: %s\n",
		 human_size(p->build.bytes + p->container_bytes + p->images.bytes, human));
	return out_buf(&out, err);
}

static int run_system(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO(system_pruned_fini) struct system_pruned done = {.containers = STRV_INIT};
	const struct prune_args *a = args;
	struct prune_filter filter;
	int r;

	(void)rest;
	if (a->externals)
		return prune_remains(app, a, err);
	r = prune_filter_read(&a->filters, &filter, err);
	if (r == 0 && !a->force) {
		r = ask_system(a, err);
		if (r <= 0)
			return r;
	}
	if (r >= 0)
		r = prune_system(app, a, &filter, &done, err);
	return r < 0 ? r : print_system(&done, err);
}

const struct verb verb_system_prune = {
    .path = "system prune",
    .summary = "Remove stopped containers and images that nobody needs",
    .help = "--build takes all working containers of buildah, also those of a build that is being "
	    "made; one that\n"
	    "is mounted stays. --external removes nothing that a record knows, does not ask, and "
	    "says nothing.",
    .usage = "[options]",
    .opts = system_opts,
    .args_size = sizeof(struct prune_args),
    .needs = NEED_IMAGES | NEED_CONTAINERS,
    .run = run_system,
};
