#include "override.h"
#include "changes.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/strv.h"
#include "json/json.h"

#define WHAT "--config"

/* How a member joins what is there. */
enum joining { REPLACE, ADD_MEMBERS, ADD_ENV };

static const struct member {
	const char *name;
	enum json_kind kind;
	enum joining joining;
} members[] = {
    {"User", JSON_STRING, REPLACE},
    {"WorkingDir", JSON_STRING, REPLACE},
    {"StopSignal", JSON_STRING, REPLACE},
    {"Cmd", JSON_ARRAY, REPLACE},
    {"Entrypoint", JSON_ARRAY, REPLACE},
    {"OnBuild", JSON_ARRAY, REPLACE},
    {"Shell", JSON_ARRAY, REPLACE},
    {"Healthcheck", JSON_OBJECT, REPLACE},
    {"StopTimeout", JSON_NUMBER, REPLACE},
    {"Env", JSON_ARRAY, ADD_ENV},
    {"ExposedPorts", JSON_OBJECT, ADD_MEMBERS},
    {"Labels", JSON_OBJECT, ADD_MEMBERS},
    {"Volumes", JSON_OBJECT, ADD_MEMBERS},
};

static bool is_empty(const struct json *v)
{
	if (json_kind(v) == JSON_STRING)
		return !*json_text(v);
	return json_kind(v) != JSON_NUMBER && !json_first(v);
}

static int add_members(struct json_doc *doc, struct json *config, const char *name,
		       const struct json *from, struct err *err)
{
	struct json *to = json_get(config, name), *it;
	int r = 0;

	if (json_kind(to) != JSON_OBJECT) {
		to = json_object(doc);
		r = config_set(doc, config, name, to, err);
	}
	JSON_EACH(it, from)
	if (r == 0)
		r = json_set(doc, to, json_name(it), json_copy(doc, it), err);
	return r;
}

static int add_env(struct json_doc *doc, struct json *config, const struct json *from,
		   struct err *err)
{
	AUTO_STRV struct strv env = STRV_INIT;
	struct json *it;
	int r = 0;

	JSON_EACH(it, json_get(config, "Env"))
	if (r == 0 && json_text(it))
		r = strv_add(&env, json_text(it), err);
	JSON_EACH(it, from)
	if (r == 0)
		r = strv_env_set(&env, json_text(it), err);
	return r < 0 ? r : config_set(doc, config, "Env", json_strv(doc, &env), err);
}

/* Lists are lists of texts. */
static int check(const struct member *m, const struct json *v, struct err *err)
{
	if (json_kind(v) != m->kind)
		return err_set(err, ERR_INVALID, WHAT ": %s: not of the kind that images have",
			       m->name);
	if (m->kind == JSON_ARRAY && !config_is_texts(v))
		return err_set(err, ERR_INVALID, WHAT ": %s: expected a list of texts", m->name);
	return 0;
}

static int apply(struct json_doc *doc, struct json *config, const struct member *m,
		 const struct json *v, struct err *err)
{
	int r = check(m, v, err);

	if (r < 0 || is_empty(v))
		return r;
	if (m->joining == ADD_MEMBERS)
		return add_members(doc, config, m->name, v, err);
	if (m->joining == ADD_ENV)
		return add_env(doc, config, v, err);
	return config_set(doc, config, m->name, json_copy(doc, v), err);
}

int override_apply(struct json_doc *doc, struct json *config, const char *text, struct err *err)
{
	AUTO_JSON struct json_doc *over = NULL;
	struct json *root, *v;
	size_t i;
	int r;

	r = json_parse(text, strlen(text), 0, WHAT, &over, err);
	if (r < 0)
		return r;
	root = json_root(over);
	if (json_kind(root) != JSON_OBJECT)
		return err_set(err, ERR_INVALID, WHAT ": expected a JSON object");
	for (i = 0; r == 0 && i < ARRAY_LEN(members); i++) {
		v = json_get(root, members[i].name);
		if (v && json_kind(v) != JSON_NULL)
			r = apply(doc, config, &members[i], v, err);
	}
	return r;
}
