# helpers.bash - what every file of the bats suite loads.
# shellcheck shell=bash disable=SC2034
#
# A file's setup_file calls file_setup (registry, images), its teardown_file file_teardown; each test has
# a store of its own in $ROOT and $RUN, below $STORE on a real file system, and a home of its own in $HOME.
#   KIST        the binary (default bin/kist of this checkout)
#   KIST_FLAGS  more global options for every call
# In a test:
#   kist ARG...           the binary with --root and --runroot
#   need_image NAME       pull the image NAME of the file's registry into the test's store; sets $IMG
#   kist_bg ARG...        run it in the background; sets $BG (its pid)
#   rc N COMMAND...       run COMMAND and want exit code N (or "N|M"); sets $output (both streams), $stdout, $stderr
#   has TEXT, hasnt TEXT, matches REGEX   about $output (REGEX: about one line of it)
#   is "WANT" "GOT"       two strings are the same
#   eventually COMMAND... try again for 10 seconds
#   with_tty COMMAND...   see tty.bash

bats_require_minimum_version 1.5.0

suite=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$suite")")
# shellcheck source=test/lib/registry.bash
. "$top/test/lib/registry.bash"
KIST=$(readlink -f "$(command -v "${KIST:-$top/bin/kist}" || echo "${KIST:-$top/bin/kist}")")
CACHE=${KIST_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kist-test}
export KIST CACHE
export PATH=$PATH:/usr/sbin:/sbin
unset CONTAINERS_CONF CONTAINERS_STORAGE_CONF CONTAINERS_REGISTRIES_CONF DOCKER_CONFIG
umask 022

# --- the file: a directory on a real file system, images, a registry -----------------------------------
file_setup() {
    file_setup_bare "$@"
    start_registry "$FILE/reg"
    local name
    for name in "${@:-busybox}"; do registry_push "$FILE/reg" "$CACHE/oci/$name" "$name" >/dev/null; done
}

# file_setup_bare [NAME...]: only a directory and the images in $CACHE/oci, these too
file_setup_bare() {
    [ -x "$KIST" ] || { echo "# no kist at $KIST: make first" >&3; return 1; }
    "$top/test/images/make-images.sh" "$CACHE" busybox entry multi badlayer "$@" >/dev/null
    FILE=$(mktemp -d "${KIST_TEST_DIR:-/var/tmp}/kb.XXXXXX")
    export FILE
    chmod 755 "$FILE"
}

file_teardown() {
    [ -n "${FILE:-}" ] || return 0
    local dir
    for dir in "$FILE"/reg*; do stop_registry "$dir"; done
    remove_tree "$FILE"
}

# remove_tree DIR: also what belongs to subordinate users
remove_tree() {
    rm -rf --one-file-system "$1" 2>/dev/null && return 0
    [ "$(id -u)" = 0 ] || unshare --user --map-root-user --map-auto rm -rf --one-file-system "$1" 2>/dev/null && return 0
    chmod -R u+rwX "$1" 2>/dev/null || true
    rm -rf --one-file-system "$1"
}

# --- the test: a store and a home ----------------------------------------------------------------------
setup() {
    test_setup
}

teardown() {
    test_teardown
}

test_setup() {
    STORE=$FILE/$BATS_TEST_NUMBER
    ROOT=$STORE/root
    RUN=$STORE/run
    HOME=$STORE/home
    mkdir -p "$STORE" "$HOME" "$STORE/xdg"
    chmod 700 "$STORE/xdg"
    export STORE ROOT RUN HOME
    export REGISTRY_AUTH_FILE=$STORE/auth.json
    echo '{}' >"$REGISTRY_AUTH_FILE"
    chmod 600 "$REGISTRY_AUTH_FILE"
    if [ "$(id -u)" != 0 ] && [ ! -O "${XDG_RUNTIME_DIR:-/nonexistent}" ]; then export XDG_RUNTIME_DIR=$STORE/xdg; fi
    BG=
    cd "$STORE" || return 1
}

# Whatever a test did, "rm" takes its containers away, and then nothing of them is left: no process, no mount.
test_teardown() {
    local id
    [ -d "${STORE:-/nonexistent}" ] || return 0
    [ -z "$BG" ] || kill -KILL "$BG" 2>/dev/null || true
    for id in $(kist ps -aq 2>/dev/null); do kist rm -f -t 0 "$id" >/dev/null 2>&1 || true; done
    cd /
    nothing_left || { end_leftovers; remove_tree "$STORE"; return 1; }
    if is_root; then umount "$ROOT/overlay" 2>/dev/null || true; fi
    remove_tree "$STORE"
}

