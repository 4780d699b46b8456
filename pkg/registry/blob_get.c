/*
 * Blobs from the registry, several at once. Each is a job: a GET whose bytes go to the job's file
 * and hash. A connection that breaks is taken up again from where it was, as long as there is
 * progress; what a file holds from an earlier pull is hashed and counts like bytes received.
 */
#include "session.h"
#include "tasks.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"
#include "digest/digest.h"
#include "http/field.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Tries without a new byte in between. */
#define TRIES_MAX 4
#define HASH_BLOCK (1024 * 1024)
#define TOKEN_MARGIN_SECONDS 10

struct job {
	struct task task;
	struct registry_session *s;
	const struct registry_blob *blob;
	const struct registry_blobs_options *o;
	size_t index;
	int fd;
	bool own_fd;
	struct sha256 *hash;
	int64_t size;	  /* -1: not known */
	uint64_t have;	  /* in the file and in the hash */
	uint64_t skip;	  /* bytes of this answer that we have already */
	uint64_t start;	  /* `have` when this try began */
	bool from_before; /* the file had a part that this call did not fetch */
	bool asked_token; /* since the last progress */
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
	sha256_free(j->hash);
	j->hash = NULL;
	if (j->own_fd && j->fd >= 0)
		(void)close(j->fd);
	j->fd = -1;
}

static int job_fail(const struct task *t, struct err *err)
{
	return err_wrap(err, "blob %s", ((const struct job *)(const void *)t)->blob->digest);
}

static void progress(const struct job *j)
{
	if (j->o->progress)
		j->o->progress(j->o->ctx, j->index, j->have, j->size);
}

static int restart_file(struct job *j, struct err *err)
{
	uint8_t ignored[SHA256_LEN];

	if (ftruncate(j->fd, 0) < 0)
		return err_sys(err, errno, "emptying its file");
	j->have = 0;
	j->from_before = false;
	return sha256_final(j->hash, ignored, err);
}

/* Takes over what the file holds. */
static int hash_file(struct job *j, struct err *err)
{
	AUTO_FREE char *block = NULL;
	struct stat st;
	ssize_t n;

	if (fstat(j->fd, &st) < 0)
		return err_sys(err, errno, "looking at its file");
	if (st.st_size == 0)
		return 0;
	if (st.st_size > REGISTRY_BLOB_MAX || (j->size >= 0 && st.st_size > j->size))
		return restart_file(j, err);
	block = malloc(HASH_BLOCK);
	if (!block)
		return err_nomem(err);
	while (j->have < (uint64_t)st.st_size) {
		n = pread(j->fd, block, HASH_BLOCK, (off_t)j->have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "reading its file");
		if (n == 0)
			break;
		sha256_update(j->hash, block, (size_t)n);
		j->have += (uint64_t)n;
	}
	j->from_before = true;
	return 0;
}

static int open_file(struct job *j, struct err *err)
{
	int r;

	if (!j->blob->open) {
		j->fd = j->blob->fd;
		return 0;
	}
	r = j->blob->open(j->o->ctx, j->index, &j->fd, err);
	j->own_fd = r >= 0;
	return r;
}

/* 1 right, 0 wrong (what is there is given up). */
static int verify(struct job *j, struct err *err)
{
	char text[SHA256_TEXT_MAX];
	uint8_t sum[SHA256_LEN];
	int r = sha256_final(j->hash, sum, err);

	if (r < 0)
		return r;
	if (streq(sha256_text(sum, text), j->blob->digest))
		return 1;
	log_debug("registry: %s: got %s", j->blob->digest, text);
	return 0;
}

static int wrong_content(struct job *j, const char *how, struct err *err)
{
	(void)!ftruncate(j->fd, 0); /* best effort: the next pull would find out again */
	return err_set(err, ERR_CORRUPT, "the content does not have this digest: %s", how);
}

static int wrong_size(struct job *j, uint64_t got, struct err *err)
{
	(void)!ftruncate(j->fd, 0);
	return err_set(err, ERR_CORRUPT, "%" PRIu64 " bytes were sent, %" PRId64 " were announced",
		       got, j->size);
}

