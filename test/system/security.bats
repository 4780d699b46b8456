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

# --- devices ------------------------------------------------------------------------------------------------

# Neither with the right to make nodes nor with the right to mount (a device of the kernel's loop driver).
@test "a container's root opens no device of the host, also with MKNOD and SYS_ADMIN" {
    local script='mkdir -p /m; mount -t devtmpfs none /m && (exec 5</m/loop-control) && echo OPENED
        mount -t tmpfs none /m; for d in /m /tmp /dev /dev/shm; do mknod $d/d c 10 237 && (exec 5<$d/d) && echo OPENED; done
        mount -o remount,dev /; mknod /d c 10 237 && (exec 5</d) && echo OPENED
        head -c 1 /dev/zero >/dev/null && head -c 1 /dev/urandom >/dev/null && echo fine'
    FLAGS=(--cap-add MKNOD --tmpfs /tmp)
    box sh -c "$script" >out 2>&1
    is fine "$(grep -E 'OPENED|fine' out)"
    FLAGS=(--cap-add SYS_ADMIN)
    box sh -c "$script" >out 2>&1
    is fine "$(grep -E 'OPENED|fine' out)"
    FLAGS=(--cap-add SYS_ADMIN --cap-add MKNOD)
    box sh -c "$script" >out 2>&1
    is fine "$(grep -E 'OPENED|fine' out)"
    started c --cap-add SYS_ADMIN --cap-add MKNOD
    kist exec c sh -c "$script" >out 2>&1
    is fine "$(grep -E 'OPENED|fine' out)"
}

# --- rights, on each way in -----------------------------------------------------------------------------------

@test "exec has the container's capabilities, filter and no_new_privs" {
    local what='CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp:|Groups'
    started c --cap-drop CHOWN --security-opt no-new-privileges
    rc 0 kist exec c grep -E "$what" /proc/1/status
    local first=$stdout
    rc 0 kist exec c grep -E "$what" /proc/self/status
    is "$first" "$stdout"
    matches 'Seccomp:[[:space:]]2'
    matches 'NoNewPrivs:[[:space:]]1'
    rc 0 kist exec -u app c grep -E 'CapPrm|CapAmb' /proc/self/status
    matches 'CapPrm:[[:space:]]0000000000000000'
    matches 'CapAmb:[[:space:]]0000000000000000'
}

@test "the program that starts commands is not kist, and cannot be written to" {
    rc '1|126|127' box sh -c 'cat /proc/self/exe >/x 2>/dev/null; printf "#!/proc/self/exe\n" >/s; chmod +x /s; /s; echo >/proc/1/exe'
    started c --init
    rc 0 kist exec c sh -c 'readlink /proc/1/exe; (echo x >/proc/1/exe) 2>&1 || true'
    hasnt /kist
    matches 'Text file busy|Operation not permitted|Permission denied'
    kist exec c true
}

@test "masked and read-only paths stay so for root in the container" {
    rc 0 box sh -c 'for f in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /sys/kernel/uevent_helper; do
        (echo x >$f) 2>/dev/null && echo written $f; done; mount -o remount,rw /proc/sys 2>/dev/null && echo remounted
        umount /proc/keys 2>/dev/null && echo unmasked; umount /proc/sys 2>/dev/null && echo unmasked; cat /proc/keys /proc/timer_list 2>/dev/null | wc -c'
    is 0 "$stdout"
}

# --- images ---------------------------------------------------------------------------------------------------

# hostile NAME CONFIG PYTHON: push busybox with one more layer, made by PYTHON with add(name, type, link, data, pax)
hostile() {
    local m
    # shellcheck source=test/images/oci.bash
    . "$top/test/images/oci.bash"
    m=$(jq -r '.manifests[0].digest' "$CACHE/oci/busybox/index.json")
    m=$(jq -r '.layers[0].digest' "$CACHE/oci/busybox/blobs/sha256/${m#sha256:}")
    gzip -dc "$CACHE/oci/busybox/blobs/sha256/${m#sha256:}" >"$STORE/0.tar"
    { cat <<'P'; echo "$3"; echo 't.close()'; } >"$STORE/layer.py"
import io, sys, tarfile
t = tarfile.open(sys.argv[1], 'w', format=tarfile.PAX_FORMAT)
LINK, HARD, DIR, CHR, FIFO = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE
def add(name, type=tarfile.REGTYPE, link='', data=b'', pax={}):
    i = tarfile.TarInfo(name)
    i.type, i.linkname, i.size, i.mode, i.pax_headers = type, link, len(data), 0o755, pax
    i.devmajor, i.devminor = 10, 237
    t.addfile(i, io.BytesIO(data))
P
    python3 "$STORE/layer.py" "$STORE/1.tar"
    oci_compose "$STORE/oci-$1" "$1" "${2:-{Cmd: [\"sh\"]\}}" "$STORE/0.tar" "$STORE/1.tar" >/dev/null
    registry_push "$FILE/reg" "$STORE/oci-$1" "$1" >/dev/null
}

