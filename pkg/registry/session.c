/* One endpoint: which scheme it speaks, and requests to it. */
#include "session.h"

#include "base/auto.h"
#include "base/str.h"
#include "config/certs.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DOCKER_HOST "docker.io"
#define DOCKER_API_HOST "registry-1.docker.io"
/* A token that would end within this is not used any more. */
#define TOKEN_MARGIN_SECONDS 10

void registry_close(struct registry_session *s)
{
	if (!s)
		return;
	http_client_free(s->http);
	session_auth_fini(s);
	url_fini(&s->base);
	free(s->base_text);
	free(s->host);
	free(s->repository);
	free(s);
}

const char *registry_get_url(const struct registry_session *s)
{
	return s->base_text;
}

struct http_client *registry_get_http(struct registry_session *s)
{
	return s->http;
}

char *session_url(const struct registry_session *s, const char *kind, const char *name)
{
	return str_fmt("%s/v2/%s/%s/%s", s->base_text, s->repository, kind, name);
}

int session_own_url(const struct registry_session *s, const char *from, const char *location,
		    char **ret, struct err *err)
{
	AUTO_URL struct url base = URL_INIT;
	AUTO_URL struct url u = URL_INIT;
	char other[URL_HOSTPORT_MAX];
	int r;

	r = url_parse(from, &base, err);
	if (r == 0)
		r = url_resolve(&base, location, &u, err);
	if (r < 0)
		return err_wrap(err, "the registry's answer");
	if (!url_same_origin(&s->base, &u))
		return err_set(err, ERR_INVALID,
			       "registry %s sends us to %s://%s, which is not its own address",
			       s->base_text, u.https ? "https" : "http", url_hostport(&u, other));
	*ret = url_str(&u);
	return *ret ? 0 : err_nomem(err);
}

/* Adds what the user can do about it. */
static int advise(const struct registry_session *s, const struct http_transfer *t, struct err *err)
{
	switch (http_failure(t)) {
	case HTTP_FAIL_TLS_AUTHORITY:
		return err_set(err, ERR_NETWORK,
			       "registry %s: certificate signed by an unknown authority: put the "
			       "authority's certificate into /etc/containers/certs.d/%s/ca.crt (or "
			       "~/.config/containers/certs.d/%s/ca.crt), or use --tls-verify=false",
			       s->host, s->host, s->host);
	case HTTP_FAIL_TLS_PLAIN:
		return err_set(err, ERR_NETWORK,
			       "registry %s speaks http, not https: declare it insecure in "
			       "registries.conf or use --tls-verify=false",
			       s->host);
	default:
		return -(int)err->code;
	}
}

int session_wait(const struct registry_session *s, struct http_transfer *t, struct err *err)
{
	int r = http_wait(t, err);

	return r < 0 ? advise(s, t, err) : r;
}

static int set_base(struct registry_session *s, bool https, struct err *err)
{
	const char *host = streq(s->host, DOCKER_HOST) ? DOCKER_API_HOST : s->host;
	AUTO_FREE char *text = str_fmt("%s://%s/v2/", https ? "https" : "http", host);
	AUTO_URL struct url u = URL_INIT;
	int r;

	if (!text)
		return err_nomem(err);
	r = url_parse(text, &u, err);
	if (r < 0)
		return err_wrap(err, "registry %s", s->host);
	text[strlen(text) - strlen("/v2/")] = '\0';
	r = str_set(&s->base_text, text, err);
	if (r < 0)
		return r;
	url_fini(&s->base);
	s->base = u;
	u.path = NULL;
	return 0;
}

/* GET /v2/ without credentials: 200 or 401 come from a registry. */
static int ping(struct registry_session *s, bool https, enum http_failure *ret_failure,
		struct err *err)
{
	AUTO(http_transfer_free_p) struct http_transfer *t = NULL;
	AUTO_FREE char *url = NULL;
	int r = set_base(s, https, err);

