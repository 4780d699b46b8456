#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "monitor/setup.h"
#include "sys/fd.h"

#define EXIT_FILE_MAX 128

int monitor_read_exit(int dir_fd, struct monitor_exit *ret, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(EXIT_FILE_MAX);
	AUTO_BUF struct buf part = BUF_INIT(EXIT_FILE_MAX);
	struct err ignored = ERR_INIT;
	uint64_t v[3];
	struct str rest, s;
	size_t i;
	int r;

	r = file_read_line(dir_fd, "exit", &text, err);
	if (r <= 0)
		return r;
	rest = (struct str){buf_str(&text), text.len};
	for (i = 0; i < 3; i++) {
		s = str_cut(&rest, ' ');
		buf_reset(&part);
		buf_add(&part, s.ptr ? s.ptr : "", s.len);
		if (parse_u64(buf_str(&part), "exit", 0, INT64_MAX, &v[i], &ignored) < 0 ||
		    (i == 0 && v[i] > 255))
			return err_set(err, ERR_CORRUPT, "the exit record is damaged: \"%s\"",
				       buf_str(&text));
	}
	*ret = (struct monitor_exit){
	    .code = (int)v[0], .finished_ns = (int64_t)v[1], .oom = v[2] != 0};
	return 1;
}
