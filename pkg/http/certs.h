/* certs.h - the files of a certificate directory (certs.d, --cert-dir). */
#ifndef HTTP_CERTS_H
#define HTTP_CERTS_H

#include "base/buf.h"

struct err;

struct certs {
	struct buf authorities;		/* PEM of all *.crt; empty when there are none */
	char *client_cert, *client_key; /* paths, or both NULL */
};

#define CERTS_MAX (4 * 1024 * 1024)
#define CERTS_INIT                                                                                 \
	{                                                                                          \
		.authorities = BUF_INIT(CERTS_MAX)                                                 \
	}

/* A directory that is not there or cannot be entered counts as empty. */
int certs_read(const char *dir, struct certs *ret, struct err *err);
/* Appends the file to out. 1, or 0 when it is not there. */
int certs_add_file(const char *path, struct buf *out, struct err *err);
void certs_fini(struct certs *c);

#endif
