/*
 * policy.json. The document is checked whole when it is read (an unknown member makes all of it
 * invalid, so that a misspelt rule is never passed over), and asked as it stands.
 */
#include "config/policy.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/env.h"
#include "file.h"
#include "json/json.h"
#include "spec/ref.h"

#include <stdio.h>
#include <stdlib.h>

struct policy {
	struct json_doc *doc;
	char *name;
};

void policy_free(struct policy *p)
{
	if (!p)
		return;
	json_free(p->doc);
	free(p->name);
	free(p);
}

/* The kinds of requirement and their members. */
static const struct {
	const char *type;
	const char *members[20];
} requirements[] = {
    {"insecureAcceptAnything", {NULL}},
    {"reject", {NULL}},
    {"signedBy", {"keyType", "keyPath", "keyPaths", "keyData", "signedIdentity"}},
    {"sigstoreSigned",
     {"keyPath", "keyPaths", "keyData", "keyDatas", "fulcio", "pki", "rekorPublicKeyPath",
      "rekorPublicKeyPaths", "rekorPublicKeyData", "rekorPublicKeyDatas", "signedIdentity"}},
    /* accepted by older versions, never satisfied */
    {"signedBaseLayer", {"baseLayerIdentity"}},
};

static int bad(const char *name, struct err *err, const char *where, const char *what)
{
	return err_set(err, ERR_INVALID, "%s: %.200s: %s", name, where, what);
}

static bool is_member(const char *name, const char *const *members, size_t n)
{
	size_t i;

	for (i = 0; i < n && members[i]; i++)
		if (streq(members[i], name))
			return true;
	return false;
}

static int check_requirement(const char *name, const char *scope, const struct json *v,
			     struct err *err)
{
	const char *type = json_text(json_get(v, "type"));
	const struct json *m;
	size_t i = 0;

	if (!type)
		return bad(name, err, scope, "a requirement needs a \"type\"");
	while (i < ARRAY_LEN(requirements) && !streq(requirements[i].type, type))
		i++;
	if (i == ARRAY_LEN(requirements))
		return err_set(err, ERR_INVALID, "%s: %.200s: unknown requirement type \"%.100s\"",
			       name, scope, type);
	JSON_EACH(m, v)
	{
		if (!streq(json_name(m), "type") &&
		    !is_member(json_name(m), requirements[i].members,
			       ARRAY_LEN(requirements[i].members)))
			return err_set(err, ERR_INVALID, "%s: %.200s: unknown member \"%.100s\"",
				       name, scope, json_name(m));
	}
	return 0;
}

