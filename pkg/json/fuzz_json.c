/*
 * What is parsed must come out of the writer as the same value, compact and indented, and have been
 * counted right beforehand.
 */
#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"
#include "scan.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count(const struct json *v)
{
	const struct json *it;
	size_t n = 1;

	JSON_EACH(it, v)
	{
		n += count(it);
	}
	return n;
}

static void check_again(const struct json *v, unsigned flags)
{
	AUTO_BUF struct buf out = BUF_INIT((size_t)64 << 20);
	AUTO_JSON struct json_doc *doc = NULL;
	struct err err = ERR_INIT;

	json_dump(v, flags, &out);
	if (!buf_ok(&out))
		return;
	if (json_parse(out.ptr, out.len, 0, "again", &doc, &err) < 0)
		abort();
	if (!json_same(v, json_root(doc)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_JSON struct json_doc *doc = NULL;
	struct err err = ERR_INIT;
	unsigned flags = size % 2 ? JSON_DUPLICATES : 0;
	struct json *copy;

	if (json_parse((const char *)data, size, flags, "fuzz", &doc, &err) < 0)
		return 0;
	if (!flags && json_scan_values((const char *)data, size) != count(json_root(doc)))
		abort();
	check_again(json_root(doc), 0);
	check_again(json_root(doc), JSON_INDENT4 | JSON_PLAIN);
	copy = json_copy(doc, json_root(doc));
	if (copy && !json_same(copy, json_root(doc)))
		abort();
	return 0;
}
