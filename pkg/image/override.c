#include "override.h"
#include "changes.h"
#include "base/auto.h"
#include "base/err.h"
#include "json/json.h"
#include "spec/signals.h"

#define WHAT "--config"

/* ---- what each member may be: other tools refuse a whole store for one that is not ---- */

static bool is_text(const struct json *v)
{
	return json_text(v) != NULL;
}

static bool is_signal(const struct json *v)
{
	struct err ignored = ERR_INIT;
	int signal;

	return json_text(v) &&
	       (!*json_text(v) || signal_parse(json_text(v), &signal, &ignored) == 0);
}

static bool is_count(const struct json *v)
{
	uint64_t n;

	return json_get_u64(v, &n);
}

static bool is_env(const struct json *v)
{
	struct json *it;

	if (!config_is_texts(v))
		return false;
	JSON_EACH(it, v)
	if (*json_text(it) == '=' || !strchr(json_text(it), '='))
		return false;
	return true;
}

/* All members are of one kind, and have names. */
static bool is_map(const struct json *v, enum json_kind kind)
{
	struct json *it;

	if (json_kind(v) != JSON_OBJECT)
		return false;
	JSON_EACH(it, v)
	if (!*json_name(it) || json_kind(it) != kind)
		return false;
	return true;
}

static bool is_set(const struct json *v)
{
	return is_map(v, JSON_OBJECT);
}

static bool is_text_map(const struct json *v)
{
	return is_map(v, JSON_STRING);
}

static bool is_health(const struct json *v)
{
	struct json *it;

	if (json_kind(v) != JSON_OBJECT)
		return false;
	JSON_EACH(it, v)
	if (streq(json_name(it), "Test") ? !config_is_texts(it) : !is_count(it))
		return false;
	return true;
}

/* How a member joins what is there. */
enum joining { REPLACE, ADD_MEMBERS, ADD_ENV };

static const struct member {
	const char *name;
	bool (*is_good)(const struct json *v);
	const char *expected;
	enum joining joining;
} members[] = {
    {"User", is_text, "a text", REPLACE},
    {"WorkingDir", is_text, "a text", REPLACE},
    {"StopSignal", is_signal, "the name or number of a signal", REPLACE},
    {"Cmd", config_is_texts, "a list of texts", REPLACE},
    {"Entrypoint", config_is_texts, "a list of texts", REPLACE},
    {"OnBuild", config_is_texts, "a list of texts", REPLACE},
    {"Shell", config_is_texts, "a list of texts", REPLACE},
    {"Healthcheck", is_health, "Test, a list of texts, and whole numbers", REPLACE},
    {"StopTimeout", is_count, "a number of seconds", REPLACE},
    {"Env", is_env, "a list of NAME=VALUE", ADD_ENV},
    {"ExposedPorts", is_set, "an object of empty objects", ADD_MEMBERS},
    {"Labels", is_text_map, "an object of texts", ADD_MEMBERS},
    {"Volumes", is_set, "an object of empty objects", ADD_MEMBERS},
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
	struct json *to = config_member(doc, config, name, JSON_OBJECT, err), *it;
	int r = to ? 0 : -(int)err->code;

	JSON_EACH(it, from)
	if (r == 0)
		r = json_set(doc, to, json_name(it), json_copy(doc, it), err);
	return r;
}

static int add_env(struct json_doc *doc, struct json *config, const struct json *from,
		   struct err *err)
{
	struct json *it;
	int r = 0;

	JSON_EACH(it, from)
	if (r == 0)
		r = config_set_env(doc, config, json_text(it), err);
	return r;
}

static int apply(struct json_doc *doc, struct json *config, const struct member *m,
		 const struct json *v, struct err *err)
{
	if (!m->is_good(v))
		return err_set(err, ERR_INVALID, WHAT ": %s: expected %s", m->name, m->expected);
	if (is_empty(v))
		return 0;
	if (m->joining == ADD_MEMBERS)
		return add_members(doc, config, m->name, v, err);
	if (m->joining == ADD_ENV)
		return add_env(doc, config, v, err);
	return config_set(doc, config, m->name, json_copy(doc, v), err);
}

int override_apply(struct json_doc *doc, struct json *config, struct str text, struct err *err)
{
	AUTO_JSON struct json_doc *over = NULL;
	struct json *root, *v;
	size_t i;
	int r;

	r = json_parse(text.ptr, text.len, 0, WHAT, &over, err);
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
