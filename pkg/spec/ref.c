/*
 * References. The grammar is that of the distribution project:
 *	reference = [domain "/"] component *("/" component) [":" tag] ["@" digest]
 *	component = 1*alnum *(("." / "_" / "__" / *"-") 1*alnum)       (lower case)
 */
#include "spec/ref.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "spec/digest.h"

#include <stdlib.h>

#define NAME_MAX_LEN 255
#define TAG_MAX_LEN 128
#define PORT_MAX_LEN 5
#define LIBRARY "library/"
#define BAD_FORMAT "invalid reference format"

#define TOO_LONG "repository name must not be more than 255 characters"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

void ref_fini(struct ref *r)
{
	free(r->domain);
	free(r->path);
	free(r->tag);
	free(r->digest);
	*r = (struct ref)REF_INIT;
}

int ref_copy(struct ref *ret, const struct ref *r, struct err *err)
{
	AUTO_REF struct ref c = REF_INIT;

	if (str_set(&c.domain, r->domain, err) < 0 || str_set(&c.path, r->path, err) < 0 ||
	    str_set(&c.tag, r->tag, err) < 0 || str_set(&c.digest, r->digest, err) < 0)
		return -(int)err->code;
	*ret = c;
	c = (struct ref)REF_INIT;
	return 0;
}

static bool all_of(struct str s, const char *chars)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!s.ptr[i] || !strchr(chars, s.ptr[i]))
			return false;
	return s.len > 0;
}

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* How many bytes of separator between two runs of letters, 0 for none that is allowed. */
static size_t separator_len(struct str s)
{
	size_t n = 0;

	if (s.ptr[0] == '.')
		return 1;
	if (s.ptr[0] == '_')
		return s.len > 1 && s.ptr[1] == '_' ? 2 : 1;
	while (n < s.len && s.ptr[n] == '-')
		n++;
	return n;
}

static bool component_ok(struct str s)
{
	size_t n;

	for (;;) {
		for (n = 0; n < s.len && is_lower_alnum(s.ptr[n]); n++)
			;
		if (n == 0)
			return false;
		s = (struct str){s.ptr + n, s.len - n};
		if (s.len == 0)
			return true;
		n = separator_len(s);
		if (n == 0)
			return false;
		s = (struct str){s.ptr + n, s.len - n};
	}
}

static bool path_ok(struct str path)
{
	struct str part;

	for (part = str_cut(&path, '/'); part.ptr; part = str_cut(&path, '/'))
		if (!component_ok(part))
			return false;
	return true;
}

static bool label_ok(struct str s)
{
	return all_of(s, LOWER UPPER DIGIT "-") && s.ptr[0] != '-' && s.ptr[s.len - 1] != '-';
}

/* host, host:port, [ipv6], [ipv6]:port */
static bool domain_ok(struct str s)
{
	struct str host = s, port = {NULL, 0}, label;
	const char *end;

	if (s.len > 0 && s.ptr[0] == '[') {
		end = memchr(s.ptr, ']', s.len);
		if (!end || !all_of((struct str){s.ptr + 1, (size_t)(end - s.ptr) - 1},
				    DIGIT "abcdefABCDEF:"))
			return false;
		port = (struct str){end + 1, s.len - (size_t)(end + 1 - s.ptr)};
		if (port.len == 0)
			return true;
		if (port.ptr[0] != ':')
			return false;
		port = (struct str){port.ptr + 1, port.len - 1};
		return all_of(port, DIGIT) && port.len <= PORT_MAX_LEN;
	}
	port = host;
	host = str_cut(&port, ':');
	if (port.ptr && (!all_of(port, DIGIT) || port.len > PORT_MAX_LEN))
		return false;
	for (label = str_cut(&host, '.'); label.ptr; label = str_cut(&host, '.'))
		if (!label_ok(label))
			return false;
	return true;
}

/* Does the first component name a registry? */
static bool names_domain(struct str first)
{
	return memchr(first.ptr, '.', first.len) || memchr(first.ptr, ':', first.len) ||
	       str_eq(first, "localhost");
}

bool ref_is_tag(const char *s)
{
	struct str all = str_of(s);

	return all_of(all, LOWER UPPER DIGIT "_.-") && all.len <= TAG_MAX_LEN && s[0] != '.' &&
	       s[0] != '-';
}

static int bad(const char *text, const char *why, struct err *err)
{
	return err_set(err, ERR_INVALID, "parsing reference \"%.300s\": %s", text, why);
}

struct parts {
	struct str domain, path, tag, digest; /* ptr NULL: absent */
};

static struct parts split(const char *text)
{
	struct str name = str_of(text), first;
	struct parts p = {0};
	const char *slash, *colon;

	p.digest = name;
	name = str_cut(&p.digest, '@');
	slash = memrchr(name.ptr, '/', name.len);
	colon = memrchr(name.ptr, ':', name.len);
	if (colon && (!slash || colon > slash)) {
		p.tag = (struct str){colon + 1, name.len - (size_t)(colon + 1 - name.ptr)};
		name.len = (size_t)(colon - name.ptr);
	}
	p.path = name;
	first = str_cut(&p.path, '/');
	if (p.path.ptr && names_domain(first))
		p.domain = first;
	else
		p.path = name;
	return p;
}

static bool has_upper(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.ptr[i] >= 'A' && s.ptr[i] <= 'Z')
			return true;
	return false;
}

