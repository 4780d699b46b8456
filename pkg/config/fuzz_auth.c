/* An auth file, new and legacy; a policy: documents in JSON that users and tools write. */
#include "base/err.h"
#include "config/auth.h"
#include "config/policy.h"
#include "spec/ref.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_auth(const char *text, size_t len, bool legacy, const char *key)
{
	AUTO_AUTH struct auth a = {0};
	struct err err = ERR_INIT;
	char *helper = NULL;

	(void)auth_find_in(text, len, "fuzz", legacy, key, &a, &helper, &err);
	free(helper);
}

static void as_policy(const char *text, size_t len)
{
	AUTO_POLICY struct policy *p = NULL;
	AUTO_REF struct ref r = REF_INIT;
	struct err err = ERR_INIT;

	if (policy_parse(text, len, "fuzz", &p, &err) < 0)
		return;
	if (ref_parse("a.example.com:5000/b/c:1", &r, &err) < 0)
		abort();
	(void)policy_check_ref(p, &r, &err);
	(void)policy_check_path(p, "oci", "/a/b", &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	as_auth(text, size, false, "docker.io/library/a");
	as_auth(text, size, false, "a.net/b/c");
	as_auth(text, size, true, "a.net");
	as_policy(text, size);
	return 0;
}
