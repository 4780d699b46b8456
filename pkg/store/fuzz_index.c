/* Index files of other tools: cut into records, looked up, read as images, edited and cut again. */
#include "priv.h"
#include "slice.h"
#include "base/err.h"
#include "json/json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(struct index *ix)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO_JSON struct json_doc *doc = NULL;
	struct err err = ERR_INIT;
	int64_t n;

	if (ix->n == 0)
		return;
	(void)slice_i64(ix->v[0].m[REC_DIFF_SIZE], &n);
	(void)index_find_name(ix, "a");
	if (index_find(ix, ix->v[ix->n - 1].m[REC_ID]) == NULL)
		abort();
	(void)image_from_rec(&(const struct store){.n_own = 1}, &ix->v[0], 0, &image, &err);
	if (rec_edit(&ix->v[0], &doc, &err) < 0)
		return;
	if (json_kind(json_root(doc)) != JSON_OBJECT)
		abort();
	/* Escaped member names may become other members: only ours must be what we wrote. */
	if (rec_set_text(doc, "id", "new", &err) == 0 &&
	    rec_set_flag(doc, FLAG_INCOMPLETE, json_bool(doc, true), &err) == 0 &&
	    rec_store(ix, &ix->v[0], doc, &err) == 0 &&
	    (!str_eq(ix->v[0].m[REC_ID], "new") || !ix->v[0].incomplete))
		abort();
	index_remove(ix, &ix->v[ix->n - 1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct err err = ERR_INIT;
	struct index ix = {0};

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (index_parse(&ix, text, size, "fuzz.json", &err) == 0)
		look(&ix);
	index_reset(&ix);
	return 0;
}
