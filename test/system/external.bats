# Containers of other tools in the same store: buildah's working containers are listed, and go when they are asked to.

load helpers
load podman
# shellcheck source=test/lib/engines.bash
. "$top/test/lib/engines.bash"

setup_file() { file_setup busybox six; }
teardown_file() { file_teardown; }

setup() {
    test_setup
    need_podman
    engines_setup "$STORE/engines" "$ROOT" "$RUN"
    command -v buildah >/dev/null || skip "buildah is not installed"
    need_image
    BUSYBOX=$IMG
    need_image six
    SIX=$IMG
}

teardown() {
    is_root || on buildah umount -a >/dev/null 2>&1 || true
    podman_gone
    test_teardown
}

# working IMAGE: a working container of buildah; sets box to its name
working() {
    box=$(on buildah from --pull-never "$1") || skip "buildah makes no working container here"
}

boxes() { on buildah containers -q --notruncate | sort; }

# in_box VERB: mount or umount. A user's buildah mounts in a namespace of its own, which ends with it: the count stays.
in_box() {
    if is_root; then
        on buildah "$1" "$box" >/dev/null
    else
        on buildah unshare buildah --root "$ROOT" --runroot "$RUN" --storage-driver overlay "$1" "$box" >/dev/null
    fi
}
mounted() { in_box mount; }
unmounted() { in_box umount; }

