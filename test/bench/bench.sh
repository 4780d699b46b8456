#!/bin/bash
# bench.sh - one table of ratios: kist against its peers, side by side in one run (A B A B ...), medians of wall time.
#   bench.sh [ROW...]      rows: run exec ps images version pull push many monitor (default: all)
# A peer that is not here leaves its cell empty. KIST_BENCH_N: samples a row (default 15); KIST_BENCH_MB: size of the large
# image (700). Works as root and as an ordinary user; stores and registry are temporary.
set -euo pipefail

top=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
export PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C
# shellcheck source=test/lib/registry.bash
. "$top/test/lib/registry.bash"
# shellcheck source=test/images/oci.bash
. "$top/test/images/oci.bash"
n=${KIST_BENCH_N:-15}
mb=${KIST_BENCH_MB:-700}

have() { command -v "$1" >/dev/null; }

kist() { "$top/bin/kist" --root "$work/k/root" --runroot "$work/k/run" "$@"; }

pod() {
    CONTAINERS_CONF=$work/podman.conf podman --log-level error --root "$work/p/root" --runroot "$work/p/run" \
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
    local title=$1 peer mine theirs line
    mine=$(value kist)
    line=$(printf '%-44s %10s' "$title" "$(ms "$mine")")
    for peer in bwrap podman other; do
        theirs=$(value "$peer")
        line+=$(printf ' %10s %7s' "$(ms "$theirs")" "$(ratio "$mine" "$theirs")")
    done
    echo "$line"
}

value() { [ ! -s "$work/t/$1" ] || [ -e "$work/t/$1.failed" ] || median "$work/t/$1"; }
ms() { [ -z "$1" ] || awk -v v="$1" 'BEGIN { printf (v < 100000) ? "%.2f ms" : "%.0f ms", v / 1000 }'; }
ratio() { [ -z "$1" ] || [ -z "$2" ] || awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'; }

# --- the rows ------------------------------------------------------------------------------------------
# A network namespace, pid, ipc, uts and user namespaces and the image's files: the floor for any container.
bwrap_run() {
    bwrap --unshare-all --bind "$work/bundle" / --proc /proc --dev /dev --die-with-parent true
}
kist_run() { kist run --rm --network none "$IMG" true; }
pod_run() { pod run --rm --network none "$IMG" true; }

bench_run() {
    side_by_side "$n" kist kist_run ${bwrap:+bwrap bwrap_run} ${podman:+podman pod_run}
    row "run --rm --network none IMG true"
}

nsenter_exec() { nsenter -t "$container" ${userns:+-U --preserve-credentials} -m -p -n -i -u true; }
kist_exec() { kist exec bench true; }
pod_exec() { pod exec bench true; }

bench_exec() {
    local userns='' container
    [ "$(id -u)" = 0 ] || userns=1
    kist run -d --name bench --network none "$IMG" sleep 1000 >/dev/null
    [ -z "$podman" ] || pod run -d --name bench --network none "$IMG" sleep 1000 >/dev/null
    container=$(kist inspect --format '{{.State.Pid}}' bench)
    side_by_side "$n" kist kist_exec other nsenter_exec ${podman:+podman pod_exec}
    row "exec C true (last column: nsenter)"
    kist rm -f -t 0 bench >/dev/null
    [ -z "$podman" ] || pod rm -f -t 0 bench >/dev/null
}

kist_ps() { kist ps -a; }
pod_ps() { pod ps -a; }
kist_images() { kist images; }
pod_images() { pod images; }
kist_version() { kist version; }
pod_version() { pod version; }

# records NAME COUNT: as many containers, or tags of one image, as asked for; podman gets at most 100 (it is slow)
records() {
    local i have
    have=$(cat "$work/$1.count" 2>/dev/null || echo 0)
    for ((i = have; i < $2; i++)); do
        case $1 in
        ps) kist create --network none "$IMG" true >/dev/null
            [ -z "$podman" ] || [ "$i" -ge 100 ] || pod create --network none "$IMG" true >/dev/null ;;
        images) kist tag "$IMG" "localhost/tag:$i"
            [ -z "$podman" ] || [ "$i" -ge 100 ] || pod tag "$IMG" "localhost/tag:$i" ;;
        esac
    done
    echo "$2" >"$work/$1.count"
}

