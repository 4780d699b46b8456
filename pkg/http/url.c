/*
 * One strict parser decides what an address is, and libcurl only ever sees what url_str writes: so
 * the comparison of origins and the connection cannot disagree.
 */
#include "http/url.h"

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PORT_HTTP 80
#define PORT_HTTPS 443

void url_fini(struct url *u)
{
	free(u->path);
	u->path = NULL;
}

static bool is_ctl(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

/* Shown in errors: as it came, but nothing that a terminal would act on. */
static const char *shown(struct str s, char out[128])
{
	size_t i, n = s.len < 127 ? s.len : 127;

	for (i = 0; i < n; i++)
		out[i] = isprint((unsigned char)s.ptr[i]) ? s.ptr[i] : '?';
	out[n] = '\0';
	return out;
}

static int bad(struct err *err, struct str s, const char *why)
{
	char text[128];

	return err_set(err, ERR_INVALID, "address \"%s\": %s", shown(s, text), why);
}

static int parse_port(struct str s, struct str whole, uint16_t *ret, struct err *err)
{
	unsigned v = 0;
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (!isdigit((unsigned char)s.ptr[i]) || v > 6553)
			return bad(err, whole, "the port is not a number up to 65535");
		v = v * 10 + (unsigned)(s.ptr[i] - '0');
	}
	if (s.len == 0 || v == 0 || v > UINT16_MAX)
		return bad(err, whole, "the port is not a number up to 65535");
	*ret = (uint16_t)v;
	return 0;
}

static bool host_ok(struct str h)
{
	size_t i;
	char addr[INET6_ADDRSTRLEN];
	struct in6_addr in6;

	if (h.len == 0 || h.len > URL_HOST_MAX)
		return false;
	if (h.ptr[0] == '[') {
		if (h.len < 4 || h.len - 2 >= sizeof(addr) || h.ptr[h.len - 1] != ']')
			return false;
		memcpy(addr, h.ptr + 1, h.len - 2);
		addr[h.len - 2] = '\0';
		return inet_pton(AF_INET6, addr, &in6) == 1;
	}
	for (i = 0; i < h.len; i++)
		if (!isalnum((unsigned char)h.ptr[i]) && !memchr(".-_", h.ptr[i], 3))
			return false;
	return h.ptr[0] != '-' && h.ptr[0] != '.';
}

static int parse_authority(struct str a, struct url *u, struct str whole, struct err *err)
{
	const char *colon;
	struct str host = a;
	size_t i;
	int r;

	if (memchr(a.ptr, '@', a.len))
		return bad(err, whole, "user names in addresses are not accepted");
	colon = memrchr(a.ptr, ':', a.len);
	if (colon && memchr(colon, ']', (size_t)(a.ptr + a.len - colon)))
		colon = NULL; /* within an IPv6 address */
	u->port = u->https ? PORT_HTTPS : PORT_HTTP;
	if (colon) {
		host.len = (size_t)(colon - a.ptr);
		r = parse_port((struct str){colon + 1, a.len - host.len - 1}, whole, &u->port, err);
		if (r < 0)
			return r;
	}
	if (!host_ok(host))
		return bad(err, whole, "this is not a host name");
	for (i = 0; i < host.len; i++)
		u->host[i] = (char)tolower((unsigned char)host.ptr[i]);
	u->host[host.len] = '\0';
	return 0;
}

/* Path and query in the form that is sent: what is not allowed there is percent-encoded. */
static int normal_path(struct str s, char **ret, struct str whole, struct err *err)
{
	static const char plain[] = "-._~!$&'()*+,;=:@/?";
	AUTO_BUF struct buf b = BUF_INIT(URL_MAX);
	unsigned char c;
	size_t i;
	int r;

	if (s.len == 0 || s.ptr[0] != '/')
		buf_addc(&b, '/');
	for (i = 0; i < s.len && s.ptr[i] != '#'; i++) {
		c = (unsigned char)s.ptr[i];
		if (is_ctl(c))
			return bad(err, whole, "control characters are not accepted");
		if (isalnum(c) || memchr(plain, c, sizeof(plain) - 1))
			buf_addc(&b, (char)c);
		else if (c == '%' && i + 2 < s.len && isxdigit((unsigned char)s.ptr[i + 1]) &&
			 isxdigit((unsigned char)s.ptr[i + 2]))
			buf_addc(&b, '%');
		else
			buf_addf(&b, "%%%02X", c);
	}
	r = buf_check(&b, "an address", err);
	if (r < 0)
		return r;
	*ret = buf_take(&b);
	return *ret ? 0 : err_nomem(err);
}

static bool starts_nocase(struct str s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.len >= n && strncasecmp(s.ptr, prefix, n) == 0;
}

/* What follows "scheme:", from "//" on. */
static int parse_rest(bool https, struct str s, struct str whole, struct url *ret, struct err *err)
{
	struct url u = {.https = https};
	size_t n = 0;
	int r;

	if (!starts_nocase(s, "//"))
		return bad(err, whole, "there is no host in it");
	s.ptr += 2;
	s.len -= 2;
	while (n < s.len && !memchr("/?#\\", s.ptr[n], 4))
		n++;
	r = parse_authority((struct str){s.ptr, n}, &u, whole, err);
	if (r < 0)
		return r;
	r = normal_path((struct str){s.ptr + n, s.len - n}, &u.path, whole, err);
	if (r < 0)
		return r;
	*ret = u;
	return 0;
}

