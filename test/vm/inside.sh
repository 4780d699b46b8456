#!/bin/bash
# inside.sh [short] - what test/check.sh runs in the virtual machine, as root: test/system/limits.bats (or its short
# part) as root, as alice in a delegated scope of her systemd, and as alice in a login session, which may set no limits.
# Prints the TAP of each in turn.
set -uo pipefail

suite=$(dirname "$(dirname "$(readlink -f "$0")")")/system
tags=()
[ "${1:-}" != short ] || tags=(--filter-tags short)
cd /
code=0

# limits WORK TAG-OPTION... -- COMMAND...: COMMAND starts bats; WORK says whether limits must work
limits() {
    local works=$1 options=()
    shift
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    "$@" env "KIST_TEST_LIMITS=$works" "KIST_TEST_CACHE=$KIST_TEST_CACHE" BATS_TEST_TIMEOUT=300 LC_ALL=C.UTF-8 \
        bats --formatter tap "${options[@]}" "$suite/limits.bats" || code=1
    [ "$code" = 0 ]
}

# as_alice COMMAND...: in a login session of hers
as_alice() { runuser -l alice -c "$(printf '%q ' "$@")"; }

as_root() {
    echo "# limits as root"
    limits yes "${tags[@]}" -- env
}

alice() {
    echo "# limits as alice"
    limits yes "${tags[@]}" -- as_alice systemd-run --user --scope --quiet -p Delegate=yes
    echo "# limits as alice in a session"
    limits no --filter-tags session -- as_alice
}

# Both at once: the machine is slow, but has two processors.
log=$(mktemp)
as_root >"$log" 2>&1 &
root=$!
alice
wait "$root" || code=1
cat "$log"
exit "$code"
