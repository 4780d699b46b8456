# Images of what containers changed.

load helpers
load podman

setup_file() { file_setup busybox multi entry; }
teardown_file() { file_teardown; }

# pods ARG...: podman with kist's store
pods() { pod_in "$ROOT" "$RUN" "$@"; }

teardown() {
    if [ -e "$STORE/podman.conf" ]; then
        pods rm -af -t 0 >/dev/null 2>&1 || true
        if is_root; then umount "$ROOT/overlay" 2>/dev/null || true; fi
    fi
    test_teardown
}

image_id() { kist inspect --format '{{.Id}}' "$1"; }
# config IMAGE FILTER: of the configuration, by jq
config() { kist image inspect "$1" | jq -c ".[0].Config$2"; }

@test "commit makes an image of what a running container changed" {
    need_image multi
    started c -e FOO=bar
    kist exec c sh -c 'echo new >/new; rm /data/keep; rm -rf /data/opaque; mkdir /data/opaque; echo x >/data/opaque/only; ln /new /hard'
    rc 0 kist commit -a me -c 'CMD cat /new' -c 'ENV A=b' -c 'LABEL x=y' c mine
    is "$(image_id mine)" "$stdout"
    rc 0 kist run --rm --network none mine
    is new "$stdout"
    rc 0 kist run --rm --network none mine sh -c 'ls /data/opaque; test -e /data/keep || echo gone; echo $FOO $A; stat -c %h /new'
    is $'only\ngone\nbar b\n2' "$stdout"
    is me "$(kist inspect mine | jq -r '.[0].Author')"
    rc 125 kist commit -m text c other
    rc 125 kist commit -c 'NONSENSE x' c other
    rc 125 kist commit nobody
}

@test "podman runs and pushes what kist committed, and the other way round" {
    need_podman
    need_image
    started c
    kist exec c sh -c 'echo by-kist >/made; rm /bin/busybox.txt 2>/dev/null || true'
    kist commit -q -f docker -m hello c localhost/k:1
    kist commit -q c localhost/k:2
    for i in 1 2; do
        rc 0 pods run --rm --network none "localhost/k:$i" cat /made
        is by-kist "$stdout"
        rc 0 pods push -q --tls-verify=false "localhost/k:$i" "$REGISTRY/committed/k:$i"
    done
    pods run --name p --network none "$IMG" sh -c 'echo by-podman >/made' >/dev/null
    pods commit -q p localhost/p:1 >/dev/null
    rc 0 kist run --rm --network none localhost/p:1 cat /made
    is by-podman "$stdout"
    rc 0 kist push --tls-verify=false localhost/p:1 "$REGISTRY/committed/p:1"
    rc 0 kist push --tls-verify=false localhost/k:1 "$REGISTRY/committed/k:3"
}

@test "the host name of the container is not one of the image" {
    need_image
    started c
    kist commit -q c plain
    started named --hostname box -e HOSTNAME=mine
    kist commit -q named named
    is null "$(config plain '.Env | map(select(startswith("HOSTNAME="))) | .[0]')"
    is '"HOSTNAME=mine"' "$(config named '.Env | map(select(startswith("HOSTNAME="))) | .[0]')"
    kist run --name d --network none plain sh -c 'echo $HOSTNAME' >out
    is "$(kist inspect --format '{{.Id}}' d | cut -c 1-12)" "$(cat out)"
}

@test "the stop signal is in the image when somebody chose one, and docker's comment is the message" {
    need_image
    started c
    started d --stop-signal USR1
    kist commit -q c plain
    kist commit -q -f docker -m hello d chosen
    is null "$(config plain .StopSignal)"
    is '"SIGUSR1"' "$(config chosen .StopSignal)"
    is hello "$(kist image inspect --format '{{.Comment}}' chosen)"
    is "FROM $IMG:latest" "$(kist image inspect chosen | jq -r '.[0].History[-1].comment')"
}

@test "commit --squash makes one layer of all files, which podman runs and pushes" {
    need_image multi
    started c
    kist exec c sh -c 'echo new >/new; rm /data/keep; chmod 4755 /new; ln /new /hard'
    rc 0 kist commit -s -c 'LABEL x=y' c flat
    is "$(image_id flat)" "$stdout"
    is 1 "$(kist image inspect flat | jq '.[0].RootFS.Layers | length')"
    is 1 "$(kist image inspect flat | jq '.[0].History | length')"
    is '"y"' "$(config flat .Labels.x)"
    # what the container sees is what the image has
    kist export c | tar -tvf - >want
    kist create --name f --network none flat true >/dev/null
    kist export f | tar -tvf - >got
    diff want got
    rc 0 kist run --rm --network none flat sh -c 'cat /hard; stat -c "%a %h" /new; test -e /data/keep || echo gone'
    is $'new\n4755 2\ngone' "$stdout"
    # it needs nothing of the image it comes from
    kist rm -f -t 0 c >/dev/null
    rc 0 kist rmi "$IMG"
    rc 0 kist run --rm --network none flat cat /new
    is new "$stdout"
    rc 0 kist system check
    need_podman
    rc 0 pods run --rm --network none localhost/flat cat /new
    is new "$stdout"
    rc 0 pods push -q --tls-verify=false localhost/flat "$REGISTRY/committed/flat"
}

@test "commit --include-volumes makes volumes of what is mounted" {
    need_image
    mkdir v
    started c -v "$STORE/v:/data" --tmpfs /scratch
    kist commit -q c without
    rc 0 kist commit -q --include-volumes -c 'VOLUME /more' c with
    is null "$(config without .Volumes)"
    is '{"/data":{},"/more":{},"/scratch":{}}' "$(kist image inspect with | jq -cS '.[0].Config.Volumes')"
}

