/* kist info */
#include "info_make.h"
#include "verbs.h"
#include "yaml.h"
#include "base/auto.h"
#include "base/err.h"
#include "text/report.h"

struct info_args {
	const char *format;
};

static const struct opt opts[] = {
    {'f', "format", OPT_STRING, offsetof(struct info_args, format), "TEMPLATE",
     "Go template, or json"},
    {0},
};

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	AUTO_JSON struct json_doc *doc = NULL;
	const struct info_args *a = args;
	struct json *v = NULL;
	int r;

	(void)rest;
	r = json_new(&doc, err);
	if (r == 0)
		r = info_make(app, doc, &v, err);
	if (r < 0)
		return r;
	if (!a->format) {
		yaml_write(v, 0, &out);
	} else if (report_is_json(a->format)) {
		json_dump(v, JSON_INDENT4 | JSON_PLAIN, &out);
		buf_addc(&out, '\n');
	} else {
		return shape_print("info", &(struct shaped){&info_shape, v}, 1, true, a->format,
				   err);
	}
	return out_buf(&out, err);
}

const struct verb verb_info = {
    .path = "info",
    .aliases = "system info",
    .summary = "Show the host, the store and the configuration",
    .usage = "[options]",
    .examples = "kist info --format \"{{.Store.GraphRoot}}\"",
    .opts = opts,
    .args_size = sizeof(struct info_args),
    .needs = NEED_CONTAINERS | NEED_IMAGES,
    .run = run,
};
