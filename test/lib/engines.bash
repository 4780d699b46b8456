# engines.bash - kist, podman, buildah and skopeo on one store: the same six verbs of each (sourced).
# shellcheck shell=bash disable=SC2015
#
#   engines_setup DIR ROOT RUN   configuration and scratch below DIR, the store is ROOT with RUN; needs $KIST
#   engines_ready                are all four installed?
#   on TOOL ARG...               the tool with the store's options (skopeo has none: cs NAME is its name of an image)
#   do_pull TOOL IMAGE           of a registry on loopback
#   do_tag TOOL IMAGE NAME
#   do_run TOOL IMAGE            prints "ran"
#   do_commit TOOL IMAGE NAME TEXT   an image NAME of IMAGE with the file /made, which holds TEXT
#   do_rmi TOOL NAME
#   do_prune TOOL                images without a name go
#   list_images TOOL             "NAME ID" of each name, sorted
#
# What each cell is. skopeo has no containers and no verb for half of this: it gets the nearest that it does do to a store.
#
#            kist          podman        buildah              skopeo
#   pull     pull          pull          pull                 copy docker:// into the store
#   tag      tag           tag           tag                  copy from the store into the store
#   run      run --rm      run --rm      from, run, rm        copy out of the store: every layer is read, and its digest compared
#   commit   run, commit   run, commit   from, run, commit    copy out, add a layer there, copy into the store
#   rmi      rmi           rmi           rmi                  delete (the image, with all its names)
#   prune    image prune   image prune   prune, or rmi -p     delete each image without a name

# shellcheck source=test/lib/podman.bash
# shellcheck disable=SC2154 # top: of whoever sources this
. "$top/test/lib/podman.bash"

# shellcheck disable=SC2034
engines=(kist podman buildah skopeo)

engines_setup() {
    ENGINES=$1 ENGINES_ROOT=$2 ENGINES_RUN=$3
    mkdir -p "$ENGINES"
    podman_conf "$ENGINES/containers.conf"
    engines_runtime=$(podman_runtime || true)
    export ENGINES ENGINES_ROOT ENGINES_RUN engines_runtime
}

engines_ready() {
    local tool
    for tool in podman buildah skopeo jq; do command -v "$tool" >/dev/null || return 1; done
    [ -n "$engines_runtime" ]
}

# limited COMMAND...: nothing takes longer than two minutes, whatever goes wrong
limited() { CONTAINERS_CONF=$ENGINES/containers.conf timeout --foreground -k 5 120 "$@" 3>&- 4>&- 9>&-; }

on() {
    local tool=$1
    shift
    case $tool in
    kist) limited "$KIST" --root "$ENGINES_ROOT" --runroot "$ENGINES_RUN" "$@" ;;
    podman) limited podman --log-level error --root "$ENGINES_ROOT" --runroot "$ENGINES_RUN" --storage-driver overlay \
        --runtime "$engines_runtime" --cgroup-manager cgroupfs "$@" ;;
    buildah) limited buildah --log-level error --root "$ENGINES_ROOT" --runroot "$ENGINES_RUN" --storage-driver overlay "$@" ;;
    skopeo) limited skopeo --insecure-policy "$@" ;;
    esac
}

# cs IMAGE: an image of the store, as skopeo names it
cs() { echo "containers-storage:[overlay@$ENGINES_ROOT+$ENGINES_RUN]$1"; }

# scratch_dir: a fresh directory
scratch_dir() { mktemp -d "$ENGINES/scratch.XXXXXX"; }

do_pull() {
    case $1 in
    skopeo) on skopeo copy -q --src-tls-verify=false "docker://$2" "$(cs "$2")" ;;
    *) on "$1" pull -q --tls-verify=false "$2" >/dev/null ;;
    esac
}

do_tag() {
    case $1 in
    skopeo) on skopeo copy -q "$(cs "$2")" "$(cs "$3")" ;;
    *) on "$1" tag "$2" "$3" ;;
    esac
}

do_run() {
    local dir code=0
    case $1 in
    kist | podman) on "$1" run --rm --pull never --network none --entrypoint '' "$2" echo ran ;;
    buildah) in_working_container "$2" ran_there ;;
    skopeo)
        dir=$(scratch_dir)
        on skopeo copy -q "$(cs "$2")" "dir:$dir/out" && echo ran || code=$?
        rm -rf "$dir"
        return "$code"
        ;;
    esac
}

# buildah's containers: nothing but an own root directory, which every machine allows
box_run() { on buildah run --isolation chroot --user 0 "$@"; }
# What the command says gets lost now and then (buildah 1.28 alone: in 2 of 150 runs); its exit code does not.
ran_there() { box_run "$1" test -x /bin/busybox && echo ran; }

# in_working_container IMAGE FUNCTION ARG...: FUNCTION CONTAINER ARG... ; the container goes in any case
in_working_container() {
    local image=$1 box code=0
    shift
    box=$(on buildah from --pull-never "$image") || return
    "$1" "$box" "${@:2}" || code=$?
    on buildah rm "$box" >/dev/null || return
    return "$code"
}

