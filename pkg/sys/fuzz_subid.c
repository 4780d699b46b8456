#include "base/err.h"
#include "sys/idmap.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct idmap m = {0};
	uint32_t id, back;
	size_t i;

	if (idmap_parse_subid((const char *)data, size, "user", 1000, 1, &m, &err) < 0)
		return 0;
	for (i = 0; i < m.n; i++) {
		/* Every range can be translated at both ends; inside IDs are not used twice. */
		if (idmap_to_outside(&m, m.range[i].inside + m.range[i].count - 1, &id) != 1 ||
		    id != m.range[i].outside + m.range[i].count - 1)
			abort();
		if (idmap_to_inside(&m, m.range[i].outside, &back) != 1)
			abort();
	}
	return 0;
}
