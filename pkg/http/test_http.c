#include "test_server.h"

#include "base/buf.h"
#include "base/err.h"
#include "http/http.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

struct fixture {
	struct test_server server;
	struct http_client *client;
	char url[256];
	bool cancel;
};

static bool is_cancelled(void *ctx)
{
	return ((struct fixture *)ctx)->cancel;
}

static int start(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct http_options o = {.cancelled = is_cancelled, .ctx = f};
	struct err err = ERR_INIT;

	if (!f || test_server_start(&f->server) < 0 || http_client_new(&o, &f->client, &err) < 0)
		return -1;
	*state = f;
	return 0;
}

static int stop(void **state)
{
	struct fixture *f = *state;

	http_client_free(f->client);
	test_server_stop(&f->server);
	free(f);
	return 0;
}

static const char *at(struct fixture *f, const char *path)
{
	(void)snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d%s", f->server.port[0], path);
	return f->url;
}

static struct http_transfer *get(struct fixture *f, const char *path, const char *auth)
{
	struct http_request q = {.url = at(f, path), .authorization = auth};
	struct http_transfer *t = NULL;
	struct err err = ERR_INIT;
	int r = http_do(f->client, &q, &t, &err);

	assert_string_equal(err.text, "");
	assert_int_equal(r, 0);
	return t;
}

static int get_fails(struct fixture *f, const char *path, size_t max, struct err *err)
{
	struct http_request q = {.url = at(f, path), .max_body = max};
	struct http_transfer *t = NULL;
	int r = http_do(f->client, &q, &t, err);

	assert_null(t);
	return r;
}

static void answer_and_its_headers_are_given(void **state)
{
	AUTO(http_transfer_free_p) struct http_transfer *t = get(*state, "/ok", NULL);

	assert_int_equal(http_status(t), 200);
	assert_string_equal(buf_str(http_body(t)), "hello");
	assert_int_equal(http_content_length(t), 5);
	assert_string_equal(http_header(t, "docker-content-digest", 0), "d");
	assert_string_equal(http_header(t, "X-Two", 0), "a");
	assert_string_equal(http_header(t, "X-Two", 1), "b");
	assert_null(http_header(t, "X-Two", 2));
	assert_null(http_header(t, "X-Tw", 0));
}

static void credentials_stay_with_their_origin(void **state)
{
	AUTO(http_transfer_free_p) struct http_transfer *a = get(*state, "/echo", "Basic eA==");
	AUTO(http_transfer_free_p) struct http_transfer *b = get(*state, "/home", "Basic eA==");
	AUTO(http_transfer_free_p) struct http_transfer *c = get(*state, "/away", "Basic eA==");

	assert_string_equal(buf_str(http_body(a)), "GET [Basic eA==] kist/" KIST_VERSION "|");
	assert_string_equal(buf_str(http_body(b)), "GET [Basic eA==] kist/" KIST_VERSION "|");
	assert_string_equal(buf_str(http_body(c)), "GET [] kist/" KIST_VERSION "|");
}

static void endless_or_foreign_redirects_are_refused(void **state)
{
	struct err err = ERR_INIT;

	assert_int_equal(get_fails(*state, "/loop", 0, &err), -ERR_LIMIT);
	assert_int_equal(get_fails(*state, "/evil", 0, &err), -ERR_INVALID);
}

static void busy_server_is_asked_again_a_few_times(void **state)
{
	struct fixture *f = *state;

	*f->server.busy = 0;
	{
		AUTO(http_transfer_free_p) struct http_transfer *t = get(f, "/busy", NULL);

		assert_int_equal(http_status(t), 200);
		assert_int_equal(*f->server.busy, 2);
	}
	*f->server.busy = 0;
	{
		AUTO(http_transfer_free_p) struct http_transfer *t = get(f, "/always-busy", NULL);

		assert_int_equal(http_status(t), 429);
		assert_int_equal(*f->server.busy, 4);
	}
}

static void bodies_larger_than_asked_for_are_refused(void **state)
{
	AUTO(http_transfer_free_p) struct http_transfer *t = get(*state, "/endless-error", NULL);
	struct err err = ERR_INIT;

	assert_int_equal(http_status(t), 404);
	assert_int_equal(http_body(t)->len, HTTP_ERROR_BODY_MAX);
	assert_int_equal(get_fails(*state, "/big", (1 << 20) - 1, &err), -ERR_LIMIT);
	assert_int_equal(get_fails(*state, "/headers", 0, &err), -ERR_LIMIT);
}

