/* Any bytes as a layer's blob, unpacked into a scratch directory; what is accepted packs back. */
#include "base/buf.h"
#include "base/err.h"
#include "sys/fd.h"
#include "tree/pack.h"
#include "tree/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define OUT_MAX ((size_t)8 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int into_buf(void *arg, const void *data, size_t n, struct err *err)
{
	(void)err;
	buf_add(arg, data, n);
	return 0;
}

static void pack_back(int split, int diff, const struct tree_layer *l)
{
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	struct sink to = {into_buf, &out};
	struct tree_pack_result result;
	struct err err = ERR_INIT;

	if (lseek(split, 0, SEEK_SET) != 0)
		abort();
	/* Two names of one place (through a symlink) may have lost the first one's content. */
	if (tree_pack_split(split, &diff, 1, &to, &result, &err) < 0) {
		if (err.code != ERR_CORRUPT && !err_is_errno(&err, EACCES)) {
			(void)fprintf(stderr, "%s\n", err.text);
			abort();
		}
		return;
	}
	if (result.size != l->diff_size || memcmp(result.diff_id, l->diff_id, SHA256_LEN) != 0)
		abort();
}

static void unpack(const uint8_t *data, size_t size, int diff)
{
	struct tree_unpack_options o = {
	    .rootless = true,
	    .ignore_chown_errors = true,
	    .one_process = true,
	    .limits = {.entries = 200, .bytes = 4 << 20},
	};
	AUTO_CLOSE int blob = memfd_create("fuzz", MFD_CLOEXEC);
	AUTO_CLOSE int split = memfd_create("fuzz", MFD_CLOEXEC);
	AUTO_TREE_LAYER struct tree_layer l = {0};
	struct err err = ERR_INIT;

	if (blob < 0 || split < 0 || fd_write_all(blob, data, size, "memory", &err) < 0 ||
	    lseek(blob, 0, SEEK_SET) != 0)
		abort();
	if (tree_unpack(blob, diff, split, &o, &l, &err) == 0)
		pack_back(split, diff, &l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *tmp = getenv("TMPDIR");
	AUTO_CLOSE int diff = -1;
	struct err err = ERR_INIT;
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/kist-fuzz-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(path))
		abort();
	diff = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (diff >= 0)
		unpack(data, size, diff);
	if (tree_remove(AT_FDCWD, path, &err) < 0)
		abort();
	return 0;
}