# nothing_left: no process of this test's store, no mount below it, no cgroup of a container
nothing_left() {
    eventually no_process_left || { echo "processes left:"; store_processes; return 1; }
    # (podman itself leaves a bind mount of the driver's directory)
    ! grep -F " $STORE/" /proc/self/mountinfo | grep -vF " $ROOT/overlay " || { echo "mounts left"; return 1; }
}

no_process_left() {
    [ -z "$(store_processes)" ]
}

# store_processes: pid and command line of the processes that name this test's store in their arguments, or whose
# root is an overlay of it. (A mount anywhere else is no sign: every process of the host would see it.)
store_processes() {
    local pid
    # the pattern comes by standard input, so that grep does not find itself
    # shellcheck disable=SC2062
    {
        grep -lsF --file=- /proc/[0-9]*/cmdline <<<"$STORE/r"
        grep -HsF --file=- /proc/[0-9]*/mountinfo <<<"$STORE/r" | awk '$5 == "/" { sub(/:.*/, ""); print }'
    } | cut -d / -f 3 | sort -u | while read -r pid; do
        # catatonit -P is podman's own pause process
        grep -qsF catatonit "/proc/$pid/cmdline" || echo "$pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"
    done 2>/dev/null
}

# end_leftovers: after a failure, so that one test's leftovers do not spoil the next ones
end_leftovers() {
    local pid mountpoint
    store_processes | while read -r pid _; do kill -KILL "$pid" 2>/dev/null || true; done
    awk -v s="$STORE/" 'index($5, s) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
        while read -r mountpoint; do umount -l "$mountpoint" || true; done
}

# --- in a test -----------------------------------------------------------------------------------------
kist() {
    # no call takes longer than a minute, whatever goes wrong
    # shellcheck disable=SC2086
    timeout --foreground -k 5 60 "$KIST" ${KIST_FLAGS:-} --root "$ROOT" --runroot "$RUN" "$@"
}

# kist_bg ARG...: in the background, with the file descriptors of bats closed
kist_bg() {
    # shellcheck disable=SC2086
    "$KIST" ${KIST_FLAGS:-} --root "$ROOT" --runroot "$RUN" "$@" 3>&- 4>&- &
    BG=$!
}

need_image() {
    IMG=$REGISTRY/${1:-busybox}
    kist pull -q --tls-verify=false "$IMG" >/dev/null
}

# started NAME ARG...: a detached container that sleeps
started() {
    local name=$1
    shift
    kist run -d --name "$name" --network none "$@" "$IMG" sleep 300 >/dev/null
}

rc() {
    local want=$1 got=0
    shift
    "$@" >"$STORE/.out" 2>"$STORE/.err" 3>&- || got=$?
    stdout=$(tr -d '\0' <"$STORE/.out")
    stderr=$(tr -d '\0' <"$STORE/.err")
    output=$stdout${stdout:+${stderr:+$'\n'}}$stderr
    if [[ $got =~ ^($want)$ ]]; then return 0; fi
    printf 'exit code %s, wanted %s: %s\nstdout: %s\nstderr: %s\n' "$got" "$want" "$*" "$stdout" "$stderr"
    return 1
}

has() {
    [[ $output == *"$1"* ]] || { printf 'no "%s" in:\n%s\n' "$1" "$output"; return 1; }
}

hasnt() {
    [[ $output != *"$1"* ]] || { printf 'there is "%s" in:\n%s\n' "$1" "$output"; return 1; }
}

matches() {
    grep -Eq -- "$1" <<<"$output" || { printf 'no match of %s in:\n%s\n' "$1" "$output"; return 1; }
}

is() {
    [ "$1" = "$2" ] || { printf 'wanted: %s\ngot:    %s\n' "$1" "$2"; return 1; }
}

eventually() {
    local end=$((SECONDS + 10))
    while ((SECONDS < end)); do
        if "$@"; then return 0; fi
        sleep 0.05
    done
    return 1
}

# status_is NAME STATUS
status_is() { [ "$(kist inspect --format '{{.State.Status}}' "$1" 2>/dev/null)" = "$2" ]; }

# log_has NAME TEXT
log_has() { [[ $(kist logs "$1" 2>&1) == *"$2"* ]]; }

is_root() { [ "$(id -u)" = 0 ]; }

need_root() { is_root || skip "only as root"; }

need_user() { ! is_root || skip "only as an ordinary user"; }

# What this program is called is asked where podman itself stands in for kist.
need_kist() { [[ $KIST == *kist* ]] || skip "only of kist itself"; }
