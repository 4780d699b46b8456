#!/bin/bash
# banned.sh - functions that are not called: unsafe ones, and those that belong to one place.
. "$(dirname "$0")/common.sh"

# Nowhere.
unsafe='strcpy|strcat|sprintf|vsprintf|strtok|strtok_r|gets|alloca|strncat|mktemp|tmpnam|tempnam'
# Not in the program: base/str.h has what reads numbers, sys/spawn.h what starts processes.
program="$unsafe|atoi|atol|atoll|atof|strtol|strtoul|strtoll|strtoull|system|popen|strncpy"
forks='fork|vfork|clone|clone3|posix_spawn|posix_spawnp'
execs='execve|execv|execvp|execvpe|execl|execlp|execle|execveat|fexecve'
# Modules never print and never exit.
talk='printf|puts|putchar|perror|exit|err|errx|warn|warnx'

files '*.c' '*.h' | xargs awk -v unsafe="$unsafe" -v program="$program" -v forks="$forks" -v execs="$execs" \
    -v talk="$talk" '
    # The line without comments and without what is in quotes.
    function code(line,    out, n, i, c, two, quote) {
        if (!comment && line !~ /["\047]|\/[*\/]/) return line
        n = length(line)
        for (i = 1; i <= n; i++) {
            c = substr(line, i, 1); two = substr(line, i, 2)
            if (comment) { if (two == "*/") { comment = 0; i++ } }
            else if (quote != "") { if (c == "\\") i++; else if (c == quote) quote = "" }
            else if (two == "/*") { comment = 1; i++; out = out " " }
            else if (two == "//") break
            else { if (c == "\"" || c == "\047") quote = c; out = out c }
        }
        return out
    }
    function look(line, names, why) {
        if (line ~ "(^|[^A-Za-z0-9_>.])(" names ")[[:space:]]*\\(" && line !~ /^(static )?(int|void|bool|char) /) {
            sub(/^[[:space:]]*/, "", line)
            print FILENAME ":" FNR ": " why ": " line
            bad = 1
        }
    }
    FNR == 1 {
        comment = 0
        test = FILENAME ~ /^test\/|\/(test|fuzz)_|_test\.h$/
        shim = FILENAME ~ /\/shim\//
        starts = FILENAME ~ /^pkg\/sys\// || shim
        runs = starts || FILENAME ~ /^(pkg\/runtime\/process|cmd\/credhelper)\.c$/
        module = FILENAME ~ /^pkg\// && FILENAME != "pkg/base/log.c" && !shim
    }
    {
        line = code($0)
        if (line !~ /\(/) next
        if (test) { look(line, unsafe, "not a safe function"); next }
        look(line, program, "not to be used")
        if (!starts) look(line, forks, "processes are started by sys/spawn.h")
        if (!runs) look(line, execs, "processes are started by sys/spawn.h")
        if (module) look(line, talk, "modules neither print nor exit")
    }
    END { exit bad }'
