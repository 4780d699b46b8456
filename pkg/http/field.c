#include "http/field.h"

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/times.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIELD_WORD_MAX (8 * 1024)
#define RETRY_AFTER_MAX 86400

/* RFC 9110: tchar */
static bool is_token(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static const char *skip(const char *p, const char *set)
{
	return p + strspn(p, set);
}

static struct str take_token(const char **p)
{
	struct str s = {*p, 0};

	while (is_token(s.ptr[s.len]))
		s.len++;
	*p += s.len;
	return s;
}

static int lower_dup(struct str s, char **ret, struct err *err)
{
	char *copy = str_dup(s), *p;

	if (!copy)
		return err_nomem(err);
	for (p = copy; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	free(*ret);
	*ret = copy;
	return 0;
}

/* A quoted string or a token, into a copy. */
static int take_value(const char **p, char **ret, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(FIELD_WORD_MAX);
	const char *s = *p;
	int r;

	if (*s != '"') {
		struct str t = take_token(&s);

		buf_add(&b, t.ptr, t.len);
	} else {
		for (s++; *s && *s != '"'; s++) {
			if (*s == '\\' && s[1])
				s++;
			buf_addc(&b, *s);
		}
		if (*s++ != '"')
			return err_set(err, ERR_INVALID, "a quoted string does not end");
	}
	r = buf_check(&b, "a header field's value", err);
	if (r < 0)
		return r;
	*ret = buf_take(&b);
	if (!*ret)
		return err_nomem(err);
	*p = s;
	return 0;
}

void http_challenge_fini(struct http_challenge *c)
{
	size_t i;

	free(c->scheme);
	free(c->token68);
	for (i = 0; i < c->n; i++) {
		free(c->params[i].name);
		free(c->params[i].value);
	}
	memset(c, 0, sizeof(*c));
}

const char *http_challenge_get(const struct http_challenge *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (streq(c->params[i].name, name))
			return c->params[i].value;
	return NULL;
}

/* At a "name =": a parameter of this challenge, not the scheme of the next. */
static bool at_param(const char *p)
{
	struct str name = take_token(&p);

	p = skip(p, " \t");
	if (name.len == 0 || *p != '=')
		return false;
	p = skip(p + 1, " \t");
	return *p == '"' || is_token(*p);
}

static int take_param(const char **p, struct http_challenge *c, struct err *err)
{
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *value = NULL;
	int r;

	r = lower_dup(take_token(p), &name, err);
	if (r < 0)
		return r;
	*p = skip(skip(*p, " \t") + 1, " \t"); /* '=' was seen by at_param */
	r = take_value(p, &value, err);
	if (r < 0)
		return r;
	if (http_challenge_get(c, name)) /* the first one counts */
		return 0;
	if (c->n == CHALLENGE_PARAMS_MAX)
		return err_set(err, ERR_INVALID, "more than %d parameters in a challenge",
			       CHALLENGE_PARAMS_MAX);
	c->params[c->n].name = TAKE(name);
	c->params[c->n++].value = TAKE(value);
	return 0;
}

static int take_token68(const char **p, struct http_challenge *c, struct err *err)
{
	struct str s = {*p, 0};

	while (isalnum((unsigned char)s.ptr[s.len]) ||
	       (s.ptr[s.len] && strchr("-._~+/", s.ptr[s.len])))
		s.len++;
	while (s.ptr[s.len] == '=')
		s.len++;
	*p += s.len;
	c->token68 = str_dup(s);
	return c->token68 ? 0 : err_nomem(err);
}

static int take_challenge(const char **p, struct http_challenge *c, struct err *err)
{
	struct str scheme = take_token(p);
	int r;

	if (scheme.len == 0)
		return err_set(err, ERR_INVALID, "a scheme is expected");
	r = lower_dup(scheme, &c->scheme, err);
	if (r < 0)
		return r;
	if (**p && **p != ',' && **p != ' ' && **p != '\t')
		return err_set(err, ERR_INVALID, "unexpected character after the scheme");
	*p = skip(*p, " \t");
	if (**p && **p != ',' && !at_param(*p))
		return take_token68(p, c, err);
	while (at_param(*p)) {
		r = take_param(p, c, err);
		if (r < 0)
			return r;
		*p = skip(*p, " \t");
		if (**p && **p != ',')
			return err_set(err, ERR_INVALID, "a comma is expected");
		*p = skip(*p, " \t,");
	}
	return 0;
}

int http_challenge_next(const char **field, struct http_challenge *ret, struct err *err)
{
	struct http_challenge c = {0};
	const char *p = skip(*field, " \t,");
	int r;

	if (!*p)
		return 0;
	r = take_challenge(&p, &c, err);
	if (r < 0) {
		http_challenge_fini(&c);
		return err_wrap(err, "WWW-Authenticate");
	}
	*ret = c;
	*field = p;
	return 1;
}

static int take_number(const char **p, uint64_t *ret, struct err *err)
{
	AUTO_FREE char *copy = str_dup((struct str){*p, strspn(*p, "0123456789")});
	int r;

	if (!copy)
		return err_nomem(err);
	r = parse_u64(copy, "Content-Range", 0, INT64_MAX, ret, err);
	if (r < 0)
		return r;
	*p += strlen(copy);
	return 0;
}

static int bad_range(struct err *err)
{
	return err_set(err, ERR_INVALID, "Content-Range: expected \"bytes FIRST-LAST/TOTAL\"");
}

int http_content_range(const char *field, uint64_t *ret_first, uint64_t *ret_last,
		       int64_t *ret_total, struct err *err)
{
	uint64_t first, last, total;
	const char *p = field;
	int64_t t = -1;

	if (strncasecmp(p, "bytes", 5) != 0 || (p[5] != ' ' && p[5] != '\t' && p[5] != '='))
		return bad_range(err);
	p = skip(p + 6, " \t");
	if (take_number(&p, &first, err) < 0 || *p++ != '-' || take_number(&p, &last, err) < 0 ||
	    *p++ != '/')
		return bad_range(err);
	if (*p == '*') {
		p++;
	} else {
		if (take_number(&p, &total, err) < 0)
			return bad_range(err);
		t = (int64_t)total;
	}
	if (*skip(p, " \t") || last < first || (t >= 0 && last >= (uint64_t)t))
		return bad_range(err);
	*ret_first = first;
	*ret_last = last;
	*ret_total = t;
	return 0;
}

/* Is "next" among the blank-separated words? */
static bool has_next(const char *rel)
{
	struct str rest = str_of(rel), word;

	while ((word = str_cut(&rest, ' ')).ptr)
		if (word.len == 4 && strncasecmp(word.ptr, "next", 4) == 0)
			return true;
	return false;
}

/* "; name=value" repeated; sets *next when rel=next is among them. */
static int take_link_params(const char **p, bool *next, struct err *err)
{
	int r;

	for (*p = skip(*p, " \t"); **p == ';'; *p = skip(*p, " \t")) {
		AUTO_FREE char *value = NULL;
		struct str name;

		*p = skip(*p + 1, " \t");
		name = take_token(p);
		*p = skip(*p, " \t");
		if (**p != '=')
			continue;
		*p = skip(*p + 1, " \t");
		r = take_value(p, &value, err);
		if (r < 0)
			return r;
		if (name.len == 3 && strncasecmp(name.ptr, "rel", 3) == 0 && has_next(value))
			*next = true;
	}
	return 0;
}

int http_link_next(const char *field, char **ret, struct err *err)
{
	const char *p = field, *end;
	struct str target;
	bool next = false;
	int r;

	while (*(p = skip(p, " \t,"))) {
		end = *p == '<' ? strchr(p, '>') : NULL;
		if (!end)
			return err_set(err, ERR_INVALID, "Link: expected <address>; rel=...");
		target = (struct str){p + 1, (size_t)(end - p - 1)};
		p = end + 1;
		r = take_link_params(&p, &next, err);
		if (r < 0)
			return err_wrap(err, "Link");
		if (next) {
			*ret = str_dup(target);
			return *ret ? 1 : err_nomem(err);
		}
		if (*p && *p != ',')
			return err_set(err, ERR_INVALID, "Link: a comma is expected");
	}
	return 0;
}

int64_t http_retry_after(const char *field)
{
	struct err ignored = ERR_INIT;
	struct tm tm = {0};
	uint64_t seconds;
	int64_t left;
	const char *end;

	if (parse_u64(field, "Retry-After", 0, RETRY_AFTER_MAX, &seconds, &ignored) == 0)
		return (int64_t)seconds;
	end = strptime(field, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (!end || *end)
		return -1;
	left = (int64_t)timegm(&tm) - time_now_ns() / NSEC_PER_SEC;
	if (left < 0)
		return 0;
	return left > RETRY_AFTER_MAX ? RETRY_AFTER_MAX : left;
}
