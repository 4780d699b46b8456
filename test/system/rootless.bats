# What an ordinary user's machine may lack: subordinate ids, newuidmap, a runtime directory.

load helpers

setup_file() { file_setup busybox; }
teardown_file() { file_teardown; }

# Run as an ordinary user without ranges: as root through setpriv, as a user in a namespace where /etc/subuid is empty.
setup() {
    test_setup
    need_kist
}

# as_nobody ARG...: kist as a user who has no subordinate ids
as_nobody() {
    need_root
    chmod 777 "$STORE"
    install -d -o 65534 "$STORE/nobody" "$STORE/nobody/xdg"
    env -u REGISTRY_AUTH_FILE HOME="$STORE/nobody" XDG_RUNTIME_DIR="$STORE/nobody/xdg" setpriv --reuid 65534 --regid 65534 --clear-groups \
        timeout -k 5 60 "$KIST" --root "$STORE/nobody/root" --runroot "$STORE/nobody/run" "$@"
}

@test "a user without a subordinate range gets a container of one user, and is told so" {
    need_root
    ! grep -qE '^(nobody|65534):' /etc/subuid || skip "nobody has a range here"
    rc 0 as_nobody pull --tls-verify=false "$REGISTRY/busybox"
    rc 0 as_nobody run --rm --network none "$REGISTRY/busybox" sh -c 'id -u; cat /proc/self/uid_map'
    matches '^0$'
    matches '^ +0 +65534 +1$'
    matches 'subuid|subordinate'
}

@test "a user without newuidmap is told which program is missing" {
    need_user
    need_image
    mkdir nobin
    PATH=$STORE/nobin "$KIST" --root "$ROOT" --runroot "$RUN" run --rm --network none "$IMG" id -u >out 2>&1 || [ $? = 125 ]
    grep -q newuidmap out || { cat out; false; }
}

@test "without XDG_RUNTIME_DIR a user's containers still run" {
    need_user
    unset XDG_RUNTIME_DIR
    need_image
    rc 0 kist run --rm --network none "$IMG" echo ok
    is ok "$stdout"
}

@test "a user's default store is below the home directory" {
    need_user
    rc 0 "$KIST" info --format '{{.Store.GraphRoot}}'
    is "$HOME/.local/share/containers/storage" "$stdout"
}

@test "root's default store is /var/lib/containers/storage" {
    need_root
    rc 0 "$KIST" info --format '{{.Store.GraphRoot}}'
    is /var/lib/containers/storage "$stdout"
}

@test "a path of the store with odd characters works" {
    ROOT="$STORE/with space/a:b,c\"d"
    need_image
    rc 0 kist run --rm --network none "$IMG" echo ok
    is ok "$stdout"
}

@test "a relative --root is taken from the working directory" {
    ROOT=relative/root
    RUN=relative/run
    need_image
    rc 0 kist run --rm --network none "$IMG" echo ok
    [ -d "$STORE/relative/root/overlay" ]
    RUN=$STORE/run
}

@test "a user without any runtime directory needs no credentials to pull" {
    need_user
    rc 0 env -u XDG_RUNTIME_DIR -u REGISTRY_AUTH_FILE "$KIST" --root "$ROOT" --runroot "$RUN" \
        pull -q --tls-verify=false "$REGISTRY/busybox"
}
