/* kist version */
#include "info_make.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "text/report.h"

struct version_args {
	const char *format;
};

static const struct opt opts[] = {
    {'f', "format", OPT_STRING, offsetof(struct version_args, format), "TEMPLATE",
     "Go template, or json"},
    {0},
};

/* For templates: without a server, docker's .Server and podman's bare .Version are the client's. */
static const struct shape_field fields[] = {
    {"Client", SHAPE_STRUCT, .of = &version_part_shape},
    {"Server", SHAPE_STRUCT, .json = "Client", .of = &version_part_shape},
    {"APIVersion", SHAPE_TEXT},
    {"Version", SHAPE_TEXT},
    {"GoVersion", SHAPE_TEXT},
    {"GitCommit", SHAPE_TEXT},
    {"BuiltTime", SHAPE_TEXT},
    {"Built", SHAPE_NUMBER},
    {"OsArch", SHAPE_TEXT},
    {"Os", SHAPE_TEXT},
    {NULL},
};
static const struct shape shape = {"types.SystemVersionReport", fields};

static int print_template(struct obj *all, const char *format, struct err *err)
{
	version_make(all);
	if (all->r < 0)
		return all->r;
	return shape_print("version", &(struct shaped){&shape, all->v}, 1, true, format, err);
}

static int print(struct obj *all, const char *format, struct err *err)
{
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	const struct json *client = json_get(all->v, "Client");

	if (format && !report_is_json(format))
		return print_template(all, format, err);
	if (format) {
		json_dump(all->v, JSON_INDENT4 | JSON_PLAIN, &out);
		buf_addc(&out, '\n');
		return out_buf(&out, err);
	}
	buf_addf(&out, "Client:       Kist Engine\nVersion:      %s\nAPI Version:  %s\n",
		 json_text(json_get(client, "Version")), json_text(json_get(client, "APIVersion")));
	buf_addf(&out, "OS/Arch:      %s\n", json_text(json_get(client, "OsArch")));
	return out_buf(&out, err);
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	const struct version_args *a = args;
	struct obj all, client;
	int r;

	(void)app;
	(void)rest;
	r = json_new(&doc, err);
	if (r < 0)
		return r;
	all = obj_new(doc, err);
	client = obj_new(doc, err);
	version_make(&client);
	if (client.r == 0)
		client.r = shape_complete(&version_part_shape, doc, client.v, &client.v, err);
	obj_part(&all, "Client", &client);
	return all.r < 0 ? all.r : print(&all, a->format, err);
}

const struct verb verb_version = {
    .path = "version",
    .summary = "Show the version",
    .usage = "[options]",
    .opts = opts,
    .args_size = sizeof(struct version_args),
    .run = run,
};
