/*
 * Against a real registry; test/registry-live.sh starts them. Environment:
 *	KIST_TEST_REGISTRY	http[s]://127.0.0.1:PORT; without it all is skipped
 *	KIST_TEST_CA		its authority's certificate (https)
 *	KIST_TEST_USER, KIST_TEST_PASSWORD
 *	KIST_TEST_CUT		host:port of a proxy to it that breaks every connection off
 *	KIST_TEST_TOKEN_SECONDS	its tokens are refused after so long, whatever they say
 */
#include "base/auto.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/str.h"
#include "base/strv.h"
#include "config/certs.h"
#include "digest/digest.h"
#include "http/http.h"
#include "registry/registry.h"
#include "spec/image.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define BLOBS 5
#define BLOB_SIZE ((size_t)3 << 20)

struct fixture {
	bool https;
	const char *host, *ca, *user, *password, *cut;
	char dir[64];
	char repository[64];
	char *blobs[BLOBS]; /* random content */
	char digests[BLOBS][SHA256_TEXT_MAX];
	struct registry_session *s;
};

static void ok(int r, const struct err *err)
{
	if (r < 0)
		print_error("# %s\n", err->text);
	assert_true(r >= 0);
}

static int open_as(struct fixture *f, const char *repository, enum registry_access access,
		   bool insecure, const char *password, struct registry_session **ret,
		   struct err *err)
{
	char *ca[] = {(char *)(uintptr_t)f->ca, NULL};
	const struct certs certs = {.ca = {ca, 1}};
	struct registry_options o = {
	    .host = f->host,
	    .repository = repository,
	    .access = access,
	    .insecure = insecure,
	    .certs = f->ca ? &certs : NULL,
	    .auth = {.user = f->user, .password = password},
	};

	return registry_open(&o, ret, err);
}

static int start(void **state)
{
	const char *url = getenv("KIST_TEST_REGISTRY");
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err = ERR_INIT;
	uint8_t sum[SHA256_LEN], dice[4];
	char hex[9];
	size_t i;

	assert_non_null(f);
	f->https = str_starts(url, "https://");
	f->host = strstr(url, "//") + 2;
	f->ca = getenv("KIST_TEST_CA");
	f->user = getenv("KIST_TEST_USER");
	f->password = getenv("KIST_TEST_PASSWORD");
	f->cut = getenv("KIST_TEST_CUT");
	rand_bytes(dice, sizeof(dice));
	hex_encode(dice, sizeof(dice), hex);
	(void)snprintf(f->repository, sizeof(f->repository), "team/app-%s", hex);
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/kist-live-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	for (i = 0; i < BLOBS; i++) {
		f->blobs[i] = malloc(BLOB_SIZE);
		rand_bytes(f->blobs[i], BLOB_SIZE);
		ok(sha256_once(f->blobs[i], BLOB_SIZE, sum, &err), &err);
		(void)sha256_text(sum, f->digests[i]);
	}
	ok(open_as(f, f->repository, REGISTRY_PUSH, !f->https, f->password, &f->s, &err), &err);
	*state = f;
	return 0;
}

static int stop(void **state)
{
	struct fixture *f = *state;
	size_t i;

	registry_close(f->s);
	for (i = 0; i < BLOBS; i++)
		free(f->blobs[i]);
	(void)rmdir(f->dir);
	free(f);
	return 0;
}

/* An unnamed file with this content. */
static int file_of(struct fixture *f, const void *data, size_t n)
{
	int fd = open(f->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, n, 0), n);
	return fd;
}

static void file_is(int fd, const void *data, size_t n)
{
	AUTO_FREE char *got = malloc(n + 1);

	assert_int_equal(pread(fd, got, n + 1, 0), n);
	assert_memory_equal(got, data, n);
}

static int note_how(void *ctx, enum registry_upload_result how, struct err *err)
{
	(void)err;
	*(int *)ctx = (int)how;
	return 0;
}

static void files_are_uploaded_once(void **state)
{
	struct fixture *f = *state;
	struct registry_upload u[2] = {{0}};
	struct err err = ERR_INIT;
	int how[2] = {-1, -1}, round, i;
	int64_t size = 0;

	for (i = 0; i < 2; i++)
		u[i] = (struct registry_upload){
		    .digest = f->digests[i],
		    .size = (int64_t)BLOB_SIZE,
		    .fd = file_of(f, f->blobs[i], BLOB_SIZE),
		    .done = note_how,
		    .ctx = &how[i],
		};
	ok(registry_blob_find(f->s, f->digests[0], &size, &err), &err);
	for (round = 0; round < 2; round++) {
		ok(registry_blobs_put(f->s, u, 2, 0, &err), &err);
		assert_int_equal(how[0], round == 0 ? REGISTRY_UPLOADED : REGISTRY_ALREADY_THERE);
		assert_int_equal(how[1], how[0]);
	}
	assert_int_equal(registry_blob_find(f->s, f->digests[0], &size, &err), 1);
	assert_int_equal(size, BLOB_SIZE);
	(void)close(u[0].fd);
	(void)close(u[1].fd);
}