/* A part of the blob, which must go on where we are. */
static int begin_part(struct job *j, const struct http_transfer *t, struct err *err)
{
	const char *field = http_header(t, "Content-Range", 0);
	uint64_t first, last;
	int64_t total;
	int r;

	if (!field)
		return err_set(err, ERR_INVALID, "a part was sent without Content-Range");
	r = http_content_range(field, &first, &last, &total, err);
	if (r < 0)
		return r;
	if (first != j->have)
		return err_set(err, ERR_INVALID,
			       "bytes from %" PRIu64 " were sent, not from %" PRIu64, first,
			       j->have);
	if (total >= 0 && j->size < 0)
		j->size = total;
	if (total >= 0 && (total != j->size || j->have > (uint64_t)total))
		return wrong_size(j, (uint64_t)total, err);
	return 0;
}

static int begin(void *ctx, const struct http_transfer *t, struct err *err)
{
	struct job *j = ctx;
	int64_t length = http_content_length(t);

	j->skip = 0;
	if (http_status(t) == 206)
		return begin_part(j, t, err);
	j->skip = j->have; /* the server does not do ranges: it starts at the beginning */
	if (length >= 0 && j->size < 0)
		j->size = length;
	if (length >= 0 && (length != j->size || j->have > (uint64_t)length))
		return wrong_size(j, (uint64_t)length, err);
	return 0;
}

