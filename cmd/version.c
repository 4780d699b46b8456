/* kist version */
#include "app.h"
#include "obj.h"
#include "tmpl_json.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "spec/platform.h"
#include "text/report.h"

#include <sys/utsname.h>

/* The version of podman's remote API whose documents ours look like; scripts compare it. */
#define API_VERSION "5.4.2"

struct version_args {
	const char *format;
};

static const struct opt opts[] = {
    {'f', "format", OPT_STRING, offsetof(struct version_args, format), "TEMPLATE",
     "Go template, or json"},
    {0},
};

static int make(struct json_doc *doc, struct json **ret, struct err *err)
{
	struct obj client = obj_new(doc, err), all = obj_new(doc, err);
	char text[3 * PLATFORM_MAX];
	struct platform host;
	struct utsname u;

	(void)uname(&u);
	platform_host(u.machine, &host);
	obj_str(&client, "APIVersion", API_VERSION);
	obj_str(&client, "Version", KIST_VERSION);
	obj_str(&client, "GoVersion", "");
	obj_str(&client, "GitCommit", "");
	obj_str(&client, "BuiltTime", "");
	obj_int(&client, "Built", 0);
	obj_str(&client, "OsArch", platform_string(&host, text));
	obj_str(&client, "Os", host.os);
	obj_part(&all, "Client", &client);
	*ret = all.v;
	return all.r;
}

static int print(const char *format, const struct json *v, struct err *err)
{
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	const struct json *client = json_get(v, "Client");
	int r = 0;

	if (!format) {
		buf_addf(&out, "Client:       Kist Engine\nVersion:      %s\nAPI Version:  %s\n",
			 json_text(json_get(client, "Version")),
			 json_text(json_get(client, "APIVersion")));
		buf_addf(&out, "OS/Arch:      %s\n", json_text(json_get(client, "OsArch")));
	} else if (report_is_json(format)) {
		json_dump(v, JSON_INDENT4 | JSON_PLAIN, &out);
		buf_addc(&out, '\n');
	} else {
		r = tmpl_render("version", format, tmpl_of_json(v), &out, err);
		buf_addc(&out, '\n');
	}
	return r < 0 ? r : out_buf(&out, err);
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	const struct version_args *a = args;
	struct json *v = NULL;
	int r;

	(void)app;
	(void)rest;
	r = json_new(&doc, err);
	if (r == 0)
		r = make(doc, &v, err);
	return r < 0 ? r : print(a->format, v, err);
}

const struct verb verb_version = {
    .path = "version",
    .summary = "Show the version",
    .usage = "[options]",
    .opts = opts,
    .args_size = sizeof(struct version_args),
    .run = run,
};
