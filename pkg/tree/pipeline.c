/*
 * Three processes and one block of shared memory cut into slots. A slot travels in a ring: the
 * reader fills it, the hasher reads it, the writer (the caller) reads it and gives it back. What
 * travels are tokens through sockets, so there is nothing to lock, and the end of a process, of
 * whatever kind, is seen as the end of its socket by the next one.
 */
#include "pipeline.h"
#include "base/err.h"
#include "sys/fd.h"
#include "sys/spawn.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define SLOT_SIZE ((size_t)256 * 1024)
#define SLOTS 16

struct token {
	uint32_t slot;
	uint32_t len;	     /* 0: the end; the results are in place */
	uint64_t blob_bytes; /* read so far */
};

/* Written by one helper each before its last token, read after it. */
struct results {
	struct tree_layer of_reader, of_hasher;
};

struct pipeline {
	uint8_t *slots; /* and the results behind them */
	struct results *results;
	struct tree_unpack_options o;
	int blob;
	/* [0] is read, [1] is written: by the reader, the hasher, the writer */
	int to_reader[2], to_hasher[2], to_writer[2];
	struct child reader, hasher;
	bool holds, ended;
	uint32_t held; /* slot that the stream shows */
	uint64_t blob_bytes;
};

static uint8_t *slot_at(const struct pipeline *p, uint32_t slot)
{
	return p->slots + slot * SLOT_SIZE;
}

