/* Reading forward, and finding the last lines. */
#include "base/auto.h"
#include "base/err.h"
#include "logs_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void logs_reader_fini(struct logs_reader *r)
{
	free(r->block);
	r->block = NULL;
}

int logs_reader_init(struct logs_reader *r, const struct logs_query *q, int fd, struct err *err)
{
	char *block = malloc(LOGS_LINE_MAX);

	if (!block)
		return err_nomem(err);
	*r = (struct logs_reader){.q = q, .fd = fd, .block = block};
	return 0;
}

static bool is_wanted(const struct logs_query *q, const struct log_piece *p)
{
	if (p->is_stderr ? q->skip_stderr : q->skip_stdout)
		return false;
	if (q->since_ns != 0 && p->time_ns < q->since_ns)
		return false;
	return q->until_ns == 0 || p->time_ns <= q->until_ns;
}

static int hand_out(struct logs_reader *r, struct str line, struct err *err)
{
	struct log_piece p;

	if (!log_parse(line, &p) || !is_wanted(r->q, &p))
		return 0;
	p.begin = !r->in_line[p.is_stderr];
	r->in_line[p.is_stderr] = !p.end;
	return r->q->piece(r->q->arg, &p, err);
}

/* All whole lines in the block; what is left moves to its beginning. */
static int hand_out_block(struct logs_reader *r, struct err *err)
{
	const char *at = r->block, *end = r->block + r->have, *newline;
	int ret = 0;

	while (ret == 0 && at < end) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			break;
		if (!r->skipping)
			ret = hand_out(r, (struct str){at, (size_t)(newline - at)}, err);
		r->skipping = false;
		at = newline + 1;
	}
	r->have = (size_t)(end - at);
	memmove(r->block, at, r->have);
	if (r->have == LOGS_LINE_MAX || r->skipping) {
		r->skipping = true;
		r->have = 0;
	}
	return ret;
}

int logs_reader_run(struct logs_reader *r, struct err *err)
{
	ssize_t n;
	int ret;

	for (;;) {
		n = pread(r->fd, r->block + r->have, LOGS_LINE_MAX - r->have, r->offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "reading the log");
		if (n == 0)
			return 0;
		r->offset += n;
		r->have += (size_t)n;
		ret = hand_out_block(r, err);
		if (ret != 0)
			return ret;
	}
}

/* Counting lines from the end. */
struct tail {
	const struct logs_query *q;
	int64_t count;
	bool seen[2]; /* an entry of stdout, stderr was met */
};

/* True when the line before which to begin was met: the end of the line before the last q->tail. */
static bool tail_entry(struct tail *t, struct str line)
{
	struct log_piece p;

	if (!log_parse(line, &p) || (p.is_stderr ? t->q->skip_stderr : t->q->skip_stdout))
		return false;
	/* A last part without end counts as a line. */
	if (p.end || !t->seen[p.is_stderr])
		t->count++;
	t->seen[p.is_stderr] = true;
	return t->count > t->q->tail;
}

/* Goes backward through the whole lines of block[0, len). Returns the offset in it behind the line
 * that tail_entry stopped at, or -1; *ret_first is where the first whole line begins (len when
 * there is none). */
static ssize_t tail_block(struct tail *t, const char *block, size_t len, bool at_start,
			  size_t *ret_first)
{
	const char *newline = memrchr(block, '\n', len), *end;
	size_t stop = newline ? (size_t)(newline + 1 - block) : 0, from;

	/* What has no newline yet, or belongs to a line that is longer than a block, is no entry.
	 */
	*ret_first = newline ? stop : len;
	while (stop > 0) {
		end = block + stop - 1; /* its newline */
		newline = end > block ? memrchr(block, '\n', (size_t)(end - block)) : NULL;
		if (!newline && !at_start)
			return -1;
		from = newline ? (size_t)(newline + 1 - block) : 0;
		if (tail_entry(t, (struct str){block + from, (size_t)(end - block) - from}))
			return (ssize_t)stop;
		*ret_first = stop = from;
	}
	return -1;
}

static int read_at(int fd, char *block, size_t len, int64_t offset, struct err *err)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = pread(fd, block + have, len - have, offset + (int64_t)have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "reading the log");
		if (n == 0) /* truncated just now */
			break;
		have += (size_t)n;
	}
	memset(block + have, '\n', len - have);
	return 0;
}

int logs_tail_offset(int fd, const struct logs_query *q, int64_t *ret, struct err *err)
{
	AUTO_FREE char *block = malloc(LOGS_TAIL_BLOCK);
	struct tail t = {.q = q};
	struct stat st;
	int64_t end;
	size_t len, first;
	ssize_t at;
	int r;

	if (!block)
		return err_nomem(err);
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "reading the log");
	for (end = st.st_size; end > 0;) {
		len = end < LOGS_TAIL_BLOCK ? (size_t)end : LOGS_TAIL_BLOCK;
		r = read_at(fd, block, len, end - (int64_t)len, err);
		if (r < 0)
			return r;
		at = tail_block(&t, block, len, (int64_t)len == end, &first);
		if (at >= 0) {
			*ret = end - (int64_t)len + at;
			return 0;
		}
		/* No whole line in all of it: no log entry, passed over. */
		end -= first < len ? (int64_t)(len - first) : (int64_t)len;
	}
	*ret = 0;
	return 0;
}