made_there() {
    # shellcheck disable=SC2016
    box_run "$1" sh -c 'echo "$1" >/made' sh "$3" && on buildah commit -q "$1" "$2" >/dev/null
}

do_commit() {
    local tool=$1 image=$2 name=$3 text=$4
    case $tool in
    kist | podman) commit_of_container "$tool" "$image" "$name" "$text" ;;
    buildah) in_working_container "$image" made_there "$name" "$text" ;;
    skopeo) copy_with_layer "$image" "$name" "$text" ;;
    esac
}

commit_of_container() {
    local tool=$1 image=$2 name=$3 text=$4 box=made-$1-$BASHPID code=0
    # shellcheck disable=SC2016
    on "$tool" run --name "$box" --pull never --network none --entrypoint '' --user 0 "$image" sh -c 'echo "$1" >/made' sh "$text" || code=$?
    [ "$code" != 0 ] || on "$tool" commit -q "$box" "$name" >/dev/null || code=$?
    on "$tool" rm -f "$box" >/dev/null 2>&1 || true
    return "$code"
}

copy_with_layer() {
    local dir code=0
    dir=$(scratch_dir)
    {
        on skopeo copy -q "$(cs "$1")" "oci:$dir/out:it" &&
            echo "$3" >"$dir/made" &&
            tar --create --file "$dir/layer" --directory "$dir" --numeric-owner --owner=0 --group=0 made &&
            layout_add "$dir/out" "$dir/layer" &&
            on skopeo copy -q "oci:$dir/out:it" "$(cs "$2")"
    } || code=$?
    rm -rf "$dir"
    return "$code"
}

# layout_add LAYOUT TAR: one more layer on the only image of an OCI layout
layout_add() {
    local blobs=$1/blobs/sha256 diff digest size manifest config
    diff=$(sha256sum <"$2" | cut -d ' ' -f 1)
    gzip -n "$2"
    layout_blob "$2.gz"
    manifest=$blobs/$(jq -r '.manifests[0].digest[7:]' "$1/index.json")
    config=$blobs/$(jq -r '.config.digest[7:]' "$manifest")
    jq --arg d "sha256:$digest" --argjson s "$size" --slurpfile m "$manifest" -n '$m[0] | .layers += [{mediaType:
        "application/vnd.oci.image.layer.v1.tar+gzip", digest: $d, size: $s}]' >"$1/m"
    jq --arg d "sha256:$diff" '.rootfs.diff_ids += [$d] | .history += [{created_by: "layout_add"}]' "$config" >"$1/c"
    layout_blob "$1/c"
    jq --arg d "sha256:$digest" --argjson s "$size" '.config += {digest: $d, size: $s}' "$1/m" >"$1/c"
    layout_blob "$1/c"
    jq --arg d "sha256:$digest" --argjson s "$size" '.manifests[0] += {digest: $d, size: $s}' "$1/index.json" >"$1/c"
    mv "$1/c" "$1/index.json"
}

# layout_blob FILE: FILE becomes a blob of layout_add's layout; sets digest and size
layout_blob() {
    digest=$(sha256sum <"$1" | cut -d ' ' -f 1)
    size=$(stat -c %s "$1")
    mv "$1" "$blobs/$digest"
}

do_rmi() {
    case $1 in
    skopeo) on skopeo delete "$(cs "$2")" ;;
    *) on "$1" rmi "$2" >/dev/null ;;
    esac
}

do_prune() {
    local id code=0
    case $1 in
    kist | podman) on "$1" image prune -f >/dev/null ;;
    buildah) on buildah rmi --prune >/dev/null ;;
    skopeo)
        for id in $(nameless); do on skopeo delete "$(cs "@$id")" || code=$?; done
        return "$code"
        ;;
    esac
}

# nameless: IDs of the images without a name, straight from the store's list
nameless() { jq -r '.[] | select((.names // []) == []) | .id' "$ENGINES_ROOT/overlay-images/images.json"; }

list_images() {
    case $1 in
    kist | podman) on "$1" images --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' | sed 's/sha256://' ;;
    buildah) on buildah images --no-trunc --format '{{.Name}}:{{.Tag}} {{.ID}}' | sed 's/sha256://' ;;
    esac | grep -v '<none>' | tr -s ' ' | LC_ALL=C sort
}

# exported IMAGE DIR: skopeo writes the image to DIR; are its layers what the configuration says?
exported() {
    local config
    on skopeo copy -q "$(cs "$1")" "oci:$2:it" || return
    config=$2/blobs/sha256/$(jq -r '.config.digest[7:]' "$2/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$2/index.json")")
    jq -r '.layers[].digest[7:]' "$2/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$2/index.json")" |
        while read -r blob; do plain_digest "$2/blobs/sha256/$blob"; done | diff - <(jq -r '.rootfs.diff_ids[]' "$config")
}

# plain_digest FILE: of what is in it, compressed or not
plain_digest() {
    { gzip -dc "$1" 2>/dev/null || zstd -qdc "$1" 2>/dev/null || cat "$1"; } | sha256sum | sed 's/\([^ ]*\).*/sha256:\1/'
}
