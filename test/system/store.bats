# Looking after the store: what is in it, what it takes, pruning, mounting, checking, repairing.

load helpers

setup_file() { file_setup busybox entry multi; }
teardown_file() { file_teardown; }

# du_of: bytes on disk of the test's store (the image mounts in it left out)
du_of() { du -sx --block-size=1 "$ROOT" | cut -f 1; }

# as_owner COMMAND...: as somebody who may look at and change the files of subordinate users
as_owner() {
    if is_root; then "$@"; else unshare --user --map-root-user --map-auto "$@"; fi
}

@test "image exists tells by its exit code" {
    need_image
    rc 0 kist image exists "$IMG"
    rc 0 kist image exists "$(kist images -q)"
    rc 1 kist image exists nothing:here
    is "" "$output"
    rc 125 kist image exists
}

@test "untag takes one name, all names, and refuses a name that is not there" {
    need_image
    kist tag "$IMG" one:1 two:2
    rc 0 kist untag "$IMG" one:1
    rc 0 kist images --format '{{.Repository}}:{{.Tag}}'
    hasnt localhost/one
    has localhost/two:2
    rc 125 kist untag "$IMG" one:1
    has 'localhost/one:1: tag not known'
    rc 0 kist image untag "$IMG"
    rc 0 kist images --format '{{.Repository}}:{{.Tag}}'
    is '<none>:<none>' "$stdout"
    rc 125 kist untag nothing:here
    has 'image not known'
}

@test "history shows podman's columns, newest step first" {
    need_image multi
    rc 0 kist history "$IMG"
    matches '^ID +CREATED +CREATED BY +SIZE +COMMENT'
    is 11 "$(wc -l <<<"$stdout")"
    matches "^$(kist images -q) +[0-9]+ years ago +make-images.sh +[0-9.]+kB"
    matches '^<missing> .* 2.14MB'
    rc 0 kist image history -q --no-trunc "$IMG"
    is "$(kist inspect --format '{{.Id}}' "$IMG")" "$(head -n 1 <<<"$stdout")"
    rc 0 kist history --format json "$IMG"
    is 10 "$(jq length <<<"$stdout")"
    is '<missing>' "$(jq -r '.[3].id' <<<"$stdout")"
    rc 0 kist history --human=false --format '{{.Created}} {{.Size}}' "$IMG"
    matches '^2023-11-14T22:13:20Z 10240$'
    rc 125 kist history nothing:here
    has 'image not known'
}

@test "history names the step that is another image" {
    need_image busybox
    local base
    base=$(kist images -q)
    need_image multi
    rc 0 kist history --format '{{.ID}}' "$IMG"
    is "$base" "$(tail -n 1 <<<"$stdout")"
}

@test "image tree shows the layers of an image, and what stands on it" {
    need_image busybox
    need_image multi
    rc 0 kist image tree "$IMG"
    matches '^Image ID: [0-9a-f]{12}$'
    has "Tags:     [$IMG:latest]"
    is 10 "$(grep -c 'ID: .* Size:' <<<"$stdout")"
    matches "^├── ID: [0-9a-f]{12} Size: .*MB Top Layer of: \[$REGISTRY/busybox:latest\]"
    matches "^└── ID: [0-9a-f]{12} Size: .*kB Top Layer of: \[$IMG:latest\]"
    rc 0 kist image tree --whatrequires "$REGISTRY/busybox"
    matches "Top Layer of: \[$IMG:latest\]"
}

@test "commits of one and the same change at once, each removed again, are all made" {
    need_image busybox
    cat >many <<'END'
kist() { timeout 60 "$KIST" ${KIST_FLAGS:-} --root "$ROOT" --runroot "$RUN" "$@"; }
for i in $(seq 12); do
    kist commit -q "c$1" "localhost/made:$1" >/dev/null
    kist run --rm --network none "localhost/made:$1" cat /new
    kist rmi "localhost/made:$1" >/dev/null
done
END
    for i in 1 2 3 4; do
        kist run --name "c$i" --network none "$IMG" sh -c 'echo new >/new; touch -t 202001010000 /new /'
    done
    export KIST ROOT RUN IMG
    rc 0 bash -c 'seq 4 | xargs -P 4 -n 1 bash many'
    is "" "$stderr"
    is 48 "$(grep -cx new <<<"$stdout")"
    rc 0 kist images -q
    is 1 "$(wc -l <<<"$stdout")"
}

