/* pack_out.h - where a packed tar goes: counted and hashed on the way. */
#ifndef TREE_PACK_OUT_H
#define TREE_PACK_OUT_H

#include "archive/stream.h"
#include "tree/pack.h"

#define PACK_BUFFER ((size_t)256 * 1024)

struct pack_out {
	struct sink to;
	struct sha256 *hash;
	uint64_t size;
	char *buffer; /* PACK_BUFFER bytes, for files' contents */
};

int pack_out_init(struct pack_out *o, const struct sink *to, struct err *err);
void pack_out_fini(struct pack_out *o);
struct sink pack_out_sink(struct pack_out *o);
int pack_out_result(struct pack_out *o, struct tree_pack_result *ret, struct err *err);

#endif
