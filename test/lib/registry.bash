# registry.bash - Debian's docker-registry on loopback, for the tests (sourced).
# shellcheck shell=bash
#
#   start_registry DIR [tls] [auth]   storage, log, pid and certificates below DIR, which is made; sets
#       REGISTRY (127.0.0.1:PORT), REGISTRY_URL and, with tls, REGISTRY_CERTS (for --cert-dir, holds ca.crt).
#       With auth the one user is "tester" with the password "s3cret word".
#   stop_registry DIR                 end it; what it stored stays
#   registry_push DIR LAYOUT REPOSITORY[:TAG]   copy an OCI layout into it, print the manifest's digest
#   registry_blob DIR DIGEST          the file that holds a blob, for tampering

REGISTRY_USER=tester
REGISTRY_PASSWORD='s3cret word'
registry_lib=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

registry_config() {
    local dir=$1
    printf 'version: 0.1\nlog:\n  accesslog:\n    disabled: false\nstorage:\n  filesystem:\n    rootdirectory: %s/data\n  delete:\n    enabled: true\n' "$dir"
    printf 'http:\n  addr: 127.0.0.1:0\n  secret: loopback\n'
    [ -z "$tls" ] || printf '  tls:\n    certificate: %s/server.crt\n    key: %s/server.key\n' "$dir" "$dir"
    [ -z "$auth" ] || printf 'auth:\n  htpasswd:\n    realm: kist-test\n    path: %s/htpasswd\n' "$dir"
}

# registry_certificates DIR: a certificate authority of our own and a server certificate for loopback
registry_certificates() {
    local dir=$1
    mkdir -p "$dir/certs"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj '/CN=kist test CA' \
        -keyout "$dir/ca.key" -out "$dir/certs/ca.crt"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=localhost' \
        -keyout "$dir/server.key" -out "$dir/server.csr"
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >"$dir/server.ext"
    openssl x509 -req -days 30 -in "$dir/server.csr" -CA "$dir/certs/ca.crt" -CAkey "$dir/ca.key" -CAcreateserial \
        -extfile "$dir/server.ext" -out "$dir/server.crt"
} >/dev/null 2>&1

# registry_port LOG PID: wait (10 s at most) for the port the kernel chose
registry_port() {
    local i port
    for ((i = 0; i < 200; i++)); do
        port=$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$1" | head -n 1)
        [ -z "$port" ] || { echo "$port"; return 0; }
        kill -0 "$2" 2>/dev/null || break
        sleep 0.05
    done
    echo "start_registry: docker-registry did not start:" >&2
    tail -n 5 "$1" >&2
    return 1
}

start_registry() {
    local dir=$1 tls='' auth='' word port
    shift
    for word; do
        case $word in tls) tls=1 ;; auth) auth=1 ;; *) echo "start_registry: $word?" >&2; return 1 ;; esac
    done
    mkdir -p "$dir/data"
    [ -z "$tls" ] || registry_certificates "$dir"
    [ -z "$auth" ] || htpasswd -Bbn "$REGISTRY_USER" "$REGISTRY_PASSWORD" >"$dir/htpasswd"
    registry_config "$dir" >"$dir/config.yml"
    : >"$dir/log"
    # its environment is empty because it takes REGISTRY_* for settings
    env -i PATH="$PATH" docker-registry serve "$dir/config.yml" >>"$dir/log" 2>&1 </dev/null 3>&- 4>&- 9>&- &
    echo $! >"$dir/pid"
    port=$(registry_port "$dir/log" "$(cat "$dir/pid")") || return 1
    REGISTRY=127.0.0.1:$port
    REGISTRY_URL=http${tls:+s}://$REGISTRY
    REGISTRY_CERTS=${tls:+$dir/certs}
    echo "$REGISTRY_URL" >"$dir/url"
    { [ -z "$tls" ] || printf -- '--cacert\n%s/certs/ca.crt\n' "$dir"
      [ -z "$auth" ] || printf -- '--user\n%s:%s\n' "$REGISTRY_USER" "$REGISTRY_PASSWORD"; } >"$dir/curl"
    export REGISTRY REGISTRY_URL REGISTRY_CERTS REGISTRY_USER REGISTRY_PASSWORD
}

stop_registry() {
    local pid i
    pid=$(cat "$1/pid" 2>/dev/null) || return 0
    kill "$pid" 2>/dev/null || true
    for ((i = 0; i < 100; i++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    rm -f "$1/pid"
}

registry_push() {
    local dir=$1 layout=$2 name=${3%:*} tag=${3##*:} options
    [ "$tag" != "$3" ] || tag=latest
    mapfile -t options <"$dir/curl"
    "$registry_lib/oci-push.sh" "$layout" "$(cat "$dir/url")" "$name" "$tag" "${options[@]}"
}

registry_blob() {
    local hex=${2#sha256:}
    echo "$1/data/docker/registry/v2/blobs/sha256/${hex:0:2}/$hex/data"
}
