# common.sh - for the checks of contrib/lint: each is a script of its own that runs from the top of the
# tree, prints what is wrong and ends with 0 (fine), 1 (not) or 77 (skipped: the last line says why).
# shellcheck shell=bash
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
export LC_ALL=C

# files PATTERN...: files of the project (git's, or all when there is no git), by shell patterns of git.
files() {
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git ls-files -- "$@" | while read -r f; do [ ! -e "$f" ] || echo "$f"; done
    else
        local p
        for p; do find . -path ./build -prune -o -type f -path "./$p" -print; done | sed 's|^\./||' | sort -u
    fi
}

# skip REASON
skip() {
    echo "$*"
    exit 77
}

# need PROGRAM: skip when it is not installed
need() {
    command -v "$1" >/dev/null || skip "$1 is not installed"
}
