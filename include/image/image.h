/*
 * image.h - images as a user sees them: found by what was typed, pulled, pushed, tagged, removed.
 *
 * Nothing prints: what happens is told to struct image_events.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include "spec/platform.h"
#include "spec/ref.h"
#include "store/image.h"

#include <stdint.h>

struct auth_options;
struct config_env;
struct err;
struct image_config;
struct registries;
struct store;
struct strv;

#define IMAGE_NO_CHOICE 0x7fffffff

/* Told while an image travels; every member may be NULL. */
struct image_events {
	/* A name that is tried, complete. */
	void (*trying)(void *arg, const char *ref);
	/* Blob `digest` ("sha256:...") has `have` of `size` bytes (-1: not known); done says that
	 * it is complete, already: that it was there before. */
	void (*blob)(void *arg, const char *digest, uint64_t have, int64_t size, bool done,
		     bool already);
	void (*config)(void *arg, const char *digest);
	void (*manifest)(void *arg);
	/* Which of several names a short one means: index of the choice, IMAGE_NO_CHOICE when there
	 * is nobody to ask, or negative with err. NULL: nobody to ask. */
	int (*choose)(void *arg, const struct strv *names, struct err *err);
	void *arg;
};

struct image_ctx {
	struct store *store;
	const struct config_env *env;
	const struct registries *registries;
	const struct auth_options *auth;
	const char *signature_policy;	   /* --signature-policy, or NULL */
	const struct image_events *events; /* NULL: none */
};

/* How a registry is talked to. */
struct image_remote {
	int tls_verify; /* 0, 1, or -1: as configured */
	const char *cert_dir;
	const char *creds; /* "USER[:PASSWORD]" instead of auth files; NULL: none */
};

/* ---- local ---- */

/* By name (short or complete), digest, ID or unique prefix of one, or what a name ends with
 * ("busybox" for quay.io/some/busybox): 1 found, 0 not there. *ret_name (may be NULL; caller frees)
 * is the complete name that matched, NULL when it was an ID. */
int image_find(const struct image_ctx *ctx, const char *text, struct store_image **ret,
	       char **ret_name, struct err *err);
/* As image_find; ERR_NOT_FOUND "<text>: image not known". */
int image_get(const struct image_ctx *ctx, const char *text, struct store_image **ret,
	      char **ret_name, struct err *err);
int image_read_config(const struct image_ctx *ctx, const struct store_image *image,
		      struct image_config *ret, struct err *err);
/* The digest of the platform's own manifest ("manifest" in the store); NULL when out of memory or
 * there is none. Caller frees. */
char *image_own_digest(const struct image_ctx *ctx, const struct store_image *image);
/* "busybox" becomes "localhost/busybox:latest", complete names stay. Caller frees. */
int image_local_name(const char *text, char **ret, struct err *err);
int image_tag(const struct image_ctx *ctx, const char *image, const char *name, struct err *err);

struct image_removal {
	bool force;
	bool externals;	       /* buildah's working containers go with it */
	bool no_prune;	       /* keep nameless images that this one was made of */
	store_users_fn *users; /* kist's own containers */
	void *users_arg;
};
/* ERR_UNSUPPORTED when the image's files have the owners of a user namespace: they are for the
 * containers of another tool. */
int image_refuse_shifted(const struct image_ctx *ctx, const struct store_image *image,
			 struct err *err);
/* ERR_DENIED that names the store when the image, and so its names, are in an additional one. */
int image_refuse_read_only(const struct image_ctx *ctx, const struct store_image *image,
			   struct err *err);
/* What happened, as lines in order: "Untagged: NAME", "Deleted: ID". */
int image_remove(const struct image_ctx *ctx, const char *text, const struct image_removal *rm,
		 struct strv *ret_lines, struct err *err);

/* ---- remote ---- */

struct image_pull {
	struct image_remote remote;
	const struct platform *platform; /* NULL: the host's */
};

/* Pulls by what the user typed; *ret_id is the image's ID. */
int image_pull(const struct image_ctx *ctx, const char *text, const struct image_pull *pull,
	       char ret_id[STORE_ID_LEN + 1], struct err *err);

/* Complete names, with tag, of everything that the repository has on its registry. text: a name
 * without tag. */
int image_remote_names(const struct image_ctx *ctx, const char *text,
		       const struct image_remote *remote, struct strv *ret, struct err *err);

/* How layers and manifest are written, where they are not on the registry as they are here. */
enum push_format { PUSH_AS_IT_IS, PUSH_OCI, PUSH_DOCKER };
enum push_compression { PUSH_COMPRESSED_AS_IT_IS, PUSH_GZIP, PUSH_ZSTD };

struct image_push {
	struct image_remote remote;
	enum push_format format;
	enum push_compression compression;
	int level; /* of it, as users count: compression_level */
	/* Layers with another compression are sent anew, also when the registry has them. */
	bool force_compression;
};

/* Pushes a local image to a name (NULL: its own). ret_digest: of the manifest on the registry. */
int image_push(const struct image_ctx *ctx, const char *image, const char *destination,
	       const struct image_push *push, char ret_digest[80], struct err *err);

/* Checks credentials against a registry ("host[:port]"). ERR_DENIED when they are wrong. */
int image_check_login(const struct image_ctx *ctx, const char *registry, const char *user,
		      const char *password, const struct image_remote *remote, struct err *err);

#endif