/* False when nobody is there any more. */
static bool send_token(int fd, const struct token *t)
{
	ssize_t n;

	do
		n = send(fd, t, sizeof(*t), MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == sizeof(*t);
}

/* 1, or 0 when the other side is gone. */
static int receive_token(int fd, struct token *t, struct err *err)
{
	ssize_t n;

	do
		n = recv(fd, t, sizeof(*t), 0);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	if (n != sizeof(*t) || t->slot >= SLOTS || t->len > SLOT_SIZE)
		return err_set(err, ERR_BUG, "malformed message between processes");
	return 1;
}

static int read_blob(struct pipeline *p, struct decoder *d, struct err *err)
{
	struct token t;
	int64_t n;
	int r;

	while ((r = receive_token(p->to_reader[0], &t, err)) > 0) {
		n = stream_read(d->plain, slot_at(p, t.slot), SLOT_SIZE, err);
		if (n < 0)
			return (int)n;
		t.len = (uint32_t)n;
		t.blob_bytes = stream_arrived(d->blob);
		if (n == 0) {
			r = decoder_result(d, &p->results->of_reader, err);
			if (r < 0)
				return r;
		}
		if (!send_token(p->to_hasher[1], &t) || n == 0)
			return 0;
	}
	return r;
}

/* Foreign bytes meet decompressors here, and nothing that they could reach. */
static int reader_main(void *arg, struct err *err)
{
	AUTO(decoder_close) struct decoder d = {0};
	struct pipeline *p = arg;
	int r;

	p->o.progress = NULL; /* the writer reports */
	/* Loads the libraries that the first bytes ask for, and looks at no more than these. */
	r = decoder_open(&d, p->blob, &p->o, err);
	if (r == 0)
		r = tree_confine_streams(err);
	return r < 0 ? r : read_blob(p, &d, err);
}

static int hasher_main(void *arg, struct err *err)
{
	AUTO(sha256_free_p) struct sha256 *h = NULL;
	struct pipeline *p = arg;
	uint64_t size = 0;
	struct token t;
	int r;

	r = sha256_new(&h, err);
	if (r == 0)
		r = tree_confine_streams(err);
	if (r < 0)
		return r;
	while ((r = receive_token(p->to_hasher[0], &t, err)) > 0) {
		sha256_update(h, slot_at(p, t.slot), t.len);
		size += t.len;
		if (t.len == 0) {
			p->results->of_hasher.diff_size = size;
			r = sha256_final(h, p->results->of_hasher.diff_id, err);
			if (r < 0)
				return r;
		}
		if (!send_token(p->to_writer[1], &t) || t.len == 0)
			return 0;
	}
	return r;
}

static void close_end(int *fd)
{
	auto_close_p(fd);
	*fd = -1;
}

/* A helper ended before its time: its error is ours. The reader's first, since the hasher ends
 * when it does. */
static int helper_error(struct pipeline *p, struct err *err)
{
	int r;

	close_end(&p->to_reader[1]); /* it may be waiting there */
	r = spawn_wait(&p->reader, "layer reader", err);
	if (r == 0)
		r = spawn_wait(&p->hasher, "layer hasher", err);
	return r < 0 ? r : err_set(err, ERR_BUG, "a helper process ended early");
}

/* The stream of the writer. */
static int next_slot(void *arg, const void **ret_data, size_t *ret_n, struct err *err)
{
	struct pipeline *p = arg;
	struct token t = {.slot = p->held};
	int r;

	if (p->ended)
		return 0;
	if (p->holds)
		(void)send_token(p->to_reader[1], &t); /* its end is seen below */
	p->holds = false;
	r = receive_token(p->to_writer[0], &t, err);
	if (r < 0)
		return r;
	if (r == 0)
		return helper_error(p, err);
	p->blob_bytes = t.blob_bytes;
	if (p->o.progress)
		p->o.progress(p->o.progress_arg, t.blob_bytes);
	p->ended = t.len == 0;
	p->holds = !p->ended;
	p->held = t.slot;
	*ret_data = slot_at(p, t.slot);
	*ret_n = t.len;
	return !p->ended;
}

static int start(struct pipeline *p, const char *name, int (*main_fn)(void *, struct err *),
		 const int *fds, size_t n, struct child *ret, struct err *err)
{
	struct spawn s = {
	    .name = name,
	    .flags = SPAWN_CONFINED,
	    .fds = fds,
	    .n_fds = n,
	    .main = main_fn,
	    .arg = p,
	};

	return spawn_start(&s, ret, err);
}

static int start_helpers(struct pipeline *p, struct err *err)
{
	int reader_fds[] = {p->blob, p->to_reader[0], p->to_hasher[1]};
	int hasher_fds[] = {p->to_hasher[0], p->to_writer[1]};
	int r;

	r = start(p, "layer reader", reader_main, reader_fds, ARRAY_LEN(reader_fds), &p->reader,
		  err);
	if (r == 0)
		r = start(p, "layer hasher", hasher_main, hasher_fds, ARRAY_LEN(hasher_fds),
			  &p->hasher, err);
	/* Ends kept here would hide the end of a helper. */
	close_end(&p->to_reader[0]);
	close_end(&p->to_hasher[0]);
	close_end(&p->to_hasher[1]);
	close_end(&p->to_writer[1]);
	return r;
}

static int make_ring(struct pipeline *p, struct err *err)
{
	size_t size = SLOTS * SLOT_SIZE + sizeof(struct results);
	void *m;
	int r;

	m = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (m == MAP_FAILED)
		return err_nomem(err);
	p->slots = m;
	p->results = (struct results *)(p->slots + SLOTS * SLOT_SIZE);
	r = fd_socketpair(SOCK_SEQPACKET, p->to_reader, err);
	if (r == 0)
		r = fd_socketpair(SOCK_SEQPACKET, p->to_hasher, err);
	if (r == 0)
		r = fd_socketpair(SOCK_SEQPACKET, p->to_writer, err);
	return r;
}

int pipeline_open(int blob, const struct tree_unpack_options *o, struct pipeline **ret,
		  struct stream **ret_plain, struct err *err)
{
	static const struct stream_ops ops = {.borrow = next_slot};
	AUTO(pipeline_close_p) struct pipeline *p = calloc(1, sizeof(*p));
	struct token t = {0};
	int r;

	if (!p)
		return err_nomem(err);
	p->to_reader[0] = p->to_reader[1] = p->to_hasher[0] = p->to_hasher[1] = -1;
	p->to_writer[0] = p->to_writer[1] = -1;
	p->reader = p->hasher = (struct child)CHILD_INIT;
	p->o = *o;
	p->blob = blob;
	r = make_ring(p, err);
	if (r == 0)
		r = start_helpers(p, err);
	if (r < 0)
		return r;
	for (t.slot = 0; t.slot < SLOTS; t.slot++)
		(void)send_token(p->to_reader[1], &t);
	r = stream_new(&ops, p, 0, ret_plain, err);
	if (r < 0)
		return r;
	*ret = TAKE(p);
	return 0;
}

void pipeline_close(struct pipeline *p)
{
	if (!p)
		return;
	child_fini(&p->reader);
	child_fini(&p->hasher);
	close_end(&p->to_reader[0]);
	close_end(&p->to_reader[1]);
	close_end(&p->to_hasher[0]);
	close_end(&p->to_hasher[1]);
	close_end(&p->to_writer[0]);
	close_end(&p->to_writer[1]);
	if (p->slots)
		(void)munmap(p->slots, SLOTS * SLOT_SIZE + sizeof(struct results));
	free(p);
}

uint64_t pipeline_blob_bytes(const struct pipeline *p)
{
	return p->blob_bytes;
}

int pipeline_result(struct pipeline *p, struct tree_layer *ret, struct err *err)
{
	const struct tree_layer *of_reader = &p->results->of_reader;
	int r;

	r = spawn_wait(&p->reader, "layer reader", err);
	if (r == 0)
		r = spawn_wait(&p->hasher, "layer hasher", err);
	if (r < 0)
		return r;
	ret->blob_size = of_reader->blob_size;
	ret->compression =
	    of_reader->compression <= COMPRESSION_ZSTD ? of_reader->compression : COMPRESSION_NONE;
	memcpy(ret->blob_digest, of_reader->blob_digest, SHA256_LEN);
	memcpy(ret->diff_id, p->results->of_hasher.diff_id, SHA256_LEN);
	ret->diff_size = p->results->of_hasher.diff_size;
	return 0;
}
