#!/bin/bash
# check.sh - what needs every cgroup v2 controller: test/system/limits.bats in the virtual machine, as root and as alice
# (in a delegated scope of her systemd). kist is built against the machine's own libraries, in its root file system.
# The last line is "N passed, N failed[, N skipped]". Needs root, Debian bookworm, and minutes.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
top=$(dirname "$(dirname "$here")")
cache=${VM_CACHE:-/var/cache/kist-vm}

# build: the checkout is bound into the image's root file system and built there, in a copy of its own
build() {
    local root=$cache/image/root
    mkdir -p "$work/src"
    cp -R "$top"/{Makefile,cmd,pkg,include,docs,test,contrib,completions} "$work/src/"
    unshare -m sh -ec "mount --bind '$work/src' '$root/mnt'; mount -t proc proc '$root/proc'
        chroot '$root' make -s -j $(nproc) -C /mnt all"
}

# limits WHO COMMAND...: the bats file in the machine; only what is asked to work may pass by skipping
limits() {
    local who=$1
    shift
    echo "=== limits as $who"
    "$here/vm-run" --user "$who" --timeout 1500 --rw "$work":/kist -- "$@" env KIST_TEST_LIMITS=1 \
        KIST_TEST_CACHE=/kist/images BATS_TEST_TIMEOUT=300 bats --formatter tap /kist/src/test/system/limits.bats 2>&1 |
        tee -a "$work/tap" || code=1
}

[ "$(id -u)" = 0 ] || { echo "check-vm: must run as root" >&2; exit 1; }
"$here/vm-build"
work=$(mktemp -d /var/tmp/kist-vm.XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT
code=0
build
"$top/test/images/make-images.sh" "$work/images" busybox entry multi badlayer >/dev/null
chmod -R a+rX "$work"
limits root
limits alice systemd-run --user --scope --quiet -p Delegate=yes
passed=$(grep -E '^ok' "$work/tap" | grep -vc '# skip' || true)
skipped=$(grep -cE '^ok.*# skip' "$work/tap" || true)
failed=$(grep -cE '^not ok' "$work/tap" || true)
[ "$code" = 0 ] || [ "$failed" != 0 ] || failed=1
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
