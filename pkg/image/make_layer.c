/*
 * The layer of an image that is made: its digest is known only when it is unpacked. A commit packs
 * and unpacks at once: the tar goes through a pipe from one process to another, and its tar-split
 * is made like that of any layer.
 */
#include "making.h"
#include "lowers.h"
#include "base/err.h"
#include "digest/digest.h"
#include "sys/fd.h"
#include "sys/spawn.h"
#include "tree/pack.h"
#include "tree/unpack.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

static int begin_unpack(struct making *k, struct worker *w, int blob, struct err *err)
{
	struct unpack_order o = {
	    .blob = blob,
	    .alone = true,
	};
	int r = store_rules(k->ctx->store, &o.rules, err);

	if (r == 0)
		r = made_begin(k->ctx, &k->made, err);
	if (r == 0)
		r = store_layer_begin(k->ctx->store, &k->fresh, err);
	if (r < 0)
		return r;
	o.diff = store_layer_new_diff(k->fresh);
	o.tarsplit = store_layer_new_tarsplit(k->fresh);
	return worker_unpack(w, &o, err);
}

/* The layer that the new one is on top of, or NULL. */
static const char *below(const struct making *k)
{
	return k->parent && !k->make->whole ? k->parent->layer : NULL;
}

/* Which layer it is, is known now. */
static int end_unpack(struct making *k, struct worker *w, struct err *err)
{
	int r = worker_unpacked(w, &k->answer, err);

	if (r < 0)
		return err_wrap(err, "unpacking the new layer");
	(void)sha256_text(k->answer.diff_id, k->diff_id);
	return store_layer_id(below(k), k->diff_id, k->top, err);
}

int making_unpack(struct making *k, struct worker *w, int fd, struct err *err)
{
	int r = begin_unpack(k, w, fd, err);

	return r < 0 ? r : end_unpack(k, w, err);
}

int making_place(struct making *k, struct err *err)
{
	AUTO(store_claim_close_p) struct store_claim *claim = NULL;
	const struct unpack_answer *a = &k->answer;
	struct store_layer_info info = {
	    .parent = below(k),
	    .diff_digest = k->diff_id,
	    .diff_size = (int64_t)a->diff_size,
	    .compressed_digest = k->diff_id,
	    .compressed_size = (int64_t)a->diff_size,
	    .compression = COMPRESSION_NONE,
	    .uids = a->uids,
	    .gids = a->gids,
	    .n_uids = a->n_uids,
	    .n_gids = a->n_gids,
	};
	int r = store_layer_claim(k->ctx->store, k->top, true, &claim, err);

	if (r < 0 || r == STORE_LAYER_PRESENT)
		return r < 0 ? r : 0;
	k->lost = !k->fresh;
	if (k->lost)
		return err_set(err, ERR_NOT_FOUND,
			       "another program removed its layer meanwhile: try again");
	r = store_layer_commit(&k->fresh, &info, k->top, err);
	return r < 0 ? r : made_add(&k->made, k->top, err);
}

/* ---- packing a container's directory, in a process of its own ---- */

struct packing {
	int upper, out;
	const int *lowers;
	size_t n_lowers;
	bool rootless, one_id;
};

static int pack_main(void *arg, struct err *err)
{
	const struct packing *p = arg;
	struct tree_pack_options o = {.rootless = p->rootless,
				      .owner_xattr = p->one_id,
				      .lowers = p->lowers,
				      .n_lowers = p->n_lowers};
	struct sink_fd to = {p->out, "the new layer"};
	struct sink sink = sink_to_fd(&to);
	struct tree_pack_result result;
	int r;

	/* An error, when the reader is gone. */
	(void)signal(SIGPIPE, SIG_IGN);
	r = tree_confine(NULL, 0, err);
	return r < 0 ? r : tree_pack_dir(p->upper, &o, &sink, &result, err);
}

static int start_packing(struct making *k, int upper, int out, struct child *ret, struct err *err)
{
	AUTO_LOWERS struct lowers l = {0};
	struct packing p = {
	    .upper = upper, .out = out, .rootless = store_is_rootless(k->ctx->store)};
	struct spawn role = {.name = "layer packer",
			     .flags = SPAWN_CONFINED | SPAWN_NULL_STDIO,
			     .main = pack_main,
			     .arg = &p};
	int r = lowers_give(k->ctx->store, k->parent->layer, upper, out, &role, &l, err);

	if (r < 0)
		return r;
	p.lowers = l.fds;
	p.n_lowers = l.n;
	p.one_id = l.one_id;
	return spawn_start(&role, ret, err);
}

/* A packer that died leaves a tar that ends too early, which need not be an error to its reader;
 * and its error explains that of the reader, unless it is only that the reader is gone. */
int making_pack(struct making *k, struct worker *w, int upper, struct err *err)
{
	AUTO_CHILD struct child packer = CHILD_INIT;
	struct err told = ERR_INIT;
	int pipe[2], r;

	r = fd_pipe(pipe, err);
	if (r < 0)
		return r;
	r = k->make->whole ? k->make->whole(k->make->whole_arg, pipe[1], &packer, err)
			   : start_packing(k, upper, pipe[1], &packer, err);
	(void)close(pipe[1]);
	if (r == 0)
		r = begin_unpack(k, w, pipe[0], err);
	(void)close(pipe[0]);
	if (r < 0)
		return r;
	r = end_unpack(k, w, err);
	if (spawn_wait(&packer, k->make->whole ? "exporter" : "layer packer", &told) < 0 &&
	    (r == 0 || !err_is_errno(&told, EPIPE))) {
		*err = told;
		return -(int)err->code;
	}
	return r;
}
