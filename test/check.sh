#!/bin/bash
# check.sh - all of the tests, as "make check" runs them. The last line is "N passed, N failed[, N skipped]".
#   check.sh [SUITE...]     san root user ns-root ns-user vm unit hostile-root hostile-user live faults (default: all of them); vm-full is for
#   "make check-vm", soak soak-ns-root soak-ns-user for "make check-soak"
# KIST_SUITE_LIMIT: seconds that one suite may take (1800). KIST_LANES: suites that run at the same time (as many as processors,
# at most 2: much of a test is waiting); with more than one, a suite's output is shown when it has ended.
# KIST_SOAK_SECS: of each soak suite (600).
# As root it tests as root, as an ordinary user (made for the purpose, and removed), in namespaces with a systemd of
# their own (test/ns) and in a virtual machine (test/vm: what needs cgroup v2 with its controllers). As an ordinary user
# it tests as that user; the rest is counted as skipped.
set -euo pipefail

top=$(dirname "$(dirname "$(readlink -f "$0")")")
cd "$top"
export PATH=$PATH:/usr/sbin:/sbin
user=kisttest
passed=0 failed=0 skipped=0
suite_limit=${KIST_SUITE_LIMIT:-1800}
lanes=${KIST_LANES:-$(($(nproc) > 1 ? 2 : 1))}
soak_secs=${KIST_SOAK_SECS:-600}

say() { printf '\n=== %s\n' "$*"; }

# skip SUITE REASON: one counted skip
skip() {
    say "$1: skipped: $2"
    skipped=$((skipped + 1))
}

# --- counting ------------------------------------------------------------------------------------------
# run_suite NAME COMMAND...: run it, show its TAP, count it
run_suite() {
    local name=$1 log=$work/$1.tap code=0 start=$SECONDS before=$failed
    shift
    say "$name"
    if [ "$1" = body ]; then set -- "$top/test/check.sh" --body "${@:2}"; fi
    timeout -k 10 "$suite_limit" "$@" </dev/null 2>&1 | tee "$log" || code=${PIPESTATUS[0]}
    count "$name" "$log" "$code"
    if [ "$failed" -gt "$before" ]; then repeat_lines "$log"; fi
    echo "# $name: $((SECONDS - start)) s"
}

# count NAME LOG CODE: ok, not ok and skip lines; a missing test and an unexplained exit code are failures
count() {
    local ok bad skips plan
    ok=$(grep -cE '^ *ok\b' "$2" || true)
    bad=$(grep -cE '^ *not ok\b' "$2" || true)
    skips=$(grep -ciE '^ *ok\b.*# skip' "$2" || true)
    plan=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$2" | awk '{ n += $1 } END { print n + 0 }')
    if [ "$plan" -gt $((ok + bad)) ]; then
        echo "not ok - $1: $((plan - ok - bad)) tests did not run" | tee -a "$2"
        bad=$((bad + plan - ok - bad))
    fi
    if [ "$bad" = 0 ] && [ "$3" != 0 ]; then
        echo "not ok - $1 ended with code $3" | tee -a "$2"
        bad=1
    fi
    passed=$((passed + ok - skips)) skipped=$((skipped + skips)) failed=$((failed + bad))
}

