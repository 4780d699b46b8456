#!/bin/bash
# fuzz.sh TARGET [SECONDS] [LIBFUZZER OPTION...] - builds pkg/*/fuzz_TARGET.c with clang's libFuzzer, address
# and undefined sanitizers and the layers below its module, and runs it. Without a target: lists them. New
# inputs are kept in build/fuzz/TARGET; a crash is kept beside them, and its file is named at the end.
# Objects are shared by all targets.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:-} seconds=${2:-60}
shift $(($# < 2 ? $# : 2))

if [ -z "$target" ]; then
    echo 'usage: make fuzz T=TARGET [SECS=60]; targets:'
    for f in pkg/*/fuzz_*.c; do
        f=${f##*/fuzz_}
        echo "    ${f%.c}"
    done
    exit 1
fi
command -v clang >/dev/null || { echo 'fuzz.sh: clang is not installed' >&2; exit 1; }
sources=(pkg/*/"fuzz_$target.c")
source=${sources[0]}
[ -e "$source" ] || { echo "fuzz.sh: no target $target" >&2; exit 1; }
module=$(basename "$(dirname "$source")")

# The module itself and all that stands below its line.
modules=$(awk -v m="$module" '/^#/ { next }
    on { for (i = 1; i <= NF; i++) print $i }
    { for (i = 1; i <= NF; i++) if ($i == m) { on = 1; print m } }' docs/layers.txt)
out=build/fuzz/$target objects=build/fuzz/obj
mkdir -p "$out/inputs" "$objects"
flags=(-g -O1 -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Iinclude -w
    '-DKIST_VERSION="fuzz"' '-DKIST_PREFIX="/usr/local"' '-fsanitize=fuzzer-no-link,address,undefined'
    -fno-sanitize-recover=undefined)
for m in $modules; do
    for c in pkg/"$m"/*.c; do
        case ${c##*/} in test_* | fuzz_*) continue ;; esac
        [ -e "$c" ] && echo "$c"
    done
done | { cat; echo "$source"; } | xargs -P "$(nproc)" -I{} sh -c '
    o=$1/$(echo "$0" | tr / _).o; shift
    [ "$o" -nt "$0" ] && [ -z "$(find include "$(dirname "$0")" -name "*.h" -newer "$o" | head -n 1)" ] && exit 0
    clang "$@" -c -o "$o.$$" "$0" && mv "$o.$$" "$o"' {} "$objects" "${flags[@]}"
# From an archive only what the target needs is linked: not what wants the embedded programs.
own=$objects/$(echo "$source" | tr / _).o
rm -f "$out/modules.a"
for m in $modules; do find "$objects" -name "pkg_${m}_*.o" ! -name 'pkg_*_fuzz_*'; done | sort | xargs ar qc "$out/modules.a"
ranlib "$out/modules.a"
clang -fsanitize=fuzzer,address,undefined -o "$out/$target" "$own" "$out/modules.a" -ljansson -lcap

stored=()
[ ! -d "test/fuzz/$target" ] || stored=("test/fuzz/$target")
exec "$out/$target" -max_total_time="$seconds" -timeout=25 -max_len=65536 -artifact_prefix="$out/" "$@" \
    "$out/inputs" "${stored[@]}"
