# Layers keep their digests, whoever pulls, pushes, saves and loads: checked by unpacking what arrived in a registry, with
# neither engine's help. kist and podman have a store each; what is pushed goes to a registry that has nothing.

load helpers
# shellcheck source=test/lib/engines.bash
. "$top/test/lib/engines.bash"

setup_file() {
    local name
    file_setup busybox sixty odd sparse gnusparse linksize
    [ ! -d "$CACHE/oci/debian" ] || registry_push "$FILE/reg" "$CACHE/oci/debian" debian >/dev/null
    FROM=$REGISTRY
    start_registry "$FILE/regto"
    export FROM TO=$REGISTRY
}
teardown_file() { file_teardown; }

setup() {
    test_setup
    need_kist
    engines_setup "$STORE/engines" "$ROOT" "$RUN"
    engines_ready || skip "podman, buildah and skopeo are needed"
}

teardown() {
    if is_root; then umount "$STORE"/*/overlay 2>/dev/null || true; fi
    test_teardown
}

# in_store NAME COMMAND...: with the store NAME; the others' is called root
in_store() {
    local ENGINES_ROOT=$STORE/$1 ENGINES_RUN=$STORE/$1.run
    "${@:2}"
}

# config_of NAME: the configuration of a test image
config_of() {
    local layout=$CACHE/oci/$1 m
    m=$(jq -r '.manifests[0].digest[7:]' "$layout/index.json")
    echo "$layout/blobs/sha256/$(jq -r '.config.digest[7:]' "$layout/blobs/sha256/$m")"
}

# layers_are NAME STORE TOOL IMAGE: the tool's DiffIDs are the image's
layers_are() { in_store "$2" on "$3" inspect "$4" | jq -r '.[0].RootFS.Layers[]' | diff <(jq -r '.rootfs.diff_ids[]' "$(config_of "$1")") -; }

# pushes NAME STORE TOOL IMAGE: the tool pushes it to an empty registry, and every layer that arrives is the original tar
pushes() {
    local m blob
    rm -rf "$FILE/regto/data"
    rc 0 in_store "$2" on "$3" push -q --tls-verify=false "$4" "$TO/$1:x"
    m=$(curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json' \
        "http://$TO/v2/$1/manifests/x")
    is "sha256:$(sha256sum <"$(config_of "$1")" | cut -d ' ' -f 1)" "$(jq -r .config.digest <<<"$m")"
    for blob in $(jq -r '.layers[].digest' <<<"$m"); do plain_digest "$(registry_blob "$FILE/regto" "$blob")"; done |
        diff <(jq -r '.rootfs.diff_ids[]' "$(config_of "$1")") -
}

# crosses NAME: pulled by each, pushed by the other
crosses() {
    in_store k do_pull kist "$FROM/$1"
    in_store p do_pull podman "$FROM/$1"
    layers_are "$1" k kist "$FROM/$1"
    layers_are "$1" k podman "$FROM/$1"
    layers_are "$1" p podman "$FROM/$1"
    layers_are "$1" p kist "$FROM/$1"
    pushes "$1" p kist "$FROM/$1"
    pushes "$1" k podman "$FROM/$1"
}

# loads NAME FORMAT TOOL...: saved by kist, loaded by podman, and pushed from there by the tools
loads() {
    local id tool
    id=$(sha256sum <"$(config_of "$1")" | cut -d ' ' -f 1)
    in_store k do_pull kist "$FROM/$1"
    rc 0 in_store k on kist save -q --format "$2" -o archive "$FROM/$1"
    rc 0 in_store p on podman load -q -i archive
    layers_are "$1" p podman "$id"
    for tool in "${@:3}"; do pushes "$1" p "$tool" "$id"; done
}

# saves NAME FORMAT: the other way round
saves() {
    local id
    id=$(sha256sum <"$(config_of "$1")" | cut -d ' ' -f 1)
    in_store p do_pull podman "$FROM/$1"
    rc 0 in_store p on podman save -q --format "$2" -o archive "$FROM/$1"
    rc 0 in_store k on kist load -q -i archive
    layers_are "$1" k kist "$id"
    pushes "$1" k kist "$id"
    pushes "$1" k podman "$id"
}

need_debian() { [ -d "$CACHE/oci/debian" ] || skip "no image: $(cat "$CACHE/oci/debian.skipped" 2>/dev/null || echo "not made")"; }

@test "a Debian that one pulls the other pushes" { need_debian; crosses debian; }
@test "a Debian that kist saves podman loads, from a docker-archive" { need_debian; loads debian docker-archive kist; }
@test "a Debian that kist saves podman loads, from an oci-archive" { need_debian; loads debian oci-archive podman; }

@test "sixty layers that one pulls the other pushes" { crosses sixty; }
@test "sixty layers that kist saves podman loads, from a docker-archive" { loads sixty docker-archive podman; }
@test "sixty layers that kist saves podman loads, from an oci-archive" { loads sixty oci-archive kist; }

@test "odd layers that one pulls the other pushes" { crosses odd; }
@test "odd layers that kist saves podman loads, from a docker-archive" { loads odd docker-archive kist podman; }
@test "odd layers that kist saves podman loads, from an oci-archive" { loads odd oci-archive kist podman; }
@test "odd layers that podman saves kist loads, from a docker-archive" { saves odd docker-archive; }
@test "odd layers that podman saves kist loads, from an oci-archive" { saves odd oci-archive; }

as_owner() { if is_root; then "$@"; else unshare --user --map-root-user --map-auto "$@"; fi; }

@test "odd layers have the same files, whoever unpacked them" {
    in_store k do_pull kist "$FROM/odd"
    in_store p do_pull podman "$FROM/odd"
    as_owner "$top/test/images/tree-list.py" "$STORE/k" >kist.list
    as_owner "$top/test/images/tree-list.py" "$STORE/p" >podman.list
    [ "$(wc -l <kist.list)" -gt 400 ]
    grep -F "('user.empty', b'')" kist.list
    # podman 4.3.1 has no time before 1970, and no attribute that is empty
    diff <(grep -v attrs/old podman.list | sed "s/('user.empty', b''), //") <(grep -v attrs/old kist.list | sed "s/('user.empty', b''), //")
}

# What follows the Go tools cannot push when they unpacked it: they record a sparse file as what it is on disk, not as it
# is in the tar, and a size where a hard link has no data. (Each of them alone: podman pull, podman push.)
# same_sparse NAME: what is in kist's container is what GNU tar makes of the layer
same_sparse() {
    local layer
    layer=$(jq -r '.layers[1].digest[7:]' "$CACHE/oci/$1/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$CACHE/oci/$1/index.json")")
    tar xzf "$CACHE/oci/$1/blobs/sha256/$layer"
    in_store k on kist run --rm --network none "$FROM/$1" sh -c 'md5sum sparse/*' | diff <(md5sum sparse/*) -
}

@test "sparse files keep their holes, and both push what kist pulled" {
    in_store k do_pull kist "$FROM/sparse"
    layers_are sparse k kist "$FROM/sparse"
    same_sparse sparse
    pushes sparse k kist "$FROM/sparse"
    pushes sparse k podman "$FROM/sparse"
    [ "$(as_owner du -sk "$STORE/k/overlay" | cut -f 1)" -lt 10000 ]
}

@test "sparse files that podman unpacked are damage, which a repair puts right for both" {
    in_store p do_pull podman "$FROM/sparse"
    rc 125 in_store p on kist push -q --tls-verify=false "$FROM/sparse" "$TO/sparse:x"
    has 'kist system check --repair'
    rc 125 in_store p on kist system check
    rc 0 in_store p on kist system check --repair --tls-verify=false
    has '[fetched again]'
    pushes sparse p kist "$FROM/sparse"
    pushes sparse p podman "$FROM/sparse"
}

@test "a hard link with a size is pushed by kist whoever pulled it, and by podman when kist did" {
    in_store k do_pull kist "$FROM/linksize"
    pushes linksize k kist "$FROM/linksize"
    pushes linksize k podman "$FROM/linksize"
    in_store p do_pull podman "$FROM/linksize"
    pushes linksize p kist "$FROM/linksize"
}

@test "old GNU sparse files, which podman cannot unpack, are pushed by both when kist pulled" {
    in_store k do_pull kist "$FROM/gnusparse"
    same_sparse gnusparse
    pushes gnusparse k kist "$FROM/gnusparse"
    pushes gnusparse k podman "$FROM/gnusparse"
    rc 125 in_store p do_pull podman "$FROM/gnusparse"
}
