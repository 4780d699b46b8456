/*
 * url.h - http and https addresses in the strict form that is sent out: scheme, host, port, path
 * with query; no user information, no fragment, no byte that is not allowed in them (RFC 3986).
 *
 * Addresses that come from a server (Location, Link, realm) go through url_resolve, so that what
 * is compared by url_same_origin is what libcurl sees.
 */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include <stdbool.h>
#include <stdint.h>

struct err;

#define URL_MAX (16 * 1024)
#define URL_HOST_MAX 255

struct url {
	bool https;
	char host[URL_HOST_MAX + 3]; /* lower case; IPv6 with its brackets */
	uint16_t port;		     /* never 0: the scheme's own when not said */
	char *path;		     /* begins with '/', includes the query; owned */
};

#define URL_INIT                                                                                   \
	{                                                                                          \
		0                                                                                  \
	}
#define AUTO_URL __attribute__((cleanup(url_fini)))

void url_fini(struct url *u);
/* An absolute address. ERR_INVALID names what is wrong. */
int url_parse(const char *s, struct url *ret, struct err *err);
/* ref (absolute or relative) as seen from base. */
int url_resolve(const struct url *base, const char *ref, struct url *ret, struct err *err);
/* Text form, caller frees; NULL when out of memory. The port is left out when it is the scheme's.
 */
char *url_str(const struct url *u);
/* "host:port", port always said; for messages. */
#define URL_HOSTPORT_MAX (URL_HOST_MAX + 16)
const char *url_hostport(const struct url *u, char out[URL_HOSTPORT_MAX]);
bool url_same_origin(const struct url *a, const struct url *b);
/* localhost, 127.0.0.0/8, ::1 */
bool url_is_loopback(const struct url *u);
/* Adds to path: '?' or '&', name=value with value percent-encoded. ERR_NOMEM, ERR_LIMIT. */
int url_add_query(struct url *u, const char *name, const char *value, struct err *err);

#endif