# used_kb: what layers, images' documents and containers' data take: without links and indexes
used_kb() {
    (cd "$ROOT" && du -kxsc overlay/?????* overlay-images/?????* overlay-containers/?????* overlay-layers/*.gz \
        --exclude='*s.json' --exclude='*.lock' 2>/dev/null | sed -n 's/\ttotal$//p')
}

whole() {
    rc 0 kist system check
    has ', 0 containers: 0 findings'
}

@test "an image that a working container uses goes with --force, and the container with it" {
    local first
    working "$BUSYBOX"
    first=$box
    working "$BUSYBOX"
    rc 2 kist rmi "$BUSYBOX"
    has "in use by containers $first, $box"
    rc 2 kist rmi --all
    is 2 "$(boxes | wc -l)"
    need_image
    need_image six
    rc 0 kist rmi -f "$BUSYBOX"
    is "" "$(boxes)"
    rc 1 kist image exists "$BUSYBOX"
    whole
    rc 0 kist run --rm --network none "$SIX" cat /layers/last
    rc 0 pod images -q
    is 1 "$(wc -l <<<"$stdout")"
}

@test "a name less of an image is no reason for its working containers to go" {
    working "$BUSYBOX"
    rc 0 kist tag "$BUSYBOX" localhost/second
    rc 0 kist rmi -f localhost/second
    is 1 "$(boxes | wc -l)"
}

@test "a working container that is mounted stays, and its image with it" {
    working "$SIX"
    mounted
    rc 2 kist rmi -f "$SIX"
    has "buildah's container $box is mounted"
    rc 0 kist image prune -af --external
    has "buildah's container $box is mounted: it stays, and so does its image"
    rc 0 kist image prune -f --external
    hasnt mounted
    is 1 "$(boxes | wc -l)"
    rc 0 kist image exists "$SIX"
    rc 1 kist image exists "$BUSYBOX"
    unmounted
    rc 0 kist image prune -af --external
    is "" "$(boxes)"
    whole
}

@test "what keeps an image from rmi --force keeps kist's containers on it, too" {
    started mine
    working "$SIX"
    mounted
    rc 2 kist rmi -f "$SIX"
    has 'is mounted'
    status_is mine running
    unmounted
    rc 0 pod create --name p --network none "$SIX" true
    rc 2 kist rmi -f "$SIX"
    has 'in use by container p'
    status_is mine running
    rc 0 pod rm p
    if is_root; then
        kist image mount "$SIX" >/dev/null
        rc 2 kist rmi -f "$SIX"
        has 'is mounted'
        status_is mine running
        kist image unmount "$SIX" >/dev/null
    fi
    rc 0 kist rmi -f "$SIX"
    rc 1 kist container exists mine
    is "" "$(boxes)"
}

@test "podman's containers keep an image and the working containers on it" {
    rc 0 pod create --name p --network none "$BUSYBOX" echo still
    working "$BUSYBOX"
    rc 2 kist rmi -f "$BUSYBOX"
    has "in use by container p"
    hasnt "$box"
    rc 0 kist image prune -af --external
    is 1 "$(boxes | wc -l)"
    rc 0 pod start -a p
    is still "$stdout"
}

@test "kist's containers keep an image from being pruned, with the working containers on it" {
    rc 0 kist create --name k --network none "$BUSYBOX" echo still
    working "$BUSYBOX"
    rc 0 kist image prune -af --external
    is 1 "$(boxes | wc -l)"
    rc 0 kist start -a k
    is still "$stdout"
}

@test "image prune --external takes what only working containers use, named images with --all" {
    working "$BUSYBOX"
    rc 0 kist image prune -af
    rc 0 kist image exists "$BUSYBOX"
    rc 1 kist image exists "$SIX"
    rc 0 kist image prune -f --external
    is "" "$stdout"
    rc 0 kist untag "$BUSYBOX"
    rc 0 kist image prune -f
    is "" "$stdout"
    rc 0 kist image prune -f --external
    is 1 "$(wc -l <<<"$stdout")"
    is "" "$(boxes)"
    whole
}

@test "what image prune --external would give back is what it gives back" {
    local before would
    rc 0 kist run --rm --network none "$BUSYBOX" true
    working "$BUSYBOX"
    working "$BUSYBOX"
    working "$SIX"
    rc 0 kist image prune -a --dry-run
    has 'Would reclaim: 0 bytes'
    before=$(used_kb)
    rc 0 kist image prune -a --external --dry-run
    would=$(sed -n 's/^Would reclaim: \([0-9]*\) bytes.*/\1/p' <<<"$stdout")
    is 3 "$(boxes | wc -l)"
    rc 0 kist image prune -af --external
    is "" "$(boxes)"
    is "$would" $(((before - $(used_kb)) * 1024))
}

# ages_away: a table in which no age and no width differs
ages_away() { sed -E 's/(Less than a|[0-9]+) seconds? ago/NOW/; s/ +/ /g' <<<"$stdout"; }

# same_ps ARG...: kist and podman print the same (podman's own containers there are none)
same_ps() {
    local want
    rc 0 pod ps "$@"
    want=$(ages_away)
    rc 0 kist ps "$@"
    is "$want" "$(ages_away)"
}

@test "ps --external shows working containers as podman does" {
    local first format
    working "$BUSYBOX"
    first=$box
    working scratch
    rc 0 kist ps -a
    hasnt "$first"
    rc 0 kist ps --external
    matches "^[0-9a-f]{12}  $BUSYBOX:latest +buildah +.* ago +Storage +$first"
    matches "^[0-9a-f]{12}  scratch +buildah +.* ago +Storage +$box"
    for format in '' -a -q --no-trunc --noheading --ns --namespace --pod -s --sort=names; do
        same_ps --external ${format:+"$format"}
    done
    same_ps --storage
    for format in ID Names Status Image Command Pid StartedAt ExitedAt Created CreatedAt Labels Mounts Networks PodName Size; do
        same_ps --external --format "{{.$format}}"
    done
}

@test "ps --external as JSON says what podman's does" {
    local want
    # (podman 4 leaves out three of them)
    local same='.[0] | del(.CreatedAt, .CIDFile, .ExposedPorts, .Restarts)'
    working "$BUSYBOX"
    rc 0 pod ps --external --format json
    want=$(jq -S "$same" <<<"$stdout")
    rc 0 kist ps --external --format json
    is "$want" "$(jq -S "$same" <<<"$stdout")"
    rc 0 kist ps --format json
    is '[]' "$(jq -c . <<<"$stdout")"
}

@test "filters hold for containers of other tools, too, and the newest are the last" {
    local first
    working "$BUSYBOX"
    first=$box
    working "$SIX"
    rc 0 kist create --name mine --network none "$SIX"
    rc 0 kist ps --external --filter "name=^$first$" --format '{{.Names}}'
    is "$first" "$stdout"
    rc 0 kist ps --external --filter "ancestor=$SIX" --format '{{.Names}}'
    is "$box" "$stdout"
    rc 0 kist ps --external --filter status=created --format '{{.Names}}'
    is mine "$stdout"
    rc 0 kist ps --external --filter label=a --format '{{.Names}}'
    is "" "$stdout"
    rc 125 kist ps --external --filter status=storage
    rc 0 kist ps --external --last 2 --format '{{.Names}}'
    is "$box"$'\n'mine "$stdout"
}

@test "ps --external shows what another tool made, but not what keeps images for kist's containers" {
    rc 0 kist create --name mine --network none "$BUSYBOX"
    rc 0 pod create --name theirs --network none "$BUSYBOX"
    rc 0 kist ps --external --format '{{.Names}} {{.Command}} {{.State}}'
    is "theirs storage storage" "$stdout"
    rc 0 kist ps -a --external --format '{{.Names}}'
    is $'mine\ntheirs' "$stdout"
}

@test "ps --pod has podman's columns, and no pods" {
    rc 0 kist ps --pod
    matches '^CONTAINER ID  IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES +POD ID +PODNAME$'
    same_ps --pod
    same_ps -p -s
    same_ps -p --ns
    rc 0 kist create --name mine --network none "$BUSYBOX"
    rc 0 kist ps -a -p --noheading
    matches ' Created +mine *$'
}

@test "system prune --build removes working containers, and what they alone kept" {
    local first
    working "$BUSYBOX"
    first=$(boxes)
    working scratch
    rc 0 kist system prune -af
    is 2 "$(boxes | wc -l)"
    rc 1 kist image exists "$SIX"
    rc 0 kist create --name mine --network none "$BUSYBOX"
    rc 0 kist system prune -f --build --filter until=1h
    is 2 "$(boxes | wc -l)"
    rc 0 kist system prune -f --build
    is "" "$(boxes)"
    is "Deleted Containers" "$(head -n 1 <<<"$stdout")"
    is 3 "$(grep -cE '^[0-9a-f]{64}$' <<<"$stdout")"
    has "$first"
    matches '^Total reclaimed space: [0-9.]+kB$'
    rc 0 kist image exists "$BUSYBOX"
    working "$BUSYBOX"
    rc 0 kist system prune -af --build
    rc 1 kist image exists "$BUSYBOX"
    whole
}

@test "system prune --build asks, and leaves alone what is mounted and what is podman's" {
    working "$BUSYBOX"
    rc 0 pod create --name p --network none "$BUSYBOX" echo still
    rc 0 kist system prune --build <<<n
    has '- all build containers'
    is 1 "$(boxes | wc -l)"
    mounted
    rc 0 kist system prune -f --build
    has "buildah's container $box is mounted: it stays"
    is 1 "$(boxes | wc -l)"
    unmounted
    rc 0 kist system prune -f --build
    is "" "$(boxes)"
    rc 0 pod start -a p
    is still "$stdout"
}

@test "system prune --external removes what no record knows, and says nothing" {
    local id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    working "$BUSYBOX"
    mkdir -p "$ROOT/overlay/$id/diff" "$ROOT/overlay-containers/$id/userdata" "$ROOT/kist/staging"
    : >"$ROOT/kist/staging/drop-$id.lock"
    rc 125 kist system check
    rc 0 kist system prune --external </dev/null
    is "" "$output"
    rc 0 kist system check
    is 1 "$(boxes | wc -l)"
    rc 0 kist image exists "$SIX"
    for option in --all --build --volumes --filter=until=1h; do
        rc 125 kist system prune --external "$option"
        has "system prune --external cannot be combined with other options"
    done
}

# a_cache: as builds with RUN --mount=type=cache leave it
a_cache() {
    export TMPDIR=$STORE/tmp
    mkdir "$TMPDIR"
    cache=$TMPDIR/buildah-cache-$(id -u)
    mkdir -p "$cache/a/b"
    head -c 100000 /dev/zero >"$cache/a/b/c"
}

@test "image prune --build-cache removes what builds keep for the next one, and only that" {
    local cache kb
    a_cache
    mkdir "$TMPDIR/buildah-cache" "$TMPDIR/buildah-cache-1" "$TMPDIR/other"
    kb=$(($(du -ks "$cache" | cut -f 1) + $(du -ks "$TMPDIR/buildah-cache" | cut -f 1)))
    rc 0 kist image prune -f
    [ -e "$cache/a/b/c" ]
    rc 0 kist image prune --build-cache --dry-run
    has "$cache  <build cache>"
    has "Would reclaim: $((kb * 1024)) bytes"
    rc 0 kist image prune --build-cache <<<n
    has 'removes what is cached between builds'
    [ -e "$cache/a/b/c" ]
    rc 0 kist image prune --build-cache -f
    is "" "$stdout"
    is $'buildah-cache-1\nother' "$(ls "$TMPDIR")"
    rc 0 kist image prune --build-cache -f
    rc 0 kist image exists "$SIX"
}

@test "image prune --build-cache follows no link, and takes nothing of somebody else" {
    local cache
    a_cache
    mv "$cache" "$TMPDIR/mine"
    ln -s mine "$cache"
    rc 0 kist image prune --build-cache -f
    [ -e "$TMPDIR/mine/a/b/c" ]
    need_root
    rm "$cache"
    mv "$TMPDIR/mine" "$cache"
    chown 12345 "$cache"
    rc 0 kist image prune --build-cache -f
    [ -e "$cache/a/b/c" ]
}

@test "a cache that buildah made goes, with files of all its users" {
    export TMPDIR=$STORE/tmp
    mkdir "$TMPDIR"
    printf 'FROM %s\nRUN --mount=type=cache,target=/c sh -c "echo x >/c/f; mkdir -m 700 /c/d; chown 1000 /c/d /c/f"\n' "$BUSYBOX" >Containerfile
    on buildah bud --isolation chroot -q . >/dev/null || skip "buildah builds nothing here"
    compgen -G "$TMPDIR/buildah-cache*/c/f" >/dev/null || skip "this buildah keeps it elsewhere"
    rc 0 kist image prune --build-cache -f
    is "" "$(compgen -G "$TMPDIR/buildah-cache*")"
}
