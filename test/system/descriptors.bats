# Descriptors that the user passes to a container's command: --preserve-fds, --preserve-fd.

load helpers

setup_file() { file_setup busybox; }
teardown_file() { file_teardown; }

setup() {
    test_setup
    echo three >three
    echo four >four
    need_image
}

# Each calls kist with these descriptors only. (bats and rc have some of their own.)
none() { kist "$@" 3>&- 4>&-; }
two() { kist "$@" 3<three 4<four; }
nine() { kist "$@" 3>&- 4>&- 9<four; }
# around what kist moves its own descriptors to
high() { kist "$@" 3>&- 4>&- 31<three 32<four 33<three 40<four; }
# holders FILE: how many processes have it open
holders() {
    find /proc/[0-9]*/fd -lname "$STORE/$1" 2>/dev/null | cut -d / -f 3 | sort -u | wc -l
}

@test "run and exec pass on as many descriptors as are asked for" {
    rc 0 two run --rm --network none --preserve-fds 2 "$IMG" sh -c 'cat <&3; cat <&4'
    is $'three\nfour' "$stdout"
    started box
    rc 0 two exec --preserve-fds 2 box sh -c 'cat <&3; cat <&4'
    is $'three\nfour' "$stdout"
    rc 0 nine run --rm --network none --preserve-fd 9 "$IMG" sh -c 'cat <&9'
    is four "$stdout"
    rc 0 nine exec --preserve-fd 9,9 box sh -c 'cat <&9'
    is four "$stdout"
    rc 0 two exec --preserve-fd 4 --preserve-fd 3 box sh -c 'cat <&3; cat <&4'
    is $'three\nfour' "$stdout"
}

@test "the command has those, and no other" {
    local verb target fds='ls /proc/$$/fd; true'
    numbers() { sort -n <<<"$stdout" | paste -sd ' '; }
    started box
    for verb in "run --rm --network none" "run --rm --init --network none" exec; do
        target=$IMG
        [ "$verb" != exec ] || target=box
        # shellcheck disable=SC2086
        {
            rc 0 two $verb "$target" sh -c "$fds"
            is "0 1 2" "$(numbers)"
            rc 0 two $verb --preserve-fds 0 "$target" sh -c "$fds"
            is "0 1 2" "$(numbers)"
            rc 0 two $verb --preserve-fds 1 "$target" sh -c "$fds"
            is "0 1 2 3" "$(numbers)"
            rc 0 two $verb --preserve-fds 2 "$target" sh -c "$fds"
            is "0 1 2 3 4" "$(numbers)"
            rc 0 nine $verb --preserve-fd 9 "$target" sh -c "$fds"
            is "0 1 2 9" "$(numbers)"
            rc 0 high $verb --preserve-fd 31,32,33,40 "$target" sh -c "$fds"
            is "0 1 2 31 32 33 40" "$(numbers)"
            rc 0 high $verb --preserve-fd 31,32,33,40 "$target" sh -c 'cat <&31; cat <&40'
            is $'three\nfour' "$stdout"
            rc 0 high $verb --preserve-fd 33 "$target" sh -c "$fds"
            is "0 1 2 33" "$(numbers)"
        }
    done
}

@test "with a terminal, too" {
    started box
    rc 0 nine run --rm -t --network none --preserve-fd 9 "$IMG" sh -c 'cat <&9; test -t 1 && ls /proc/$$/fd; true'
    is 'four 0 1 2 9' "$(tr -s '\r\n ' ' ' <<<"$stdout" | sed 's/ $//')"
    rc 0 nine exec -t --preserve-fd 9 box sh -c 'cat <&9; test -t 1 && ls /proc/$$/fd; true'
    is 'four 0 1 2 9' "$(tr -s '\r\n ' ' ' <<<"$stdout" | sed 's/ $//')"
}