struct stream {
	struct fixture *f;
	int pipe[2];
	size_t blob, written, pulled;
	struct sha256 *hash;
};

/* Feeds the pipe a little from time to time: the source has nothing to give in between. */
static int feed(struct stream *x)
{
	size_t n = BLOB_SIZE - x->written;
	ssize_t done = write(x->pipe[1], x->f->blobs[x->blob] + x->written, n < 40000 ? n : 40000);

	if (done > 0)
		x->written += (size_t)done;
	if (x->written == BLOB_SIZE && x->pipe[1] >= 0) {
		(void)close(x->pipe[1]);
		x->pipe[1] = -1;
	}
	return 0;
}

static ssize_t pull(void *ctx, void *out, size_t n, struct err *err)
{
	struct stream *x = ctx;
	ssize_t got = read(x->pipe[0], out, n);

	if (got < 0 && errno == EAGAIN)
		return feed(x) == 0 ? HTTP_PULL_WAIT : -1;
	if (got < 0)
		return err_sys(err, errno, "reading");
	sha256_update(x->hash, out, (size_t)got);
	return got;
}

static int finish(void *ctx, char ret[REGISTRY_DIGEST_MAX], struct err *err)
{
	struct stream *x = ctx;
	uint8_t sum[SHA256_LEN];
	int r = sha256_final(x->hash, sum, err);

	(void)sha256_text(sum, ret);
	return r;
}

static void streams_are_uploaded_whose_digest_comes_last(void **state)
{
	struct fixture *f = *state;
	struct stream x[2] = {{.f = f, .blob = 2}, {.f = f, .blob = 3}};
	struct registry_upload u[2];
	struct err err = ERR_INIT;
	int how[2] = {-1, -1}, i;
	int64_t size = 0;

	(void)how;
	for (i = 0; i < 2; i++) {
		assert_int_equal(pipe2(x[i].pipe, O_NONBLOCK | O_CLOEXEC), 0);
		ok(sha256_new(&x[i].hash, &err), &err);
		u[i] = (struct registry_upload){
		    .size = -1,
		    .fd = -1,
		    .pull = pull,
		    .wait_fd = x[i].pipe[0],
		    .finish = finish,
		    .ctx = &x[i],
		};
	}
	ok(registry_blobs_put(f->s, u, 2, 0, &err), &err);
	for (i = 0; i < 2; i++) {
		assert_int_equal(registry_blob_find(f->s, f->digests[2 + i], &size, &err), 1);
		assert_int_equal(size, BLOB_SIZE);
		sha256_free(x[i].hash);
		(void)close(x[i].pipe[0]);
	}
}

static void blob_is_mounted_from_another_repository(void **state)
{
	struct fixture *f = *state;
	AUTO(registry_close_p) struct registry_session *s = NULL;
	int how = -1;
	struct registry_upload u = {
	    .digest = f->digests[0],
	    .size = (int64_t)BLOB_SIZE,
	    .mount_from = f->repository,
	    .fd = file_of(f, f->blobs[0], BLOB_SIZE),
	    .done = note_how,
	    .ctx = &how,
	};
	struct err err = ERR_INIT;

	ok(open_as(f, "other/app", REGISTRY_PUSH, !f->https, f->password, &s, &err), &err);
	ok(registry_blobs_put(s, &u, 1, 0, &err), &err);
	assert_true(how == REGISTRY_MOUNTED || how == REGISTRY_ALREADY_THERE);
	(void)close(u.fd);
}

/* Neither where the registry does not have it nor where the token server gives no token for it. */
static void a_mount_that_fails_becomes_an_upload(void **state)
{
	struct fixture *f = *state;
	AUTO(registry_close_p) struct registry_session *s = NULL;
	int how = -1;
	struct registry_upload u = {
	    .digest = f->digests[0],
	    .size = (int64_t)BLOB_SIZE,
	    .mount_from = "forbidden/app",
	    .fd = file_of(f, f->blobs[0], BLOB_SIZE),
	    .done = note_how,
	    .ctx = &how,
	};
	struct err err = ERR_INIT;

	ok(open_as(f, "another/app", REGISTRY_PUSH, !f->https, f->password, &s, &err), &err);
	ok(registry_blobs_put(s, &u, 1, 0, &err), &err);
	assert_int_equal(how, REGISTRY_UPLOADED);
	(void)close(u.fd);
}

