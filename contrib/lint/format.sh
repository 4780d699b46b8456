#!/bin/bash
# format.sh - C is as clang-format leaves it (make format applies it).
. "$(dirname "$0")/common.sh"
need clang-format
bad=$(files '*.c' '*.h' | xargs clang-format --dry-run --Werror 2>&1 | sed -n 's/: error: code should be.*//p')
[ -z "$bad" ] || { printf '%s\n' "$bad"; exit 1; }
