/*
 * storetool - drives the store module alone, for test/store-podman.sh.
 *
 *	storetool GRAPHROOT RUNROOT import NAME LAYER.tar...	an image of plain tars
 *	storetool GRAPHROOT RUNROOT list			"ID SIZE NAME..." a line
 *	storetool GRAPHROOT RUNROOT lowers|hold|release|rmi|rebuild NAME
 *	storetool GRAPHROOT RUNROOT tag NAME NEW | untag NAME
 *	storetool GRAPHROOT RUNROOT gc
 *	storetool GRAPHROOT RUNROOT fill IMAGES LAYERS | bench NAME
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/times.h"
#include "digest/digest.h"
#include "store/hold.h"
#include "store/image.h"
#include "store/layer.h"
#include "store/layer_new.h"
#include "sys/fd.h"
#include "tree/pack.h"
#include "tree/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DOC_MAX 65536

static int one_layer(struct store *s, const char *parent, const char *tar, char *id, char *diff_id,
		     struct err *err)
{
	AUTO(store_layer_abort_p) struct store_layer_new *n = NULL;
	AUTO_TREE_LAYER struct tree_layer done = {0};
	struct tree_unpack_options o = {.one_process = true};
	struct store_layer_info info = {.parent = parent};
	AUTO_CLOSE int blob = open(tar, O_RDONLY | O_CLOEXEC);
	int r;

	if (blob < 0)
		return err_sys(err, ENOENT, "%s", tar);
	r = store_layer_begin(s, &n, err);
	if (r == 0)
		r = tree_unpack(blob, store_layer_new_diff(n), store_layer_new_tarsplit(n), &o,
				&done, err);
	if (r < 0)
		return r;
	info.diff_digest = info.compressed_digest = sha256_text(done.diff_id, diff_id);
	info.diff_size = info.compressed_size = (int64_t)done.diff_size;
	info.uids = done.uids;
	info.n_uids = done.n_uids;
	info.gids = done.gids;
	info.n_gids = done.n_gids;
	return store_layer_commit(&n, &info, id, err);
}

static const char *digest_of(const struct buf *b, char *out, struct err *err)
{
	uint8_t sum[SHA256_LEN] = {0};

	(void)sha256_once(b->ptr, b->len, sum, err);
	return sha256_text(sum, out);
}

static int put_image(struct store *s, const char *name, const char *top, const struct buf *config,
		     const struct buf *manifest, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	char config_digest[SHA256_TEXT_MAX], manifest_digest[SHA256_TEXT_MAX];
	char key[SHA256_TEXT_MAX + 16];
	struct store_data data[] = {
	    {.key = digest_of(config, config_digest, err), .ptr = config->ptr, .len = config->len},
	    {.key = key, .ptr = manifest->ptr, .len = manifest->len},
	    {.key = "manifest", .ptr = manifest->ptr, .len = manifest->len},
	};
	struct store_image_put put = {.layer = top,
				      .created = 1700000000 * NSEC_PER_SEC,
				      .names = &names,
				      .data = data,
				      .n_data = ARRAY_LEN(data)};

	put.digest = digest_of(manifest, manifest_digest, err);
	put.id = config_digest + 7;
	(void)snprintf(key, sizeof(key), "manifest-%s", manifest_digest);
	(void)strv_add(&names, name, err);
	(void)printf("%s\n", put.id);
	return store_image_put(s, &put, err);
}

static int import(struct store *s, const char *name, char **tars, int n, struct err *err)
{
	AUTO_BUF struct buf config = BUF_INIT(DOC_MAX), manifest = BUF_INIT(DOC_MAX);
	AUTO_BUF struct buf diffs = BUF_INIT(DOC_MAX), layers = BUF_INIT(DOC_MAX);
	char id[STORE_ID_LEN + 1] = "", parent[STORE_ID_LEN + 1], diff[SHA256_TEXT_MAX];
	struct stat st;
	int i, r;

	for (i = 0; i < n; i++) {
		memcpy(parent, id, sizeof(id));
		r = one_layer(s, i ? parent : NULL, tars[i], id, diff, err);
		if (r < 0)
			return r;
		(void)stat(tars[i], &st);
		buf_addf(&diffs, "%s\"%s\"", i ? "," : "", diff);
		buf_addf(&layers,
			 "%s{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\","
			 "\"digest\":\"%s\",\"size\":%lld}",
			 i ? "," : "", diff, (long long)st.st_size);
	}
	buf_addf(
	    &config,
	    "{\"created\":\"2023-11-14T22:13:20Z\",\"architecture\":\"amd64\",\"os\":\"linux\","
	    "\"config\":{\"Cmd\":[\"/bin/sh\"],\"Env\":[\"PATH=/bin\"]},"
	    "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[%s]}}",
	    buf_str(&diffs));
	buf_addf(
	    &manifest,
	    "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
	    "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
	    "\"digest\":\"%s\",\"size\":%zu},\"layers\":[%s]}",
	    digest_of(&config, diff, err), config.len, buf_str(&layers));
	return put_image(s, name, id, &config, &manifest, err);
}

static int list(struct store *s, struct err *err)
{
	AUTO_STORE_IMAGES struct store_images all = {0};
	int64_t size = 0;
	size_t i, k;
	int r;

	r = store_image_list(s, &all, err);
	for (i = 0; r == 0 && i < all.n; i++) {
		r = store_image_size(s, all.v[i], &size, err);
		(void)printf("%s %lld", all.v[i]->id, (long long)size);
		for (k = 0; k < all.v[i]->names.n; k++)
			(void)printf(" %s", all.v[i]->names.v[k]);
		(void)printf("\n");
	}
	return r;
}

static int find(struct store *s, const char *name, struct store_image **ret, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	struct store_image_query q = {.names = &names, .id = name};
	int r;

	r = strv_add(&names, name, err);
	if (r == 0)
		r = store_image_find(s, &q, ret, err);
	return r == 0 ? err_set(err, ERR_NOT_FOUND, "no image %s", name) : r;
}

static int lowers(struct store *s, const struct store_image *image, struct err *err)
{
	AUTO_STORE_LOWERS struct store_lowers l = {0};
	size_t i;
	int r;

	r = store_layer_lowers(s, image->layer, &l, err);
	for (i = 0; i < l.n; i++)
		(void)printf("%s/%s\n", store_overlay_path(s, l.v[i].where), l.v[i].path);
	return r;
}

static int discard(void *arg, const void *data, size_t n, struct err *err)
{
	(void)arg;
	(void)data;
	(void)n;
	(void)err;
	return 0;
}

/* Each layer's tar comes back with its DiffID. */
static int rebuild(struct store *s, const struct store_image *image, struct err *err)
{
	char *id = image->layer ? strdup(image->layer) : NULL, text[SHA256_TEXT_MAX];
	struct sink to = {.write = discard};
	int r = 0;

	while (r == 0 && id) {
		AUTO_STORE_LAYER struct store_layer l = {0};
		AUTO_CLOSE int diff = -1, split = -1;
		struct tree_pack_result done = {0};

		if (store_layer_find(s, id, &l, err) <= 0 ||
		    store_layer_open_tarsplit(s, id, &split, err) <= 0)
			r = err_set(err, ERR_NOT_FOUND, "layer %s: record or tar-split", id);
		if (r == 0)
			r = store_layer_open_diff(s, id, &diff, err);
		if (r == 0)
			r = tree_pack_split(split, &diff, 1, &to, &done, err);
		if (r == 0 && strcmp(sha256_text(done.diff_id, text), l.diff_digest) != 0)
			r = err_set(err, ERR_CORRUPT, "layer %s: comes back as %s", id, text);
		free(id);
		id = l.parent ? strdup(l.parent) : NULL;
	}
	free(id);
	return r;
}

