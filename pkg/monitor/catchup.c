#include "catchup.h"
#include "base/err.h"
#include "monitor/logs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void catchup_begin(struct catchup *c, int take_fd, int64_t offset)
{
	catchup_end(c);
	c->fd = take_fd;
	c->offset = offset;
}

void catchup_end(struct catchup *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	free(c->block);
	c->block = NULL;
	c->fd = -1;
	c->at = c->len = 0;
}

/* Reads the log from offset on; 1, or 0 at its end. */
static int refill(struct catchup *c, struct err *err)
{
	ssize_t n;

	if (!c->block)
		c->block = malloc(CATCHUP_BLOCK);
	if (!c->block)
		return err_nomem(err);
	do
		n = pread(c->fd, c->block, CATCHUP_BLOCK, c->offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(err, errno, "reading the container's log");
	c->at = 0;
	c->len = (size_t)n;
	return n > 0;
}

/* The next whole entry in the block: 1 (moved behind it), 0 none. A line that is not an entry has
 * length 0. */
static int entry(struct catchup *c, bool *ret_stderr, size_t *ret_from, size_t *ret_len)
{
	const char *start = c->block + c->at, *newline;
	struct log_piece p;
	size_t n;

	newline = c->len > 0 ? memchr(start, '\n', c->len) : NULL;
	if (!newline)
		return 0;
	n = (size_t)(newline - start);
	*ret_len = 0;
	*ret_from = 0;
	if (log_parse((struct str){start, n}, &p)) {
		*ret_stderr = p.is_stderr;
		*ret_from = (size_t)(p.text.ptr - c->block);
		*ret_len = p.text.len + p.end; /* its newline is the container's */
	}
	c->at += n + 1;
	c->len -= n + 1;
	c->offset += (int64_t)n + 1;
	return 1;
}

/* Entries of one stream are moved together, over their prefixes, so that they are one write. */
static int gather(struct catchup *c, bool *ret_stderr, const char **ret_at, size_t *ret_len)
{
	size_t from, n, begin = c->at, len = 0;
	struct catchup before = *c;
	bool is_stderr = false, other = false;

	while (entry(c, &other, &from, &n)) {
		if (n > 0 && len > 0 && other != is_stderr) {
			*c = before;
			break;
		}
		if (n > 0) {
			memmove(c->block + begin + len, c->block + from, n);
			is_stderr = other;
			len += n;
		}
		before = *c;
	}
	*ret_stderr = is_stderr;
	*ret_at = c->block + begin;
	*ret_len = len;
	return len > 0;
}

int catchup_next(struct catchup *c, bool *ret_stderr, const char **ret_at, size_t *ret_len,
		 struct err *err)
{
	int64_t before;
	int r;

	if (c->fd < 0)
		return 0;
	if (c->block && gather(c, ret_stderr, ret_at, ret_len))
		return 1;
	do {
		before = c->offset;
		r = refill(c, err);
		if (r <= 0)
			return r;
		if (gather(c, ret_stderr, ret_at, ret_len))
			return 1;
		/* A block without any newline is no log of ours. */
		if (c->offset == before && c->len == CATCHUP_BLOCK)
			c->offset += CATCHUP_BLOCK;
	} while (c->offset != before);
	return 0;
}
