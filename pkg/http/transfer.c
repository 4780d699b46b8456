/* The life of one transfer: tries, redirects, and its result. */
#include "client.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/str.h"
#include "base/times.h"
#include "http/field.h"

#include <errno.h>
#include <stdlib.h>

#define TRIES_MAX 4
#define REDIRECTS_MAX 10
#define BACKOFF_FIRST_MS 400
#define BACKOFF_MAX_MS 10000
#define RETRY_AFTER_MAX_SECONDS 60
#define NSEC_PER_MSEC 1000000LL

unsigned http_backoff_ms(unsigned n)
{
	unsigned ms = BACKOFF_FIRST_MS;
	uint16_t dice;

	while (--n > 0 && ms < BACKOFF_MAX_MS)
		ms *= 2;
	if (ms > BACKOFF_MAX_MS)
		ms = BACKOFF_MAX_MS;
	rand_bytes(&dice,
		   sizeof(dice)); /* many hosts that failed together do not return together */
	return ms + dice % (ms / 4);
}

static bool has_delay(const struct http_transfer *t)
{
	return t->start_at > time_monotonic_ns();
}

static void finish(struct http_transfer *t)
{
	t->state = T_DONE;
	if (t->result.code != ERR_NONE)
		log_debug("http: %s %s: %s", t->method, http_url(t), t->result.text);
	else
		log_debug("http: %s %s: %d", t->method, http_url(t), t->status);
}

static void finish_failed(struct http_transfer *t, const struct err *why)
{
	char host[URL_HOSTPORT_MAX];

	t->result = *why;
	t->failure = HTTP_FAIL_LOCAL;
	if (why == &t->failed && why->code == ERR_LIMIT)
		(void)err_wrap(&t->result, "%s", url_hostport(&t->url, host));
	finish(t);
}

void transfer_cancel(struct http_transfer *t)
{
	if (t->state == T_DONE)
		return;
	if (t->state == T_RUNNING)
		(void)curl.multi_remove(t->client->multi, t->easy);
	(void)err_set(&t->failed, ERR_SYS, "cancelled");
	t->failed.sys_errno = EINTR;
	finish_failed(t, &t->failed);
}

/* The answer and the handle of a further try, now or later. */
static void again(struct http_transfer *t, int64_t ms)
{
	struct err err = ERR_INIT;

	if (source_rewind(t, &err) < 0) {
		finish_failed(t, &err);
		return;
	}
	t->state = T_WAITING;
	t->start_at = time_monotonic_ns() + ms * NSEC_PER_MSEC;
}

int transfer_begin(struct http_transfer *t, struct err *err)
{
	CURLMcode m;
	int r;

	if (has_delay(t))
		return 0;
	answer_reset(t);
	t->answer_bytes = 0;
	t->begun_at = time_monotonic_ns();
	free(t->url_text);
	t->url_text = url_str(&t->url);
	t->failure = HTTP_FAIL_NONE;
	t->may_pass = false;
	err_clear(&t->result);
	r = handle_prepare(t, err);
	if (r < 0)
		return r;
	m = curl.multi_add(t->client->multi, t->easy);
	if (m != CURLM_OK)
		return err_set(err, ERR_BUG, "libcurl: %s", curl.multi_strerror(m));
	t->tries++;
	t->state = T_RUNNING;
	return 0;
}

static bool is_redirect(const struct http_transfer *t)
{
	bool keeps = t->status == 307 || t->status == 308;
	bool any = keeps || t->status == 301 || t->status == 302 || t->status == 303;

	if (!any || !http_header(t, "Location", 0))
		return false;
	if (streq(t->method, "GET") || streq(t->method, "HEAD"))
		return true;
	return keeps && source_can_repeat(t);
}

