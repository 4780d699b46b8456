#!/bin/bash
# soak.sh - kist, podman, buildah and skopeo at random on one store, all at once; then the store is whole and every image runs.
#   soak.sh [SECONDS]       (30)
# KIST_SOAK_SEED: choose the same operations again (when they meet is the machine's choice).
# KIST, KIST_TEST_CACHE, KIST_TEST_DIR: as in test/system/helpers.bash. KIST_SOAK_KEEP=1: leave the store, if anything failed.
# TAP on standard output: what must hold at the end, a line each.
set -uo pipefail

top=$(dirname "$(dirname "$(readlink -f "$0")")")
# shellcheck source=test/lib/registry.bash
. "$top/test/lib/registry.bash"
# shellcheck source=test/lib/engines.bash
. "$top/test/lib/engines.bash"
KIST=$(readlink -f "${KIST:-$top/bin/kist}")
cache=${KIST_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kist-test}
export PATH=$PATH:/usr/sbin:/sbin KIST
unset CONTAINERS_CONF CONTAINERS_STORAGE_CONF CONTAINERS_REGISTRIES_CONF DOCKER_CONFIG
umask 022
seconds=${1:-30}
seed=${KIST_SOAK_SEED:-$((RANDOM * 32768 + RANDOM))}
# Images that podman's check can judge: it takes for altered, also when it unpacked the layer itself, a directory that a
# tar only implies, a hard link or a symbolic link whose header has another mode than the file, and more (not the image odd).
shared=(busybox entry six sixty)

# --- what may fail, and how ----------------------------------------------------------------------------
# An image may be gone, because another worker removed it, or be in use. kist says so in these words and in no others:
kist_may='image not known$|image .* is in use by |image [0-9a-f]{12} is not in the store$|it is not in the store any more$'
# Go's tools look an image up and use it without a lock between, so that they also trip in the middle of things:
go_may='image not known|does not resolve to an image ID|image is in use|used by|identifier is not an image|layer not known|layer is in use|does not exist|no such image'
# a pull or commit makes the image without a name first, and anyone's prune may take it then
go_may+='|locating pulled image|locating image|unable to find|could not find|not found in local|error (setting|adding) names'
go_may+='|reading blob|writing blob|committing|size of image|reading image|no such file or directory|creating container storage'
go_may+='|top layer|parent of layer|identifier is not a layer|container not known|no container with'

