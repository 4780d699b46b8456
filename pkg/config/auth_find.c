/* Looking for an entry in one file's text. */
#include "auth_file.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "secret64.h"
#include "file.h"
#include "json/json.h"

#include <stdlib.h>
#include <string.h>

void auth_wipe(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

void auth_wipe_buf(struct buf *b)
{
	if (b->ptr)
		explicit_bzero(b->ptr, b->len);
	buf_fini(b);
}

void auth_fini(struct auth *a)
{
	free(a->user);
	auth_wipe(a->password);
	auth_wipe(a->identity_token);
	free(a->source);
	*a = (struct auth){0};
}

char *auth_key_host(const char *key)
{
	return str_dup((struct str){key, strcspn(key, "/")});
}

const char *auth_file_helper(const struct json_doc *doc, const char *host)
{
	const char *name = json_text(json_get(json_get(json_root(doc), "credHelpers"), host));

	return str_empty(name) ? NULL : name;
}

/* docker.io has three names. */
static const char *canonical(const char *host)
{
	if (streq(host, "registry-1.docker.io") || streq(host, "index.docker.io"))
		return "docker.io";
	return host;
}

/* The host of a key that may be a URL ("https://index.docker.io/v1/"); cut says whether everything
 * behind the host goes. */
static char *key_host(const char *key, bool legacy)
{
	const char *rest = str_after(key, "https://");
	bool url = true;

	if (!rest)
		rest = str_after(key, "http://");
	if (!rest) {
		rest = key;
		url = false;
	}
	if (url || legacy)
		return auth_key_host(rest);
	return strdup(rest);
}

static int decode(const char *text, const char *name, const char *key, struct auth *a,
		  struct err *err)
{
	AUTO(auth_wipe_buf) struct buf plain = BUF_INIT(CONFIG_FILE_MAX);
	const char *colon = NULL;
	size_t len;
	int r = 0;

	if (secret64_decode(text, &plain) && buf_ok(&plain) && plain.len > 0)
		colon = memchr(plain.ptr, ':', plain.len);
	if (!colon || memchr(plain.ptr, '\0', (size_t)(colon - plain.ptr))) {
		r = err_set(err, ERR_INVALID,
			    "%s: entry \"%s\": auth is not base64 of user:password", name, key);
	} else {
		/* docker once padded passwords with NULs */
		len = strlen(colon + 1);
		a->user = str_dup((struct str){plain.ptr, (size_t)(colon - plain.ptr)});
		a->password = str_dup((struct str){colon + 1, len});
		if (!a->user || !a->password)
			r = err_nomem(err);
	}
	return r;
}

/* 1 with credentials, 0 for an empty entry ("no credential here"). */
static int take_entry(const struct json *entry, const char *name, struct auth *ret, struct err *err)
{
	const char *auth = json_text(json_get(entry, "auth"));
	const char *token = json_text(json_get(entry, "identitytoken"));
	AUTO_AUTH struct auth a = {0};
	int r = 0;

	if (json_kind(entry) != JSON_OBJECT)
		return err_set(err, ERR_INVALID, "%s: entry \"%s\" is not an object", name,
			       json_name(entry));
	if (str_empty(auth) && str_empty(token))
		return 0;
	if (!str_empty(auth))
		r = decode(auth, name, json_name(entry), &a, err);
	if (r == 0 && !str_empty(token))
		r = str_set(&a.identity_token, token, err);
	if (r == 0)
		r = str_set(&a.source, name, err);
	if (r < 0)
		return r;
	*ret = a;
	a = (struct auth){0};
	return 1;
}

/* "host/ns/repo", "host/ns", "host": the first that is there with something in it. */
static int find_exact(const struct json *auths, const char *key, const char *name, struct auth *ret,
		      struct err *err)
{
	AUTO_FREE char *k = strdup(key);
	const struct json *entry;
	char *slash;
	int r;

	if (!k)
		return err_nomem(err);
	for (;;) {
		entry = json_get(auths, k);
		r = entry ? take_entry(entry, name, ret, err) : 0;
		slash = strrchr(k, '/');
		if (r != 0 || !slash)
			return r;
		*slash = '\0';
	}
}

static int find_by_host(const struct json *auths, const char *host, bool legacy, const char *name,
			struct auth *ret, struct err *err)
{
	const struct json *entry;
	int r = 0;

	JSON_EACH(entry, auths)
	{
		AUTO_FREE char *h = key_host(json_name(entry), legacy);

		if (!h)
			return err_nomem(err);
		if (streq(canonical(h), canonical(host)))
			r = take_entry(entry, name, ret, err);
		if (r != 0)
			return r;
	}
	return 0;
}

int auth_find_in(const char *text, size_t len, const char *name, bool legacy, const char *key,
		 struct auth *ret, char **ret_helper, struct err *err)
{
	AUTO_FREE char *host = auth_key_host(key);
	AUTO_JSON struct json_doc *doc = NULL;
	const struct json *auths;
	const char *helper;
	int r;

	if (!host)
		return err_nomem(err);
	r = json_parse(text, len, JSON_DUPLICATES, name, &doc, err);
	if (r < 0)
		return r;
	helper = legacy ? NULL : auth_file_helper(doc, host);
	if (helper) {
		*ret_helper = strdup(helper);
		return *ret_helper ? 0 : err_nomem(err);
	}
	auths = legacy ? json_root(doc) : json_get(json_root(doc), "auths");
	if (json_kind(auths) == JSON_NULL)
		return 0;
	if (json_kind(auths) != JSON_OBJECT)
		return err_set(err, ERR_INVALID, "%s: /auths: expected an object", name);
	r = find_exact(auths, key, name, ret, err);
	return r != 0 ? r : find_by_host(auths, host, legacy, name, ret, err);
}
