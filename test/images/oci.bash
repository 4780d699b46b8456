# oci.bash - compose OCI image layouts out of layer tars (sourced by make-images.sh and the tests).
# Needs tar, gzip, sha256sum and jq. Everything is reproducible: fixed times, sorted names.
# shellcheck shell=bash

oci_epoch=1700000000

# layer_add TAR DIR [TAR-OPTION...]: append DIR's content, as written there, to TAR (owner root by default)
layer_add() {
    local tar=$1 dir=$2
    shift 2
    tar --append --file "$tar" --directory "$dir" --format=posix --sort=name --mtime="@$oci_epoch" \
        --pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' \
        --numeric-owner --owner=0 --group=0 "$@" .
}

# oci_blob LAYOUT MEDIATYPE FILE: move FILE into the layout, print its descriptor
oci_blob() {
    local layout=$1 type=$2 file=$3 digest size
    digest=$(sha256sum <"$file" | cut -d ' ' -f 1)
    size=$(stat -c %s "$file")
    mv -f "$file" "$layout/blobs/sha256/$digest"
    jq -nc --arg t "$type" --arg d "sha256:$digest" --argjson s "$size" '{mediaType: $t, digest: $d, size: $s}'
}

# oci_arch: this machine's architecture by its OCI name
oci_arch() {
    case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) uname -m ;;
    esac
}

# oci_compose LAYOUT NAME CONFIG-JQ LAYER...: write an OCI layout with one gzip layer per LAYER (a tar,
# which is removed). CONFIG-JQ is a jq program that makes the image's "config" object.
# OCI_LAYERTYPE and OCI_RAW=1 (LAYER is stored as it is, its diff_id is its own digest) serve the bad ones.
oci_compose() {
    local layout=$1 name=$2 program=$3 work layer diffs=() layers=() config manifest
    shift 3
    work=$(mktemp -d)
    rm -rf "$layout"
    mkdir -p "$layout/blobs/sha256"
    for layer; do
        diffs+=("sha256:$(sha256sum <"$layer" | cut -d ' ' -f 1)")
        if [ -n "${OCI_RAW:-}" ]; then cp "$layer" "$work/blob"; else gzip -n -6 -c "$layer" >"$work/blob"; fi
        rm -f "$layer"
        layers+=("$(oci_blob "$layout" "${OCI_LAYERTYPE:-application/vnd.oci.image.layer.v1.tar+gzip}" "$work/blob")")
    done
    jq -nc --arg arch "$(oci_arch)" --arg now "$(date -u -d "@$oci_epoch" +%Y-%m-%dT%H:%M:%SZ)" \
        '{created: $now, architecture: $arch, os: "linux", config: ('"$program"'),
          rootfs: {type: "layers", diff_ids: $ARGS.positional},
          history: [$ARGS.positional[] | {created: $now, created_by: "make-images.sh"}]}' \
        --args "${diffs[@]}" >"$work/blob"
    config=$(oci_blob "$layout" application/vnd.oci.image.config.v1+json "$work/blob")
    jq -nc --argjson config "$config" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
        config: $config, layers: [$ARGS.positional[] | fromjson]}' --args "${layers[@]}" >"$work/blob"
    manifest=$(oci_blob "$layout" application/vnd.oci.image.manifest.v1+json "$work/blob")
    echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
    jq -nc --argjson m "$manifest" --arg n "$name" \
        '{schemaVersion: 2, manifests: [$m + {annotations: {"org.opencontainers.image.ref.name": $n}}]}' >"$layout/index.json"
    rm -rf "$work"
}
