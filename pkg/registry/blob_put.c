/*
 * Blobs to the registry, several at once. Each is a job that goes through these steps, one request
 * a step:
 *
 *	LOOK    HEAD: is it there already? (digest known)
 *	OPEN    POST: mount it from another repository (201), or open an upload (202)
 *	SEND    PUT ?digest= with all bytes (digest and size known), or PATCH with bytes as they
 *come COMMIT  PUT ?digest= without bytes, after PATCH
 *
 * The address of each step is the Location of the one before. When sending breaks off and the bytes
 * can be had again, the job starts over at OPEN.
 */
#include "session.h"
#include "tasks.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"
#include "digest/digest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define TRIES_MAX 4
/* An upload begins only with a token that is still good for this long. */
#define TOKEN_MARGIN_SECONDS 45
/* Registries check what they got before they answer. */
#define STALL_SECONDS 300

enum step { STEP_LOOK, STEP_OPEN, STEP_SEND, STEP_COMMIT };

struct job {
	struct task task;
	struct registry_session *s;
	const struct registry_upload *u;
	enum step step;
	char *location; /* of the upload: absolute */
	char digest[REGISTRY_DIGEST_MAX];
	const char *mount_from; /* NULL once it was tried */
	enum registry_upload_result how;
	off_t at;	  /* in the file */
	bool pulled;	  /* bytes were taken from pull */
	bool asked_token; /* in this step */
	unsigned tries;
};

static struct job *job_of(struct task *t)
{
	return (struct job *)(void *)t;
}

static void job_fini(struct task *t)
{
	struct job *j = job_of(t);

	http_transfer_free(t->t);
	t->t = NULL;
	free(j->location);
	j->location = NULL;
}

static int job_fail(const struct task *t, struct err *err)
{
	const struct job *j = (const struct job *)(const void *)t;

	return err_wrap(err, "writing blob%s%s", j->digest[0] ? " " : "", j->digest);
}

static ssize_t pull_file(void *ctx, void *out, size_t n, struct err *err)
{
	struct job *j = ctx;
	ssize_t got;

	do
		got = pread(j->u->fd, out, n, j->at);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(err, errno, "reading its file");
	if (got == 0 && j->at < j->u->size)
		return err_set(err, ERR_CORRUPT, "its file is shorter than %" PRId64 " bytes",
			       j->u->size);
	j->at += got;
	return got;
}

static int rewind_file(void *ctx, struct err *err)
{
	(void)err;
	((struct job *)ctx)->at = 0;
	return 0;
}

static ssize_t pull_caller(void *ctx, void *out, size_t n, struct err *err)
{
	struct job *j = ctx;
	ssize_t got = j->u->pull(j->u->ctx, out, n, err);

	if (got != HTTP_PULL_WAIT)
		j->pulled = true;
	return got;
}

static int rewind_caller(void *ctx, struct err *err)
{
	struct job *j = ctx;
	int r = j->u->rewind(j->u->ctx, err);

	if (r >= 0)
		j->pulled = false;
	return r;
}

static void source_of(struct job *j, struct http_source *ret)
{
	bool file = j->u->fd >= 0;

	*ret = (struct http_source){
	    .pull = file ? pull_file : pull_caller,
	    .rewind = file	     ? rewind_file
		      : j->u->rewind ? rewind_caller
				     : NULL,
	    .size = j->u->size,
	    .wait_fd = j->u->wait_fd,
	    .ctx = j,
	};
}

static void progress(void *ctx, uint64_t received, uint64_t sent)
{
	const struct job *j = ctx;

	(void)received;
	if (j->u->progress)
		j->u->progress(j->u->ctx, sent);
}

/* In one request, or in two? */
static bool is_monolithic(const struct job *j)
{
	return j->u->digest && j->u->size >= 0;
}

/* The upload's address with ?digest=; the address of POST with ?mount=&from=. */
static int url_with(const char *url, const char *name, const char *value, const char *from,
		    char **ret, struct err *err)
{
	AUTO_URL struct url u = URL_INIT;
	int r = url_parse(url, &u, err);

	if (r == 0 && value)
		r = url_add_query(&u, name, value, err);
	if (r == 0 && from)
		r = url_add_query(&u, "from", from, err);
	if (r < 0)
		return r;
	*ret = url_str(&u);
	return *ret ? 0 : err_nomem(err);
}

static const char *mounted_digest(const struct job *j)
{
	return j->u->digest ? j->digest : j->u->mount;
}

