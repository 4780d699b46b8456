/* Any bytes as a tar-split, over a directory with one of everything. */
#include "base/buf.h"
#include "base/err.h"
#include "sys/fd.h"
#include "tree/pack.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int drop(void *arg, const void *data, size_t n, struct err *err)
{
	uint64_t *total = arg;

	(void)data;
	(void)err;
	*total += n;
	return 0;
}

static void fill(int dir)
{
	struct err err = ERR_INIT;

	(void)file_create(dir, "file", 0600, "3\n", 2, &err);
	(void)file_create(dir, "three", 0600, "3\n", 2, &err);
	if (mkdirat(dir, "dir", 0700) < 0 || mkfifoat(dir, "fifo", 0600) < 0 ||
	    symlinkat("/etc/passwd", dir, "link") < 0 || symlinkat("..", dir, "up") < 0)
		abort();
}

static void pack(const uint8_t *data, size_t size, int diff)
{
	AUTO_CLOSE int split = memfd_create("fuzz", MFD_CLOEXEC);
	struct tree_pack_result result;
	struct err err = ERR_INIT;
	uint64_t total = 0;
	struct sink to = {drop, &total};

	if (split < 0 || fd_write_all(split, data, size, "memory", &err) < 0 ||
	    lseek(split, 0, SEEK_SET) != 0)
		abort();
	if (tree_pack_split(split, &diff, 1, &to, &result, &err) == 0 && result.size != total)
		abort();
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
	if (diff >= 0) {
		fill(diff);
		pack(data, size, diff);
	}
	if (tree_remove(AT_FDCWD, path, &err) < 0)
		abort();
	return 0;
}
