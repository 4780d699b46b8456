/*
 * certs.h - certificates for one registry: certs.d (containers-certs.d(5)).
 */
#ifndef CONFIG_CERTS_H
#define CONFIG_CERTS_H

#include "base/strv.h"

struct config_env;
struct err;

/* Paths of files; they exist when the directory was read. */
struct certs {
	char *dir;	  /* the directory used, or NULL: none */
	struct strv ca;	  /* *.crt: added to the system's authorities */
	char *cert, *key; /* client certificate and key, or both NULL */
};
void certs_fini(struct certs *c);
#define AUTO_CERTS __attribute__((cleanup(certs_fini)))

/* host as in the reference, with its port. cert_dir is --cert-dir or NULL. ERR_INVALID when a
 * client certificate has no key or the reverse. */
int certs_find(const struct config_env *env, const char *host, const char *cert_dir,
	       struct certs *ret, struct err *err);

#endif