static void wrong_digest_is_refused_by_the_registry(void **state)
{
	struct fixture *f = *state;
	char digest[SHA256_TEXT_MAX];
	struct registry_upload u = {
	    .digest = digest,
	    .size = (int64_t)BLOB_SIZE,
	    .fd = file_of(f, f->blobs[4], BLOB_SIZE),
	};
	struct err err = ERR_INIT;

	memcpy(digest, f->digests[4], sizeof(digest));
	digest[10] = digest[10] == 'a' ? 'b' : 'a';
	assert_int_equal(registry_blobs_put(f->s, &u, 1, 0, &err), -ERR_CORRUPT);
	assert_non_null(strstr(err.text, "digest"));
	(void)close(u.fd);
}

static void make_manifest(struct fixture *f, struct buf *b)
{
	buf_addf(b,
		 "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST "\","
		 "\"config\":{\"mediaType\":\"" MEDIA_OCI_CONFIG "\",\"digest\":\"%s\","
		 "\"size\":%zu},\"layers\":[{\"mediaType\":\"" MEDIA_OCI_LAYER "\","
		 "\"digest\":\"%s\",\"size\":%zu}]}",
		 f->digests[0], BLOB_SIZE, f->digests[1], BLOB_SIZE);
}

static void manifest_comes_back_byte_for_byte(void **state)
{
	struct fixture *f = *state;
	AUTO_BUF struct buf b = BUF_INIT(4096);
	AUTO_REGISTRY_MANIFEST struct registry_manifest m = REGISTRY_MANIFEST_INIT;
	AUTO_STRV struct strv tags = STRV_INIT;
	char digest[REGISTRY_DIGEST_MAX];
	struct err err = ERR_INIT;

	make_manifest(f, &b);
	ok(registry_manifest_put(f->s, "v1", MEDIA_OCI_MANIFEST, b.ptr, b.len, digest, &err), &err);
	ok(registry_manifest_put(f->s, "v2", MEDIA_OCI_MANIFEST, b.ptr, b.len, digest, &err), &err);
	ok(registry_manifest_get(f->s, "v1", &m, &err), &err);
	assert_string_equal(m.digest, digest);
	assert_string_equal(m.media_type, MEDIA_OCI_MANIFEST);
	assert_int_equal(m.size, b.len);
	assert_string_equal(buf_str(&m.bytes), buf_str(&b));
	ok(registry_manifest_get(f->s, digest, &m, &err), &err);
	assert_string_equal(buf_str(&m.bytes), buf_str(&b));
	assert_int_equal(registry_manifest_find(f->s, "v1", &m, &err), 1);
	assert_string_equal(m.digest, digest);
	assert_int_equal(registry_manifest_find(f->s, "none", &m, &err), 0);
	ok(registry_tags(f->s, &tags, &err), &err);
	assert_int_equal(tags.n, 2);
	assert_true(strv_find(&tags, "v2") >= 0);
}

static void what_is_unknown_is_not_found(void **state)
{
	struct fixture *f = *state;
	AUTO_REGISTRY_MANIFEST struct registry_manifest m = REGISTRY_MANIFEST_INIT;
	AUTO_BUF struct buf b = BUF_INIT(64);
	static const char none[] =
	    "sha256:0000000000000000000000000000000000000000000000000000000000000000";
	struct err err = ERR_INIT;
	int64_t size = 0;

	assert_int_equal(registry_manifest_get(f->s, "none", &m, &err), -ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "manifest unknown"));
	assert_non_null(strstr(err.text, f->repository));
	assert_int_equal(registry_blob_get(f->s, none, &b, &err), -ERR_NOT_FOUND);
	assert_int_equal(registry_blob_find(f->s, none, &size, &err), 0);
}

struct watch {
	size_t done;
	uint64_t have[BLOBS];
};

static int count_done(void *ctx, size_t index, struct err *err)
{
	(void)index;
	(void)err;
	((struct watch *)ctx)->done++;
	return 0;
}

static void note_have(void *ctx, size_t index, uint64_t have, int64_t size)
{
	assert_true(size < 0 || have <= (uint64_t)size);
	((struct watch *)ctx)->have[index] = have;
}

