# Four tools, six verbs, one store: what each does, kist and podman both find. test/lib/engines.bash has the table of
# what a verb is for a tool that has not got it. The tests share the store; each makes what it needs, with another tool.

load helpers
# shellcheck source=test/lib/engines.bash
. "$top/test/lib/engines.bash"

setup_file() {
    file_setup busybox six
    mkdir "$FILE/one"
}

teardown_file() {
    if is_root; then umount "$FILE/one/root/overlay" 2>/dev/null || true; fi
    file_teardown
}

setup() {
    test_setup
    need_kist
    ROOT=$FILE/one/root RUN=$FILE/one/run
    engines_setup "$STORE/engines" "$ROOT" "$RUN"
    engines_ready || skip "podman, buildah and skopeo are needed"
}

teardown() {
    if [ -d "$ROOT/overlay" ] && [ -n "${ENGINES:-}" ]; then on podman rm -af -t 0 >/dev/null 2>&1 || true; fi
    test_teardown
}

# other TOOL: the one that prepares what TOOL then works on
other() {
    case $1 in kist) echo podman ;; podman) echo kist ;; buildah) echo kist ;; skopeo) echo kist ;; esac
}

# prepared TOOL NAME: an image of that name alone is there, and was not made by TOOL
prepared() {
    IMG=$2
    have "$1"
    do_tag "$(other "$1")" "$REGISTRY/busybox" "$2"
}

# have TOOL: busybox from the registry, by another tool than TOOL
have() { on kist image exists "$REGISTRY/busybox" || do_pull "$(other "$1")" "$REGISTRY/busybox"; }

# seen NAME: both have it, and mean the same image. Sets id.
seen() {
    id=$(on kist inspect --format '{{.Id}}' "$1")
    is "$id" "$(on podman inspect --type image --format '{{.Id}}' "$1")"
    is "$(on kist inspect "$1" | jq -c '.[0].RootFS')" "$(on podman inspect "$1" | jq -c '.[0].RootFS')"
}

missing() {
    rc 1 on kist image exists "$1"
    rc 1 on podman image exists "$1"
}

# runs NAME WANT COMMAND...: both run it and get the same
runs() {
    local tool
    for tool in kist podman; do
        rc 0 on "$tool" run --rm --pull never --network none "$1" "${@:3}"
        is "$2" "$stdout"
    done
}

# --- the cells ---
cell_pull() {
    on kist rmi -af >/dev/null
    do_pull "$1" "$REGISTRY/six"
    seen "$REGISTRY/six"
    runs "$REGISTRY/six" 5 cat /layers/last
}

cell_tag() {
    have "$1"
    do_tag "$1" "$REGISTRY/busybox" "localhost/tag/$1:new"
    seen "localhost/tag/$1:new"
    is "$id" "$(on kist inspect --format '{{.Id}}' "$REGISTRY/busybox")"
    seen "$REGISTRY/busybox"
}

cell_run() {
    local before
    prepared "$1" "localhost/run/$1:1"
    on kist rmi "localhost/run/$1:1" >/dev/null
    before=$(on kist ps -aq; on podman ps -a --external --format '{{.ID}} {{.Names}}' | grep -v ' kist-' || true)
    is ran "$(do_run "$1" "$REGISTRY/busybox")"
    seen "$REGISTRY/busybox"
    is "$before" "$(on kist ps -aq; on podman ps -a --external --format '{{.ID}} {{.Names}}' | grep -v ' kist-' || true)"
}

cell_commit() {
    have "$1"
    do_commit "$1" "$REGISTRY/busybox" "localhost/commit/$1:1" "made by $1"
    seen "localhost/commit/$1:1"
    runs "localhost/commit/$1:1" "made by $1" cat /made
}

cell_rmi() {
    local layers
    have "$1"
    layers=$(layers_there)
    do_commit "$(other "$1")" "$REGISTRY/busybox" "localhost/rmi/$1:1" "for $1"
    seen "localhost/rmi/$1:1"
    on kist ps -aq >/dev/null
    do_rmi "$1" "localhost/rmi/$1:1"
    missing "localhost/rmi/$1:1"
    missing "$id"
    seen "$REGISTRY/busybox"
    is "$layers" "$(layers_there)"
}

# layers_there: directories of layers, without those that holders and containers have
layers_there() { jq -r '.[] | select(has("diff-digest")) | .id' "$ROOT/overlay-layers/layers.json" | sort; }

cell_prune() {
    local nameless
    have "$1"
    do_commit "$(other "$1")" "$REGISTRY/busybox" "localhost/prune/$1:1" "nameless for $1"
    seen "localhost/prune/$1:1"
    nameless=$id
    on kist untag "localhost/prune/$1:1"
    on podman image exists "$nameless"
    do_prune "$1"
    missing "$nameless"
    seen "$REGISTRY/busybox"
}

@test "kist pull" { cell_pull kist; }
@test "podman pull" { cell_pull podman; }
@test "buildah pull" { cell_pull buildah; }
@test "skopeo copies an image in" { cell_pull skopeo; }

@test "kist tag" { cell_tag kist; }
@test "podman tag" { cell_tag podman; }
@test "buildah tag" { cell_tag buildah; }
@test "skopeo copies an image to another name" { cell_tag skopeo; }

@test "kist run" { cell_run kist; }
@test "podman run" { cell_run podman; }
@test "buildah from, run and rm" { cell_run buildah; }
@test "skopeo copies an image out" { cell_run skopeo; }

@test "kist commit" { cell_commit kist; }
@test "podman commit" { cell_commit podman; }
@test "buildah commit" { cell_commit buildah; }
@test "skopeo copies an image in that has one layer more" { cell_commit skopeo; }

@test "kist rmi" { cell_rmi kist; }
@test "podman rmi" { cell_rmi podman; }
@test "buildah rmi" { cell_rmi buildah; }
@test "skopeo delete" { cell_rmi skopeo; }

@test "kist image prune" { cell_prune kist; }
@test "podman image prune" { cell_prune podman; }
@test "buildah prune" { cell_prune buildah; }
@test "skopeo deletes what has no name" { cell_prune skopeo; }

@test "after all of it the store is whole, and all list and run the same" {
    local image
    have kist
    for image in kist podman buildah; do list_images "$image" >"list.$image"; done
    diff list.kist list.podman
    diff list.kist list.buildah
    for image in $(cut -d ' ' -f 2 list.kist | sort -u); do runs "$image" ran echo ran; done
    rc 0 on kist system check
    # (an unknown word with --help is no error for podman)
    ! on podman system --help | grep -qw check || rc 0 on podman system check
    on kist rmi -af >/dev/null
    is '[]' "$(jq -c . "$ROOT/overlay-layers/layers.json")"
    is l "$(find "$ROOT/overlay" -mindepth 1 -maxdepth 1 -type d ! -name tempdirs ! -name staging -printf '%f\n')"
}
