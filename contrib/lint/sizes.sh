#!/bin/bash
# sizes.sh - functions of at most 100 lines, files of at most 1000. exceptions.txt names those that may be
# longer and by how much; the list may only shrink: an entry that is larger than needed is an error, too.
. "$(dirname "$0")/common.sh"
function_max=100 file_max=1000

files '*.c' '*.h' | xargs awk -v function_max=$function_max -v file_max=$file_max '
    BEGIN {
        while ((getline line < "contrib/lint/exceptions.txt") > 0) {
            if (line ~ /^#/ || line ~ /^[[:space:]]*$/) continue
            split(line, word, " "); allowed[word[1]] = word[2]
        }
    }
    function judge(what, lines, max) {
        if (what in allowed) {
            seen[what] = 1
            if (lines > allowed[what]) fail(what ": " lines " lines, its exception says " allowed[what])
            else if (lines < allowed[what])
                fail(what ": " lines " lines: shrink its entry in exceptions.txt, or remove it")
        } else if (lines > max) fail(what ": " lines " lines, at most " max)
    }
    function fail(text) { print text; bad = 1 }
    FNR == 1 { if (file) judge(file, count, file_max); file = FILENAME; name = "" }
    { count = FNR }
    /^[A-Za-z_].*\(/ && !/;[[:space:]]*$/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
    /^\{/ { start = FNR }
    /^\}/ { if (start) judge(FILENAME ":" name, FNR - start - 1, function_max); start = 0 }
    END {
        if (file) judge(file, count, file_max)
        for (what in allowed) if (!(what in seen)) fail(what ": is in exceptions.txt and is not there")
        exit bad
    }'
