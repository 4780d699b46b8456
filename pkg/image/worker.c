#include "worker.h"
#include "base/auto.h"
#include "base/err.h"
#include "store/store.h"
#include "sys/fd.h"
#include "sys/idmap.h"
#include "tree/pack.h"
#include "tree/unpack.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum job_kind { JOB_UNPACK, JOB_PACK };

#define JOB_FDS_MAX 4

/* What travels. Both ends are this very program. */
struct job {
	enum job_kind kind;
	bool alone, one_id, want_digest;
	struct store_rules rules;
	uint64_t blob_max;
	struct pack_form packing;
};

struct answer {
	int result;
	struct err err;
	uint8_t diff_id[SHA256_LEN], digest[SHA256_LEN];
	uint64_t diff_size, blob_size;
	enum compression compression;
	uint32_t n_uids, n_gids;
};

static int send_job(int sock, const struct job *job, const int *fds, size_t n, struct err *err)
{
	union {
		char space[CMSG_SPACE(sizeof(int) * JOB_FDS_MAX)];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {(void *)job, sizeof(*job)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control};
	struct cmsghdr *c;

	msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * n);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
	if (sendmsg(sock, &msg, MSG_NOSIGNAL) < 0)
		return err_sys(err, errno, "giving work to the layer worker");
	return 0;
}

