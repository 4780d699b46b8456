# kist run: what a container sees, flag by flag, and its exit code.

load helpers

setup_file() { file_setup busybox entry; }
teardown_file() { file_teardown; }

# box ARG...: run --rm without a network; FLAGS go before the image
box() { kist run --rm --network none ${FLAGS:+"${FLAGS[@]}"} "$IMG" "$@"; }

setup() {
    test_setup
    FLAGS=()
    need_image
}

@test "a container's output comes out, standard error apart" {
    rc 0 box sh -c 'echo out; echo err >&2'
    is out "$stdout"
    is err "$stderr"
}

@test "the container's exit code is kist's" {
    rc 0 box true
    rc 1 box false
    rc 7 box sh -c 'exit 7'
    rc 255 box sh -c 'exit 255'
}

@test "a container killed by a signal ends with 128 and the signal" {
    rc 137 kist run --rm --init --network none "$IMG" sh -c 'kill -9 $$'
    rc 143 kist run --rm --init --network none "$IMG" sh -c 'kill -TERM $$; sleep 2'
}

@test "a command that is not in the image is 127 and leaves no container" {
    rc 127 box nosuchcommand
    has nosuchcommand
    rc 0 kist ps -aq
    is "" "$output"
}

@test "an absolute path that is not there is 127" {
    rc 127 box /no/such/command
    has /no/such/command
}

@test "a directory as command is 126" {
    rc 126 box /etc
    has /etc
    matches '[Pp]ermission denied|is a directory'
    rc 0 kist ps -aq
    is "" "$output"
}

@test "a file that may not be executed is 126" {
    rc 126 box /etc/passwd
    matches '[Pp]ermission denied'
}

@test "without --rm a container that could not start is kept in the state created" {
    rc 127 kist run --name broken --network none "$IMG" nosuchcommand
    rc 0 kist ps -a --format '{{.Names}} {{.Status}}'
    matches '^broken (Created|Exited|Initialized)'
    rc 0 kist rm broken
}

@test "--rm leaves no container" {
    rc 0 box true
    rc 0 kist ps -aq
    is "" "$output"
}

@test "--name is shown, and a name in use is refused" {
    started mine
    rc 0 kist ps --format '{{.Names}}'
    is mine "$stdout"
    rc 125 kist run --rm --name mine --network none "$IMG" true
    has mine
    matches 'in use'
    rc 125 kist create --name mine "$IMG" true
    matches 'in use'
    rc 0 kist ps -a --format '{{.Names}} {{.State}}'
    is 'mine running' "$stdout"
}

@test "a name is free again after rm" {
    started mine
    kist rm -f -t 0 mine
    started mine
    rc 0 kist ps --format '{{.Names}}'
    is mine "$stdout"
}

@test "a bad name is refused" {
    rc 125 kist run --rm --name 'a b' --network none "$IMG" true
    rc 125 kist run --rm --name ../x --network none "$IMG" true
}

@test "without --name each container has a name of its own" {
    kist create --network none "$IMG" true
    kist create --network none "$IMG" true
    rc 0 kist ps -a --format '{{.Names}}'
    is 2 "$(sort -u <<<"$stdout" | grep -cE '^[a-z]+_[a-z]+$')"
}

@test "the command is the image's Cmd when none is given" {
    rc 0 kist run --rm -i --network none "$IMG" <<<'echo from the shell'
    is 'from the shell' "$stdout"
}

@test "ENTRYPOINT, CMD, WORKDIR, USER and ENV of the image apply" {
    need_image entry
    rc 0 box
    is $'args: one two words\nid: 1000:1000\ncwd: /srv/work\ncolor: green' "$stdout"
    rc 0 box other
    has 'args: other'
}

@test "--entrypoint replaces ENTRYPOINT and drops CMD" {
    need_image entry
    FLAGS=(--entrypoint id)
    rc 0 box -u
    is 1000 "$stdout"
    FLAGS=(--entrypoint '["echo", "a b"]')
    rc 0 box c
    is 'a b c' "$stdout"
    FLAGS=(--entrypoint '')
    rc 0 box echo plain
    is plain "$stdout"
}

@test "-e sets, takes over from the caller, and overrides the image" {
    need_image entry
    export FROM_CALLER=caller
    FLAGS=(--entrypoint env -e COLOR=red -e 'WITH=a b=c' -e FROM_CALLER -e NOT_SET_ANYWHERE)
    rc 0 box
    matches '^COLOR=red$'
    matches '^WITH=a b=c$'
    matches '^FROM_CALLER=caller$'
    matches '^EMPTY=$'
    hasnt NOT_SET_ANYWHERE
    hasnt COLOR=green
}

