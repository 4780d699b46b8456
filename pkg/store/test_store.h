/* What the tests of this module share: a store in a temporary directory, and things in it. */
#ifndef PKG_STORE_TEST_STORE_H
#define PKG_STORE_TEST_STORE_H

#include "priv.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "digest/digest.h"
#include "store/hold.h"
#include "store/layer_new.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* Without and with an image store, which keeps the records of its layers itself or does not. */
enum arrangement { PLAIN, SPLIT, SPLIT_RECORDS };

struct place {
	enum arrangement kind;
	char dir[64], graph[80], run[80], images[80]; /* images: the root of images */
};

static inline void place_make_as(struct place *p, enum arrangement kind)
{
	char path[128];
	int fd;

	p->kind = kind;
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/kist-store-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	(void)snprintf(p->graph, sizeof(p->graph), "%s/graph", p->dir);
	(void)snprintf(p->run, sizeof(p->run), "%s/run", p->dir);
	(void)snprintf(p->images, sizeof(p->images), "%s/%s", p->dir,
		       kind == PLAIN ? "graph" : "images");
	if (kind != SPLIT_RECORDS)
		return;
	assert_int_equal(mkdir(p->images, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/overlay-layers", p->images);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/overlay-layers/layers.json", p->images);
	fd = creat(path, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
}

static inline void place_make(struct place *p)
{
	place_make_as(p, PLAIN);
}

static inline void place_remove(struct place *p)
{
	struct err err = ERR_INIT;

	assert_int_equal(tree_remove(AT_FDCWD, p->dir, &err), 0);
}

/* Children of a test end here; cmocka's failure would go on with the next test in the child. */
static inline void ok(int r, const struct err *err)
{
	static pid_t tester;

	if (!tester)
		tester = getpid();
	if (r < 0 && getpid() != tester) {
		(void)fprintf(stderr, "child: %s\n", err->text);
		_exit(1);
	}
	if (r < 0)
		fail_msg("%s", err->text);
}

static inline struct store *place_open(const struct place *p)
{
	struct store_options o = {.graphroot = p->graph,
				  .runroot = p->run,
				  .imagestore = p->kind == PLAIN ? NULL : p->images};
	struct err err = ERR_INIT;
	struct store *s = NULL;

	ok(store_open(&o, STORE_CREATE, &s, &err), &err);
	return s;
}

/* "sha256:<hex>" of a text, as a made-up DiffID or image ID. */
static inline const char *digest_for(const char *text, char out[SHA256_TEXT_MAX])
{
	uint8_t sum[SHA256_LEN];
	struct err err = ERR_INIT;

	ok(sha256_once(text, strlen(text), sum, &err), &err);
	return sha256_text(sum, out);
}

/* Puts one file into a staging layer, and says in *info what it is; digest: memory for it. */
static inline int fill_layer(struct store_layer_new *n, const char *text, char *digest,
			     struct store_layer_info *info, struct err *err)
{
	static const uint32_t uids[] = {0, 5};
	int r;

	*info = (struct store_layer_info){.diff_digest = digest_for(text, digest),
					  .diff_size = 10240,
					  .compressed_digest = digest,
					  .compressed_size = 100,
					  .compression = COMPRESSION_GZIP,
					  .uids = uids,
					  .n_uids = 2};
	if (fchmod(store_layer_new_diff(n), 0755) < 0)
		return -1;
	r = file_create(store_layer_new_diff(n), "file", 0644, text, strlen(text), err);
	return r < 0 ? r
		     : fd_write_all(store_layer_new_tarsplit(n), text, strlen(text), "split", err);
}

#define CHAIN_MAX 4

/* Layers of one file each, n at the most CHAIN_MAX, made and committed together; their IDs are in
 * done. Returns the result of the commit. */
static inline int try_chain(struct store *s, const char *parent, const char *const *texts, size_t n,
			    struct store_layer_done *done, struct err *err)
{
	char digests[CHAIN_MAX][SHA256_TEXT_MAX];
	struct store_layer_new *fresh[CHAIN_MAX];
	size_t i;
	int r;

	memset(done, 0, n * sizeof(*done));
	r = store_layers_begin(s, fresh, n, err);
	for (i = 0; r == 0 && i < n; i++) {
		done[i].fresh = fresh[i];
		r = fill_layer(fresh[i], texts[i], digests[i], &done[i].info, err);
	}
	done[0].info.parent = parent;
	if (r == 0)
		r = store_layers_commit(s, done, n, err);
	for (i = 0; i < n; i++)
		store_layer_abort(TAKE(done[i].fresh));
	return r;
}

/* A layer with one file; its ID goes to id. Returns the result of the commit. */
static inline int try_layer(struct store *s, const char *parent, const char *text, char *id,
			    struct err *err)
{
	struct store_layer_done done;
	int r = try_chain(s, parent, &text, 1, &done, err);

	if (r == 0)
		memcpy(id, done.id, sizeof(done.id));
	return r;
}

static inline void add_layer(struct store *s, const char *parent, const char *text, char *id)
{
	struct err err = ERR_INIT;

	ok(try_layer(s, parent, text, id, &err), &err);
}

/* An image of one manifest named `name`; returns its ID in id. */
static inline int try_image(struct store *s, const char *text, const char *layer, const char *name,
			    char *id, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	char digest[SHA256_TEXT_MAX], manifest[SHA256_TEXT_MAX], key[SHA256_TEXT_MAX + 16];
	struct store_data data[3] = {{.ptr = "config", .len = 6},
				     {.key = "manifest", .ptr = "{\"m\":1}", .len = 7},
				     {.ptr = "{\"m\":1}", .len = 7}};
	struct store_image_put put = {.layer = layer, .created = 1, .names = &names};

	put.id = digest_for(text, digest) + 7;
	data[0].key = digest;
	put.digest = digest_for("{\"m\":1}", manifest);
	(void)snprintf(key, sizeof(key), "manifest-%s", manifest);
	data[2].key = key;
	put.data = data;
	put.n_data = 3;
	ok(strv_add(&names, name, err), err);
	memcpy(id, put.id, STORE_ID_LEN + 1);
	return store_image_put(s, &put, err);
}

static inline void add_image(struct store *s, const char *text, const char *layer, const char *name,
			     char *id)
{
	struct err err = ERR_INIT;

	ok(try_image(s, text, layer, name, id, &err), &err);
}

/* 1 when the image of this name is there; *ret may be NULL. */
static inline int find_image(struct store *s, const char *name, struct store_image **ret)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO_STRV struct strv names = STRV_INIT;
	struct store_image_query q = {.names = &names};
	struct err err = ERR_INIT;
	int r;

	ok(strv_add(&names, name, &err), &err);
	r = store_image_find(s, &q, &image, &err);
	ok(r, &err);
	if (ret)
		*ret = TAKE(image);
	return r;
}

/* Content of a file below the graphroot, in a static buffer; NULL when there is none. */
static inline const char *slurp(const struct place *p, const char *path)
{
	static char text[65536];
	char full[512];
	int fd;
	ssize_t n;

	(void)snprintf(full, sizeof(full), "%s/%s", p->graph, path);
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static inline void spit(const struct place *p, const char *path, const char *text)
{
	char full[512];
	FILE *f;

	(void)snprintf(full, sizeof(full), "%s/%s", p->graph, path);
	f = fopen(full, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static inline bool there_in(const char *root, const char *path)
{
	char full[512];
	struct stat st;

	(void)snprintf(full, sizeof(full), "%s/%s", root, path);
	return lstat(full, &st) == 0;
}

static inline bool there(const struct place *p, const char *path)
{
	return there_in(p->graph, path);
}

static inline size_t count_in(const char *root, const char *path)
{
	AUTO_STRV struct strv names = STRV_INIT;
	struct err err = ERR_INIT;
	char full[512];

	(void)snprintf(full, sizeof(full), "%s/%s", root, path);
	if (access(full, F_OK) < 0)
		return 0;
	ok(dir_list(AT_FDCWD, full, &names, &err), &err);
	return names.n;
}

#define TMP_INDEX "overlay-images/.tmp-images.json-kist"

/* Each layer of an index has its chain and tar-split; counts those of images and of holders. */
static inline void check_layers(struct store *s, const struct place *p, const struct index *layers,
				size_t n[2])
{
	struct err err = ERR_INIT;
	char path[256];
	size_t i;

	for (i = 0; i < layers->n; i++) {
		AUTO_STORE_LOWERS struct store_lowers lowers = {0};
		char id[STORE_ID_LEN + 1];
		bool holder;

		id_copy(layers->v[i].m[REC_ID], id);
		holder = memmem(layers->v[i].text.ptr, layers->v[i].text.len, "kist-holder", 11);
		n[holder]++;
		assert_null(memmem(layers->v[i].text.ptr, layers->v[i].text.len, "staging", 7));
		ok(store_layer_lowers(s, id, &lowers, &err), &err);
		assert_int_equal(lowers.v[0].where, holder ? 0 : s->img);
		(void)snprintf(path, sizeof(path), "overlay-layers/%s.tar-split.gz", id);
		assert_int_equal(there(p, path), !holder);
	}
}

static inline bool has_layer(struct store *s, struct str id)
{
	struct err err = ERR_INIT;
	struct layer_place place;
	struct rec *rec;

	return layer_find_own(s, id, &place, &rec, &err) > 0;
}

/*
 * Indexes, directories, links, tar-split and image data agree; nothing of an unfinished operation
 * is left. Layers of holders have no tar-split.
 */
static inline void check_consistent(struct store *s, const struct place *p)
{
	struct index *layers, *images, *containers;
	size_t i, n[2] = {0}, in_graph[2] = {0};
	struct err err = ERR_INIT;
	char path[256];

	ok(store_lock(s, LK_ALL, &err), &err);
	for (i = 0; i < s->n_own; i++) {
		ok(store_index(s, i, IX_LAYERS, &layers, &err), &err);
		check_layers(s, p, layers, n);
		if (i == 0)
			memcpy(in_graph, n, sizeof(n));
	}
	/* Where the image store keeps its own records, only holders are in the graphroot's. */
	if (p->kind == SPLIT_RECORDS)
		assert_int_equal(in_graph[0], 0);
	if (p->kind == SPLIT)
		assert_int_equal(in_graph[0], n[0]);
	ok(store_index(s, s->img, IX_IMAGES, &images, &err), &err);
	ok(store_index(s, 0, IX_CONTAINERS, &containers, &err), &err);
	for (i = 0; i < images->n; i++) {
		assert_true(has_layer(s, images->v[i].m[REC_LAYER]));
		(void)snprintf(path, sizeof(path), "overlay-images/%.64s/manifest",
			       images->v[i].m[REC_ID].ptr);
		assert_true(there_in(p->images, path));
	}
	assert_int_equal(n[1], containers->n);
	for (i = 0; i < containers->n; i++) {
		assert_true(has_layer(s, containers->v[i].m[REC_LAYER]));
		assert_non_null(index_find(images, containers->v[i].m[REC_IMAGE]));
	}
	/* images.json and images.lock are the two others */
	assert_true(count_in(p->images, "overlay-images") <=
		    images->n + 2 + there_in(p->images, TMP_INDEX));
	if (p->kind == PLAIN)
		n[0] = n[1] = n[0] + n[1];
	else
		assert_true(count_in(p->graph, "overlay-images") <= 1);
	/* l/ and, in the graphroot, .has-mount-program are the others */
	assert_int_equal(count_in(p->graph, "overlay"), n[1] + 2);
	assert_int_equal(count_in(p->graph, "overlay/l"), n[1]);
	assert_int_equal(count_in(p->images, "overlay"), n[0] + 1 + (p->kind == PLAIN));
	assert_int_equal(count_in(p->images, "overlay/l"), n[0]);
	assert_int_equal(count_in(p->graph, "kist/staging"), 0);
	store_unlock(s);
}

#endif
