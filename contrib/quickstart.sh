#!/bin/bash
# quickstart.sh - from a clean checkout to a running container: install what the build needs, build, start a
# registry on loopback, put an image made of Debian's busybox into it, and show the main job. The store is a
# temporary one; nothing is left behind. Works as root and, once the packages are there, as an ordinary user.
set -euo pipefail

top=$(dirname "$(dirname "$(readlink -f "$0")")")
export PATH=$PATH:/usr/sbin:/sbin

say() { printf '\n== %s\n' "$*"; }

# show COMMAND...: print a kist command as a user would type it, and run it in the temporary store
show() {
    printf '\n$'
    printf ' %q' "$@"
    echo
    shift
    "$top/bin/kist" --root "$work/root" --runroot "$work/run" "$@"
}

cleanup() {
    local id
    trap - EXIT
    for id in $("$top/bin/kist" --root "$work/root" --runroot "$work/run" ps -aq 2>/dev/null); do
        "$top/bin/kist" --root "$work/root" --runroot "$work/run" rm -f "$id" >/dev/null 2>&1 || true
    done
    stop_registry "$work/registry"
    "$top/bin/kist" --root "$work/root" --runroot "$work/run" rmi -af >/dev/null 2>&1 || true
    rm -rf "$work" 2>/dev/null || chmod -R u+rwX "$work" 2>/dev/null || true
    rm -rf "$work" || echo "quickstart: $work is left" >&2
}

say "1 of 3: dependencies and build"
"$top/contrib/deps.sh" quick
make -C "$top" -s -j "$(nproc)" all

say "2 of 3: a registry on loopback, and an image for it"
# shellcheck source=test/lib/registry.bash
. "$top/test/lib/registry.bash"
work=$(mktemp -d /var/tmp/kist-quickstart.XXXXXX)
trap cleanup EXIT
trap 'exit 130' INT TERM
"$top/test/images/make-images.sh" "$work/images" busybox
start_registry "$work/registry"
registry_push "$work/registry" "$work/images/oci/busybox" busybox >/dev/null
echo "$REGISTRY_URL serves busybox"

say "3 of 3: the main job"
image=$REGISTRY/busybox
show kist pull --tls-verify=false "$image"
show kist images
show kist run --rm --network none "$image" echo "hello from a container"
# shellcheck disable=SC2016
show kist run -d --name web --network none "$image" sh -c 'echo started; while :; do sleep 1; done'
show kist ps
show kist exec web cat /etc/os-release
show kist logs web
show kist stop -t 1 web
show kist ps -a
show kist rm web
show kist rmi "$image"
show kist images
say "done: a container's output from an image that went registry, store, container"
