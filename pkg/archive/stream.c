#include "archive/stream.h"
#include "base/err.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define DEFAULT_BUFFER ((size_t)256 * 1024)

struct stream {
	struct stream_ops ops;
	void *arg;
	char *buffer;
	size_t buffer_size;
	const char *window;
	size_t len;
	/* After stream_look on a borrowing source: what follows the window, which is then `head`.
	 */
	const char *next;
	size_t next_len;
	char head[STREAM_LOOK_MAX];
	uint64_t arrived, consumed;
	struct {
		stream_tap_fn *fn;
		void *arg;
	} taps[STREAM_TAPS];
	bool ended;
	struct err failed; /* code ERR_NONE: nothing has failed yet */
};

int stream_new(const struct stream_ops *ops, void *arg, size_t buffer, struct stream **ret,
	       struct err *err)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s) {
		if (ops->close)
			ops->close(arg);
		return err_nomem(err);
	}
	s->ops = *ops;
	s->arg = arg;
	s->buffer_size = buffer ? buffer : DEFAULT_BUFFER;
	*ret = s;
	return 0;
}

void stream_close(struct stream *s)
{
	if (!s)
		return;
	if (s->ops.close)
		s->ops.close(s->arg);
	free(s->buffer);
	free(s);
}

void stream_tap(struct stream *s, stream_tap_fn *tap, void *arg)
{
	int i;

	for (i = 0; i < STREAM_TAPS; i++) {
		if (s->taps[i].fn)
			continue;
		s->taps[i].fn = tap;
		s->taps[i].arg = arg;
		return;
	}
	abort();
}

/* Every result of the source passes here once. */
static int64_t arrived(struct stream *s, const void *data, int64_t n, struct err *err)
{
	int i;

	if (n < 0) {
		s->failed = *err;
		return n;
	}
	if (n == 0)
		s->ended = true;
	s->arrived += (uint64_t)n;
	for (i = 0; n > 0 && i < STREAM_TAPS && s->taps[i].fn; i++)
		s->taps[i].fn(s->taps[i].arg, data, (size_t)n);
	return n;
}

static int64_t stuck(struct stream *s, struct err *err)
{
	if (s->failed.code != ERR_NONE)
		*err = s->failed;
	return -(int64_t)s->failed.code;
}

static int64_t borrow(struct stream *s, const void **ret, struct err *err)
{
	size_t n = 0;
	int r;

	r = s->ops.borrow(s->arg, ret, &n, err);
	return arrived(s, *ret, r > 0 ? (int64_t)n : r, err);
}

/* Reads behind the `have` bytes at the front of the buffer. */
static int64_t read_buffer(struct stream *s, size_t have, struct err *err)
{
	if (!s->buffer)
		s->buffer = malloc(s->buffer_size);
	if (!s->buffer)
		return err_nomem(err);
	return arrived(s, s->buffer + have,
		       s->ops.read(s->arg, s->buffer + have, s->buffer_size - have, err), err);
}

static int64_t fill(struct stream *s, struct err *err)
{
	const void *data = NULL;
	int64_t r;

	if (s->next_len > 0) {
		s->window = s->next;
		s->len = s->next_len;
		s->next_len = 0;
		return (int64_t)s->len;
	}
	if (s->ended || s->failed.code != ERR_NONE)
		return stuck(s, err);
	r = s->ops.borrow ? borrow(s, &data, err) : read_buffer(s, 0, err);
	if (r <= 0)
		return r;
	s->window = s->ops.borrow ? data : s->buffer;
	s->len = (size_t)r;
	return r;
}

/* The window grows, in the buffer or in `head`. */
static int64_t extend(struct stream *s, size_t n, struct err *err)
{
	const void *data = NULL;
	size_t part;
	int64_t r;

	if (s->len == 0 || s->ended || s->failed.code != ERR_NONE)
		return s->len == 0 ? fill(s, err) : stuck(s, err);
	if (!s->ops.borrow) {
		memmove(s->buffer, s->window, s->len);
		s->window = s->buffer;
		r = read_buffer(s, s->len, err);
		s->len += r > 0 ? (size_t)r : 0;
		return r;
	}
	memmove(s->head, s->window, s->len);
	s->window = s->head;
	r = borrow(s, &data, err);
	if (r <= 0)
		return r;
	part = (size_t)r < n - s->len ? (size_t)r : n - s->len;
	memcpy(s->head + s->len, data, part);
	s->len += part;
	s->next = (const char *)data + part;
	s->next_len = (size_t)r - part;
	return r;
}

