/*
 * The client and the loop that drives its transfers. Everything happens in http_wait and
 * http_wait_any: a turn starts what is due, lets libcurl work, takes what has ended, and sleeps
 * until a socket, a watched descriptor or the clock asks for the next turn.
 */
#include "client.h"

#include "base/auto.h"
#include "base/str.h"
#include "base/times.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

/* Longest sleep: how late a cancellation may be noticed. */
#define TURN_MAX_MS 200
/* Sources that wait for their descriptor at the same time; further ones are asked every turn. */
#define SOURCES_MAX 64

int http_client_new(const struct http_options *o, struct http_client **ret, struct err *err)
{
	AUTO(http_client_free_p) struct http_client *c = NULL;
	int r = curl_load(err);

	if (r < 0)
		return r;
	c = calloc(1, sizeof(*c));
	if (!c)
		return err_nomem(err);
	c->multi = curl.multi_init();
	if (!c->multi)
		return err_nomem(err);
	c->insecure = o->insecure;
	c->cancelled = o->cancelled;
	c->ctx = o->ctx;
	r = trust_init(&c->trust, o, err);
	if (r < 0)
		return r;
	*ret = TAKE(c);
	return 0;
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	while (c->transfers)
		http_transfer_free(c->transfers);
	if (c->multi)
		(void)curl.multi_cleanup(c->multi);
	trust_fini(&c->trust);
	strv_fini(&c->answered);
	free(c);
}

int http_watch(struct http_client *c, int fd, int (*ready)(void *ctx, struct err *err), void *ctx,
	       struct err *err)
{
	size_t i;

	for (i = 0; i < c->n_watches && c->watches[i].fd != fd; i++)
		;
	if (!ready) {
		if (i < c->n_watches)
			c->watches[i] = c->watches[--c->n_watches];
		return 0;
	}
	if (i == HTTP_WATCHES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d watched descriptors",
			       HTTP_WATCHES_MAX);
	c->watches[i] = (struct watch){fd, ready, ctx};
	if (i == c->n_watches)
		c->n_watches++;
	return 0;
}

/* SIGPIPE is held back around libcurl: OpenSSL writes with write(2). */
struct sigpipe {
	sigset_t old;
	bool was_pending;
};

static void sigpipe_set(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGPIPE);
}