@test "neither the monitor nor an init nor kist itself keeps them" {
    two run -d --name a --network none --preserve-fds 2 "$IMG" sleep 300 >/dev/null
    is 1 "$(holders three)"
    two run -d --init --name b --network none --preserve-fds 2 "$IMG" sleep 300 >/dev/null
    is 2 "$(holders three)"
    two exec -d --preserve-fds 2 a sleep 300 >/dev/null
    is 3 "$(holders three)"
    kist exec b sh -c 'ls /proc/1/fd' >out
    is "" "$(cat out)"
    kist rm -f -t 0 a b >/dev/null
    eventually [ "$(holders three)" = 0 ]
    # attached: who reads the other end sees when the command has closed it. (Not by a function: its shell would
    # keep it open.)
    mkfifo pipe
    started box
    for verb in "run --rm --network none $IMG" "exec box"; do
        # shellcheck disable=SC2086
        set -- $verb
        "$KIST" --root "$ROOT" --runroot "$RUN" "${@:1:$#-1}" --preserve-fds 1 "${@: -1}" \
            sh -c 'echo said >&3; exec 3>&-; sleep 30' 3>pipe 4>&- >/dev/null 2>&1 &
        rc 0 timeout 15 cat pipe
        is said "$stdout"
        [ -d "/proc/$!" ]
    done
    kist rm -f -t 0 -a >/dev/null
}

@test "a detached container has them" {
    two run -d --name a --network none --preserve-fds 2 "$IMG" sh -c 'cat <&3; cat <&4' >/dev/null
    kist wait a >/dev/null
    rc 0 kist logs a
    is $'three\nfour' "$stdout"
    # a later start has them no more
    kist start a
    kist wait a >/dev/null
    rc 0 kist logs a
    has 'Bad file descriptor'
}

@test "descriptors that are not open are named, those of kist are nobody's" {
    local fd
    started box
    rc 125 two run --rm --network none --preserve-fds 3 "$IMG" true
    has 'file descriptor 5 is not available'
    rc 125 two exec --preserve-fds 99999999999 box true
    has 'file descriptor 5 is not available'
    rc 125 none run --name c --network none --preserve-fds 1 "$IMG" true
    has 'file descriptor 3 is not available'
    # nothing was made
    is 1 "$(kist ps -aq | wc -l)"
    for ((fd = 3; fd < 24; fd++)); do
        # bash and bats have some
        [ "$fd" -lt 5 ] || [ ! -e "/proc/$BASHPID/fd/$fd" ] || continue
        rc 125 none exec --preserve-fd "$fd" box true
        has "file descriptor $fd is not available"
    done
}

@test "numbers that are none, and both options" {
    local verb
    started box
    for verb in "run --rm --network none" exec; do
        for args in --preserve-fds=-1 --preserve-fds=x --preserve-fd=x --preserve-fd=-1 --preserve-fd= --preserve-fd=3,,4 \
            --preserve-fd=99999999999 --preserve-fd=0 --preserve-fd=2 "--preserve-fd=4 --preserve-fds=1"; do
            # shellcheck disable=SC2086
            rc 125 two $verb $args "$([ "$verb" = exec ] && echo box || echo "$IMG")" true
        done
        has 'both'
    done
    rc 125 two create --preserve-fds 1 "$IMG" true
    has 'unknown flag'
}

@test "a descriptor at the limit of open files is refused with the limit" {
    echo text >f
    rc 125 bash -c 'ulimit -n 1024; exec 1023<f; exec "$@"' - \
        "$KIST" --root "$ROOT" --runroot "$RUN" run --rm --network none --preserve-fd 1023 "$IMG" true
    has 'file descriptor 1023 is too near to the limit of open files, which is 1024'
}

@test "errors of the command come back with them, too" {
    started box
    rc 127 two run --rm --network none --preserve-fds 2 "$IMG" /no/such
    rc 126 two run --rm --init --network none --preserve-fds 2 "$IMG" /etc
    rc 127 high run --rm --init --network none --preserve-fd 31,32,33,40 "$IMG" /no/such
    rc 127 two exec --preserve-fds 2 box nosuch
    rc 127 high exec --preserve-fd 31,32,33,40 box nosuch
    rc 7 high exec --preserve-fd 31,32,33,40 box sh -c 'exit 7'
}
