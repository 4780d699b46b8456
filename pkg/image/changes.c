#include "changes.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/strv.h"
#include "json/json.h"

#include <ctype.h>
#include <strings.h>

struct change {
	struct json_doc *doc;
	struct json *config;
	const char *key, *value;
};

int config_set(struct json_doc *doc, struct json *obj, const char *name, struct json *value,
	       struct err *err)
{
	struct json *it, *next;

	for (it = json_first(obj); it; it = next) {
		next = json_next(it);
		if (!streq(json_name(it), name) && strcasecmp(json_name(it), name) == 0)
			(void)json_remove_value(obj, it);
	}
	return json_set(doc, obj, name, value, err);
}

struct json *config_map(struct json_doc *doc, const struct strv *list, struct err *err)
{
	struct json *obj = json_object(doc);
	size_t i;

	for (i = 0; obj && i < list->n; i++) {
		struct str rest = str_of(list->v[i]), key = str_cut(&rest, '=');
		AUTO_FREE char *name = str_dup(key);
		struct json *value = rest.ptr ? json_string(doc, rest.ptr) : json_object(doc);

		if (!name || json_set(doc, obj, name, value, err) < 0)
			return NULL;
	}
	return obj;
}

static int set(struct change *c, const char *name, struct json *value, struct err *err)
{
	return config_set(c->doc, c->config, name, value, err);
}

struct json *config_member(struct json_doc *doc, struct json *obj, const char *name,
			   enum json_kind kind, struct err *err)
{
	struct json *v = json_get(obj, name);

	if (v && json_kind(v) == kind)
		return v;
	v = kind == JSON_OBJECT ? json_object(doc) : json_array(doc);
	return v && config_set(doc, obj, name, v, err) == 0 ? v : NULL;
}

int config_set_env(struct json_doc *doc, struct json *config, const char *assignment,
		   struct err *err)
{
	struct json *list = config_member(doc, config, "Env", JSON_ARRAY, err), *it;
	AUTO_STRV struct strv env = STRV_INIT;
	int r = 0;

	JSON_EACH(it, list)
	if (r == 0 && json_text(it))
		r = strv_add(&env, json_text(it), err);
	if (r == 0)
		r = strv_env_set(&env, assignment, err);
	return r < 0 ? r : config_set(doc, config, "Env", json_strv(doc, &env), err);
}

static struct json *member(struct change *c, const char *name, enum json_kind kind, struct err *err)
{
	return config_member(c->doc, c->config, name, kind, err);
}

bool config_is_texts(const struct json *v)
{
	struct json *it;

	if (json_kind(v) != JSON_ARRAY)
		return false;
	JSON_EACH(it, v)
	if (!json_text(it))
		return false;
	return true;
}

/* ["a","b"] as it is, other text for the shell. */
static int set_command(struct change *c, const char *name, struct err *err)
{
	struct err ignored = ERR_INIT;
	struct json *v = NULL;
	int r;

	if (json_parse_into(c->doc, c->value, strlen(c->value), 0, c->key, &v, &ignored) == 0 &&
	    config_is_texts(v))
		return set(c, name, v, err);
	v = json_array(c->doc);
	r = json_append(v, json_string(c->doc, "/bin/sh"), err);
	if (r == 0)
		r = json_append(v, json_string(c->doc, "-c"), err);
	if (r == 0)
		r = json_append(v, json_string(c->doc, c->value), err);
	return r < 0 ? r : set(c, name, v, err);
}

/* KEY=VALUE or KEY VALUE, the value perhaps in quotes. */
static int cut_pair(const struct change *c, char **ret_key, char **ret_value, struct err *err)
{
	size_t n = strcspn(c->value, "= ");
	struct str value = {c->value + n, 0};

	if (n == 0 || !c->value[n])
		return err_set(err, ERR_INVALID, "--change %s %s: expected KEY=VALUE", c->key,
			       c->value);
	value = str_trim(str_of(c->value + n + 1));
	if (value.len >= 2 && (*value.ptr == '"' || *value.ptr == '\'') &&
	    value.ptr[value.len - 1] == *value.ptr)
		value = (struct str){value.ptr + 1, value.len - 2};
	*ret_key = str_dup((struct str){c->value, n});
	*ret_value = str_dup(value);
	return *ret_key && *ret_value ? 0 : err_nomem(err);
}