@test "system df adds up to what du says" {
    need_image busybox
    need_image entry
    need_image multi
    kist run --name full --network none "$REGISTRY/busybox" sh -c 'dd if=/dev/zero of=/big bs=1M count=3 2>/dev/null'
    rc 0 kist system df --format '{{.RawSize}}'
    is "$(as_owner du -sx --block-size=1 "$ROOT" | cut -f 1)" "$(awk '{ n += $1 } END { print n }' <<<"$stdout")"
    rc 0 kist system df
    matches '^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE'
    matches '^Images +3 +1 +[0-9.]+MB +[0-9.]+[kM]B \([0-9]+%\)'
    matches '^Containers +1 +0 +3\.[0-9]+MB +3\.[0-9]+MB \(100%\)'
    rc 0 kist system df --format json
    is Images "$(jq -r '.[0].Type' <<<"$stdout")"
}

@test "all of what unused images take can be reclaimed, with what kept them for containers" {
    need_image busybox
    rc 0 kist run --rm --network none "$IMG" true
    rc 0 kist system df
    matches '^Images +1 +0 +[0-9.]+MB +[0-9.]+MB \(100%\)'
    rc 0 kist system df --format '{{.RawSize}} {{.RawReclaimable}}'
    read -r size reclaimable <<<"${stdout%%$'\n'*}"
    is "$size" "$reclaimable"
    is "$(as_owner du -sx --block-size=1 "$ROOT" | cut -f 1)" "$(awk '{ n += $1 } END { print n }' <<<"$stdout")"
}

@test "system df -v shows each image and container, and shared layers once" {
    need_image busybox
    need_image multi
    kist create --name one "$IMG" >/dev/null
    rc 0 kist system df -v
    matches '^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE +SHARED SIZE +UNIQUE SIZE +CONTAINERS'
    matches "^$IMG +latest +[0-9a-f]{12} .* 1\$"
    matches "^$REGISTRY/busybox +latest +[0-9a-f]{12} .* 0\$"
    matches '^CONTAINER ID +IMAGE +COMMAND +LOCAL VOLUMES +SIZE +CREATED +STATUS +NAMES'
    matches ' created +one$'
    rc 125 kist system df -v --format json
    has 'cannot combine'
}

@test "image prune removes nameless images, with --all also unused ones" {
    need_image busybox
    need_image entry
    need_image multi
    kist create "$REGISTRY/busybox" >/dev/null
    rc 0 kist image prune -f
    is "" "$output"
    kist untag "$REGISTRY/entry"
    rc 0 kist image prune -f
    is 64 "${#stdout}"
    rc 1 kist image exists "$stdout"
    rc 0 kist image prune -a -f
    rc 1 kist image exists "$REGISTRY/multi"
    rc 0 kist image exists "$REGISTRY/busybox"
}

@test "image prune leaves an image alone that another tool may be about to name" {
    local id
    need_image
    kist create --name c "$IMG" true >/dev/null
    id=$(kist commit -q c)
    rc 0 kist image prune -f
    is "" "$stdout"
    rc 0 kist image exists "$id"
    touch -d '1 minute ago' "$ROOT/overlay-images/$id"
    rc 0 kist image prune -f
    has "$id"
    rc 1 kist image exists "$id"
}

