/*
 * registries.h - registries.conf (version 2, and version 1 in the main file) with drop-ins and
 * short-name aliases: where an image is read from, and what a short name may mean.
 *
 * Main file: given explicitly or by $CONTAINERS_REGISTRIES_CONF ($REGISTRIES_CONFIG_PATH), else
 * $HOME/.config/containers/registries.conf, else /etc/containers/registries.conf; drop-ins from
 * registries.conf.d beside each. Errors name file, line and key.
 */
#ifndef CONFIG_REGISTRIES_H
#define CONFIG_REGISTRIES_H

#include "base/strv.h"
#include "spec/ref.h"

struct config_env;
struct err;
struct registries;

/* Options may be NULL: conf is --registries-conf, conf_dir replaces the drop-in directories. */
int registries_load(const struct config_env *env, const char *conf, const char *conf_dir,
		    struct registries **ret, struct err *err);
/* From text alone (tests, fuzzing). */
int registries_parse(const char *text, size_t len, const char *name, struct registries **ret,
		     struct err *err);
void registries_free(struct registries *r);
static inline void registries_free_p(struct registries **r)
{
	registries_free(*r);
}
#define AUTO_REGISTRIES __attribute__((cleanup(registries_free_p)))

/* One place to ask. ref is what to ask it for: the rewritten name with the original tag/digest. */
struct endpoint {
	struct ref ref;
	bool insecure; /* no certificate check, and plain http after https failed */
	bool mirror;   /* not the registry itself */
};
struct endpoints {
	struct endpoint *v;
	size_t n;
};
void endpoints_fini(struct endpoints *e);
#define AUTO_ENDPOINTS __attribute__((cleanup(endpoints_fini)))

/* For reading ref (normalised): permitted mirrors in order, the registry last. ERR_DENIED when the
 * registry is blocked. */
int registries_pull_endpoints(const struct registries *r, const struct ref *ref,
			      struct endpoints *ret, struct err *err);
/* For writing: the name as it is, with the table's insecure flag. ERR_DENIED when blocked. */
int registries_push_endpoint(const struct registries *r, const struct ref *ref,
			     struct endpoints *ret, struct err *err);

enum short_mode { SHORT_PERMISSIVE, SHORT_ENFORCING, SHORT_DISABLED };

/* What to pull for a short name, in order. */
struct short_names {
	struct strv names; /* full references, tag or digest put back; "latest" not added */
	bool from_alias;
	/* Several, and the user should be asked when there is a terminal (and the choice recorded);
	 * without one, ERR when enforcing. */
	bool ask;
	enum short_mode mode;
};
void short_names_fini(struct short_names *s);
#define AUTO_SHORT_NAMES __attribute__((cleanup(short_names_fini)))

/* ERR_NOT_FOUND when neither an alias nor a search registry gives anything (podman's words). */
int registries_short_pull(const struct registries *r, const char *name, struct short_names *ret,
			  struct err *err);
/* Candidates for an image that is already here: alias, localhost/, each search registry, docker.io.
 */
int registries_short_local(const struct registries *r, const char *name, struct strv *ret,
			   struct err *err);
/* unqualified-search-registries; borrowed. */
const struct strv *registries_search(const struct registries *r);
/* credential-helpers, default {"containers-auth.json"}; borrowed. */
const struct strv *registries_credential_helpers(const struct registries *r);
/* Of the file that is in effect, for messages; borrowed. */
const char *registries_path(const struct registries *r);

#endif
