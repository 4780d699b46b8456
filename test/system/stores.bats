# Stores of other shapes: images apart from containers (imagestore), read-only stores beside our own
# (additionalimagestores), other drivers, and what of other tools' layers has to be refused or understood.

load helpers
# shellcheck source=test/lib/podman.bash
. "$top/test/lib/podman.bash"

# A second registry, which has nothing: there kist has to make the layers' bytes again.
setup_file() {
    file_setup busybox multi entry
    export FROM=$REGISTRY FROM_URL=$REGISTRY_URL
    start_registry "$FILE/regto"
    export TO=$REGISTRY REGISTRY=$FROM REGISTRY_URL=$FROM_URL
}
teardown_file() { file_teardown; }

setup() {
    test_setup
    need_kist
    # What CONTAINERS_STORAGE_CONF names has no roots for an ordinary user, and podman 5.4 as root does not look
    # into XDG_CONFIG_HOME.
    CONF=$STORE/containers/storage.conf
    mkdir -p "$STORE/containers"
    if is_root; then export CONTAINERS_STORAGE_CONF=$CONF; else export XDG_CONFIG_HOME=$STORE; fi
    conf
}

teardown() {
    pod rm -af -t 0 >/dev/null 2>&1 || true
    k rm -af -t 0 >/dev/null 2>&1 || true
    as_owner umount "$STORE/img/overlay" 2>/dev/null || true
    awk -v s="$STORE/" 'index($5, s) == 1 && $5 !~ /\/merged$/ { print $5 }' /proc/self/mountinfo | sort -r |
        while read -r mountpoint; do umount -l "$mountpoint" 2>/dev/null || true; done
    test_teardown
}

# conf [LINE...]: storage.conf with this test's roots and these lines (both tools read it: no --root anywhere)
conf() {
    printf '[storage]\ndriver = "overlay"\ngraphroot = "%s"\nrunroot = "%s"\n' "$ROOT" "$RUN" >"$CONF"
    [ $# = 0 ] || printf '%s\n' "$@" >>"$CONF"
}

# k ARG...: kist with the roots of storage.conf
k() {
    # shellcheck disable=SC2086
    timeout --foreground -k 5 60 "$KIST" ${KIST_FLAGS:-} "$@"
}

# pod ARG...: podman with the same
pod() {
    [ -e "$STORE/podman.conf" ] || podman_conf "$STORE/podman.conf"
    CONTAINERS_CONF=$STORE/podman.conf timeout -k 5 60 podman --log-level error \
        --runtime "$(podman_runtime)" --cgroup-manager cgroupfs "$@" 3>&-
}

need_podman() { command -v podman >/dev/null || skip "podman is not installed"; }

# need_podman5 WHAT: podman's older versions do not know it
need_podman5() {
    need_podman
    case $(podman --version) in *' 4.'*) skip "podman 4.3.1 has no $1" ;; esac
}

# as_owner COMMAND...: as somebody who may look at and change the files of subordinate users
as_owner() {
    if is_root; then "$@"; else unshare --user --map-root-user --map-auto "$@"; fi
}

# listed TOOL: "repository:tag id" of each image, sorted
listed() { "$1" images --format '{{.Repository}}:{{.Tag}} {{.ID}} {{.ReadOnly}}' | sort; }

# diff_ids REPOSITORY: the uncompressed digests of the layers of an image in the registry
diff_ids() { skopeo inspect --config --raw --tls-verify=false "docker://$REGISTRY/$1" | jq -c .rootfs.diff_ids; }

# kpull NAME...: with the roots of storage.conf
kpull() {
    local name
    for name; do k pull -q --tls-verify=false "$REGISTRY/$name" >/dev/null; done
}

# --- images apart from containers ----------------------------------------------------------------------

@test "imagestore: images and their layers are there, containers in the graphroot" {
    conf "imagestore = \"$STORE/img\""
    kpull multi
    IMG=$REGISTRY/multi
    is 10 "$(find "$STORE/img/overlay" -mindepth 1 -maxdepth 1 -name '[0-9a-f]*' | wc -l)"
    is 10 "$(find "$STORE/img/overlay/l" -type l | wc -l)"
    is 1 "$(jq length "$STORE/img/overlay-images/images.json")"
    [ ! -e "$ROOT/overlay-images/images.json" ]
    is 10 "$(find "$ROOT/overlay-layers" -name '*.tar-split.gz' | wc -l)"
    rc 0 k run --name c --network none "$IMG" sh -c 'ls /data; echo new >/new; cat /last'
    has keep
    hasnt gone
    [ -d "$ROOT/kist/containers" ]
    # the one directory in the graphroot is that of the holder
    is 1 "$(find "$ROOT/overlay" -mindepth 1 -maxdepth 1 -name '[0-9a-f]*' | wc -l)"
    rc 0 k diff c
    has 'A /new'
    rc 0 k export c -o "$STORE/c.tar"
    tar -tf c.tar | grep -qx new
    rc 0 k commit -q c localhost/committed:1
    is 2 "$(jq length "$STORE/img/overlay-images/images.json")"
    rc 0 k run --rm --network none localhost/committed:1 cat /new
    is new "$stdout"
    rc 0 k system check
    has '11 layers, 2 images'
    has '0 findings'
    rc 0 k info --format '{{.Store.ImageStoreRoot}}'
    is "$STORE/img" "$stdout"
    rc 0 k rm c
    rc 0 k rmi -a
    is 0 "$(find "$STORE/img/overlay" "$STORE/img/overlay/l" "$ROOT/overlay" -mindepth 1 -maxdepth 1 -name '[0-9a-fA-Z]*' ! -name l | wc -l)"
    is 0 "$(find "$ROOT/overlay-layers" -name '*.tar-split.gz' | wc -l)"
}