@test "--env-file reads lines, comments and names of the caller's variables" {
    printf '# comment\nA=1\n\nB=two words\nFROM_CALLER\n' >env
    export FROM_CALLER=caller
    FLAGS=(--env-file env -e A=3)
    rc 0 box env
    matches '^A=3$'
    matches '^B=two words$'
    matches '^FROM_CALLER=caller$'
    hasnt comment
    FLAGS=(--env-file nosuchfile)
    rc 125 box env
    has nosuchfile
}

@test "the environment holds PATH, HOME, HOSTNAME and container, and nothing of the caller" {
    export SECRET_OF_CALLER=1
    rc 0 box env
    matches '^PATH=/'
    matches '^HOME=/root$'
    matches '^HOSTNAME='
    matches '^container='
    hasnt SECRET_OF_CALLER
}

@test "-w sets the working directory" {
    FLAGS=(-w /tmp)
    rc 0 box pwd
    is /tmp "$stdout"
    FLAGS=(-w relative)
    rc '125|126' box pwd
}

@test "-u takes a name, a number, and a group" {
    FLAGS=(-u app)
    rc 0 box sh -c 'id -u; id -g; id -G; echo $HOME'
    is $'1000\n1000\n1000 2000\n/home/app' "$stdout"
    FLAGS=(-u 1234:4321)
    rc 0 box sh -c 'id -u; id -g'
    is $'1234\n4321' "$stdout"
    FLAGS=(-u app:tty)
    rc 0 box sh -c 'id -u; id -g'
    is $'1000\n5' "$stdout"
    FLAGS=(-u nosuchuser)
    rc '125|126|127' box true
    has nosuchuser
}

@test "-v binds a directory, read-write and read-only" {
    mkdir data
    echo host >data/file
    FLAGS=(-v "$STORE/data:/mnt/data")
    rc 0 box sh -c 'cat /mnt/data/file; echo container >/mnt/data/new'
    is host "$stdout"
    is container "$(cat data/new)"
    FLAGS=(-v "$STORE/data:/mnt/data:ro")
    rc 1 box sh -c 'echo x >/mnt/data/new'
    matches 'Read-only file system'
}

@test "-v binds a single file" {
    echo one >file
    FLAGS=(-v "$STORE/file:/etc/one")
    rc 0 box cat /etc/one
    is one "$stdout"
}

@test "-v of a source that is not there is refused" {
    FLAGS=(-v "$STORE/nothing:/mnt")
    rc '125|126|127' box true
    has "$STORE/nothing"
}

@test "-v refuses a relative target" {
    FLAGS=(-v "$STORE:relative")
    rc 125 box true
}

@test "a symbolic link in the image does not lead a mount out of the container" {
    mkdir data
    kist run --name link --network none "$IMG" ln -s / /out
    kist start link >/dev/null || true
    FLAGS=(-v "$STORE/data:/out$STORE/escape")
    rc 0 box true || true
    [ ! -e "$STORE/escape" ]
}

@test "--network none has loopback only, and it is up" {
    rc 0 box sh -c 'ls /sys/class/net; ip addr show lo'
    matches '^lo$'
    hasnt eth0
    has 127.0.0.1/8
    matches 'LOOPBACK,UP'
}

@test "--network host is the host's" {
    rc 0 kist run --rm --network host "$IMG" readlink /proc/self/ns/net
    is "$(readlink /proc/self/ns/net)" "$stdout"
}

@test "--network private has a namespace of its own" {
    need_kist
    rc 0 kist run --rm --network private "$IMG" readlink /proc/self/ns/net
    [ "$(readlink /proc/self/ns/net)" != "$stdout" ]
}

@test "an unknown network is refused" {
    rc 125 kist run --rm --network nosuchnet "$IMG" true
    has nosuchnet
}

@test "--hostname is in the kernel, in /etc/hostname and in /etc/hosts" {
    FLAGS=(--hostname box.example)
    rc 0 box sh -c 'hostname; echo $(cat /etc/hostname); grep -o -m 1 box.example /etc/hosts; echo $HOSTNAME'
    is $'box.example\nbox.example\nbox.example\nbox.example' "$stdout"
}

@test "without --hostname it is the first twelve digits of the ID" {
    started c
    is "$(kist ps -q)" "$(kist exec c hostname)"
}

@test "--init puts a reaper in front" {
    FLAGS=(--init)
    rc 0 box sh -c 'echo $$; cat /proc/1/comm'
    hasnt $'1\n'
    rc 5 box sh -c 'exit 5'
}

