# What kist says of itself, and how it takes a command line.

load helpers

setup_file() { file_setup; }
teardown_file() { file_teardown; }

# loaded COMMAND...: the libraries that the command loads, by the dynamic linker's own account
loaded() {
    LD_DEBUG=files LD_DEBUG_OUTPUT=$STORE/ld "$@" >/dev/null 2>&1
    grep -h 'needed by\|opened by\|calling init' "$STORE"/ld.* || true
    rm -f "$STORE"/ld.*
}

# light COMMAND...: it loads neither libcurl nor OpenSSL nor libarchive
light() {
    local libs
    libs=$(loaded "$@")
    [ -n "$libs" ] || { echo "LD_DEBUG shows nothing for: $*"; return 1; }
    if grep -E 'lib(curl|ssl|crypto|archive)\.so' <<<"$libs"; then echo "^ loaded by: $*"; return 1; fi
}

@test "version prints a client version and a Go template of it" {
    rc 0 kist version
    matches 'Version: +[0-9]+\.[0-9]+'
    rc 0 kist version --format '{{.Client.Version}}'
    matches '^[0-9]+\.[0-9]+'
}

@test "--version prints one line" {
    rc 0 kist --version
    matches ' version [0-9]+\.[0-9]+'
}

@test "info names the store, the driver and the cgroup version" {
    rc 0 kist info
    has "$ROOT"
    has overlay
    matches 'cgroupVersion: v[12]'
}

@test "info in JSON is JSON with podman's keys" {
    rc 0 kist info --format json
    is overlay "$(jq -r .store.graphDriverName <<<"$stdout")"
    is "$ROOT" "$(jq -r .store.graphRoot <<<"$stdout")"
    is "$RUN" "$(jq -r .store.runRoot <<<"$stdout")"
    is linux "$(jq -r .host.os <<<"$stdout")"
}

@test "info says whether it is rootless" {
    rc 0 kist info --format '{{.Host.Security.Rootless}}'
    if is_root; then is false "$stdout"; else is true "$stdout"; fi
}

@test "--help lists every verb of the journey" {
    local verb
    rc 0 kist --help
    for verb in login logout pull push tag images rmi run create start ps logs exec stop kill rm inspect wait version info; do
        matches "(^|[[:space:]])${verb}[[:space:]]"
    done
}

@test "every verb has its own --help" {
    local verb
    for verb in login logout pull push tag images rmi run create start ps logs exec stop kill rm inspect wait version info; do
        rc 0 kist "$verb" --help
        matches 'Usage|usage|USAGE'
    done
}

@test "run --help shows long and short options" {
    rc 0 kist run --help
    has --detach
    has --network
    matches '-e, --env'
}

@test "an unknown verb is refused with the nearest one" {
    rc 125 kist runn
    matches '[Dd]id you mean'
    matches '(^|[^n])run([^n]|$)'
    is "" "$stdout"
}

@test "an unknown flag is refused with the nearest one" {
    need_kist
    rc 125 kist run --detatch localhost/x
    has detatch
    matches '[Dd]id you mean'
    has --detach
}

@test "an unknown flag far from all others is refused without a guess" {
    rc 125 kist ps --zzzzzzzz
    has zzzzzzzz
    hasnt 'id you mean'
}

@test "no verb at all is an error that shows the usage" {
    rc 125 kist
    matches 'Usage|usage|USAGE|missing command'
}

@test "an option with a bad value names the option and the value" {
    need_image
    rc 125 kist run --memory lots "$IMG" true
    has lots
    has memory
}

@test "a missing argument is refused" {
    rc 125 kist tag one
    rc 125 kist exec
    rc 125 kist run
    rc 125 kist pull
}

@test "options after the image belong to the container" {
    need_image
    rc 0 kist run --rm --network none "$IMG" echo --rm -d --name x
    is "--rm -d --name x" "$stdout"
}

@test "a flag that podman has and kist has not is refused as that" {
    rc 125 kist run --mount type=tmpfs,dst=/x image
    is "Error: --mount: podman has this flag, kist does not have it yet"$'\n'"See 'kist run --help'" "$stderr"
    rc 125 kist run -dp 80:80 image
    has "Error: -p: podman has this flag"
    rc 125 "$KIST" --runtime crun ps
    has "Error: --runtime: podman has this flag"
}

