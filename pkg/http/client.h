/* client.h - what the files of this module share: client, transfer, and their steps. */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "curl.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "http/http.h"
#include "http/url.h"

struct watch {
	int fd;
	int (*ready)(void *ctx, struct err *err);
	void *ctx;
};

struct trust {
	struct buf authorities;		/* PEM; empty: only the system's */
	char *ca_file, *ca_path;	/* SSL_CERT_FILE, SSL_CERT_DIR: in place of the system's */
	char *client_cert, *client_key; /* paths, or NULL */
};

struct http_client {
	CURLM *multi;
	struct http_transfer *transfers; /* in the order of their start */
	bool insecure;
	bool (*cancelled)(void *ctx);
	void *ctx;
	struct trust trust;
	struct strv answered; /* hosts ("host:port") that have answered at least once */
	struct watch watches[HTTP_WATCHES_MAX];
	size_t n_watches;
};

enum transfer_state { T_WAITING, T_RUNNING, T_DONE };

struct http_transfer {
	struct http_client *client;
	struct http_transfer *next;
	enum transfer_state state;
	bool reported; /* somebody has its result */

	/* The request. */
	struct http_request req; /* its text members are not used; they are copied to: */
	char *method, *authorization;
	struct strv headers;
	struct http_source source;
	bool has_source;
	struct url url;	   /* where it goes now */
	struct url origin; /* what authorization is for */

	/* Tries. */
	int64_t start_at; /* monotonic */
	unsigned tries, redirects;
	CURL *easy;
	struct curl_slist *slist;
	char curl_text[CURL_ERROR_SIZE];

	/* The request's body in this try. */
	size_t data_at;
	uint64_t sent;
	bool pulled; /* something was taken from pull, in any try since the last rewind */
	bool paused;

	/* The answer of this try. */
	int status;
	struct strv answer;  /* "Name: value" */
	size_t answer_bytes; /* of headers */
	int64_t begun_at;
	bool begun;  /* 2xx: begin was called */
	bool enough; /* error body: the rest is not wanted */
	struct buf body;
	uint64_t received; /* given to write, in all tries */
	char *url_text;

	struct err failed; /* a callback's error; code ERR_NONE: none */
	struct err result;
	enum http_failure failure;
	bool may_pass;
};

/* trust.c */
int trust_init(struct trust *t, const struct http_options *o, struct err *err);
void trust_fini(struct trust *t);
/* certificates, time-outs, proxies ... of a new handle (handle.c) */
int handle_prepare(struct http_transfer *t, struct err *err);
/* answer.c */
void answer_reset(struct http_transfer *t);
size_t answer_header(char *data, size_t size, size_t n, void *ctx);
size_t answer_body(char *data, size_t size, size_t n, void *ctx);
int answer_progress(void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
		    curl_off_t up);
/* Calls begin for a 2xx answer without body. */
void answer_end(struct http_transfer *t);
/* source.c */
size_t source_read(char *out, size_t size, size_t n, void *ctx);
int source_seek(void *ctx, curl_off_t offset, int whence);
int64_t source_size(const struct http_transfer *t);
bool source_can_repeat(const struct http_transfer *t);
int source_rewind(struct http_transfer *t, struct err *err);
/* failure.c: sets result, failure and may_pass */
void failure_set(struct http_transfer *t, CURLcode code);
/* transfer.c */
int transfer_begin(struct http_transfer *t, struct err *err);
void transfer_ended(struct http_transfer *t, CURLcode code);
void transfer_cancel(struct http_transfer *t);

#endif
