/* Runs a fuzz target over stored inputs: each argument is a file or a directory of files. */
#include "base/auto.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	AUTO_FCLOSE FILE *f = fopen(path, "re");
	AUTO_FREE uint8_t *data = NULL;
	struct stat st;

	if (!f || fstat(fileno(f), &st) < 0)
		return -1;
	data = malloc((size_t)st.st_size + 1);
	if (!data || fread(data, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		return -1;
	(void)LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
	return 1;
}

static int replay(const char *path)
{
	AUTO_CLOSEDIR DIR *d = opendir(path);
	char name[4096];
	struct dirent *e;
	int n = 0, r;

	if (!d)
		return replay_file(path);
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		r = replay_file(name);
		if (r < 0)
			return r;
		n += r;
	}
	return n;
}

int main(int argc, char **argv)
{
	int i, n = 0, r;

	for (i = 1; i < argc; i++) {
		r = replay(argv[i]);
		if (r < 0) {
			(void)fprintf(stderr, "cannot read %s\n", argv[i]);
			return 1;
		}
		n += r;
	}
	(void)printf("%d inputs\n", n);
	return n > 0 ? 0 : 1;
}
