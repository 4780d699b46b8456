/*
 * test_server.h - a scripted server in a child process (one more for each connection), for the
 * tests of this module: a static part of test_http.c.
 */
#ifndef HTTP_TEST_SERVER_H
#define HTTP_TEST_SERVER_H

#include "base/auto.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct test_server {
	pid_t pid;
	int port[2]; /* the same server as two origins */
	int *busy;   /* requests for /busy and /always-busy so far; shared memory */
};

struct test_request {
	char method[16], path[256], auth[256], agent[64];
	char body[4096];
	size_t body_len;
};

static void tell(int fd, const char *text)
{
	(void)!write(fd, text, strlen(text));
}

static void tell_body(int fd, const char *head, const char *body)
{
	(void)dprintf(fd, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", head,
		      strlen(body), body);
}

static void get_header(const char *head, const char *name, char *out, size_t size)
{
	const char *p = strcasestr(head, name);

	out[0] = '\0';
	if (p)
		(void)snprintf(out, size, "%.*s", (int)strcspn(p + strlen(name), "\r"),
			       p + strlen(name));
}

/* Reads all of a body that has a length, or is chunked (kept with its chunk lines). */
static void read_body(int fd, const char *head, const char *rest, struct test_request *q)
{
	char length[32];
	size_t want;
	ssize_t n;
	bool chunked = strcasestr(head, "Transfer-Encoding: chunked");

	get_header(head, "Content-Length: ", length, sizeof(length));
	want = chunked ? sizeof(q->body) - 1 : (size_t)strtoul(length, NULL, 10);
	if (strcasestr(head, "Expect: 100-continue"))
		tell(fd, "HTTP/1.1 100 Continue\r\n\r\n");
	q->body_len = strlen(rest);
	memcpy(q->body, rest, q->body_len);
	while (q->body_len < want && q->body_len < sizeof(q->body) - 1) {
		q->body[q->body_len] = '\0';
		if (chunked && str_ends(q->body, "0\r\n\r\n"))
			return;
		n = read(fd, q->body + q->body_len, sizeof(q->body) - 1 - q->body_len);
		if (n <= 0)
			return;
		q->body_len += (size_t)n;
	}
	q->body[q->body_len] = '\0';
}

static int read_request(int fd, struct test_request *q)
{
	char head[4096], *end = NULL;
	size_t have = 0;
	ssize_t n;

	while (!end && have < sizeof(head) - 1) {
		n = read(fd, head + have, sizeof(head) - 1 - have);
		if (n <= 0)
			return -1;
		have += (size_t)n;
		head[have] = '\0';
		if (head[0] < 'A') { /* a TLS greeting */
			tell(fd, "HTTP/1.0 400 Bad Request\r\n\r\n");
			return -1;
		}
		end = strstr(head, "\r\n\r\n");
	}
	if (!end || sscanf(head, "%15s %255s", q->method, q->path) != 2)
		return -1;
	get_header(head, "Authorization: ", q->auth, sizeof(q->auth));
	get_header(head, "User-Agent: ", q->agent, sizeof(q->agent));
	end[2] = '\0';
	if (strcmp(q->path, "/deny") != 0)
		read_body(fd, head, end + 4, q);
	return 0;
}