static void cut_body_is_a_network_failure(void **state)
{
	struct err err = ERR_INIT;

	assert_int_equal(get_fails(*state, "/cut", 0, &err), -ERR_NETWORK);
	assert_non_null(strstr(err.text, "connection broke off"));
}

static void refused_connection_says_where(void **state)
{
	struct fixture *f = *state;
	struct http_request q = {.url = "http://127.0.0.1:1/"};
	struct http_transfer *t = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(http_start(f->client, &q, &t, &err), 0);
	assert_int_equal(http_wait(t, &err), -ERR_NETWORK);
	assert_string_equal(err.text, "connecting to 127.0.0.1:1: connection refused");
	assert_int_equal(http_failure(t), HTTP_FAIL_CONNECT);
	assert_false(http_may_pass(t));
	http_transfer_free(t);
}

static void https_to_a_plain_server_is_told_apart(void **state)
{
	struct fixture *f = *state;
	struct http_transfer *t = NULL;
	struct http_request q = {.url = f->url};
	struct err err = ERR_INIT;

	(void)snprintf(f->url, sizeof(f->url), "https://127.0.0.1:%d/ok", f->server.port[0]);
	assert_int_equal(http_start(f->client, &q, &t, &err), 0);
	assert_int_equal(http_wait(t, &err), -ERR_NETWORK);
	assert_int_equal(http_failure(t), HTTP_FAIL_TLS_PLAIN);
	http_transfer_free(t);
}

static void body_is_sent_again_on_307_but_to_no_other_server(void **state)
{
	struct fixture *f = *state;
	struct http_source src = {.data = "abc", .len = 3};
	struct http_request q = {.method = "PUT", .authorization = "x", .body = &src};
	struct http_transfer *t = NULL;
	struct err err = ERR_INIT;

	q.url = at(f, "/echo");
	assert_int_equal(http_do(f->client, &q, &t, &err), 0);
	assert_string_equal(buf_str(http_body(t)), "PUT [x] kist/" KIST_VERSION "|abc");
	http_transfer_free(t);
	q.url = at(f, "/home307");
	assert_int_equal(http_do(f->client, &q, &t, &err), 0);
	assert_string_equal(buf_str(http_body(t)), "PUT [x] kist/" KIST_VERSION "|abc");
	http_transfer_free(t);
	t = NULL;
	q.url = at(f, "/away307");
	assert_int_equal(http_do(f->client, &q, &t, &err), -ERR_NETWORK);
	q = (struct http_request){.method = "POST", .url = at(f, "/echo")};
	assert_int_equal(http_do(f->client, &q, &t, &err), 0);
	assert_string_equal(buf_str(http_body(t)), "POST [] kist/" KIST_VERSION "|");
	http_transfer_free(t);
}

struct pipe_source {
	int fds[2];
	bool waited;
};

static ssize_t pull_from_pipe(void *ctx, void *out, size_t n, struct err *err)
{
	struct pipe_source *p = ctx;
	ssize_t got = read(p->fds[0], out, n);

	if (got < 0 && errno == EAGAIN) {
		p->waited = true;
		return HTTP_PULL_WAIT;
	}
	return got < 0 ? err_sys(err, errno, "reading") : got;
}

static int write_more(void *ctx, struct err *err)
{
	struct pipe_source *p = ctx;

	(void)err;
	(void)!write(p->fds[1], "late", 4);
	(void)close(p->fds[1]);
	p->fds[1] = -1;
	return 0;
}

static void probe(struct fixture *f)
{
	AUTO(http_transfer_free_p) struct http_transfer *t = get(f, "/ok", NULL);

	assert_int_equal(http_status(t), 200);
}

