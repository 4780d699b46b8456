#include "box_test.h"

#define T(n) "2026-11-22T06:48:2" #n ".500000000+00:00 "

struct seen {
	struct buf out, err;
	int stop_after;	    /* pieces; 0: never */
	int64_t quit_at_ns; /* running() says no from then on */
	const struct box *b;
	int step;
};

#define SEEN_INIT                                                                                  \
	{                                                                                          \
		.out = BUF_INIT(1 << 20), .err = BUF_INIT(1 << 20)                                 \
	}

static void seen_fini(struct seen *s)
{
	buf_fini(&s->out);
	buf_fini(&s->err);
}

static int collect(void *arg, const struct log_piece *p, struct err *err)
{
	struct seen *s = arg;
	struct buf *to = p->is_stderr ? &s->err : &s->out;

	(void)err;
	if (p->begin)
		buf_addc(to, '>');
	buf_add(to, p->text.ptr, p->text.len);
	if (p->end)
		buf_addc(to, '|');
	return s->stop_after > 0 && --s->stop_after == 0;
}

static void write_log(struct box *b, const char *text)
{
	AUTO_CLOSE int fd = box_file(b, "ctr.log");

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void expect(struct box *b, struct logs_query q, const char *out, const char *er)
{
	AUTO(seen_fini) struct seen s = SEEN_INIT;
	struct err err = ERR_INIT;

	q.piece = collect;
	q.arg = &s;
	if (logs_read(b->dir, "ctr.log", &q, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(buf_str(&s.out), out);
	assert_string_equal(buf_str(&s.err), er);
}

static const struct logs_query all = {.tail = LOGS_TAIL_ALL};

static void lines_are_joined_per_stream_and_garbage_skipped(void **state)
{
	struct box b = {0};

	(void)state;
	box_make(&b);
	write_log(&b,
		  T(0) "stdout P ab\n" T(1) "stderr F oops\n" T(
		      2) "stdout F cd\n"
			 "garbage\n\n" T(3) "stdout X no\n" T(3) "stdout\n" T(4) "stdout F\n" T(
			     5) "stdout F  two  \n" T(6) "stdout P tail\n" T(7) "stdout F unfin");
	expect(&b, all, ">abcd|>|> two  |>tail", ">oops|");
	expect(&b, (struct logs_query){.tail = LOGS_TAIL_ALL, .skip_stdout = true}, "", ">oops|");
	box_remove(&b);
}

static void the_last_lines_are_found_from_the_end(void **state)
{
	struct box b = {0};
	int i;
	AUTO_BUF struct buf text = BUF_INIT(8 << 20);

	(void)state;
	box_make(&b);
	write_log(&b, T(0) "stdout F a\n" T(1) "stdout P b1\n" T(2) "stdout F b2\n" T(
			  3) "stdout F c\n" T(4) "stdout P d\n");
	expect(&b, (struct logs_query){.tail = 0}, "", "");
	expect(&b, (struct logs_query){.tail = 1}, ">d", "");
	expect(&b, (struct logs_query){.tail = 2}, ">c|>d", "");
	expect(&b, (struct logs_query){.tail = 3}, ">b1b2|>c|>d", "");
	expect(&b, (struct logs_query){.tail = 99}, ">a|>b1b2|>c|>d", "");
	for (i = 0; i < 50000; i++)
		buf_addf(&text, T(0) "stdout F line %d\n", i);
	write_log(&b, buf_str(&text));
	expect(&b, (struct logs_query){.tail = 2}, ">line 49998|>line 49999|", "");
	box_remove(&b);
}

static void tail_agrees_with_counting_from_the_front(void **state)
{
	struct box b = {0};
	AUTO_BUF struct buf text = BUF_INIT(8 << 20), want = BUF_INIT(8 << 20);
	int i, total = 3000, tail;
	unsigned v = 7;

	(void)state;
	box_make(&b);
	for (i = 0; i < total; i++) {
		v = v * 1103515245 + 12345;
		buf_addf(&text, T(0) "stdout F %0*d\n", (int)(v >> 16) % 300, i);
	}
	write_log(&b, buf_str(&text));
	for (tail = 1; tail < total; tail += 371) {
		buf_reset(&want);
		v = 7;
		for (i = 0; i < total; i++) {
			v = v * 1103515245 + 12345;
			if (i >= total - tail)
				buf_addf(&want, ">%0*d|", (int)(v >> 16) % 300, i);
		}
		expect(&b, (struct logs_query){.tail = tail}, buf_str(&want), "");
	}
	box_remove(&b);
}

static int64_t at(const char *text)
{
	struct err err = ERR_INIT;
	int64_t t;

	assert_int_equal(time_parse_rfc3339(text, &t, &err), 0);
	return t;
}

static void since_and_until_bound_the_times(void **state)
{
	struct box b = {0};
	struct logs_query q = {.tail = LOGS_TAIL_ALL};

	(void)state;
	box_make(&b);
	write_log(&b, T(0) "stdout F a\n" T(1) "stdout F b\n"
					       "2026-11-22T08:48:22.5+02:00 stdout F c\n" T(
						   3) "stdout F d\n");
	q.since_ns = at("2026-11-22T06:48:21.5Z");
	expect(&b, q, ">b|>c|>d|", "");
	q.until_ns = at("2026-11-22T06:48:22.5Z");
	expect(&b, q, ">b|>c|", "");
	box_remove(&b);
}

static void a_reader_can_stop(void **state)
{
	AUTO(seen_fini) struct seen s = SEEN_INIT;
	struct logs_query q = {.tail = LOGS_TAIL_ALL, .piece = collect, .arg = &s};
	struct box b = {0};
	struct err err = ERR_INIT;

	(void)state;
	box_make(&b);
	write_log(&b, T(0) "stdout F a\n" T(1) "stdout F b\n");
	s.stop_after = 1;
	assert_int_equal(logs_read(b.dir, "ctr.log", &q, &err), 0);
	assert_string_equal(buf_str(&s.out), ">a|");
	assert_int_equal(logs_read(b.dir, "none", &q, &err), -ERR_NOT_FOUND);
	box_remove(&b);
}

static void an_endless_line_is_passed_over(void **state)
{
	struct box b = {0};
	AUTO_BUF struct buf text = BUF_INIT(1 << 20);
	int i;

	(void)state;
	box_make(&b);
	buf_adds(&text, T(0) "stdout F a\n" T(1) "stdout F ");
	for (i = 0; i < 300000; i++)
		buf_addc(&text, 'x');
	buf_adds(&text, "\n" T(2) "stdout F b\n");
	write_log(&b, buf_str(&text));
	expect(&b, all, ">a|>b|", "");
	expect(&b, (struct logs_query){.tail = 2}, ">a|>b|", "");
	box_remove(&b);
}

static bool runs_until(void *arg)
{
	const struct seen *s = arg;

	return time_monotonic_ns() < s->quit_at_ns;
}

static void put(int fd, const char *text)
{
	(void)!write(fd, text, strlen(text));
}

/* Another process writes, replaces and truncates the log meanwhile. */
static pid_t writer(struct box *b)
{
	pid_t pid = fork();
	int fd;

	if (pid != 0)
		return pid;
	(void)usleep(100000);
	fd = openat(b->dir, "ctr.log", O_WRONLY | O_APPEND);
	put(fd, T(1) "stdout F se");
	(void)usleep(50000);
	put(fd, "cond\n");
	(void)usleep(300000);
	fd = box_file(b, "ctr.log.tmp");
	put(fd, T(2) "stdout F third\n");
	(void)renameat(b->dir, "ctr.log.tmp", b->dir, "ctr.log");
	(void)usleep(300000);
	(void)!ftruncate(fd, 0);
	put(fd, T(3) "stdout F 4\n");
	_exit(0);
}

static void following_sees_growth_rotation_and_truncation(void **state)
{
	AUTO(seen_fini) struct seen s = SEEN_INIT;
	struct logs_query q = {.tail = LOGS_TAIL_ALL,
			       .follow = true,
			       .piece = collect,
			       .running = runs_until,
			       .arg = &s};
	struct box b = {0};
	struct err err = ERR_INIT;
	pid_t pid;

	(void)state;
	box_make(&b);
	write_log(&b, T(0) "stdout F first\n");
	s.quit_at_ns = time_monotonic_ns() + 1500000000;
	pid = writer(&b);
	assert_int_equal(logs_read(b.dir, "ctr.log", &q, &err), 0);
	assert_string_equal(buf_str(&s.out), ">first|>second|>third|>4|");
	(void)waitpid(pid, NULL, 0);
	box_remove(&b);
}

static void times_are_shown_as_go_shows_them(void **state)
{
	static const struct {
		const char *line, *want;
	} cases[] = {
	    {"2026-11-22T07:21:29.607469523+00:00 stdout F x", "2026-11-22T07:21:29.607469523Z"},
	    {"2026-11-22T07:21:29.607400000+09:00 stdout F x", "2026-11-22T07:21:29.6074+09:00"},
	    {"2026-11-22T07:21:20.000000000+00:00 stdout F x", "2026-11-22T07:21:20Z"},
	    {"2026-11-22T07:21:20Z stdout F x", "2026-11-22T07:21:20Z"},
	};
	char out[RFC3339_MAX];
	struct log_piece p;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_true(log_parse(str_of(cases[i].line), &p));
		assert_string_equal(log_time_text(&p, out), cases[i].want);
		assert_true(p.time_ns == at(cases[i].want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_are_joined_per_stream_and_garbage_skipped),
	    cmocka_unit_test(the_last_lines_are_found_from_the_end),
	    cmocka_unit_test(tail_agrees_with_counting_from_the_front),
	    cmocka_unit_test(since_and_until_bound_the_times),
	    cmocka_unit_test(a_reader_can_stop),
	    cmocka_unit_test(an_endless_line_is_passed_over),
	    cmocka_unit_test(following_sees_growth_rotation_and_truncation),
	    cmocka_unit_test(times_are_shown_as_go_shows_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
