/* kist pull */
#include "opts_remote.h"
#include "pull_child.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "spec/transport.h"

struct pull_args {
	struct platform_args platform;
	struct retry_args retry;
	const char *authfile, *cert_dir, *creds, *policy;
	bool quiet, all_tags;
	int tls_verify;
};

#define AT(member) offsetof(struct pull_args, member)

static const struct opt opts[] = {
    {'a', "all-tags", OPT_FLAG, AT(all_tags), NULL, "Pull all tags of the repository"},
    {0, "authfile", OPT_STRING, AT(authfile), "PATH", "File with credentials", .complete = "files"},
    {0, "cert-dir", OPT_STRING, AT(cert_dir), "DIR", "Certificates of the registry",
     .complete = "dirs"},
    {0, "creds", OPT_STRING, AT(creds), "USER[:PASSWORD]", "Credentials for the registry"},
    {0, "disable-content-trust", OPT_NOTHING, 0, NULL,
     "As docker without its content trust: has no effect, there is none", .flags = OPT_NO_VALUE},
    {0, "policy", OPT_CHOICE, AT(policy), "WHEN", "Pull: always, missing, newer, never",
     .choices = "always|missing|newer|never"},
    {'q', "quiet", OPT_FLAG, AT(quiet), NULL, "Do not show progress"},
    {0, "tls-verify", OPT_TRISTATE, AT(tls_verify), NULL, "Require https and check certificates"},
    {0},
};

static const struct opt_group groups[] = {
    {platform_opts, offsetof(struct pull_args, platform), NULL},
    {retry_opts, offsetof(struct pull_args, retry), NULL},
    {0},
};

static int pull_one(struct app *app, const struct pull_request *rq, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	char id[STORE_ID_LEN + 1];
	size_t i;
	int r;

	r = pull_here(app, rq, &names, id, err);
	/* As podman: once for each name that an archive has for it. */
	for (i = 0; r == 0 && i < (names.n ? names.n : 1); i++)
		r = out_line(id, err);
	return r;
}

static int pull_all_tags(struct app *app, struct pull_request *rq, struct err *err)
{
	struct image_ctx ctx = app_image_ctx(app, rq->authfile, NULL);
	AUTO_STRV struct strv names = STRV_INIT;
	AUTO_PLACE struct image_place place = PLACE_INIT;
	size_t i;
	int r;

	r = place_parse(rq->text, &place, err);
	if (r > 0)
		return err_set(err, ERR_INVALID,
			       "pulling all tags is not supported for %s transport",
			       transport_name(place.transport));
	if (r == 0)
		r = image_remote_names(&ctx, rq->text, &rq->remote, &names, err);
	for (i = 0; r == 0 && i < names.n; i++) {
		rq->text = names.v[i];
		r = pull_one(app, rq, err);
	}
	return r;
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	const struct pull_args *a = args;
	struct pull_request rq = {
	    .authfile = a->authfile,
	    .platform = &a->platform,
	    .retry = &a->retry,
	    .policy = a->policy,
	    .quiet = a->quiet,
	    .remote = {a->tls_verify, a->cert_dir, a->creds},
	};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < rest->n; i++) {
		rq.text = rest->v[i];
		r = a->all_tags ? pull_all_tags(app, &rq, err) : pull_one(app, &rq, err);
	}
	return r;
}

const struct verb verb_pull = {
    .path = "pull",
    .aliases = "image pull",
    .summary = "Pull images from a registry, directory or archive",
    .usage = "[options] IMAGE [IMAGE...]",
    .examples = "kist pull docker.io/library/busybox\n"
		"kist pull --tls-verify=false 127.0.0.1:5000/team/app:1.2\n"
		"kist pull oci:layout:app docker-archive:app.tar",
    .opts = opts,
    .groups = groups,
    .args_size = sizeof(struct pull_args),
    .defaults =
	&(const struct pull_args){.retry = RETRY_ARGS_INIT, .policy = "always", .tls_verify = -1},
    .min_args = 1,
    .max_args = VERB_ANY_ARGS,
    .complete = "images",
    .needs = NEED_IMAGES,
    .run = run,
};
