/* kist save */
#include "outfile.h"
#include "progress.h"
#include "verbs.h"
#include "app.h"
#include "archive/compress.h"
#include "base/auto.h"
#include "base/err.h"
#include "image/archive.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdlib.h>

struct save_args {
	bool compress, multi, quiet, uncompressed;
	const char *format, *output;
};

#define AT(member) offsetof(struct save_args, member)

static const struct opt opts[] = {
    {0, "compress", OPT_FLAG, AT(compress), NULL, "Compress layers (docker-dir only)"},
    {0, "format", OPT_CHOICE, AT(format), "FORMAT", "Format of the archive",
     .choices = "docker-archive|oci-archive|oci-dir|docker-dir"},
    {'m', "multi-image-archive", OPT_FLAG, AT(multi), NULL,
     "Further names are images of their own, not names of the first"},
    {'o', "output", OPT_STRING, AT(output), "FILE", "Write to this file or directory",
     .complete = "files"},
    {'q', "quiet", OPT_FLAG, AT(quiet), NULL, "Do not show progress"},
    {0, "uncompressed", OPT_FLAG, AT(uncompressed), NULL, "Do not compress layers (OCI formats)"},
    {0},
};

static enum save_format format_of(const char *name)
{
	static const char *const names[] = {
	    [SAVE_DOCKER_ARCHIVE] = "docker-archive",
	    [SAVE_OCI_ARCHIVE] = "oci-archive",
	    [SAVE_OCI_DIR] = "oci-dir",
	    [SAVE_DOCKER_DIR] = "docker-dir",
	};
	size_t i;

	for (i = 0; i + 1 < ARRAY_LEN(names) && !streq(names[i], name); i++)
		;
	return (enum save_format)i;
}

static int save_to_dir(struct image_ctx *ctx, const struct strv *images, const char *path,
		       struct image_save *o, struct err *err)
{
	AUTO_CLOSE int dir = -1;
	int r;

	if (!path)
		return err_set(err, ERR_INVALID,
			       "--output is required for --format oci-dir and "
			       "docker-dir");
	r = dir_ensure(AT_FDCWD, path, 0755, &dir, err);
	o->fd = dir;
	r = r < 0 ? r : image_save(ctx, images, o, err);
	return r < 0 ? err_wrap(err, "%s", path) : 0;
}

static int save_to_file(struct image_ctx *ctx, const struct strv *images, const char *path,
			struct image_save *o, struct err *err)
{
	AUTO_OUTFILE struct outfile f = OUTFILE_INIT;
	int r;

	r = outfile_open(path, &f, err);
	o->fd = f.fd;
	if (r == 0)
		r = image_save(ctx, images, o, err);
	return r < 0 ? r : outfile_commit(&f, err);
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_FREE struct progress *progress = malloc(sizeof(*progress));
	const struct save_args *a = args;
	struct image_save o = {
	    .format = format_of(a->format),
	    .multi = a->multi,
	    .compress = a->compress,
	    .uncompressed = a->uncompressed,
	    .level = COMPRESS_LEVEL_DEFAULT,
	};
	struct image_ctx ctx;

	if (!progress)
		return err_nomem(err);
	if (o.format == SAVE_DOCKER_DIR)
		o.manifest = PUSH_DOCKER;
	progress_init(progress, a->quiet);
	ctx = app_image_ctx(app, NULL, &progress->events);
	return save_is_dir(o.format) ? save_to_dir(&ctx, rest, a->output, &o, err)
				     : save_to_file(&ctx, rest, a->output, &o, err);
}

const struct verb verb_save = {
    .path = "save",
    .aliases = "image save",
    .summary = "Save images to an archive or directory",
    .usage = "[options] IMAGE [IMAGE...]",
    .examples = "kist save -o busybox.tar busybox\n"
		"kist save -m busybox nginx | zstd > both.tar.zst\n"
		"kist save --format oci-dir -o layout busybox",
    .opts = opts,
    .args_size = sizeof(struct save_args),
    .defaults = &(const struct save_args){.format = "docker-archive"},
    .min_args = 1,
    .max_args = VERB_ANY_ARGS,
    .complete = "images",
    .needs = NEED_IMAGES,
    .run = run,
};