static bool sigpipe_pending(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

static void sigpipe_hold(struct sigpipe *s)
{
	sigset_t pipe;

	sigpipe_set(&pipe);
	s->was_pending = sigpipe_pending();
	(void)pthread_sigmask(SIG_BLOCK, &pipe, &s->old);
}

static void sigpipe_restore(const struct sigpipe *s)
{
	const struct timespec now = {0, 0};
	sigset_t pipe;

	sigpipe_set(&pipe);
	if (!s->was_pending && sigpipe_pending())
		(void)sigtimedwait(&pipe, NULL, &now);
	(void)pthread_sigmask(SIG_SETMASK, &s->old, NULL);
}

static int start_due(struct http_client *c, struct err *err)
{
	struct http_transfer *t;
	int r;

	for (t = c->transfers; t; t = t->next) {
		if (t->state != T_WAITING)
			continue;
		r = transfer_begin(t, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* 1 when some transfer ended. */
static int collect(struct http_client *c)
{
	struct http_transfer *t;
	struct CURLMsg *m;
	CURLcode code;
	int left, ended = 0;
	char *private;

	while ((m = curl.multi_info_read(c->multi, &left))) {
		if (m->msg != CURLMSG_DONE)
			continue;
		code = m->data.result; /* m is gone once the handle is removed */
		private = NULL;
		(void)curl.easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private);
		t = (struct http_transfer *)(void *)private;
		transfer_ended(t, code);
		ended |= t->state == T_DONE;
	}
	return ended;
}

/* One step of all transfers. 1 when some transfer ended. */
static int work(struct http_client *c, struct err *err)
{
	struct sigpipe s;
	CURLMcode m;
	int running, r;

	r = start_due(c, err);
	if (r < 0)
		return r;
	sigpipe_hold(&s);
	m = curl.multi_perform(c->multi, &running);
	r = collect(c);
	sigpipe_restore(&s);
	if (m != CURLM_OK)
		return err_set(err, ERR_BUG, "libcurl: %s", curl.multi_strerror(m));
	return r;
}

static int sleep_ms(const struct http_client *c)
{
	int64_t now = time_monotonic_ns(), ms = TURN_MAX_MS, left;
	const struct http_transfer *t;

	for (t = c->transfers; t; t = t->next) {
		if (t->state != T_WAITING)
			continue;
		left = (t->start_at - now) / 1000000;
		if (left < ms)
			ms = left > 0 ? left : 0;
	}
	return (int)ms;
}

/* Sleeps; then lets sources go on whose descriptor is readable, and calls watches. */
static int sleep_and_look(struct http_client *c, struct err *err)
{
	struct curl_waitfd fds[HTTP_WATCHES_MAX + SOURCES_MAX];
	struct watch watches[HTTP_WATCHES_MAX];
	struct http_transfer *sources[SOURCES_MAX], *t;
	size_t i, n = c->n_watches, k = 0;

	for (i = 0; i < n; i++) {
		watches[i] = c->watches[i];
		fds[i] = (struct curl_waitfd){watches[i].fd, CURL_WAIT_POLLIN, 0};
	}
	for (t = c->transfers; t && k < SOURCES_MAX; t = t->next) {
		if (t->state != T_RUNNING || !t->paused)
			continue;
		fds[n + k] = (struct curl_waitfd){t->source.wait_fd, CURL_WAIT_POLLIN, 0};
		sources[k++] = t;
	}
	(void)curl.multi_poll(c->multi, fds, (unsigned)(n + k), sleep_ms(c), NULL);
	for (i = 0; i < k; i++) {
		if (fds[n + i].revents == 0)
			continue;
		sources[i]->paused = false;
		(void)curl.easy_pause(sources[i]->easy, CURLPAUSE_CONT);
	}
	for (i = 0; i < n; i++)
		if (fds[i].revents != 0 && watches[i].ready(watches[i].ctx, err) < 0)
			return -(int)err->code;
	return 0;
}

static bool cancelled(struct http_client *c)
{
	struct http_transfer *t;

	if (!c->cancelled || !c->cancelled(c->ctx))
		return false;
	for (t = c->transfers; t; t = t->next)
		transfer_cancel(t);
	return true;
}

int http_wait(struct http_transfer *t, struct err *err)
{
	int r;

	while (t->state != T_DONE) {
		if (cancelled(t->client))
			break;
		r = work(t->client, err);
		if (r < 0)
			return r;
		if (t->state == T_DONE)
			break;
		if (r == 0 && sleep_and_look(t->client, err) < 0)
			return -(int)err->code;
	}
	t->reported = true;
	if (t->result.code == ERR_NONE)
		return 0;
	*err = t->result;
	return -(int)err->code;
}

static struct http_transfer *find_ended(struct http_client *c, bool *ret_open)
{
	struct http_transfer *t;

	*ret_open = false;
	for (t = c->transfers; t; t = t->next) {
		if (t->state == T_DONE && !t->reported)
			return t;
		*ret_open |= t->state != T_DONE;
	}
	return NULL;
}

int http_wait_any(struct http_client *c, struct http_transfer **ret, struct err *err)
{
	struct http_transfer *t;
	bool open;
	int r;

	for (;;) {
		if (cancelled(c)) {
			r = err_set(err, ERR_SYS, "cancelled");
			err->sys_errno = EINTR;
			return r;
		}
		t = find_ended(c, &open);
		if (t || !open)
			break;
		r = work(c, err);
		if (r < 0)
			return r;
		if (r == 0 && sleep_and_look(c, err) < 0)
			return -(int)err->code;
	}
	if (!t)
		return 0;
	t->reported = true;
	*ret = t;
	return 1;
}

int http_do(struct http_client *c, const struct http_request *req, struct http_transfer **ret,
	    struct err *err)
{
	AUTO(http_transfer_free_p) struct http_transfer *t = NULL;
	int r = http_start(c, req, &t, err);

	if (r == 0)
		r = http_wait(t, err);
	if (r < 0)
		return r;
	*ret = TAKE(t);
	return 0;
}