static int check_list(const char *name, const char *scope, const struct json *list, struct err *err)
{
	const struct json *v;
	int r;

	if (json_kind(list) != JSON_ARRAY || json_count(list) == 0)
		return bad(name, err, scope, "expected a list of at least one requirement");
	JSON_EACH(v, list)
	{
		r = check_requirement(name, scope, v, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_transports(const char *name, const struct json *transports, struct err *err)
{
	const struct json *t, *scope;
	int r;

	if (json_kind(transports) != JSON_OBJECT)
		return bad(name, err, "transports", "expected an object");
	JSON_EACH(t, transports)
	{
		if (json_kind(t) != JSON_OBJECT)
			return bad(name, err, json_name(t), "expected an object");
		JSON_EACH(scope, t)
		{
			r = check_list(name, json_name(scope), scope, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int check(const char *name, const struct json *root, struct err *err)
{
	const struct json *m;
	int r;

	if (json_kind(root) != JSON_OBJECT)
		return bad(name, err, "/", "expected an object");
	JSON_EACH(m, root)
	{
		if (streq(json_name(m), "default"))
			r = check_list(name, "default", m, err);
		else if (streq(json_name(m), "transports"))
			r = check_transports(name, m, err);
		else
			r = bad(name, err, json_name(m), "unknown member");
		if (r < 0)
			return r;
	}
	return json_get(root, "default") ? 0 : bad(name, err, "default", "missing");
}

int policy_parse(const char *text, size_t len, const char *name, struct policy **ret,
		 struct err *err)
{
	AUTO_POLICY struct policy *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return err_nomem(err);
	r = str_set(&p->name, name, err);
	if (r == 0)
		r = json_parse(text, len, 0, name, &p->doc, err);
	if (r == 0)
		r = check(name, json_root(p->doc), err);
	if (r < 0)
		return r;
	*ret = TAKE(p);
	return 0;
}

static int find_file(const struct config_env *env, const char *path, struct buf *text, char **ret,
		     struct err *err)
{
	AUTO_FREE char *user = config_home_path(env, ".config/containers/policy.json");
	AUTO_FREE char *etc = config_system_path(env, "/etc/containers/policy.json");
	int r;

	if (!user || !etc)
		return err_nomem(err);
	if (path) {
		r = config_read(path, text, err);
		if (r == 0)
			return err_set(err, ERR_NOT_FOUND, "there is no policy file %s", path);
		return r < 0 ? r : str_set(ret, path, err);
	}
	r = config_read(user, text, err);
	if (r != 0)
		return r < 0 ? r : str_set(ret, user, err);
	r = config_read(etc, text, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND,
			       "no policy.json file found: neither %s nor %s is there", user, etc);
	return r < 0 ? r : str_set(ret, etc, err);
}

int policy_load(const struct config_env *env, const char *path, struct policy **ret,
		struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(CONFIG_FILE_MAX);
	AUTO_FREE char *name = NULL;
	int r;

	r = find_file(env, path, &text, &name, err);
	return r < 0 ? r : policy_parse(buf_str(&text), text.len, name, ret, err);
}

/* All requirements must hold, and those that kist cannot check do not. */
static int decide(const struct policy *p, const struct json *list, const char *image,
		  const char *scope, struct err *err)
{
	const struct json *v;
	const char *type;

	JSON_EACH(v, list)
	{
		type = json_text(json_get(v, "type"));
		if (streq(type, "insecureAcceptAnything"))
			continue;
		if (streq(type, "reject"))
			return err_set(err, ERR_DENIED,
				       "image %s is rejected by policy: %s, scope \"%s\"", image,
				       p->name, scope);
		return err_set(err, ERR_DENIED,
			       "image %s is rejected: %s, scope \"%s\" asks for a signature (%s), "
			       "which kist cannot check yet",
			       image, p->name, scope, type);
	}
	return 0;
}

/* "host/a/b:tag", "host/a/b", "host/a", "host": the first that has a list. */
static const struct json *find_scope(const struct json *scopes, char *text, const char **ret_scope)
{
	const struct json *list;
	char *cut;

	for (;;) {
		list = json_get(scopes, text);
		cut = strrchr(text, '/');
		if (list || !cut) {
			*ret_scope = text;
			return list;
		}
		*cut = '\0';
	}
}

/* "*.b.example.com", "*.example.com", "*.com". */
static const struct json *find_wildcard(const struct json *scopes, const char *host,
					const char **ret_scope)
{
	const struct json *scope, *best = NULL;
	const char *name, *suffix;

	JSON_EACH(scope, scopes)
	{
		name = json_name(scope);
		suffix = str_after(name, "*");
		if (!suffix || suffix[0] != '.' || !str_ends(host, suffix) ||
		    (best && strlen(name) < strlen(*ret_scope)))
			continue;
		best = scope;
		*ret_scope = name;
	}
	return best;
}

/* The most specific list, in *ret_scope its name (borrowed from the document or from text). */
static const struct json *find_docker(const struct json *scopes, const struct ref *ref, char *full,
				      char *name, const char **ret_scope)
{
	const struct json *list;
	char host[256];

	*ret_scope = full;
	list = json_get(scopes, full);
	if (!list)
		list = find_scope(scopes, name, ret_scope);
	if (list)
		return list;
	(void)snprintf(host, sizeof(host), "%.*s", (int)strcspn(ref->domain, ":"), ref->domain);
	return find_wildcard(scopes, host, ret_scope);
}

static const struct json *fall_back(const struct policy *p, const struct json *scopes,
				    const char **ret_scope)
{
	const struct json *list = json_get(scopes, "");

	*ret_scope = list ? "" : "default";
	return list ? list : json_get(json_root(p->doc), "default");
}

int policy_check_ref(const struct policy *p, const struct ref *ref, struct err *err)
{
	const struct json *scopes = json_get(json_get(json_root(p->doc), "transports"), "docker");
	AUTO_REF struct ref exact = REF_INIT;
	AUTO_FREE char *full = NULL;
	AUTO_FREE char *name = ref_name(ref);
	const struct json *list;
	const char *scope;
	int r;

	r = ref_copy(&exact, ref, err);
	if (r < 0)
		return r;
	ref_drop_tag_of_digest(&exact);
	r = ref_add_latest(&exact, err);
	if (r < 0)
		return r;
	full = ref_string(&exact);
	if (!full || !name)
		return err_nomem(err);
	list = find_docker(scopes, ref, full, name, &scope);
	if (!list)
		list = fall_back(p, scopes, &scope);
	return decide(p, list, full, scope, err);
}

int policy_check_path(const struct policy *p, const char *transport, const char *scope,
		      struct err *err)
{
	const struct json *scopes = json_get(json_get(json_root(p->doc), "transports"), transport);
	AUTO_FREE char *text = strdup(scope);
	const struct json *list;
	const char *found;

	if (!text)
		return err_nomem(err);
	list = *text ? find_scope(scopes, text, &found) : NULL;
	if (!list)
		list = fall_back(p, scopes, &found);
	return decide(p, list, *scope ? scope : transport, found, err);
}
