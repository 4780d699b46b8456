/* Any bytes as a TOML file, then every answer that the tree can give. */
#include "text/toml.h"
#include "base/err.h"
#include "base/strv.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct toml_value *v)
{
	AUTO_STRV struct strv list = STRV_INIT;
	struct err err = ERR_INIT;
	const char *s;
	double d;
	size_t i;
	bool b;

	(void)toml_error(v, &err, "%s", toml_key(v));
	(void)toml_get_string(v, "a", &s, &err);
	(void)toml_get_float(v, "a.b", &d, &err);
	(void)toml_get_strings_append(v, "c", &list, &b, &err);
	for (i = 0; i < toml_count(v); i++)
		ask(toml_at(v, i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(toml_free_p) struct toml *t = NULL;
	AUTO_STRV struct strv unused = STRV_INIT;
	struct err err = ERR_INIT;

	if (toml_parse("fuzz", (const char *)data, size, &t, &err) < 0)
		return 0;
	(void)toml_unused(t, &unused, &err);
	ask(toml_root(t));
	return 0;
}