int64_t stream_look(struct stream *s, void *dst, size_t n, struct err *err)
{
	int64_t r = 1;

	if (n > sizeof(s->head))
		abort();
	while (s->len < n && s->next_len == 0 && r > 0) {
		r = extend(s, n, err);
		if (r < 0)
			return r;
	}
	n = s->len < n ? s->len : n;
	if (n > 0)
		memcpy(dst, s->window, n);
	return (int64_t)n;
}

int stream_peek(struct stream *s, const void **ret_data, size_t *ret_n, struct err *err)
{
	int64_t r;

	if (s->len == 0) {
		r = fill(s, err);
		if (r <= 0)
			return (int)r;
	}
	*ret_data = s->window;
	*ret_n = s->len;
	return 1;
}

void stream_consume(struct stream *s, size_t n)
{
	if (n > s->len)
		abort();
	if (n == 0)
		return;
	s->window += n;
	s->len -= n;
	s->consumed += n;
}

/* Without a detour through the window. */
static int64_t read_direct(struct stream *s, void *dst, size_t n, struct err *err)
{
	int64_t r;

	if (s->ended || s->failed.code != ERR_NONE)
		return stuck(s, err);
	r = arrived(s, dst, s->ops.read(s->arg, dst, n, err), err);
	if (r > 0)
		s->consumed += (uint64_t)r;
	return r;
}

int64_t stream_read(struct stream *s, void *dst, size_t n, struct err *err)
{
	const void *data = NULL;
	size_t have = 0, part = 0;
	int64_t r;

	while (have < n) {
		if (s->len == 0 && s->next_len == 0 && s->ops.read &&
		    n - have >= s->buffer_size / 2) {
			r = read_direct(s, (char *)dst + have, n - have, err);
			part = r > 0 ? (size_t)r : 0;
		} else {
			r = stream_peek(s, &data, &part, err);
			if (r > 0) {
				part = part < n - have ? part : n - have;
				memcpy((char *)dst + have, data, part);
				stream_consume(s, part);
			}
		}
		if (r < 0)
			return r;
		if (r == 0)
			break;
		have += part;
	}
	return (int64_t)have;
}

int stream_drain(struct stream *s, struct err *err)
{
	const void *data = NULL;
	size_t n = 0;
	int r;

	while ((r = stream_peek(s, &data, &n, err)) > 0)
		stream_consume(s, n);
	return r;
}

uint64_t stream_arrived(const struct stream *s)
{
	return s->arrived;
}

uint64_t stream_consumed(const struct stream *s)
{
	return s->consumed;
}

struct fd_source {
	int fd;
	char what[];
};

static int64_t fd_read(void *arg, void *dst, size_t n, struct err *err)
{
	const struct fd_source *f = arg;
	ssize_t r;

	do
		r = read(f->fd, dst, n);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(err, errno, "reading %s", f->what);
	return r;
}

int stream_of_fd(int fd, const char *what, struct stream **ret, struct err *err)
{
	static const struct stream_ops ops = {.read = fd_read, .close = free};
	size_t len = strlen(what) + 1;
	struct fd_source *f = malloc(sizeof(*f) + len);

	if (!f)
		return err_nomem(err);
	f->fd = fd;
	memcpy(f->what, what, len);
	return stream_new(&ops, f, 0, ret, err);
}

struct memory_source {
	const void *data;
	size_t n;
};

static int memory_borrow(void *arg, const void **ret_data, size_t *ret_n, struct err *err)
{
	struct memory_source *m = arg;

	(void)err;
	if (m->n == 0)
		return 0;
	*ret_data = m->data;
	*ret_n = m->n;
	m->n = 0;
	return 1;
}

int stream_of_memory(const void *data, size_t n, struct stream **ret, struct err *err)
{
	static const struct stream_ops ops = {.borrow = memory_borrow, .close = free};
	struct memory_source *m = malloc(sizeof(*m));

	if (!m)
		return err_nomem(err);
	m->data = data;
	m->n = n;
	return stream_new(&ops, m, 0, ret, err);
}

static int write_fd(void *arg, const void *data, size_t n, struct err *err)
{
	const struct sink_fd *to = arg;
	const char *p = data;
	ssize_t r;

	while (n > 0) {
		r = write(to->fd, p, n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(err, errno, "writing %s", to->what);
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

struct sink sink_to_fd(struct sink_fd *to)
{
	return (struct sink){write_fd, to};
}
