#!/bin/bash
# shell.sh - scripts and bats files pass shellcheck.
. "$(dirname "$0")/common.sh"
need shellcheck
list=$(mktemp)
trap 'rm -f "$list"' EXIT
{
    files '*.sh' '*.bash' '*.bats'
    files '*' | grep -v '^test/fuzz/[^/]*/' | while read -r f; do
        head -c 64 "$f" | head -n 1 | grep -qaE '^#!.*\b(ba|da)?sh\b' && echo "$f"
    done
} | sort -u >"$list"
bad=0
grep -v '\.bats$' "$list" | xargs shellcheck -x -P SCRIPTDIR -f gcc -S warning || bad=1
# bats sets variables that shellcheck does not know of, so that only errors count there.
grep '\.bats$' "$list" | xargs shellcheck -x -P SCRIPTDIR -f gcc -S error || bad=1
exit $bad