static void pulled_body_waits_for_its_descriptor(void **state)
{
	struct fixture *f = *state;
	struct pipe_source p = {.waited = false};
	struct http_source src = {.pull = pull_from_pipe, .size = -1, .ctx = &p};
	struct http_request q = {.method = "PATCH", .body = &src};
	struct http_transfer *t = NULL;
	struct err err = ERR_INIT;
	int wake[2];

	assert_int_equal(pipe2(p.fds, O_NONBLOCK), 0);
	assert_int_equal(pipe2(wake, 0), 0);
	(void)close(wake[1]); /* readable at once: end of file */
	src.wait_fd = p.fds[0];
	q.url = at(f, "/echo");
	assert_int_equal(http_start(f->client, &q, &t, &err), 0);
	assert_int_equal(write(p.fds[1], "early", 5), 5);
	while (!p.waited)
		probe(f);
	assert_int_equal(http_watch(f->client, wake[0], write_more, &p, &err), 0);
	while (p.fds[1] >= 0)
		probe(f);
	assert_int_equal(http_watch(f->client, wake[0], NULL, NULL, &err), 0);
	assert_int_equal(http_wait(t, &err), 0);
	assert_non_null(strstr(buf_str(http_body(t)), "5\r\nearly\r\n4\r\nlate\r\n0\r\n"));
	http_transfer_free(t);
	(void)close(p.fds[0]);
	(void)close(wake[0]);
}

static void refusal_during_an_upload_is_an_answer(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *big = calloc(1, 8 << 20);
	struct http_source src = {.data = big, .len = 8 << 20};
	struct http_request q = {.method = "PUT", .url = at(f, "/deny"), .body = &src};
	struct http_transfer *t = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(http_do(f->client, &q, &t, &err), 0);
	assert_int_equal(http_status(t), 401);
	http_transfer_free(t);
}

static int write_never(void *ctx, const void *data, size_t n, struct err *err)
{
	(void)ctx;
	(void)data;
	(void)n;
	return err_sys(err, ENOSPC, "writing");
}

static int count_bytes(void *ctx, const void *data, size_t n, struct err *err)
{
	(void)data;
	(void)err;
	*(size_t *)ctx += n;
	return 0;
}

static void error_of_the_callback_comes_out(void **state)
{
	struct fixture *f = *state;
	struct http_request q = {.url = at(f, "/ok"), .write = write_never};
	struct http_transfer *t = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(http_do(f->client, &q, &t, &err), -ERR_SYS);
	assert_true(err_is_errno(&err, ENOSPC));
}

static void transfers_run_side_by_side(void **state)
{
	struct fixture *f = *state;
	struct http_transfer *t[8] = {NULL}, *done;
	size_t got[8] = {0}, i, n = 0;
	struct http_request q = {.url = at(f, "/big"), .write = count_bytes};
	struct err err = ERR_INIT;

	for (i = 0; i < 8; i++) {
		q.ctx = &got[i];
		assert_int_equal(http_start(f->client, &q, &t[i], &err), 0);
	}
	while (http_wait_any(f->client, &done, &err) == 1) {
		assert_int_equal(http_wait(done, &err), 0);
		assert_int_equal(http_received(done), 1 << 20);
		n++;
	}
	assert_int_equal(n, 8);
	for (i = 0; i < 8; i++) {
		assert_int_equal(got[i], 1 << 20);
		http_transfer_free(t[i]);
	}
}

static void silent_server_is_given_up(void **state)
{
	struct fixture *f = *state;
	struct pipe_source p = {.waited = false};
	struct http_source src = {.pull = pull_from_pipe, .size = 1, .ctx = &p}; /* only once */
	struct http_request q = {
	    .method = "PUT", .url = at(f, "/stall"), .body = &src, .stall_seconds = 1};
	struct http_transfer *t = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(pipe2(p.fds, O_NONBLOCK), 0);
	assert_int_equal(write(p.fds[1], "x", 1), 1);
	src.wait_fd = p.fds[0];
	assert_int_equal(http_do(f->client, &q, &t, &err), -ERR_NETWORK);
	assert_non_null(strstr(err.text, "nothing came for 1 seconds"));
	(void)close(p.fds[0]);
	(void)close(p.fds[1]);
}

static void headers_without_end_meet_the_limit_wherever_they_are(void **state)
{
	struct err err = ERR_INIT;

	assert_int_equal(get_fails(*state, "/interim", 0, &err), -ERR_LIMIT);
	assert_non_null(strstr(err.text, "header is larger than 65536 bytes"));
	err_clear(&err);
	assert_int_equal(get_fails(*state, "/trailers", 0, &err), -ERR_LIMIT);
}