static void blobs_are_downloaded_side_by_side(void **state)
{
	struct fixture *f = *state;
	struct registry_blob b[4];
	struct watch w = {0};
	struct registry_blobs_options o = {
	    .parallel = 3, .done = count_done, .progress = note_have, .ctx = &w};
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < 4; i++)
		b[i] = (struct registry_blob){
		    .digest = f->digests[i],
		    .size = i == 3 ? -1 : (int64_t)BLOB_SIZE,
		    .fd = file_of(f, "", 0),
		};
	ok(registry_blobs_get(f->s, b, 4, &o, &err), &err);
	assert_int_equal(w.done, 4);
	for (i = 0; i < 4; i++) {
		assert_int_equal(w.have[i], BLOB_SIZE);
		file_is(b[i].fd, f->blobs[i], BLOB_SIZE);
		(void)close(b[i].fd);
	}
}

static void part_from_an_earlier_pull_is_kept_if_it_is_right(void **state)
{
	struct fixture *f = *state;
	struct registry_blob b[4];
	struct err err = ERR_INIT;
	size_t i;

	b[0].fd = file_of(f, f->blobs[0], BLOB_SIZE / 2); /* half */
	b[1].fd = file_of(f, f->blobs[2], BLOB_SIZE / 2); /* half of something else */
	b[2].fd = file_of(f, f->blobs[0], BLOB_SIZE);	  /* all */
	b[3].fd = file_of(f, f->blobs[1], BLOB_SIZE);	  /* all of something else */
	for (i = 0; i < 4; i++) {
		b[i].digest = f->digests[0];
		b[i].size = (int64_t)BLOB_SIZE;
		b[i].open = NULL;
	}
	ok(registry_blobs_get(f->s, b, 4, NULL, &err), &err);
	for (i = 0; i < 4; i++) {
		file_is(b[i].fd, f->blobs[0], BLOB_SIZE);
		(void)close(b[i].fd);
	}
}

static void blob_of_another_size_is_corrupt(void **state)
{
	struct fixture *f = *state;
	struct registry_blob b = {.digest = f->digests[0], .fd = file_of(f, "x", 1)};
	struct err err = ERR_INIT;
	struct stat st;

	b.size = (int64_t)BLOB_SIZE - 1;
	assert_int_equal(registry_blobs_get(f->s, &b, 1, NULL, &err), -ERR_CORRUPT);
	assert_non_null(strstr(err.text, f->digests[0]));
	b.size = (int64_t)BLOB_SIZE + 1;
	assert_int_equal(registry_blobs_get(f->s, &b, 1, NULL, &err), -ERR_CORRUPT);
	assert_int_equal(fstat(b.fd, &st), 0);
	assert_int_equal(st.st_size, 0);
	(void)close(b.fd);
}

static void blob_arrives_though_connections_break_off(void **state)
{
	struct fixture *f = *state;
	AUTO(registry_close_p) struct registry_session *s = NULL;
	struct registry_blob b;
	struct err err = ERR_INIT;
	const char *host = f->host;

	if (!f->cut)
		skip();
	b = (struct registry_blob){
	    .digest = f->digests[0], .size = (int64_t)BLOB_SIZE, .fd = file_of(f, "", 0)};
	f->host = f->cut;
	ok(open_as(f, f->repository, REGISTRY_PULL, !f->https, f->password, &s, &err), &err);
	f->host = host;
	ok(registry_blobs_get(s, &b, 1, NULL, &err), &err);
	file_is(b.fd, f->blobs[0], BLOB_SIZE);
	(void)close(b.fd);
}

static void http_registry_must_be_declared_insecure(void **state)
{
	struct fixture *f = *state;
	struct registry_session *s = NULL;
	struct err err = ERR_INIT;

	if (f->https)
		skip();
	assert_int_equal(open_as(f, f->repository, REGISTRY_PULL, false, NULL, &s, &err),
			 -ERR_NETWORK);
	assert_non_null(strstr(err.text, "speaks http, not https"));
	assert_non_null(strstr(err.text, "--tls-verify=false"));
}

static void unknown_authority_is_refused_with_advice(void **state)
{
	struct fixture *f = *state;
	AUTO(registry_close_p) struct registry_session *s = NULL;
	struct err err = ERR_INIT;
	const char *ca = f->ca;

	if (!f->https)
		skip();
	f->ca = NULL;
	assert_int_equal(open_as(f, f->repository, REGISTRY_PULL, false, NULL, &s, &err),
			 -ERR_NETWORK);
	assert_non_null(strstr(err.text, "/etc/containers/certs.d/127.0.0.1:"));
	ok(open_as(f, f->repository, REGISTRY_PULL, true, NULL, &s, &err), &err);
	f->ca = ca;
}