# repeat_lines LOG: how to repeat the bats tests that failed
repeat_lines() {
    local title file
    sed -nE 's/^not ok [0-9]+ (.*)$/\1/p' "$1" | sed 's/ # timeout after.*//' | while read -r title; do
        file=$(grep -lF "@test \"$title\"" test/system/*.bats | head -n 1) || true
        [ -z "$file" ] || echo "# repeat: ${repeat:-}bats -f '^${title//[^a-zA-Z0-9 ]/.}\$' $file"
    done
}

# --- where the tests run -------------------------------------------------------------------------------
# make_stage: a copy of the binary and the tests that every user can read
make_stage() {
    mkdir -p "$stage/bin/san"
    cp -R test contrib "$stage/"
    cp bin/kist "$stage/bin/"
    make -s build/rel/pkg/runtime/test_runtime_live
    cp build/rel/pkg/runtime/test_runtime_live "$stage/"
    chmod -R a+rX "$work"
}

# --- the bodies of the suites, each run by "check.sh --body NAME" under a time limit ---------------------
body_bats() {
    env LC_ALL=C.UTF-8 BATS_TEST_TIMEOUT=120 KIST_TEST_CACHE="$cache" bats --formatter tap "$stage"/test/system/*.bats
}

body_hostile() { "$stage/test/hostile/run"; }

# as_user COMMAND...: as the ordinary user, with a clean environment
as_user() {
    local home
    home=$(getent passwd "$user" | cut -d : -f 6)
    cd /
    exec runuser -u "$user" -- env -i PATH="$PATH" HOME="$home" USER="$user" LOGNAME="$user" "$@"
}

# body_user BODY
body_user() { as_user stage="$stage" cache="$cache" "$stage/test/check.sh" --body "$1"; }

# what "make unit" as root passes over
body_user_runtime() { as_user CMOCKA_MESSAGE_OUTPUT=TAP "$stage/test_runtime_live"; }

body_san() {
    env LC_ALL=C.UTF-8 BATS_TEST_TIMEOUT=120 KIST_TEST_CACHE="$cache" KIST="$stage/bin/san/kist" ASAN_OPTIONS=detect_leaks=0 \
        bats --formatter tap "$stage"/test/system/{cli,images,containers}.bats
}

body_soak() { KIST_TEST_CACHE="$cache" "$stage/test/soak.sh" "$soak_secs"; }

# body_ns WHO BODY: the body inside test/ns; the staged copy with the images is bound in
body_ns() {
    local command=(env "stage=$stage" "cache=$cache" "KIST_SOAK_SECS=$soak_secs" "$stage/test/check.sh" --body "$2")
    if [ "$1" = alice ]; then
        command=(runuser -l alice -c "XDG_RUNTIME_DIR=/run/user/1000 $(printf '%q ' "${command[@]}")")
    fi
    test/ns/ns-run -S -b "$work" "${NS_CACHE:-/var/cache/kist-ns}/trixie" -- "${command[@]}"
}

# body_vm [short]: the limits in test/vm; the staged copy with the images is shared with the machine
body_vm() {
    test/vm/vm-run --timeout "$suite_limit" --rw "$work:/kist" -- \
        env KIST_TEST_CACHE=/kist/images /kist/src/test/vm/inside.sh "$@" 2>&1
}

# share_images: made once a machine, shown to every user
share_images() {
    local kept=${KIST_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kist-test}
    say "images in $kept"
    test/images/make-images.sh "$kept"
    mkdir -p "$cache"
    cp -a "$kept/oci" "$cache/"
}

# make_user: a user with subordinate ids; removed at the end if it was not there
make_user() {
    id "$user" >/dev/null 2>&1 || { useradd --create-home --shell /bin/bash "$user"; made_user=1; }
    grep -q "^$user:" /etc/subuid || usermod --add-subuids 700000-765535 --add-subgids 700000-765535 "$user"
}

# drop_user: also the pause processes that rootless engines leave, which take a moment to end
drop_user() {
    [ -n "${made_user:-}" ] || return 0
    local pid
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        for pid in $(pgrep -u "$user"); do kill -KILL "$pid" 2>/dev/null || true; done
        ! userdel -r "$user" >/dev/null 2>&1 || return 0
        sleep 0.3
    done
    echo "# user $user is left"
}

finish() {
    trap - EXIT
    drop_user
    rm -rf --one-file-system "$work" || true
}

can_unshare() { unshare -mnpiuC --fork true 2>/dev/null; }

# --- the suites ----------------------------------------------------------------------------------------
suite_unit() { run_suite unit make -s unit; }

# the registry and the store module alone, against the real registry and the real podman
suite_live() {
    run_suite live-registry test/registry-live.sh
    if [ "$(id -u)" = 0 ]; then run_suite live-store test/store-podman.sh; else skip live-store "not root"; fi
}

suite_root() {
    if [ "$(id -u)" = 0 ]; then run_suite root body bats; else skip root "not root"; fi
}

suite_user() {
    if [ "$(id -u)" != 0 ]; then run_suite user body bats; return; fi
    run_suite user-runtime body user_runtime
    repeat="(as an ordinary user) " run_suite user body user bats
}

suite_hostile-root() {
    if [ "$(id -u)" = 0 ]; then run_suite hostile-root body hostile; else skip hostile-root "not root"; fi
}

suite_hostile-user() {
    if [ "$(id -u)" != 0 ]; then run_suite hostile-user body hostile; return; fi
    repeat="(as an ordinary user) " run_suite hostile-user body user hostile
}

suite_san() {
    run_suite san-unit make -s SAN=address,undefined unit
    run_suite san-live test/registry-live.sh build/san/pkg/registry/test_registry_live
    make -s -j "$(nproc)" SAN=address,undefined all
    cp bin/san/kist "$stage/bin/san/"
    repeat="KIST=bin/san/kist ASAN_OPTIONS=detect_leaks=0 " run_suite san-bats body san
}

# A sample; all of it is "make check-faults".
suite_faults() {
    if [ "$(id -u)" != 0 ]; then skip faults "not root"; return; fi
    run_suite faults env FAULTS_JOBS=1 test/faults.sh sample
}

suite_ns-root() { ns ns-root root bats; }
suite_ns-user() { ns ns-user alice bats; }

# the ten minutes, and what the end and a busy machine take
suite_soak() { suite_limit=$((soak_secs * 2 + 600)) run_suite soak body soak; }
suite_soak-ns-root() { suite_limit=$((soak_secs * 2 + 600)) ns soak-ns-root root soak; }
suite_soak-ns-user() { suite_limit=$((soak_secs * 2 + 600)) ns soak-ns-user alice soak; }

# ns NAME WHO BODY: in test/ns as WHO
ns() {
    if [ "$(id -u)" != 0 ]; then skip "$1" "not root"; return; fi
    if ! can_unshare; then skip "$1" "this machine allows no new namespaces"; return; fi
    test/ns/ns-build >/dev/null || { skip "$1" "test/ns/ns-build failed"; return; }
    repeat="(in test/ns as $2) " run_suite "$1" body ns "$2" "$3"
}

suite_vm() { vm vm short; }
suite_vm-full() { vm vm-full; }

# vm SUITE [short]: in test/vm, as root and as alice
vm() {
    local suite=$1 start=$SECONDS
    shift
    if [ "$(id -u)" != 0 ]; then skip "$suite" "not root"; return; fi
    if ! test/vm/vm-build >"$work/vm-build.log" 2>&1; then
        skip "$suite" "test/vm/vm-build: $(tail -n 1 "$work/vm-build.log")"
        return
    fi
    echo "# vm-build: $((SECONDS - start)) s"
    repeat="(in test/vm) " run_suite "$suite" body vm "$@"
}

# --- several at once -----------------------------------------------------------------------------------
# run_lanes SUITE...: all of them, $lanes at a time
run_lanes() {
    local suite
    for suite; do
        if [ "$lanes" = 1 ]; then "suite_$suite"; continue; fi
        while [ "$(jobs -pr | wc -l)" -ge "$lanes" ]; do wait -n || true; done
        show_ended
        in_lane "$suite" &
    done
    [ "$lanes" = 1 ] || { wait; show_ended; }
}

# in_lane SUITE: in a process of its own; output and counts go into files
in_lane() {
    trap - EXIT
    passed=0 failed=0 skipped=0
    "suite_$1" >"$work/$1.out" 2>&1
    echo "$passed $failed $skipped" >"$work/$1.counts.tmp"
    mv "$work/$1.counts.tmp" "$work/$1.counts"
}

# show_ended: output of the suites that ended, and their counts into ours. A suite without counts has failed (see the end).
show_ended() {
    local file counts
    for file in "$work"/*.counts; do
        [ -e "$file" ] || continue
        cat "${file%.counts}.out"
        read -r -a counts <"$file"
        passed=$((passed + counts[0])) failed=$((failed + counts[1])) skipped=$((skipped + counts[2]))
        mv "$file" "$file.shown"
    done
}

# stop_lanes: at once; "timeout" hands the signal on to all that it runs
stop_lanes() {
    local pid
    for pid in $(jobs -pr); do pkill -TERM -P "$pid" || true; done
    wait
}

# never_ended SUITE...: those that left no counts
never_ended() {
    local suite
    for suite; do
        [ "$lanes" = 1 ] || [ -e "$work/$suite.counts.shown" ] || { cat "$work/$suite.out"; say "$suite: did not end"; failed=$((failed + 1)); }
    done
}

# show_failures: every failure once more with its first lines, where the end of a long output shows it
show_failures() {
    local log
    [ "$failed" -gt 0 ] || return 0
    say "what failed"
    for log in "$work"/*.tap; do
        awk -v suite="$(basename "$log" .tap)" '
            /^ *not ok/ { print suite ": " $0; lines = 25; next }
            /^ *#/ && lines > 0 { print; lines--; next }
            { lines = 0 }' "$log"
    done | cut -c 1-300 | head -n 200
}

if [ "${1:-}" = --body ]; then
    suite=$2
    shift 2
    "body_$suite" "$@"
    exit
fi
suites=("$@")
# The long ones first, so that the lanes end together.
[ ${#suites[@]} -gt 0 ] || suites=(san root user ns-root ns-user vm unit hostile-root hostile-user live faults)
contrib/deps.sh check
make -s -j "$(nproc)" all faults-tool
work=$(mktemp -d /var/tmp/kist-check.XXXXXX)
trap finish EXIT
trap 'stop_lanes; exit 130' INT TERM
stage=$work/src cache=$work/images
share_images
make_stage
[ "$(id -u)" != 0 ] || make_user
export work stage cache user
run_lanes "${suites[@]}"
never_ended "${suites[@]}"
show_failures
echo
line="$passed passed, $failed failed"
[ "$skipped" = 0 ] || line="$line, $skipped skipped"
echo "$line"
[ "$failed" = 0 ]