@test "--init reaps orphans" {
    kist run -d --name c --init --network none "$IMG" sh -c 'for i in 1 2 3; do (sh -c "sleep 0.1 & exec true" &) ; done; sleep 300' >/dev/null
    sleep 0.6
    rc 0 kist exec c sh -c 'cat /proc/[0-9]*/stat | grep -c " Z " || true'
    is 0 "$stdout"
}

@test "without --init the command is process 1" {
    rc 0 box sh -c 'echo $$'
    is 1 "$stdout"
}

@test "--read-only makes the root file system read-only, not /tmp and /dev/shm" {
    FLAGS=(--read-only)
    rc 1 box sh -c 'echo x >/file'
    matches 'Read-only file system'
    rc 0 box sh -c 'echo x >/tmp/file && echo x >/dev/shm/file && echo x >/run/file'
}

@test "default capabilities are podman's eleven" {
    rc 0 box sh -c 'grep CapEff /proc/self/status'
    matches 'CapEff:[[:space:]]00000000800405fb$'
}

@test "--cap-drop and --cap-add" {
    FLAGS=(--cap-drop ALL)
    rc 0 box grep CapBnd /proc/self/status
    matches '0000000000000000$'
    FLAGS=(--cap-drop all --cap-add NET_BIND_SERVICE)
    rc 0 box grep CapEff /proc/self/status
    matches '0000000000000400$'
    FLAGS=(--cap-add cap_net_raw)
    rc 0 box grep CapEff /proc/self/status
    matches '00000000800425fb$'
    FLAGS=(--cap-add NO_SUCH_CAP)
    rc 125 box true
    matches 'NO_SUCH_CAP'
}

@test "a user who is not root has no effective capabilities" {
    FLAGS=(-u app)
    rc 0 box grep CapEff /proc/self/status
    matches '0000000000000000$'
}

@test "--privileged has every capability there is to have, and /sys writable" {
    FLAGS=(--privileged)
    rc 0 box sh -c 'grep CapEff /proc/self/status; grep " /sys " /proc/self/mounts; grep Seccomp: /proc/self/status'
    hasnt 00000000800405fb
    matches ' /sys [a-z0-9]+ rw'
    matches 'Seccomp:[[:space:]]0'
}

@test "seccomp filters by default, and no-new-privileges where asked" {
    rc 0 box grep -E 'Seccomp:|NoNewPrivs' /proc/self/status
    matches 'Seccomp:[[:space:]]2'
    matches 'NoNewPrivs:[[:space:]]0'
    FLAGS=(--security-opt no-new-privileges)
    rc 0 box grep NoNewPrivs /proc/self/status
    matches 'NoNewPrivs:[[:space:]]1'
}

@test "a forbidden system call fails with EPERM in the default profile" {
    rc 1 box sh -c 'unshare -m true 2>&1 || exit 1'
    matches 'Operation not permitted'
}

@test "namespaces are all new: mnt, pid, net, ipc, uts, cgroup" {
    local ns
    rc 0 box sh -c 'for n in mnt pid net ipc uts; do readlink /proc/self/ns/$n; done'
    for ns in mnt pid net ipc uts; do hasnt "$(readlink /proc/self/ns/$ns)"; done
}

@test "only the container's own processes are seen" {
    rc 0 box sh -c 'ls -d /proc/[0-9]* | wc -l'
    [ "$stdout" -le 4 ]
}

@test "sensitive paths are masked or read-only" {
    rc 0 box sh -c 'wc -c </proc/kcore 2>/dev/null || echo 0; ls /proc/acpi /sys/firmware 2>/dev/null | grep -v : | wc -w'
    matches '^0$'
    rc 1 box sh -c 'echo 1 >/proc/sys/kernel/domainname'
    rc 1 box sh -c 'echo h >/proc/sysrq-trigger'
    matches 'Read-only file system|nonexistent'
}

@test "devices, pts, shm, mqueue and the links of /dev are there" {
    rc 0 box sh -c 'cd /dev && for f in null zero full random urandom tty; do test -c $f || echo no $f; done; readlink fd stdin; readlink stdout; test -d pts && test -d shm && test -d mqueue && echo ok'
    hasnt 'no '
    matches '^ok$'
    rc 0 box sh -c 'echo x >/dev/null && head -c 4 /dev/zero | wc -c && test -w /dev/shm'
    is 4 "$stdout"
}