static void login_is_checked(void **state)
{
	struct fixture *f = *state;
	AUTO(registry_close_p) struct registry_session *good = NULL;
	AUTO(registry_close_p) struct registry_session *bad = NULL;
	AUTO(registry_close_p) struct registry_session *pull = NULL;
	AUTO_REGISTRY_MANIFEST struct registry_manifest m = REGISTRY_MANIFEST_INIT;
	struct err err = ERR_INIT;

	if (!f->user)
		skip();
	ok(open_as(f, NULL, REGISTRY_LOGIN, !f->https, f->password, &good, &err), &err);
	ok(registry_check_login(good, &err), &err);
	ok(open_as(f, NULL, REGISTRY_LOGIN, !f->https, "wrong", &bad, &err), &err);
	assert_int_equal(registry_check_login(bad, &err), -ERR_DENIED);
	assert_true(str_starts(err.text, "invalid username/password"));
	ok(open_as(f, f->repository, REGISTRY_PULL, !f->https, "wrong", &pull, &err), &err);
	assert_int_equal(registry_manifest_get(pull, "v1", &m, &err), -ERR_DENIED);
}

static void identity_token_is_exchanged(void **state)
{
	struct fixture *f = *state;
	AUTO(registry_close_p) struct registry_session *s = NULL;
	AUTO(registry_close_p) struct registry_session *bad = NULL;
	struct registry_options o = {.host = f->host,
				     .access = REGISTRY_LOGIN,
				     .insecure = true,
				     .auth = {.identity_token = "refresh-me"}};
	struct err err = ERR_INIT;

	if (!getenv("KIST_TEST_TOKEN_SECONDS"))
		skip();
	ok(registry_open(&o, &s, &err), &err);
	ok(registry_check_login(s, &err), &err);
	o.auth.identity_token = "old";
	ok(registry_open(&o, &bad, &err), &err);
	assert_int_equal(registry_check_login(bad, &err), -ERR_DENIED);
	assert_non_null(strstr(err.text, "refresh token expired"));
}

static void token_is_renewed_when_it_is_refused(void **state)
{
	struct fixture *f = *state;
	AUTO_REGISTRY_MANIFEST struct registry_manifest m = REGISTRY_MANIFEST_INIT;
	const char *seconds = getenv("KIST_TEST_TOKEN_SECONDS");
	struct registry_blob b;
	struct err err = ERR_INIT;
	uint64_t n = 0;

	if (!seconds)
		skip();
	ok(parse_u64(seconds, "KIST_TEST_TOKEN_SECONDS", 1, 60, &n, &err), &err);
	b = (struct registry_blob){
	    .digest = f->digests[0], .size = (int64_t)BLOB_SIZE, .fd = file_of(f, "", 0)};
	(void)sleep((unsigned)n + 2);
	ok(registry_blobs_get(f->s, &b, 1, NULL, &err), &err);
	(void)sleep((unsigned)n + 2);
	ok(registry_manifest_get(f->s, "v1", &m, &err), &err);
	(void)close(b.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(files_are_uploaded_once),
	    cmocka_unit_test(streams_are_uploaded_whose_digest_comes_last),
	    cmocka_unit_test(blob_is_mounted_from_another_repository),
	    cmocka_unit_test(a_mount_that_fails_becomes_an_upload),
	    cmocka_unit_test(wrong_digest_is_refused_by_the_registry),
	    cmocka_unit_test(manifest_comes_back_byte_for_byte),
	    cmocka_unit_test(what_is_unknown_is_not_found),
	    cmocka_unit_test(blobs_are_downloaded_side_by_side),
	    cmocka_unit_test(part_from_an_earlier_pull_is_kept_if_it_is_right),
	    cmocka_unit_test(blob_of_another_size_is_corrupt),
	    cmocka_unit_test(blob_arrives_though_connections_break_off),
	    cmocka_unit_test(http_registry_must_be_declared_insecure),
	    cmocka_unit_test(unknown_authority_is_refused_with_advice),
	    cmocka_unit_test(login_is_checked),
	    cmocka_unit_test(identity_token_is_exchanged),
	    cmocka_unit_test(token_is_renewed_when_it_is_refused),
	};

	if (!getenv("KIST_TEST_REGISTRY")) {
		(void)printf("ok - test_registry_live # SKIP no KIST_TEST_REGISTRY: run "
			     "test/registry-live.sh\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, start, stop);
}