static int follow(struct http_transfer *t, struct err *err)
{
	AUTO_URL struct url u = URL_INIT;
	int r;

	if (++t->redirects > REDIRECTS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d redirects", REDIRECTS_MAX);
	r = url_resolve(&t->url, http_header(t, "Location", 0), &u, err);
	if (r < 0)
		return err_wrap(err, "redirect");
	if (t->url.https && !u.https && !t->client->insecure)
		return err_set(err, ERR_NETWORK, "redirect from https to http is not followed");
	if (t->has_source && !url_same_origin(&u, &t->origin))
		return err_set(err, ERR_NETWORK, "redirect of a request's body to %s: refused",
			       u.host);
	url_fini(&t->url);
	t->url = u;
	u.path = NULL;
	t->tries = 0;
	return 0;
}

static bool is_busy(int status)
{
	return status == 429 || status == 502 || status == 503 || status == 504;
}

static bool may_repeat(const struct http_transfer *t)
{
	return t->tries < TRIES_MAX && t->received == 0 && source_can_repeat(t);
}

/* How long to pause before the next try; Retry-After counts when it is not out of all reason. */
static int64_t pause_ms(const struct http_transfer *t)
{
	const char *after = http_header(t, "Retry-After", 0);
	int64_t seconds = after ? http_retry_after(after) : -1;

	if (seconds > RETRY_AFTER_MAX_SECONDS)
		seconds = RETRY_AFTER_MAX_SECONDS;
	return seconds >= 0 ? seconds * 1000 : http_backoff_ms(t->tries);
}

static void note_answered(struct http_transfer *t)
{
	struct err ignored = ERR_INIT;
	char host[URL_HOSTPORT_MAX];

	(void)url_hostport(&t->url, host);
	if (strv_find(&t->client->answered, host) < 0)
		(void)strv_add(&t->client->answered, host, &ignored); /* only a hint */
}

static void answered(struct http_transfer *t)
{
	struct err err = ERR_INIT;

	note_answered(t);
	if (is_redirect(t)) {
		if (follow(t, &err) < 0)
			finish_failed(t, &err);
		else
			again(t, 0);
		return;
	}
	if (is_busy(t->status) && may_repeat(t)) {
		log_debug("http: %s: %d, trying again", http_url(t), t->status);
		again(t, pause_ms(t));
		return;
	}
	answer_end(t);
	if (t->failed.code != ERR_NONE)
		finish_failed(t, &t->failed);
	else
		finish(t);
}

/* An error that came while the body was still being sent counts more than the broken sending. */
static bool refused_early(const struct http_transfer *t)
{
	return t->has_source && t->status >= 400;
}

void transfer_ended(struct http_transfer *t, CURLcode code)
{
	(void)curl.multi_remove(t->client->multi, t->easy);
	if (t->failed.code != ERR_NONE) {
		finish_failed(t, &t->failed);
		return;
	}
	if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && t->enough) || refused_early(t)) {
		answered(t);
		return;
	}
	failure_set(t, code);
	if (t->may_pass && may_repeat(t)) {
		log_debug("http: %s: %s, trying again", http_url(t), t->result.text);
		again(t, http_backoff_ms(t->tries));
		return;
	}
	finish(t);
}

/* A line break would begin another header. */
static int check_line(const char *s, struct err *err)
{
	for (; s && *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return err_set(err, ERR_INVALID, "a header with control characters");
	return 0;
}

static int copy_text(struct http_transfer *t, const struct http_request *req, struct err *err)
{
	const char *const *h;
	int r;

	r = str_set(&t->method, req->method ? req->method : "GET", err);
	if (r == 0)
		r = check_line(req->authorization, err);
	if (r == 0)
		r = str_set(&t->authorization, req->authorization, err);
	for (h = req->headers; r == 0 && h && *h; h++) {
		r = check_line(*h, err);
		if (r == 0)
			r = strv_add(&t->headers, *h, err);
	}
	if (r == 0)
		r = url_parse(req->url, &t->url, err);
	if (r == 0)
		r = url_parse(req->url, &t->origin, err);
	return r;
}

int http_start(struct http_client *c, const struct http_request *req, struct http_transfer **ret,
	       struct err *err)
{
	AUTO(http_transfer_free_p) struct http_transfer *t = calloc(1, sizeof(*t));
	struct http_transfer **end = &c->transfers;
	int r;

	if (!t)
		return err_nomem(err);
	t->client = c;
	t->req = *req;
	t->body.max = req->max_body > HTTP_ERROR_BODY_MAX ? req->max_body : HTTP_ERROR_BODY_MAX;
	if (req->body) {
		t->source = *req->body;
		t->has_source = true;
	}
	r = copy_text(t, req, err);
	if (r < 0)
		return r;
	t->url_text = url_str(&t->url);
	t->start_at = time_monotonic_ns() + req->delay_ms * NSEC_PER_MSEC;
	while (*end)
		end = &(*end)->next;
	*end = t;
	*ret = TAKE(t);
	return 0;
}

void http_transfer_free(struct http_transfer *t)
{
	struct http_transfer **p;

	if (!t)
		return;
	for (p = &t->client->transfers; *p; p = &(*p)->next) {
		if (*p != t)
			continue;
		*p = t->next;
		break;
	}
	if (t->state == T_RUNNING)
		(void)curl.multi_remove(t->client->multi, t->easy);
	if (t->easy)
		curl.easy_cleanup(t->easy);
	curl.slist_free_all(t->slist);
	url_fini(&t->url);
	url_fini(&t->origin);
	strv_fini(&t->headers);
	strv_fini(&t->answer);
	buf_fini(&t->body);
	free(t->method);
	free(t->authorization);
	free(t->url_text);
	free(t);
}

const char *http_url(const struct http_transfer *t)
{
	return t->url_text ? t->url_text : "";
}

void *http_ctx(const struct http_transfer *t)
{
	return t->req.ctx;
}

enum http_failure http_failure(const struct http_transfer *t)
{
	return t->failure;
}

bool http_may_pass(const struct http_transfer *t)
{
	return t->may_pass;
}