static int set_env(struct change *c, struct err *err)
{
	AUTO_FREE char *key = NULL, *value = NULL, *both = NULL;
	int r = cut_pair(c, &key, &value, err);

	if (r < 0)
		return r;
	both = str_fmt("%s=%s", key, value);
	return both ? config_set_env(c->doc, c->config, both, err) : err_nomem(err);
}

static int set_label(struct change *c, struct err *err)
{
	AUTO_FREE char *key = NULL, *value = NULL;
	int r = cut_pair(c, &key, &value, err);

	return r < 0 ? r
		     : json_set(c->doc, member(c, "Labels", JSON_OBJECT, err), key,
				json_string(c->doc, value), err);
}

static int add_port(struct change *c, struct err *err)
{
	AUTO_FREE char *port =
	    strchr(c->value, '/') ? strdup(c->value) : str_fmt("%s/tcp", c->value);

	if (!port)
		return err_nomem(err);
	return json_set(c->doc, member(c, "ExposedPorts", JSON_OBJECT, err), port,
			json_object(c->doc), err);
}

static int add_volumes(struct change *c, struct err *err)
{
	struct json *all = member(c, "Volumes", JSON_OBJECT, err), *v = NULL, *it;
	struct err ignored = ERR_INIT;
	int r = 0;

	if (json_parse_into(c->doc, c->value, strlen(c->value), 0, c->key, &v, &ignored) < 0 ||
	    !config_is_texts(v))
		return json_set(c->doc, all, c->value, json_object(c->doc), err);
	JSON_EACH(it, v)
	if (r == 0)
		r = json_set(c->doc, all, json_text(it), json_object(c->doc), err);
	return r;
}

static int apply(struct change *c, struct err *err)
{
	if (streq(c->key, "CMD"))
		return set_command(c, "Cmd", err);
	if (streq(c->key, "ENTRYPOINT"))
		return set_command(c, "Entrypoint", err);
	if (streq(c->key, "ENV"))
		return set_env(c, err);
	if (streq(c->key, "LABEL"))
		return set_label(c, err);
	if (streq(c->key, "EXPOSE"))
		return add_port(c, err);
	if (streq(c->key, "VOLUME"))
		return add_volumes(c, err);
	if (streq(c->key, "USER"))
		return set(c, "User", json_string(c->doc, c->value), err);
	if (streq(c->key, "WORKDIR"))
		return set(c, "WorkingDir", json_string(c->doc, c->value), err);
	if (streq(c->key, "STOPSIGNAL"))
		return set(c, "StopSignal", json_string(c->doc, c->value), err);
	if (streq(c->key, "ONBUILD"))
		return json_append(member(c, "OnBuild", JSON_ARRAY, err),
				   json_string(c->doc, c->value), err);
	return err_set(err, ERR_INVALID, "--change: instruction %s is not known", c->key);
}

int change_apply(struct json_doc *doc, struct json *config, const char *change, struct err *err)
{
	size_t n = strcspn(change, " ");
	AUTO_FREE char *key = NULL, *value = NULL;
	struct change c = {.doc = doc, .config = config};
	char *p;

	if (!change[n])
		n = strcspn(change, "=");
	if (!change[n] || n == 0)
		return err_set(err, ERR_INVALID,
			       "--change \"%s\": must be formatted as KEY VALUE or KEY=VALUE",
			       change);
	key = str_dup((struct str){change, n});
	value = str_dup(str_trim(str_of(change + n + 1)));
	if (!key || !value)
		return err_nomem(err);
	for (p = key; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	if (!*value)
		return err_set(err, ERR_INVALID, "--change \"%s\": the value is missing", change);
	c.key = key;
	c.value = value;
	return apply(&c, err);
}