# --- a worker ------------------------------------------------------------------------------------------
pick() { local -n pick_list=$1; picked=${pick_list[RANDOM % ${#pick_list[@]}]}; }

# some_image: one of the registry's, or a name this or another worker gave one; sets image
some_image() {
    if ((RANDOM % 3)); then
        pick shared
        image=$REGISTRY/$picked
    else
        pick engines
        image=localhost/$picked/tag:$((RANDOM % 4))
    fi
}

# documented: is what this worker's last command said one of the ways it may fail?
documented() {
    # (ran adds a line of its own)
    if [ "$tool" = kist ]; then grep -v '^exit code ' "$work/kist.err" | tail -n 1 | grep -Eq "$kist_may"; else grep -Eq "$go_may" "$work/$tool.err"; fi
}

# op NAME COMMAND...: one operation of this worker; what it may not do is noted in $work/wrong
op() {
    local name=$1 code=0 start=${EPOCHREALTIME/./}
    shift
    "$@" >"$work/$tool.out" 2>"$work/$tool.err" || code=$?
    printf '%s %6d ms  %s %s -> %s\n' "$(date +%T.%3N)" $((${EPOCHREALTIME/./} / 1000 - start / 1000)) "$tool" "$name $*" "$code" >>"$work/$tool.log"
    [ "$code" != 0 ] || return 0
    sed 's/^/    /' "$work/$tool.err" >>"$work/$tool.log"
    if [ "$name" = always ] || ! documented; then
        printf '%s %s: exit code %s\n%s\n' "$tool" "$*" "$code" "$(tail -n 20 "$work/$tool.out" "$work/$tool.err" | cut -c 1-500)" >>"$work/wrong"
    fi
    return "$code"
}

ran() {
    local said code=0
    said=$(do_run "$@") || code=$?
    [ "$code$said" = 0ran ] || { echo "exit code $code, and it said: $said" >&2; return 1; }
}

# The Go tools lose images to each other without any kist: they record an image, name it last, and each prune removes
# by ID what had no name when it looked ("podman commit" and "podman image prune" in two loops: every tenth commit
# said that it had succeeded, and its image was gone). So no Go prune runs beside a Go commit; kist's run at any time.
alone_with_names() {
    [ "$tool" != kist ] || { "${@:2}"; return; }
    local code=0
    flock "$1" 9
    "${@:2}" || code=$?
    flock -u 9
    return "$code"
}

# An image of this worker alone: what it made and did not remove is there at the end, whatever the others did.
make_own() {
    local name
    some_image
    made=$((made + 1))
    name=localhost/$tool/own:$made
    if alone_with_names -s op may do_commit "$tool" "$image" "$name" "$tool $made $seed"; then own+=("$name=$tool $made $seed"); fi
}

drop_own() {
    local n=$((RANDOM % (${#own[@]} + 1))) name
    [ "$n" -lt "${#own[@]}" ] || return 0
    name=${own[n]%%=*}
    # what failed may have removed it or not
    op may do_rmi "$tool" "$name" || true
    unset "own[n]"
    own=("${own[@]}")
}

detached() {
    on kist run -d --name detached --pull never --network none --entrypoint '' "$image" sleep 60 && on kist exec detached true &&
        on kist diff detached && on kist rm -f -t 0 detached
}

# Mounts of images are root's; a user is refused. By ID: the name may be another image's a moment later.
mounted() {
    local id
    [ "$(id -u)" = 0 ] || { on kist history "$image"; return; }
    id=$(on kist image inspect --format '{{.Id}}' "$image") && on kist image mount "$id" && on kist image unmount "$id"
}

# kist_more: what only kist's worker does
kist_more() {
    case $((RANDOM % 11)) in
    0) op always on kist system df ;;
    1) op always on kist ps -a ;;
    2) op always list_images kist ;;
    3) op always on kist system check --quick ;;
    4) op always on kist system check ;;
    5) op always on kist system check --quick --repair --tls-verify=false ;;
    6) some_image; op may on kist history "$image" ;;
    7) some_image; op may on kist push -q --tls-verify=false "$image" "$REGISTRY/pushed/kist:$((RANDOM % 4))" ;;
    8) some_image; op may detached ;;
    9) some_image; op may mounted ;;
    10) some_image; op may on kist save -q -o "$work/kist.tar" "$image" && op may on kist load -q -i "$work/kist.tar"; rm -f "$work/kist.tar" ;;
    esac
}

worker() {
    local tool=$1 end=$((SECONDS + seconds)) image picked made=0 own=()
    RANDOM=$((seed + $2))
    exec 9>"$work/names.lock"
    while ((SECONDS < end)); do
        case $((RANDOM % 16)) in
        0 | 1 | 2 | 3) pick shared; op may do_pull "$tool" "$REGISTRY/$picked" ;;
        4 | 5) some_image; op may do_tag "$tool" "$image" "localhost/$tool/tag:$((RANDOM % 4))" ;;
        6 | 7 | 8) some_image; op may ran "$tool" "$image" ;;
        9 | 10) make_own ;;
        11) drop_own ;;
        12 | 13) some_image; op may do_rmi "$tool" "$image" ;;
        14) alone_with_names -x op may do_prune "$tool" ;;
        15) if [ "$tool" = kist ]; then kist_more; elif [ "$tool" != skopeo ]; then op may list_images "$tool"; fi ;;
        esac
    done
    printf '%s\n' ${own[@]+"${own[@]}"} >"$work/$tool.own"
}

# --- what must hold at the end ---------------------------------------------------------------------------
tests=0 failed=0