@test "no block device and no /dev/mem is there" {
    rc 0 box sh -c 'find /dev -type b | wc -l; test ! -e /dev/mem && test ! -e /dev/kmsg && echo none'
    is $'0\nnone' "$stdout"
}

@test "/etc/resolv.conf and /etc/hosts are written" {
    rc 0 box grep 127.0.0.1 /etc/hosts
    has localhost
    rc 0 kist run --rm --network host "$IMG" cat /etc/resolv.conf
    has nameserver
}

@test "-l sets labels that inspect and ps show" {
    started c -l org.example.a=1 --label b
    rc 0 kist inspect --format '{{index .Config.Labels "org.example.a"}}' c
    is 1 "$stdout"
    rc 0 kist ps --filter label=org.example.a=1 --format '{{.Names}}'
    is c "$stdout"
    rc 0 kist ps --filter label=org.example.a=2 --format '{{.Names}}'
    is "" "$stdout"
}

@test "stdin is empty without -i, and read with it" {
    rc 0 box cat <<<hi
    is "" "$stdout"
    rc 0 kist run --rm -i --network none "$IMG" cat <<<hi
    is hi "$stdout"
}

@test "a large stream goes through stdin and stdout unchanged" {
    head -c 20000000 /dev/urandom >big
    kist run --rm -i --network none "$IMG" cat <big >back
    cmp big back
}

@test "stdout into a pipe whose reader ends does not hang" {
    rc 0 bash -c "timeout 20 '$KIST' ${KIST_FLAGS:-} --root '$ROOT' --runroot '$RUN' run --rm --network none '$IMG' yes 3>&- 4>&- | head -n 1"
    is y "$stdout"
}

@test "a closed standard input is taken as empty" {
    rc 0 kist run --rm -i --network none "$IMG" cat <&-
    is "" "$stdout"
    rc 0 kist run --rm --network none "$IMG" echo ok <&-
    is ok "$stdout"
}

@test "a signal to kist run reaches the container" {
    kist_bg run --rm --name sig --network none "$IMG" sh -c 'trap "echo got; exit 9" USR1; echo ready; while :; do sleep 0.1; done' >sig.out
    eventually grep -q ready sig.out
    kill -USR1 "$BG"
    code=0
    wait "$BG" || code=$?
    is 9 "$code"
    is $'ready\ngot' "$(cat sig.out)"
}

@test "--sig-proxy=false keeps signals away" {
    kist_bg run --rm --sig-proxy=false --name sig --network none "$IMG" sh -c 'trap "echo got" USR1; echo ready; sleep 300' >sig.out
    eventually grep -q ready sig.out
    kill -USR1 "$BG" || true
    sleep 0.5
    ! grep -q got sig.out
}

@test "run -d prints the full ID and returns at once" {
    rc 0 kist run -d --network none "$IMG" sleep 300
    matches '^[0-9a-f]{64}$'
    is "$stdout" "$(kist ps -q --no-trunc)"
}

@test "run pulls an image that is not in the store, --pull=never does not" {
    kist rmi "$IMG"
    rc 125 kist run --rm --pull=never --network none "$IMG" true
    has "$IMG"
    rc 0 kist run --rm --tls-verify=false --network none "$IMG" echo pulled
    is pulled "$stdout"
}

@test "--cidfile and --pidfile hold the ID and the process" {
    rc 0 kist run -d --cidfile "$STORE/cid" --pidfile "$STORE/pid" --network none "$IMG" sleep 300
    is "$stdout" "$(cat cid)"
    kill -0 "$(cat pid)"
}

@test "a container's changes stay with it and do not reach the image" {
    kist run --name c --network none "$IMG" sh -c 'echo changed >/etc/os-release; rm /etc/group; echo new >/new'
    rc 0 kist start -a c
    rc 0 box sh -c 'cat /etc/os-release; ls /etc/group; ls /new 2>&1 || true'
    hasnt changed
    has /etc/group
    has 'No such file'
}

@test "root in a rootless container is the user outside" {
    need_user
    mkdir data
    FLAGS=(-v "$STORE/data:/data")
    rc 0 box sh -c 'id -u; echo x >/data/file'
    is 0 "$stdout"
    is "$(id -u)" "$(stat -c %u data/file)"
}

@test "other users of a rootless container come from /etc/subuid" {
    need_user
    local first
    first=$(awk -F : -v u="$(id -un)" '$1 == u { print $2; exit }' /etc/subuid)
    [ -n "$first" ] || skip "no subordinate range"
    rc 0 box sh -c 'cat /proc/self/uid_map'
    matches "^ +0 +$(id -u) +1$"
    matches "^ +1 +$first +[0-9]+$"
}
