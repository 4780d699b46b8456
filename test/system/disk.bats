# A store on a disk that is full, or that may not be written: said clearly, and nothing is left behind.
#
# As root a small tmpfs is mounted in a mount namespace. An ordinary user does it in a user namespace too, where
# newuidmap has no rights: so /etc/subuid is empty there, and kist has one user.

load helpers

setup_file() { file_setup_bare; }
teardown_file() { file_teardown; }

setup() {
    test_setup
    need_kist
    mkdir small
    : >empty
    cat >prelude <<'END'
[ "$(id -u)" = 0 ] || mount --bind empty /etc/subuid
mount -t tmpfs -o "size=$size" tmpfs small
ROOT=$PWD/small/root
kist() { "$KIST" --root "$ROOT" --runroot "$RUN" "$@" 2> >(grep -v '^Warning: no subordinate IDs' >&2); }
END
    : >main
}

# on_disk SIZE: runs the script of standard input with a store on a disk of that size; sets $output and so on
on_disk() {
    local options=(-m)
    is_root || options=(-m --map-current-user --keep-caps)
    unshare "${options[@]}" true 2>/dev/null || skip "no user namespaces here"
    cat prelude - >main
    export size=$1
    rc 0 unshare "${options[@]}" bash -e main
}

@test "a pull that finds the disk full says so and leaves nothing" {
    on_disk 1500k <<'END'
! kist load -q -i "$CACHE/oci/busybox" || exit 1
kist images -q
find small -type f -size +64k
END
    matches 'No space left on device'
    is "" "$stdout"
}

@test "a run that finds the disk full says so and leaves nothing" {
    on_disk 2500k <<'END'
kist load -q -i "$CACHE/oci/busybox" >/dev/null
dd if=/dev/zero of=small/fill bs=4k 2>/dev/null || true
kist run --network none busybox true || echo "code $?"
kist run --rm --name one --network none busybox true || echo "code $?"
kist ps -aq
ls "$ROOT"/kist/{containers,creating,names}
rm small/fill
kist run --rm --name one --network none busybox echo works again
END
    is 2 "$(grep -cx 'code 125' <<<"$stdout")"
    matches '^Error: making a container in .*/small/root/kist: .*No space left on device'
    has 'works again'
    [[ $(grep -v '^code\|^/\|^$\|works again' <<<"$stdout") = "" ]]
}

@test "a commit that finds the disk full says so and leaves nothing" {
    on_disk 16m <<'END'
kist load -q -i "$CACHE/oci/busybox" >/dev/null
kist run --name c --network none busybox dd if=/dev/zero of=/big bs=1M count=8 2>/dev/null
for i in 1 2 3; do
    kist commit -q c full || echo "code $?"
    kist commit -q -s c full || echo "code $?"
done
kist images -aq | wc -l
kist system check
END
    is 6 "$(grep -cx 'code 125' <<<"$stdout")"
    is 6 "$(grep -c 'No space left on device' <<<"$stderr")"
    matches '^1$'
    has ': 0 findings'
}

@test "a container that fills the disk ends with its own code, and --rm takes it away" {
    on_disk 2500k <<'END'
kist load -q -i "$CACHE/oci/busybox" >/dev/null
kist run --rm --network none busybox sh -c 'dd if=/dev/zero of=/fill bs=4k; exit 7' || echo "code $?"
kist ps -a --format 'left: {{.Names}}'
END
    has 'code 7'
    hasnt left:
}

@test "on a full disk containers can be seen, entered, started, stopped and removed" {
    on_disk 2500k <<'END'
kist load -q -i "$CACHE/oci/busybox" >/dev/null
kist run -d --name one --network none busybox sh -c 'dd if=/dev/zero of=/fill bs=4k; sleep 1; exit 7' >/dev/null
kist wait one
kist ps -a --format '{{.Names}} {{.Status}}'
kist inspect --format '{{.State.Status}} {{.State.ExitCode}}' one
kist start one
kist exec one echo entered
kist stop -t 0 one
kist ps -a --format '{{.Names}} {{.Status}}'
kist logs one >/dev/null
kist rm one
kist ps -aq
kist rmi busybox
END
    is 7 "$(head -n 1 <<<"$stdout")"
    matches '^one Exited \(7\)'
    matches '^exited 7$'
    matches '^entered$'
    matches '^one Exited \(137\)'
    matches '^Deleted: '
}

@test "an end that only the run directory could hold is forgotten by the next start" {
    on_disk 4m <<'END'
kist load -q -i "$CACHE/oci/busybox" >/dev/null
kist create --name one --network none busybox sh -c '[ -e /second ] && exit 8; touch /second; dd if=/dev/zero of=/fill bs=4k; exit 7' >/dev/null
kist start -a one || echo "code $?"
kist start -a one || echo "code $?"
kist rm one >/dev/null
END
    is $'code 7\ncode 8' "$(grep code <<<"$stdout")"
}

@test "a store or a run directory that may not be written is named" {
    on_disk 20m <<'END'
kist load -q -i "$CACHE/oci/busybox" >/dev/null
kist run --rm --network none busybox true
mount -o remount,ro small
kist run --rm --network none busybox true || echo "code $?"
RUN=$PWD/small/run
kist run --rm --network none busybox true || echo "code $?"
END
    is $'code 125\ncode 125' "$stdout"
    matches '^Error: .*/small/root/kist: .*Read-only file system'
    matches '/small/run: Read-only file system'
}
