#!/bin/bash
# headers.sh - each public header compiles alone.
. "$(dirname "$0")/common.sh"
cc=${CC:-cc}
need "$cc"

try() {
    echo "#include \"${1#include/}\"" |
        "$cc" -std=gnu11 -D_GNU_SOURCE -Iinclude -Wall -Wextra -Werror -fsyntax-only -x c - 2>&1 | grep -m 3 -E 'error|warning'
}
export -f try
export cc
bad=$(files 'include/*.h' | xargs -P "$(nproc)" -I{} bash -c 'out=$(try {}); [ -z "$out" ] || printf "%s:\n%s\n" {} "$out"')
[ -z "$bad" ] || { printf '%s\n' "$bad"; exit 1; }
