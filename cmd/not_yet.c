#include "not_yet.h"
#include "base/auto.h"
#include "base/str.h"

#include <stddef.h>

/* Of run and create. */
#define CREATE                                                                                     \
	"add-host blkio-weight blkio-weight-device cgroup-conf cgroup-parent "                     \
	"cgroupns cgroups chrootdirs conmon-pidfile cpu-rt-period cpu-rt-runtime "                 \
	"decryption-key device device-cgroup-rule device-read-bps device-read-iops "               \
	"device-write-bps device-write-iops dns dns-option dns-search env-merge "                  \
	"expose gidmap gpus group-add group-entry health-cmd health-interval "                     \
	"health-log-destination health-max-log-count health-max-log-size "                         \
	"health-on-failure health-retries health-start-period health-startup-cmd "                 \
	"health-startup-interval health-startup-retries health-startup-success "                   \
	"health-startup-timeout health-timeout hosts-file hostuser http-proxy "                    \
	"image-volume init-path ip ip6 ipc log-opt mac-address memory-reservation "                \
	"memory-swappiness mount network-alias no-hostname no-hosts "                              \
	"oom-kill-disable oom-score-adj passwd-entry personality pid pod "                         \
	"pod-id-file publish-all:P publish:p rdt-class read-only-tmpfs requires "                  \
	"restart rootfs sdnotify seccomp-policy secret shm-size shm-size-systemd "                 \
	"subgidname subuidname sysctl systemd timeout tz uidmap ulimit umask userns "              \
	"uts volumes-from"

/* What podman 4.3 and 5.4 list in their help. */
static const struct {
	const char *path, *flags;
} table[] = {
    {"create", CREATE " attach:a init-ctr pidfile"},
    {"login", "secret"},
    {"pull", "decryption-key"},
    {"push", "encrypt-layer encryption-key sign-by "
	     "sign-by-sigstore sign-by-sigstore-private-key sign-passphrase-file"},
    {"run", CREATE " passwd rmi"},
    {"", "cdi-spec-dir compose-command conmon connection:c db-backend "
	 "default-mounts-file events-backend hooks-dir identity module namespace "
	 "network-backend network-cmd-path network-config-dir noout out remote:r "
	 "runtime runtime-flag ssh syslog transient-store url volumepath"},
};

const char *not_yet_of(const char *path)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++)
		if (streq(table[i].path, path))
			return table[i].flags;
	return NULL;
}
