/* kist logs */
#include "pick.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/times.h"
#include "monitor/logs.h"
#include "sys/fd.h"

#include <unistd.h>

struct logs_args {
	bool follow, timestamps, names, latest, color;
	const char *tail, *since, *until;
};

#define AT(member) offsetof(struct logs_args, member)

#define SHORT_ID 12

static const struct opt opts[] = {
    {0, "color", OPT_FLAG, AT(color), NULL, "Give each container's lines a color"},
    {'f', "follow", OPT_FLAG, AT(follow), NULL, "Go on as the container writes"},
    {'l', "latest", OPT_FLAG, AT(latest), NULL, "The newest container"},
    {'n', "names", OPT_FLAG, AT(names), NULL,
     "Of several containers, the name instead of the ID before each line"},
    {0, "since", OPT_STRING, AT(since), "TIME", "Only lines since this time or duration"},
    {0, "tail", OPT_STRING, AT(tail), "N", "Only the last N lines; all or -1: every line"},
    {'t', "timestamps", OPT_FLAG, AT(timestamps), NULL, "Put the time before each line"},
    {0, "until", OPT_STRING, AT(until), "TIME", "Only lines until this time or duration"},
    {0},
};

/* Output of one stream is collected so far before it is written. */
#define FLUSH_AT ((size_t)64 << 10)
#define COLLECT_MAX ((size_t)4 << 20)

struct printing {
	const struct logs_args *args;
	struct container *c;
	size_t nth; /* of several containers, from 1; 0: it is the only one */
	struct buf text;
	int fd; /* the stream that `text` is for */
};

static int flush(struct printing *p, struct err *err)
{
	int r = fd_write_all(p->fd, buf_str(&p->text), p->text.len, "the output", err);

	buf_reset(&p->text);
	return r;
}

/* Colors of the terminal's own palette, in podman's order. */
static void begin_color(struct printing *p)
{
	static const int colors[] = {37, 31, 32, 33, 34, 35, 36, 90};

	buf_addf(&p->text, "\033[%dm", colors[(p->nth ? p->nth - 1 : 0) % ARRAY_LEN(colors)]);
}

/* Of several containers each line says whose it is. */
static void begin_line(struct printing *p, const struct log_piece *piece)
{
	if (p->args->color)
		begin_color(p);
	if (p->nth && p->args->names)
		buf_addf(&p->text, "%s ", p->c->def.name);
	else if (p->nth)
		buf_addf(&p->text, "%.*s ", SHORT_ID, p->c->def.id);
	if (p->args->timestamps) {
		buf_add(&p->text, piece->time.ptr, piece->time.len);
		buf_addc(&p->text, ' ');
	}
}

static int print_piece(void *arg, const struct log_piece *piece, struct err *err)
{
	int fd = piece->is_stderr ? STDERR_FILENO : STDOUT_FILENO, r;
	struct printing *p = arg;

	if (p->text.len > 0 && (fd != p->fd || p->text.len > FLUSH_AT)) {
		r = flush(p, err);
		if (r < 0)
			return r;
	}
	p->fd = fd;
	if (piece->begin)
		begin_line(p, piece);
	buf_add(&p->text, piece->text.ptr, piece->text.len);
	if (piece->end && p->args->color)
		buf_adds(&p->text, "\033[0m");
	if (piece->end)
		buf_addc(&p->text, '\n');
	r = buf_check(&p->text, "a log line", err);
	/* Who follows wants to see each line as it comes. */
	return r == 0 && p->args->follow && piece->end ? flush(p, err) : r;
}

static bool is_running(void *arg)
{
	struct err ignored = ERR_INIT;
	struct container_status st;
	struct printing *p = arg;

	return container_get_status(p->c, &st, &ignored) == 0 && st.state == CONTAINER_RUNNING;
}

static int parse_query(const struct logs_args *a, struct logs_query *q, struct err *err)
{
	int r = 0;

	q->tail = LOGS_TAIL_ALL;
	if (a->tail && !streq(a->tail, "all") && !streq(a->tail, "-1"))
		r = parse_i64(a->tail, "--tail", 0, INT64_MAX, &q->tail, err);
	if (r == 0 && a->since)
		r = time_parse_when(a->since, "--since", &q->since_ns, err);
	if (r == 0 && a->until)
		r = time_parse_when(a->until, "--until", &q->until_ns, err);
	return r;
}

static int print_logs(struct container *c, const struct logs_args *a, size_t nth, struct err *err)
{
	struct printing p = {
	    .args = a, .c = c, .nth = nth, .text = BUF_INIT(COLLECT_MAX), .fd = STDOUT_FILENO};
	struct logs_query q = {
	    .follow = a->follow, .piece = print_piece, .running = is_running, .arg = &p};
	const char *name = NULL;
	int dir = -1, r;

	r = parse_query(a, &q, err);
	if (r == 0)
		r = container_log(c, &dir, &name, err);
	if (r > 0) {
		r = logs_read(dir, name, &q, err);
		if (r == 0)
			r = flush(&p, err);
	}
	buf_fini(&p.text);
	return r;
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_CONTAINER struct container *c = NULL;
	const struct logs_args *a = args;
	size_t i;
	int r;

	if (rest->n <= 1) {
		r = pick_one(app, a->latest, rest, &c, err);
		return r < 0 ? r : print_logs(c, a, 0, err);
	}
	if (a->latest || a->follow)
		return err_set(err, ERR_INVALID, "--latest and --follow are for one container");
	for (i = 0; i < rest->n; i++) {
		AUTO_CONTAINER struct container *one = NULL;

		r = container_open(app->containers, rest->v[i], &one, err);
		if (r == 0)
			r = print_logs(one, a, i + 1, err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct verb verb_logs = {
    .path = "logs",
    .aliases = "container logs",
    .summary = "Show what containers wrote",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .opts = opts,
    .args_size = sizeof(struct logs_args),
    .max_args = VERB_ANY_ARGS,
    .complete = "containers",
    .needs = NEED_CONTAINERS,
    .run = run,
};
