#!/bin/bash
# bench.sh - one table of ratios: kist against its peers, side by side in one run (A B A B ...), medians of wall time.
#   bench.sh [ROW...]      rows: run exec ps images version many monitor pull push unpack save scale (default: all)
# A peer that is not here leaves its cell empty. KIST_BENCH_N: samples a row (default 15); KIST_BENCH_MB: size of the large
# image (700); KIST_BENCH_IMAGES: images of the row scale (1000); KIST_BENCH_PATIENCE: seconds that a peer gets there (120), then
# the row says "> so long" and "< such a ratio". Works as root and as an ordinary user; stores and registry are temporary.
set -euo pipefail

top=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
export PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C
# shellcheck source=test/lib/registry.bash
. "$top/test/lib/registry.bash"
# shellcheck source=test/images/oci.bash
. "$top/test/images/oci.bash"
# shellcheck source=test/lib/podman.bash
. "$top/test/lib/podman.bash"
n=${KIST_BENCH_N:-15}
mb=${KIST_BENCH_MB:-700}
patience=${KIST_BENCH_PATIENCE:-120}
# shellcheck source=test/bench/run.bash
. "$top/test/bench/run.bash"
# shellcheck source=test/bench/store.bash
. "$top/test/bench/store.bash"

have() { command -v "$1" >/dev/null; }

kist() { "$top/bin/kist" --root "$work/k/root" --runroot "$run/k" "$@"; }

pod() {
    CONTAINERS_CONF=$work/podman.conf podman --log-level error --root "$work/p/root" --runroot "$run/p" \
        --storage-driver overlay --runtime runc --cgroup-manager cgroupfs "$@"
}

# --- measuring -----------------------------------------------------------------------------------------
# now: microseconds
now() { echo "${EPOCHREALTIME/./}"; }

# timed FILE COMMAND...: append the microseconds that COMMAND takes to FILE; a failure ends the bench
timed() {
    local file=$1 start end
    shift
    start=${EPOCHREALTIME/./}
    "$@" >/dev/null 2>"$work/err" </dev/null || { echo "bench: $* failed: $(tail -n 2 "$work/err")" >&2; return 1; }
    end=${EPOCHREALTIME/./}
    echo $((end - start)) >>"$file"
}

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : int((v[NR / 2] + v[NR / 2 + 1]) / 2) }'; }

# side_by_side SAMPLES NAME FUNCTION [NAME FUNCTION]...: interleaved; results in $work/t/NAME. One round first, uncounted.
side_by_side() {
    local samples=$1 i j pairs
    shift
    pairs=("$@")
    rm -rf "$work/t"
    mkdir -p "$work/t"
    for ((i = -1; i < samples; i++)); do
        for ((j = 0; j < ${#pairs[@]}; j += 2)); do
            [ ! -e "$work/t/${pairs[j]}.failed" ] || continue
            timed "$work/t/${pairs[j]}$([ $i -ge 0 ] || echo .warm)" "${pairs[j + 1]}" || touch "$work/t/${pairs[j]}.failed"
        done
    done
}

# row TITLE: one line of the table, from what side_by_side left: kist's time, and its ratio to each peer
row() {
    local title=$1 peer mine theirs line more less part
    mine=$(value kist)
    line=$(printf '%-52s %10s' "$title" "$(ms "$mine")")
    for peer in bwrap podman other; do
        theirs=$(value "$peer")
        more='' less=''
        [ ! -e "$work/t/$peer.more" ] || more='> ' less='< '
        part=$(ratio "$mine" "$theirs")
        [ -z "$less" ] || [ "$part" != 0.000 ] || part=0.001
        line+=$(printf ' %10s %7s' "$more$(ms "$theirs")" "$less$part")
    done
    echo "$line"
}

# plain_row TITLE MINE UNIT PODMANS: figures that are no times
plain_row() {
    printf '%-52s %10s %10s %7s %10s %7s\n' "$1" "$2 $3" '' '' "${4:+$4 $3}" "$(ratio "$2" "$4")"
}

value() { [ ! -s "$work/t/$1" ] || [ -e "$work/t/$1.failed" ] || median "$work/t/$1"; }
ms() { [ -z "$1" ] || awk -v v="$1" 'BEGIN { printf (v < 100000) ? "%.2f ms" : "%.0f ms", v / 1000 }'; }
ratio() { [ -z "$1" ] || [ -z "$2" ] || awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'; }

# --- set up --------------------------------------------------------------------------------------------
peers() {
    bwrap='' podman=''
    ! have bwrap || bwrap=1
    ! have podman || ! have runc || podman=1
    printf 'kist %s; bubblewrap %s; podman %s (runc); %s CPUs, Linux %s, %s\n' "$(kist --version | awk '{ print $NF }')" \
        "$(bwrap --version 2>/dev/null | awk '{ print $2 }')" "$(podman --version 2>/dev/null | awk '{ print $3 }')" \
        "$(nproc)" "$(uname -r)" "$(if [ "$(id -u)" = 0 ]; then echo root; else echo rootless; fi)"
}

clean_up() {
    trap - EXIT
    kist rm -f -t 0 bench mon >/dev/null 2>&1 || true
    [ -z "${podman:-}" ] || pod rm -f -t 0 bench mon >/dev/null 2>&1 || true
    stop_registry "$work/reg"
    if [ "$(id -u)" = 0 ]; then umount "$work/p/root/overlay" 2>/dev/null || true; fi
    rm -rf --one-file-system "$work" "$run" 2>/dev/null ||
        unshare --user --map-root-user --map-auto rm -rf --one-file-system "$work" "$run" || true
}

# run_base: a directory on tmpfs, as /run is on users' machines
run_base() {
    local dir
    for dir in "${XDG_RUNTIME_DIR:-/run}" /run /dev/shm; do
        if [ -w "$dir" ] && [ "$(findmnt -no FSTYPE -T "$dir")" = tmpfs ]; then echo "$dir"; return; fi
    done
    echo "$work"
}

[ -x "$top/bin/kist" ] || { echo "bench: make first" >&2; exit 1; }
"$top/contrib/deps.sh" bench || echo "bench: some peers are missing" >&2
work=/var/tmp/kist-bench.$$ # small letters: podman makes an image name of it
mkdir -m 755 "$work"
# The stores are unrelated: ext4 puts them apart then, and what one engine removes does not slow the other's making.
chattr +T "$work" 2>/dev/null || true
trap clean_up EXIT
trap 'exit 130' INT TERM
run=$(run_base)/kist-bench.$$
mkdir -m 755 "$run"
podman_conf "$work/podman.conf"
"$top/test/images/make-images.sh" "$work/images" busybox >/dev/null
start_registry "$work/reg"
registry_push "$work/reg" "$work/images/oci/busybox" busybox >/dev/null
IMG=$REGISTRY/busybox
peers
kist pull -q --tls-verify=false "$IMG" >/dev/null
[ -z "$podman" ] || pod pull -q --tls-verify=false "$IMG" >/dev/null
layer=$(jq -r '.layers[0].digest' "$work/images/oci/busybox/blobs/sha256/$(jq -r '.manifests[0].digest' "$work/images/oci/busybox/index.json" | cut -d : -f 2)")
mkdir -p "$work/bundle"
tar -xzf "$work/images/oci/busybox/blobs/sha256/${layer#sha256:}" -C "$work/bundle"
printf '%-52s %10s %10s %7s %10s %7s %10s %7s\n' "median of $n" kist bubblewrap ratio podman ratio other ratio
[ $# -gt 0 ] || set -- run exec ps images version many monitor pull push unpack save scale
for name; do "bench_$name"; done
