#!/bin/bash
# layers.sh - a module includes modules of lower lines of docs/layers.txt only, and each outside library
# belongs to one module.
. "$(dirname "$0")/common.sh"

# The modules that may include a library's headers.
owners='jansson.h json
openssl/ digest
curl/ http
archive.h archive
archive_entry.h archive
zstd.h archive
isa-l archive
igzip_lib.h archive
seccomp.h sys
sys/capability.h sys
libmount/ sys'

files 'pkg/*.[ch]' 'include/*.h' 'cmd/*.[ch]' | xargs grep -nE '^[[:space:]]*#[[:space:]]*include' |
    awk -v owners="$owners" '
    BEGIN {
        while ((getline line < "docs/layers.txt") > 0) {
            if (line ~ /^#/ || line ~ /^[[:space:]]*$/) continue
            n = split(line, word, " "); height--
            for (i = 1; i <= n; i++) level[word[i]] = height
        }
        n = split(owners, line_of, "\n")
        for (i = 1; i <= n; i++) { split(line_of[i], word, " "); owner[word[1]] = word[2] }
    }
    {
        split($0, part, ":"); path = part[1]
        split(path, dir, "/")
        module = dir[1] == "cmd" ? "cmd" : dir[2]
        if (match($0, /[<"][^>"]*[>"]/) == 0) next
        quoted = substr($0, RSTART, 1) == "\""
        header = substr($0, RSTART + 1, RLENGTH - 2)
        if (!(module in level)) { print path ": module " module " is not in docs/layers.txt"; bad = 1; next }
        for (prefix in owner)
            if (index(header, prefix) == 1 && owner[prefix] != module) {
                print path ":" part[2] ": " header " belongs to " owner[prefix]; bad = 1
            }
        if (!quoted || split(header, to, "/") < 2) next
        if (!(to[1] in level)) {
            if (system("test -e pkg/" module "/" header) != 0) { print path ":" part[2] ": no module " to[1]; bad = 1 }
            next
        }
        if (to[1] != module && level[to[1]] >= level[module]) {
            print path ":" part[2] ": " module " may not use " to[1]; bad = 1
        }
    }
    END { exit bad }'
