#include "spec/digest.h"
#include "base/err.h"
#include "base/str.h"

#include <string.h>

bool digest_is_sha256(const char *s)
{
	const char *hex = str_after(s, "sha256:");

	return hex && strlen(hex) == SHA256_HEX && str_is_hex(hex, SHA256_HEX);
}

/* "algorithm:encoded" of the OCI grammar, whatever the algorithm. */
static bool has_form(const char *s)
{
	size_t algorithm = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789+._-"), encoded;

	if (algorithm == 0 || s[algorithm] != ':')
		return false;
	s += algorithm + 1;
	encoded = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789=_-");
	return encoded >= 32 && s[encoded] == '\0';
}

int digest_check(const char *s, const char *what, struct err *err)
{
	if (digest_is_sha256(s))
		return 0;
	if (has_form(s) && !str_starts(s, "sha256:"))
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: digest algorithm %.*s is not supported, only sha256", what,
			       (int)strcspn(s, ":"), s);
	return err_set(err, ERR_INVALID, "%s: \"%.100s\" is not a digest (sha256:<64 hex digits>)",
		       what, s);
}

const char *digest_hex(const char *digest)
{
	const char *colon = strchr(digest, ':');

	return colon ? colon + 1 : digest;
}
