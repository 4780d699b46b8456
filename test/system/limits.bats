# Limits: what cgroups hold, and what is said where they cannot.
# KIST_TEST_LIMITS=yes: they must work here; =no: they must not; unset: where they do not, kist must say why.
# Of test/vm, "make check" runs the tests of the tag "short", and in a login session those of the tag "session".

load helpers

# No registry, which takes half a minute in the virtual machine.
setup_file() { file_setup_bare; }
teardown_file() { file_teardown; }

setup() {
    test_setup
    IMG=localhost/busybox
    kist load -q -i "$CACHE/oci/busybox" >/dev/null
}

# limited ARG...: a run with limits; where this host can set none, the test is skipped
limited() {
    local got=0
    kist run --rm --network none "$@" >"$STORE/.out" 2>"$STORE/.err" || got=$?
    stdout=$(cat "$STORE/.out")
    stderr=$(cat "$STORE/.err")
    output=$stdout$stderr
    [ "$got" != 125 ] || cannot
    code=$got
}

# cannot: 125 is right only with a reason that names cgroups
cannot() {
    matches 'cgroup' || return 1
    [ "${KIST_TEST_LIMITS:-}" != yes ] || { echo "limits must work here: $output"; return 1; }
    skip "no limits on this host: $output"
}

# need_limits: or the test is skipped
need_limits() {
    limited --memory 64m --pids-limit 50 --cpus 1 "$IMG" true
    is 0 "$code"
}

is_v2() { [ -e /sys/fs/cgroup/cgroup.controllers ]; }

need_v2() { is_v2 || skip "only with cgroup v2"; }

# read_limit V2-FILE V1-CONTROLLER V1-FILE: shell text that prints a limit from within
read_limit() {
    echo "cat /sys/fs/cgroup/$1 2>/dev/null || cat /sys/fs/cgroup/$2/$3"
}

pid_of() { kist inspect --format '{{.State.Pid}}' "$1"; }

# groups_of ID: the cgroups that are left of a container
groups_of() { find /sys/fs/cgroup -path "*/kist/$1*" -type d 2>/dev/null; }
no_groups() { [ -z "$(groups_of "$1")" ]; }

# own_groups: shell text that makes cgroups below the container's own and puts a process into the deepest
own_groups() {
    echo 'for top in /sys/fs/cgroup /sys/fs/cgroup/pids; do
            [ -e $top/cgroup.procs ] || continue
            mkdir -p $top/a/b $top/c; sleep 301 & echo $! >$top/a/b/cgroup.procs
          done; echo made; sleep 300'
}

# bats test_tags=short
@test "limits are set in the container's cgroup, all at once" {
    limited --memory 64m --pids-limit 20 --cpus 0.5 --cpu-shares 512 "$IMG" sh -c "
        $(read_limit memory.max memory memory.limit_in_bytes)
        $(read_limit pids.max pids pids.max)
        $(read_limit cpu.max cpu cpu.cfs_quota_us)
        $(read_limit cpu.weight cpu cpu.shares)"
    if is_v2; then is $'67108864\n20\n50000 100000\n20' "$stdout"; else is $'67108864\n20\n50000\n512' "$stdout"; fi
}

@test "--memory is set in the container's cgroup" {
    limited --memory 64m "$IMG" sh -c "$(read_limit memory.max memory memory.limit_in_bytes)"
    is 67108864 "$stdout"
}

@test "--memory-swap is memory and swap together" {
    need_v2
    limited --memory 64m "$IMG" cat /sys/fs/cgroup/memory.swap.max
    is 67108864 "$stdout"
    limited --memory 64m --memory-swap 64m "$IMG" cat /sys/fs/cgroup/memory.swap.max
    is 0 "$stdout"
    limited --memory 64m --memory-swap -1 "$IMG" cat /sys/fs/cgroup/memory.swap.max
    is max "$stdout"
}

@test "--memory kills what takes more" {
    limited --memory 32m "$IMG" sh -c 'head -c 200000000 /dev/zero | tail | wc -c; exit 0'
    hasnt 200000000
}

# bats test_tags=short
@test "a container killed for its memory is 137 and inspect says OOMKilled" {
    limited --memory 64m "$IMG" true
    rc 137 kist run --name c --network none --memory 16m "$IMG" sh -c 'exec tail /dev/zero'
    rc 0 kist inspect --format '{{.State.OOMKilled}}' c
    is true "$stdout"
    rc 137 kist run --init --name d --network none --memory 64m "$IMG" sh -c 'kill -9 $$'
    rc 0 kist inspect --format '{{.State.OOMKilled}}' d
    is false "$stdout"
}

@test "--pids-limit is set and held" {
    limited --pids-limit 20 "$IMG" sh -c "$(read_limit pids.max pids pids.max)"
    is 20 "$stdout"
    limited --pids-limit 10 "$IMG" sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do sleep 1 & done; wait'
    matches "can't fork|Resource temporarily unavailable"
}

