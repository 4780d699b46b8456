#!/bin/bash
# faults.sh - kist is killed, and its system calls fail, at one call after the other (test/faults/fault.c),
# and each time the store has to be whole afterwards. TAP, a line for each scenario and kind of fault.
#   faults.sh sample|all [SCENARIO...]    some calls of each kind, or every one
#   faults.sh point SCENARIO ACTION N     one of them, and what was seen
#   FAULTS_JOBS      how many at once (the number of processors)
#   FAULTS_ACTIONS   kinds of fault (kill kill-one ENOSPC ENOSPC-on EIO EIO-on)
#   FAULTS_AS        who kist is run as: root, ids (a user with subordinate IDs), one (one without); for "all": each
#   FAULTS_SAMPLE    how many calls of each scenario and kind of fault the sample has (3)
# Needs root, for file systems in memory, and a kernel that lets us watch system calls.
set -uo pipefail

top=$(dirname "$(dirname "$(readlink -f "$0")")")
. "$top/test/lib/registry.bash"
. "$top/test/images/oci.bash"
. "$top/test/faults/scenarios.bash"
read -r -a actions <<<"${FAULTS_ACTIONS:-kill kill-one ENOSPC ENOSPC-on EIO EIO-on}"
jobs=${FAULTS_JOBS:-$(nproc)}
sample=${FAULTS_SAMPLE:-3}
# Lists and empty directories may stay; what is larger after a full disk is space that was not given back.
slack_kb=64
shown_max=8

# as_user COMMAND...: as whom kist is run. "nobody" has no store and no configuration.
as_user() {
    if [ "$AS" = root ]; then
        "$@"
    else
        setpriv --reuid=65534 --regid=65534 --clear-groups env -i PATH="$PATH" HOME="$S/home" "$@"
    fi
}

kist() { as_user timeout -k 5 60 "$W/kist" --root "$ROOT" --runroot "$RUN" "$@"; }

# fault OPTION... -- KIST-ARG...
fault() {
    local options=()
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    local command=("$W/kist" --root "$ROOT" --runroot "$RUN" "$@")
    [ "$AS" = root ] || command=(setpriv --reuid=65534 --regid=65534 --clear-groups
        env -i PATH="$PATH" HOME="$S/home" "${command[@]}")
    "$W/fault" -x "$OUT" -d "$S" "${options[@]}" "${command[@]}" </dev/null
}

# --- one fault --------------------------------------------------------------------------------------------
# fresh SCENARIO: the store where it begins
fresh() {
    # (others' containers may have the same ID, and thereby the same control groups)
    ! declare -F "before_$1" >/dev/null || [ ! -e "$ROOT" ] || kist rm -f -a -t 0 >/dev/null 2>&1
    rm -rf "$ROOT" "$RUN"
    cp -a "$W/begin/$AS/$1/." "$S/"
}

# before SCENARIO: what is done each time before the command
before() { ! declare -F "before_$1" >/dev/null || "before_$1" >/dev/null; }

# struck SCENARIO ACTION N: a fresh store, and the command with the fault; 1 when the harness itself failed
struck() {
    fresh "$1" && before "$1" || return 1
    "op_$1"
    fault -a "$2" -n "$3" -r "$OUT/report" -- "${op[@]}" >"$OUT/out" 2>"$OUT/err"
    report=$(cat "$OUT/report")
    hit=$(sed -n 's/^hit //p' <<<"$report")
    points=$(sed -n 's/^points //p' <<<"$report")
    code=$(sed -n 's/^exit //p' <<<"$report")
    ids=$(find "$ROOT/kist/containers" "$ROOT/kist/trash" "$RUN/kist/containers" -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null |
        sort -u)
    [ -n "$points" ]
}

# said ACTION: did the command end as it should have?
said() {
    local word
    ! grep -E '^(hung|left)' <<<"$report" || { echo "a process hung, or stayed behind"; return 1; }
    case $1 in
    ENOSPC*) word='[Nn]o space left' ;;
    EIO*) word='[Ii]nput/output error' ;;
    kill-one)
        # the command itself was killed, or the process that was about to become the container's first
        if [ "${code:-137}" = 137 ]; then return 0; fi
        word=.
        ;;
    *) return 0 ;;
    esac
    if [ "$code" = 0 ]; then return 0; fi
    [ -n "$code" ] || { echo "it died"; return 1; }
    # (a repair tells what went wrong with its findings)
    if grep -q '^Error: .' "$OUT/err" && grep -q "$word" "$OUT/err" "$OUT/out"; then return 0; fi
    echo "exit code $code and no word of the reason:"
    cat "$OUT/err"
    return 1
}

