/* registries.conf, and every question that is asked of it. */
#include "base/err.h"
#include "config/registries.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct registries *r, const char *name)
{
	AUTO_ENDPOINTS struct endpoints pull = {0}, push = {0};
	AUTO_SHORT_NAMES struct short_names s = {0};
	AUTO_STRV struct strv local = STRV_INIT;
	AUTO_REF struct ref ref = REF_INIT;
	struct err err = ERR_INIT;

	if (ref_parse(name, &ref, &err) < 0)
		abort();
	(void)registries_pull_endpoints(r, &ref, &pull, &err);
	(void)registries_push_endpoint(r, &ref, &push, &err);
	if (!ref_is_short(name))
		return;
	(void)registries_short_pull(r, name, &s, &err);
	(void)registries_short_local(r, name, &local, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_REGISTRIES struct registries *r = NULL;
	struct err err = ERR_INIT;

	if (registries_parse((const char *)data, size, "fuzz", &r, &err) < 0)
		return 0;
	ask(r, "busybox:1");
	ask(r, "a.example.com:5000/b/c:2");
	ask(r, "example.com/foo@sha256:"
	       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	return 0;
}
