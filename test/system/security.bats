# What a hostile container, image, registry or neighbour tries, and must not get. What is defended and
# what is not: docs/security.md.

load helpers

setup_file() { file_setup busybox; }
teardown_file() { file_teardown; }

box() { kist run --rm --network none ${FLAGS:+"${FLAGS[@]}"} "$IMG" "$@"; }

setup() {
    test_setup
    FLAGS=()
    need_image
}

# --- a container and the host's files -------------------------------------------------------------------

# The node is the whole machine's: root in a container must not change its mode for everybody.
@test "root in a container cannot change the host's /dev/null, however it gets at it" {
    local before after
    before=$(stat -c '%a %u' /dev/null)
    started c
    box chmod 640 /proc/self/fd/0 || true
    box chmod 640 /dev/null || true
    box chmod 640 /proc/keys || true
    box chown 1000 /proc/keys || true
    FLAGS=(--cap-add MKNOD)
    box chmod 640 /dev/null || true
    kist exec c chmod 640 /proc/self/fd/0 || true
    kist exec -d c chmod 640 /proc/self/fd/0 || true
    sleep 0.2
    after=$(stat -c '%a %u' /dev/null)
    if is_root && [ "$before" != "$after" ]; then chmod 666 /dev/null; chown 0 /dev/null; fi
    is "$before" "$after"
}

@test "exec does not hand the host's files to the command, which could open them again for writing" {
    started c
    echo untouched >secret
    rc 0 kist exec -i c sh -c 'cat; (echo changed >/proc/self/fd/0) 2>/dev/null; true' <secret
    is untouched "$stdout"
    is untouched "$(cat secret)"
    kist exec c sh -c '(echo more >/proc/1/fd/1); cat /proc/self/fd/1 >/dev/null & sleep 0.1; echo out' >secret
    is out "$(cat secret)"
}

@test "exec with a directory as standard input gives no way out" {
    need_kist
    started c
    rc 1 kist exec -i c ls /proc/self/fd/0/ </
    matches 'Not a directory'
}

@test "no descriptor of the caller or of kist is open in a container" {
    started c
    rc 0 box sh -c 'ls /proc/self/fd | wc -l' 7</etc/passwd 8</
    is 4 "$stdout"
    rc 0 kist exec c sh -c 'ls /proc/self/fd | wc -l' 7</etc/passwd 8</
    is 4 "$stdout"
}

@test "a working directory in /proc leads nowhere" {
    local w
    started c
    for w in /proc/self/fd/{3..24} /proc/self/cwd /proc/1/root /proc/self/root /proc/1/cwd; do
        rc '125|126|127' kist exec -w "$w" c true 7</
    done
    FLAGS=(-w /proc/self/fd/7)
    rc '125|126|127' box true 7</
    FLAGS=(-w /proc/self/root)
    rc '125|126|127' box true 7</
}

# --- other users of the machine ---------------------------------------------------------------------------

@test "a run directory that another user prepared is refused" {
    need_root
    install -d -m 755 -o 65534 "$STORE/theirs"
    RUN=$STORE/theirs rc 125 kist ps
    matches 'belongs to user 65534'
    rm -rf "$STORE/theirs"
    install -d -m 777 "$STORE/open"
    RUN=$STORE/open rc 125 kist ps
    matches 'other users may write'
    rm -rf "$STORE/open"
    install -d -m 700 "$STORE/mine"
    install -d -m 700 -o 65534 "$STORE/mine/kist"
    RUN=$STORE/mine rc 125 kist ps
    matches 'belongs to user 65534'
    install -d -m 777 "$STORE/mine/above" "$STORE/mine/above/run"
    RUN=$STORE/mine/above/run rc 125 kist ps
    matches 'other users may write'
}

@test "state, logs, sockets and layers are for their owner only" {
    need_kist
    started c
    is "" "$(find "$ROOT" "$RUN" -maxdepth 1 -mindepth 1 -type d -perm /077)"
    is 700 "$(stat -c %a "$ROOT")"
    is 700 "$(stat -c %a "$RUN")"
    is "" "$(find "$ROOT"/kist "$RUN"/kist -type d -perm /077 -not -path '*/upper*')"
    is "" "$(find "$ROOT"/kist/containers -name ctr.log -perm /077)"
}
