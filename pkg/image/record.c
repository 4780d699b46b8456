#include "record.h"
#include "base/err.h"
#include "spec/digest.h"

#include <stdio.h>

/* Keys of an image record: the config, its own manifest twice, the list's. */
#define DATA_MAX 4
#define KEY_MAX 96

int image_record(const struct image_ctx *ctx, const struct image_record *rec, struct err *err)
{
	const char *config = rec->m->config.digest;
	const struct buf *own = rec->own.bytes;
	char own_key[KEY_MAX], list_key[KEY_MAX];
	struct store_data data[DATA_MAX] = {
	    {config, buf_str(rec->config_text), rec->config_text->len, config},
	    {own_key, buf_str(own), own->len, rec->own.digest},
	    {"manifest", buf_str(own), own->len, rec->own.digest},
	};
	struct store_image_put put = {
	    .id = digest_hex(config),
	    .layer = *rec->top ? rec->top : NULL,
	    .digest = rec->own.digest,
	    .created = rec->config->created,
	    .names = rec->names,
	    .data = data,
	    .n_data = 3,
	};
	int r;

	(void)snprintf(own_key, sizeof(own_key), "manifest-%s", rec->own.digest);
	if (rec->list) {
		(void)snprintf(list_key, sizeof(list_key), "manifest-%s", rec->list->digest);
		data[put.n_data++] = (struct store_data){list_key, buf_str(rec->list->bytes),
							 rec->list->bytes->len, rec->list->digest};
		put.digest = rec->list->digest;
	}
	r = store_image_put(ctx->store, &put, err);
	return r < 0 ? r : 0;
}