# check TITLE COMMAND...: one line of TAP, the output of what failed as comments
check() {
    local title=$1 out
    shift
    tests=$((tests + 1))
    if out=$("$@" 2>&1); then
        echo "ok $tests soak: $title"
    else
        echo "not ok $tests soak: $title"
        head -n 60 <<<"$out" | cut -c 1-400 | sed 's/^/# /'
        failed=$((failed + 1))
    fi
}

only_documented_failures() { [ ! -s "$work/wrong" ] || { cat "$work/wrong"; return 1; }; }

# busy: each worker did something of each kind (else this shows nothing)
busy() {
    local tool
    for tool in "${engines[@]}"; do grep -c -- '-> 0$' "$work/$tool.log" | grep -qv '^0$' || { echo "$tool did nothing"; return 1; }; done
}

same_lists() {
    list_images kist >"$work/list.kist"
    [ -s "$work/list.kist" ] || { echo "no image is left"; return 1; }
    list_images podman | diff "$work/list.kist" - && list_images buildah | diff "$work/list.kist" -
}

podman_checks() {
    # an unknown word with --help is no error for podman
    if on podman system --help | grep -qw check; then on podman system check || { mounts_left; return 1; }; else all_exported; fi
}

# mounts_left: what is mounted below the store, what counts as mounted, and whose layer each is
mounts_left() {
    local layer
    grep -F " $root/" /proc/self/mountinfo
    cat "$work/run/overlay-layers/mountpoints.json"
    for layer in $(grep -F " $root/overlay/" /proc/self/mountinfo | sed -nE 's,.*/overlay/([0-9a-f]{64})/merged .*,\1,p'); do
        jq -c --arg l "$layer" '.[] | select(.id == $l)' "$root/overlay-layers/layers.json"
        jq -c --arg l "$layer" '.[] | select(.layer == $l or .id == $l) | {id, names, layer}' "$root"/overlay-*/{images,containers}.json
        grep -h -F "${layer:0:12}" "$work"/*.log | tail -n 5
    done
}

# all_exported: for a podman without a check: skopeo reads each image, and its layers are what it says
all_exported() {
    local id
    for id in $(ids); do
        rm -rf "$work/exported"
        exported "@$id" "$work/exported" || { echo "image $id"; return 1; }
    done
    rm -rf "$work/exported"
}

ids() { cut -d ' ' -f 2 "$work/list.kist" | sort -u; }

each_runs() {
    local id out
    for id in $(ids); do
        out=$(on "$1" run --rm --pull never --network none --entrypoint '' "$id" echo ran) || { echo "image $id: $out"; return 1; }
        [ "$out" = ran ] || { echo "image $id: $out"; return 1; }
    done
}

# own_images: what each worker made and did not remove, with its content
own_images() {
    local line name text code=0
    while IFS= read -r line; do
        [ -n "$line" ] || continue
        name=${line%%=*} text=${line#*=}
        [ "$(on kist run --rm --pull never --network none --entrypoint '' "$name" cat /made 2>&1)" = "$text" ] || { echo "$name is lost"; code=1; }
    done < <(cat "$work"/*.own)
    return $code
}

kist_container_lives() {
    [ "$(on kist exec keeper echo alive)" = alive ] && on kist rm -f -t 0 keeper
}

podman_container_starts() {
    [ "$(on podman start -a pkeeper)" = ran ] && on podman rm -f pkeeper
}

# nothing_left: when all is removed, no layer, link or file of one is left
nothing_left() {
    local left
    on buildah rm -a && on podman rm -af && on kist rm -af && on kist rmi -af || return 1
    left=$(find "$root/overlay" -mindepth 1 -maxdepth 2 ! -path "$root/overlay/l" ! -name .has-mount-program ! -path '*/tempdirs' \
        ! -path '*/staging' ! -name '*-true' ! -name '*-false'; find "$root/overlay-layers" "$root/overlay-images" -mindepth 1 \
        ! -name '*.lock' ! -name '*.json' ! -name tmp; find "$root/kist/staging" "$root/kist/creating" "$root/kist/trash" -mindepth 1)
    [ -z "$left" ] || { echo "$left"; return 1; }
    [ "$(jq length "$root/overlay-layers/layers.json")" = 0 ] && [ "$(jq length "$root/overlay-images/images.json")" = 0 ]
}

