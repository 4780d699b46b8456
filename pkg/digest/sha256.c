#include "digest/digest.h"
#include "base/err.h"
#include "base/lib.h"
#include "base/rand.h"
#include "base/str.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>

#define READ_BUFFER ((size_t)256 * 1024)

static struct {
	__typeof__(EVP_MD_CTX_new) *ctx_new;
	__typeof__(EVP_MD_CTX_free) *ctx_free;
	__typeof__(EVP_DigestInit_ex) *init;
	__typeof__(EVP_DigestUpdate) *update;
	__typeof__(EVP_DigestFinal_ex) *final;
	__typeof__(EVP_sha256) *sha256;
} evp;

static const struct lib_sym evp_syms[] = {
    {"EVP_MD_CTX_new", &evp.ctx_new},
    {"EVP_MD_CTX_free", &evp.ctx_free},
    {"EVP_DigestInit_ex", &evp.init},
    {"EVP_DigestUpdate", &evp.update},
    {"EVP_DigestFinal_ex", &evp.final},
    {"EVP_sha256", &evp.sha256},
    {NULL, NULL},
};
LIB_NOTE("sha256", "digests of layers, manifests and configurations", "required", "libcrypto.so.3");

struct sha256 {
	EVP_MD_CTX *ctx;
	bool failed;
};

static int failed(struct err *err)
{
	return err_set(err, ERR_BUG, "libcrypto cannot compute sha256 (is it switched off there?)");
}

int sha256_new(struct sha256 **ret, struct err *err)
{
	AUTO(sha256_free_p) struct sha256 *h = NULL;
	int r;

	r = lib_load("libcrypto.so.3", evp_syms, err);
	if (r < 0)
		return r;
	h = calloc(1, sizeof(*h));
	if (!h)
		return err_nomem(err);
	h->ctx = evp.ctx_new();
	if (!h->ctx)
		return err_nomem(err);
	if (evp.init(h->ctx, evp.sha256(), NULL) != 1)
		return failed(err);
	*ret = TAKE(h);
	return 0;
}

void sha256_free(struct sha256 *h)
{
	if (!h)
		return;
	if (h->ctx)
		evp.ctx_free(h->ctx);
	free(h);
}

void sha256_update(struct sha256 *h, const void *data, size_t n)
{
	if (evp.update(h->ctx, data, n) != 1)
		h->failed = true;
}

void sha256_tap(void *arg, const void *data, size_t n)
{
	sha256_update(arg, data, n);
}

int sha256_final(struct sha256 *h, uint8_t out[SHA256_LEN], struct err *err)
{
	uint8_t digest[EVP_MAX_MD_SIZE];

	if (h->failed || evp.final(h->ctx, digest, NULL) != 1 ||
	    evp.init(h->ctx, evp.sha256(), NULL) != 1)
		return failed(err);
	memcpy(out, digest, SHA256_LEN);
	return 0;
}

int sha256_once(const void *data, size_t n, uint8_t out[SHA256_LEN], struct err *err)
{
	AUTO(sha256_free_p) struct sha256 *h = NULL;
	int r;

	r = sha256_new(&h, err);
	if (r < 0)
		return r;
	sha256_update(h, data, n);
	return sha256_final(h, out, err);
}

int sha256_fd(int fd, const char *what, uint8_t out[SHA256_LEN], uint64_t *ret_size,
	      struct err *err)
{
	AUTO(sha256_free_p) struct sha256 *h = NULL;
	AUTO_FREE char *buffer = NULL;
	uint64_t size = 0;
	ssize_t n;
	int r;

	r = sha256_new(&h, err);
	if (r < 0)
		return r;
	buffer = malloc(READ_BUFFER);
	if (!buffer)
		return err_nomem(err);
	while ((n = read(fd, buffer, READ_BUFFER)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "reading %s", what);
		sha256_update(h, buffer, (size_t)n);
		size += (uint64_t)n;
	}
	r = sha256_final(h, out, err);
	if (r < 0)
		return r;
	if (ret_size)
		*ret_size = size;
	return 0;
}

const char *sha256_text(const uint8_t digest[SHA256_LEN], char out[SHA256_TEXT_MAX])
{
	memcpy(out, "sha256:", 7);
	hex_encode(digest, SHA256_LEN, out + 7);
	return out;
}

int sha256_parse(const char *text, uint8_t out[SHA256_LEN], struct err *err)
{
	uint8_t digest[SHA256_LEN];
	const char *hex = str_after(text, "sha256:");

	if (!hex || hex_decode(hex, digest, sizeof(digest)) < 0)
		return err_set(err, ERR_INVALID,
			       "\"%.100s\" is not a digest of the form sha256:<64 hex digits>",
			       text);
	memcpy(out, digest, sizeof(digest));
	return 0;
}
