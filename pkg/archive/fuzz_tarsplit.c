/* Any bytes as tar-split lines; what is accepted is written again and must read as the same. */
#include "archive/tarsplit.h"
#include "base/buf.h"
#include "base/err.h"

#include <string.h>

#define MAX ((size_t)4 << 20)

static int into_buf(void *arg, const void *data, size_t n, struct err *err)
{
	(void)err;
	buf_add(arg, data, n);
	return 0;
}

/* Segments one after the other, files between marks. */
static int copy(const void *data, size_t size, struct tarsplit_writer *w, struct buf *flat)
{
	AUTO(tarsplit_reader_free_p) struct tarsplit_reader *r = NULL;
	AUTO(stream_close_p) struct stream *s = NULL;
	struct err err = ERR_INIT;
	struct tarsplit_item item;
	int n;

	if (stream_of_memory(data, size, &s, &err) < 0 || tarsplit_reader_new(s, &r, &err) < 0)
		return -1;
	while ((n = tarsplit_next(r, &item, &err)) > 0) {
		if (item.is_file) {
			buf_addf(flat, "<%s %llu %llx>", item.name, (unsigned long long)item.size,
				 item.size ? (unsigned long long)item.crc : 0);
			if (w && tarsplit_file(w, item.name, item.size, item.crc, &err) < 0)
				abort();
			continue;
		}
		buf_add(flat, item.data, item.len);
		if (w && tarsplit_raw(w, item.data, item.len, &err) < 0)
			abort();
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf gz = BUF_INIT(MAX), a = BUF_INIT(MAX), b = BUF_INIT(MAX);
	AUTO(tarsplit_writer_free_p) struct tarsplit_writer *w = NULL;
	struct sink to = {into_buf, &gz};
	struct err err = ERR_INIT;

	if (tarsplit_writer_new(&to, &w, &err) < 0)
		abort();
	if (copy(data, size, w, &a) < 0)
		return 0;
	if (tarsplit_finish(w, &err) < 0 || !buf_ok(&gz) || !buf_ok(&a))
		return 0;
	if (copy(gz.ptr, gz.len, NULL, &b) < 0 || a.len != b.len ||
	    (a.len > 0 && memcmp(a.ptr, b.ptr, a.len) != 0))
		abort();
	return 0;
}
