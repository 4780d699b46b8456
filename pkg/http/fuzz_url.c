/* Addresses that servers send: Location, Link, realm. Line 1 is the base, the rest the reference.
 */
#include "base/err.h"
#include "base/str.h"
#include "http/url.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is sent out must be read back as the same address. */
static void check_stable(const struct url *u)
{
	AUTO_URL struct url again = URL_INIT;
	struct err err = ERR_INIT;
	char *text = url_str(u);

	if (!text || strlen(text) > URL_MAX) {
		free(text);
		return;
	}
	if (url_parse(text, &again, &err) < 0 || !url_same_origin(u, &again) ||
	    !streq(u->path, again.path))
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_URL struct url base = URL_INIT;
	AUTO_URL struct url u = URL_INIT;
	struct err err = ERR_INIT;
	char *text = malloc(size + 1), *ref;

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	ref = strchr(text, '\n');
	if (ref)
		*ref++ = '\0';
	if (url_parse(text, &base, &err) == 0) {
		check_stable(&base);
		if (url_resolve(&base, ref ? ref : "", &u, &err) == 0)
			check_stable(&u);
		(void)url_add_query(&base, "digest", ref ? ref : "", &err);
	}
	free(text);
	return 0;
}
