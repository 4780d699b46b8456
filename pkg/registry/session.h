/* session.h - what the files of this module share: the session, its requests and its tokens. */
#ifndef REGISTRY_SESSION_H
#define REGISTRY_SESSION_H

#include "base/err.h"
#include "http/http.h"
#include "http/url.h"
#include "registry/registry.h"

#define TOKENS_MAX 16

enum auth_kind { AUTH_NONE, AUTH_BASIC, AUTH_BEARER };

/* What the registry asks for. */
struct asked {
	enum auth_kind kind;
	char *realm, *service, *scope; /* AUTH_BEARER; scope: of the last refused request */
};

struct token {
	char *scope;   /* what it was asked for: scopes separated by blanks */
	char *header;  /* "Bearer ..." */
	int64_t until; /* monotonic */
};

struct registry_session {
	struct http_client *http;
	struct url base; /* path "/v2/" */
	char *base_text; /* "https://host[:port]" */
	char *host, *repository;
	enum registry_access access;
	bool insecure;
	char *user, *password, *identity_token;
	char *basic; /* "Basic ...", made when first needed */
	struct asked asked;
	struct token tokens[TOKENS_MAX];
	size_t n_tokens;
};

/* session.c: "/v2/<repository>/<kind>/<name>" as text; caller frees, NULL when out of memory. */
char *session_url(const struct registry_session *s, const char *kind, const char *name);
/* An address that the registry sent, which must be of its own origin. ret: caller frees. */
int session_own_url(const struct registry_session *s, const char *from, const char *location,
		    char **ret, struct err *err);
/* One request with its answer, authorized, and tried again when a token is asked for. Any status
 * but 401 is returned as *ret. extra: another repository that is to be read, or NULL. */
int session_do(struct registry_session *s, struct http_request *req, const char *extra,
	       struct http_transfer **ret, struct err *err);
/* http_wait, with advice in the error. */
int session_wait(const struct registry_session *s, struct http_transfer *t, struct err *err);

/* auth.c: value of the Authorization header, borrowed until the next call, NULL: none is needed.
 * left: a token must be good for so many seconds more. */
int session_auth_header(struct registry_session *s, const char *extra, unsigned left,
			const char **ret, struct err *err);
/* NULL without user and password; borrowed. */
int session_auth_basic(struct registry_session *s, const char **ret, struct err *err);
/* After a 401: notes what is asked for and forgets the token used. 1: trying again makes sense, 0:
 * it does not. */
int session_auth_challenged(struct registry_session *s, const struct http_transfer *t,
			    const char *extra, struct err *err);
/* Takes what is asked for from the answer's WWW-Authenticate fields. */
int session_auth_note(struct registry_session *s, const struct http_transfer *t, struct err *err);
void session_auth_fini(struct registry_session *s);

/* token.c: {"token":...,"expires_in":...} */
#define TOKEN_TEXT_MAX (128 * 1024)
int token_parse(const char *text, size_t len, char **ret_token, uint64_t *ret_seconds,
		struct err *err);
/* At the realm, for these scopes (blank-separated, "" for none). */
int token_fetch(struct registry_session *s, const char *scopes, char **ret_token,
		uint64_t *ret_seconds, struct err *err);

/* reply.c: an answer that is not what was hoped for, as an error. Always negative. */
int reply_error(struct http_transfer *t, struct err *err);
/* The body's "code: message, ..." into out ("" when there is none); ERR_NONE or the code that a
 * known one stands for. */
#define REPLY_TEXT_MAX 400
enum err_code reply_parse(const char *body, size_t len, char out[REPLY_TEXT_MAX]);
/* Only what a terminal may show; at most size - 1 bytes. */
void reply_clean(const char *text, char *out, size_t size);

#endif