@test "a command for which the limit of processes leaves no room is refused with the reason" {
    limited --pids-limit 20 "$IMG" true
    rc '12[56]' kist run --rm --init --pids-limit 1 --network none "$IMG" true
    has --pids-limit
    has 'Resource temporarily unavailable'
    kist run -d --name c --network none --pids-limit 1 "$IMG" sleep 300 >/dev/null
    rc '12[56]' kist exec c true
    has --pids-limit
    status_is c running
    rc 0 kist ps -aq
    is 1 "$(wc -l <<<"$stdout")"
}

@test "without --pids-limit it is 2048, and 0 and -1 are no limit" {
    local n
    limited --pids-limit 20 "$IMG" true
    for n in '' 0 -1; do
        limited ${n:+--pids-limit $n} "$IMG" sh -c "$(read_limit pids.max pids pids.max) 2>/dev/null || echo max"
        if [ -z "$n" ]; then is 2048 "$stdout"; else is max "$stdout"; fi
    done
}

@test "--cpus is set as quota and period" {
    limited --cpus 0.5 "$IMG" sh -c 'cat /sys/fs/cgroup/cpu.max 2>/dev/null || echo $(cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us)'
    is '50000 100000' "$stdout"
}

# bats test_tags=short
@test "--cpus slows a busy loop" {
    limited --cpus 0.2 "$IMG" sh -c "timeout 2 sh -c 'while :; do :; done'; $(read_limit cpu.stat cpu cpu.stat)"
    matches '^nr_throttled [1-9]'
}

@test "--cpuset-cpus says which CPU" {
    limited --cpuset-cpus 0 "$IMG" grep Cpus_allowed_list /proc/self/status
    matches $'^Cpus_allowed_list:\t0$'
}

@test "limits are shown by inspect, and set again by start" {
    need_limits
    started c --memory 64m --pids-limit 50
    rc 0 kist inspect --format '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}' c
    is '67108864 50' "$stdout"
    kist stop -t 0 c
    kist start c
    rc 0 kist exec c sh -c "$(read_limit memory.max memory memory.limit_in_bytes)"
    is 67108864 "$stdout"
}

# bats test_tags=short
@test "a command of exec is in the container's cgroup, and its limits hold" {
    local other
    need_limits
    started c --memory 32m --pids-limit 10
    kist exec -d c sleep "54$BATS_TEST_NUMBER" >/dev/null
    eventually pgrep -u "$(id -u)" -xf "sleep 54$BATS_TEST_NUMBER" >"$STORE/.pid"
    other=$(head -n 1 "$STORE/.pid")
    is "$(cat "/proc/$(pid_of c)/cgroup")" "$(cat "/proc/$other/cgroup")"
    rc 137 kist exec c tail /dev/zero
    rc '.*' kist exec c sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 & done; wait'
    matches "can't fork|Resource temporarily unavailable"
    status_is c running
}

# bats test_tags=short
@test "the cgroup is gone when the container is" {
    local id
    limited --memory 64m "$IMG" true
    started c --memory 64m
    id=$(kist ps -q)
    [ -n "$(groups_of "$id")" ]
    kist stop -t 0 c
    eventually no_groups "$id"
    kist start c
    [ -n "$(groups_of "$id")" ]
    kist rm -f -t 0 c
    no_groups "$id"
}

@test "cgroups that a container made in its own go with it" {
    local id
    need_limits
    id=$(kist run -d --name c --network none --privileged "$IMG" sh -c "$(own_groups)")
    eventually log_has c made
    [ -n "$(groups_of "$id/a/b")" ]
    kist rm -f -t 0 c
    no_groups "$id"
}

# bats test_tags=short
@test "they go also when the monitor was killed" {
    local id
    need_limits
    id=$(kist run -d --name c --network none --privileged "$IMG" sh -c "$(own_groups)")
    eventually log_has c made
    [ -n "$(groups_of "$id/a/b")" ]
    kill -KILL "$(pgrep -f "^kist-monitor $id")"
    eventually status_is c exited
    rc 0 kist rm c
    no_groups "$id"
}

@test "exec works where the container hands controllers down itself" {
    need_v2
    need_limits
    kist run -d --name c --network none --privileged --memory 64m "$IMG" sh -c '
        cd /sys/fs/cgroup; mkdir init; echo 1 >init/cgroup.procs; echo +memory >cgroup.subtree_control
        echo made; exec sleep 300'
    eventually log_has c made
    rc 0 kist exec c cat /proc/self/cgroup
    is 0::/init "$stdout"
}

# bats test_tags=short
@test "kist in a container sets limits of its own" {
    need_kist
    need_v2
    need_limits
    cat >nested.sh <<'END'
mount -t tmpfs tmpfs /tmp
inner() { $KIST --root /tmp/root --runroot /tmp/run "$@"; }
inner load -q -i "$CACHE/oci/busybox"
inner run --rm --network none busybox echo plain
inner run --rm --network none --memory 32m --pids-limit 30 busybox cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max
END
    rc 0 kist run --rm --network none --privileged --memory 512m -v /usr:/usr:ro -v /usr/lib:/lib:ro -v /usr/lib64:/lib64:ro \
        -v "$(dirname "$KIST"):$(dirname "$KIST"):ro" -v "$CACHE:$CACHE:ro" -v "$PWD/nested.sh:/nested.sh:ro" -e KIST -e CACHE \
        "$IMG" sh /nested.sh
    has $'plain\n33554432\n30'
}