# listing VERB: with 1, 100 and 1,000 records
listing() {
    local count peer
    for count in 1 100 1000; do
        records "$1" $count
        peer=$podman
        [ $count -le 100 ] || peer=
        side_by_side "$n" kist "kist_$1" ${peer:+podman "pod_$1"}
        row "$1, $count records"
    done
}

bench_ps() { listing ps; }
bench_images() { listing images; }

bench_version() {
    side_by_side "$n" kist kist_version ${podman:+podman pod_version}
    row version
}

# large NAME LAYERS: an image of $mb MB that compresses as programs do (half of it random), put into the registry
large() {
    local i tars=() size=$((mb / $2))
    mkdir -p "$work/large"
    for ((i = 0; i < $2; i++)); do
        mkdir -p "$work/large/$i/layer$i"
        head -c $((size / 2))M /dev/urandom | split -b 1M - "$work/large/$i/layer$i/random."
        head -c $((size - size / 2))M /dev/zero | tr '\0' x | split -b 256K -a 4 - "$work/large/$i/layer$i/text."
        layer_add "$work/$1.$i.tar" "$work/large/$i"
        tars+=("$work/$1.$i.tar")
        rm -rf "$work/large/$i"
    done
    [ "$2" != 1 ] || cp "$work/$1.0.tar" "$work/plain.tar"
    oci_compose "$work/$1" "$1" '{Cmd: ["sh"]}' "${tars[@]}"
    registry_push "$work/reg" "$work/$1" "$1" >/dev/null
    rm -rf "${work:?}/$1"
}

kist_pull() { kist pull -q --tls-verify=false "$REGISTRY/$big"; }
pod_pull() { pod pull -q --tls-verify=false "$REGISTRY/$big"; }
tar_x() { mkdir -p "$work/x" && tar -xf "$work/plain.tar" -C "$work/x" && rm -rf "$work/x"; }

bench_pull() {
    local big layers i
    for layers in 1 10; do
        big=big$layers
        large $big $layers
        rm -rf "$work/t"
        mkdir -p "$work/t"
        for i in 1 2 3; do
            timed "$work/t/kist" kist_pull
            [ -z "$podman" ] || timed "$work/t/podman" pod_pull
            timed "$work/t/other" tar_x
            [ $i = 3 ] || kist rmi -f "$REGISTRY/$big" >/dev/null
            [ $i = 3 ] || [ -z "$podman" ] || pod rmi -f "$REGISTRY/$big" >/dev/null
        done
        row "pull $mb MB, $layers layer(s) (last column: tar -x)"
    done
}

kist_push() { kist push -q --tls-verify=false "$REGISTRY/$big" "$REGISTRY/pushed/k$RANDOM"; }
pod_push() { pod push -q --tls-verify=false "$REGISTRY/$big" "$REGISTRY/pushed/p$RANDOM"; }

# into a registry that has nothing of it, each time
bench_push() {
    local big layers i
    kist images --format '{{.Repository}}' | grep -q /big1 || bench_pull >/dev/null
    for layers in 1 10; do
        big=big$layers
        rm -rf "$work/t"
        mkdir -p "$work/t"
        for i in 1 2 3; do
            empty_registry
            timed "$work/t/kist" kist_push
            [ -n "$podman" ] || continue
            empty_registry
            timed "$work/t/podman" pod_push
        done
        row "push $mb MB, $layers layer(s)"
    done
}

empty_registry() { rm -rf "$work/reg/data/docker"; }

