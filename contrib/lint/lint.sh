#!/bin/bash
# lint.sh [CHECK...] - runs the checks of this directory (all of them unless named), a line each; what is
# wrong is shown below its line. Ends with 1 when any check failed.
set -uo pipefail
cd "$(dirname "$0")" || exit 1

checks=("$@")
[ $# -gt 0 ] || checks=(format layers banned sizes headers words shell generated cppcheck tidy)
failed=0 skipped=0
for check in "${checks[@]}"; do
    start=$SECONDS
    out=$("./$check.sh" 2>&1)
    case $? in
    0) printf 'ok      %-10s %s\n' "$check" "${out:-$((SECONDS - start)) s}" ;;
    77)
        printf 'skipped %-10s %s\n' "$check" "$(tail -n 1 <<<"$out")"
        skipped=$((skipped + 1))
        ;;
    *)
        printf 'FAILED  %s\n' "$check"
        printf '%s\n' "$out" | sed 's/^/    /'
        failed=$((failed + 1))
        ;;
    esac
done
echo "${#checks[@]} checks, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
