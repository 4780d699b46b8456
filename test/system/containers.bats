# The life of a container: create, start, ps, logs, exec, stop, kill, wait, rm, inspect.

load helpers

setup_file() { file_setup busybox entry; }
teardown_file() { file_teardown; }

setup() {
    test_setup
    need_image
}

# forever NAME SHELL-TEXT: a detached container with a shell
forever() { kist run -d --name "$1" --network none "$IMG" sh -c "$2" >/dev/null; }

@test "create makes a container that start runs" {
    rc 0 kist create --name c --network none "$IMG" echo ran
    matches '^[0-9a-f]{64}$'
    rc 0 kist ps -q
    is "" "$output"
    rc 0 kist ps -a --format '{{.Names}} {{.Status}}'
    is "c Created" "$stdout"
    rc 0 kist start -a c
    is ran "$stdout"
    rc 0 kist start c
    is c "$stdout"
}

@test "start -a gives the container's exit code" {
    kist create --name c --network none "$IMG" sh -c 'exit 4' >/dev/null
    rc 4 kist start -a c
}

@test "start of a running container is no error, of an unknown one is" {
    started c
    rc 0 kist start c
    rc 125 kist start nosuch
    has nosuch
}

@test "start -ai sends standard input" {
    kist create -i --name c --network none "$IMG" cat >/dev/null
    rc 0 kist start -ai c <<<hello
    is hello "$stdout"
}

@test "ps shows podman's columns" {
    started c
    rc 0 kist ps
    matches '^CONTAINER ID  IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES *$'
    matches "^[0-9a-f]{12}  $IMG:latest +sleep 300 +[A-Za-z0-9 ]+ ago +Up [A-Za-z0-9 ]+ +c *$"
}

@test "ps shows running containers, -a all, -l the latest, -n the last n" {
    started up
    kist run --name done --network none "$IMG" sh -c 'exit 3' || true
    rc 0 kist ps --format '{{.Names}}'
    is up "$stdout"
    rc 0 kist ps -a --format '{{.Names}} {{.Status}}'
    matches '^done Exited \(3\) .* ago$'
    matches '^up Up '
    rc 0 kist ps -l --format '{{.Names}}'
    is "done" "$stdout"
    rc 0 kist ps -n 1 -q
    is 1 "$(wc -l <<<"$stdout")"
}

@test "ps -q prints short IDs, --no-trunc long ones" {
    started c
    rc 0 kist ps -q
    matches '^[0-9a-f]{12}$'
    rc 0 kist ps -q --no-trunc
    matches '^[0-9a-f]{64}$'
}

@test "ps filters by name, status, exit code, ancestor, id, before and since" {
    started one
    kist run --name two --network none "$IMG" sh -c 'exit 5' || true
    kist create --name three --network none "$IMG" true >/dev/null
    rc 0 kist ps -a --filter name=tw --format '{{.Names}}'
    is two "$stdout"
    rc 0 kist ps -a --filter status=created --format '{{.Names}}'
    is three "$stdout"
    rc 0 kist ps -a --filter status=running --format '{{.Names}}'
    is one "$stdout"
    rc 0 kist ps -a --filter status=exited --filter exited=5 --format '{{.Names}}'
    is two "$stdout"
    rc 0 kist ps -a --filter exited=6 -q
    is "" "$stdout"
    rc 0 kist ps -a --filter "ancestor=$IMG:latest" -q
    is 3 "$(wc -l <<<"$stdout")"
    rc 0 kist ps -a --filter before=two --format '{{.Names}}'
    is one "$stdout"
    rc 0 kist ps -a --filter since=two --format '{{.Names}}'
    is three "$stdout"
    rc 0 kist ps -a --filter "id=$(kist ps -q --filter name=one)" --format '{{.Names}}'
    is one "$stdout"
    rc 125 kist ps --filter nosuchkey=1
    has nosuchkey
}

