/* remote.h - what pull, push and login share. */
#ifndef IMAGE_REMOTE_H
#define IMAGE_REMOTE_H

#include "image/image.h"
#include "registry/registry.h"

/* Opens a session for ref (as rewritten) at one endpoint, with the credentials of logical (the name
 * the user sees). */
int remote_open(const struct image_ctx *ctx, const struct ref *ref, const struct ref *logical,
		bool insecure, enum registry_access access, const struct image_remote *remote,
		struct registry_session **ret, struct err *err);

/* Events, with the checks for NULL in one place. */
void tell_trying(const struct image_ctx *ctx, const char *ref);
void tell_blob(const struct image_ctx *ctx, const char *digest, uint64_t have, int64_t size,
	       bool done, bool already);
void tell_config(const struct image_ctx *ctx, const char *digest);
void tell_manifest(const struct image_ctx *ctx);

#endif
