# podman.bash - podman on a test's store, beside kist (loaded after helpers.bash).
# shellcheck shell=bash
#
#   need_podman                 skip the test where podman is not installed; writes its configuration
#   pod ARG...                  podman on the store of the test
#   pod_in ROOT RUN ARG...      on another one
#   podman_gone                 in teardown, before test_teardown: its containers and mounts
#   podman_major                4 or 5

# shellcheck source=test/lib/podman.bash
# shellcheck disable=SC2154 # top: of whoever sources this
. "$top/test/lib/podman.bash"

need_podman() {
    need_kist
    command -v podman >/dev/null || skip "podman is not installed"
    podman_conf "$STORE/podman.conf"
}

pod_in() {
    CONTAINERS_CONF=$STORE/podman.conf timeout -k 5 60 podman --log-level error --root "$1" --runroot "$2" \
        --storage-driver overlay --runtime "$(podman_runtime)" --cgroup-manager cgroupfs "${@:3}" 3>&-
}

pod() { pod_in "$ROOT" "$RUN" "$@"; }

podman_gone() {
    [ ! -e "$STORE/podman.conf" ] || pod rm -af -t 0 >/dev/null 2>&1 || true
    if is_root; then umount "$ROOT/overlay" 2>/dev/null || true; fi
}

podman_major() { podman --version | sed -E 's/.* ([0-9]+)\..*/\1/'; }
