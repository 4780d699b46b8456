/* kist import */
#include "app.h"
#include "infile.h"
#include "opts_remote.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "image/make.h"

struct import_args {
	struct platform_args platform;
	struct strv changes;
	const char *message;
	bool quiet;
};

#define AT(member) offsetof(struct import_args, member)

static const struct opt opts[] = {
    {0, "arch", OPT_STRING, AT(platform.arch), "ARCH", "Architecture of the image"},
    {'c', "change", OPT_STRINGS, AT(changes), "INSTRUCTION",
     "Change the configuration, as in a Dockerfile: CMD, ENV, LABEL, USER"},
    {'m', "message", OPT_STRING, AT(message), "TEXT", "Comment in the image's history"},
    {0, "os", OPT_STRING, AT(platform.os), "OS", "Operating system of the image"},
    {'q', "quiet", OPT_FLAG, AT(quiet), NULL, "Print the ID only, as without it"},
    {0, "variant", OPT_STRING, AT(platform.variant), "VARIANT", "Variant of the architecture"},
    {0},
};

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	const struct import_args *a = args;
	AUTO_FREE char *from = str_fmt("Imported from %s", rest->v[0]);
	struct image_make make = {
	    .name = rest->n > 1 ? rest->v[1] : NULL,
	    .comment = a->message ? a->message : from,
	    .created_by = "kist import",
	    .changes = &a->changes,
	};
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	char id[STORE_ID_LEN + 1], line[sizeof("sha256:") + STORE_ID_LEN];
	struct platform platform;
	AUTO_CLOSE int fd = -1;
	int r;

	r = platform_from_args(&a->platform, &platform, err);
	if (r < 0)
		return r;
	if (r > 0)
		make.platform = &platform;
	fd = infile_open(app->store, streq(rest->v[0], "-") ? NULL : rest->v[0], err);
	if (fd < 0)
		return fd;
	r = image_import(&ctx, fd, &make, id, err);
	if (r < 0)
		return err_wrap(err, "importing %s", rest->v[0]);
	(void)snprintf(line, sizeof(line), "sha256:%s", id);
	return out_line(line, err);
}

const struct verb verb_import = {
    .path = "import",
    .aliases = "image import",
    .summary = "Make an image from a tar of a file system",
    .usage = "[options] PATH|URL|- [REFERENCE]",
    .examples = "kist import -c CMD=/bin/sh root.tar mine:1\n"
		"kist export web | kist import - web-files",
    .opts = opts,
    .args_size = sizeof(struct import_args),
    .min_args = 1,
    .max_args = 2,
    .complete = "files",
    .needs = NEED_IMAGES,
    .run = run,
};