@test "commit --config lays a configuration over the container's, and --change has the last word" {
    need_image
    started c -e A=old -e KEEP=1
    echo '{"Env":["A=b","C=d"],"Cmd":["echo","hi"],"User":"7:8","Labels":{"x":"y"},"WorkingDir":"","Volumes":{"/v":{}},
        "ExposedPorts":{"80/tcp":{}},"StopSignal":"SIGINT","Entrypoint":null,"Image":"ignored","Tty":true,
        "Healthcheck":{"Test":["CMD","true"],"Interval":1000000000,"Retries":3}}' >cfg.json
    rc 0 kist commit --config cfg.json -c 'LABEL x=z' c mine
    is '["b","d","1"]' "$(config mine '.Env | [.[] | select(test("^(A|C|KEEP)="))] | sort | map(.[index("=")+1:])')"
    is '["echo","hi"]' "$(config mine .Cmd)"
    is '"7:8"' "$(config mine .User)"
    is '{"x":"z"}' "$(config mine .Labels)"
    is '"SIGINT"' "$(config mine .StopSignal)"
    is '{"80/tcp":{}}' "$(config mine .ExposedPorts)"
    rc 0 kist run --rm --network none mine
    is hi "$stdout"
    # from a pipe, too
    rc 0 kist commit -q --config <(echo '{"User":"9"}') c piped
    is '"9"' "$(config piped .User)"
}

@test "a configuration that is none is refused by name, and no image is made" {
    local text before
    need_image
    started c
    before=$(kist images -aq | sort)
    for text in '[' '[]' '7' '{"Env":"x"}' '{"Env":[1]}' '{"User":[]}' '{"Labels":[]}' '' '{"ExposedPorts":{"x":5}}' \
        '{"StopTimeout":-1.5}' '{"Healthcheck":{"Test":5}}' '{"Healthcheck":{"Retries":"x"}}' '{"Env":["PATH"]}' \
        '{"Env":["=x"]}' '{"Volumes":{"":{}}}' '{"StopSignal":"FOO"}' '{"Labels":{"a":1}}'; do
        echo "$text" >bad.json
        rc 125 kist commit --config bad.json c
        has --config
    done
    printf '{}\0junk' >bad.json
    rc 125 kist commit --config bad.json c
    rc 125 kist commit --config nofile c
    has nofile
    rc 125 kist commit --config / c
    is "$before" "$(kist images -aq | sort)"
}

# --- --pause ---------------------------------------------------------------------------------------------
# delegated COMMAND...: with a control group of the user's own where there is a service manager that gives one
delegated() {
    if ! is_root && systemctl --user is-active -q basic.target 2>/dev/null; then
        set -- systemd-run --user --scope --quiet -p Delegate=yes "$@"
    fi
    "$@"
}

# counting: a container c that counts in /n, with enough in it to commit for a while
counting() {
    delegated "$KIST" --root "$ROOT" --runroot "$RUN" run -d --name c --network none "$IMG" sh -c \
        'dd if=/dev/zero of=/big bs=1M count=400 2>/dev/null; while :; do echo >>/n; usleep 2000; done' >/dev/null
    counter=$ROOT/kist/containers/$(kist inspect --format '{{.Id}}' c)/upper/n
    eventually test -s "$counter"
}

count() { stat -c %s "$counter"; }
# counts: it goes on within a while
counts() { local before; before=$(count); sleep 0.05; [ "$(count)" != "$before" ]; }
stands() {
    local before
    before=$(count)
    sleep 0.1
    [ "$(count)" = "$before" ] && kill -0 "$BG" 2>/dev/null
}

# need_pause: or the test is skipped, when kist says why
need_pause() {
    local got=0
    kist commit -p -q c paused >"$STORE/.out" 2>&1 || got=$?
    [ "$got" != 0 ] || return 0
    output=$(cat "$STORE/.out")
    is 125 "$got"
    matches 'pausing container c: it has no control group of cgroup v2'
    eventually counts
    skip "no cgroup v2 for this user: $output"
}

@test "commit --pause: the container stands still meanwhile, and goes on" {
    need_image
    counting
    need_pause
    eventually counts
    kist_bg commit -q -p c one >/dev/null
    eventually stands
    wait "$BG"
    BG=
    eventually counts
    # one that does not run needs no pause
    kist kill c >/dev/null
    rc 0 kist commit -q -p c two
}

@test "a container goes on when the commit that paused it is killed" {
    local keeper
    need_image
    counting
    need_pause
    kist_bg commit -q -p c one >/dev/null
    eventually stands
    kill -KILL "$BG"
    eventually counts
    # and when the process that paused it is
    kist_bg commit -q -p c two >/dev/null
    eventually stands
    for keeper in $(pgrep -P "$BG"); do
        [ "$(ps -o sid= -p "$keeper" | tr -d ' ')" != "$keeper" ] || kill -KILL "$keeper"
    done
    wait "$BG"
    BG=
    eventually counts
    rc 0 kist run --rm --network none two test -s /n
}

@test "a container goes on whenever the commit that pauses it is killed" {
    local i
    need_image
    counting
    kist exec c rm /big
    need_pause
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        kist_bg commit -q -p c one >/dev/null
        sleep "0.00$((i % 10))$i"
        kill -KILL "$BG"
        wait "$BG" || true
        BG=
        eventually counts
    done
}

@test "commits that pause one container wait for each other" {
    local i pids=()
    need_image
    counting
    kist exec c rm /big
    need_pause
    for i in 1 2 3; do
        kist commit -q -p c "i$i" >/dev/null 3>&- 4>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
    eventually counts
    rc 0 kist stop -t 0 c
}