# try WHAT COMMAND...: complain when it fails
try() {
    local what=$1
    shift
    "$@" >"$OUT/try" 2>&1 || { echo "$what failed:"; tail -n 5 "$OUT/try"; return 1; }
}

clean() {
    kist system check >"$OUT/check" 2>&1 && grep -q ' 0 findings$' "$OUT/check" && return 0
    # the damage that was there before may be there still
    [ "$1" = repair ] && ! grep -qv -e '^layer ' -e '^Checked ' -e '^Error: damage' "$OUT/check" && return 0
    cat "$OUT/check"
    return 1
}

# One auditor answers for all points, since starting python takes longer than its work.
start_auditor() { coproc AUDITOR { "$top/test/faults/audit.py"; }; }

# audited [INVENTORY]: says what is wrong with the store
audited() {
    local line problems=0
    echo "$ROOT $RUN ${1:-}" >&"${AUDITOR[1]}"
    while true; do
        read -r -u "${AUDITOR[0]}" line || { echo "the auditor died"; return 1; }
        [ "$line" != . ] || return $problems
        echo "$line"
        problems=1
    done
}

# space SCENARIO: what a command took before the disk was full was given back
space() {
    local now before
    # what is repaired so far is repaired
    [ "$1" != repair ] || return 0
    now=$(du -sk "$ROOT" | cut -f 1)
    before=$(cat "$W/begin/$AS/$1.kb")
    ((now <= before + slack_kb)) || { echo "$now kB are in use, and $before kB were before"; return 1; }
}

# kernel: no mount and no control group is left; a monitor says that its container has ended before it removes the groups
kernel() {
    local i
    ! grep -F " $S/" /proc/self/mountinfo || return 1
    for ((i = 0; i < 50; i++)); do
        groups_left >/dev/null || return 0
        sleep 0.1
    done
    ! groups_left
}

# groups_left: the control groups of this point's containers
groups_left() {
    local id found=1
    for id in $ids; do
        ! compgen -G "/sys/fs/cgroup/kist/$id" || found=0
        ! compgen -G "/sys/fs/cgroup/*/kist/$id" || found=0
    done
    return $found
}