@test "image prune --dry-run changes nothing and its bytes are exact" {
    local before would
    need_image busybox
    need_image multi
    need_image entry
    before=$(as_owner du -sx --block-size=1 "$ROOT" | cut -f 1)
    kist create "$REGISTRY/busybox" >/dev/null
    kist rm -a >/dev/null
    rc 0 kist image prune -a --dry-run
    matches "  $REGISTRY/entry:latest\$"
    would=$(sed -n 's/^Would reclaim: \([0-9]*\) bytes.*/\1/p' <<<"$stdout")
    is 3 "$(kist images -q | wc -l)"
    rc 0 kist image prune -a -f
    # the store's own lists shrink, too, by less than 64 kB
    before=$((before - would - $(du_of)))
    [ "$before" -ge -16384 ] && [ "$before" -lt 65536 ]
}

@test "prune asks, and an empty answer means no" {
    need_image
    rc 0 kist image prune -a <<<n
    has 'WARNING! This command removes all images without at least one container associated with them.'
    has 'Are you sure you want to continue? [y/N]'
    rc 0 kist image exists "$IMG"
    rc 125 kist image prune -a </dev/null
    has force
    rc 0 kist image prune -a <<<y
    rc 1 kist image exists "$IMG"
}

@test "prune filters by age and label" {
    need_image entry
    rc 0 kist image prune -a -f --filter until=2020-01-01
    is "" "$output"
    rc 0 kist image prune -a -f --filter label!=org.example.kind
    is "" "$output"
    rc 0 kist image prune -a -f --filter label=org.example.kind=other
    is "" "$output"
    rc 125 kist image prune -a -f --filter nosuch=1
    has nosuch
    rc 0 kist image prune -a -f --filter until=1h --filter label=org.example.kind=entry
    is 64 "${#stdout}"
}

@test "container prune removes what does not run" {
    need_image
    started runs
    kist create --name idle --label keep=1 "$IMG" >/dev/null
    rc 0 kist container prune -f --filter label!=keep
    is "" "$output"
    rc 0 kist container prune -f --filter until=1h
    is "" "$output"
    rc 0 kist container prune <<<y
    has 'WARNING! This will remove all non running containers.'
    rc 0 kist ps -a --format '{{.Names}}'
    is runs "$stdout"
}

@test "system prune -a removes containers and images and says how much that was" {
    need_image
    kist create --name idle "$IMG" >/dev/null
    rc 0 kist system prune -a -f
    has 'Deleted Containers'
    has 'Deleted Images'
    matches '^Total reclaimed space: 2\.[0-9]+MB$'
    rc 0 kist images -q
    is "" "$output"
}

@test "image mount shows the files, is counted together with podman's, and keeps the image" {
    local path
    need_root
    need_image multi
    rc 0 kist image mount "$IMG"
    path=$stdout
    is 1 "$(cat "$path/data/keep")"
    [ ! -e "$path/data/gone" ]
    rc 0 kist image mount
    has "$IMG:latest  $path"
    rc 0 kist image mount --format json
    is "$path" "$(jq -r '.[0].mountpoint' <<<"$stdout")"
    is 1 "$(jq '.[0].count' "$RUN/overlay-layers/mountpoints.json")"
    rc 0 kist image prune -a -f
    is "" "$output"
    rc 2 kist rmi "$IMG"
    has mounted
    kist image mount "$IMG" >/dev/null
    rc 0 kist image unmount "$IMG"
    is "" "$output"
    rc 0 kist image unmount "$IMG"
    is 64 "${#stdout}"
    [ ! -e "$path/data" ]
    rc 0 kist image unmount "$IMG"
    is "" "$output"
    rc 0 kist rmi "$IMG"
}

@test "mount of a container that does not run is writable, and start takes it over" {
    local path
    need_root
    need_image
    kist create --name c --network none "$IMG" cat /put >/dev/null
    rc 0 kist mount c
    path=$stdout
    echo 'from outside' >"$path/put"
    rc 0 kist mount
    has "$path"
    cd "$path"
    rc 125 kist start -a c
    has 'somebody works there'
    cd "$STORE"
    rc 0 kist start -a c
    is 'from outside' "$stdout"
    [ ! -e "$path/put" ]
    kist mount c >/dev/null
    rc 0 kist unmount c
    is c "$stdout"
    kist mount c >/dev/null
    rc 0 kist rm c
    ! grep -F "$path" /proc/self/mountinfo
}

