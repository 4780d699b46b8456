/* Bearer tokens (docker's token authentication and its OAuth2 form). */
#include "session.h"

#include "base/auto.h"
#include "base/str.h"
#include "json/json.h"

#include <ctype.h>
#include <string.h>

/* Servers that say nothing, or less, mean this (docker's rule). */
#define TOKEN_SECONDS_MIN 60
#define TOKEN_SECONDS_MAX (365ULL * 86400)
#define FORM_MAX (256 * 1024)

/* It becomes part of a header. */
static bool is_token_text(const char *s)
{
	for (; *s; s++)
		if (!isgraph((unsigned char)*s))
			return false;
	return true;
}

int token_parse(const char *text, size_t len, char **ret_token, uint64_t *ret_seconds,
		struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	uint64_t seconds = TOKEN_SECONDS_MIN;
	const char *token;
	int r;

	r = json_parse(text, len, JSON_DUPLICATES | JSON_FOREIGN, "the token server's answer", &doc,
		       err);
	if (r < 0)
		return r;
	token = json_text(json_get(json_root(doc), "token"));
	if (str_empty(token))
		token = json_text(json_get(json_root(doc), "access_token"));
	if (str_empty(token) || !is_token_text(token))
		return err_set(err, ERR_INVALID, "the token server's answer holds no token");
	(void)json_get_u64(json_get(json_root(doc), "expires_in"), &seconds);
	if (seconds < TOKEN_SECONDS_MIN)
		seconds = TOKEN_SECONDS_MIN;
	*ret_seconds = seconds < TOKEN_SECONDS_MAX ? seconds : TOKEN_SECONDS_MAX;
	*ret_token = str_dup(str_of(token));
	return *ret_token ? 0 : err_nomem(err);
}

static void form_add(struct buf *b, const char *name, const char *value)
{
	buf_addf(b, "%s%s=", b->len ? "&" : "", name);
	for (; *value; value++) {
		if (isalnum((unsigned char)*value) || strchr("-._~", *value))
			buf_addc(b, *value);
		else
			buf_addf(b, "%%%02X", (unsigned char)*value);
	}
}

/* Credentials are not sent in the clear to a server that the registry names, unless the user said
 * that this registry is not to be secured. */
static int realm_url(const struct registry_session *s, struct url *ret, struct err *err)
{
	AUTO_URL struct url u = URL_INIT;
	int r;

	if (str_empty(s->asked.realm))
		return err_set(err, ERR_INVALID, "the registry names no token server");
	r = url_resolve(&s->base, s->asked.realm, &u, err);
	if (r < 0)
		return err_wrap(err, "token server");
	if (!u.https && s->base.https && !s->insecure)
		return err_set(err, ERR_DENIED,
			       "the registry wants credentials sent over http to %s: refused",
			       u.host);
	*ret = u;
	u.path = NULL;
	return 0;
}

/* GET realm?account=...&service=...&scope=...&scope=... */
static int token_query(const struct registry_session *s, const char *scopes, struct url *u,
		       struct err *err)
{
	struct str rest = str_of(scopes), scope;
	int r = 0;

	if (!str_empty(s->user))
		r = url_add_query(u, "account", s->user, err);
	if (r == 0 && !str_empty(s->asked.service))
		r = url_add_query(u, "service", s->asked.service, err);
	while (r == 0 && (scope = str_cut(&rest, ' ')).ptr) {
		AUTO_FREE char *one = str_dup(scope);

		if (!one)
			return err_nomem(err);
		if (one[0])
			r = url_add_query(u, "scope", one, err);
	}
	return r;
}

static int token_form(const struct registry_session *s, const char *scopes, struct buf *b,
		      struct err *err)
{
	form_add(b, "grant_type", "refresh_token");
	form_add(b, "refresh_token", s->identity_token);
	if (!str_empty(s->asked.service))
		form_add(b, "service", s->asked.service);
	if (scopes[0])
		form_add(b, "scope", scopes);
	form_add(b, "client_id", "kist");
	return buf_check(b, "the request for a token", err);
}

static int refused(struct registry_session *s, struct http_transfer *t, struct err *err)
{
	char said[REPLY_TEXT_MAX];
	const struct buf *b = http_body(t);

	if (http_status(t) != 401 && http_status(t) != 403 && http_status(t) != 400) {
		(void)reply_error(t, err);
		return err_wrap(err, "token server");
	}
	(void)reply_parse(buf_str(b), b->len, said);
	if (s->identity_token)
		return err_set(err, ERR_DENIED,
			       "the identity token is not accepted%s%s: log in again",
			       said[0] ? ": " : "", said);
	if (s->user)
		return err_set(err, ERR_DENIED, "invalid username/password%s%s",
			       said[0] ? ": " : "", said);
	return err_set(err, ERR_DENIED, "%s", said[0] ? said : "authentication required");
}

int token_fetch(struct registry_session *s, const char *scopes, char **ret_token,
		uint64_t *ret_seconds, struct err *err)
{
	static const char *const form_headers[] = {
	    "Content-Type: application/x-www-form-urlencoded", NULL};
	AUTO(http_transfer_free_p) struct http_transfer *t = NULL;
	AUTO_BUF struct buf form = BUF_INIT(FORM_MAX);
	AUTO_FREE char *text = NULL;
	const char *basic = NULL;
	AUTO_URL struct url u = URL_INIT;
	struct http_request req = {.max_body = TOKEN_TEXT_MAX};
	struct http_source body;
	int r;

	r = realm_url(s, &u, err);
	if (r == 0)
		r = s->identity_token ? token_form(s, scopes, &form, err)
				      : token_query(s, scopes, &u, err);
	if (r == 0 && !s->identity_token)
		r = session_auth_basic(s, &basic, err);
	if (r < 0)
		return r;
	text = url_str(&u);
	if (!text)
		return err_nomem(err);
	req.url = text;
	req.authorization = basic;
	if (s->identity_token) {
		body = (struct http_source){.data = form.ptr, .len = form.len};
		req.method = "POST";
		req.headers = form_headers;
		req.body = &body;
	}
	r = http_start(s->http, &req, &t, err);
	if (r == 0)
		r = session_wait(s, t, err);
	if (r < 0)
		return err_wrap(err, "token server");
	if (http_status(t) != 200)
		return refused(s, t, err);
	return token_parse(buf_str(http_body(t)), http_body(t)->len, ret_token, ret_seconds, err);
}
