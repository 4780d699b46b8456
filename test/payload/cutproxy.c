/*
 * cutproxy PORT BYTES - a proxy for the tests: listens on a free port of loopback (printed), passes
 * every connection on to 127.0.0.1:PORT, and breaks it off after BYTES bytes of answers.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in loopback(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

/* At most max bytes from one to the other; 0 at the end. */
static ssize_t pass(int from, int to, size_t max)
{
	char block[16384];
	ssize_t n = read(from, block, max < sizeof(block) ? max : sizeof(block));

	if (n <= 0 || write(to, block, (size_t)n) != n)
		return 0;
	return n;
}

static void serve(int client, int port, size_t left)
{
	struct sockaddr_in a = loopback(port);
	int server = socket(AF_INET, SOCK_STREAM, 0);
	struct pollfd p[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
	ssize_t n;

	if (server < 0 || connect(server, (struct sockaddr *)&a, sizeof(a)) < 0)
		return;
	while (left > 0 && poll(p, 2, -1) > 0) {
		if (p[0].revents && pass(client, server, 16384) == 0)
			return;
		if (!p[1].revents)
			continue;
		n = pass(server, client, left);
		if (n == 0)
			return;
		left -= (size_t)n;
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = loopback(0);
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM, 0), client;

	if (argc != 3 || listener < 0 || bind(listener, (struct sockaddr *)&a, len) < 0 ||
	    listen(listener, 64) < 0 || getsockname(listener, (struct sockaddr *)&a, &len) < 0)
		return 1;
	(void)printf("%d\n", ntohs(a.sin_port));
	(void)fflush(stdout);
	(void)signal(SIGCHLD, SIG_IGN);
	while ((client = accept(listener, NULL, NULL)) >= 0) {
		if (fork() == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(client, (int)strtoul(argv[1], NULL, 10), strtoul(argv[2], NULL, 10));
			_exit(0);
		}
		(void)close(client);
	}
	return 1;
}