@test "mount of a running container is its own root" {
    need_root
    need_image
    started c
    kist exec c sh -c 'echo live >/note'
    rc 0 kist mount c
    is live "$(cat "$stdout/note")"
}

@test "without the right to mount it says what is needed" {
    need_user
    need_image
    rc 125 kist image mount "$IMG"
    has 'rootless mode'
    rc 125 kist mount
    has 'rootless mode'
}

# layers_of: directories of the layers, largest first
layers_of() { as_owner du -s "$ROOT"/overlay/*/diff | sort -rn | sed 's,.*/overlay/\(.*\)/diff,\1,'; }

# checked: the check finds nothing, and the image's root can be listed
checked() {
    rc 0 kist system check
    has '0 findings'
    rc 0 kist run --rm --network none "$1" ls /bin/busybox
}

@test "system check of a sound store finds nothing" {
    need_image multi
    need_image entry
    kist create "$IMG" >/dev/null
    rc 0 kist system check
    matches '^Checked 11 layers, 2 images, 2 containers: 0 findings$'
}

@test "check finds an altered file, and repair fetches that one layer again" {
    local layer
    need_image multi
    kist tag "$IMG" "$REGISTRY/multi:two"
    layer=$(layers_of | head -n 1)
    as_owner sh -c "echo broken >>'$ROOT/overlay/$layer/diff/bin/busybox'"
    rc 125 kist system check
    has "layer $layer: "
    has 'damage detected in local storage'
    # while the registry cannot be asked nothing is thrown away
    rc 125 kist system check --repair
    has 'still present after repair'
    rc 0 kist image exists "$IMG"
    : >"$FILE/reg/log"
    rc 0 kist system check --repair --tls-verify=false
    has '[fetched again]'
    is 1 "$(grep -c 'GET /v2/multi/blobs/' "$FILE/reg/log")"
    checked "$IMG"
}

@test "check finds a missing file, a missing tar-split and a missing layer directory" {
    local layer
    need_image multi
    layer=$(layers_of | head -n 1)
    as_owner rm "$ROOT/overlay/$layer/diff/bin/busybox"
    rc 125 kist system check
    has bin/busybox
    rc 0 kist system check -r --tls-verify=false
    checked "$IMG"
    rm "$ROOT/overlay-layers/$layer.tar-split.gz"
    rc 125 kist system check
    has 'its tar-split is missing'
    rc 0 kist system check -r --tls-verify=false
    checked "$IMG"
    as_owner rm -r "$ROOT/overlay/$layer"
    rc 125 kist system check --quick
    has 'its directory is missing'
    rc 0 kist system check -r --tls-verify=false
    checked "$IMG"
}

@test "repair makes lost links anew without the registry" {
    local layer link
    need_image multi
    layer=$(layers_of | head -n 1)
    link=$(cat "$ROOT/overlay/$layer/link")
    rm "$ROOT/overlay/l/$link"
    rc 125 kist system check --quick
    has 'its link is missing'
    : >"$FILE/reg/log"
    rc 0 kist system check -r
    has '[repaired]'
    checked "$IMG"
    rm "$ROOT/overlay/$layer/link"
    rc 125 kist system check --quick
    has 'its link file is missing'
    rc 0 kist system check -r
    checked "$IMG"
    rm -r "$ROOT/overlay/l"
    mkdir "$ROOT/overlay/l"
    rc 0 kist system check -r
    checked "$IMG"
    for layer in "$ROOT"/overlay/*/lower; do echo l/AAAAAAAAAAAAAAAAAAAAAAAAAA >"$layer"; done
    rc 125 kist system check --quick
    rc 0 kist system check -r
    checked "$IMG"
    is "" "$(cat "$FILE/reg/log")"
}

@test "leftovers are found and removed" {
    local id=1111111111111111111111111111111111111111111111111111111111111111
    need_image
    mkdir -p "$ROOT/overlay/$id/diff" "$ROOT/overlay-images/$id"
    ln -s "../$id/diff" "$ROOT/overlay/l/ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    echo x >"$ROOT/overlay-layers/$id.tar-split.gz"
    rc 125 kist system check
    is 4 "$(grep -c '^leftover ' <<<"$stdout")"
    rc 0 kist system check -r
    is 4 "$(grep -c '\[removed\]' <<<"$stdout")"
    checked "$IMG"
}

@test "an image that cannot be made whole is removed and named, and keeps others whole" {
    local layer
    need_image entry
    need_image busybox
    kist tag "$IMG" localhost/only:1
    kist untag "$IMG" "$IMG"
    layer=$(kist inspect --format '{{index .RootFS.Layers 0}}' localhost/only:1)
    layer=${layer#sha256:}
    as_owner sh -c "echo broken >>'$ROOT/overlay/$layer/diff/bin/busybox'"
    kist create --name user localhost/only:1 >/dev/null
    rc 125 kist system check -r
    has 'in use'
    has 'still present after repair'
    kist rm user >/dev/null
    rc 0 kist system check -r
    has 'pull localhost/only:1 again'
    rc 1 kist image exists localhost/only:1
    checked "$REGISTRY/entry"
}

@test "an altered document is found by its digest" {
    local id
    need_image
    id=$(kist images -q --no-trunc)
    id=${id#sha256:}
    sed -i 's/"sh"/"SH"/' "$ROOT/overlay-images/$id/="*
    rc 125 kist system check --quick
    has "image $id: "
    has 'was altered'
}

@test "a list that is no JSON is said so, and nothing is touched" {
    need_image
    cp "$ROOT/overlay-layers/layers.json" saved
    echo '[{' >"$ROOT/overlay-layers/layers.json"
    rc 125 kist system check -r
    matches 'layers.json'
    is '[{' "$(cat "$ROOT/overlay-layers/layers.json")"
    [ "$(ls "$ROOT/overlay" | wc -l)" = 2 ]
    cp saved "$ROOT/overlay-layers/layers.json"
    checked "$IMG"
}

# podman, buildah and skopeo do this whenever root calls them.
mount_over_itself() {
    while [ ! -e "$STORE/enough" ]; do
        mount --bind "$ROOT/overlay" "$ROOT/overlay"
        umount -l "$ROOT/overlay"
        sleep 0.005 # others have to get at the list of mounts, too
    done
}

@test "the store's directory may be mounted over itself and unmounted again at any moment" {
    local i
    need_root
    need_image
    kist create --name c "$IMG" true >/dev/null
    mount_over_itself 3>&- 4>&- &
    BG=$! # ended by the teardown when the test fails
    for ((i = 0; i < 40; i++)); do
        rc 0 kist run --rm --network none "$IMG" echo ok
        rc 0 kist export -o /dev/null c
        rc 0 kist mount c
        rc 0 kist unmount c
    done
    touch "$STORE/enough"
    wait "$BG"
}

@test "what an overlay mount that failed left in the work directory does not make the next one fail" {
    local id
    need_image
    id=$(kist create --rm --name c --network none "$IMG" echo ok)
    mkdir -p "$ROOT/kist/containers/$id/work"/{work,work/incompat,work/incompat/volatile,work/incompat/volatile/dirty}
    rc 0 kist start -a c
    is ok "$stdout"
}

@test "system reset asks, refuses a directory with other files, and removes the store" {
    need_image
    started c
    rc 0 kist system reset <<<n
    has "the graphRoot directory: \"$ROOT\""
    rc 0 kist image exists "$IMG"
    echo mine >"$ROOT/mine"
    rc 125 kist system reset -f
    has "$ROOT/mine"
    rc 0 kist image exists "$IMG"
    rm "$ROOT/mine"
    rc 0 kist system reset -f
    [ ! -e "$ROOT/overlay" ]
    need_image
    rc 0 kist image exists "$IMG"
}