/* Index files of many images: four own layers each on a shared base. */
static int fill(struct store *s, uint64_t images, uint64_t layers, struct err *err)
{
	AUTO_BUF struct buf li = BUF_INIT(64 << 20), ii = BUF_INIT(64 << 20);
	uint64_t i, k, per = layers / images;
	int fd = store_graphroot_fd(s), r;
	char id[STORE_ID_LEN + 1], parent[STORE_ID_LEN + 1], image[STORE_ID_LEN + 1];

	for (i = 0; i < images; i++) {
		for (k = 0; k < per; k++) {
			memcpy(parent, id, sizeof(id));
			rand_id(id);
			buf_addf(&li, "%s{\"id\":\"%s\",", li.len ? "," : "[", id);
			if (k > 0)
				buf_addf(&li, "\"parent\":\"%s\",", parent);
			buf_addf(&li,
				 "\"created\":\"2026-11-22T00:45:53.11107932Z\","
				 "\"compressed-diff-digest\":\"sha256:%s\",\"compressed-size\":1,"
				 "\"diff-digest\":\"sha256:%s\",\"diff-size\":1000,"
				 "\"compression\":2,\"uidset\":[0],\"gidset\":[0]}",
				 id, id);
		}
		rand_id(image);
		buf_addf(
		    &ii,
		    "%s{\"id\":\"%s\",\"digest\":\"sha256:%s\",\"names\":[\"localhost/many:%lu\"],"
		    "\"names-history\":[\"localhost/many:%lu\"],\"layer\":\"%s\","
		    "\"metadata\":\"{}\",\"big-data-names\":[\"sha256:%s\",\"manifest\","
		    "\"manifest-sha256:%s\"],\"big-data-sizes\":{\"manifest\":500,"
		    "\"manifest-sha256:%s\":500,\"sha256:%s\":900},\"big-data-digests\":{"
		    "\"manifest\":\"sha256:%s\",\"manifest-sha256:%s\":\"sha256:%s\","
		    "\"sha256:%s\":\"sha256:%s\"},\"created\":\"2026-11-20T00:00:00Z\"}",
		    ii.len ? "," : "[", image, image, i, i, id, image, image, image, image, image,
		    image, image, image, image);
	}
	buf_addc(&li, ']');
	buf_addc(&ii, ']');
	r = dir_make(fd, "overlay-layers", 0700, err);
	if (r == 0)
		r = dir_make(fd, "overlay-images", 0700, err);
	if (r == 0)
		r = file_create(fd, "overlay-layers/layers.json", 0600, li.ptr, li.len, err);
	return r < 0 ? r : file_create(fd, "overlay-images/images.json", 0600, ii.ptr, ii.len, err);
}