@test "imagestore: system df adds up to what du says of both, reset removes both" {
    conf "imagestore = \"$STORE/img\""
    kpull busybox multi
    k create "$REGISTRY/busybox" >/dev/null
    rc 0 k system df --format '{{.RawSize}}'
    is "$(as_owner du -sxc --block-size=1 "$ROOT" "$STORE/img" | tail -n 1 | cut -f 1)" \
        "$(awk '{ n += $1 } END { print n }' <<<"$stdout")"
    rc 0 k system reset <<<n
    has "the imagestore directory: \"$STORE/img\""
    : >"$STORE/img/mine"
    rc 125 k system reset -f
    has "$STORE/img/mine"
    rm "$STORE/img/mine"
    rc 0 k system reset -f
    [ ! -e "$STORE/img/overlay" ]
    [ ! -e "$ROOT/overlay" ]
}

@test "imagestore: --imagestore does the same, and --rm cleans up with it" {
    kist --imagestore "$STORE/img" pull -q --tls-verify=false "$REGISTRY/busybox" >/dev/null
    rc 0 kist images -q
    is "" "$stdout"
    rc 0 kist --imagestore "$STORE/img" images --format '{{.Repository}}'
    is "$REGISTRY/busybox" "$stdout"
    rc 0 kist --imagestore "$STORE/img" run -d --rm --network none "$REGISTRY/busybox" sleep 0.2
    eventually gone "$stdout"
    rc 0 kist --imagestore "$STORE/img" rmi "$REGISTRY/busybox"
    rc 125 kist --imagestore "$ROOT" images
    has "are both $ROOT"
    rc 125 kist --root "$ROOT" --imagestore "$ROOT/../root" images
    has 'the same directory'
}

# gone ID: no such container any more
gone() { ! kist --imagestore "$STORE/img" inspect "$1" >/dev/null 2>&1; }

@test "imagestore: what was in the graphroot before stays usable" {
    kpull busybox
    conf "imagestore = \"$STORE/img\""
    rc 0 k run --rm --network none "$REGISTRY/busybox" echo old
    is old "$stdout"
    # its layers are the parents of new ones
    kpull entry
    rc 0 k run --rm --network none "$REGISTRY/entry" one
    rc 0 k tag "$REGISTRY/busybox" localhost/new:1
    rc 0 k system check
    has '0 findings'
    rc 0 k rmi -af
    rc 0 k images -q
    is "" "$stdout"
    rc 0 k system check
    has '0 layers, 0 images'
}

@test "imagestore: a path with odd characters" {
    conf "imagestore = \"$STORE/a:b, c\\\\d\""
    kpull busybox multi
    conf "[storage.options]" "additionalimagestores = []"
    kpull busybox
    conf "imagestore = \"$STORE/a:b, c\\\\d\""
    rc 0 k run --rm --network none "$REGISTRY/multi" ls /data
    has keep
}

@test "imagestore: podman pulls, kist lists, runs and pushes; and the other way round" {
    need_podman5 imagestore
    conf "imagestore = \"$STORE/img\""
    rc 0 pod pull -q --tls-verify=false "$REGISTRY/multi"
    kpull entry
    is "$(listed pod)" "$(listed k)"
    rc 0 k run --rm --network none "$REGISTRY/multi" ls /data
    has keep
    rc 0 pod run --rm --network none "$REGISTRY/entry" one
    rc 0 k push -q --tls-verify=false "$REGISTRY/multi" "$TO/split/kist"
    rc 0 pod push -q --tls-verify=false "$REGISTRY/entry" "$REGISTRY/split/podman"
    is "$(diff_ids multi)" "$(REGISTRY=$TO diff_ids split/kist)"
    is "$(diff_ids entry)" "$(diff_ids split/podman)"
    # kist's layers stand on podman's, and podman's on kist's
    kpull busybox
    rc 0 k create --name c "$REGISTRY/multi"
    rc '2|125' pod rmi "$REGISTRY/multi"
    rc 0 k rm c
    rc 0 k rmi "$REGISTRY/multi"
    rc 0 pod rmi "$REGISTRY/entry"
    is "$(listed pod)" "$(listed k)"
    rc 0 pod run --rm --network none "$REGISTRY/busybox" echo both
    is both "$stdout"
    # podman 5.4 leaves its links in the image store
    rc 0 k system check -r
    hasnt damaged
}

@test "imagestore: where it has a layers.json of its own, new records go there" {
    # Versions from 1.58 on make and read this file; older ones find their records in the graphroot.
    conf "imagestore = \"$STORE/img\""
    mkdir -p "$STORE/img/overlay-layers"
    echo '[]' >"$STORE/img/overlay-layers/layers.json"
    kpull multi
    is 10 "$(jq length "$STORE/img/overlay-layers/layers.json")"
    k create --name c "$REGISTRY/multi" >/dev/null
    is 1 "$(jq length "$ROOT/overlay-layers/layers.json")"
    rc 0 k system check
    has '0 findings'
    # another graphroot sees the images, and runs them
    rc 0 k --root "$STORE/root2" --runroot "$STORE/run2" run --rm --network none "$REGISTRY/multi" ls /data
    has keep
    k rm c >/dev/null
    rc 0 k rmi "$REGISTRY/multi"
    is '[]' "$(cat "$STORE/img/overlay-layers/layers.json")"
    is '[]' "$(cat "$ROOT/overlay-layers/layers.json")"
}

# --- read-only stores beside our own -------------------------------------------------------------------

# fill DIR NAME...: a store of its own with these images
fill() {
    local dir=$1 name
    shift
    for name; do "$KIST" --root "$dir" --runroot "$STORE/fill" pull -q --tls-verify=false "$REGISTRY/$name" >/dev/null; done
}

