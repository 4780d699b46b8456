/* A reference that is accepted must come back the same from its own text. */
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "spec/ref.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct ref *r, char *text)
{
	AUTO_REF struct ref again = REF_INIT;
	struct err err = ERR_INIT;

	if (text && (ref_parse(text, &again, &err) < 0 || !ref_equal(r, &again)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = str_dup((struct str){(const char *)data, size});
	AUTO_FREE char *full = NULL, *familiar = NULL;
	AUTO_REF struct ref r = REF_INIT;
	struct err err = ERR_INIT;

	if (!text || ref_parse(text, &r, &err) < 0)
		return 0;
	full = ref_string(&r);
	familiar = ref_familiar(&r);
	check_again(&r, full);
	check_again(&r, familiar);
	return 0;
}
