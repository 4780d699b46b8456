/* The list of an archive's members, as a process that foreign bytes took over would send it. */
#include "archive_scan.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(members_fini) struct members ms = {0};
	AUTO_BUF struct buf text = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	size_t i;

	buf_add(&text, data, size);
	if (members_take(&text, &ms, &err) < 0)
		return 0;
	for (i = 0; i < ms.n; i++) {
		if (ms.v[i].at > INT64_MAX || ms.v[i].size > INT64_MAX)
			abort();
		if (!members_find(&ms, ms.v[i].name))
			abort();
		if (ms.v[i].target)
			(void)members_find(&ms, ms.v[i].target);
	}
	return 0;
}
