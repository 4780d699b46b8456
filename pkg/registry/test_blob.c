/* Downloads and uploads against a server that misbehaves; what it does is in the repository's name.
 */
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "digest/digest.h"
#include "registry/registry.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define CONTENT "0123456789abcdefghijklmnopqrstuvwxyz"
#define SIZE (sizeof(CONTENT) - 1)

struct fixture {
	pid_t pid;
	char host[32];
	char digest[SHA256_TEXT_MAX];
	int fd;
};

static void answer_part(int fd, const char *head, size_t total, size_t from)
{
	(void)dprintf(fd, "HTTP/1.1 206 Part\r\nContent-Length: %zu\r\n%s\r\n%s", SIZE - from, head,
		      from < total ? CONTENT + from : "");
}

static void answer_blob(int fd, const char *path, size_t from)
{
	char range[128];

	(void)snprintf(range, sizeof(range), "Content-Range: bytes %zu-%zu/%zu\r\n", from, SIZE - 1,
		       SIZE);
	if (strstr(path, "/ignores-ranges/"))
		(void)dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n" CONTENT, SIZE);
	else if (strstr(path, "/lies/"))
		(void)dprintf(fd,
			      "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n"
			      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
			      SIZE);
	else if (strstr(path, "/longer/"))
		(void)dprintf(fd, "HTTP/1.1 200 OK\r\n\r\n" CONTENT CONTENT);
	else if (strstr(path, "/shorter/"))
		(void)dprintf(fd, "HTTP/1.1 200 OK\r\n\r\n0123");
	else if (strstr(path, "/wrong-part/"))
		answer_part(fd, "Content-Range: bytes 3-35/36\r\n", SIZE, 3);
	else if (strstr(path, "/no-range/"))
		answer_part(fd, "", SIZE, from);
	else if (strstr(path, "/breaks/") && from == 0)
		(void)dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n0123", SIZE);
	else if (strstr(path, "/breaks/"))
		(void)dprintf(fd, "HTTP/1.1 206 Part\r\nContent-Length: %zu\r\n%s\r\n%.5s",
			      SIZE - from, range, CONTENT + from);
	else
		(void)dprintf(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

static void answer(int fd)
{
	char head[4096], method[16], path[512];
	size_t have = 0, from = 0;
	const char *range;
	ssize_t n;

	do {
		n = read(fd, head + have, sizeof(head) - 1 - have);
		have += n > 0 ? (size_t)n : 0;
		head[have] = '\0';
	} while (n > 0 && head[0] >= 'A' && !strstr(head, "\r\n\r\n"));
	if (head[0] < 'A' || sscanf(head, "%15s %511s", method, path) != 2) {
		(void)dprintf(fd, "HTTP/1.0 400 Bad Request\r\n\r\n");
		return;
	}
	range = strstr(head, "Range: bytes=");
	if (range)
		from = strtoul(range + 13, NULL, 10);
	if (streq(path, "/v2/"))
		(void)dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
	else if (streq(method, "POST"))
		(void)dprintf(fd, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n"
				  "Location: http://127.0.0.2:1/v2/upload\r\n\r\n");
	else
		answer_blob(fd, path, from);
}

static _Noreturn void serve(int listener)
{
	int fd;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_IGN);
	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			continue;
		answer(fd);
		(void)close(fd);
	}
}

