#!/bin/bash
# oci-push.sh - copy an OCI layout into a registry with nothing but curl and jq, so that the tests of
# pull do not depend on another engine's push.
#   oci-push.sh LAYOUT URL REPOSITORY TAG [CURL-OPTION...]
# URL is the registry's, as http://127.0.0.1:5000; CURL-OPTION may be --cacert FILE or --user NAME:PASSWORD.
set -euo pipefail

die() { echo "oci-push: $*" >&2; exit 1; }

# request EXPECTED CURL-ARG...: one request; its status must be EXPECTED (a regular expression)
request() {
    local expected=$1 code
    shift
    code=$(curl -sS --max-time 300 "${options[@]}" -D "$work/head" -o "$work/body" -w '%{http_code}' "$@")
    [[ $code =~ ^($expected)$ ]] || die "HTTP $code: $(head -c 300 "$work/body")"
    status=$code
}

push_blob() {
    local digest=$1 place
    request '200|404' --head "$api/blobs/$digest"
    [ "$status" = 404 ] || return 0
    request 202 -X POST -H 'Content-Length: 0' "$api/blobs/uploads/"
    place=$(sed -n 's/\r$//; s/^[Ll]ocation: //p' "$work/head")
    [ "${place#/}" = "$place" ] || place=$url$place
    case $place in *\?*) place="$place&digest=$digest" ;; *) place="$place?digest=$digest" ;; esac
    request 201 -X PUT -H 'Content-Type: application/octet-stream' --upload-file "$(blob "$digest")" "$place"
}

blob() { echo "$layout/blobs/sha256/${1#sha256:}"; }

[ $# -ge 4 ] || die "usage: oci-push.sh LAYOUT URL REPOSITORY TAG [CURL-OPTION...]"
layout=$1 url=${2%/} api=${2%/}/v2/$3 tag=$4 status=
shift 4
options=("$@")
[ -f "$layout/index.json" ] || die "$layout: no OCI layout"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
manifest=$(jq -r '.manifests[0].digest' "$layout/index.json")
type=$(jq -r '.manifests[0].mediaType' "$layout/index.json")
for digest in $(jq -r '.config.digest, .layers[].digest' "$(blob "$manifest")"); do push_blob "$digest"; done
request 201 -X PUT -H "Content-Type: $type" --upload-file "$(blob "$manifest")" "$api/manifests/$tag"
echo "$manifest"
