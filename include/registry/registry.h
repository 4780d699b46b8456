/*
 * registry.h - a client of the distribution protocol (OCI distribution-spec 1.1, and Docker's
 * token authentication): one session is one endpoint and one repository on it.
 *
 *	r = registry_open(&(struct registry_options){.host = "127.0.0.1:5000",
 *			.repository = "team/app", .cancelled = f, .ctx = c}, &s, err);
 *	r = registry_manifest_get(s, "latest", &m, err);
 *	r = registry_blobs_get(s, blobs, n, &(struct registry_blobs_options){...}, err);
 *	registry_close(s);
 *
 * Mirrors, short names, credentials files and the choice of platform are the caller's. Names and
 * references are taken as already checked by spec/ref.h.
 *
 * Tokens are fetched, kept and renewed inside, also in the middle of a long pull. Credentials go
 * only to the endpoint itself and to the token server it names.
 *
 * Errors: ERR_NOT_FOUND (manifest, blob or repository unknown), ERR_DENIED (401, 403), ERR_NETWORK
 * (with what to do about it in the text), ERR_CORRUPT (bytes that do not have their digest or
 * size), ERR_LIMIT, ERR_INVALID (an answer that breaks the protocol), ERR_SYS with EINTR
 * (cancelled). What the registry says ("manifest unknown: ...") is part of the text.
 *
 * Processes: see http/http.h: after registry_open do not fork without exec.
 */
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/auto.h"
#include "base/buf.h"

struct certs;
struct err;
struct http_client;
struct registry_session;

/* All NULL: anonymous. An identity token (OAuth2 refresh token) is used in place of a password. */
struct registry_auth {
	const char *user, *password, *identity_token;
};

enum registry_access {
	REGISTRY_LOGIN, /* only to check credentials: no repository */
	REGISTRY_PULL,
	REGISTRY_PUSH, /* includes pull */
};

struct registry_options {
	const char *host;	/* as in the reference: "docker.io", "127.0.0.1:5000" */
	const char *repository; /* "library/alpine" */
	enum registry_access access;
	bool insecure; /* certificates are not checked; http is tried when https fails */
	const struct certs *certs; /* config/certs.h: certs_find(host); NULL: the system's only */
	struct registry_auth auth; /* copied */
	bool (*cancelled)(void *ctx);
	void *ctx;
};

/* Finds out the scheme and what the registry asks for; no credentials are sent yet. */
int registry_open(const struct registry_options *o, struct registry_session **ret, struct err *err);
void registry_close(struct registry_session *s);
DEFINE_AUTO(struct registry_session, registry_close)

/* The credentials are right (or none are wanted): 0. ERR_DENIED "invalid username/password". */
int registry_check_login(struct registry_session *s, struct err *err);
/* "https://registry-1.docker.io" or "http://127.0.0.1:5000"; for messages. */
const char *registry_get_url(const struct registry_session *s);
/* For http_watch: descriptors to look after while blobs are on their way. */
struct http_client *registry_get_http(struct registry_session *s);

/* ---- manifests ---- */

#define REGISTRY_MANIFEST_MAX (4 * 1024 * 1024)
#define REGISTRY_DIGEST_MAX 80 /* "sha256:" and 64 digits, and NUL */

struct registry_manifest {
	struct buf bytes; /* as they came: what has the digest; registry_manifest_find: empty */
	char *media_type; /* of the Content-Type, without parameters; "" when not said */
	char digest[REGISTRY_DIGEST_MAX];
	uint64_t size;
};

#define REGISTRY_MANIFEST_INIT                                                                     \
	{                                                                                          \
		.bytes = BUF_INIT(REGISTRY_MANIFEST_MAX)                                           \
	}
#define AUTO_REGISTRY_MANIFEST __attribute__((cleanup(registry_manifest_fini)))
void registry_manifest_fini(struct registry_manifest *m);

/* By tag or by digest ("sha256:..."), with the Accept list of all kinds that spec/image.h reads.
 * The digest is computed from the bytes, and compared when one was asked for or announced. */
int registry_manifest_get(struct registry_session *s, const char *tag_or_digest,
			  struct registry_manifest *ret, struct err *err);
/* Only whether it is there and its digest ("" when the registry does not say): 1, or 0. */
int registry_manifest_find(struct registry_session *s, const char *tag_or_digest,
			   struct registry_manifest *ret, struct err *err);
