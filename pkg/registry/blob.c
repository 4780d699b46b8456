/* One blob: is it there, and small ones into memory. */
#include "session.h"

#include "base/auto.h"
#include "base/str.h"
#include "digest/digest.h"

int registry_blob_find(struct registry_session *s, const char *digest, int64_t *ret_size,
		       struct err *err)
{
	AUTO(http_transfer_free_p) struct http_transfer *t = NULL;
	AUTO_FREE char *url = session_url(s, "blobs", digest);
	struct http_request req = {.method = "HEAD", .url = url};
	int r;

	if (!url)
		return err_nomem(err);
	r = session_do(s, &req, NULL, &t, err);
	if (r == 0 && http_status(t) != 200 && http_status(t) != 404)
		r = reply_error(t, err);
	if (r < 0)
		return err_wrap(err, "blob %s", digest);
	if (http_status(t) == 404)
		return 0;
	*ret_size = http_content_length(t);
	return 1;
}

static int get_into(struct registry_session *s, const char *digest, struct buf *out,
		    struct err *err)
{
	AUTO(http_transfer_free_p) struct http_transfer *t = NULL;
	AUTO_FREE char *url = session_url(s, "blobs", digest);
	struct http_request req = {.url = url, .max_body = out->max};
	char text[SHA256_TEXT_MAX];
	uint8_t sum[SHA256_LEN];
	struct buf *body;
	int r;

	if (!url)
		return err_nomem(err);
	r = session_do(s, &req, NULL, &t, err);
	if (r < 0)
		return r;
	if (http_status(t) != 200)
		return reply_error(t, err);
	body = http_body(t);
	r = sha256_once(buf_str(body), body->len, sum, err);
	if (r < 0)
		return r;
	if (!streq(sha256_text(sum, text), digest))
		return err_set(err, ERR_CORRUPT, "the content does not have this digest");
	buf_reset(out);
	buf_add(out, body->ptr, body->len);
	return buf_check(out, "the blob", err);
}

int registry_blob_get(struct registry_session *s, const char *digest, struct buf *out,
		      struct err *err)
{
	int r = get_into(s, digest, out, err);

	return r < 0 ? err_wrap(err, "blob %s", digest) : 0;
}
