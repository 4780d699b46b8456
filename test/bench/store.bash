# store.bash - rows of the table about the store: pull, push, unpack, save, many images (sourced by bench.sh).
# shellcheck shell=bash disable=SC2154

# sample_files: every fifth file below /usr in a fixed order, until they are $mb MB: programs, libraries, texts
sample_files() {
    find /usr -xdev -type f -size -64M -readable -printf '%s %P\0' | LC_ALL=C sort -z -k 2 |
        awk -v RS='\0' -v ORS='\0' -v want=$((mb * 1048576)) 'NR % 5 == 0 && n < want { n += $1; sub(/^[0-9]+ /, ""); print }'
}

# large NAME LAYERS: an image of $mb MB of this machine's files in so many layers, in the registry and as a layout in $work/NAME
large() {
    local i tars=()
    sample_files >"$work/sample"
    rm -f "$work"/sample.??
    split -t '\0' -n "l/$2" -d "$work/sample" "$work/sample."
    for i in "$work"/sample.??; do
        tar -C /usr --null --no-recursion -T "$i" --format=posix --owner=0 --group=0 -cf "$work/$1.${i##*.}.tar"
        tars+=("$work/$1.${i##*.}.tar")
    done
    oci_compose "$work/$1" "$1" '{Cmd: ["sh"]}' "${tars[@]}"
    registry_push "$work/reg" "$work/$1" "$1" >/dev/null
}

# need_large: both images, made once
need_large() {
    local layers
    [ ! -d "$work/big1" ] || return 0
    for layers in 1 10; do large "big$layers" "$layers"; done
}

# manifest NAME: its path
manifest() { echo "$work/$1/blobs/sha256/$(jq -r '.manifests[0].digest' "$work/$1/index.json" | cut -d : -f 2)"; }

# blobs NAME: paths of the layers' blobs
blobs() { jq -r '.layers[].digest' "$(manifest "$1")" | sed "s|^sha256:|$work/$1/blobs/sha256/|"; }

image_id() { jq -r '.config.digest' "$(manifest "$1")" | cut -d : -f 2; }

tar_x() {
    local blob
    rm -rf "$work/x"
    mkdir -p "$work/x"
    for blob in $(blobs "$big"); do igzip -dc "$blob" | tar -x -C "$work/x"; done
}

# drop_large: out of both stores
drop_large() {
    kist rmi -f "$(image_id "$big")" >/dev/null 2>&1 || true
    [ -z "$podman" ] || pod rmi -f "$(image_id "$big")" >/dev/null 2>&1 || true
    rm -rf "$work/x"
}

# thrice NAME FUNCTION...: three samples of each in turn, the images gone before each
thrice() {
    local i j pairs=("$@")
    rm -rf "$work/t"
    mkdir -p "$work/t"
    for i in 1 2 3; do
        for ((j = 0; j < ${#pairs[@]}; j += 2)); do
            [ -z "${before:-}" ] || "$before"
            timed "$work/t/${pairs[j]}" "${pairs[j + 1]}"
        done
    done
}

kist_pull() { kist pull -q --tls-verify=false "$REGISTRY/$big"; }
pod_pull() { pod pull -q --tls-verify=false "$REGISTRY/$big"; }

bench_pull() {
    local big layers before=drop_large
    need_large
    for layers in 1 10; do
        big=big$layers
        thrice kist kist_pull ${podman:+podman pod_pull} other tar_x
        row "pull $mb MB, $layers layer(s) (other: igzip | tar -x)"
        drop_large
    done
}

kist_push() { kist push -q --tls-verify=false "$REGISTRY/$big" "$REGISTRY/pushed/k$RANDOM"; }
pod_push() { pod push -q --tls-verify=false "$REGISTRY/$big" "$REGISTRY/pushed/p$RANDOM"; }
empty_registry() { rm -rf "$work/reg/data/docker"; }

# into a registry that has nothing of it, each time
bench_push() {
    local big layers before
    need_large
    for layers in 1 10; do
        big=big$layers before=''
        registry_push "$work/reg" "$work/$big" "$big" >/dev/null
        kist_pull >/dev/null
        [ -z "$podman" ] || pod_pull >/dev/null
        before=empty_registry
        thrice kist kist_push ${podman:+podman pod_push}
        row "push $mb MB, $layers layer(s)"
        drop_large
    done
    for layers in 1 10; do registry_push "$work/reg" "$work/big$layers" "big$layers" >/dev/null; done
}

# From files, so that nothing but the store is measured.
kist_load() { kist load -q -i "$work/$big"; }
pod_load() { pod pull -q "oci:$work/$big"; }

# peak COMMAND...: memory of its largest process, kB
peak() {
    python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"
}

bench_unpack() {
    local big before=drop_large layers mine theirs=''
    need_large
    for layers in 1 10; do
        big=big$layers
        thrice kist kist_load ${podman:+podman pod_load} other tar_x
        row "unpack $mb MB, $layers layer(s) (other: igzip | tar -x)"
    done
    big=big1
    drop_large
    mine=$(peak "$top/bin/kist" --root "$work/k/root" --runroot "$run/k" load -q -i "$work/big1")
    [ -z "$podman" ] || theirs=$(CONTAINERS_CONF=$work/podman.conf peak podman --log-level error --root "$work/p/root" \
        --runroot "$run/p" --storage-driver overlay pull -q "oci:$work/big1")
    plain_row "unpack $mb MB, peak memory" "$mine" kB "$theirs"
    drop_large
}

# The tars of all layers, made again out of the store.
kist_save() { kist save -q "$(image_id big1)" | cat; }
pod_save() { pod save -q "$(image_id big1)" | cat; }

bench_save() {
    local big=big1 before=''
    need_large
    drop_large
    kist_load >/dev/null
    [ -z "$podman" ] || pod_load >/dev/null
    thrice kist kist_save ${podman:+podman pod_save}
    row "save $mb MB uncompressed, 1 layer"
    drop_large
}

# One store with very many images, listed by both.
kist_scale() { "$top/bin/kist" --root "$work/many/root" --runroot "$work/many/run" images; }
pod_scale() {
    CONTAINERS_CONF=$work/podman.conf podman --log-level error --root "$work/many/root" --runroot "$work/many/run" \
        --storage-driver overlay images
}

# with_patience FILE COMMAND...: timed, but no longer than $patience seconds; 1 when it was stopped
with_patience() {
    local file=$1 start=$SECONDS
    shift
    # (a function: its shell is ended, and podman with it)
    (timed "$file" "$@") &
    while kill -0 $! 2>/dev/null; do
        if ((SECONDS - start >= patience)); then
            pkill -P $!
            wait $! 2>/dev/null || true
            return 1
        fi
        sleep 1
    done
    wait $!
}

bench_scale() {
    local images=${KIST_BENCH_IMAGES:-1000}
    "$top/test/images/many.py" "$images" 5 |
        "$top/bin/kist" --root "$work/many/root" --runroot "$work/many/run" load -q >/dev/null
    rm -rf "$work/t"
    mkdir -p "$work/t"
    timed "$work/t/kist" kist_scale
    # once, and not to its end: podman 4.3.1 takes more than six minutes for 1,000 images
    [ -z "$podman" ] || with_patience "$work/t/podman" pod_scale || {
        echo "$((patience * 1000000))" >"$work/t/podman"
        : >"$work/t/podman.more"
    }
    row "images, $images images of 5 layers each"
    if [ "$(id -u)" = 0 ]; then umount "$work/many/root/overlay" 2>/dev/null || true; fi
}
