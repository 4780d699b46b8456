/* kist load */
#include "app.h"
#include "infile.h"
#include "progress.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "image/archive.h"

#include <stdlib.h>

struct load_args {
	const char *input;
	bool quiet;
};

static const struct opt opts[] = {
    {'i', "input", OPT_STRING, offsetof(struct load_args, input), "PATH",
     "Archive, directory or http(s) address instead of standard input", .complete = "files"},
    {'q', "quiet", OPT_FLAG, offsetof(struct load_args, quiet), NULL, "Do not show progress"},
    {0},
};

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_FREE struct progress *progress = malloc(sizeof(*progress));
	const struct load_args *a = args;
	AUTO_STRV struct strv names = STRV_INIT;
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	AUTO_CLOSE int fd = -1;
	struct err told = ERR_INIT;
	struct image_ctx ctx;
	size_t i;
	int r;

	(void)rest;
	if (!progress)
		return err_nomem(err);
	progress_init(progress, a->quiet);
	ctx = app_image_ctx(app, NULL, &progress->events);
	fd = infile_open(app->store, a->input, err);
	if (fd < 0)
		return fd;
	r = image_load(&ctx, fd, a->input ? a->input : "standard input", &names, err);
	/* Those before a failure are there. */
	for (i = 0; i < names.n; i++)
		buf_addf(&out, "Loaded image: %s\n", names.v[i]);
	if (r < 0) {
		(void)out_buf(&out, &told);
		return r;
	}
	return out_buf(&out, err);
}

const struct verb verb_load = {
    .path = "load",
    .aliases = "image load",
    .summary = "Load images from an archive or directory",
    .usage = "[options]",
    .examples = "kist load -i busybox.tar\n"
		"zstd -dc both.tar.zst | kist load",
    .opts = opts,
    .args_size = sizeof(struct load_args),
    .max_args = 0,
    .needs = NEED_IMAGES,
    .run = run,
};
