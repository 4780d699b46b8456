/*
 * policy.h - policy.json: is an image from there accepted? insecureAcceptAnything and reject are
 * decided; any other requirement (signatures) cannot be checked and rejects: fail closed.
 */
#ifndef CONFIG_POLICY_H
#define CONFIG_POLICY_H

#include <stddef.h>

struct config_env;
struct err;
struct policy;
struct ref;

/* path is --signature-policy or NULL. No file at all is an error, as in podman. */
int policy_load(const struct config_env *env, const char *path, struct policy **ret,
		struct err *err);
int policy_parse(const char *text, size_t len, const char *name, struct policy **ret,
		 struct err *err);
void policy_free(struct policy *p);
static inline void policy_free_p(struct policy **p)
{
	policy_free(*p);
}
#define AUTO_POLICY __attribute__((cleanup(policy_free_p)))

/* An image by its user-visible name from a registry. ERR_DENIED says which rule of which file. */
int policy_check_ref(const struct policy *p, const struct ref *ref, struct err *err);
/* Other transports: "docker-archive", "oci", "oci-archive", "dir", "docker-daemon"; scope is an
 * absolute path or "". */
int policy_check_path(const struct policy *p, const char *transport, const char *scope,
		      struct err *err);

#endif