# give_away DIR: what a network share looks like: another's files, which we may only read, and no lock file
give_away() {
    find "$1" -name '*.lock' -delete
    rm -rf "$1/kist"
    as_owner chmod -R a+rX,go-w "$1"
    as_owner chown -hR 1:1 "$1"
    if is_root; then
        mount --bind "$1" "$1"
        mount -o remount,bind,ro "$1"
    fi
}

# facts_of DIR...: every file's properties and content; whatever is written there changes them
facts_of() {
    as_owner find "$@" -printf '%p %y %m %U:%G %s %T@ %C@ %l\n' | sort
    as_owner find "$@" -type f -exec sha256sum {} + | sort
}

# take_back DIR...: what give_away gave
take_back() {
    local dir
    for dir; do
        ! is_root || umount "$dir"
        as_owner chown -hR 0:0 "$dir"
    done
}

more_stores() { printf '"%s", ' "$@" | sed 's/^/additionalimagestores = [/; s/, $/]/'; }

@test "additional stores: images are listed, run, named and pushed, and nothing is ever written there" {
    local all
    fill "$STORE/one" busybox
    "$KIST" --root "$STORE/one" --runroot "$STORE/fill" tag "$REGISTRY/busybox" localhost/first:1
    fill "$STORE/two" entry
    give_away "$STORE/one"
    give_away "$STORE/two"
    facts_of "$STORE/one" "$STORE/two" >before
    conf "[storage.options]" "$(more_stores "$STORE/one" "$STORE/two" "$STORE/nothing-there" "$STORE/two")"

    rc 0 k images --format '{{.Repository}}:{{.Tag}} {{.ReadOnly}}'
    is "localhost/first:1 true
$REGISTRY/busybox:latest true
$REGISTRY/entry:latest true" "$stdout"
    rc 0 k images
    matches 'R/O'
    rc 0 k images --filter readonly=false -q
    is "" "$stdout"
    rc 0 k inspect "$REGISTRY/entry"
    rc 0 k history first:1
    rc 0 k image tree first:1
    rc 0 k run --rm --network none first:1 echo ran
    is ran "$stdout"
    rc 0 k run --name c --network none first:1 sh -c 'echo mine >/mine; rm /bin/ls'
    rc 0 k diff c
    has 'A /mine'
    rc 0 k export c -o "$STORE/c.tar"
    rc 0 k commit -q c localhost/committed:1
    rc 0 k run --rm --network none localhost/committed:1 cat /mine
    is mine "$stdout"
    rc 0 k save -q -o "$STORE/entry.tar" "$REGISTRY/entry"
    rc 0 k push -q --tls-verify=false first:1 "$TO/more/first"

    # refused with the store's name, and then nothing has happened
    all=$(k images -q --no-trunc)
    rc 125 k rmi first:1
    has "read-only: it is in the additional image store $STORE/one"
    rc 125 k rmi -f first:1
    has read-only
    rc 0 k diff c
    rc 125 k untag first:1
    has read-only
    rc 0 k rmi -a
    rc 0 k image prune -af
    rc 0 k images --filter readonly=true -q --no-trunc
    is 2 "$(wc -l <<<"$stdout")"

    # a new name is a record of our own, which can go again
    rc 0 k tag first:1 localhost/own:1
    rc 0 k images --format '{{.Repository}} {{.ReadOnly}}'
    matches '^localhost/own false$'
    matches '^localhost/first true$'
    rc 0 k run --rm --network none own:1 echo named
    is named "$stdout"
    rc 0 k system df
    rc 0 k system check
    has '0 findings'
    rc 0 k rm c
    rc 0 k rmi own:1
    is "Untagged: localhost/own:1
Deleted: $(k inspect --format '{{.Id}}' first:1)" "$stdout"
    rc 0 k run --rm --network none first:1 echo still
    if is_root; then
        rc 0 k image mount first:1
        [ -x "$stdout/bin/busybox" ]
        rc 0 k image unmount first:1
    fi
    rc 0 k system prune -af
    facts_of "$STORE/one" "$STORE/two" >after
    diff before after
    take_back "$STORE/one" "$STORE/two"
}

@test "additional stores: their layers are the parents of what is pulled" {
    fill "$STORE/one" busybox
    give_away "$STORE/one"
    facts_of "$STORE/one" >before
    conf "[storage.options]" "$(more_stores "$STORE/one")"
    : >"$FILE/reg/log"
    kpull multi
    # nine layers and the configuration
    is 10 "$(grep -c '"GET /v2/multi/blobs/.* 200 .*kist' "$FILE/reg/log")"
    is 9 "$(find "$ROOT/overlay" -mindepth 1 -maxdepth 1 -name '[0-9a-f]*' | wc -l)"
    rc 0 k run --name c --network none "$REGISTRY/multi" sh -c 'ls /data; cat /last'
    has keep
    rc 0 k system check
    has '0 findings'
    rc 0 k export c -o "$STORE/c.tar"
    rc 0 k push -q --tls-verify=false "$REGISTRY/multi" "$TO/more/multi"
    rc 0 k rm c
    rc 0 k rmi "$REGISTRY/multi"
    is 0 "$(find "$ROOT/overlay" -mindepth 1 -maxdepth 1 -name '[0-9a-f]*' | wc -l)"
    facts_of "$STORE/one" >after
    diff before after
    take_back "$STORE/one"
}

@test "additional stores: no file there is opened for writing, none is locked" {
    need_root
    command -v strace >/dev/null || skip "strace is not installed"
    fill "$STORE/one" busybox
    conf "[storage.options]" "$(more_stores "$STORE/one")"
    strace -f -y -e trace=file,fcntl,ftruncate,fchmod,fchown,fsetxattr -o trace "$KIST" run --rm --network none "$REGISTRY/busybox" true
    strace -f -y -e trace=file,fcntl,ftruncate,fchmod,fchown,fsetxattr -o trace2 "$KIST" tag "$REGISTRY/busybox" localhost/t:1
    grep -q "$STORE/one" trace
    grep -q "$STORE/one" trace2
    ! grep -h "$STORE/one" trace trace2 | grep -E 'O_(WRONLY|RDWR|CREAT|TMPFILE|TRUNC)|F_(OFD_)?SETLK|^[0-9]+ +(mkdir|unlink|rename|symlink|link|mknod|ch(mod|own)|utimens|(l|f)?setxattr|ftruncate|fch)'
}

