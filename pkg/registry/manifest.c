/* Manifests: small documents whose bytes are what counts. */
#include "session.h"

#include "base/auto.h"
#include "base/str.h"
#include "digest/digest.h"
#include "spec/image.h"

#include <stdlib.h>

void registry_manifest_fini(struct registry_manifest *m)
{
	buf_fini(&m->bytes);
	free(m->media_type);
	m->media_type = NULL;
}

static int wrap(const struct registry_session *s, const char *what, const char *name,
		struct err *err)
{
	const char *sep = strchr(name, ':') ? "@" : ":";

	return err_wrap(err, "%s manifest %s/%s%s%s", what, s->host, s->repository, sep, name);
}

static int digest_of(const void *data, size_t len, char ret[REGISTRY_DIGEST_MAX], struct err *err)
{
	uint8_t sum[SHA256_LEN];
	int r = sha256_once(data, len, sum, err);

	if (r == 0)
		(void)sha256_text(sum, ret);
	return r;
}

static bool is_digest(const char *s)
{
	struct err ignored = ERR_INIT;
	uint8_t sum[SHA256_LEN];

	return sha256_parse(s, sum, &ignored) == 0;
}

/* Content-Type without its parameters. */
static int media_type(const struct http_transfer *t, char **ret, struct err *err)
{
	const char *field = http_header(t, "Content-Type", 0);
	struct str rest = str_of(field ? field : "");

	*ret = str_dup(str_trim(str_cut(&rest, ';')));
	return *ret ? 0 : err_nomem(err);
}

static int ask(struct registry_session *s, const char *method, const char *name,
	       struct http_transfer **ret, struct err *err)
{
	AUTO_FREE char *url = session_url(s, "manifests", name);
	AUTO_FREE char *accept = str_fmt("Accept: %s", manifest_accept);
	const char *headers[] = {accept, NULL};
	struct http_request req = {
	    .method = method, .url = url, .headers = headers, .max_body = REGISTRY_MANIFEST_MAX};

	if (!url || !accept)
		return err_nomem(err);
	return session_do(s, &req, NULL, ret, err);
}

static int check_digest(const struct http_transfer *t, const char *name, const char *digest,
			struct err *err)
{
	const char *said = http_header(t, "Docker-Content-Digest", 0);

	if (strchr(name, ':') && !streq(name, digest))
		return err_set(err, ERR_CORRUPT, "its content has the digest %s", digest);
	if (said && is_digest(said) && !streq(said, digest))
		return err_set(err, ERR_CORRUPT, "its content has the digest %s, but %s was said",
			       digest, said);
	return 0;
}

static int take_manifest(struct http_transfer *t, const char *name, struct registry_manifest *ret,
			 struct err *err)
{
	AUTO_REGISTRY_MANIFEST struct registry_manifest m = REGISTRY_MANIFEST_INIT;
	struct buf *body = http_body(t);
	int r;

	if (http_status(t) != 200)
		return reply_error(t, err);
	r = digest_of(buf_str(body), body->len, m.digest, err);
	if (r == 0)
		r = check_digest(t, name, m.digest, err);
	if (r == 0)
		r = media_type(t, &m.media_type, err);
	if (r < 0)
		return r;
	registry_manifest_fini(ret);
	*ret = m;
	m.media_type = NULL;
	ret->size = body->len;
	ret->bytes = *body;
	*body = (struct buf)BUF_INIT(0);
	return 0;
}

int registry_manifest_get(struct registry_session *s, const char *tag_or_digest,
			  struct registry_manifest *ret, struct err *err)
{
	AUTO(http_transfer_free_p) struct http_transfer *t = NULL;
	int r = ask(s, "GET", tag_or_digest, &t, err);

	if (r == 0)
		r = take_manifest(t, tag_or_digest, ret, err);
	return r < 0 ? wrap(s, "reading", tag_or_digest, err) : 0;
}

int registry_manifest_find(struct registry_session *s, const char *tag_or_digest,
			   struct registry_manifest *ret, struct err *err)
{
	AUTO(http_transfer_free_p) struct http_transfer *t = NULL;
	AUTO_REGISTRY_MANIFEST struct registry_manifest m = REGISTRY_MANIFEST_INIT;
	int r = ask(s, "HEAD", tag_or_digest, &t, err);
	const char *said;

	if (r == 0 && http_status(t) == 404)
		return 0;
	if (r == 0 && http_status(t) != 200)
		r = reply_error(t, err);
	if (r == 0)
		r = media_type(t, &m.media_type, err);
	if (r < 0)
		return wrap(s, "looking for", tag_or_digest, err);
	said = http_header(t, "Docker-Content-Digest", 0);
	if (said && is_digest(said))
		(void)snprintf(m.digest, sizeof(m.digest), "%s", said);
	if (http_content_length(t) > 0)
		m.size = (uint64_t)http_content_length(t);
	registry_manifest_fini(ret);
	*ret = m;
	m.media_type = NULL;
	return 1;
}

static int put(struct registry_session *s, const char *name, const char *type,
	       const struct http_source *body, struct http_transfer **ret, struct err *err)
{
	AUTO_FREE char *url = session_url(s, "manifests", name);
	AUTO_FREE char *content_type = str_fmt("Content-Type: %s", type);
	const char *headers[] = {content_type, NULL};
	struct http_request req = {.method = "PUT", .url = url, .headers = headers, .body = body};

	if (!url || !content_type)
		return err_nomem(err);
	return session_do(s, &req, NULL, ret, err);
}

int registry_manifest_put(struct registry_session *s, const char *tag_or_digest,
			  const char *media_type_, const void *data, size_t len,
			  char ret_digest[REGISTRY_DIGEST_MAX], struct err *err)
{
	AUTO(http_transfer_free_p) struct http_transfer *t = NULL;
	const struct http_source body = {.data = data, .len = len};
	char digest[REGISTRY_DIGEST_MAX];
	int r = digest_of(data, len, digest, err);

	if (r == 0)
		r = put(s, tag_or_digest, media_type_, &body, &t, err);
	if (r == 0 && http_status(t) != 201 && http_status(t) != 200)
		r = reply_error(t, err);
	if (r == 0)
		r = check_digest(t, tag_or_digest, digest, err);
	if (r < 0)
		return wrap(s, "writing", tag_or_digest, err);
	memcpy(ret_digest, digest, sizeof(digest));
	return 0;
}