static int start(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	AUTO_CLOSE int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct fixture *f = calloc(1, sizeof(*f));
	socklen_t len = sizeof(a);
	struct err err = ERR_INIT;
	uint8_t sum[SHA256_LEN];

	assert_non_null(f);
	assert_int_equal(bind(listener, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(listener, 16), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	(void)snprintf(f->host, sizeof(f->host), "127.0.0.1:%d", ntohs(a.sin_port));
	f->pid = fork();
	if (f->pid == 0)
		serve(listener);
	assert_int_equal(sha256_once(CONTENT, SIZE, sum, &err), 0);
	(void)sha256_text(sum, f->digest);
	f->fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	assert_true(f->fd >= 0);
	*state = f;
	return 0;
}

static int stop(void **state)
{
	struct fixture *f = *state;

	(void)kill(f->pid, SIGKILL);
	(void)waitpid(f->pid, NULL, 0);
	(void)close(f->fd);
	free(f);
	return 0;
}

/* Downloads into a file that begins with `before`. */
static int get(struct fixture *f, const char *repository, const char *before, struct err *err)
{
	const struct registry_options o = {
	    .host = f->host, .repository = repository, .access = REGISTRY_PULL, .insecure = true};
	const struct registry_blob b = {.digest = f->digest, .size = SIZE, .fd = f->fd};
	AUTO(registry_close_p) struct registry_session *s = NULL;

	assert_int_equal(ftruncate(f->fd, 0), 0);
	assert_int_equal(pwrite(f->fd, before, strlen(before), 0), strlen(before));
	assert_int_equal(registry_open(&o, &s, err), 0);
	return registry_blobs_get(s, &b, 1, NULL, err);
}

static void file_holds(struct fixture *f, const char *want)
{
	char got[256] = "";

	assert_int_equal(pread(f->fd, got, sizeof(got) - 1, 0), strlen(want));
	assert_string_equal(got, want);
}

static void server_that_ignores_ranges_is_no_obstacle(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_int_equal(get(f, "ignores-ranges", "", &err), 0);
	file_holds(f, CONTENT);
	assert_int_equal(get(f, "ignores-ranges", "0123456789", &err), 0);
	file_holds(f, CONTENT);
}

static void wrong_content_is_named_and_thrown_away(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_int_equal(get(f, "lies", "", &err), -ERR_CORRUPT);
	assert_non_null(strstr(err.text, f->digest));
	file_holds(f, "");
	assert_int_equal(get(f, "lies", "0123", &err), -ERR_CORRUPT);
	file_holds(f, "");
}

static void wrong_length_is_corrupt(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_int_equal(get(f, "longer", "", &err), -ERR_CORRUPT);
	file_holds(f, "");
	assert_int_equal(get(f, "shorter", "", &err), -ERR_CORRUPT);
	file_holds(f, "");
}

static void part_that_does_not_fit_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_int_equal(get(f, "wrong-part", "0123456789", &err), -ERR_INVALID);
	assert_int_equal(get(f, "no-range", "0123456789", &err), -ERR_INVALID);
	file_holds(f, "0123456789");
}

static void broken_connection_is_taken_up_again(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_int_equal(get(f, "breaks", "", &err), 0);
	file_holds(f, CONTENT);
}

static void complete_file_needs_no_request(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_int_equal(get(f, "unknown", CONTENT, &err), 0);
	assert_int_equal(get(f, "unknown", "", &err), -ERR_NOT_FOUND);
}

static void upload_to_another_address_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct registry_options o = {
	    .host = f->host, .repository = "up", .access = REGISTRY_PUSH, .insecure = true};
	struct registry_upload u = {.digest = f->digest, .size = SIZE, .fd = f->fd};
	AUTO(registry_close_p) struct registry_session *s = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(registry_open(&o, &s, &err), 0);
	assert_int_equal(registry_blobs_put(s, &u, 1, 0, &err), -ERR_INVALID);
	assert_non_null(strstr(err.text, "127.0.0.2:1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(server_that_ignores_ranges_is_no_obstacle),
	    cmocka_unit_test(wrong_content_is_named_and_thrown_away),
	    cmocka_unit_test(wrong_length_is_corrupt),
	    cmocka_unit_test(part_that_does_not_fit_is_refused),
	    cmocka_unit_test(broken_connection_is_taken_up_again),
	    cmocka_unit_test(complete_file_needs_no_request),
	    cmocka_unit_test(upload_to_another_address_is_refused),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