/* Method and address of the job's step. */
static int request_of(struct job *j, struct http_request *req, char **url, struct err *err)
{
	AUTO_FREE char *base = NULL;

	if (j->step == STEP_LOOK) {
		req->method = "HEAD";
		*url = session_url(j->s, "blobs", j->digest);
		return *url ? 0 : err_nomem(err);
	}
	if (j->step == STEP_OPEN) {
		req->method = "POST";
		base = session_url(j->s, "blobs/uploads", "");
		if (!base)
			return err_nomem(err);
		return url_with(base, "mount", j->mount_from ? mounted_digest(j) : NULL,
				j->mount_from, url, err);
	}
	if (j->step == STEP_SEND && !is_monolithic(j)) {
		req->method = "PATCH";
		*url = str_dup(str_of(j->location));
		return *url ? 0 : err_nomem(err);
	}
	req->method = "PUT";
	return url_with(j->location, "digest", j->digest, NULL, url, err);
}

static int job_send(struct job *j, unsigned delay_ms, struct err *err)
{
	static const char *const headers[] = {"Content-Type: application/octet-stream", NULL};
	AUTO_FREE char *url = NULL;
	const char *extra;
	struct http_source source;
	struct http_request req = {
	    .stall_seconds = STALL_SECONDS,
	    .delay_ms = delay_ms,
	    .ctx = j,
	};
	int r;

	http_transfer_free(j->task.t);
	j->task.t = NULL;
	r = request_of(j, &req, &url, err);
	if (r < 0)
		return r;
	req.url = url;
	if (j->step == STEP_SEND) {
		source_of(j, &source);
		req.body = &source;
		req.headers = headers;
		req.progress = progress;
		j->at = 0;
	}
	extra = j->step == STEP_OPEN ? j->mount_from : NULL;
	r = session_auth_header(j->s, extra, TOKEN_MARGIN_SECONDS, &req.authorization, err);
	/* Who may not read the other repository may yet write to this one. */
	if (r < 0 && extra) {
		log_debug("registry: no mount from %s: %s", extra, err->text);
		err_clear(err);
		j->mount_from = NULL;
		return job_send(j, delay_ms, err);
	}
	return r < 0 ? r : http_start(j->s->http, &req, &j->task.t, err);
}

static int job_enter(struct job *j, enum step step, struct err *err)
{
	j->step = step;
	j->asked_token = false;
	return job_send(j, 0, err);
}

static int job_done(struct job *j, enum registry_upload_result how, struct err *err)
{
	j->task.complete = true;
	return j->u->done ? j->u->done(j->u->ctx, how, err) : 0;
}

static bool can_send_again(const struct job *j)
{
	return j->u->fd >= 0 || !j->pulled || j->u->rewind;
}

/* Sends from the beginning, in a new upload. */
static int start_over(struct job *j, unsigned delay_ms, struct err *err)
{
	int r = j->pulled ? rewind_caller(j, err) : 0;

	if (r < 0)
		return r;
	j->step = STEP_OPEN;
	j->asked_token = false;
	return job_send(j, delay_ms, err);
}

static int take_location(struct job *j, struct err *err)
{
	const char *field = http_header(j->task.t, "Location", 0);
	char *url = NULL;
	int r;

	if (!field)
		return err_set(err, ERR_INVALID, "the registry opened no upload: no Location");
	r = session_own_url(j->s, http_url(j->task.t), field, &url, err);
	if (r < 0)
		return r;
	free(j->location);
	j->location = url;
	return 0;
}

/* The digest that pull's bytes turned out to have. */
static int learn_digest(struct job *j, struct err *err)
{
	uint8_t ignored[SHA256_LEN];
	char digest[REGISTRY_DIGEST_MAX] = "";
	int r;

	if (j->digest[0])
		return 0;
	r = j->u->finish(j->u->ctx, digest, err);
	if (r == 0)
		r = sha256_parse(digest, ignored, err);
	if (r == 0)
		memcpy(j->digest, digest, sizeof(digest));
	return r;
}

static int looked(struct job *j, struct err *err)
{
	int status = http_status(j->task.t);

	if (status == 200)
		return job_done(j, REGISTRY_ALREADY_THERE, err);
	if (status == 404)
		return job_enter(j, STEP_OPEN, err);
	return reply_error(j->task.t, err);
}

static int opened(struct job *j, struct err *err)
{
	int status = http_status(j->task.t), r;

	if (status == 201 && j->mount_from)
		return job_done(j, REGISTRY_MOUNTED, err);
	if (j->mount_from && status != 202) { /* a mount that is refused is no reason to stop */
		j->mount_from = NULL;
		return job_enter(j, STEP_OPEN, err);
	}
	if (status != 202)
		return reply_error(j->task.t, err);
	j->mount_from = NULL;
	r = take_location(j, err);
	return r < 0 ? r : job_enter(j, STEP_SEND, err);
}