/* 1 with a job, 0 when the other side is gone. */
static int receive_job(int sock, struct job *job, int fds[JOB_FDS_MAX], struct err *err)
{
	union {
		char space[CMSG_SPACE(sizeof(int) * JOB_FDS_MAX)];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {job, sizeof(*job)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	c = CMSG_FIRSTHDR(&msg);
	if (n != sizeof(*job) || !c || c->cmsg_type != SCM_RIGHTS)
		return err_set(err, ERR_BUG, "the layer worker got a malformed job");
	memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
	return 1;
}

/* fds: blob, diff, tar-split, memfd for the owners */
static int do_unpack(const struct job *job, const int *fds, struct answer *a, struct err *err)
{
	bool any_owner = job->one_id || job->rules.ignore_chown_errors;
	struct tree_unpack_options o = {
	    .rootless = job->rules.rootless,
	    .one_process = !job->alone,
	    /* Owners that cannot be given are kept in an xattr. */
	    .ignore_chown_errors = any_owner,
	    .owner_xattr = any_owner,
	    .whiteouts =
		job->rules.literal_whiteouts ? TREE_WHITEOUT_LITERAL : TREE_WHITEOUT_OVERLAY,
	    .want_blob_digest = job->want_digest,
	    .blob_max = job->blob_max,
	};
	AUTO_TREE_LAYER struct tree_layer l = {0};
	int r;

	r = tree_unpack(fds[0], fds[1], fds[2], &o, &l, err);
	if (r == 0 && ftruncate(fds[3], 0) < 0)
		r = err_sys(err, errno, "passing on the owners");
	if (r == 0)
		r = fd_write_all(fds[3], l.uids, l.n_uids * sizeof(*l.uids), "owners", err);
	if (r == 0)
		r = fd_write_all(fds[3], l.gids, l.n_gids * sizeof(*l.gids), "owners", err);
	if (r < 0)
		return r;
	memcpy(a->diff_id, l.diff_id, sizeof(a->diff_id));
	memcpy(a->digest, l.blob_digest, sizeof(a->digest));
	a->diff_size = l.diff_size;
	a->blob_size = l.blob_size;
	a->compression = l.compression;
	a->n_uids = (uint32_t)l.n_uids;
	a->n_gids = (uint32_t)l.n_gids;
	return 0;
}

/* Hashes and counts what goes to a descriptor. */
struct hashing {
	struct sha256 *hash;
	struct sink to;
	uint64_t size;
};

static int hash_and_write(void *arg, const void *data, size_t n, struct err *err)
{
	struct hashing *h = arg;

	sha256_update(h->hash, data, n);
	h->size += n;
	return sink_write(&h->to, data, n, err);
}

/* fds: tar-split, diff, where to */
static int do_pack(const struct job *job, const int *fds, struct answer *a, struct err *err)
{
	AUTO(compressor_free_p) struct compressor *c = NULL;
	AUTO(sha256_free_p) struct sha256 *hash = NULL;
	struct sink_fd out = {fds[2], "the upload"};
	struct tree_pack_result result;
	struct hashing h = {0};
	struct sink to;
	int r, level;

	r = compression_level(job->packing.compression, job->packing.level, &level, err);
	if (r == 0)
		r = sha256_new(&hash, err);
	if (r < 0)
		return r;
	h = (struct hashing){.hash = hash, .to = sink_to_fd(&out)};
	to = (struct sink){hash_and_write, &h};
	r = compressor_new(job->packing.compression, level, &to, &c, err);
	if (r < 0)
		return r;
	to = compressor_sink(c);
	r = tree_pack_split(fds[0], &fds[1], 1, &to, &result, err);
	if (r == 0)
		r = compressor_finish(c, err);
	if (r < 0)
		return r;
	memcpy(a->diff_id, result.diff_id, sizeof(a->diff_id));
	a->diff_size = result.size;
	a->blob_size = h.size;
	return sha256_final(hash, a->digest, err);
}

/* The worker's end of the socket, and where it may write. */
struct place {
	int sock, dir;
};

static int serve(void *arg, struct err *err)
{
	const struct place *p = arg;
	int sock = p->sock, fds[JOB_FDS_MAX], r;
	struct answer a;
	struct job job;
	size_t i;

	r = tree_confine(&p->dir, p->dir >= 0, err);
	if (p->dir >= 0)
		(void)close(p->dir);
	while (r >= 0) {
		memset(fds, -1, sizeof(fds));
		r = receive_job(sock, &job, fds, err);
		if (r <= 0)
			return r;
		memset(&a, 0, sizeof(a));
		a.result = job.kind == JOB_UNPACK ? do_unpack(&job, fds, &a, &a.err)
						  : do_pack(&job, fds, &a, &a.err);
		for (i = 0; i < JOB_FDS_MAX; i++)
			if (fds[i] >= 0)
				(void)close(fds[i]);
		if (send(sock, &a, sizeof(a), MSG_NOSIGNAL) < 0)
			return 0; /* nobody waits for it any more */
	}
	return r;
}

static int worker_start(struct worker *w, const struct idmaps *maps, int dir, struct err *err)
{
	int pair[2] = {-1, -1}, fds[2], r;
	struct place place;
	struct spawn role = {
	    .name = "layer worker",
	    .flags = SPAWN_CONFINED | SPAWN_NULL_STDIO,
	    .fds = fds,
	    .n_fds = dir >= 0 ? 2 : 1,
	    .clone_flags = CLONE_NEWNET | (maps ? CLONE_NEWUSER : 0),
	    .maps = maps,
	    .main = serve,
	    .arg = &place,
	};

	w->ids = memfd_create("kist-owners", MFD_CLOEXEC);
	if (w->ids < 0)
		return err_sys(err, errno, "making a memory file");
	r = fd_socketpair(SOCK_SEQPACKET, pair, err);
	if (r < 0)
		return r;
	w->sock = pair[0];
	place = (struct place){pair[1], dir};
	fds[0] = pair[1];
	fds[1] = dir;
	r = spawn_start(&role, &w->child, err);
	(void)close(pair[1]);
	return r;
}

static size_t processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : (size_t)n;
}

int workers_start(struct workers *ws, size_t most, const struct store *store, bool unpack,
		  struct err *err)
{
	bool rootless = store_is_rootless(store);
	size_t n = processors(), i;
	struct idmaps maps;
	int r = 0;

	n = n < most ? n : most;
	n = n < WORKERS_MAX ? n : WORKERS_MAX;
	if (rootless)
		r = idmap_load(getuid(), getgid(), &maps, err);
	for (i = 0; r >= 0 && i < n; i++) {
		ws->v[i] = (struct worker){.child = CHILD_INIT, .sock = -1, .ids = -1};
		ws->v[i].one_id = rootless && maps.single;
		ws->n = i + 1;
		r = worker_start(&ws->v[i], rootless ? &maps : NULL,
				 unpack ? store_layers_fd(store) : -1, err);
	}
	return r < 0 ? r : 0;
}

void workers_stop(struct workers *ws)
{
	size_t i;

	for (i = 0; i < ws->n; i++) {
		child_fini(&ws->v[i].child);
		if (ws->v[i].sock >= 0)
			(void)close(ws->v[i].sock);
		if (ws->v[i].ids >= 0)
			(void)close(ws->v[i].ids);
	}
	ws->n = 0;
}

struct worker *workers_idle(struct workers *ws)
{
	size_t i;

	for (i = 0; i < ws->n; i++)
		if (!ws->v[i].busy)
			return &ws->v[i];
	return NULL;
}

/* The answer, or why there is none. */
static int receive_answer(struct worker *w, struct answer *a, struct err *err)
{
	ssize_t n;
	int r;

	do
		n = recv(w->sock, a, sizeof(*a), 0);
	while (n < 0 && errno == EINTR);
	w->busy = false;
	if (n == 0) {
		r = spawn_wait(&w->child, "layer worker", err);
		return r < 0 ? r
			     : err_set(err, ERR_BUG, "the layer worker ended without an answer");
	}
	if (n != sizeof(*a) || (int)a->err.code < 0 || a->err.code >= ERR_CODE_COUNT)
		return err_set(err, ERR_BUG, "the layer worker gave a malformed answer");
	a->err.text[sizeof(a->err.text) - 1] = '\0';
	if (a->result == 0)
		return 0;
	*err = a->err;
	return err->code == ERR_NONE ? err_set(err, ERR_BUG, "the layer worker failed")
				     : -(int)err->code;
}

int worker_unpack(struct worker *w, const struct unpack_order *o, struct err *err)
{
	const struct job job = {
	    .kind = JOB_UNPACK,
	    .alone = o->alone,
	    .rules = o->rules,
	    .one_id = w->one_id,
	    .want_digest = o->want_digest,
	    .blob_max = o->blob_max,
	};
	const int fds[] = {o->blob, o->diff, o->tarsplit, w->ids};
	int r;

	if (lseek(w->ids, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "rewinding a memory file");
	r = send_job(w->sock, &job, fds, ARRAY_LEN(fds), err);
	w->busy = r == 0;
	return r;
}

static int read_ids(int fd, uint32_t n, off_t at, uint32_t **ret, struct err *err)
{
	AUTO_FREE uint32_t *v = NULL;
	size_t len = n * sizeof(*v);

	if (n > TREE_MAX_IDS)
		return err_set(err, ERR_BUG, "the layer worker gave too many owners");
	v = malloc(len + 1);
	if (!v)
		return err_nomem(err);
	if (pread(fd, v, len, at) != (ssize_t)len)
		return err_set(err, ERR_BUG, "the layer worker gave too few owners");
	*ret = TAKE(v);
	return 0;
}

int worker_unpacked(struct worker *w, struct unpack_answer *ret, struct err *err)
{
	AUTO_UNPACK_ANSWER struct unpack_answer u = {0};
	struct answer a;
	int r;

	r = receive_answer(w, &a, err);
	if (r < 0)
		return r;
	if (a.diff_size > INT64_MAX || a.blob_size > INT64_MAX ||
	    (unsigned)a.compression > COMPRESSION_ZSTD)
		return err_set(err, ERR_BUG, "the layer worker gave a malformed answer");
	memcpy(u.diff_id, a.diff_id, sizeof(u.diff_id));
	memcpy(u.digest, a.digest, sizeof(u.digest));
	u.diff_size = a.diff_size;
	u.blob_size = a.blob_size;
	u.compression = a.compression;
	u.n_uids = a.n_uids;
	u.n_gids = a.n_gids;
	r = read_ids(w->ids, u.n_uids, 0, &u.uids, err);
	if (r == 0)
		r = read_ids(w->ids, u.n_gids, (off_t)(u.n_uids * sizeof(uint32_t)), &u.gids, err);
	if (r < 0)
		return r;
	*ret = u;
	u.uids = u.gids = NULL;
	return 0;
}

void unpack_answer_fini(struct unpack_answer *a)
{
	free(a->uids);
	free(a->gids);
	a->uids = a->gids = NULL;
}

int worker_pack(struct worker *w, int tarsplit, int diff, int out, struct pack_form how,
		struct err *err)
{
	const struct job job = {.kind = JOB_PACK, .packing = how};
	const int fds[] = {tarsplit, diff, out};
	int r = send_job(w->sock, &job, fds, ARRAY_LEN(fds), err);

	w->busy = r == 0;
	return r;
}

int worker_packed(struct worker *w, struct pack_answer *ret, struct err *err)
{
	struct answer a;
	int r = receive_answer(w, &a, err);

	if (r < 0)
		return r;
	memcpy(ret->diff_id, a.diff_id, sizeof(ret->diff_id));
	memcpy(ret->digest, a.digest, sizeof(ret->digest));
	ret->diff_size = a.diff_size;
	ret->size = a.blob_size;
	return 0;
}

int worker_altered(const char *layer_id, const char *got, const char *want, struct err *err)
{
	return err_set(err, ERR_CORRUPT,
		       "layer %.12s was altered in the store, or is one that its unpacker cannot "
		       "rebuild (sparse files): its content has digest %s, not %s; "
		       "kist system check --repair fetches it again",
		       layer_id, got, want);
}