@test "ps --format takes a table and JSON" {
    started c
    rc 0 kist ps --format 'table {{.Names}} {{.Image}}'
    matches '^NAMES +IMAGE *$'
    matches "^c +$IMG:latest *$"
    rc 0 kist ps --format json
    is c "$(jq -r '.[0].Names[0]' <<<"$stdout")"
    is running "$(jq -r '.[0].State' <<<"$stdout")"
    is '["sleep","300"]' "$(jq -c '.[0].Command' <<<"$stdout")"
    is "$IMG:latest" "$(jq -r '.[0].Image' <<<"$stdout")"
    rc 125 kist ps --format '{{.NoSuchField}}'
    has NoSuchField
    rc 125 kist ps --format '{{.Names'
}

@test "ps of nothing is the header, and in JSON an empty list" {
    rc 0 kist ps
    matches '^CONTAINER ID'
    is 1 "$(wc -l <<<"$stdout")"
    rc 0 kist ps --format json
    is '[]' "$(jq -c . <<<"$stdout")"
}

@test "logs prints both streams where they belong" {
    kist run --name c --network none "$IMG" sh -c 'echo out; echo err >&2' >/dev/null 2>&1
    rc 0 kist logs c
    is out "$stdout"
    is err "$stderr"
}

@test "logs of a last line without a new line" {
    kist run --name c --network none "$IMG" sh -c 'echo 1; printf end' >/dev/null
    rc 0 kist logs c
    is $'1\nend' "$stdout"
}

@test "logs --tail shows the last lines" {
    kist run --name c --network none "$IMG" sh -c 'for i in 1 2 3 4 5; do echo $i; done' >/dev/null
    rc 0 kist logs --tail 2 c
    is $'4\n5' "$stdout"
    rc 0 kist logs --tail 0 c
    is "" "$stdout"
    rc 0 kist logs --tail 100 c
    is $'1\n2\n3\n4\n5' "$stdout"
}

@test "logs -t puts a time before each line" {
    kist run --name c --network none "$IMG" echo line >/dev/null
    rc 0 kist logs -t c
    matches '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[^ ]* line$'
}

@test "logs -f follows until the end" {
    forever c 'echo one; sleep 0.5; echo two; sleep 0.5; echo three'
    rc 0 timeout 20 "$KIST" ${KIST_FLAGS:-} --root "$ROOT" --runroot "$RUN" logs -f c
    is $'one\ntwo\nthree' "$stdout"
}

@test "logs -f shows a line when it is written" {
    forever c 'echo one; sleep 300'
    kist_bg logs -f c >follow
    eventually grep -q one follow
    kill "$BG"
}

@test "logs --since chooses by time" {
    forever c 'echo old; sleep 2; echo new; sleep 300'
    eventually log_has c new
    rc 0 kist logs --since 1s c
    hasnt old
    has new
}

@test "the log file is in the k8s-file format with P and F" {
    need_kist
    kist run --name c --network none "$IMG" sh -c 'echo full; printf part' >/dev/null
    rc 0 kist inspect --format '{{.HostConfig.LogConfig.Path}}' c
    output=$(cat "$stdout")
    matches '^20[0-9T:.+Z-]+ stdout F full$'
    matches '^20[0-9T:.+Z-]+ stdout P part$'
}

@test "a line longer than any buffer comes back whole" {
    kist run --name c --network none "$IMG" sh -c 'head -c 100000 /dev/zero | tr "\0" x; echo; echo end' >/dev/null
    rc 0 kist logs c
    is 100000 "$(head -n 1 <<<"$stdout" | tr -d '\n' | wc -c)"
    is end "$(tail -n 1 <<<"$stdout")"
}

@test "logs of an unknown container is an error that names it" {
    rc 125 kist logs nosuch
    has nosuch
}

