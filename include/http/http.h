/*
 * http.h - requests over http and https, with limits.
 *
 * A client holds what is common to its requests: trust in certificates, client certificate,
 * proxies, open connections, cancellation. A transfer is one request on its way and its answer:
 *
 *	r = http_start(client, &(struct http_request){.url = url, .max_body = 4096}, &t, err);
 *	r = http_wait(t, err);                 also drives every other transfer of this client
 *	if (http_status(t) == 200) use(http_body(t));
 *	http_transfer_free(t);
 *
 * Any number of transfers run at once in the one thread, while some http_wait* call is active.
 * An answer of any status is success; the caller looks at http_status(). Redirects of GET and HEAD
 * are followed here, and 307 and 308 of any request whose body can be sent again, within its origin
 * (scheme, host, port); never from https to http. `authorization` is left out as soon as one leaves
 * the origin it was meant for. Failures that may pass (429, 502, 503, 504, a connection that broke)
 * are tried again with growing pauses, as long as no byte of the answer's body was handed on and
 * the request's body can be sent again.
 *
 * Errors: ERR_NETWORK (http_failure() tells the kind), ERR_LIMIT (body larger than max_body, too
 * many redirects), ERR_INVALID (url, certificate), ERR_NOT_FOUND (libcurl is not
 * installed), ERR_SYS with EINTR (cancelled), or what a callback set.
 *
 * Processes: libcurl is loaded by http_client_new and may start a thread for name lookup. From then
 * on this process must not fork without exec; children that only fork are started before. All
 * sockets are close-on-exec. SIGPIPE is held back inside; no other signal is touched.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/auto.h"

struct buf;
struct err;
struct http_client;
struct http_transfer;

struct http_options {
	bool insecure; /* certificates are not verified */
	/* Files of authorities' certificates (PEM) that are believed besides the system's;
	 * NULL-terminated, or NULL. Found by config/certs.h. */
	const char *const *ca_files;
	const char *client_cert, *client_key; /* files, or both NULL */
	/* Asked several times a second; true ends every transfer. NULL: never. */
	bool (*cancelled)(void *ctx);
	void *ctx;
};

int http_client_new(const struct http_options *o, struct http_client **ret, struct err *err);
/* After all its transfers were freed. */
void http_client_free(struct http_client *c);
DEFINE_AUTO(struct http_client, http_client_free)

/* Calls ready(ctx) whenever fd is readable while the client waits: a child's end, an upload's
 * source. ready < 0 ends the wait with its error. ready = NULL takes the watch away. At most
 * HTTP_WATCHES_MAX. The descriptor stays the caller's. */
#define HTTP_WATCHES_MAX 32
int http_watch(struct http_client *c, int fd, int (*ready)(void *ctx, struct err *err), void *ctx,
	       struct err *err);

/* What pull may return besides a count of bytes, 0 for the end, and a negative error. */
#define HTTP_PULL_WAIT ((ssize_t)0x7fffffff)

/* A request's body: bytes in memory, or pulled while it is sent. */
struct http_source {
	const void *data; /* borrowed until the transfer ended */
	size_t len;
	/* Up to n bytes into out. HTTP_PULL_WAIT: ask again when wait_fd is readable. */
	ssize_t (*pull)(void *ctx, void *out, size_t n, struct err *err);
	int (*rewind)(void *ctx, struct err *err); /* NULL: cannot be sent twice */
	int64_t size;				   /* of all that pull will yield; -1: not known */
	int wait_fd;
	void *ctx;
};

struct http_request {
	const char *method; /* NULL: GET */
	const char *url;
	const char *authorization;	/* value of the header, or NULL; see above */
	const char *const *headers;	/* "Name: value", NULL-terminated, or NULL */
	const struct http_source *body; /* NULL: none; copied */
	unsigned stall_seconds;		/* 0: HTTP_STALL_SECONDS without a byte end the transfer */
	/* 0: HTTP_ANSWER_SECONDS. So long a server that keeps sending something may take for the
	 * whole answer, or for its header when the body goes to write. Not with a body to send. */
	unsigned answer_seconds;
	unsigned delay_ms; /* begin not before; for the caller's own back-off */
	/* The body of a 2xx answer goes to write when set, else into http_body(). Other bodies
	 * always go to http_body(), cut at HTTP_ERROR_BODY_MAX. */
	size_t max_body; /* ceiling of http_body(); 0: HTTP_ERROR_BODY_MAX */
	/* Before the first byte of a 2xx body: check the headers. Negative ends the transfer. */
	int (*begin)(void *ctx, const struct http_transfer *t, struct err *err);
	int (*write)(void *ctx, const void *data, size_t n, struct err *err);
	void (*progress)(void *ctx, uint64_t received, uint64_t sent);
	void *ctx; /* of begin, write and progress */
};

#define HTTP_STALL_SECONDS 60
#define HTTP_ANSWER_SECONDS 300
#define HTTP_ERROR_BODY_MAX (64 * 1024)

/* Everything in req but body->data, the callbacks and ctx is copied. */
int http_start(struct http_client *c, const struct http_request *req, struct http_transfer **ret,
	       struct err *err);
/* Until t has ended. Repeated calls give the same result. */
int http_wait(struct http_transfer *t, struct err *err);
/* Until any transfer has ended that nobody waited for: 1 with *ret (its result from http_wait), 0
 * when there is none; negative only when the client itself fails or is cancelled. */
int http_wait_any(struct http_client *c, struct http_transfer **ret, struct err *err);
/* Ends it at once when it is still on its way. */
void http_transfer_free(struct http_transfer *t);
DEFINE_AUTO(struct http_transfer, http_transfer_free)

/* http_start, http_wait; *ret also when the answer is an error of the server. */
int http_do(struct http_client *c, const struct http_request *req, struct http_transfer **ret,
	    struct err *err);

/* Of the last answer. */
int http_status(const struct http_transfer *t);
/* The nth header (from 0) of this name in any case, without surrounding blanks; NULL: none. */
const char *http_header(const struct http_transfer *t, const char *name, size_t nth);
int64_t http_content_length(const struct http_transfer *t); /* -1: not said */
struct buf *http_body(struct http_transfer *t);
const char *http_url(const struct http_transfer *t);   /* after redirects */
uint64_t http_received(const struct http_transfer *t); /* bytes given to write */
void *http_ctx(const struct http_transfer *t);

enum http_failure {
	HTTP_FAIL_NONE,
	HTTP_FAIL_RESOLVE,
	HTTP_FAIL_CONNECT,	 /* refused, unreachable, timed out */
	HTTP_FAIL_TLS_AUTHORITY, /* certificate signed by an unknown authority */
	HTTP_FAIL_TLS_CERT,	 /* expired, other name, ... */
	HTTP_FAIL_TLS_PLAIN,	 /* the server answers in plain http */
	HTTP_FAIL_TLS,
	HTTP_FAIL_BROKEN, /* connection broke off, or stalled, or the answer is cut short */
	HTTP_FAIL_LOCAL,  /* a callback's error, cancelled, a limit */
};
enum http_failure http_failure(const struct http_transfer *t);
/* True when trying again later may help: HTTP_FAIL_BROKEN, or a server that answered before. */
bool http_may_pass(const struct http_transfer *t);
/* Pause before try number n (from 1), for a caller with its own tries. */
unsigned http_backoff_ms(unsigned n);

#endif
