/* lower and link files: no text leads anywhere but to a link of the store. */
#include "priv.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int check(void *arg, struct str link, struct err *err)
{
	char path[32];

	(void)err;
	(*(int *)arg)++;
	if (link.len >= sizeof(path))
		abort();
	memcpy(path, link.ptr, link.len);
	path[link.len] = '\0';
	if (strncmp(path, "l/", 2) != 0 || strlen(path) != LINK_LEN + 2 ||
	    strpbrk(path + 2, "/.,:\\") || strchr(path, '\n'))
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	int n = 0;

	(void)lower_each((struct str){(const char *)data, size}, check, &n, &err);
	(void)link_is_good((struct str){(const char *)data, size});
	return 0;
}
