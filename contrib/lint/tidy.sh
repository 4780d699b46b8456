#!/bin/bash
# tidy.sh - clang-tidy with .clang-tidy. Files that passed are not looked at again until they, a header of
# theirs or the settings change (build/lint/tidy).
. "$(dirname "$0")/common.sh"
need clang-tidy
need clang
export flags='-std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DKIST_VERSION="0" -DKIST_PREFIX="/usr" -Iinclude'
export cache=build/lint/tidy
mkdir -p $cache

try() {
    local key out flags=$flags
    [ "$1" = pkg/base/err.c ] || flags+=' -include contrib/lint/analyzer.h'
    # shellcheck disable=SC2086
    key=$({ clang-tidy --version; cat .clang-tidy; clang $flags -E -P "$1"; } 2>/dev/null | sha256sum | cut -c 1-32)
    [ ! -e "$cache/$key" ] || return 0
    # shellcheck disable=SC2086
    out=$(clang-tidy --quiet "$1" -- $flags 2>/dev/null | grep -E '(warning|error):' | sort -u)
    if [ -n "$out" ]; then
        printf '%s\n' "${out//$PWD\//}"
    else
        : >"$cache/$key"
    fi
}
export -f try
# Tests and fuzz targets are written to other measures (long tables, assertions that do not return), and the
# freestanding programs do without a C library.
bad=$(files 'pkg/*.c' 'cmd/*.c' | grep -vE '/(test|fuzz)_|/(shim|stub)/' | xargs -P "$(nproc)" -I{} bash -c 'try {}')
[ -z "$bad" ] || { printf '%s\n' "$bad"; exit 1; }
