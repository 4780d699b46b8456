#include "spec/labels.h"
#include "base/auto.h"
#include "base/strv.h"

#include <fnmatch.h>

static bool key_matches(const char *label, size_t len, const char *wanted, size_t wanted_len)
{
	AUTO_FREE char *key = NULL, *pattern = NULL;

	if (len == wanted_len && memcmp(label, wanted, len) == 0)
		return true;
	if (!memchr(wanted, '*', wanted_len))
		return false;
	key = str_dup((struct str){label, len});
	pattern = str_dup((struct str){wanted, wanted_len});
	return key && pattern && fnmatch(pattern, key, FNM_NOESCAPE) == 0;
}

bool labels_match(const struct strv *labels, const char *wanted)
{
	size_t i, n = strcspn(wanted, "=");
	const char *value = wanted[n] ? wanted + n + 1 : "";

	for (i = 0; i < labels->n; i++) {
		const char *label = labels->v[i];
		size_t len = strcspn(label, "=");

		if (*value && !streq(label[len] ? label + len + 1 : "", value))
			continue;
		if (key_matches(label, len, wanted, n))
			return true;
	}
	return false;
}