@test "additional stores: what may not be read is named" {
    fill "$STORE/one" busybox
    conf "[storage.options]" "$(more_stores "$STORE/one")"
    if is_root; then
        chmod 755 "$STORE"
        chmod 700 "$STORE/one"
        printf '[storage]\ndriver = "overlay"\nrootless_storage_path = "%s"\n[storage.options]\n%s\n' \
            "$STORE/nobody/root" "$(more_stores "$STORE/one")" >"$CONF"
        install -d -o 65534 "$STORE/nobody" "$STORE/nobody/xdg"
        rc 125 env -u REGISTRY_AUTH_FILE HOME="$STORE/nobody" XDG_RUNTIME_DIR="$STORE/nobody/xdg" \
            setpriv --reuid 65534 --regid 65534 --clear-groups "$KIST" images
    else
        chmod 0 "$STORE/one"
        rc 125 k images
        chmod 700 "$STORE/one"
    fi
    has "additional image store $STORE/one: Permission denied"
}

@test "additional stores: a user without rights there runs what root keeps" {
    need_root
    fill "$STORE/one" busybox
    # Root's files are nobody's in that user's containers, which can add nothing to /etc (podman neither).
    local one=("$KIST" --root "$STORE/one" --runroot "$STORE/fill") files
    "${one[@]}" create --name x --network none "$REGISTRY/busybox" true
    files=$("${one[@]}" mount x)
    touch "$files"/etc/{hosts,hostname,resolv.conf}
    "${one[@]}" unmount x
    "${one[@]}" commit -q x localhost/full:1 >/dev/null
    "${one[@]}" rm x >/dev/null
    chmod -R a+rX "$STORE/one"
    chmod 755 "$STORE"
    facts_of "$STORE/one" >before
    printf '[storage]\ndriver = "overlay"\nrootless_storage_path = "%s"\n[storage.options]\n%s\n' \
        "$STORE/nobody/root" "$(more_stores "$STORE/one")" >"$CONF"
    install -d -o 65534 "$STORE/nobody" "$STORE/nobody/xdg"
    rc 0 env -u REGISTRY_AUTH_FILE HOME="$STORE/nobody" XDG_RUNTIME_DIR="$STORE/nobody/xdg" \
        setpriv --reuid 65534 --regid 65534 --clear-groups "$KIST" run --rm --network none localhost/full:1 echo as nobody
    has 'as nobody'
    facts_of "$STORE/one" >after
    diff before after
}

@test "additional stores: podman sees the same" {
    need_podman
    fill "$STORE/one" busybox
    "$KIST" --root "$STORE/one" --runroot "$STORE/fill" tag "$REGISTRY/busybox" localhost/first:1
    fill "$STORE/two" entry
    conf "[storage.options]" "$(more_stores "$STORE/one" "$STORE/two")"
    is "$(listed pod)" "$(listed k)"
    rc 0 pod run --rm --network none localhost/first:1 echo podman
    is podman "$stdout"
    # podman's record of a new name, and layers of both on theirs
    rc 0 pod tag localhost/first:1 localhost/by-podman:1
    rc 0 k tag localhost/first:1 localhost/by-kist:1
    rc 0 pod pull -q --tls-verify=false "$REGISTRY/multi"
    is "$(listed pod)" "$(listed k)"
    rc 0 k run --rm --network none "$REGISTRY/multi" ls /data
    has keep
    rc 0 k run --rm --network none by-podman:1 echo ok
    rc 0 pod run --rm --network none localhost/by-kist:1 echo ok
    rc '1|125' pod rmi "$REGISTRY/entry"
    has 'read-only'
    rc 0 k rmi "$REGISTRY/multi"
    kpull multi
    rc 0 pod run --rm --network none "$REGISTRY/multi" ls /data
    has keep
    rc 0 pod rmi "$REGISTRY/multi"
    rc 0 k system check
    has '0 findings'
}

# --- other drivers -------------------------------------------------------------------------------------

@test "drivers: a vfs store of podman is refused with what can be done" {
    need_podman
    rc 0 pod --root "$ROOT" --runroot "$RUN" --storage-driver vfs pull -q --tls-verify=false "$REGISTRY/busybox"
    echo '[storage]' >"$CONF"
    rc 125 kist images
    has "$ROOT is a store of the driver vfs; kist has only the overlay driver"
    has 'choose another --root, or begin an overlay store beside it with --storage-driver overlay'
    rc 125 kist pull -q --tls-verify=false "$REGISTRY/busybox"
    rc 125 kist --storage-driver vfs images
    has 'storage driver "vfs" is not supported, only overlay'
    # that a distribution's file names overlay for all stores is no reason to begin a second one
    conf
    rc 125 kist images
    has 'is a store of the driver vfs'
    [ ! -e "$ROOT/overlay" ]
    rc 0 kist --storage-driver overlay images -q
    is "" "$stdout"
    rc 0 kist images
    echo '[storage]' >"$CONF"
    rc 125 kist images
    has "$ROOT holds stores of the drivers vfs and overlay: decide with driver = \"overlay\" in storage.conf"
}

