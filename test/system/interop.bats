# One store for kist and podman: images cross in both directions, and neither breaks the other's.

load helpers
load podman

setup_file() { file_setup busybox multi entry; }
teardown_file() { file_teardown; }

setup() {
    test_setup
    need_podman
}

teardown() {
    podman_gone
    test_teardown
}

@test "podman lists and runs an image that kist pulled" {
    need_image
    rc 0 pod images --format '{{.Repository}}:{{.Tag}} {{.ID}}'
    is "$(kist images --format '{{.Repository}}:{{.Tag}} {{.ID}}')" "$stdout"
    rc 0 pod run --rm --network none "$IMG" echo from podman
    is 'from podman' "$stdout"
}

@test "kist lists and runs an image that podman pulled" {
    IMG=$REGISTRY/busybox
    rc 0 pod pull -q --tls-verify=false "$IMG"
    rc 0 kist images --format '{{.Repository}}:{{.Tag}}'
    is "$IMG:latest" "$stdout"
    rc 0 kist run --rm --network none "$IMG" echo from kist
    is 'from kist' "$stdout"
}

@test "ten layers with whiteouts look the same to both" {
    need_image multi
    kist run --rm --network none "$IMG" sh -c 'find / -xdev | sort' | grep -vE '^/(proc|sys|dev|run|etc)' >kist.list
    pod run --rm --network none "$IMG" sh -c 'find / -xdev | sort' | grep -vE '^/(proc|sys|dev|run|etc)' >podman.list
    [ -s kist.list ]
    diff kist.list podman.list
}

@test "a podman-pulled image with whiteouts looks the same to kist" {
    IMG=$REGISTRY/multi
    rc 0 pod pull -q --tls-verify=false "$IMG"
    rc 0 kist run --rm --network none "$IMG" sh -c 'ls /data /data/opaque; cat /last'
    hasnt gone
    hasnt hidden
    has 9
}

@test "images, inspect and history agree on ID, digest and size" {
    need_image entry
    rc 0 pod inspect "$IMG"
    jq '.[0] | {Id, Digest, Size, User, Config}' <<<"$stdout" >podman.json
    rc 0 kist inspect "$IMG"
    jq '.[0] | {Id, Digest, Size, User, Config}' <<<"$stdout" >kist.json
    diff podman.json kist.json
}

@test "podman pulls nothing again of what kist has" {
    need_image
    : >"$FILE/reg/log"
    rc 0 pod pull -q --tls-verify=false "$IMG"
    ! grep 'GET /v2/busybox/blobs/' "$FILE/reg/log" | grep -v 'blobs/sha256:caa3' | grep -q . || ! grep -q octet "$FILE/reg/log"
}

@test "podman does not remove an image that a kist container uses" {
    need_image
    started c
    pod rmi "$IMG" || true
    pod image prune -af >/dev/null 2>&1 || true
    rc 0 kist exec c ls /bin/busybox
    rc 0 kist stop -t 0 c
    rc 0 kist start c
    rc 0 kist exec c echo ok
}

@test "what keeps an image for kist's containers is made again when podman has removed it" {
    need_image
    rc 0 kist create --name c --network none "$IMG" echo ok
    rc 0 pod ps -a --external --format '{{.ID}} {{.Names}}'
    holder=$(sed -n 's/ kist-.*//p' <<<"$stdout")
    [ -n "$holder" ]
    rc 0 pod rm -f "$holder"
    rc 0 pod ps -a --external --format '{{.ID}}'
    is "" "$stdout"
    rc 0 kist start -a c
    is ok "$stdout"
    rc 0 pod ps -a --external --format '{{.ID}}'
    is "$holder" "$stdout"
    rc 0 kist rm c
    rc 0 pod ps -a --external --format '{{.ID}}'
    is "" "$stdout"
}

@test "kist does not remove an image that a podman container uses" {
    need_image
    rc 0 pod create --name p --network none "$IMG" echo still
    rc '2|125' kist rmi "$IMG"
    rc 0 pod start -a p
    is still "$stdout"
}

@test "an image that kist removed is gone for podman, and the other way round" {
    need_image
    rc 0 kist rmi "$IMG"
    rc 0 pod images -q
    is "" "$stdout"
    need_image
    rc 0 pod rmi "$IMG"
    rc 0 kist images -q
    is "" "$stdout"
}

@test "podman tags, kist sees it; kist tags, podman sees it" {
    need_image
    rc 0 pod tag "$IMG" localhost/by-podman:1
    rc 0 kist tag "$IMG" localhost/by-kist:1
    rc 0 kist images --format '{{.Repository}}'
    has localhost/by-podman
    rc 0 pod images --format '{{.Repository}}'
    has localhost/by-kist
}

@test "podman's check of the store finds nothing wrong after kist pulled" {
    # Not the image "multi": it has a directory that its tar only implies, and podman's check takes such
    # directories for altered, also in layers that it unpacked itself.
    need_image
    need_image entry
    # (an unknown word with --help is no error for podman)
    pod system --help | grep -qw check || skip "this podman has no system check"
    rc 0 pod system check
}

@test "skopeo copies an image that kist pushed" {
    command -v skopeo >/dev/null || skip "skopeo is not installed"
    need_image multi
    rc 0 kist push --tls-verify=false "$IMG" "$REGISTRY/sko/peo:v1"
    rc 0 skopeo copy --src-tls-verify=false "docker://$REGISTRY/sko/peo:v1" "dir:$STORE/copy"
    is 10 "$(jq '.layers | length' copy/manifest.json)"
}

@test "an image's files are still there when podman has looked at the store, and nothing stays mounted" {
    local path
    need_root
    need_image
    path=$(kist image mount "$IMG")
    pod images >/dev/null # mounts the store's directory over itself
    [ -d "$path/bin" ]
    rc 0 kist image unmount "$IMG"
    pod images >/dev/null
    is '' "$(grep -F " $ROOT/" /proc/self/mountinfo)"
    # one that is hidden, as when both began at once
    path=$(kist image mount "$IMG")
    mount --bind "$ROOT/overlay" "$ROOT/overlay"
    [ ! -e "$path/bin" ]
    rc 0 kist image unmount "$IMG"
    is '' "$(grep -F " $ROOT/" /proc/self/mountinfo)"
    # and podman's, which counts
    path=$(pod image mount "$IMG")
    kist image mount "$IMG" >/dev/null
    rc 0 kist image unmount "$IMG"
    [ -d "$path/bin" ]
    pod image unmount "$IMG" >/dev/null
    pod images >/dev/null
    is '' "$(grep -F " $ROOT/" /proc/self/mountinfo)"
    rc 0 kist rmi "$IMG"
}