@test "short flags can be bundled and values attached" {
    need_image
    rc 0 kist run --rm --network=none -eA=1 -eB=2 "$IMG" sh -c 'echo $A$B'
    is 12 "$stdout"
    rc 0 kist run --rm --network=none -ie A=1 "$IMG" cat <<<hi
    is hi "$stdout"
}

@test "a double dash ends the options" {
    need_image
    rc 0 kist run --rm --network none -- "$IMG" echo x
    is x "$stdout"
}

@test "called as podman it speaks as podman" {
    need_kist
    ln -s "$KIST" podman
    rc 0 ./podman --root "$ROOT" --runroot "$RUN" --version
    matches '^podman version '
    rc 0 ./podman --root "$ROOT" --runroot "$RUN" ps -a
    has 'CONTAINER ID  IMAGE'
}

@test "called as docker it does the same" {
    need_kist
    ln -s "$KIST" docker
    rc 0 ./docker --root "$ROOT" --runroot "$RUN" images
    matches '^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE'
    rc 125 ./docker --root "$ROOT" --runroot "$RUN" nosuchverb
}

@test "version, ps, images, inspect, run and exec load neither libcurl nor OpenSSL nor libarchive" {
    need_kist
    need_image
    started c
    light kist version
    light kist ps -a
    light kist images
    light kist inspect c
    light kist exec c true
    light kist logs c
    light kist run --rm --network none "$IMG" true
}

@test "a broken configuration file names file, line and key" {
    need_kist
    printf 'unqualified-search-registries = ["127.0.0.1"]\n[[registry]\nlocation = "x"\n' >reg.conf
    CONTAINERS_REGISTRIES_CONF=$STORE/reg.conf rc 125 kist pull --tls-verify=false nothing
    has reg.conf
    matches '(line |:)2'
    printf '[engine]\ncgroup_manager = 7\n' >containers.conf
    CONTAINERS_CONF=$STORE/containers.conf rc 125 kist info
    has containers.conf
    matches '(line |:)2'
    has cgroup_manager
}

@test "storage.conf says where the store is" {
    need_kist
    local conf=$HOME/.config/containers/storage.conf
    mkdir -p "$(dirname "$conf")"
    printf '[storage]\ndriver = "overlay"\ngraphroot = "%s/g"\nrunroot = "%s/rr"\n' "$STORE" "$STORE" >"$conf"
    if is_root; then export CONTAINERS_STORAGE_CONF=$conf; fi
    rc 0 "$KIST" info --format '{{.Store.GraphRoot}}'
    is "$STORE/g" "$stdout"
}

@test "registries.conf may declare a registry insecure" {
    printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$REGISTRY" >reg.conf
    CONTAINERS_REGISTRIES_CONF=$STORE/reg.conf rc 0 kist pull "$REGISTRY/busybox"
}

@test "registries.conf gives a mirror, a search list and a short name" {
    printf 'unqualified-search-registries = ["%s"]\nshort-name-mode = "permissive"\n[[registry]]\nlocation = "%s"\ninsecure = true\n[[registry]]\nlocation = "registry.invalid"\n[[registry.mirror]]\nlocation = "%s"\ninsecure = true\n' \
        "$REGISTRY" "$REGISTRY" "$REGISTRY" >reg.conf
    export CONTAINERS_REGISTRIES_CONF=$STORE/reg.conf
    rc 0 kist pull registry.invalid/busybox
    rc 0 kist images --format '{{.Repository}}'
    has registry.invalid/busybox
    registry_push "$FILE/reg" "$CACHE/oci/busybox" ownbox
    rc 0 kist pull ownbox
    rc 0 kist images --format '{{.Repository}}'
    has "$REGISTRY/ownbox"
}

@test "a closed standard output ends the command with an error, not a crash" {
    need_kist
    rc 125 bash -c "'$KIST' --root '$ROOT' --runroot '$RUN' info >/dev/full"
}