@test "exec runs in the container, with its exit code" {
    started c -e A=1 -w /tmp
    rc 0 kist exec c sh -c 'echo $A; pwd'
    is $'1\n/tmp' "$stdout"
    rc 3 kist exec c sh -c 'exit 3'
    rc 127 kist exec c nosuchcommand
    rc 126 kist exec c /etc
    rc 137 kist exec c sh -c 'kill -9 $$'
}

@test "exec -e, -w, -u and -i" {
    started c
    rc 0 kist exec -e B=2 -w /etc -u app c sh -c 'echo $B; pwd; id -u'
    is $'2\n/etc\n1000' "$stdout"
    rc 0 kist exec -i c cat <<<input
    is input "$stdout"
    rc 0 kist exec c cat <<<input
    is "" "$stdout"
    printf 'C=3\n' >env
    rc 0 kist exec --env-file env c sh -c 'echo $C'
    is 3 "$stdout"
}

@test "exec sees the container's processes and no more rights than it has" {
    started c --cap-drop all
    rc 0 kist exec c sh -c 'grep CapBnd /proc/self/status; ps | grep -c "sleep 300"'
    has 0000000000000000
    rc 0 kist exec c grep Seccomp: /proc/self/status
    matches 'Seccomp:[[:space:]]2'
}

@test "exec -d leaves a process and returns its session" {
    started c
    rc 0 kist exec -d c sh -c 'sleep 0.2; echo here >/tmp/mark; sleep 300'
    matches '^[0-9a-f]{64}$'
    eventually kist exec c test -s /tmp/mark
}

@test "exec into a container that does not run is refused" {
    kist create --name c --network none "$IMG" true >/dev/null
    rc '255|125' kist exec c true
    matches 'not running|running containers|state'
    rc 125 kist exec nosuch true
    has nosuch
}

@test "output of exec with both streams and many bytes" {
    started c
    kist exec c head -c 5000000 /dev/zero >big
    is 5000000 "$(stat -c %s big)"
    rc 0 kist exec c sh -c 'echo out; echo err >&2'
    is out "$stdout"
    is err "$stderr"
}

@test "stop sends TERM, prints the name, and the code is the container's" {
    forever c 'trap "echo bye; exit 6" TERM; while :; do sleep 0.1; done'
    eventually kist exec c true
    rc 0 kist stop c
    is c "$stdout"
    rc 0 kist inspect --format '{{.State.Status}} {{.State.ExitCode}}' c
    is 'exited 6' "$stdout"
    rc 0 kist logs c
    is bye "$stdout"
}

@test "stop kills what does not end in time" {
    started c
    rc 0 kist stop -t 1 c
    rc 0 kist inspect --format '{{.State.ExitCode}}' c
    is 137 "$stdout"
}

@test "stop sends the image's own stop signal" {
    need_image entry
    kist run -d --name c --network none --entrypoint '["sh", "-c", "trap \"exit 8\" INT; while :; do sleep 0.1; done"]' "$IMG" >/dev/null
    sleep 0.3
    rc 0 kist stop -t 5 c
    rc 0 kist inspect --format '{{.State.ExitCode}}' c
    is 8 "$stdout"
}

@test "stop of a stopped container is no error, of an unknown one is" {
    kist create --name c --network none "$IMG" true >/dev/null
    rc 0 kist stop c
    rc 125 kist stop nosuch
    has nosuch
    rc 0 kist stop --ignore nosuch
}

@test "stop of several at once, and --all" {
    started a
    started b
    started c
    rc 0 kist stop -t 0 a b
    has a
    has b
    rc 0 kist ps --format '{{.Names}}'
    is c "$stdout"
    rc 0 kist stop -t 0 --all
    rc 0 kist ps -q
    is "" "$stdout"
}