# --- the whole -------------------------------------------------------------------------------------------
prepare() {
    local name
    "$top/test/images/make-images.sh" "$cache" "${shared[@]}" >/dev/null || return 1
    start_registry "$work/reg" || return 1
    for name in "${shared[@]}"; do registry_push "$work/reg" "$cache/oci/$name" "$name" >/dev/null || return 1; done
    do_pull kist "$REGISTRY/busybox" || return 1
    on kist run -d --name keeper --network none "$REGISTRY/busybox" sleep 86400 >/dev/null || return 1
    on podman create --name pkeeper --pull never --network none "$REGISTRY/busybox" echo ran >/dev/null
}

finish() {
    trap - EXIT
    local pid
    for pid in $(jobs -p); do kill "$pid" 2>/dev/null; done
    on kist rm -af -t 0 >/dev/null 2>&1
    on podman rm -af -t 0 >/dev/null 2>&1
    stop_registry "$work/reg"
    if [ "$(id -u)" = 0 ]; then umount "$root/overlay" 2>/dev/null; fi
    if [ "$failed" != 0 ] && [ -n "${KIST_SOAK_KEEP:-}" ]; then echo "# kept: $work"; return; fi
    cd /
    rm -rf --one-file-system "$work" 2>/dev/null || unshare --user --map-root-user --map-auto rm -rf --one-file-system "$work"
}

main() {
    local n=0 tool pids=()
    work=$(mktemp -d "${KIST_TEST_DIR:-/var/tmp}/kist-soak.XXXXXX")
    root=$work/root
    chmod 755 "$work"
    mkdir -p "$work/home" "$work/xdg"
    chmod 700 "$work/xdg"
    export HOME=$work/home REGISTRY_AUTH_FILE=$work/auth.json
    echo '{}' >"$REGISTRY_AUTH_FILE"
    if [ "$(id -u)" != 0 ] && [ ! -O "${XDG_RUNTIME_DIR:-/nonexistent}" ]; then export XDG_RUNTIME_DIR=$work/xdg; fi
    engines_setup "$work/engines" "$root" "$work/run"
    cd "$work" || exit 1
    trap finish EXIT
    trap 'exit 130' INT TERM
    engines_ready || { echo "1..0 # skip podman, buildah, skopeo and jq are needed"; exit 0; }
    echo "# seed $seed, $seconds s (KIST_SOAK_SEED=$seed test/soak.sh $seconds)"
    prepare || { echo "Bail out! the store could not be prepared"; exit 1; }
    for tool in "${engines[@]}"; do
        n=$((n + 1))
        worker "$tool" "$n" &
        pids+=($!)
    done
    wait "${pids[@]}"
    for tool in "${engines[@]}"; do
        echo "# $tool: $(grep -c -- '-> 0$' "$work/$tool.log") operations done, $(grep -c -- '-> [1-9][0-9]*$' "$work/$tool.log") refused"
    done
    check "every worker did its work" busy
    check "operations failed in documented ways only" only_documented_failures
    check "kist's check of the store finds nothing" on kist system check
    check "kist, podman and buildah list the same images" same_lists
    check "podman's check of the store finds nothing, or all images can be read by skopeo" podman_checks
    check "every image runs with kist" each_runs kist
    check "every image runs with podman" each_runs podman
    check "what a worker made is there" own_images
    check "kist's container ran on its image all the time" kist_container_lives
    check "podman's container starts on its image" podman_container_starts
    check "when all is removed nothing is left" nothing_left
    echo "1..$tests"
    [ "$failed" = 0 ]
}

main