# bats test_tags=short
@test "kist in a service with a delegated cgroup sets limits" {
    need_kist
    need_root
    [ "${KIST_TEST_LIMITS:-}" = yes ] || skip "only in test/vm"
    local kist="$KIST --root $STORE/alice/root --runroot $STORE/alice/run"
    install -d -o alice "$STORE/alice"
    rc 0 systemd-run --quiet --wait --pipe -p User=alice -p Delegate=yes -p WorkingDirectory=/ sh -ec "
        $kist load -q -i $CACHE/oci/busybox >/dev/null
        $kist run --rm --network none busybox echo plain
        $kist run --rm --network none --memory 32m --pids-limit 30 busybox cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max"
    is $'plain\n33554432\n30' "$stdout"
}

@test "bad limits are refused" {
    rc 125 kist run --rm --network none --memory 1 "$IMG" true
    has 'at least 512k'
    rc 125 kist run --rm --network none --memory -5m "$IMG" true
    has --memory
    rc 125 kist run --rm --network none --memory 64m --memory-swap 32m "$IMG" true
    has 'must not be smaller'
    rc 125 kist run --rm --network none --cpus nine "$IMG" true
    has nine
    rc 125 kist run --rm --network none --cpus 0.001 "$IMG" true
    has 'at least 0.01'
    rc 125 kist run --rm --network none --pids-limit many "$IMG" true
    has many
}

@test "limits that the kernel refuses are named, and no container is left" {
    need_limits
    limited --cpuset-cpus 0 "$IMG" true
    rc 125 kist run --rm --network none --cpuset-cpus 4000 "$IMG" true
    has '--cpuset-cpus: writing 4000 to'
    rc 0 kist ps -aq
    is "" "$stdout"
}

# bats test_tags=session
@test "where a limit cannot be set the error says why and no container is left" {
    local got=0 option
    kist run --rm --network none --memory 64m "$IMG" true >"$STORE/.out" 2>&1 || got=$?
    [ "$got" != 0 ] || [ "${KIST_TEST_LIMITS:-}" = no ] || skip "limits work here"
    for option in --memory=64m --pids-limit=50 --cpus=0.5; do
        rc 125 kist run --rm --network none "$option" "$IMG" true
        has "${option%%=*}: "
        has cgroup
        if ! is_root; then matches 'as root|only root'; fi
    done
    rc 0 kist ps -aq
    is "" "$stdout"
}

# bats test_tags=session
@test "containers run without limits on any host" {
    rc 0 kist run --rm --network none "$IMG" echo ok
    is ok "$stdout"
}

# bats test_tags=session
@test "a container of another session can be stopped, and exec warns that its limits do not hold" {
    [ "${KIST_TEST_LIMITS:-}" = no ] || skip "only in a session of test/vm"
    local kist=(systemd-run --user --scope --quiet -p Delegate=yes "$KIST" --root "$ROOT" --runroot "$RUN") id
    id=$("${kist[@]}" run -d --name c --network none --memory 64m "$IMG" sleep 300)
    rc 0 kist exec c sh -c 'cat /sys/fs/cgroup/memory.max; cat /proc/self/cgroup'
    matches '^67108864$'
    matches '^0::/\.\./'
    has "the container's limits do not hold for it"
    rc 0 kist stop -t 0 c
    eventually no_groups "$id"
    rc 0 kist rm c
}

# bats test_tags=short
@test "containers run where there is no cgroup file system, and a limit says so" {
    need_root
    local world
    for world in 'umount -l /sys/fs/cgroup' 'mount -t tmpfs tmpfs /sys/fs/cgroup'; do
        export IMG KIST ROOT RUN world
        rc 0 unshare -m sh -ec '$world; exec "$KIST" --root "$ROOT" --runroot "$RUN" run --rm --network none "$IMG" echo ok'
        is ok "$stdout"
        rc 125 unshare -m sh -ec '$world; exec "$KIST" --root "$ROOT" --runroot "$RUN" run --rm --network none --memory 64m "$IMG" true'
        has '--memory: '
        matches 'no cgroup file system|no memory controller'
    done
}

@test "containers run where cgroups are read-only, and a limit says so" {
    need_root
    need_v2
    export IMG KIST ROOT RUN
    rc 0 unshare -m sh -ec 'mount -o remount,bind,ro /sys/fs/cgroup; exec "$KIST" --root "$ROOT" --runroot "$RUN" run --rm --network none "$IMG" echo ok'
    is ok "$stdout"
    rc 125 unshare -m sh -ec 'mount -o remount,bind,ro /sys/fs/cgroup; exec "$KIST" --root "$ROOT" --runroot "$RUN" run --rm --network none --memory 64m "$IMG" true'
    has '--memory: no limit can be set, as cgroups are read-only here'
}
