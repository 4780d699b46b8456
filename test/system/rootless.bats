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

@test "without a subordinate range another user of the container is refused with the file to look at" {
    need_user
    unshare --map-current-user -m --keep-caps true 2>/dev/null || skip "no user namespaces here"
    need_image
    : >empty
    kist rmi -a >/dev/null
    export IMG ROOT RUN REGISTRY
    rc 0 unshare --map-current-user -m --keep-caps sh -ec '
        mount --bind empty /etc/subuid
        kist() { "$KIST" --root "$ROOT" --runroot "$RUN" "$@"; }
        kist pull -q --tls-verify=false "$IMG"
        kist run --rm --network none "$IMG" cat /proc/self/uid_map
        kist run --rm --network none -u 1000 "$IMG" id || echo "code $?"
        kist ps -aq'
    matches "^ +0 +$(id -u) +1\$"
    has 'an administrator adds a range with usermod --add-subuids'
    matches '^Error: .*1000.* not mapped .*/etc/sub[ug]id'
    is 'code 125' "$(tail -n 1 <<<"$stdout")"
}

@test "a user without newuidmap is told which program and package is missing" {
    need_user
    need_image
    mkdir nobin
    rc 125 env "PATH=$STORE/nobin" "$KIST" --root "$ROOT" --runroot "$RUN" run --rm --network none "$IMG" id -u
    has 'newuidmap is not installed'
    has 'package uidmap'
    rc 0 kist ps -aq
    is "" "$stdout"
}

@test "a newuidmap that is not setuid root is said so" {
    need_user
    need_image
    mkdir plain
    cp "$(command -v newuidmap)" "$(command -v newgidmap)" plain
    rc 125 env "PATH=$STORE/plain:$PATH" "$KIST" --root "$ROOT" --runroot "$RUN" run --rm --network none "$IMG" id -u
    has 'newuidmap must be setuid root'
    has /etc/subuid
    rc 0 kist ps -aq
    is "" "$stdout"
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