static int fill_from(struct store *s, const char *images, const char *layers, struct err *err)
{
	uint64_t n = 0, m = 0;
	int r = parse_u64(images, "IMAGES", 1, 100000, &n, err);

	if (r == 0)
		r = parse_u64(layers, "LAYERS", n, 1000000, &m, err);
	return r < 0 ? r : fill(s, n, m, err);
}

static struct store *open_store(char **argv, struct err *err)
{
	struct store_options o = {.graphroot = argv[1], .runroot = argv[2]};
	struct store *s = NULL;

	return store_open(&o, STORE_CREATE, &s, err) < 0 ? NULL : s;
}

static int bench(char **argv, struct err *err)
{
	int64_t t0 = time_monotonic_ns(), t1, t2, t3, t4, size;
	struct store *s = open_store(argv, err);
	struct store_image *image = NULL;
	struct store_images all = {0};
	size_t i;
	int r;

	if (!s)
		return -1;
	t1 = time_monotonic_ns();
	r = find(s, argv[4], &image, err);
	t2 = time_monotonic_ns();
	if (r > 0)
		r = store_image_list(s, &all, err);
	t3 = time_monotonic_ns();
	for (i = 0; r == 0 && i < all.n; i++)
		r = store_image_size(s, all.v[i], &size, err);
	t4 = time_monotonic_ns();
	(void)printf("open %.3f ms, find %.3f ms, list %zu %.3f ms, sizes %.3f ms\n",
		     (double)(t1 - t0) / 1e6, (double)(t2 - t1) / 1e6, all.n,
		     (double)(t3 - t2) / 1e6, (double)(t4 - t3) / 1e6);
	store_image_free(image);
	store_images_fini(&all);
	store_close(s);
	return r;
}

static int on_image(struct store *s, const char *verb, char **args, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	int r = find(s, args[0], &image, err);

	if (r < 0)
		return r;
	if (strcmp(verb, "lowers") == 0)
		return lowers(s, image, err);
	if (strcmp(verb, "rebuild") == 0)
		return rebuild(s, image, err);
	if (strcmp(verb, "hold") == 0)
		return store_hold_image(s, image->id, err);
	if (strcmp(verb, "release") == 0)
		return store_release_image(s, image->id, NULL, NULL, err);
	if (strcmp(verb, "rmi") == 0)
		return store_image_delete(s, image->id, NULL, NULL, NULL, err);
	if (strcmp(verb, "tag") == 0)
		return store_image_tag(s, image->id, args[1], err);
	if (strcmp(verb, "untag") == 0)
		return store_image_untag(s, image->id, args[0], err);
	return err_set(err, ERR_INVALID, "unknown verb %s", verb);
}

int main(int argc, char **argv)
{
	AUTO(store_close_p) struct store *s = NULL;
	struct err err = ERR_INIT;
	int r = -1;

	if (argc < 4)
		return 2;
	if (strcmp(argv[3], "bench") != 0)
		s = open_store(argv, &err);
	if (strcmp(argv[3], "bench") == 0 && argc > 4)
		r = bench(argv, &err);
	else if (s && strcmp(argv[3], "list") == 0)
		r = list(s, &err);
	else if (s && strcmp(argv[3], "gc") == 0)
		r = store_gc(s, &err);
	else if (s && argc > 5 && strcmp(argv[3], "import") == 0)
		r = import(s, argv[4], argv + 5, argc - 5, &err);
	else if (s && argc > 5 && strcmp(argv[3], "fill") == 0)
		r = fill_from(s, argv[4], argv[5], &err);
	else if (s && argc > 4)
		r = on_image(s, argv[3], argv + 4, &err);
	if (r < 0)
		(void)fprintf(stderr, "storetool: %s\n", err.text);
	return r < 0;
}