static int sent(struct job *j, struct err *err)
{
	int status = http_status(j->task.t), r;

	if (is_monolithic(j)) {
		if (status == 201 || status == 204)
			return job_done(j, REGISTRY_UPLOADED, err);
		return reply_error(j->task.t, err);
	}
	if (status != 202 && status != 204)
		return reply_error(j->task.t, err);
	r = take_location(j, err);
	if (r == 0)
		r = learn_digest(j, err);
	return r < 0 ? r : job_enter(j, STEP_COMMIT, err);
}

static int committed(struct job *j, struct err *err)
{
	if (http_status(j->task.t) != 201 && http_status(j->task.t) != 204)
		return reply_error(j->task.t, err);
	return job_done(j, REGISTRY_UPLOADED, err);
}

static int job_denied(struct job *j, struct err *err)
{
	const char *extra = j->step == STEP_OPEN ? j->mount_from : NULL;
	int r;

	if (j->asked_token || (j->step == STEP_SEND && !can_send_again(j)))
		return j->step == STEP_OPEN && j->mount_from ? opened(j, err)
							     : reply_error(j->task.t, err);
	r = session_auth_challenged(j->s, j->task.t, extra, err);
	if (r < 0)
		return r;
	if (r == 0)
		return reply_error(j->task.t, err);
	if (j->step == STEP_SEND) {
		r = start_over(j, 0, err);
		j->tries++;
	} else {
		r = job_send(j, 0, err);
	}
	j->asked_token = true;
	return r;
}

static int job_broken(struct job *j, struct err *err)
{
	if (!http_may_pass(j->task.t) || ++j->tries >= TRIES_MAX)
		return -(int)err->code;
	log_debug("registry: upload: %s; trying again", err->text);
	if (j->step != STEP_SEND)
		return job_send(j, http_backoff_ms(j->tries), err);
	if (!can_send_again(j))
		return -(int)err->code;
	return start_over(j, http_backoff_ms(j->tries), err);
}

static int job_ended(struct task *t, struct err *err)
{
	struct job *j = job_of(t);
	struct err why = ERR_INIT;
	int r = session_wait(j->s, j->task.t, &why);

	if (r < 0) {
		r = job_broken(j, &why);
		if (r < 0)
			*err = why;
		return r;
	}
	if (http_status(j->task.t) == 401 && j->tries < TRIES_MAX)
		return job_denied(j, err);
	if (http_status(j->task.t) >= 500 && j->step == STEP_SEND && can_send_again(j) &&
	    ++j->tries < TRIES_MAX)
		return start_over(j, http_backoff_ms(j->tries), err);
	switch (j->step) {
	case STEP_LOOK:
		return looked(j, err);
	case STEP_OPEN:
		return opened(j, err);
	case STEP_SEND:
		return sent(j, err);
	default:
		return committed(j, err);
	}
}

static int job_begin(struct task *t, struct err *err)
{
	struct job *j = job_of(t);

	return job_enter(j, j->digest[0] ? STEP_LOOK : STEP_OPEN, err);
}

static int job_init(struct job *j, struct registry_session *s, const struct registry_upload *u,
		    struct err *err)
{
	uint8_t ignored[SHA256_LEN];
	int r;

	*j = (struct job){.s = s, .u = u};
	if (u->fd >= 0 && !is_monolithic(j))
		return err_set(err, ERR_BUG, "a file to upload has neither digest nor size");
	if (u->fd < 0 && (!u->pull || (!u->digest && !u->finish)))
		return err_set(err, ERR_BUG, "an upload has no source or no digest");
	if (u->digest || u->mount)
		j->mount_from = u->mount_from;
	r = u->mount ? sha256_parse(u->mount, ignored, err) : 0;
	if (r < 0 || !u->digest)
		return r;
	(void)snprintf(j->digest, sizeof(j->digest), "%s", u->digest);
	return sha256_parse(u->digest, ignored, err);
}

int registry_blobs_put(struct registry_session *s, const struct registry_upload *uploads, size_t n,
		       unsigned parallel, struct err *err)
{
	static const struct task_ops ops = {sizeof(struct job), job_begin, job_ended, job_fini,
					    job_fail};
	struct job *jobs;
	size_t i;
	int r = 0;

	if (n == 0)
		return 0;
	jobs = calloc(n, sizeof(*jobs));
	if (!jobs)
		return err_nomem(err);
	for (i = 0; r == 0 && i < n; i++)
		r = job_init(&jobs[i], s, &uploads[i], err);
	if (r == 0)
		r = tasks_run(s->http, &ops, jobs, n, parallel ? parallel : REGISTRY_PARALLEL, err);
	free(jobs);
	return r;
}
