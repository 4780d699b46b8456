#include "base/err.h"
#include "base/auto.h"
#include "sys/caps.h"
#include "sys/sandbox.h"
#include "tree/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <unistd.h>

/* Is this the first user namespace (or one that maps everything onto itself)? Only there can
 * trusted.* attributes be set. */
static bool owns_the_machine(void)
{
	AUTO_FCLOSE FILE *f = fopen("/proc/self/uid_map", "re");
	unsigned long inside = 1, outside = 1, count = 0;

	return f && fscanf(f, "%lu %lu %lu", &inside, &outside, &count) == 3 && inside == 0 &&
	       outside == 0 && count == 4294967295UL;
}

int tree_confine(const int *writable, size_t n, struct err *err)
{
	/* CHOWN, FOWNER, FSETID: owners and modes as the layer has them. DAC_OVERRIDE: directories
	 * that forbid writing. MKNOD: devices and whiteouts. SETFCAP: file capabilities. */
	uint64_t keep = CAPS_BIT(CAP_CHOWN) | CAPS_BIT(CAP_DAC_OVERRIDE) | CAPS_BIT(CAP_FOWNER) |
			CAPS_BIT(CAP_FSETID) | CAPS_BIT(CAP_MKNOD) | CAPS_BIT(CAP_SETFCAP);
	struct caps_sets sets;

	if (owns_the_machine())
		keep |= CAPS_BIT(CAP_SYS_ADMIN); /* trusted.overlay.opaque */
	sets = (struct caps_sets){.effective = keep, .permitted = keep};
	if (sandbox_memory(TREE_MEMORY_MAX, err) < 0 || caps_set(&sets, err) < 0 ||
	    sandbox_writes(writable, n, err) < 0)
		return -(int)err->code;
	return sandbox_calls(SANDBOX_FILES, err);
}

int tree_confine_streams(struct err *err)
{
	static const struct caps_sets none;

	if (sandbox_memory(TREE_MEMORY_MAX, err) < 0 || caps_set(&none, err) < 0 ||
	    sandbox_writes(NULL, 0, err) < 0)
		return -(int)err->code;
	return sandbox_calls(SANDBOX_STREAMS, err);
}
