/* One libcurl handle for one try of a transfer. */
#include "client.h"

#include "base/auto.h"
#include "base/str.h"

#include <stdlib.h>
#include <sys/socket.h>

#define CONNECT_SECONDS 30
#define RECEIVE_BUFFER (512 * 1024)
#define SEND_BUFFER (256 * 1024)

/* libcurl's own sockets would be inherited by whatever this process executes. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	(void)ctx;
	(void)purpose;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static void set(CURL *e, CURLoption o, long v)
{
	(void)curl.easy_setopt(e, o, v);
}

/* CURLE_OUT_OF_MEMORY is the only way these fail with options that this libcurl knows. */
static int set_text(CURL *e, CURLoption o, const char *v, struct err *err)
{
	return curl.easy_setopt(e, o, v) == CURLE_OK ? 0 : err_nomem(err);
}

static void set_limits(struct http_transfer *t, CURL *e)
{
	unsigned stall = t->req.stall_seconds ? t->req.stall_seconds : HTTP_STALL_SECONDS;

	set(e, CURLOPT_NOSIGNAL, 1);
	set(e, CURLOPT_FOLLOWLOCATION, 0); /* transfer.c does it */
	set(e, CURLOPT_PATH_AS_IS, 1);
	set(e, CURLOPT_HTTP_CONTENT_DECODING, 0);
	set(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
	set(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	set(e, CURLOPT_TCP_KEEPALIVE, 1);
	set(e, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
	set(e, CURLOPT_UPLOAD_BUFFERSIZE, SEND_BUFFER);
	set(e, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	set(e, CURLOPT_LOW_SPEED_LIMIT, 1);
	set(e, CURLOPT_LOW_SPEED_TIME, (long)stall);
	(void)curl.easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
}

static void set_callbacks(struct http_transfer *t, CURL *e)
{
	(void)curl.easy_setopt(e, CURLOPT_PRIVATE, t);
	(void)curl.easy_setopt(e, CURLOPT_ERRORBUFFER, t->curl_text);
	(void)curl.easy_setopt(e, CURLOPT_HEADERFUNCTION, answer_header);
	(void)curl.easy_setopt(e, CURLOPT_HEADERDATA, t);
	(void)curl.easy_setopt(e, CURLOPT_WRITEFUNCTION, answer_body);
	(void)curl.easy_setopt(e, CURLOPT_WRITEDATA, t);
	(void)curl.easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
	(void)curl.easy_setopt(e, CURLOPT_XFERINFOFUNCTION, answer_progress);
	(void)curl.easy_setopt(e, CURLOPT_XFERINFODATA, t);
	(void)curl.easy_setopt(e, CURLOPT_READFUNCTION, source_read);
	(void)curl.easy_setopt(e, CURLOPT_READDATA, t);
	(void)curl.easy_setopt(e, CURLOPT_SEEKFUNCTION, source_seek);
	(void)curl.easy_setopt(e, CURLOPT_SEEKDATA, t);
}

static int set_tls(struct http_client *c, CURL *e, struct err *err)
{
	struct curl_blob ca = {c->trust.authorities.ptr, c->trust.authorities.len,
			       CURL_BLOB_NOCOPY};

	set(e, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	set(e, CURLOPT_SSL_VERIFYPEER, !c->insecure);
	set(e, CURLOPT_SSL_VERIFYHOST, c->insecure ? 0 : 2);
	if (c->trust.ca_file && set_text(e, CURLOPT_CAINFO, c->trust.ca_file, err) < 0)
		return -(int)err->code;
	if (c->trust.ca_path && set_text(e, CURLOPT_CAPATH, c->trust.ca_path, err) < 0)
		return -(int)err->code;
	if (ca.len > 0)
		(void)curl.easy_setopt(e, CURLOPT_CAINFO_BLOB, &ca);
	if (!c->trust.client_cert)
		return 0;
	if (set_text(e, CURLOPT_SSLCERT, c->trust.client_cert, err) < 0 ||
	    set_text(e, CURLOPT_SSLKEY, c->trust.client_key, err) < 0)
		return -(int)err->code;
	return 0;
}

/* libcurl reads https_proxy, HTTPS_PROXY, NO_PROXY ... itself, but HTTP_PROXY only in lower case,
 * and it would send loopback addresses to the proxy: other engines do neither. */
static int set_proxy(struct http_transfer *t, CURL *e, struct err *err)
{
	const char *upper = getenv("HTTP_PROXY");

	if (url_is_loopback(&t->url))
		return set_text(e, CURLOPT_PROXY, "", err);
	if (!t->url.https && upper && !getenv("http_proxy") && !getenv("REQUEST_METHOD"))
		return set_text(e, CURLOPT_PROXY, upper, err);
	return 0;
}

static int add_line(struct http_transfer *t, const char *line, struct err *err)
{
	struct curl_slist *l = curl.slist_append(t->slist, line);

	if (!l)
		return err_nomem(err);
	t->slist = l;
	return 0;
}

static int set_headers(struct http_transfer *t, struct err *err)
{
	AUTO_FREE char *auth = NULL;
	size_t i;
	int r;

	curl.slist_free_all(t->slist);
	t->slist = NULL;
	for (i = 0; i < t->headers.n; i++) {
		r = add_line(t, t->headers.v[i], err);
		if (r < 0)
			return r;
	}
	if (t->authorization && url_same_origin(&t->url, &t->origin)) {
		auth = str_fmt("Authorization: %s", t->authorization);
		r = auth ? add_line(t, auth, err) : err_nomem(err);
		if (r < 0)
			return r;
	}
	(void)curl.easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->slist);
	return 0;
}

static int set_method(struct http_transfer *t, CURL *e, struct err *err)
{
	int64_t size = source_size(t);

	if (streq(t->method, "HEAD")) {
		set(e, CURLOPT_NOBODY, 1);
		return 0;
	}
	if (streq(t->method, "GET")) {
		set(e, CURLOPT_HTTPGET, 1);
		return 0;
	}
	if (t->has_source || streq(t->method, "POST") || streq(t->method, "PUT")) {
		set(e, CURLOPT_UPLOAD, 1); /* also for none: "Content-Length: 0" is wanted */
		(void)curl.easy_setopt(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)size);
	}
	return set_text(e, CURLOPT_CUSTOMREQUEST, t->method, err);
}

int handle_prepare(struct http_transfer *t, struct err *err)
{
	AUTO_FREE char *url = url_str(&t->url);
	CURL *e = curl.easy_init();
	int r;

	if (t->easy)
		curl.easy_cleanup(t->easy);
	t->easy = e;
	if (!e || !url)
		return err_nomem(err);
	t->curl_text[0] = '\0';
	set_limits(t, e);
	set_callbacks(t, e);
	r = set_tls(t->client, e, err);
	if (r == 0)
		r = set_proxy(t, e, err);
	if (r == 0)
		r = set_headers(t, err);
	if (r == 0)
		r = set_method(t, e, err);
	if (r == 0)
		r = set_text(e, CURLOPT_URL, url, err);
	if (r == 0)
		r = set_text(e, CURLOPT_PROTOCOLS_STR, "http,https", err);
	if (r == 0)
		r = set_text(e, CURLOPT_USERAGENT, "kist/" KIST_VERSION, err);
	return r;
}