int url_parse(const char *s, struct url *ret, struct err *err)
{
	struct str whole = str_of(s), rest = whole;
	bool https;

	if (whole.len > URL_MAX)
		return err_set(err, ERR_INVALID, "an address is longer than %d bytes", URL_MAX);
	if (!starts_nocase(whole, "http:") && !starts_nocase(whole, "https:"))
		return bad(err, whole, "it begins neither with http:// nor https://");
	https = starts_nocase(whole, "https:");
	rest.ptr += https ? 6 : 5;
	rest.len -= https ? 6 : 5;
	return parse_rest(https, rest, whole, ret, err);
}

/* Removes "." and ".." segments of the path before any query, in place (RFC 3986 5.2.4). */
static void remove_dots(char *path)
{
	char *query = strchr(path, '?'), *end = query ? query : path + strlen(path);
	char *in = path, *out = path, *next;
	size_t n;

	while (in < end) { /* in is at a '/' */
		next = memchr(in + 1, '/', (size_t)(end - in - 1));
		next = next ? next : end;
		n = (size_t)(next - in);
		if (n == 3 && memcmp(in, "/..", 3) == 0) {
			while (out > path && *--out != '/')
				;
			if (next == end)
				*out++ = '/';
		} else if (n == 2 && in[1] == '.') {
			if (next == end)
				*out++ = '/';
		} else {
			memmove(out, in, n);
			out += n;
		}
		in = next;
	}
	if (out == path)
		*out++ = '/';
	memmove(out, end, strlen(end) + 1);
}

/* The base's path up to where ref is put behind it. */
static size_t base_len(const char *base, const char *ref)
{
	size_t path = strcspn(base, "?");
	const char *slash;

	if (ref[0] == '\0' || ref[0] == '#')
		return strlen(base);
	if (ref[0] == '?')
		return path;
	slash = memrchr(base, '/', path);
	return slash ? (size_t)(slash - base) + 1 : 0;
}

static bool has_scheme(const char *ref)
{
	size_t n = strspn(ref, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	return n > 0 && isalpha((unsigned char)ref[0]) && ref[n] == ':';
}

int url_resolve(const struct url *base, const char *ref, struct url *ret, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(2 * URL_MAX);
	AUTO_URL struct url u = URL_INIT;
	int r;

	if (strlen(ref) > URL_MAX)
		return err_set(err, ERR_INVALID, "an address is longer than %d bytes", URL_MAX);
	if (has_scheme(ref))
		return url_parse(ref, ret, err);
	if (str_starts(ref, "//"))
		return parse_rest(base->https, str_of(ref), str_of(ref), ret, err);
	if (ref[0] != '/')
		buf_add(&b, base->path, base_len(base->path, ref));
	buf_adds(&b, ref);
	r = buf_check(&b, "an address", err);
	if (r < 0)
		return r;
	u = *base;
	u.path = NULL;
	r = normal_path((struct str){buf_str(&b), b.len}, &u.path, str_of(ref), err);
	if (r < 0)
		return r;
	remove_dots(u.path);
	*ret = u;
	u.path = NULL;
	return 0;
}

static bool own_port(const struct url *u)
{
	return u->port == (u->https ? PORT_HTTPS : PORT_HTTP);
}

char *url_str(const struct url *u)
{
	const char *scheme = u->https ? "https" : "http";

	if (own_port(u))
		return str_fmt("%s://%s%s", scheme, u->host, u->path);
	return str_fmt("%s://%s:%u%s", scheme, u->host, u->port, u->path);
}

const char *url_hostport(const struct url *u, char out[URL_HOSTPORT_MAX])
{
	(void)snprintf(out, URL_HOSTPORT_MAX, "%s:%u", u->host, u->port);
	return out;
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return a->https == b->https && a->port == b->port && streq(a->host, b->host);
}

bool url_is_loopback(const struct url *u)
{
	struct in_addr in;

	if (streq(u->host, "localhost") || streq(u->host, "[::1]"))
		return true;
	return inet_pton(AF_INET, u->host, &in) == 1 && (ntohl(in.s_addr) >> 24) == 127;
}

int url_add_query(struct url *u, const char *name, const char *value, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(URL_MAX);
	const char *p;
	int r;

	buf_addf(&b, "%s%c%s=", u->path, strchr(u->path, '?') ? '&' : '?', name);
	for (p = value; *p; p++) {
		if (isalnum((unsigned char)*p) || memchr("-._~/:,", *p, 7))
			buf_addc(&b, *p);
		else
			buf_addf(&b, "%%%02X", (unsigned char)*p);
	}
	r = buf_check(&b, "an address", err);
	if (r < 0)
		return r;
	free(u->path);
	u->path = buf_take(&b);
	return u->path ? 0 : err_nomem(err);
}
