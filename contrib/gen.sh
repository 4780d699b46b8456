#!/bin/bash
# gen.sh KIST [DIR] - completions and manual pages from the program's verb tables: into completions/ and
# docs/man/, or into DIR/completions and DIR/man.
set -euo pipefail
kist=$(readlink -f "${1:?usage: gen.sh KIST [DIR]}")
if [ $# -gt 1 ]; then
    completions=$2/completions man=$2/man
else
    cd "$(dirname "$0")/.."
    completions=completions man=docs/man
fi
mkdir -p "$completions" "$man"
# A verb that is gone leaves no page behind.
rm -f "$man"/kist.1 "$man"/kist-*.1
for shell in bash zsh fish; do "$kist" __gen "$shell" "$completions"; done
"$kist" __gen man "$man"