@test "drivers: btrfs and zfs, also of an image store and an additional store" {
    local driver
    echo '[storage]' >"$CONF"
    for driver in btrfs zfs; do
        mkdir -p "$ROOT/$driver" "$ROOT/$driver-images"
        rc 125 kist images
        has "$ROOT is a store of the driver $driver"
        rm -r "${ROOT:?}"
        mkdir -p "$STORE/img/$driver-images"
        rc 125 kist --imagestore "$STORE/img" images
        has "imagestore: $STORE/img is a store of the driver $driver"
        rc 125 kist --storage-opt "additionalimagestore=$STORE/img" images
        has "additional image store: $STORE/img is a store of the driver $driver"
        rm -r "$STORE/img"
        rm -rf "${ROOT:?}"
    done
    for driver in vfs btrfs zfs aufs; do
        printf '[storage]\ndriver = "%s"\n' "$driver" >"$CONF"
        rc 125 kist images
        has "storage.conf:2: storage.driver: storage driver \"$driver\" is not supported, only overlay"
    done
}

# --- layers of other shapes ----------------------------------------------------------------------------

@test "shifted layers: podman's copies for a user namespace are understood and go with their image" {
    local copy before would
    need_root
    need_podman5 'way to do without idmapped mounts'
    kpull multi
    IMG=$REGISTRY/multi
    export _CONTAINERS_OVERLAY_DISABLE_IDMAP=yes
    rc 0 pod run --name p --uidmap 0:100000:5000 --gidmap 0:100000:5000 --network none "$IMG" sh -c 'echo x >/new'
    copy=$(jq -r '.[0]["mapped-layers"][0]' "$ROOT/overlay-images/images.json")
    is 100000 "$(stat -c %u "$ROOT/overlay/$copy/diff")"
    [ -d "$ROOT/overlay/$copy/diff1" ]
    # kist's own containers have the original
    rc 0 k run --rm --network none "$IMG" stat -c '%u %n' /data/keep
    is '0 /data/keep' "$stdout"
    rc 0 k images -q
    rc 0 k system check
    has '0 findings'
    rc 0 k push -q --tls-verify=false "$IMG" "$TO/shifted/multi"
    is "$(diff_ids multi)" "$(REGISTRY=$TO diff_ids shifted/multi)"
    rc 2 k rmi "$IMG"
    has 'in use by container p'
    rc 0 pod start -a p
    rc 0 pod rm p
    # the copy still belongs to the image: nothing takes it for a leftover
    rc 0 k system check -r
    has '0 findings'
    [ -d "$ROOT/overlay/$copy/diff1" ]
    rc 0 pod run --rm --uidmap 0:100000:5000 --gidmap 0:100000:5000 --network none "$IMG" true
    is 1 "$(jq '.[0]["mapped-layers"] | length' "$ROOT/overlay-images/images.json")"
    # a lost link is made again, with the owner left as it is
    rm "$ROOT/overlay/l/$(cat "$ROOT/overlay/$copy/link")"
    echo l/AAAAAAAAAAAAAAAAAAAAAAAAAA >"$ROOT/overlay/$copy/lower"
    rc 125 k system check
    rc 0 k system check -r
    is 100000 "$(stat -c %u "$ROOT/overlay/$copy/diff")"
    rc 0 pod run --rm --uidmap 0:100000:5000 --gidmap 0:100000:5000 --network none "$IMG" cat /last
    is 9 "$stdout"
    before=$(du -sx --block-size=1 "$ROOT" | cut -f 1)
    rc 0 k image prune -a --dry-run
    would=$(sed -n 's/^Would reclaim: \([0-9]*\) bytes.*/\1/p' <<<"$stdout")
    rc 0 k rmi "$IMG"
    before=$((before - would - $(du -sx --block-size=1 "$ROOT" | cut -f 1)))
    [ "$before" -ge -16384 ] && [ "$before" -lt 65536 ]
    [ ! -e "$ROOT/overlay/$copy" ]
    rc 0 k system check
    has '0 layers, 0 images'
}

@test "shifted layers: a podman container with id maps keeps its image, and lives on" {
    need_root
    # 4.3.1 often breaks off in the middle of removing its own container ("shm: device or resource busy")
    need_podman5 'sound removal of containers with id maps'
    kpull multi
    IMG=$REGISTRY/multi
    rc 0 pod create --name p --uidmap 0:100000:5000 --network none "$IMG" sh -c 'cat /proc/self/uid_map /last'
    rc 2 k rmi "$IMG"
    rc 0 k run --rm --network none "$IMG" stat -c %u /data/keep
    is 0 "$stdout"
    rc 0 k tag "$IMG" localhost/two:2
    rc 0 k system check -r
    has '0 findings'
    rc 0 pod start -a p
    has 100000
    rc 0 pod rm p
    rc 0 k rmi -af
    rc 0 k system check
    has '0 layers'
}

@test "shifted layers: an image that has no others is listed and pushed, but not run" {
    # As podman 4 makes it with remap-uids on kernels without idmapped mounts.
    local id
    need_root
    kpull entry
    id=$(jq -r '.[0].id' "$ROOT/overlay-layers/layers.json")
    jq -c '.[0] += {uidmap: [{container_id: 0, host_id: 100000, size: 65536}], gidmap: [{container_id: 0, host_id: 100000, size: 65536}]}' \
        "$ROOT/overlay-layers/layers.json" >layers.json
    cp layers.json "$ROOT/overlay-layers/layers.json"
    chown -hR 100000:100000 "$ROOT/overlay/$id/diff"
    rc 0 k images --format '{{.Repository}}'
    is "$REGISTRY/entry" "$stdout"
    rc 125 k run --rm --network none "$REGISTRY/entry" true
    has 'its layers were made for a user namespace'
    rc 0 k push -q --tls-verify=false "$REGISTRY/entry" "$TO/shifted/entry"
    is "$(diff_ids entry)" "$(REGISTRY=$TO diff_ids shifted/entry)"
    rc 0 k tag "$REGISTRY/entry" localhost/two:2
    is 100000 "$(jq '.[0].uidmap[0].host_id' "$ROOT/overlay-layers/layers.json")"
    rc 0 k system check
    has '0 findings'
    rc 0 k rmi -f "$REGISTRY/entry" localhost/two:2
    rc 0 k system check
    has '0 layers'
}

