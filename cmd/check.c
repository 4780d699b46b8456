/* kist system check */
#include "app.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/times.h"
#include "container/container.h"
#include "image/check.h"
#include "store/layer.h"

struct check_args {
	bool quick, repair, force;
	int64_t max;
	const char *authfile, *cert_dir, *creds;
	int tls_verify;
};

#define AT(member) offsetof(struct check_args, member)

static const struct opt opts[] = {
    {0, "authfile", OPT_STRING, AT(authfile), "PATH", "File with credentials, for --repair",
     .complete = "files"},
    {0, "cert-dir", OPT_STRING, AT(cert_dir), "DIR", "Certificates of the registry, for --repair",
     .complete = "dirs"},
    {0, "creds", OPT_STRING, AT(creds), "USER[:PASSWORD]",
     "Credentials for the registry, for --repair"},
    {'f', "force", OPT_FLAG, AT(force), NULL,
     "With --repair: also remove what a registry that does not answer may still have, and "
     "other tools' dangling containers"},
    {'m', "max", OPT_DURATION, AT(max), "DURATION",
     "Age from which layers that no image has are in the way (24h)"},
    {'q', "quick", OPT_FLAG, AT(quick), NULL, "Do not read what is in the layers"},
    {'r', "repair", OPT_FLAG, AT(repair), NULL, "Put right what is wrong"},
    {0, "tls-verify", OPT_TRISTATE, AT(tls_verify), NULL,
     "Require https and check certificates, for --repair"},
    {0},
};

/* kist's own containers stand on images, too. */
static int check_containers(struct app *app, struct check_report *report, struct err *err)
{
	AUTO_CONTAINER_LIST struct container_list list = CONTAINER_LIST_INIT;
	struct err e = ERR_INIT;
	size_t i;
	int r = 0;

	if (containers_list(app->containers, &list, &e) < 0)
		return check_add(report, "container", "kist/containers", e.text, err);
	for (i = 0; r == 0 && i < list.n; i++) {
		const struct container_image *image = &list.v[i]->def.image;

		report->containers++;
		if (str_empty(image->top_layer))
			continue;
		r = store_layer_exists(app->store, image->top_layer, err);
		r = r < 0    ? r
		    : r == 0 ? check_add(report, "container", list.v[i]->def.id,
					 "the layers of its image are missing", err)
			     : 0;
	}
	return r;
}

static const char *const states[] = {
    [CHECK_DAMAGED] = "",
    [CHECK_REPAIRED] = " [repaired]",
    [CHECK_FETCHED] = " [fetched again]",
    [CHECK_REMOVED] = " [removed]",
};

static int print(const struct check_report *report, struct err *err)
{
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	size_t i;

	for (i = 0; i < report->n; i++) {
		const struct check_finding *f = &report->v[i];

		buf_addf(&out, "%s %s: %s%s", f->what, f->id, f->problem, states[f->state]);
		if (f->note)
			buf_addf(&out, " (%s)", f->note);
		buf_addc(&out, '\n');
	}
	buf_addf(&out, "Checked %zu layers, %zu images, %zu containers: %zu findings\n",
		 report->layers, report->images, report->containers, report->n);
	return out_buf(&out, err);
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_CHECK_REPORT struct check_report report = {0};
	const struct check_args *a = args;
	struct image_ctx ctx = app_image_ctx(app, a->authfile, NULL);
	struct check_options o = {
	    .quick = a->quick,
	    .repair = a->repair,
	    .force = a->force,
	    .max_age = a->max,
	    .remote = {a->tls_verify, a->cert_dir, a->creds},
	    .users = containers_of_image,
	    .users_arg = app->containers,
	};
	int r;

	(void)rest;
	r = image_check(&ctx, &o, &report, err);
	if (r == 0)
		r = check_containers(app, &report, err);
	if (r == 0)
		r = print(&report, err);
	if (r < 0 || !check_is_damaged(&report))
		return r;
	return err_set(err, ERR_CORRUPT,
		       a->repair ? "damage in local storage still present after repair attempt"
				 : "damage detected in local storage: see kist system check "
				   "--repair");
}

const struct verb verb_check = {
    .path = "system check",
    .summary = "Check the store for damage, and repair it",
    .help = "Rebuilds every layer from its files and compares it with the layer's digest, and\n"
	    "looks for broken links, documents, records and leftovers. --repair makes links anew,\n"
	    "removes leftovers, loads damaged layers again from the registry of their image, and\n"
	    "removes images that no registry can make whole, unless a container uses them.",
    .usage = "[options]",
    .opts = opts,
    .args_size = sizeof(struct check_args),
    .defaults = &(const struct check_args){.max = 24 * 3600 * NSEC_PER_SEC, .tls_verify = -1},
    .needs = NEED_IMAGES | NEED_CONTAINERS,
    .run = run,
};
