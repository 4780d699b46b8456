# podman.bash - what podman and buildah have to be told on the machines that test (sourced).
# shellcheck shell=bash

# podman_limits FILE: a containers.conf. They raise limits that a machine without CAP_SYS_RESOURCE cannot raise, and set
# others that need control groups.
podman_limits() {
    local files processes
    files=$(ulimit -Hn)
    processes=$(ulimit -Hu)
    [ "$processes" != unlimited ] && [ "$processes" -lt 4096 ] || processes=4096
    printf '[containers]\ndefault_ulimits = ["nofile=%s:%s", "nproc=%s:%s"]\npids_limit = 0\n' \
        "$files" "$files" "$processes" "$processes" >"$1"
}

# podman_conf FILE: and they end without netavark unless told.
podman_conf() {
    podman_limits "$1"
    [ -e /usr/lib/podman/netavark ] || [ -e /usr/libexec/podman/netavark ] ||
        printf '[network]\nnetwork_backend = "cni"\n' >>"$1"
}

# The runtime of whichever distribution.
podman_runtime() { command -v runc || command -v crun; }