@test "kill sends KILL, or the signal that is named" {
    started a
    rc 0 kist kill a
    eventually status_is a exited
    rc 0 kist inspect --format '{{.State.ExitCode}}' a
    is 137 "$stdout"
    forever b 'trap "echo usr1" USR1; echo ready; while :; do sleep 0.1; done'
    eventually log_has b ready
    rc 0 kist kill -s USR1 b
    eventually log_has b usr1
    rc 0 kist kill --signal SIGKILL b
    rc 125 kist kill -s NOSUCHSIGNAL b
    has NOSUCHSIGNAL
}

@test "kill of a container that does not run is refused" {
    kist create --name c --network none "$IMG" true >/dev/null
    rc 125 kist kill c
    matches 'not running|running|state'
}

@test "wait prints the exit code when the container ends" {
    forever c 'sleep 0.5; exit 9'
    rc 0 kist wait c
    is 9 "$stdout"
    rc 0 kist wait c
    is 9 "$stdout"
    rc 125 kist wait nosuch
}

@test "rm refuses a running container, -f does not" {
    started c
    rc 2 kist rm c
    matches 'running'
    rc 0 kist rm -f -t 0 c
    rc 0 kist ps -aq
    is "" "$stdout"
}

@test "rm takes several names, an ID and a prefix of one" {
    kist create --name a --network none "$IMG" true >/dev/null
    id=$(kist create --name b --network none "$IMG" true)
    kist create --name c --network none "$IMG" true >/dev/null
    rc 0 kist rm a c
    rc 0 kist rm "${id:0:6}"
    rc 0 kist ps -aq
    is "" "$stdout"
    rc 1 kist rm a
    has 'a'
    rc 0 kist rm -f a
}

@test "rm frees the disk" {
    kist run --name c --network none "$IMG" sh -c 'head -c 3000000 /dev/zero >/big'
    [ -n "$(find "$ROOT" -name big -size +2M 2>/dev/null)" ]
    kist rm c
    [ -z "$(find "$ROOT" -name big 2>/dev/null)" ]
}

@test "an ambiguous prefix of IDs is refused" {
    local i
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do kist create --network none "$IMG" true; done >ids
    first=$(cut -c 1 ids | sort | uniq -d | head -n 1)
    rc 125 kist inspect "$first"
    matches 'ambiguous|more than one|no such|multiple'
}

@test "inspect shows state, configuration, mounts and image with podman's keys" {
    mkdir data
    started c -e A=1 -l k=v -v "$STORE/data:/data:ro" --hostname h -w /tmp
    rc 0 kist inspect c
    is c "$(jq -r '.[0].Name' <<<"$stdout")"
    is running "$(jq -r '.[0].State.Status' <<<"$stdout")"
    is true "$(jq -r '.[0].State.Running' <<<"$stdout")"
    is true "$(jq '.[0].State.Pid > 1' <<<"$stdout")"
    is sleep "$(jq -r '.[0].Path' <<<"$stdout")"
    is '["300"]' "$(jq -c '.[0].Args' <<<"$stdout")"
    is "$IMG:latest" "$(jq -r '.[0].ImageName' <<<"$stdout")"
    is h "$(jq -r '.[0].Config.Hostname' <<<"$stdout")"
    is /tmp "$(jq -r '.[0].Config.WorkingDir' <<<"$stdout")"
    is v "$(jq -r '.[0].Config.Labels.k' <<<"$stdout")"
    is true "$(jq '[.[0].Config.Env[] == "A=1"] | any' <<<"$stdout")"
    is "$STORE/data:/data:false" "$(jq -r '.[0].Mounts[0] | "\(.Source):\(.Destination):\(.RW)"' <<<"$stdout")"
    is none "$(jq -r '.[0].HostConfig.NetworkMode' <<<"$stdout")"
}

@test "inspect takes a template, several names, --type, and refuses what is not there" {
    kist create --name a --network none "$IMG" true >/dev/null
    kist create --name b --network none "$IMG" true >/dev/null
    rc 0 kist inspect --format '{{.Name}}' a b
    is $'a\nb' "$stdout"
    rc 0 kist inspect --type image --format '{{.Os}}' "$IMG"
    is linux "$stdout"
    rc 0 kist inspect --format '{{json .State.Running}}' a
    is false "$stdout"
    rc 125 kist inspect nosuch
    has nosuch
}