static void server_that_drips_is_given_up(void **state)
{
	static const char *const paths[] = {"/drip-header", "/drip-body", "/drip-header"};
	struct fixture *f = *state;
	size_t i, n = 0;

	for (i = 0; i < 3; i++) {
		struct http_request q = {.url = at(f, paths[i]), .max_body = 1 << 20};
		struct http_transfer *t = NULL;
		struct err err = ERR_INIT;

		q.answer_seconds = 1;
		q.write = i == 2 ? count_bytes : NULL;
		q.ctx = &n;
		assert_int_equal(http_do(f->client, &q, &t, &err), -ERR_NETWORK);
		assert_non_null(strstr(err.text, "did not come within 1 seconds"));
	}
}

/* A large blob may take as long as it takes. */
static void body_for_a_callback_is_not_hurried(void **state)
{
	struct fixture *f = *state;
	struct http_transfer *t = NULL;
	size_t n = 0;
	struct http_request q = {
	    .url = at(f, "/slow"), .answer_seconds = 1, .write = count_bytes, .ctx = &n};
	struct err err = ERR_INIT;

	assert_int_equal(http_do(f->client, &q, &t, &err), 0);
	assert_int_equal(n, 15);
	http_transfer_free(t);
}

static void cancelled_transfer_ends_soon(void **state)
{
	struct fixture *f = *state;
	struct http_request q = {.url = at(f, "/stall")};
	struct http_transfer *t = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(http_start(f->client, &q, &t, &err), 0);
	f->cancel = true;
	assert_int_equal(http_wait(t, &err), -ERR_SYS);
	assert_true(err_is_errno(&err, EINTR));
	f->cancel = false;
	http_transfer_free(t);
}

static void proxy_of_the_environment_is_used_but_not_for_loopback(void **state)
{
	struct fixture *f = *state;
	struct http_request q = {.url = "http://registry.invalid/echo"};
	struct http_transfer *t = NULL;
	struct err err = ERR_INIT;
	char proxy[64];

	(void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", f->server.port[0]);
	(void)unsetenv("http_proxy");
	(void)unsetenv("no_proxy");
	(void)unsetenv("NO_PROXY");
	(void)setenv("HTTP_PROXY", proxy, 1);
	assert_int_equal(http_do(f->client, &q, &t, &err), 0);
	assert_string_equal(buf_str(http_body(t)), "GET [] kist/" KIST_VERSION "|");
	http_transfer_free(t);
	(void)setenv("HTTP_PROXY", "http://127.0.0.1:1", 1);
	probe(f);
	(void)unsetenv("HTTP_PROXY");
}

static void header_that_would_begin_another_is_refused(void **state)
{
	struct fixture *f = *state;
	const char *const headers[] = {"Content-Type: x\r\nX-Evil: y", NULL};
	struct http_request q = {.url = at(f, "/ok"), .headers = headers};
	struct http_transfer *t = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(http_start(f->client, &q, &t, &err), -ERR_INVALID);
	assert_null(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answer_and_its_headers_are_given),
	    cmocka_unit_test(credentials_stay_with_their_origin),
	    cmocka_unit_test(endless_or_foreign_redirects_are_refused),
	    cmocka_unit_test(busy_server_is_asked_again_a_few_times),
	    cmocka_unit_test(bodies_larger_than_asked_for_are_refused),
	    cmocka_unit_test(cut_body_is_a_network_failure),
	    cmocka_unit_test(refused_connection_says_where),
	    cmocka_unit_test(https_to_a_plain_server_is_told_apart),
	    cmocka_unit_test(body_is_sent_again_on_307_but_to_no_other_server),
	    cmocka_unit_test(pulled_body_waits_for_its_descriptor),
	    cmocka_unit_test(refusal_during_an_upload_is_an_answer),
	    cmocka_unit_test(error_of_the_callback_comes_out),
	    cmocka_unit_test(transfers_run_side_by_side),
	    cmocka_unit_test(silent_server_is_given_up),
	    cmocka_unit_test(headers_without_end_meet_the_limit_wherever_they_are),
	    cmocka_unit_test(server_that_drips_is_given_up),
	    cmocka_unit_test(body_for_a_callback_is_not_hurried),
	    cmocka_unit_test(cancelled_transfer_ends_soon),
	    cmocka_unit_test(proxy_of_the_environment_is_used_but_not_for_loopback),
	    cmocka_unit_test(header_that_would_begin_another_is_refused),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