# many_ENGINE JOBS: 100 runs
kist_many() { seq 100 | xargs -P "$jobs" -I @@ "$top/bin/kist" --root "$work/k/root" --runroot "$work/k/run" run --rm --network none "$IMG" true; }
pod_many() {
    export CONTAINERS_CONF=$work/podman.conf
    seq 100 | xargs -P "$jobs" -I @@ podman --log-level error --root "$work/p/root" --runroot "$work/p/run" \
        --storage-driver overlay --runtime runc --cgroup-manager cgroupfs run --rm --network none "$IMG" true
}
one_by_one() { jobs=1 kist_many; }

bench_many() {
    local jobs=8
    side_by_side 2 kist kist_many other one_by_one ${podman:+podman pod_many}
    row "100 runs, 8 at once (last column: 1 at once)"
}

# pss PID: kB
pss() { awk '/^Pss:/ { print $2 }' "/proc/$1/smaps_rollup"; }

bench_monitor() {
    local mine theirs='' pid
    kist run -d --name mon --network none "$IMG" sleep 1000 >/dev/null
    pid=$(kist inspect --format '{{.State.Pid}}' mon)
    mine=$(pss "$(awk '{ print $4 }' "/proc/$pid/stat")")
    if [ -n "$podman" ]; then
        pod run -d --name mon --network none "$IMG" sleep 1000 >/dev/null
        theirs=$(pss "$(pod inspect --format '{{.State.ConmonPid}}' mon)")
        pod rm -f -t 0 mon >/dev/null
    fi
    kist rm -f -t 0 mon >/dev/null
    printf '%-44s %10s %10s %7s %10s %7s\n' "monitor, PSS (podman: conmon)" "$mine kB" '' '' \
        "${theirs:+$theirs kB}" "$(ratio "$mine" "$theirs")"
}

# --- set up --------------------------------------------------------------------------------------------
peers() {
    bwrap='' podman=''
    ! have bwrap || bwrap=1
    ! have podman || ! have runc || podman=1
    printf 'kist %s; bubblewrap %s; podman %s (runc); %s CPUs, Linux %s, %s\n' "$(kist --version | awk '{ print $NF }')" \
        "$(bwrap --version 2>/dev/null | awk '{ print $2 }')" "$(podman --version 2>/dev/null | awk '{ print $3 }')" \
        "$(nproc)" "$(uname -r)" "$(if [ "$(id -u)" = 0 ]; then echo root; else echo rootless; fi)"
}

# podman raises limits that a machine without CAP_SYS_RESOURCE cannot raise
podman_conf() {
    printf '[containers]\ndefault_ulimits = ["nofile=%s:%s", "nproc=4096:4096"]\npids_limit = 0\n' "$(ulimit -Hn)" "$(ulimit -Hn)"
}

clean_up() {
    trap - EXIT
    kist rm -f -t 0 bench mon >/dev/null 2>&1 || true
    [ -z "${podman:-}" ] || pod rm -af -t 0 >/dev/null 2>&1 || true
    stop_registry "$work/reg"
    if [ "$(id -u)" = 0 ]; then umount "$work/p/root/overlay" 2>/dev/null || true; fi
    rm -rf --one-file-system "$work" 2>/dev/null ||
        unshare --user --map-root-user --map-auto rm -rf --one-file-system "$work" || true
}

[ -x "$top/bin/kist" ] || { echo "bench: make first" >&2; exit 1; }
"$top/contrib/deps.sh" bench || echo "bench: some peers are missing" >&2
work=$(mktemp -d /var/tmp/kist-bench.XXXXXX)
trap clean_up EXIT
trap 'exit 130' INT TERM
podman_conf >"$work/podman.conf"
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
printf '%-44s %10s %10s %7s %10s %7s %10s %7s\n' "median of $n" kist bubblewrap ratio podman ratio other ratio
[ $# -gt 0 ] || set -- run exec ps images version many monitor pull push
for name; do "bench_$name"; done
