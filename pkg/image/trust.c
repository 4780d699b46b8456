#include "trust.h"
#include "base/err.h"
#include "config/policy.h"
#include "spec/transport.h"
#include "sys/fd.h"

#include <limits.h>
#include <unistd.h>

/* 1, or 0: there is none. */
static int load_policy(const struct image_ctx *ctx, struct policy **ret, struct err *err)
{
	int r = policy_load(ctx->env, ctx->signature_policy, ret, err);

	/* Only a named file must exist. */
	if (r == -ERR_NOT_FOUND && !ctx->signature_policy) {
		err_clear(err);
		return 0;
	}
	return r < 0 ? r : 1;
}

int trust_ref(const struct image_ctx *ctx, const struct ref *ref, struct err *err)
{
	AUTO_POLICY struct policy *policy = NULL;
	int r = load_policy(ctx, &policy, err);

	return r <= 0 ? r : policy_check_ref(policy, ref, err);
}

/* Where it is, "" for what has no place such as a pipe. */
static void path_of(int fd, char path[PATH_MAX])
{
	char link[FD_PATH_MAX];
	ssize_t n = readlink(fd_path(fd, link), path, PATH_MAX - 1);

	path[n > 0 && path[0] == '/' ? n : 0] = '\0';
}

int trust_archive(const struct image_ctx *ctx, enum save_format format, int fd, struct err *err)
{
	static const enum transport of[] = {
	    [SAVE_DOCKER_ARCHIVE] = TRANSPORT_DOCKER_ARCHIVE,
	    [SAVE_OCI_ARCHIVE] = TRANSPORT_OCI_ARCHIVE,
	    [SAVE_OCI_DIR] = TRANSPORT_OCI,
	    [SAVE_DOCKER_DIR] = TRANSPORT_DIR,
	};
	AUTO_POLICY struct policy *policy = NULL;
	char path[PATH_MAX] = "";
	int r = load_policy(ctx, &policy, err);

	if (r <= 0)
		return r;
	/* As others do: docker's archives have no scopes. */
	if (format != SAVE_DOCKER_ARCHIVE)
		path_of(fd, path);
	return policy_check_path(policy, transport_name(of[format]), path, err);
}