static int check_parts(const char *text, const struct parts *p, struct err *err)
{
	if (p->path.len == 0)
		return bad(text, BAD_FORMAT, err);
	if (has_upper(p->path))
		return bad(text, BAD_FORMAT ": repository name must be lowercase", err);
	if (p->domain.len + 1 + p->path.len > NAME_MAX_LEN)
		return bad(text, TOO_LONG, err);
	if ((p->domain.ptr && !domain_ok(p->domain)) || !path_ok(p->path))
		return bad(text, BAD_FORMAT, err);
	return 0;
}

static int fill(struct ref *r, const struct parts *p, struct err *err)
{
	if (p->domain.ptr && !(r->domain = str_dup(p->domain)))
		return err_nomem(err);
	if (!(r->path = str_dup(p->path)))
		return err_nomem(err);
	if (p->tag.ptr && !(r->tag = str_dup(p->tag)))
		return err_nomem(err);
	if (p->digest.ptr && !(r->digest = str_dup(p->digest)))
		return err_nomem(err);
	return 0;
}

int ref_parse_given(const char *text, struct ref *ret, struct err *err)
{
	const char *name = str_after(text, "docker://");
	AUTO_REF struct ref r = REF_INIT;
	struct err why = ERR_INIT;
	struct parts p;
	int n;

	p = split(name ? name : text);
	n = check_parts(text, &p, err);
	if (n < 0)
		return n;
	n = fill(&r, &p, err);
	if (n < 0)
		return n;
	if (r.tag && !ref_is_tag(r.tag))
		return bad(text, BAD_FORMAT, err);
	if (r.digest && digest_check(r.digest, "digest", &why) < 0)
		return bad(text, why.code == ERR_UNSUPPORTED ? why.text : BAD_FORMAT, err);
	*ret = r;
	r = (struct ref)REF_INIT;
	return 0;
}

/* docker.io's other name, and its library/ for names of one component. */
static int normalise(struct ref *r, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (!r->domain || streq(r->domain, "index.docker.io")) {
		int n = str_set(&r->domain, REF_DEFAULT_DOMAIN, err);

		if (n < 0)
			return n;
	}
	if (!streq(r->domain, REF_DEFAULT_DOMAIN) || strchr(r->path, '/'))
		return 0;
	path = str_fmt(LIBRARY "%s", r->path);
	if (!path)
		return err_nomem(err);
	free(r->path);
	r->path = TAKE(path);
	return 0;
}

int ref_parse(const char *text, struct ref *ret, struct err *err)
{
	AUTO_REF struct ref r = REF_INIT;
	int n;

	if (strlen(text) == SHA256_HEX && str_is_hex(text, SHA256_HEX))
		return bad(text, "a name cannot be 64 hexadecimal digits, that is an ID", err);
	n = ref_parse_given(text, &r, err);
	if (n < 0)
		return n;
	n = normalise(&r, err);
	if (n < 0)
		return n;
	if (strlen(r.domain) + 1 + strlen(r.path) > NAME_MAX_LEN)
		return bad(text, TOO_LONG, err);
	*ret = r;
	r = (struct ref)REF_INIT;
	return 0;
}

bool ref_is_short(const char *text)
{
	AUTO_REF struct ref r = REF_INIT;
	struct err ignored = ERR_INIT;

	return ref_parse_given(text, &r, &ignored) == 0 && !r.domain;
}

int ref_add_latest(struct ref *r, struct err *err)
{
	if (r->tag || r->digest)
		return 0;
	return str_set(&r->tag, REF_DEFAULT_TAG, err);
}

void ref_drop_tag_of_digest(struct ref *r)
{
	if (!r->digest)
		return;
	free(r->tag);
	r->tag = NULL;
}

static char *with_rest(const struct ref *r, const char *domain, const char *path)
{
	return str_fmt("%s%s%s%s%s%s%s", domain ? domain : "", domain ? "/" : "", path,
		       r->tag ? ":" : "", r->tag ? r->tag : "", r->digest ? "@" : "",
		       r->digest ? r->digest : "");
}

char *ref_name(const struct ref *r)
{
	return r->domain ? str_fmt("%s/%s", r->domain, r->path) : strdup(r->path);
}

char *ref_string(const struct ref *r)
{
	return with_rest(r, r->domain, r->path);
}

/* Would this short path be taken for something else when it is read again? */
static bool misread_when_short(const char *path)
{
	struct str rest = str_of(path), first = str_cut(&rest, '/');

	return (rest.ptr && names_domain(first)) ||
	       (!rest.ptr && first.len == SHA256_HEX && str_is_hex(path, SHA256_HEX));
}

char *ref_familiar(const struct ref *r)
{
	const char *path;

	if (!r->domain || !streq(r->domain, REF_DEFAULT_DOMAIN))
		return ref_string(r);
	path = str_after(r->path, LIBRARY);
	if (!path || strchr(path, '/'))
		path = r->path;
	return misread_when_short(path) ? ref_string(r) : with_rest(r, NULL, path);
}

static bool same(const char *a, const char *b)
{
	return a && b ? streq(a, b) : a == b;
}

bool ref_equal(const struct ref *a, const struct ref *b)
{
	return same(a->domain, b->domain) && same(a->path, b->path) && same(a->tag, b->tag) &&
	       same(a->digest, b->digest);
}
