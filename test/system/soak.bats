# A short form of test/soak.sh, which says what it does. "make check-soak" is the long one.

load helpers

setup_file() { export BATS_TEST_TIMEOUT=400; }

@test "four tools at random on one store for twenty seconds" {
    [[ $KIST == *kist* ]] || skip "only of kist itself"
    "$top/test/soak.sh" 20 >"$BATS_TEST_TMPDIR/tap" || { cat "$BATS_TEST_TMPDIR/tap"; false; }
    ! grep -q '# skip' "$BATS_TEST_TMPDIR/tap" || skip "podman, buildah and skopeo are needed"
    [ "$(grep -c '^ok' "$BATS_TEST_TMPDIR/tap")" -ge 11 ]
}

# nothing of the common set-up
setup() { :; }
teardown() { :; }
