#!/bin/bash
# registry-live.sh [PROGRAM] - runs the registry module's live tests (by default
# build/rel/pkg/registry/test_registry_live, which is built) against Debian's docker-registry on
# loopback: http, https with its own authority, htpasswd, and bearer tokens; the http one also
# through a proxy that breaks connections off. TAP on standard output. No root needed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=test/lib/registry.bash
source test/lib/registry.bash
program=${1:-build/rel/pkg/registry/test_registry_live}
[ $# -gt 0 ] || make -s "$program" || exit 1
export CMOCKA_MESSAGE_OUTPUT=TAP
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY
dir=$(mktemp -d "${TMPDIR:-/tmp}/kist-registry.XXXXXX") || exit 1
helpers=()
failed=0

# shellcheck disable=SC2317
cleanup() {
    local pid way
    for way in http tls auth token; do stop_registry "$dir/$way"; done
    for pid in "${helpers[@]}"; do kill "$pid" 2>/dev/null; done
    rm -rf "$dir"
}
trap cleanup EXIT

# run WAY VARIABLE=VALUE...: what does not concern this way is passed over (cmocka: "not ok N # SKIP NAME"), but must run in
# another one
run() {
    local way=$1
    shift
    echo "# registry: $way"
    env "$@" timeout 120 "$program" >"$dir/tap" || failed=1
    sed -n 's/^not ok [0-9]* # SKIP //p' "$dir/tap" >>"$dir/passed-over"
    sed -n 's/^ok [0-9]* - \([^#]*\)$/\1/p' "$dir/tap" >>"$dir/ran"
    grep -v -e '# SKIP' -e '^1\.\.' "$dir/tap"
}

# never_run: a line for each test that no way concerned
never_run() {
    local name
    while read -r name; do
        echo "not ok - $name was passed over in every way"
        failed=1
    done < <(sort -u "$dir/passed-over" | grep -vxFf "$dir/ran")
}

# wait_port FILE PATTERN: the port that a helper has written
wait_port() {
    local i port=
    for ((i = 0; i < 200; i++)); do
        port=$(sed -n "s/$2/\\1/p" "$1" 2>/dev/null | head -n 1)
        [ -z "$port" ] || { echo "$port"; return 0; }
        sleep 0.05
    done
    return 1
}

# start_cutproxy TARGET_PORT BYTES: sets CUT
start_cutproxy() {
    ${CC:-cc} -O1 -o "$dir/cutproxy" test/payload/cutproxy.c || return 1
    "$dir/cutproxy" "$1" "$2" >"$dir/cutproxy.out" &
    helpers+=($!)
    CUT=127.0.0.1:$(wait_port "$dir/cutproxy.out" '\([0-9]*\)')
}

# start_token_registry SECONDS: a registry that wants bearer tokens, and the server that makes them
start_token_registry() {
    local port
    mkdir -p "$dir/token/data"
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/CN=kist token test' \
        -keyout "$dir/token/key.pem" -out "$dir/token/cert.pem" 2>/dev/null || return 1
    TOKEN_DIR=$dir/token TOKEN_SECONDS=$1 socat -d -d TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr \
        EXEC:test/payload/token-server.sh 2>"$dir/token/socat.log" &
    helpers+=($!)
    port=$(wait_port "$dir/token/socat.log" '.*listening on AF=2 127\.0\.0\.1:\([0-9]*\).*') || return 1
    tls='' auth='' registry_config "$dir/token" >"$dir/token/config.yml"
    printf 'auth:\n  token:\n    realm: http://127.0.0.1:%s/token\n    service: kist-test\n    issuer: kist-test\n    rootcertbundle: %s/token/cert.pem\n' \
        "$port" "$dir" >>"$dir/token/config.yml"
    OTEL_TRACES_EXPORTER=none docker-registry serve "$dir/token/config.yml" >"$dir/token/log" 2>&1 </dev/null &
    echo $! >"$dir/token/pid"
    port=$(registry_port "$dir/token/log" "$(cat "$dir/token/pid")") || return 1
    REGISTRY_URL=http://127.0.0.1:$port
}

start_registry "$dir/http" && start_cutproxy "${REGISTRY##*:}" 700000 || exit 1
run 'http, and connections that break off' KIST_TEST_REGISTRY="$REGISTRY_URL" KIST_TEST_CUT="$CUT"

start_registry "$dir/tls" tls || exit 1
run 'https with its own authority' KIST_TEST_REGISTRY="$REGISTRY_URL" KIST_TEST_CA="$REGISTRY_CERTS/ca.crt"

start_registry "$dir/auth" tls auth || exit 1
run 'https and htpasswd' KIST_TEST_REGISTRY="$REGISTRY_URL" KIST_TEST_CA="$REGISTRY_CERTS/ca.crt" \
    KIST_TEST_USER="$REGISTRY_USER" KIST_TEST_PASSWORD="$REGISTRY_PASSWORD"

if command -v socat >/dev/null; then
    start_token_registry 2 || exit 1
    run 'bearer tokens' KIST_TEST_REGISTRY="$REGISTRY_URL" KIST_TEST_TOKEN_SECONDS=2 \
        KIST_TEST_USER="$REGISTRY_USER" KIST_TEST_PASSWORD="$REGISTRY_PASSWORD"
else
    echo 'ok - # SKIP bearer tokens: socat is not installed'
fi
! command -v socat >/dev/null || never_run
[ -z "${KEEP_LOGS:-}" ] || cp -r "$dir" "$KEEP_LOGS"
exit $failed
