# run.bash - rows of the table about containers and lists (sourced by bench.sh).
# shellcheck shell=bash disable=SC2154
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

# record NAME I: one more container, or tag of the image
kist_record() {
    case $1 in
    ps) kist create --network none "$IMG" true >/dev/null ;;
    images) kist tag "$IMG" "localhost/tag:$2" ;;
    esac
}
pod_record() {
    case $1 in
    ps) pod create --network none "$IMG" true >/dev/null ;;
    images) pod tag "$IMG" "localhost/tag:$2" ;;
    esac
}

# records NAME COUNT: as many of them as asked for, in both stores
records() {
    local i have
    have=$(cat "$work/$1.count" 2>/dev/null || echo 0)
    for ((i = have; i < $2; i++)); do
        kist_record "$1" "$i"
        [ -z "$podman" ] || pod_record "$1" "$i"
    done
    echo "$2" >"$work/$1.count"
}

# listing VERB: with 1, 100 and 1,000 records
listing() {
    local count
    for count in 1 100 1000; do
        records "$1" $count
        side_by_side "$n" kist "kist_$1" ${podman:+podman "pod_$1"}
        row "$1, $count records"
    done
}

bench_ps() { listing ps; }
bench_images() { listing images; }

bench_version() {
    side_by_side "$n" kist kist_version ${podman:+podman pod_version}
    row version
}

# many_ENGINE JOBS: 100 runs
kist_many() { seq 100 | xargs -P "$jobs" -I @@ "$top/bin/kist" --root "$work/k/root" --runroot "$run/k" run --rm --network none "$IMG" true; }
pod_many() {
    export CONTAINERS_CONF=$work/podman.conf
    seq 100 | xargs -P "$jobs" -I @@ podman --log-level error --root "$work/p/root" --runroot "$run/p" \
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
    plain_row "monitor, PSS (podman: conmon)" "$mine" kB "$theirs"
}

