/* A hostile log: read whole, from the end, and as a client that catches up. */
#include "base/auto.h"
#include "base/err.h"
#include "catchup.h"
#include "logs_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int piece(void *arg, const struct log_piece *p, struct err *err)
{
	char out[RFC3339_MAX];
	size_t *sum = arg;
	size_t i;

	(void)err;
	for (i = 0; i < p->text.len; i++)
		*sum += (unsigned char)p->text.ptr[i];
	*sum += log_time_text(p, out)[0];
	return 0;
}

static void read_from(int fd, const struct logs_query *q, int64_t offset)
{
	AUTO(logs_reader_fini) struct logs_reader r = LOGS_READER_INIT;
	struct err err = ERR_INIT;

	if (logs_reader_init(&r, q, fd, &err) < 0)
		return;
	r.offset = offset;
	(void)logs_reader_run(&r, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t sum = 0, len, total = 0, i;
	struct logs_query q = {.tail = LOGS_TAIL_ALL, .piece = piece, .arg = &sum};
	AUTO_CLOSE int fd = memfd_create("log", MFD_CLOEXEC);
	struct catchup c = CATCHUP_INIT;
	struct err err = ERR_INIT;
	int64_t offset = -1;
	const char *at;
	bool is_stderr;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	read_from(fd, &q, 0);
	for (q.tail = 0; q.tail < 4; q.tail++)
		if (logs_tail_offset(fd, &q, &offset, &err) == 0) {
			assert(offset >= 0 && offset <= (int64_t)size);
			read_from(fd, &q, offset);
		}
	catchup_begin(&c, dup(fd), 0);
	while (catchup_next(&c, &is_stderr, &at, &len, &err) > 0) {
		assert(len > 0);
		for (i = 0; i < len; i++)
			sum += (unsigned char)at[i];
		total += len;
	}
	assert(total <= size);
	catchup_end(&c);
	return 0;
}