# judged SCENARIO ACTION N: is all as it should be, from the next command on?
judged() {
    said "$2" || return 1
    # Who cleans up may die as well.
    [[ $2 != kill* ]] || fault -n $((1 + $3 % 29)) -r "$OUT/report2" -- images >/dev/null 2>&1
    try images kist images || return 1
    try ps kist ps -a || return 1
    if [ "$1" != repair ]; then audited || return 1; fi
    try check clean "$1" || return 1
    if [[ $2 = ENOSPC* && $code != 0 ]]; then space "$1" || return 1; fi
    # Success is success: nothing is left to be done.
    if [ "$code" != 0 ]; then try "the same again" "redo_$1" || return 1; fi
    if [ "$code" = 0 ] && declare -F "tidy_$1" >/dev/null; then try tidy "tidy_$1" || return 1; fi
    # What could not be removed there is kept a day for the next pull.
    [[ $2 != EIO* ]] || rm -f "$ROOT"/kist/downloads/*
    audited "$OUT/inventory" || return 1
    diff "$W/begin/$AS/$1.end" "$OUT/inventory" >"$OUT/try" || { echo "not what it should be in the end:"; head -n 6 "$OUT/try"; return 1; }
    try use "use_$1" || return 1
    kernel
}

# point SCENARIO ACTION N: lines into $OUT/bad when something is wrong
point() {
    local why
    if ! struck "$@"; then
        why="the harness failed: $(tail -n 1 "$OUT/err")"
    else
        why=$(judged "$@") && return 0
    fi
    { echo "# $1 $2 $3: ${hit:-not reached}"; sed 's/^/#     /' <<<"$why"; } >>"$OUT/bad"
    return 1
}

# podman_agrees: podman reads the same images there. It leaves files of its own, so that this comes last.
podman_agrees() {
    local ids
    # (a podman that has no netavark does not like what a new store says about networks)
    command -v netavark >/dev/null || rm "$ROOT/defaultNetworkBackend"
    ids=$(podman --root "$ROOT" --runroot "$RUN" --tmpdir "$S/podman" --storage-driver overlay --cgroup-manager cgroupfs \
        images -aq --no-trunc 2>"$OUT/try" | sort -u) || { cat "$OUT/try"; return 1; }
    umount "$ROOT/overlay" 2>/dev/null
    [ "$ids" = "$(kist images -aq --no-trunc | sort -u)" ] || { echo "podman lists: $ids"; cat "$OUT/try"; return 1; }
}

# --- many -------------------------------------------------------------------------------------------------
# in_memory ARG...: this script in a mount namespace of its own with an empty file system at $S
in_memory() {
    # shellcheck disable=SC2016
    unshare -m --propagation private bash -c 'mount -t tmpfs -o "mode=755,uid=$0,gid=$0" kist-faults "$S" &&
        mkdir "$OUT" && install -d -o "$0" "$S/home" && exec "$@"' "$([ "$AS" = root ] && echo 0 || echo 65534)" \
        "$top/test/faults.sh" "$@"
}

# Bodies of the script's own calls of itself.
body_count() {
    struck "$1" "$2" 0 && echo "$points"
}

body_worker() {
    local scenario=$1 action=$2 n
    shift 2
    start_auditor
    for n; do point "$scenario" "$action" "$n" || true; done
    if [ "$AS-$action" = root-kill ] && command -v podman >/dev/null; then
        podman_agrees >"$OUT/podman" || { echo "# $scenario $action $n: podman"; sed 's/^/#     /' "$OUT/podman"; } >>"$OUT/bad"
    fi
    cat "$OUT/bad" 2>/dev/null || true
}

body_point() {
    start_auditor
    point "$@"
    echo "--- report"
    cat "$OUT/report"
    echo "--- output"
    cat "$OUT/out"
    echo "--- error"
    cat "$OUT/err"
    cat "$OUT/bad" 2>/dev/null || echo "--- all is well"
}

# numbers POINTS: those to be tried. Another run may have a few calls more.
numbers() {
    if [ "$what" = all ]; then
        seq 1 $(($1 + 3))
    else
        seq $((1 + $1 / (2 * sample))) $(($1 / sample + 1)) "$1"
    fi
}

# strike SCENARIO ACTION: one TAP line
strike() {
    local total list i k mine pids=() start=$SECONDS bad title
    tests=$((tests + 1))
    title="$1, $2$([ "$AS" = root ] || echo " (user, $AS)")"
    total=$(in_memory body count "$1" "$2")
    if [ -z "$total" ]; then
        echo "not ok $tests - $title: its calls cannot be counted"
        failed=1
        return
    fi
    mapfile -t list < <(numbers "$total")
    for ((i = 0; i < jobs; i++)); do
        mine=()
        for ((k = i; k < ${#list[@]}; k += jobs)); do mine+=("${list[k]}"); done
        [ ${#mine[@]} != 0 ] || continue
        in_memory body worker "$1" "$2" "${mine[@]}" >"$W/bad.$i" 2>&1 &
        pids+=($!)
    done
    wait "${pids[@]}"
    bad=$(cat "$W"/bad.* 2>/dev/null | grep -c '^# [a-z]') || true
    if [ "$bad" = 0 ]; then
        echo "ok $tests - $title: ${#list[@]} of $total calls ($((SECONDS - start)) s)"
    else
        echo "not ok $tests - $title: $bad of ${#list[@]} calls"
        cat "$W"/bad.* | awk -v max=$shown_max '/^# [a-z]/ { n++ } n <= max'
        echo "# repeat: FAULTS_AS=$AS test/faults.sh point $1 $2 N"
        failed=1
    fi
    rm -f "$W"/bad.*
}

# begin SCENARIO...: the stores where the scenarios begin, and what they are in the end
begin() {
    local scenario
    mkdir -p "$W/begin/$AS"
    start_auditor
    for scenario; do
        rm -rf "$ROOT" "$RUN"
        if ! { "prepare_$scenario" && kist ps -a; } >"$OUT/try" 2>&1; then
            sed 's/^/# /' "$OUT/try"
            return 1
        fi
        mkdir "$W/begin/$AS/$scenario"
        cp -a "$ROOT" "$RUN" "$W/begin/$AS/$scenario/"
        du -sk "$ROOT" | cut -f 1 >"$W/begin/$AS/$scenario.kb"
        before "$scenario"
        "op_$scenario"
        kist "${op[@]}" >"$OUT/try" 2>&1 || { sed 's/^/# /' "$OUT/try"; return 1; }
        ! declare -F "tidy_$scenario" >/dev/null || "tidy_$scenario" >/dev/null
        kist ps -a >/dev/null
        audited "$W/begin/$AS/$scenario.end" || { echo "# $scenario without any fault"; return 1; }
    done
}

body_begin() { begin "$@"; }

body_inputs() { make_inputs >"$OUT/try" 2>&1 || { sed 's/^/# /' "$OUT/try"; return 1; }; }

# --- the whole ----------------------------------------------------------------------------------------------
# make_user: subordinate IDs of the user that kist is run as, for this mount namespace only. All of /etc is a copy: a
# file that is mounted over one of it is gone when somebody else replaces that one, as useradd does.
make_user() {
    local ids=
    if [ ! -e "$W/etc" ]; then
        cp -a /etc "$W/etc" && mount --bind "$W/etc" /etc || return 1
    fi
    [ "$AS" != ids ] || ids=nobody:700000:65536
    echo "$ids" | tee /etc/subuid >/etc/subgid
}

# all_of SCENARIO...: every kind of fault, as $AS
all_of() {
    local scenario action
    if [ "$AS" != root ] && ! make_user; then
        skip $(($# * ${#actions[@]})) "no $AS here"
        return
    fi
    if ! in_memory body begin "$@"; then
        echo "not ok - $AS: the beginning of the scenarios"
        failed=1
        return
    fi
    for scenario; do
        for action in "${actions[@]}"; do strike "$scenario" "$action"; done
    done
}

skip() {
    local i
    for ((i = 0; i < $1; i++)); do echo "ok $((++tests)) # SKIP $2"; done
}

# of AS: the scenarios; as a user those where it makes a difference
of() { if [ "$1" = root ]; then echo "${chosen[*]}"; else comm -12 <(sorted "${chosen[@]}") <(sorted "${user_scenarios[@]}"); fi; }
sorted() { printf '%s\n' "$@" | sort; }

# main: inside of the first namespaces
main() {
    local tests=0 failed=0 plan=0 chosen who
    export AS=root REGISTRY three
    what=$1
    shift
    mount -t tmpfs -o mode=755 kist-faults "$W"
    mkdir "$S"
    cp "${KIST:-$top/bin/kist}" "$W/kist"
    cp "${FAULT:-$top/build/rel/test/faults/fault}" "$W/fault"
    read -r -a who <<<"${FAULTS_AS:-$([ "$what" = all ] && echo root ids one || echo root)}"
    in_memory body inputs || return 1
    REGISTRY=$(cat "$W/registry")
    three=$REGISTRY/three:latest
    if [ "$what" = point ]; then
        AS=${who[0]}
        [ "$AS" = root ] || make_user
        in_memory body begin "$1" && in_memory body point "$@"
        return
    fi
    chosen=("${@:-${scenarios[@]}}")
    [ $# != 0 ] || chosen=("${scenarios[@]}")
    for AS in "${who[@]}"; do plan=$((plan + $(of "$AS" | wc -w) * ${#actions[@]})); done
    echo "1..$plan"
    # shellcheck disable=SC2046
    for AS in "${who[@]}"; do all_of $(of "$AS"); done
    return $failed
}

case ${1:-} in
body)
    shift
    "body_$1" "${@:2}"
    ;;
inside)
    shift
    main "$@"
    ;;
sample | all | point)
    if [ "$(id -u)" != 0 ]; then
        echo "ok - faults # SKIP not root"
        exit 0
    fi
    export W S ROOT RUN OUT
    W=$(mktemp -d /var/tmp/kist-faults.XXXXXX)
    S=$W/s OUT=$W/s/out ROOT=$W/s/root RUN=$W/s/run
    # With this process all others end, and what they mounted is gone.
    unshare -m -p --fork --kill-child --mount-proc "$top/test/faults.sh" inside "$@" &
    trap 'kill $!; wait; rmdir "$W"; exit 130' INT TERM
    wait $!
    code=$?
    rmdir "$W"
    exit $code
    ;;
*)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