@test "a container starts again with its own files" {
    kist run --name c --network none "$IMG" sh -c 'echo x >>/count; wc -l </count' >/dev/null
    rc 0 kist start -a c
    is 2 "$stdout"
    rc 0 kist start -a c
    is 3 "$stdout"
    rc 0 kist logs c
    is $'1\n2\n3' "$stdout"
}

@test "twenty runs, eight at once, all succeed and leave nothing" {
    rc 0 bash -c "seq 20 | xargs -P 8 -I @@ timeout 60 '$KIST' ${KIST_FLAGS:-} --root '$ROOT' --runroot '$RUN' run --rm --network none '$IMG' echo @@"
    is 20 "$(wc -l <<<"$stdout")"
    rc 0 kist ps -aq
    is "" "$stdout"
}

@test "eight at once with one name: one wins" {
    rc 123 bash -c "seq 8 | xargs -P 8 -I @@ timeout 60 '$KIST' ${KIST_FLAGS:-} --root '$ROOT' --runroot '$RUN' create --name same --network none '$IMG' true"
    is 1 "$(wc -l <<<"$stdout")"
    rc 0 kist ps -a --format '{{.Names}}'
    is same "$stdout"
}

@test "a container that ended can be started and removed right after, many times" {
    need_image
    # the end is told before the monitor is gone: what came meanwhile took the container for one that runs
    cat >many <<'END'
kist() { timeout 60 "$KIST" ${KIST_FLAGS:-} --root "$ROOT" --runroot "$RUN" "$@"; }
code=0
kist run --name "c$1" --network none "$IMG" sh -c '[ -e /second ] && exit 4; touch /second; exit 3' || code=$?
[ $code = 3 ] || echo "run: code $code"
code=0
kist start -a "c$1" || code=$?
[ $code = 4 ] || echo "start: code $code"
kist rm "c$1" >/dev/null
END
    export KIST ROOT RUN IMG
    rc 0 bash -c 'seq 100 | xargs -P 8 -n 1 bash many'
    is "" "$stdout$stderr"
}

@test "what was killed can be removed right after, many times" {
    need_image
    cat >many <<'END'
kist() { timeout 60 "$KIST" ${KIST_FLAGS:-} --root "$ROOT" --runroot "$RUN" "$@" >/dev/null; }
kist run -d --name "c$1" --network none "$IMG" sh -c 'trap "exit 3" TERM; while :; do sleep 0.01; done'
kist kill "c$1"
kist rm "c$1" || kist rm -f "c$1"
END
    export KIST ROOT RUN IMG
    rc 0 bash -c 'seq 60 | xargs -P 4 -n 1 bash many'
    is "" "$stderr"
}

@test "the end of a container that removes itself: wait tells its code, and its name is free" {
    need_image
    cat >many <<'END'
kist() { timeout 60 "$KIST" ${KIST_FLAGS:-} --root "$ROOT" --runroot "$RUN" "$@"; }
again() { kist run -d --rm --name "c$1" --network none "$IMG" sh -c "trap 'exit 4' TERM; $2" >/dev/null; }
again "$1" 'sleep 0.2; exit 3'
# (on a busy machine it may be gone before)
code=$(kist wait "c$1" 2>&1) || code=
echo "wait: $code"
again "$1" 'while :; do sleep 0.01; done'
kist kill "c$1" >/dev/null
again "$1" 'while :; do sleep 0.01; done'
kist stop "c$1" >/dev/null
again "$1" 'while :; do sleep 0.01; done'
[ "$(kist rm -f "c$1")" = "c$1" ] || echo "rm -f says nothing"
END
    export KIST ROOT RUN IMG
    kist create --rm --name never --network none "$IMG" true
    rc 0 kist wait never
    rc 0 kist stop never
    rc 0 kist rm never
    rc 0 bash -c 'seq 40 | xargs -P 4 -n 1 bash many'
    is "" "$stderr"
    has 'wait: 3'
    is "" "$(grep -v -e '^wait: 3$' -e '^wait: $' <<<"$stdout")"
    rc 0 kist ps -aq
    is "" "$stdout"
    is "" "$(ls "$RUN/kist/containers")"
}

