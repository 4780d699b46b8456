/*
 * unpack.h - a layer's blob becomes files below one directory, in one pass: decompressed, hashed,
 * written, and its tar-split made on the way.
 *
 * Every path is resolved by the kernel inside the directory. The archive is hostile: what it may
 * cost is limited by name (struct tree_limits), and whatever is refused leaves an error; files made
 * until then stay, the caller removes the directory.
 *
 * It runs in a process the caller made for it (inside the user namespace of a rootless store), and
 * sets the umask to 0 while it runs. With a second processor it forks two helpers: one reads and
 * decompresses, one hashes; they hold no rights and end with it
 * (docs/decisions/0005-unpack-pipeline.md).
 */
#ifndef TREE_UNPACK_H
#define TREE_UNPACK_H

#include "archive/compress.h"
#include "digest/digest.h"

#include <stdbool.h>

struct tree_limits {
	uint64_t entries; /* 0 in any member: the default below; directories that no entry names
			     count, too */
	uint64_t bytes;	  /* of the uncompressed tar, and of all files with their holes */
	uint64_t growth;  /* any blob may become a tar of this size, and for each byte that it has
			     one of TREE_MAX_RATIO bytes more: what grows faster is a bomb */
	uint32_t ids;	  /* different owners, and different groups */
};
#define TREE_MAX_ENTRIES 2000000
/* Beyond these, each entry must have cost the blob so many bytes. Real ones cost 25 and more. */
#define TREE_FREE_ENTRIES 200000
#define TREE_ENTRY_BYTES 16
#define TREE_MAX_BYTES (512ULL << 30)
#define TREE_MAX_GROWTH (4ULL << 30)
#define TREE_MAX_RATIO 250
#define TREE_MAX_IDS 65536

/* ERR_LIMIT when `plain` bytes are too many for `blob` compressed ones. */
int tree_check_growth(uint64_t blob, uint64_t plain, uint64_t growth, const char *what,
		      struct err *err);

enum tree_whiteouts {
	TREE_WHITEOUT_OVERLAY, /* device 0/0 and the opaque xattr: kernel overlay */
	TREE_WHITEOUT_LITERAL, /* ".wh." names stay: stores with a mount program */
};

struct tree_unpack_options {
	bool rootless;		  /* user.overlay.*, no device nodes, xattrs may be refused */
	bool ignore_chown_errors; /* single-uid mode */
	bool owner_xattr;	  /* what chown could not set: user.containers.override_stat */
	bool want_blob_digest;	  /* hash the compressed bytes too */
	uint64_t blob_max;	  /* bytes of the blob from its position; 0: to its end */
	bool one_process;	  /* no helpers */
	enum tree_whiteouts whiteouts;
	struct tree_limits limits;
	/* Now and then, with the bytes read from the blob so far. May be NULL. */
	void (*progress)(void *arg, uint64_t blob_bytes);
	void *progress_arg;
};

struct tree_layer {
	uint8_t diff_id[SHA256_LEN]; /* of the uncompressed tar */
	uint64_t diff_size;
	uint8_t blob_digest[SHA256_LEN]; /* with want_blob_digest; zero otherwise */
	uint64_t blob_size;
	enum compression compression;
	uint32_t *uids, *gids; /* sorted owners of all entries but whiteouts; tree_layer_fini */
	size_t n_uids, n_gids;
	uint64_t entries;
	uint64_t skipped_devices; /* rootless */
	uint64_t skipped_xattrs;  /* refused by the kernel or the file system */
	uint64_t skipped_owners;  /* ignore_chown_errors */
};

void tree_layer_fini(struct tree_layer *l);
#define AUTO_TREE_LAYER __attribute__((cleanup(tree_layer_fini)))

/*
 * blob: read from its position to its end; a pipe will do. diff: an empty directory, open for
 * reading; its own mode and owner stay as they are. tarsplit: open for writing (-1: none is made).
 * *ret must be empty ({0}) before. Whether diff_id and blob_digest are the right ones is for the
 * caller to check.
 * ERR_CORRUPT: damaged or not a tar; ERR_UNSUPPORTED; ERR_LIMIT names the limit; ERR_INVALID: a
 * path, link, whiteout or xattr that no layer may have, or a path that is there twice; ERR_SYS.
 */
int tree_unpack(int blob, int diff, int tarsplit, const struct tree_unpack_options *options,
		struct tree_layer *ret, struct err *err);

/*
 * Gives up, for good, what working on trees does not need. Call it in the process made for that,
 * when all descriptors are open. Left are: the capabilities CHOWN, DAC_OVERRIDE, FOWNER, FSETID,
 * MKNOD, SETFCAP and, for trusted.* attributes, SYS_ADMIN, as far as the process has them; system
 * calls about files and children (sys/sandbox.h); writing below these directories (none: no file is
 * made or changed by name); TREE_MEMORY_MAX bytes of memory.
 */
int tree_confine(const int *writable, size_t n, struct err *err);
/* Of a process that only reads and writes what is open: no capability, no new descriptor. Libraries
 * that it needs must have been loaded. */
int tree_confine_streams(struct err *err);
/* zstd may want 128 MiB for its window, xz as much as it likes. */
#define TREE_MEMORY_MAX (512ULL << 20)

#endif
