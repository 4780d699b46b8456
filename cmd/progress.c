#include "progress.h"
#include "app.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/times.h"
#include "sys/fd.h"

#include <stdio.h>
#include <unistd.h>

#define SHORT_DIGEST 12
#define DRAW_EVERY_NS (NSEC_PER_SEC / 10)
#define LINE_MAX_BYTES 256
#define ANSWER_MAX 16

static void trying(void *arg, const char *ref)
{
	(void)arg;
	say("Trying to pull %s...", ref);
}

static void line_of(const struct progress *p, size_t i, struct buf *b)
{
	char have[HUMAN_MAX], size[HUMAN_MAX];

	buf_addf(b, "Copying blob %s ", p->blob[i].digest);
	if (p->blob[i].done)
		buf_adds(b, p->blob[i].already ? "skipped: already exists" : "done");
	else if (p->blob[i].size > 0)
		buf_addf(b, "%s / %s", human_size(p->blob[i].have, have),
			 human_size((uint64_t)p->blob[i].size, size));
	else
		buf_adds(b, human_size(p->blob[i].have, have));
}

static void put(const struct buf *b)
{
	struct err ignored = ERR_INIT;

	(void)fd_write_all(STDERR_FILENO, buf_str(b), b->len, "standard error", &ignored);
}

/* Draws all lines again, over the ones drawn before. */
static void draw(struct progress *p)
{
	AUTO_BUF struct buf b = BUF_INIT(PROGRESS_BLOBS_MAX * LINE_MAX_BYTES);
	size_t i;

	if (p->lines > 0)
		buf_addf(&b, "\033[%zuA", p->lines);
	for (i = 0; i < p->n; i++) {
		line_of(p, i, &b);
		buf_adds(&b, "\033[K\n");
	}
	p->lines = p->n;
	p->drawn_at = time_monotonic_ns();
	put(&b);
}

static size_t find_blob(struct progress *p, const char *digest)
{
	const char *hex = strchr(digest, ':');
	char name[SHORT_DIGEST + 1];
	size_t i;

	(void)snprintf(name, sizeof(name), "%s", hex ? hex + 1 : digest);
	for (i = 0; i < p->n; i++)
		if (streq(p->blob[i].digest, name))
			return i;
	if (p->n == PROGRESS_BLOBS_MAX)
		return 0;
	(void)snprintf(p->blob[p->n].digest, sizeof(p->blob[0].digest), "%s", name);
	return p->n++;
}

static void blob(void *arg, const char *digest, uint64_t have, int64_t size, bool done,
		 bool already)
{
	struct progress *p = arg;
	size_t i = find_blob(p, digest);
	bool was_done = p->blob[i].done;

	p->blob[i].have = have;
	p->blob[i].size = size;
	p->blob[i].done = done;
	p->blob[i].already = already;
	if (p->terminal) {
		if (done || time_monotonic_ns() - p->drawn_at > DRAW_EVERY_NS)
			draw(p);
	} else if (done && !was_done) {
		AUTO_BUF struct buf b = BUF_INIT(LINE_MAX_BYTES);

		line_of(p, i, &b);
		say("%s", buf_str(&b));
	}
}

static void config(void *arg, const char *digest)
{
	(void)arg;
	say("Copying config %.*s done", SHORT_DIGEST, strchr(digest, ':') + 1);
}

static void manifest(void *arg)
{
	(void)arg;
	say("Writing manifest to image destination");
}

/* A short name with several meanings, and a terminal to ask at. */
static int choose(void *arg, const struct strv *names, struct err *err)
{
	char answer[ANSWER_MAX];
	uint64_t n;
	ssize_t got;
	size_t i;
	int r;

	(void)arg;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return IMAGE_NO_CHOICE;
	say("Please select an image:");
	for (i = 0; i < names->n; i++)
		say("  %zu) %s", i + 1, names->v[i]);
	got = read(STDIN_FILENO, answer, sizeof(answer) - 1);
	if (got <= 0)
		return err_set(err, ERR_INVALID, "nothing was chosen");
	answer[got] = '\0';
	answer[strcspn(answer, "\r\n")] = '\0';
	r = parse_u64(answer, "choice", 1, names->n, &n, err);
	return r < 0 ? r : (int)n - 1;
}

void progress_init(struct progress *p, bool quiet)
{
	*p = (struct progress){.terminal = isatty(STDERR_FILENO)};
	p->events = (struct image_events){.choose = choose, .arg = p};
	if (quiet)
		return;
	p->events.trying = trying;
	p->events.blob = blob;
	p->events.config = config;
	p->events.manifest = manifest;
}
