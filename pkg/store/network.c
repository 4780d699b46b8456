/*
 * The one word of a new store that is not about images: which of its two networks podman 4 is to
 * use. It decides once, and takes a store with images that says nothing for one of CNI times; but
 * where netavark is not installed, saying "netavark" makes podman 4 refuse every command.
 */
#include "priv.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* Where podman looks for netavark, and for CNI's plugins. */
static const char *const netavark_dirs[] = {"/usr/local/libexec/podman", "/usr/local/lib/podman",
					    "/usr/libexec/podman", "/usr/lib/podman"};
static const char *const cni_dirs[] = {"/usr/local/libexec/cni", "/usr/libexec/cni",
				       "/usr/local/lib/cni", "/usr/lib/cni", "/opt/cni/bin"};

static bool has_program(const char *prefix, const char *const *dirs, size_t n, const char *name)
{
	char path[PATH_MAX];
	size_t i;
	int len;

	for (i = 0; i < n; i++) {
		len = snprintf(path, sizeof(path), "%s%s/%s", prefix, dirs[i], name);
		if (len > 0 && (size_t)len < sizeof(path) && access(path, X_OK) == 0)
			return true;
	}
	return false;
}

const char *network_backend(const char *prefix)
{
	if (has_program(prefix, netavark_dirs, ARRAY_LEN(netavark_dirs), "netavark") ||
	    !has_program(prefix, cni_dirs, ARRAY_LEN(cni_dirs), "bridge"))
		return "netavark";
	return NULL;
}
