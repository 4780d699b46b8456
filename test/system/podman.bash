# podman.bash - podman on a test's store, beside kist (loaded after helpers.bash).
# shellcheck shell=bash
#
#   need_podman                 skip the test where podman is not installed; writes its configuration
#   pod ARG...                  podman on the store of the test
#   pod_in ROOT RUN ARG...      on another one
#   podman_gone                 in teardown, before test_teardown: its containers and mounts
#   podman_major                4 or 5

need_podman() {
    need_kist
    command -v podman >/dev/null || skip "podman is not installed"
    podman_conf
}

# podman raises limits that a machine without CAP_SYS_RESOURCE cannot raise, and ends without netavark unless told
podman_conf() {
    local files processes
    files=$(ulimit -Hn)
    processes=$(ulimit -Hu)
    [ "$processes" != unlimited ] && [ "$processes" -lt 4096 ] || processes=4096
    printf '[containers]\ndefault_ulimits = ["nofile=%s:%s", "nproc=%s:%s"]\npids_limit = 0\n' \
        "$files" "$files" "$processes" "$processes" >"$STORE/podman.conf"
    [ -e /usr/lib/podman/netavark ] || [ -e /usr/libexec/podman/netavark ] ||
        printf '[network]\nnetwork_backend = "cni"\n' >>"$STORE/podman.conf"
}

pod_in() {
    CONTAINERS_CONF=$STORE/podman.conf timeout -k 5 60 podman --log-level error --root "$1" --runroot "$2" \
        --storage-driver overlay --runtime "$(command -v runc || command -v crun)" --cgroup-manager cgroupfs "${@:3}" 3>&-
}

pod() { pod_in "$ROOT" "$RUN" "$@"; }

podman_gone() {
    [ ! -e "$STORE/podman.conf" ] || pod rm -af -t 0 >/dev/null 2>&1 || true
    if is_root; then umount "$ROOT/overlay" 2>/dev/null || true; fi
}

podman_major() { podman --version | sed -E 's/.* ([0-9]+)\..*/\1/'; }