@test "masked layers: an image that podman pulled with force_mask is listed and pushed, but not run" {
    need_podman5 'force_mask without a mount program'
    conf '[storage.options.overlay]' 'force_mask = "shared"'
    rc 0 pod pull -q --tls-verify=false "$REGISTRY/multi"
    rc 125 k images
    has 'storage.options.overlay.force_mask: force_mask is not supported: only a mount program (fuse-overlayfs) presents'
    has CONTAINERS_STORAGE_CONF
    conf
    IMG=$REGISTRY/multi
    rc 0 k images --format '{{.Repository}}'
    is "$IMG" "$stdout"
    # with the kernel's overlay every file would have the mask's mode
    rc 125 k run --rm --network none "$IMG" ls /data
    has 'was written with force_mask, which only a mount program (fuse-overlayfs) presents'
    rc 0 k push -q --tls-verify=false "$IMG" "$TO/masked/multi"
    is "$(diff_ids multi)" "$(REGISTRY=$TO diff_ids masked/multi)"
    rc 0 k save -q -o "$STORE/multi.tar" "$IMG"
    rc 0 k system check
    has '0 findings'
    rc 0 k rmi "$IMG"
    rc 0 k system check
    has '0 layers'
}

@test "mount program: its store is listed, pulled into and pushed from, but nothing is mounted" {
    local program
    need_podman
    program=$(command -v fuse-overlayfs) || skip "fuse-overlayfs is not installed"
    conf '[storage.options.overlay]' "mount_program = \"$program\""
    rc 0 pod pull -q --tls-verify=false "$REGISTRY/entry"
    rc 125 k images
    has "mount_program is not supported: kist mounts with the kernel's overlay only"
    conf
    is true "$(cat "$ROOT/overlay/.has-mount-program")"
    kpull multi
    IMG=$REGISTRY/multi
    rc 0 k images --format '{{.Repository}}'
    has "$REGISTRY/entry"
    has "$IMG"
    rc 125 k run --rm --network none "$IMG" true
    has "$ROOT/overlay was written for a mount program (fuse-overlayfs), which kist does not use: choose another --root"
    # whiteouts as files, which is what the mount program looks for
    is '.wh..wh..opq .wh.gone .wh.replaced .wh.sub' "$(as_owner find "$ROOT/overlay" -name '.wh*' -printf '%f\n' | sort | xargs)"
    is 0 "$(as_owner find "$ROOT/overlay" -type c | wc -l)"
    rc 0 k push -q --tls-verify=false "$IMG" "$TO/program/multi"
    is "$(diff_ids multi)" "$(REGISTRY=$TO diff_ids program/multi)"
    rc 0 k system check
    has '0 findings'
    rc 0 k rmi -a
    rc 0 k system check
    has '0 layers'
}

@test "mount program: podman runs what kist pulled into its store" {
    local program
    need_podman
    program=$(command -v fuse-overlayfs) || skip "fuse-overlayfs is not installed"
    [ -r /dev/fuse ] && [ -w /dev/fuse ] || skip "no /dev/fuse"
    conf '[storage.options.overlay]' "mount_program = \"$program\""
    rc 0 pod pull -q --tls-verify=false "$REGISTRY/entry"
    conf
    kpull multi
    conf '[storage.options.overlay]' "mount_program = \"$program\""
    rc '0|1|125|126' pod run --rm --network none "$REGISTRY/multi" sh -c 'ls /data /data/opaque; cat /last'
    [[ $output != *fuse-overlayfs* ]] || skip "fuse-overlayfs cannot mount here"
    has keep
    hasnt gone
    hasnt hidden
    rc 0 pod rmi "$REGISTRY/multi"
}

@test "composefs layers are listed and removed, but neither run nor pushed" {
    # As podman makes one with use_composefs = "true", which needs mkcomposefs: the files are named by their
    # content then, so nothing may take the directory for the tree.
    local id
    kpull entry
    id=$(jq -r '.[0].id' "$ROOT/overlay-layers/layers.json")
    mkdir "$ROOT/overlay/$id/composefs-data"
    : >"$ROOT/overlay/$id/composefs-data/composefs.blob"
    conf '[storage.options]' 'use_composefs = "true"'
    rc 125 k images
    has 'use_composefs is not supported'
    conf
    rc 0 k images --format '{{.Repository}}'
    is "$REGISTRY/entry" "$stdout"
    rc 125 k run --rm --network none "$REGISTRY/entry" one
    has 'is a composefs layer, which kist cannot mount'
    rc 125 k push -q --tls-verify=false "$REGISTRY/entry" "$TO/composefs/entry"
    has 'is a composefs layer'
    rc 125 k save -q -o "$STORE/entry.tar" "$REGISTRY/entry"
    rc 0 k system check
    has '1 layers, 1 images'
    has '0 findings'
    rc 0 k rm -a
    rc 0 k rmi "$REGISTRY/entry"
    rc 0 k system check
    has '0 layers'
}

