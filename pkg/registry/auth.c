/* Who we are: what the registry asks for, and the header that answers it. */
#include "session.h"

#include "base/auto.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/str.h"
#include "base/times.h"
#include "http/field.h"

#include <stdlib.h>
#include <string.h>

#define CREDENTIALS_MAX (64 * 1024)
#define CHALLENGES_MAX 16

static void secret_free(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

static void asked_fini(struct asked *a)
{
	free(a->realm);
	free(a->service);
	free(a->scope);
	memset(a, 0, sizeof(*a));
}

static void token_fini(struct token *t)
{
	free(t->scope);
	secret_free(t->header);
}

void session_auth_fini(struct registry_session *s)
{
	while (s->n_tokens > 0)
		token_fini(&s->tokens[--s->n_tokens]);
	asked_fini(&s->asked);
	secret_free(s->basic);
	secret_free(s->password);
	secret_free(s->identity_token);
	free(s->user);
}

static void base64(const unsigned char *in, size_t n, struct buf *out)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned v;
	size_t i;

	for (i = 0; i < n; i += 3) {
		v = (unsigned)in[i] << 16;
		v |= i + 1 < n ? (unsigned)in[i + 1] << 8 : 0;
		v |= i + 2 < n ? in[i + 2] : 0;
		buf_addc(out, digits[v >> 18]);
		buf_addc(out, digits[v >> 12 & 63]);
		buf_addc(out, i + 1 < n ? digits[v >> 6 & 63] : '=');
		buf_addc(out, i + 2 < n ? digits[v & 63] : '=');
	}
}

int session_auth_basic(struct registry_session *s, const char **ret, struct err *err)
{
	AUTO_BUF struct buf plain = BUF_INIT(CREDENTIALS_MAX);
	AUTO_BUF struct buf b = BUF_INIT(2 * CREDENTIALS_MAX);
	int r;

	if (!s->basic && s->user && s->password) {
		buf_addf(&plain, "%s:%s", s->user, s->password);
		r = buf_check(&plain, "user name and password", err);
		if (r < 0)
			return r;
		buf_adds(&b, "Basic ");
		base64((const unsigned char *)plain.ptr, plain.len, &b);
		explicit_bzero(plain.ptr, plain.len);
		s->basic = buf_take(&b);
		if (!s->basic)
			return err_nomem(err);
	}
	*ret = s->basic;
	return 0;
}

/* Takes c as what is asked for: 1, or 0 when its scheme is none of ours. */
static int note_challenge(struct registry_session *s, const struct http_challenge *c,
			  struct err *err)
{
	struct asked a = {.kind = AUTH_BASIC};
	int r = 0;

	if (streq(c->scheme, "bearer"))
		a.kind = AUTH_BEARER;
	else if (!streq(c->scheme, "basic"))
		return 0;
	if (a.kind == AUTH_BEARER) {
		r = str_set(&a.realm, http_challenge_get(c, "realm"), err);
		if (r == 0)
			r = str_set(&a.service, http_challenge_get(c, "service"), err);
		if (r == 0)
			r = str_set(&a.scope, http_challenge_get(c, "scope"), err);
	}
	if (r < 0) {
		asked_fini(&a);
		return r;
	}
	asked_fini(&s->asked);
	s->asked = a;
	return 1;
}

int session_auth_note(struct registry_session *s, const struct http_transfer *t, struct err *err)
{
	struct http_challenge c;
	const char *field;
	size_t nth, seen = 0;
	int r, taken;

	for (nth = 0; (field = http_header(t, "WWW-Authenticate", nth)); nth++) {
		while (seen++ < CHALLENGES_MAX && (r = http_challenge_next(&field, &c, err)) != 0) {
			if (r < 0)
				return r;
			taken = note_challenge(s, &c, err);
			http_challenge_fini(&c);
			if (taken != 0)
				return taken;
		}
	}
	return 0;
}

/* What a token is needed for. What the registry itself asked for is added when it is other. */
static char *wanted_scopes(const struct registry_session *s, const char *extra)
{
	AUTO_BUF struct buf b = BUF_INIT(CREDENTIALS_MAX);

	if (s->access != REGISTRY_LOGIN)
		buf_addf(&b, "repository:%s:%s", s->repository,
			 s->access == REGISTRY_PUSH ? "pull,push" : "pull");
	if (extra)
		buf_addf(&b, " repository:%s:pull", extra);
	if (s->asked.scope && s->access != REGISTRY_LOGIN && !strstr(buf_str(&b), s->asked.scope) &&
	    !strchr(s->asked.scope, ' '))
		buf_addf(&b, " %s", s->asked.scope);
	return buf_take(&b);
}

static struct token *find_token(struct registry_session *s, const char *scope)
{
	size_t i;

	for (i = 0; i < s->n_tokens; i++)
		if (streq(s->tokens[i].scope, scope))
			return &s->tokens[i];
	return NULL;
}

static void drop_token(struct registry_session *s, struct token *t)
{
	token_fini(t);
	*t = s->tokens[--s->n_tokens];
}

static int keep_token(struct registry_session *s, const char *scope, const char *token,
		      uint64_t seconds, struct err *err)
{
	struct token t = {.until = time_monotonic_ns() + (int64_t)seconds * NSEC_PER_SEC};

	if (s->n_tokens == TOKENS_MAX)
		drop_token(s, &s->tokens[0]);
	t.scope = str_dup(str_of(scope));
	t.header = str_fmt("Bearer %s", token);
	if (!t.scope || !t.header) {
		token_fini(&t);
		return err_nomem(err);
	}
	s->tokens[s->n_tokens++] = t;
	return 0;
}

static int bearer_header(struct registry_session *s, const char *extra, unsigned left,
			 const char **ret, struct err *err)
{
	AUTO_FREE char *scope = wanted_scopes(s, extra);
	AUTO_FREE char *token = NULL;
	uint64_t seconds = 0;
	struct token *t;
	int r;

	if (!scope)
		return err_nomem(err);
	t = find_token(s, scope);
	if (t && t->until < time_monotonic_ns() + (int64_t)left * NSEC_PER_SEC) {
		drop_token(s, t);
		t = NULL;
	}
	if (!t) {
		log_debug("registry: fetching a token for \"%s\" at %s", scope, s->asked.realm);
		r = token_fetch(s, scope, &token, &seconds, err);
		if (r == 0)
			r = keep_token(s, scope, token, seconds, err);
		if (r < 0)
			return r;
		t = &s->tokens[s->n_tokens - 1];
	}
	*ret = t->header;
	return 0;
}

int session_auth_header(struct registry_session *s, const char *extra, unsigned left,
			const char **ret, struct err *err)
{
	if (s->asked.kind == AUTH_BASIC)
		return session_auth_basic(s, ret, err);
	if (s->asked.kind == AUTH_BEARER)
		return bearer_header(s, extra, left, ret, err);
	*ret = NULL;
	return 0;
}

int session_auth_challenged(struct registry_session *s, const struct http_transfer *t,
			    const char *extra, struct err *err)
{
	enum auth_kind before = s->asked.kind;
	AUTO_FREE char *scope = NULL;
	struct token *token;
	int r = session_auth_note(s, t, err);

	if (r <= 0)
		return r;
	if (s->asked.kind == AUTH_BASIC)
		return before != AUTH_BASIC && s->user && s->password;
	scope = wanted_scopes(s, extra);
	if (!scope)
		return err_nomem(err);
	token = find_token(s, scope);
	if (token)
		drop_token(s, token);
	return 1;
}
