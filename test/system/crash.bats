# kill -9 of any process at any moment: the next command works, and nothing is left that ps -a and images do not show.

load helpers

setup_file() { file_setup busybox multi; }
teardown_file() { file_teardown; }

setup() {
    test_setup
    need_kist
}

# killed_after SECONDS ARG...: a kist command that is killed after so long, if it still runs then
killed_after() {
    local delay=$1
    shift
    kist_bg "$@" >/dev/null 2>&1 </dev/null
    sleep "$delay"
    kill -KILL "$BG" 2>/dev/null || true
    wait "$BG" 2>/dev/null || true
    BG=
}

# shown_only: what is on disk is what the commands show
shown_only() {
    local dir id
    rc 0 kist ps -aq --no-trunc
    for dir in "$ROOT"/kist/containers/*/; do
        [ -d "$dir" ] || continue
        id=$(basename "$dir")
        has "$id"
    done
}

# monitor_of NAME: the pid of the process that watches the container: the parent of its first process
monitor_of() {
    local pid
    pid=$(kist inspect --format '{{.State.Pid}}' "$1")
    awk '{ print $4 }' "/proc/$pid/stat"
}

@test "a killed pull leaves a store that works, at eight moments" {
    local delay
    for delay in 0.005 0.01 0.02 0.03 0.05 0.08 0.12 0.2; do
        killed_after $delay pull -q --tls-verify=false "$REGISTRY/multi"
        rc 0 kist images
        rc 0 kist ps -a
    done
    need_image multi
    rc 0 kist run --rm --network none "$IMG" cat /last
    is 9 "$stdout"
    rc 0 kist rmi "$IMG"
    is 0 "$(find "$ROOT/overlay" -maxdepth 1 -mindepth 1 -type d ! -name l | wc -l)"
}

@test "a killed run leaves nothing that ps -a does not show, at ten moments" {
    local delay
    need_image
    for delay in 0.001 0.002 0.004 0.006 0.008 0.01 0.015 0.02 0.03 0.05; do
        killed_after $delay run --rm --network none "$IMG" sleep 2
        rc 0 kist ps -a
    done
    rc 0 kist run --rm --network none "$IMG" echo ok
    is ok "$stdout"
    sleep 2.2
    for id in $(kist ps -aq); do kist rm -f -t 0 "$id" >/dev/null; done
    shown_only
    is "" "$(find "$ROOT/kist/containers" -mindepth 1 -maxdepth 1 2>/dev/null)"
}

@test "a killed create leaves no name taken that ps -a does not show" {
    local delay
    need_image
    for delay in 0.001 0.002 0.003 0.005 0.008 0.012; do
        killed_after $delay create --name same --network none "$IMG" true
        rc 0 kist ps -a --format '{{.Names}}'
        if [ "$stdout" = same ]; then
            rc 0 kist rm -f same
        fi
        rc 0 kist create --name same --network none "$IMG" true
        rc 0 kist rm same
    done
}

@test "a container whose foreground kist was killed can be stopped and removed" {
    need_image
    kist_bg run --name c --network none "$IMG" sleep 300 >/dev/null 2>&1
    eventually status_is c running
    kill -KILL "$BG"
    wait "$BG" || true
    BG=
    rc 0 kist ps -a --format '{{.Names}}'
    is c "$stdout"
    rc 0 kist rm -f -t 0 c
    rc 0 kist ps -aq
    is "" "$stdout"
}

@test "a killed monitor leaves no false running" {
    local pid monitor
    need_image
    started c
    pid=$(kist inspect --format '{{.State.Pid}}' c)
    monitor=$(monitor_of c)
    [ "$monitor" -gt 1 ]
    tr '\0' ' ' <"/proc/$monitor/cmdline"
    kill -KILL "$monitor"
    eventually not_running c
    rc 0 kist rm -f -t 0 c
    # a zombie that init has not reaped yet is dead
    [ ! -e "/proc/$pid" ] || [ "$(awk '{ print $3 }' "/proc/$pid/stat")" = Z ]
}

not_running() { [ -z "$(kist ps -q --filter "name=$1")" ]; }

@test "a container whose first process was killed from outside is exited 137" {
    need_image
    started c
    kill -KILL "$(kist inspect --format '{{.State.Pid}}' c)" 2>/dev/null || skip "not our process"
    eventually status_is c exited
    rc 0 kist inspect --format '{{.State.ExitCode}}' c
    is 137 "$stdout"
}

@test "a killed rm is finished by the next one" {
    local delay
    need_image
    for delay in 0.001 0.003 0.006; do
        kist create --name c --network none "$IMG" true >/dev/null
        killed_after $delay rm -f c
        rc 0 kist ps -a --format '{{.Names}}'
        if [ "$stdout" = c ]; then rc 0 kist rm -f c; fi
        shown_only
    done
    is "" "$(find "$ROOT/kist/containers" -mindepth 1 -maxdepth 1 2>/dev/null)"
}

@test "a killed exec leaves the container running and usable" {
    need_image
    started c
    killed_after 0.02 exec c sleep 1
    rc 0 kist exec c echo ok
    is ok "$stdout"
}

@test "a killed rmi is finished by the next one" {
    local delay
    for delay in 0.001 0.003 0.006 0.01; do
        need_image multi
        killed_after $delay rmi "$IMG"
        rc 0 kist images
        kist rmi -f "$IMG" >/dev/null 2>&1 || true
        rc 0 kist images -q
        is "" "$stdout"
    done
    need_image multi
    rc 0 kist run --rm --network none "$IMG" cat /last
}

@test "after a new boot a container is not running, and starts again" {
    need_image
    started c
    pid=$(kist inspect --format '{{.State.Pid}}' c)
    kill -KILL "$(monitor_of c)" "$pid" 2>/dev/null || true
    sleep 0.2
    rm -rf "$RUN"
    rc 0 kist ps -a --format '{{.Names}} {{.Status}}'
    matches '^c (Exited|Created)'
    rc 0 kist start c
    rc 0 kist exec c echo ok
    is ok "$stdout"
}

@test "a first process that changed its user does not outlive a killed monitor" {
    local pid monitor
    need_image
    # busybox su changes the uid of the first process itself: the kernel then forgets its death signal
    rc 0 kist run -d --name c --network none "$IMG" su app -s /bin/sh -c 'exec sleep 300'
    pid=$(kist inspect --format '{{.State.Pid}}' c)
    monitor=$(monitor_of c)
    eventually uid_changed "$pid"
    kill -KILL "$monitor"
    eventually not_running c
    eventually gone "$pid"
    rc 0 kist rm c
}

uid_changed() { [ "$(awk '/^Uid:/ { print $2 % 100000 }' "/proc/$1/status")" != 0 ]; }
gone() { [ ! -e "/proc/$1" ] || [ "$(awk '{ print $3 }' "/proc/$1/stat")" = Z ]; }
