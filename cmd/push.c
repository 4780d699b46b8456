/* kist push */
#include "app.h"
#include "opts_remote.h"
#include "place.h"
#include "progress.h"
#include "verbs.h"
#include "archive/compress.h"
#include "base/auto.h"
#include "base/err.h"
#include "spec/transport.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

struct push_args {
	struct retry_args retry;
	const char *authfile, *cert_dir, *creds, *digestfile, *format, *compression;
	bool quiet, force_compression, compress;
	int tls_verify;
	int64_t level;
};

#define AT(member) offsetof(struct push_args, member)

static const struct opt opts[] = {
    {0, "authfile", OPT_STRING, AT(authfile), "PATH", "File with credentials", .complete = "files"},
    {0, "cert-dir", OPT_STRING, AT(cert_dir), "DIR", "Certificates of the registry",
     .complete = "dirs"},
    {0, "compress", OPT_FLAG, AT(compress), NULL, "Compress the layers, too, in dir:"},
    {0, "compression-format", OPT_CHOICE, AT(compression), "FORMAT",
     "Compression of layers that the registry has not", .choices = "gzip|zstd"},
    {0, "compression-level", OPT_INT, AT(level), "N",
     "Level of compression: gzip 0 to 9 (in four steps), zstd 0 to 20"},
    {0, "creds", OPT_STRING, AT(creds), "USER[:PASSWORD]", "Credentials for the registry"},
    {0, "digestfile", OPT_STRING, AT(digestfile), "FILE",
     "Write the digest of what was pushed to this file", .complete = "files"},
    {0, "disable-content-trust", OPT_NOTHING, 0, NULL,
     "As docker without its content trust: has no effect, there is none", .flags = OPT_NO_VALUE},
    {0, "force-compression", OPT_FLAG, AT(force_compression), NULL,
     "Compress anew also what the registry has with another compression"},
    {'f', "format", OPT_CHOICE, AT(format), "FORMAT", "Kind of the manifest (as in the store)",
     .choices = "oci|v2s2"},
    {'q', "quiet", OPT_FLAG, AT(quiet), NULL, "Do not show progress"},
    {0, "remove-signatures", OPT_NOTHING, 0, NULL,
     "Leave out signatures: has no effect, none are kept", .flags = OPT_NO_VALUE},
    {0, "tls-verify", OPT_TRISTATE, AT(tls_verify), NULL, "Require https and check certificates"},
    {0},
};

static const struct opt_group groups[] = {
    {retry_opts, offsetof(struct push_args, retry), NULL},
    {0},
};

static int write_digest(const char *path, const char *digest, struct err *err)
{
	AUTO_CLOSE int fd = -1;

	if (!path)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, errno, "--digestfile %s", path);
	return fd_write_all(fd, digest, strlen(digest), path, err);
}

static int read_format(const struct push_args *a, struct image_push *push, struct err *err)
{
	int r;

	if (a->format)
		push->format = streq(a->format, "oci") ? PUSH_OCI : PUSH_DOCKER;
	if (a->compression)
		push->compression = streq(a->compression, "zstd") ? PUSH_ZSTD : PUSH_GZIP;
	push->force_compression = a->force_compression;
	r = compression_level(push->compression == PUSH_ZSTD ? COMPRESSION_ZSTD : COMPRESSION_GZIP,
			      a->level, &push->level, err);
	if (r < 0)
		return err_wrap(err, "--compression-level");
	push->level = (int)a->level;
	if (push->format == PUSH_DOCKER && push->compression == PUSH_ZSTD)
		return err_set(err, ERR_INVALID,
			       "--format v2s2 knows no zstd: use --format oci or "
			       "--compression-format gzip");
	return 0;
}

struct attempt {
	const struct image_ctx *ctx;
	const char *image, *destination;
	const struct image_push *push;
	char digest[80];
};

static int attempt(void *arg, struct err *err)
{
	struct attempt *a = arg;

	return image_push(a->ctx, a->image, a->destination, a->push, a->digest, err);
}

static int push(const struct push_args *a, struct attempt *at, struct err *err)
{
	AUTO_PLACE struct image_place place = PLACE_INIT;
	int r = at->destination ? place_parse(at->destination, &place, err) : 0;

	if (r == 0)
		return retry_run(&a->retry, attempt, at, err);
	if (r > 0)
		r = place_push(at->ctx, at->image, &place, at->push, a->compress, at->digest, err);
	return r;
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_FREE struct progress *progress = malloc(sizeof(*progress));
	const struct push_args *a = args;
	struct image_push how = {.remote = {a->tls_verify, a->cert_dir, a->creds}};
	struct attempt at = {
	    .image = rest->v[0], .destination = rest->n > 1 ? rest->v[1] : NULL, .push = &how};
	struct image_ctx ctx;
	int r;

	if (!progress)
		return err_nomem(err);
	r = read_format(a, &how, err);
	if (r < 0)
		return r;
	progress_init(progress, a->quiet);
	ctx = app_image_ctx(app, a->authfile, &progress->events);
	at.ctx = &ctx;
	r = push(a, &at, err);
	return r < 0 ? r : write_digest(a->digestfile, at.digest, err);
}

const struct verb verb_push = {
    .path = "push",
    .aliases = "image push",
    .summary = "Push an image to a registry, directory or archive",
    .usage = "[options] IMAGE [DESTINATION]",
    .examples = "kist push app:1 registry.example.com/team/app:1\n"
		"kist push app:1 oci:layout:app\n"
		"kist push app:1 docker-archive:app.tar:app:1",
    .opts = opts,
    .groups = groups,
    .args_size = sizeof(struct push_args),
    .defaults = &(const struct push_args){.retry = RETRY_ARGS_INIT,
					  .tls_verify = -1,
					  .level = COMPRESS_LEVEL_DEFAULT},
    .min_args = 1,
    .max_args = 2,
    .complete = "images",
    .needs = NEED_IMAGES,
    .run = run,
};
