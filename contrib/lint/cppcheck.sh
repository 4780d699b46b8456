#!/bin/bash
# cppcheck.sh - what cppcheck warns about.
. "$(dirname "$0")/common.sh"
need cppcheck
mkdir -p build/lint/cppcheck
# Not looked at, since cppcheck cannot follow them and gcc, clang and the sanitizers can: memory that the
# cleanup attribute frees (memleak), values set through a pointer (uninitvar), first and last byte of a
# linked-in file (comparePointers), and statement expressions (internalAstError). Nor tests: cmocka's failed
# assertions do not return, which it does not know.
files 'pkg/*.c' 'cmd/*.c' | grep -vE '/(test|fuzz)_' |
    cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
        --cppcheck-build-dir=build/lint/cppcheck -j "$(nproc)" -Iinclude -D_GNU_SOURCE -D__x86_64__ -DKIST_VERSION='"0"' \
        -DKIST_PREFIX='"/usr"' --suppress=missingIncludeSystem --suppress=unknownMacro --suppress=toomanyconfigs \
        --suppress=memleak --suppress=uninitvar --suppress=legacyUninitvar --suppress=comparePointers \
        --suppress=internalAstError \
        --template='{file}:{line}: {severity}: {message} [{id}]' --file-list=- 2>&1
