#include "base/lib.h"
#include "base/err.h"

#include <dlfcn.h>
#include <string.h>

static const char *reason(void)
{
	const char *s = dlerror();

	return s ? s : "unknown reason";
}

int lib_load(const char *soname, const struct lib_sym *syms, struct err *err)
{
	const struct lib_sym *s;
	void *first, *handle, *f;

	memcpy(&first, syms->slot, sizeof(first));
	if (first)
		return 0;
	handle = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return err_set(err, ERR_NOT_FOUND, "loading %s: %s (is the library installed?)",
			       soname, reason());
	for (s = syms + 1; s->name; s++) {
		f = dlsym(handle, s->name);
		if (!f)
			return err_set(err, ERR_NOT_FOUND, "%s: %s", soname, reason());
		memcpy(s->slot, &f, sizeof(f));
	}
	f = dlsym(handle, syms->name);
	if (!f)
		return err_set(err, ERR_NOT_FOUND, "%s: %s", soname, reason());
	memcpy(syms->slot, &f, sizeof(f));
	return 0;
}
