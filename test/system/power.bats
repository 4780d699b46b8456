# What a power failure leaves: the disk as it is at one moment, without what the kernel had still to write.

load helpers

setup_file() { file_setup_bare six; }
teardown_file() { file_teardown; }

# The store on a file system in the file "disk".
setup() {
    test_setup
    need_root
    command -v mkfs.ext4 >/dev/null || skip "no mkfs.ext4"
    truncate -s 300M disk
    mkfs.ext4 -q disk
    mkdir plugged after
    mount -o loop disk plugged 2>/dev/null || skip "no loop devices here"
    ROOT=$STORE/plugged/root
}

teardown() {
    umount "$STORE/after/root/overlay" "$STORE/after" "$STORE/plugged/root/overlay" 2>/dev/null || true
    test_teardown_of "$STORE/plugged"
}

# test_teardown_of DIR: containers first, since they need what is mounted there
test_teardown_of() {
    local id
    for id in $(kist ps -aq 2>/dev/null); do kist rm -f -t 0 "$id" >/dev/null 2>&1 || true; done
    umount "$ROOT/overlay" 2>/dev/null || true
    umount "$1" 2>/dev/null || true
    test_teardown
}

# power_cut: from here on the store is what the disk had at this moment, after a new boot
power_cut() {
    cp --sparse=always disk copy
    mount -o loop copy after
    ROOT=$STORE/after/root
    RUN=$STORE/run.after
}

whole() {
    rc 0 kist images
    rc 0 kist ps -a
    rc 0 kist system check
    has ': 0 findings'
}

@test "an image that was pulled when the power fails is whole" {
    local id
    id=$(kist pull -q "oci:$CACHE/oci/six:six")
    power_cut
    whole
    rc 0 kist run --rm --network none "$id" cat /layers/last
}

@test "an image that was committed when the power fails is whole" {
    local image
    kist load -q -i "$CACHE/oci/busybox" >/dev/null
    kist run --name c --network none busybox sh -c 'echo new >/new'
    sync
    kist commit -q c new
    kist commit -q -s c flat
    power_cut
    whole
    for image in new flat; do
        rc 0 kist run --rm --network none "$image" cat /new
        is new "$stdout"
    done
}

@test "what a first container of an image made when the power fails is whole" {
    kist load -q -i "$CACHE/oci/busybox" >/dev/null
    sync
    kist run --name c --network none busybox true
    power_cut
    whole
    rc 0 kist start -a c
    rc 0 kist run --rm --network none busybox true
}

@test "a container that would have removed itself is gone after a power failure, and stops nobody" {
    kist load -q -i "$CACHE/oci/busybox" >/dev/null
    kist create --name c --network none busybox true >/dev/null
    sync
    kist create --rm --name gone --network none busybox true >/dev/null
    # what the next record takes to the disk is its name, and not yet what is in it
    kist create --name d --network none busybox true >/dev/null
    power_cut
    whole
    rc 1 kist container exists gone
    rc 0 kist create --name gone --network none busybox true
    rc 0 kist start -a c
    rc 0 kist start -a d
}