/* ret_digest as computed from the bytes; compared with the registry's answer. */
int registry_manifest_put(struct registry_session *s, const char *tag_or_digest,
			  const char *media_type, const void *data, size_t len,
			  char ret_digest[REGISTRY_DIGEST_MAX], struct err *err);

/* ---- blobs from the registry ---- */

/* Is it there? 1 with its size (-1: not said), or 0. */
int registry_blob_find(struct registry_session *s, const char *digest, int64_t *ret_size,
		       struct err *err);
/* A small blob (the config) into out, whose ceiling is the limit; digest verified. */
int registry_blob_get(struct registry_session *s, const char *digest, struct buf *out,
		      struct err *err);

/* One blob into a file. What the file holds already (up to size) is hashed and not fetched again:
 * the caller keeps the file for the next time when a pull was broken off. On wrong content the
 * file is cut to 0 and the error is ERR_CORRUPT naming the digest. */
struct registry_blob {
	const char *digest;
	int64_t size; /* -1: not known (then HTTP's word is taken, up to REGISTRY_BLOB_MAX) */
	int fd;	      /* open for reading and writing */
	/* Opens the file when the blob's turn comes, instead of fd; the result is closed after
	 * done. NULL: fd is used. */
	int (*open)(void *ctx, size_t index, int *ret_fd, struct err *err);
};

#define REGISTRY_BLOB_MAX (1LL << 40)
#define REGISTRY_PARALLEL 6 /* at once, when not said: as podman */

struct registry_blobs_options {
	unsigned parallel; /* 0: REGISTRY_PARALLEL */
	/* Blob `index` has `have` of `size` bytes (-1: not known). */
	void (*progress)(void *ctx, size_t index, uint64_t have, int64_t size);
	/* Blob `index` is complete and verified; the others go on meanwhile, so be quick. Negative
	 * ends the whole call with this error. */
	int (*done)(void *ctx, size_t index, struct err *err);
	void *ctx;
};

/* All of them, beginning in this order. The first error ends the call; files keep what they have.
 * Connections that break are continued with range requests. */
int registry_blobs_get(struct registry_session *s, const struct registry_blob *blobs, size_t n,
		       const struct registry_blobs_options *o, struct err *err);

/* ---- blobs to the registry ---- */

enum registry_upload_result {
	REGISTRY_UPLOADED,
	REGISTRY_ALREADY_THERE,
	REGISTRY_MOUNTED, /* taken over from another repository of the same registry */
};

/* What to upload. With digest known: looked for first, then mounted, then sent. Else mounted, or
 * sent. */
struct registry_upload {
	const char *digest;	/* NULL: only known at the end, from finish */
	int64_t size;		/* -1: not known */
	const char *mount_from; /* repository of the same registry that may have it, or NULL */
	const char *mount;	/* the digest that is as good, where `digest` is not known */
	/* The bytes: from a file (fd, from its beginning; size and digest known) ... */
	int fd; /* -1: pull is used */
	/* ... or from here; 0 is the end, HTTP_PULL_WAIT and wait_fd as in http/http.h. */
	ssize_t (*pull)(void *ctx, void *out, size_t n, struct err *err);
	int (*rewind)(void *ctx, struct err *err); /* NULL: only once */
	int wait_fd;
	/* After pull ended: the digest of what it gave, when `digest` was not known. */
	int (*finish)(void *ctx, char ret_digest[REGISTRY_DIGEST_MAX], struct err *err);
	/* Bytes sent so far. NULL: not wanted. */
	void (*progress)(void *ctx, uint64_t sent);
	/* It is on the registry. NULL: not wanted. Negative ends the whole call. */
	int (*done)(void *ctx, enum registry_upload_result how, struct err *err);
	void *ctx; /* of this upload's callbacks */
};

/* All of them, `parallel` at once (0: REGISTRY_PARALLEL). The first error ends the call. */
int registry_blobs_put(struct registry_session *s, const struct registry_upload *uploads, size_t n,
		       unsigned parallel, struct err *err);

/* ---- tags ---- */

struct strv;
/* All tags of the repository, in the registry's order; at most REGISTRY_TAGS_MAX. */
#define REGISTRY_TAGS_MAX 100000
int registry_tags(struct registry_session *s, struct strv *ret, struct err *err);

#endif