static int write_at(int fd, const char *p, size_t n, uint64_t at, struct err *err)
{
	ssize_t done;

	while (n > 0) {
		done = pwrite(fd, p, n, (off_t)at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_sys(err, errno, "writing its file");
		p += done;
		n -= (size_t)done;
		at += (uint64_t)done;
	}
	return 0;
}

static int take(void *ctx, const void *data, size_t n, struct err *err)
{
	struct job *j = ctx;
	const char *p = data;
	uint64_t max = j->size >= 0 ? (uint64_t)j->size : (uint64_t)REGISTRY_BLOB_MAX;
	size_t old = j->skip < n ? (size_t)j->skip : n;
	int r;

	j->skip -= old;
	p += old;
	n -= old;
	if (n == 0)
		return 0;
	if (n > max - j->have)
		return wrong_size(j, j->have + n, err);
	r = write_at(j->fd, p, n, j->have, err);
	if (r < 0)
		return r;
	sha256_update(j->hash, p, n);
	j->have += n;
	progress(j);
	return 0;
}

/* A try, now or after a pause. */
static int job_send(struct job *j, unsigned delay_ms, struct err *err)
{
	AUTO_FREE char *url = session_url(j->s, "blobs", j->blob->digest);
	AUTO_FREE char *range = str_fmt("Range: bytes=%" PRIu64 "-", j->have);
	const char *headers[] = {range, NULL};
	struct http_request req = {
	    .url = url,
	    .headers = j->have > 0 ? headers : NULL,
	    .delay_ms = delay_ms,
	    .begin = begin,
	    .write = take,
	    .ctx = j,
	};
	int r;

	if (!url || !range)
		return err_nomem(err);
	http_transfer_free(j->task.t);
	j->task.t = NULL;
	j->start = j->have;
	r = session_auth_header(j->s, NULL, TOKEN_MARGIN_SECONDS, &req.authorization, err);
	if (r < 0)
		return r;
	return http_start(j->s->http, &req, &j->task.t, err);
}

/* All bytes are there. When a part from an earlier pull may be what is wrong, once more without. */
static int job_complete(struct job *j, struct err *err)
{
	int r = verify(j, err);

	if (r < 0)
		return r;
	if (r == 0 && !j->from_before)
		return wrong_content(j, "the file is emptied", err);
	if (r == 0) {
		log_debug("registry: %s: the part from before is not usable", j->blob->digest);
		r = restart_file(j, err);
		return r < 0 ? r : job_send(j, 0, err);
	}
	j->task.complete = true;
	progress(j);
	return j->o->done ? j->o->done(j->o->ctx, j->index, err) : 0;
}

static int job_begin(struct task *t, struct err *err)
{
	struct job *j = job_of(t);
	int r;

	r = sha256_new(&j->hash, err);
	if (r == 0)
		r = open_file(j, err);
	if (r == 0)
		r = hash_file(j, err);
	if (r < 0)
		return r;
	progress(j);
	if (j->size >= 0 && j->have == (uint64_t)j->size)
		return job_complete(j, err);
	return job_send(j, 0, err);
}

static void note_progress(struct job *j)
{
	if (j->have == j->start)
		return;
	j->tries = 0;
	j->asked_token = false;
}

static int job_broken(struct job *j, struct err *err)
{
	note_progress(j);
	if (!http_may_pass(j->task.t) || ++j->tries >= TRIES_MAX)
		return -(int)err->code;
	log_debug("registry: %s: %s; going on at %" PRIu64, j->blob->digest, err->text, j->have);
	return job_send(j, http_backoff_ms(j->tries ? j->tries : 1), err);
}

static int job_denied(struct job *j, struct err *err)
{
	int r;

	if (j->asked_token)
		return reply_error(j->task.t, err);
	j->asked_token = true;
	r = session_auth_challenged(j->s, j->task.t, NULL, err);
	if (r == 0)
		return reply_error(j->task.t, err);
	return r < 0 ? r : job_send(j, 0, err);
}

/* 416: there is nothing behind what we have; fine when the size was not known. */
static int job_no_range(struct job *j, struct err *err)
{
	int r;

	if (j->have == 0)
		return reply_error(j->task.t, err);
	j->from_before = false;
	if (j->size < 0)
		return job_complete(j, err);
	r = restart_file(j, err);
	return r < 0 ? r : job_send(j, 0, err);
}

static int job_ended(struct task *t, struct err *err)
{
	struct job *j = job_of(t);
	struct err why = ERR_INIT;
	int r = session_wait(j->s, j->task.t, &why), status;

	if (r < 0) {
		r = job_broken(j, &why);
		if (r < 0)
			*err = why;
		return r;
	}
	status = http_status(j->task.t);
	note_progress(j);
	if (status == 401)
		return job_denied(j, err);
	if (status == 416)
		return job_no_range(j, err);
	if (status == 500 && ++j->tries < TRIES_MAX)
		return job_send(j, http_backoff_ms(j->tries), err);
	if (status != 200 && status != 206)
		return reply_error(j->task.t, err);
	if (j->size >= 0 && j->have < (uint64_t)j->size && j->have > j->start)
		return job_send(j, 0, err); /* sent less than was asked for, and that is allowed */
	if (j->size >= 0 && j->have != (uint64_t)j->size)
		return wrong_size(j, j->have, err);
	return job_complete(j, err);
}

static int check_blob(const struct registry_blob *b, struct err *err)
{
	uint8_t ignored[SHA256_LEN];

	if (b->size > REGISTRY_BLOB_MAX)
		return err_set(err, ERR_LIMIT, "blob %s: %" PRId64 " bytes are more than %lld",
			       b->digest, b->size, REGISTRY_BLOB_MAX);
	return sha256_parse(b->digest, ignored, err);
}

int registry_blobs_get(struct registry_session *s, const struct registry_blob *blobs, size_t n,
		       const struct registry_blobs_options *o, struct err *err)
{
	static const struct task_ops ops = {sizeof(struct job), job_begin, job_ended, job_fini,
					    job_fail};
	static const struct registry_blobs_options defaults;
	struct job *jobs;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < n; i++)
		r = check_blob(&blobs[i], err);
	if (r < 0 || n == 0)
		return r;
	jobs = calloc(n, sizeof(*jobs));
	if (!jobs)
		return err_nomem(err);
	for (i = 0; i < n; i++)
		jobs[i] = (struct job){
		    .s = s,
		    .blob = &blobs[i],
		    .o = o ? o : &defaults,
		    .index = i,
		    .fd = -1,
		    .size = blobs[i].size,
		};
	r = tasks_run(s->http, &ops, jobs, n,
		      jobs[0].o->parallel ? jobs[0].o->parallel : REGISTRY_PARALLEL, err);
	free(jobs);
	return r;
}
