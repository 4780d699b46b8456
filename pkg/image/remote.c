#include "remote.h"
#include "base/err.h"
#include "config/auth.h"
#include "config/certs.h"
#include "config/registries.h"

#include <stdlib.h>

void tell_trying(const struct image_ctx *ctx, const char *ref)
{
	if (ctx->events && ctx->events->trying)
		ctx->events->trying(ctx->events->arg, ref);
}

void tell_blob(const struct image_ctx *ctx, const char *digest, uint64_t have, int64_t size,
	       bool done, bool already)
{
	if (ctx->events && ctx->events->blob)
		ctx->events->blob(ctx->events->arg, digest, have, size, done, already);
}

void tell_config(const struct image_ctx *ctx, const char *digest)
{
	if (ctx->events && ctx->events->config)
		ctx->events->config(ctx->events->arg, digest);
}

void tell_manifest(const struct image_ctx *ctx)
{
	if (ctx->events && ctx->events->manifest)
		ctx->events->manifest(ctx->events->arg);
}

/* --creds USER[:PASSWORD] */
static int split_creds(const char *creds, struct auth *ret, struct err *err)
{
	struct str rest = str_of(creds), user = str_cut(&rest, ':');

	ret->user = str_dup(user);
	ret->password = rest.ptr ? str_dup(rest) : strdup("");
	if (!ret->user || !ret->password)
		return err_nomem(err);
	return 0;
}

static int find_auth(const struct image_ctx *ctx, const struct ref *logical,
		     const struct image_remote *remote, struct auth *ret, struct err *err)
{
	AUTO_FREE char *key = NULL;
	int r;

	if (remote->creds)
		return split_creds(remote->creds, ret, err);
	key = ref_name(logical);
	if (!key)
		return err_nomem(err);
	r = auth_find(ctx->env, ctx->auth, registries_credential_helpers(ctx->registries), key, ret,
		      err);
	return r < 0 ? r : 0;
}

int remote_open(const struct image_ctx *ctx, const struct ref *ref, const struct ref *logical,
		bool insecure, enum registry_access access, const struct image_remote *remote,
		struct registry_session **ret, struct err *err)
{
	AUTO_AUTH struct auth auth = {0};
	AUTO_CERTS struct certs certs = {0};
	struct registry_options o = {
	    .host = ref->domain,
	    .repository = ref->path,
	    .access = access,
	    .insecure = remote->tls_verify < 0 ? insecure : !remote->tls_verify,
	};
	int r;

	/* certs.d goes by the host that is asked, mirrors by their own. */
	r = certs_find(ctx->env, ref->domain, remote->cert_dir, &certs, err);
	if (r < 0)
		return r;
	o.certs = &certs;
	r = find_auth(ctx, logical, remote, &auth, err);
	if (r < 0)
		return r;
	o.auth = (struct registry_auth){auth.user, auth.password, auth.identity_token};
	return registry_open(&o, ret, err);
}

int image_check_login(const struct image_ctx *ctx, const char *registry, const char *user,
		      const char *password, const struct image_remote *remote, struct err *err)
{
	AUTO(registry_close_p) struct registry_session *s = NULL;
	AUTO_ENDPOINTS struct endpoints ends = {0};
	AUTO_CERTS struct certs certs = {0};
	AUTO_REF struct ref ref = REF_INIT;
	AUTO_FREE char *any = str_fmt("%s/any", registry);
	struct registry_options o = {
	    .access = REGISTRY_LOGIN,
	    .repository = "",
	    .auth = {user, password, NULL},
	};
	int r;

	if (!any)
		return err_nomem(err);
	r = ref_parse(any, &ref, err);
	if (r < 0)
		return err_wrap(err, "%s", registry);
	r = registries_push_endpoint(ctx->registries, &ref, &ends, err);
	if (r == 0)
		r = certs_find(ctx->env, ref.domain, remote->cert_dir, &certs, err);
	if (r < 0)
		return r;
	o.certs = &certs;
	o.host = ref.domain;
	o.insecure =
	    remote->tls_verify < 0 ? ends.n > 0 && ends.v[0].insecure : !remote->tls_verify;
	r = registry_open(&o, &s, err);
	return r < 0 ? r : registry_check_login(s, err);
}