static void answer_big(int fd)
{
	static char block[1 << 20];

	memset(block, 'x', sizeof(block));
	tell(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n");
	(void)!write(fd, block, sizeof(block));
}

/* Something now and then, for a minute. */
static void drip(int fd, const char *text)
{
	int i;

	for (i = 0; i < 600; i++) {
		if (write(fd, text, strlen(text)) < 0)
			return;
		(void)usleep(100000);
	}
}

static void repeat(int fd, const char *text, int times)
{
	int i;

	for (i = 0; i < times; i++)
		tell(fd, text);
}

static void answer_hostile(int fd, const char *path)
{
	int i;

	if (streq(path, "/endless-error")) {
		tell(fd, "HTTP/1.1 404 Not Found\r\n\r\n");
		while (write(fd, "no such thing ", 14) > 0)
			;
	} else if (streq(path, "/headers")) {
		tell(fd, "HTTP/1.1 200 OK\r\n");
		for (i = 0; i < 100000; i++)
			tell(fd, "X-Filler: 0123456789012345678901234567890123456789\r\n");
	} else if (streq(path, "/cut")) {
		tell(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
	} else if (streq(path, "/interim")) {
		repeat(fd, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 100000);
	} else if (streq(path, "/trailers")) {
		tell(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n");
		repeat(fd, "X-Trailer: 0123456789012345678901234567890123456789\r\n", 100000);
	} else if (streq(path, "/drip-header")) {
		tell(fd, "HTTP/1.1 200 OK\r\nX: ");
		drip(fd, "x");
	} else if (streq(path, "/drip-body")) {
		tell(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
		drip(fd, "x");
	} else if (streq(path, "/slow")) {
		tell(fd, "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n");
		for (i = 0; i < 3; i++) {
			(void)usleep(600000);
			tell(fd, "xxxxx");
		}
	} else if (streq(path, "/stall")) {
		(void)sleep(60);
	} else {
		tell_body(fd, "404 Not Found", "{}");
	}
}

static void answer_request(int fd, const struct test_server *s, const struct test_request *q)
{
	char text[8192];
	const char *p = q->path;

	if (streq(p, "/ok")) {
		tell_body(fd, "200 OK\r\nX-Two: a\r\nx-two:  b \r\nDocker-Content-Digest: d",
			  "hello");
	} else if (str_ends(p, "/echo")) {
		(void)snprintf(text, sizeof(text), "%s [%s] %s|%s", q->method, q->auth, q->agent,
			       q->body);
		tell_body(fd, "200 OK", text);
	} else if (streq(p, "/away") || streq(p, "/away307")) {
		(void)snprintf(text, sizeof(text), "%s\r\nLocation: http://127.0.0.1:%d/echo",
			       streq(p, "/away") ? "302 Found" : "307 Temporary Redirect",
			       s->port[1]);
		tell_body(fd, text, "");
	} else if (streq(p, "/home")) {
		tell_body(fd, "302 Found\r\nLocation: echo", "");
	} else if (streq(p, "/home307")) {
		tell_body(fd, "307 Temporary Redirect\r\nLocation: /echo", "");
	} else if (streq(p, "/loop")) {
		tell_body(fd, "302 Found\r\nLocation: /loop", "");
	} else if (streq(p, "/evil")) {
		tell_body(fd, "302 Found\r\nLocation: file:///etc/passwd", "");
	} else if (streq(p, "/busy") && __sync_fetch_and_add(s->busy, 1) == 0) {
		tell_body(fd, "503 Busy\r\nRetry-After: 0", "later");
	} else if (streq(p, "/busy")) {
		tell_body(fd, "200 OK", "hello");
	} else if (streq(p, "/always-busy")) {
		(void)__sync_fetch_and_add(s->busy, 1);
		tell_body(fd, "429 Too Many Requests\r\nRetry-After: 0", "later");
	} else if (streq(p, "/deny")) {
		tell_body(fd, "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"", "no");
	} else if (streq(p, "/big")) {
		answer_big(fd);
	} else {
		answer_hostile(fd, p);
	}
}

static _Noreturn void serve(const struct test_server *s, const int listeners[2])
{
	struct pollfd p[2] = {{listeners[0], POLLIN, 0}, {listeners[1], POLLIN, 0}};
	struct test_request q;
	int i, fd;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGCHLD, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	for (;;) {
		if (poll(p, 2, -1) < 0)
			continue;
		i = p[0].revents ? 0 : 1;
		fd = accept(p[i].fd, NULL, NULL);
		if (fd >= 0 && fork() == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			memset(&q, 0, sizeof(q));
			if (read_request(fd, &q) == 0)
				answer_request(fd, s, &q);
			(void)shutdown(fd, SHUT_WR);
			_exit(0);
		}
		(void)close(fd);
	}
}

static int listen_loopback(int *ret_port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) < 0 || listen(fd, 64) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return -1;
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static int test_server_start(struct test_server *s)
{
	int fds[2], i;

	s->busy =
	    mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < 2; i++) {
		fds[i] = listen_loopback(&s->port[i]);
		if (fds[i] < 0)
			return -1;
	}
	s->pid = fork();
	if (s->pid == 0)
		serve(s, fds);
	(void)close(fds[0]);
	(void)close(fds[1]);
	return s->pid < 0 ? -1 : 0;
}

static void test_server_stop(struct test_server *s)
{
	(void)kill(s->pid, SIGKILL);
	(void)waitpid(s->pid, NULL, 0);
	(void)munmap(s->busy, sizeof(int));
}

#endif