@test "zstd:chunked layers that podman pulled in part are run and pushed" {
    need_podman5 'partial pull'
    rc 0 pod pull -q --tls-verify=false "$REGISTRY/entry"
    rc 0 pod push -q --tls-verify=false --compression-format zstd:chunked --force-compression "$REGISTRY/entry" "$REGISTRY/chunked/entry"
    rc 0 pod rmi "$REGISTRY/entry"
    # without ranges over http there is no partial pull: the file of podman says that plain http is fine
    mkdir -p "$STORE/registries.d"
    printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$REGISTRY" >"$STORE/registries.conf"
    conf '[storage.options]' 'pull_options = {enable_partial_images = "true"}'
    CONTAINERS_REGISTRIES_CONF=$STORE/registries.conf rc 0 pod pull -q "$REGISTRY/chunked/entry"
    is true "$(jq '.[0] | has("toc-digest") and (has("compressed-diff-digest") | not)' "$ROOT/overlay-layers/layers.json")"
    IMG=$REGISTRY/chunked/entry
    is "$(listed pod)" "$(listed k)"
    rc 0 k run --rm --network none "$IMG" one
    has 'args: one'
    rc 0 k push -q --tls-verify=false "$IMG" "$TO/chunked/kist"
    is "$(diff_ids entry)" "$(REGISTRY=$TO diff_ids chunked/kist)"
    rc 0 k save -q -o "$STORE/entry.tar" "$IMG"
    rc 0 k create --name c "$IMG"
    rc 0 k commit -q c localhost/committed:1
    rc 0 pod run --rm --network none localhost/committed:1 two
    # what kist does not know stays in the record
    is 64 "$(jq -r '.[0]["toc-digest"]' "$ROOT/overlay-layers/layers.json" | sed 's/sha256://' | tr -d '\n' | wc -c)"
    is 2 "$(jq '.[0]["big-data-names"] | length' "$ROOT/overlay-layers/layers.json")"
    rc 0 k system check
    has '0 findings'
    rc 0 k rm c
    rc 0 k rmi -a
    is 0 "$(find "$ROOT/overlay-layers" -mindepth 1 -maxdepth 1 -name '[0-9a-f]*' | wc -l)"
}

@test "zstd:chunked blobs are pulled whole by kist" {
    need_podman5 'zstd:chunked'
    rc 0 pod pull -q --tls-verify=false "$REGISTRY/multi"
    rc 0 pod push -q --tls-verify=false --compression-format zstd:chunked --force-compression "$REGISTRY/multi" "$REGISTRY/chunked/multi"
    rc 0 pod rmi "$REGISTRY/multi"
    kpull chunked/multi
    rc 0 k run --rm --network none "$REGISTRY/chunked/multi" ls /data
    has keep
    rc 0 pod run --rm --network none "$REGISTRY/chunked/multi" cat /last
    is 9 "$stdout"
}

@test "transient_store is refused, and what podman has in one is left alone" {
    need_podman5 transient_store
    conf 'transient_store = true'
    rc 0 pod pull -q --tls-verify=false "$REGISTRY/busybox"
    IMG=$REGISTRY/busybox
    rc 0 pod run -d --name t --network none "$IMG" sleep 100
    rc 125 k images
    has 'storage.transient_store: a transient store is not supported: set it to false'
    conf
    # podman's container is nowhere but in the run root
    is '[]' "$(cat "$ROOT/overlay-containers/containers.json" 2>/dev/null || echo '[]')"
    rc 2 k rmi "$IMG"
    has 'in use by container t'
    rc 0 k image prune -af
    rc 0 k system check -r
    has '0 findings'
    conf 'transient_store = true'
    rc 0 pod exec t ls /bin/busybox
    rc 0 pod rm -f -t 0 t
    conf
    rc 0 k rmi "$IMG"
    rc 0 k system check
    has '0 findings'
}

# --- owners --------------------------------------------------------------------------------------------

# odd_tar FILE: a root file system with a file of user 33 and one of user 4000000
odd_tar() {
    mkdir -p tree/bin tree/etc
    cp "$(command -v busybox)" tree/bin/busybox
    ln -sf busybox tree/bin/sh
    ln -sf busybox tree/bin/chmod
    echo web >tree/etc/web
    echo far >tree/etc/far
    tar -cf "$1" --sort=name --numeric-owner --owner=0 --group=0 -C tree bin
    tar -rf "$1" --numeric-owner --owner=33 --group=33 --mode=0644 -C tree etc/web
    [ -n "${2:-}" ] || tar -rf "$1" --numeric-owner --owner=4000000 --group=4000000 --mode=0600 -C tree etc/far
}

@test "ignore_chown_errors: owners without a number in the user's ranges are no error" {
    need_user
    odd_tar odd.tar
    rc 125 k import -q odd.tar localhost/odd:1
    has 'the owner 4000000:4000000 has no number in this user namespace (more subordinate ids are needed'
    rc 0 k images -aq
    is "" "$stdout"
    conf '[storage.options]' 'ignore_chown_errors = "true"'
    rc 0 k import odd.tar localhost/odd:1
    rc 0 k run --rm --network none localhost/odd:1 /bin/busybox stat -c '%u:%g %a' /etc/web /etc/far
    is '33:33 644
0:0 600' "$stdout"
    # its digest, and the tar that comes out again, are the true ones
    rc 0 k push -q --tls-verify=false localhost/odd:1 "$REGISTRY/odd/one"
    rc 0 k system check
    has '0 findings'
    if command -v podman >/dev/null; then
        rc 0 pod run --rm --network none localhost/odd:1 /bin/busybox stat -c '%u:%g %a' /etc/web
        is '33:33 644' "$stdout"
        rc 0 k rmi localhost/odd:1
        rc 0 pod pull -q --tls-verify=false "$REGISTRY/odd/one"
        rc 0 k run --rm --network none "$REGISTRY/odd/one" /bin/busybox cat /etc/web
        is web "$stdout"
    fi
}

# as_single ARG...: kist as a user who has no subordinate ids
as_single() {
    env -u REGISTRY_AUTH_FILE HOME="$STORE/nobody" XDG_RUNTIME_DIR="$STORE/nobody/xdg" setpriv --reuid 65534 --regid 65534 --clear-groups \
        timeout -k 5 60 "$KIST" --root "$STORE/nobody/root" --runroot "$STORE/nobody/run" "$@" 2> >(grep -v 'no subordinate IDs' >&2)
}