	*ret_failure = HTTP_FAIL_NONE;
	if (r < 0)
		return r;
	url = str_fmt("%s/v2/", s->base_text);
	if (!url)
		return err_nomem(err);
	r = http_start(s->http, &(struct http_request){.url = url}, &t, err);
	if (r < 0)
		return r;
	r = session_wait(s, t, err);
	*ret_failure = http_failure(t);
	if (r < 0)
		return r;
	if (http_status(t) == 401) {
		r = session_auth_note(s, t, err);
		return r < 0 ? err_wrap(err, "registry %s", s->host) : 0;
	}
	if (http_status(t) == 200)
		return 0;
	(void)reply_error(t, err);
	/* Not a document that is missing: the server is no registry. */
	err->code = err->code == ERR_NETWORK ? ERR_NETWORK : ERR_INVALID;
	return err_wrap(err, "%s: no registry answers there", url);
}

static int choose_scheme(struct registry_session *s, struct err *err)
{
	enum http_failure failure, ignored;
	struct err tls = ERR_INIT, plain = ERR_INIT;

	if (ping(s, true, &failure, &tls) == 0)
		return 0;
	if (s->insecure && tls.code != ERR_SYS) {
		if (ping(s, false, &ignored, &plain) == 0)
			return 0;
		if (failure == HTTP_FAIL_TLS_PLAIN || plain.code == ERR_SYS)
			tls = plain;
	}
	*err = tls;
	return -(int)err->code;
}

static int check_name(const char *repository, struct err *err)
{
	const char *p;

	for (p = repository; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._-/", *p))
			break;
	if (*p || !repository[0] || strstr(repository, ".."))
		return err_set(err, ERR_INVALID, "\"%s\" is not the name of a repository",
			       repository);
	return 0;
}

static int open_http(struct registry_session *s, const struct registry_options *o, struct err *err)
{
	struct http_options h = {
	    .insecure = o->insecure,
	    .cancelled = o->cancelled,
	    .ctx = o->ctx,
	};

	if (o->certs) {
		h.ca_files = (const char *const *)o->certs->ca.v;
		h.client_cert = o->certs->cert;
		h.client_key = o->certs->key;
	}
	return http_client_new(&h, &s->http, err);
}

static int copy_options(struct registry_session *s, const struct registry_options *o,
			struct err *err)
{
	int r = 0;

	s->access = o->access;
	s->insecure = o->insecure;
	if (o->access != REGISTRY_LOGIN)
		r = check_name(o->repository ? o->repository : "", err);
	if (r == 0)
		r = str_set(&s->host, o->host, err);
	if (r == 0)
		r = str_set(&s->repository, o->repository, err);
	if (r == 0)
		r = str_set(&s->user, o->auth.user, err);
	if (r == 0)
		r = str_set(&s->password, o->auth.password, err);
	if (r == 0 && !str_empty(o->auth.identity_token))
		r = str_set(&s->identity_token, o->auth.identity_token, err);
	return r;
}

int registry_open(const struct registry_options *o, struct registry_session **ret, struct err *err)
{
	AUTO(registry_close_p) struct registry_session *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_nomem(err);
	r = copy_options(s, o, err);
	if (r == 0)
		r = open_http(s, o, err);
	if (r == 0)
		r = choose_scheme(s, err);
	if (r < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

int session_do(struct registry_session *s, struct http_request *req, const char *extra,
	       struct http_transfer **ret, struct err *err)
{
	int tries, r;

	for (tries = 0;; tries++) {
		AUTO(http_transfer_free_p) struct http_transfer *t = NULL;

		r = session_auth_header(s, extra, TOKEN_MARGIN_SECONDS, &req->authorization, err);
		if (r == 0)
			r = http_start(s->http, req, &t, err);
		if (r == 0)
			r = session_wait(s, t, err);
		if (r < 0)
			return r;
		if (http_status(t) != 401) {
			*ret = TAKE(t);
			return 0;
		}
		r = tries == 0 ? session_auth_challenged(s, t, extra, err) : 0;
		if (r < 0)
			return r;
		if (r == 0)
			return reply_error(t, err);
	}
}

int registry_check_login(struct registry_session *s, struct err *err)
{
	AUTO(http_transfer_free_p) struct http_transfer *t = NULL;
	AUTO_FREE char *url = str_fmt("%s/v2/", s->base_text);
	struct http_request req = {.url = url};
	int r;

	if (!url)
		return err_nomem(err);
	r = session_do(s, &req, NULL, &t, err);
	if (r < 0 && err->code == ERR_DENIED && !str_starts(err->text, "invalid username"))
		return err_wrap(err, "invalid username/password");
	if (r < 0)
		return r;
	return http_status(t) == 200 ? 0 : reply_error(t, err);
}
