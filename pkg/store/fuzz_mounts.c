/* mountpoints.json of other tools: read, changed, and what is written is read the same. */
#include "mounts.h"
#include "base/err.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void change(struct store_mount_list *list)
{
	struct err err = ERR_INIT;
	struct store_mount *m;
	size_t n = list->n;

	if (n > 0 && !mounts_entry(list, list->v[n - 1].layer))
		abort();
	if (mounts_entry_ensure(list, "a", "/b", &m, &err) < 0)
		return;
	m->count++;
	if (!mounts_any(list) || mounts_entry(list, "a") != m)
		abort();
	mounts_cut(list, n / 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_STORE_MOUNT_LIST struct store_mount_list list = {0};
	struct err err = ERR_INIT;

	if (mounts_parse((const char *)data, size, &list, &err) == 0)
		change(&list);
	return 0;
}