@test "single user: owners are kept beside the files, and come back in what leaves the store" {
    local far
    need_root
    ! grep -qE '^(nobody|65534):' /etc/subuid || skip "nobody has a range here"
    chmod 777 "$STORE"
    install -d -o 65534 "$STORE/nobody" "$STORE/nobody/xdg"
    odd_tar odd.tar
    rc 0 as_single import -q odd.tar localhost/odd:1
    far=$(echo "$STORE"/nobody/root/overlay/*/diff/etc/far)
    is '65534 600' "$(stat -c '%u %a' "$far")"
    is 4000000:4000000:0600:file "$(python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "user.containers.override_stat").decode())' "$far")"
    # the tar that leaves is the one that came
    rc 0 as_single push -q --tls-verify=false localhost/odd:1 "$REGISTRY/single/odd"
    is "[\"sha256:$(sha256sum odd.tar | cut -d ' ' -f 1)\"]" "$(diff_ids single/odd)"
    # a file that was changed in a container keeps its owner, and has its new mode
    rc 0 as_single run --name c --network none localhost/odd:1 /bin/busybox sh -c 'chmod 640 /etc/web; echo more >>/etc/web; echo n >/etc/new'
    rc 0 as_single commit -q c localhost/odd:2
    rc 0 as_single save -q --format oci-archive -o "$STORE/odd.oci" localhost/odd:2
    mkdir oci
    tar -xf odd.oci -C oci
    tar -tvf "oci/blobs/sha256/$(jq -r .layers[1].digest "oci/blobs/sha256/$(jq -r '.manifests[0].digest' oci/index.json | cut -d : -f 2)" | cut -d : -f 2)" --numeric-owner >list
    grep -q '^-rw-r----- 33/33 .* etc/web$' list
    grep -q ' 0/0 .* etc/new$' list
    rc 0 as_single export -o "$STORE/nobody/all.tar" c
    tar -tvf nobody/all.tar --numeric-owner >list
    grep -q '^-rw-r----- 33/33 .* etc/web$' list
    grep -q '^-rw------- 4000000/4000000 .* etc/far$' list
    rc 0 as_single system check
    has '0 findings'
    rc 0 as_single rm c
    rc 0 as_single rmi -a
}

@test "a container's users do not choose owners in an image" {
    local id
    odd_tar odd.tar without-far
    rc 0 k import -q odd.tar localhost/odd:1
    rc 0 k run --name c --network none localhost/odd:1 /bin/busybox sh -c 'echo x >/f'
    id=$(k inspect --format '{{.Id}}' c)
    # as any process in the container may do with its own files
    as_owner python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.containers.override_stat", b"0:33:4755:file")' \
        "$ROOT/kist/containers/$id/upper/f"
    rc 0 k commit -q c localhost/odd:2
    rc 0 k save -q --format docker-dir -o "$STORE/odd" localhost/odd:2
    tar -tvf "odd/$(jq -r .layers[1].digest odd/manifest.json | cut -d : -f 2)" --numeric-owner >list
    grep -q '^-rw-r--r-- 0/0 .* f$' list
    rc 0 k export -o "$STORE/all.tar" c
    tar -tvf all.tar --numeric-owner >list
    grep -q '^-rw-r--r-- 0/0 .* f$' list
}

# --- what we do not know -------------------------------------------------------------------------------

# marks FILE: the records that are marked, and how
marks() { jq -c '[.[] | select(.["x-mark"] != null) | [.id, .["x-mark"], .flags["x-flag"]]] | sort' "$1"; }

@test "unknown members survive pull, tag, run, commit, untag, rmi and prune" {
    local f before_images before_layers
    kpull busybox multi
    k create --name c "$REGISTRY/busybox" >/dev/null
    for f in overlay-images/images.json overlay-layers/layers.json overlay-containers/containers.json; do
        python3 - "$ROOT/$f" <<'END'
import json, sys
records = json.load(open(sys.argv[1]))
for r in records:
    r["x-mark"] = {"list": [1, 1.5, 2**64 - 1, None, True, "\u00e9<&>"], "deep": {"a": {"b": []}}}
    r.setdefault("flags", {})["x-flag"] = "kept"
json.dump(records, open(sys.argv[1], "w"))
END
    done
    before_images=$(marks "$ROOT/overlay-images/images.json")
    before_layers=$(marks "$ROOT/overlay-layers/layers.json")
    is 2 "$(jq length <<<"$before_images")"
    is 11 "$(jq length <<<"$before_layers")"
    kpull entry
    rc 0 k pull -q --tls-verify=false "$REGISTRY/busybox"
    rc 0 k tag "$REGISTRY/busybox" localhost/a:1 localhost/b:1
    rc 0 k run --rm --network none localhost/a:1 true
    rc 0 k run --name d --network none localhost/a:1 sh -c 'echo x >/x'
    rc 0 k commit -q d localhost/committed:1
    rc 0 k untag localhost/a:1 localhost/b:1
    rc 0 k rm d
    rc 0 k rmi "$REGISTRY/entry" localhost/committed:1
    rc 0 k image prune -f
    rc 0 k system check -r
    is "$before_images" "$(marks "$ROOT/overlay-images/images.json")"
    is "$before_layers" "$(marks "$ROOT/overlay-layers/layers.json")"
    is kept "$(jq -r '.[0].flags["x-flag"]' "$ROOT/overlay-containers/containers.json")"
    # with all digits, in each record
    is 2 "$(grep -oF '18446744073709551615' "$ROOT/overlay-images/images.json" | wc -l)"
    is 11 "$(grep -oF '18446744073709551615' "$ROOT/overlay-layers/layers.json" | wc -l)"
    # what goes, goes; the rest keeps its mark
    rc 0 k rmi "$REGISTRY/multi"
    is 1 "$(marks "$ROOT/overlay-images/images.json" | jq length)"
}
