/*
 * field.h - values of header fields that servers send, taken apart: challenges (RFC 9110 11.6.1),
 * Content-Range (14.4), Link (RFC 8288), Retry-After.
 */
#ifndef HTTP_FIELD_H
#define HTTP_FIELD_H

#include <stddef.h>
#include <stdint.h>

struct err;

#define CHALLENGE_PARAMS_MAX 16

/* One challenge of a WWW-Authenticate field. */
struct http_challenge {
	char *scheme;  /* lower case */
	char *token68; /* or NULL */
	size_t n;
	struct {
		char *name;  /* lower case */
		char *value; /* unquoted */
	} params[CHALLENGE_PARAMS_MAX];
};

void http_challenge_fini(struct http_challenge *c);
/* Takes the first challenge off *field, which then points behind it. 1, or 0 at the end;
 * ERR_INVALID for what cannot be read. */
int http_challenge_next(const char **field, struct http_challenge *ret, struct err *err);
/* Borrowed, NULL when it is not there. */
const char *http_challenge_get(const struct http_challenge *c, const char *name);

/* "bytes 100-299/300"; *ret_total is -1 for "*". */
int http_content_range(const char *field, uint64_t *ret_first, uint64_t *ret_last,
		       int64_t *ret_total, struct err *err);
/* The target of the first link with rel=next: 1 with *ret (caller frees), 0 when there is none. */
int http_link_next(const char *field, char **ret, struct err *err);
/* Seconds from now (the date form counts from the wall clock); -1 when it cannot be read. */
int64_t http_retry_after(const char *field);

#endif