@test "removed by many at once a container is gone once, and leaves no run directory" {
    need_image
    cat >many <<'END'
kist() { timeout 60 "$KIST" ${KIST_FLAGS:-} --root "$ROOT" --runroot "$RUN" "$@"; }
for i in $(seq 20); do
    kist create --name x --network none "$IMG" true >/dev/null
    for j in 1 2 3 4; do kist rm "$@" x & done
    wait
done
END
    export KIST ROOT RUN IMG
    rc 0 bash many -f
    is "" "$stderr"
    rc 0 bash many
    is 20 "$(grep -cx x <<<"$stdout")"
    is 60 "$(grep -c 'no such container' <<<"$stderr")"
    is 60 "$(wc -l <<<"$stderr")"
    is "" "$(ls "$RUN/kist/containers")"
}

@test "in a chroot containers run, and have nothing of what is outside of them" {
    is_root || skip "only root can chroot"
    need_image
    mkdir -p there/{bin,proc,dev,sys,tmp,usr,etc,vol} there"$STORE"
    echo volume >there/vol/file
    cp -L "$KIST" there/bin/kist
    for dir in lib lib64; do [ ! -e /$dir ] || ln -s "usr/$dir" "there/$dir"; done
    cat >inside <<'END'
mount --rbind /usr there/usr; mount --rbind /proc there/proc; mount --rbind /dev there/dev; mount --rbind /sys there/sys
mount --bind "$STORE" "there$STORE"
[ "$1" = plain ] || mount --rbind there there
kist() { chroot there /bin/kist --root "$ROOT" --runroot "$RUN" "$@"; }
kist run --rm --network none -v /vol:/vol "$IMG" cat /vol/file
kist run -d --name c --network none "$IMG" sleep 60 >/dev/null
kist exec c sh -c 'ls -d /bin/busybox; cat /proc/self/mountinfo'
# an escape from any chroot inside ends at the container's root
nsenter -t "$(kist inspect -f '{{.State.Pid}}' c)" -m ls -d /bin/busybox /vol "$STORE" || true
kist rm -f -t 0 c >/dev/null
END
    export STORE ROOT RUN IMG
    for root in plain mounted; do
        rc 0 unshare -m bash -e inside "$root"
        is $'volume\n/bin/busybox' "$(head -n 2 <<<"$stdout")"
        is /bin/busybox "$(tail -n 1 <<<"$stdout")"
        is overlay "$(awk '$5 == "/" { print $(NF - 1) }' <<<"$stdout")"
    done
    rc 0 kist ps -aq
    is "" "$stdout"
}

@test "the only process left behind by run -d is the container's monitor" {
    need_kist
    started c
    rc 0 bash -c "pgrep -c -f '^$KIST .*$RUN'" || true
    [ "${stdout:-0}" -le 1 ]
}

@test "a command that ends at once keeps its exit code, many times" {
    need_image
    # one in a thousand was lost when the command ended just as its parent became the monitor
    cat >many <<'END'
code=0
timeout 60 "$KIST" ${KIST_FLAGS:-} --root "$ROOT" --runroot "$RUN" run --rm --network none "$IMG" sh -c 'exit 3' || code=$?
[ $code = 3 ] || echo "code $code"
END
    export KIST ROOT RUN IMG
    rc 0 bash -c 'seq 200 | xargs -P 8 -I @@ bash many'
    is "" "$stdout"
}