@test "layers that lead out of their directory are refused, and leave nothing" {
    local n=0 code
    echo keep >"$STORE/keep"
    for code in "add('../../../../../../../..$STORE/pwned', data=b'x')" \
        "add('d', LINK, '$STORE'); add('d/pwned', data=b'x')" \
        "add('d', LINK, '../../../../../../../..$STORE'); add('d/pwned', data=b'x')" \
        "add('d', LINK, '$STORE'); add('d/.wh.keep')" "add('d', LINK, '$STORE'); add('d/.wh..wh..opq')" \
        "add('s', HARD, '/etc/shadow')" "add('s', HARD, '../../../../../../../../etc/shadow')" \
        "add('e', LINK, '/etc'); add('s', HARD, 'e/shadow')" "add('.wh...')" "add('.wh..')" \
        "add('x', pax={'SCHILY.xattr.trusted.overlay.redirect': '/etc'})" \
        "add('x', DIR, pax={'SCHILY.xattr.user.overlay.opaque': 'y'})"; do
        n=$((n + 1))
        hostile "layer$n" '' "$code"
        rc 125 kist pull -q --tls-verify=false "$REGISTRY/layer$n"
        [ ! -e "$STORE/pwned" ]
        [ -e "$STORE/keep" ]
        rc 0 kist images -q "$REGISTRY/layer$n"
        is "" "$stdout"
    done
    is "" "$(ls -A "$ROOT/kist/staging")"
}

@test "an absolute path in a layer is one of the container" {
    hostile abs '' "add('$STORE/pwned', data=b'x')"
    rc 0 kist run --rm --network none --tls-verify=false "$REGISTRY/abs" cat "$STORE/pwned"
    is x "$stdout"
    [ ! -e "$STORE/pwned" ]
}

@test "an image's links and devices where kist mounts lead nowhere" {
    local name code
    while IFS=: read -r name code; do
        hostile "$name" '' "$code"
        rc '125|126|127' kist run --rm --network none --tls-verify=false "$REGISTRY/$name" true
    done <<'E2'
proc:add('proc', LINK, '/etc')
dev:add('dev', LINK, '/etc')
sys:add('sys', LINK, '/proc')
hosts:add('etc/hosts', LINK, '/proc/sys/kernel/core_pattern')
hostname:add('etc/hostname', LINK, '/proc/sysrq-trigger')
E2
    hostile out '' "add('etc/resolv.conf', LINK, '../../../../../../../..$STORE/pwned')"
    kist run --rm --network none --tls-verify=false "$REGISTRY/out" true || true
    [ ! -e "$STORE/pwned" ]
    if is_root; then
        hostile node '' "add('loop', CHR)"
        rc 1 kist run --rm --network none --tls-verify=false "$REGISTRY/node" cat /loop
        matches 'Permission denied'
    fi
}

@test "an image's /etc/passwd may be anything" {
    local name code
    while IFS=: read -r name code; do
        hostile "passwd-$name" '' "$code"
        rc '0|125|126' timeout 20 "$KIST" --root "$ROOT" --runroot "$RUN" run --rm --network none --tls-verify=false \
            "$REGISTRY/passwd-$name" true
    done <<'E2'
fifo:add('etc/passwd', FIFO)
dir:add('etc/passwd/x')
loop:add('etc/passwd', LINK, 'passwd')
proc:add('etc/passwd', LINK, '/proc/self/environ')
bytes:add('etc/passwd', data=bytes(range(256)) * 1000 + b'\nroot:x:0:0' + b':' * 5000)
huge:add('etc/passwd', data=b'a:x:1:1::/:/bin/sh\n' * 600000)
E2
}

@test "an image with very many variables is refused at once" {
    need_kist
    hostile many '{Cmd: ["sh"], Env: [range(100000) | "V\(.)=1"]}' "add('x')"
    kist pull -q --tls-verify=false "$REGISTRY/many"
    rc 125 timeout 10 "$KIST" --root "$ROOT" --runroot "$RUN" run --rm --network none "$REGISTRY/many" true
    matches 'environment variables'
}

@test "an image's words do not steer the terminal" {
    need_kist
    hostile steer '{Entrypoint: ["\u001b]0;owned\u0007x\u009b31m"], Labels: {"a\u001b[2J": "b"}}' "add('x')"
    rc 127 kist run --rm --network none --tls-verify=false "$REGISTRY/steer"
    matches '\?\]0;owned'
    [[ $output != *$'\033'* && $output != *$'\302\233'* ]]
    kist create --name c "$REGISTRY/steer"
    rc 0 script -qec "'$KIST' --root '$ROOT' --runroot '$RUN' ps -a" /dev/null
    matches '\?\]0;owned'
    [[ $output != *$'\033'* ]]
}
