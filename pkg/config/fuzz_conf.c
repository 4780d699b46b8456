/* storage.conf and containers.conf: whole files, with all that is asked of them. */
#include "base/auto.h"
#include "base/err.h"
#include "config/containers.h"
#include "config/env.h"
#include "config/storage.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[64];

static void gone(void)
{
	(void)unlink(path);
}

static int place(void)
{
	static int fd = -1;

	if (fd >= 0)
		return fd;
	(void)snprintf(path, sizeof(path), "/tmp/kist-fuzz-conf-%d", (int)getpid());
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || atexit(gone) != 0)
		abort();
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(containers_conf_fini) struct containers_conf c = CONTAINERS_CONF_INIT;
	AUTO_STORAGE_CONF struct storage_conf s = STORAGE_CONF_INIT;
	char storage[128], containers[128];
	const char *const vars[] = {storage, containers, NULL};
	struct config_env env = {
	    .uid = 1000, .rootless = true, .home = "/nonexistent", .prefix = "/nonexistent"};
	struct err err = ERR_INIT;
	int fd = place();

	if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		return 0;
	(void)snprintf(storage, sizeof(storage), "CONTAINERS_STORAGE_CONF=%s", path);
	(void)snprintf(containers, sizeof(containers), "CONTAINERS_CONF=%s", path);
	env.vars = vars;
	if (storage_conf_load(&env, NULL, &s, &err) == 0 &&
	    (s.graphroot[0] != '/' || s.runroot[0] != '/'))
		abort();
	err_clear(&err);
	(void)containers_conf_load(&env, &c, &err);
	return 0;
}
