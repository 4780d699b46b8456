# Images pulled from and pushed to what is no registry: dir:, oci:, oci-archive:, docker-archive:, containers-storage:.

load helpers
load podman

setup_file() { file_setup busybox multi entry; }
teardown_file() { file_teardown; }

teardown() {
    if [ -e "$STORE/podman.conf" ]; then
        other_pod rm -af -t 0 >/dev/null 2>&1 || true
        if is_root; then umount "$STORE/proot/overlay" 2>/dev/null || true; fi
    fi
    test_teardown
}

# podman with a store of its own
other_pod() { pod_in "$STORE/proot" "$STORE/prun" "$@"; }
image_id() { kist inspect --format '{{.Id}}' "$1"; }
names() { kist images -n --format '{{.Repository}}:{{.Tag}}' | sort; }
diff_ids() { jq -c '.[0].RootFS.Layers'; }
# ref_names LAYOUT: of its images
ref_names() { jq -r '.manifests[].annotations."org.opencontainers.image.ref.name"' "$1/index.json"; }

@test "what is pushed to a directory or archive is pulled again, to the same ID and DiffIDs" {
    local place want
    need_image multi
    want=$(image_id "$IMG")
    kist inspect "$IMG" | diff_ids >want.ids
    for place in dir:d oci:o oci:p:a.b/c:1 oci-archive:o.tar:n docker-archive:d.tar:x/y:2; do
        rc 0 kist push -q "$IMG" "$place"
        is "" "$output"
    done
    kist rmi -af >/dev/null
    for place in dir:d oci:o oci:p oci:p:a.b/c:1 oci-archive:o.tar oci-archive:o.tar:n docker-archive:d.tar:x/y:2; do
        rc 0 kist pull -q "$place"
        is "$want" "$output"
        kist inspect "$want" | diff_ids | diff want.ids -
        rc 0 kist run --rm --network none "$want" true
        kist rmi -af >/dev/null
        is "" "$(kist images -q)"
    done
}

@test "the names that pulled images get are podman's" {
    need_image
    kist push -q "$IMG" dir:d
    kist push -q "$IMG" oci:o
    kist push -q "$IMG" oci:p:foo:bar
    kist push -q "$IMG" oci-archive:o.tar:nm
    kist push -q "$IMG" docker-archive:d.tar:nm
    kist rmi -af >/dev/null
    got() {
        kist pull -q "$1" >/dev/null
        is "$2" "$(names)"
        kist rmi -af >/dev/null
    }
    got dir:d '<none>:<none>'
    got oci:o '<none>:<none>'
    got oci:p '<none>:<none>'
    got oci:p:foo:bar docker.io/library/foo:bar
    got oci:p:@0 '<none>:<none>'
    got oci-archive:o.tar localhost/nm:latest
    got docker-archive:d.tar "$IMG:latest"$'\n'docker.io/library/nm:latest
    got docker-archive:d.tar:nm docker.io/library/nm:latest
    got docker-archive:d.tar:@0 "$IMG:latest"$'\n'docker.io/library/nm:latest
    # once for each name, as podman prints it
    rc 0 kist pull -q docker-archive:d.tar
    is 2 "$(wc -l <<<"$stdout")"
}

@test "one image of several is chosen by name or place, and must be" {
    local multi entry
    need_image multi
    multi=$(image_id "$IMG")
    kist push -q "$IMG" oci:o:one
    need_image entry
    entry=$(image_id "$IMG")
    kist push -q "$IMG" oci:o:two
    kist save -q -m -o both.tar "$REGISTRY/multi" "$REGISTRY/entry"
    tar cf o.tar -C o .
    for place in oci:o oci-archive:o.tar docker-archive:both.tar; do
        rc 125 kist pull -q "$place"
        has 'more than one image'
        rc 125 kist pull -q "$place:@2"
        has 'no image @2'
        rc 125 kist pull -q "$place:nosuch"
        has 'no image of the name'
        rc 0 kist pull -q "$place:@0"
        is "$multi" "$output"
        rc 0 kist pull -q "$place:@1"
        is "$entry" "$output"
    done
    rc 0 kist pull -q oci:o:two
    is "$entry" "$output"
    rc 0 kist pull -q "docker-archive:both.tar:$REGISTRY/multi"
    is "$multi" "$output"
}

@test "the other images of a layout stay, and a name moves to the image pushed last" {
    need_image multi
    kist push -q "$IMG" oci:o:one
    jq -c '.annotations = {"by":"hand"} | .manifests[0].x = 1' o/index.json >i && cat i >o/index.json
    need_image
    kist push -q "$IMG" oci:o:two
    is $'one\ntwo' "$(ref_names o)"
    kist push -q "$IMG" oci:o:one
    is $'null\ntwo\none' "$(ref_names o)"
    is '{"by":"hand"} 1' "$(jq -rc '"\(.annotations) \(.manifests[0].x)"' o/index.json)"
    # save does so, too
    kist save -q --format oci-dir -o o "$IMG"
    is "null two one $IMG:latest" "$(ref_names o | paste -sd ' ')"
    # an index that is none is not overwritten
    echo nonsense >o/index.json
    rc 125 kist push -q "$IMG" oci:o:three
    has index.json
    is nonsense "$(cat o/index.json)"
}

@test "dir: replaces an image, and nothing else" {
    local blob
    need_image multi
    kist push -q "$IMG" dir:d
    echo mine >d/other
    need_image
    kist push -q "$IMG" dir:d
    rc 0 kist pull -q dir:d
    is "$(image_id "$IMG")" "$output"
    # the blobs of the first one are gone
    is 2 "$(find d -regextype egrep -regex 'd/[0-9a-f]{64}' | wc -l)"
    is mine "$(cat d/other)"
    # and its signatures
    touch d/signature-1 d/signature-12 d/signature-mine
    kist push -q "$IMG" dir:d
    is d/signature-mine "$(echo d/signature*)"
    mkdir e && echo precious >e/manifest.json
    rc 125 kist push -q "$IMG" dir:e
    has 'not a container image directory'
    rc 125 kist save -q --format docker-dir -o e "$IMG"
    is precious "$(cat e/manifest.json)"
    is 1 "$(find e -type f | wc -l)"
}

@test "an archive of docker's is not added to, one of OCI's is replaced" {
    need_image
    kist push -q "$IMG" docker-archive:d.tar
    sha256sum d.tar >sum
    rc 125 kist push -q "$IMG" docker-archive:d.tar
    has "doesn't support modifying existing images"
    sha256sum -c --quiet sum
    kist push -q "$IMG" oci-archive:o.tar:one
    kist push -q "$IMG" oci-archive:o.tar:two
    rc 125 kist pull -q oci-archive:o.tar:one
    rc 0 kist pull -q oci-archive:o.tar:two
    # a failure leaves the old one
    rc 125 kist push -q not/there oci-archive:o.tar:three
    rc 0 kist pull -q oci-archive:o.tar:two
}

@test "--format, --compress and --compression-format of directories and archives" {
    local m
    need_image multi
    kist push -q "$IMG" dir:plain
    is true "$(jq '[.layers[].mediaType] | all(endswith(".tar"))' plain/manifest.json)"
    is "$(kist inspect "$IMG" | diff_ids)" "$(jq -c '[.layers[].digest]' plain/manifest.json)"
    kist push -q --compress "$IMG" dir:packed
    is true "$(jq '[.layers[].mediaType] | all(endswith("+gzip"))' packed/manifest.json)"
    kist push -q --compress --compression-format zstd "$IMG" dir:zstd
    is true "$(jq '[.layers[].mediaType] | all(endswith("+zstd"))' zstd/manifest.json)"
    kist push -q --format v2s2 "$IMG" dir:docker
    is application/vnd.docker.distribution.manifest.v2+json "$(jq -r .mediaType docker/manifest.json)"
    kist push -q --compression-format zstd "$IMG" oci:o
    m=$(jq -r '.manifests[0].digest' o/index.json)
    is true "$(jq '[.layers[].mediaType] | all(endswith("+zstd"))' "o/blobs/sha256/${m#sha256:}")"
    for m in plain packed zstd docker; do rc 0 kist pull -q "dir:$m"; done
    rc 0 kist pull -q oci:o
    rc 125 kist push -q --format oci "$IMG" docker-archive:x.tar
    rc 125 kist push -q --compression-format zstd "$IMG" docker-archive:x.tar
    [ ! -e x.tar ]
}

@test "--compression-level changes the size, and only levels that there are" {
    local size
    need_image
    size() {
        rm -rf o
        kist push -q --compression-format "$1" --compression-level "$2" "$IMG" oci:o
        kist pull -q oci:o >/dev/null
        find o/blobs -type f -printf '%s\n' | sort -n | tail -1
    }
    [ "$(size gzip 1)" -gt "$(size gzip 9)" ]
    [ "$(size zstd 1)" -gt "$(size zstd 19)" ]
    rc 125 kist push -q --compression-level 10 "$IMG" oci:o
    has 'gzip has no level 10'
    rc 125 kist push -q --compression-format zstd --compression-level 21 "$IMG" oci:o
    rc 125 kist push -q --compression-level -5 "$IMG" oci:o
    rc 125 kist push -q --compression-level x "$IMG" oci:o
    # to a registry, too
    for size in 1 19; do
        kist push -q --tls-verify=false --force-compression --compression-format zstd --compression-level "$size" \
            --digestfile "digest.$size" "$IMG" "$REGISTRY/level:$size"
    done
    kist pull -q --tls-verify=false "$REGISTRY/level:1" "$REGISTRY/level:19" >/dev/null
    if cmp digest.1 digest.19; then return 1; fi
}

@test "--digestfile holds the digest of what was written" {
    local want
    need_image
    kist push -q --digestfile df "$IMG" oci:o
    is "$(jq -r '.manifests[0].digest' o/index.json)" "$(cat df)"
    kist push -q --digestfile df "$IMG" dir:d
    is "sha256:$(sha256sum d/manifest.json | cut -d ' ' -f 1)" "$(cat df)"
    kist push -q --digestfile df "$IMG" docker-archive:d.tar
    grep -Eqx 'sha256:[0-9a-f]{64}' df
}

@test "progress is shown, or not" {
    need_image
    rc 0 kist push "$IMG" oci:o
    is "" "$stdout"
    has 'Copying blob'
    has 'Writing manifest'
    kist rmi -af >/dev/null
    rc 0 kist pull oci:o
    grep -Eqx '[0-9a-f]{64}' <<<"$stdout"
    [[ $stderr == *'Copying blob'* ]]
}

@test "containers-storage: is this store" {
    need_image
    rc 0 kist push -q "$IMG" containers-storage:foo:2
    names | grep -qx docker.io/library/foo:2
    rc 0 kist pull -q containers-storage:foo:2
    is "$(image_id "$IMG")" "$output"
    rc 125 kist pull -q containers-storage:not/there
    has 'image not known'
    rc 125 kist pull -q 'containers-storage:[overlay@/x+/y]foo'
    has --root
}

@test "places that are none, and transports that there are not" {
    local place
    need_image
    for place in dir:nix oci:nix oci-archive:nix docker-archive:nix; do
        rc 125 kist pull "$place"
        has 'No such file'
    done
    mkdir empty && echo text >file
    for place in dir:empty oci:empty; do
        rc 125 kist pull "$place"
        has missing
    done
    for place in dir:file oci:file oci-archive:empty docker-archive:empty; do
        rc 125 kist pull "$place"
        has directory
    done
    for place in oci-archive:file docker-archive:file; do rc 125 kist pull "$place"; done
    for place in docker-daemon:x:1 ostree:x sif:x tarball:x; do
        rc 125 kist pull "$place"
        has 'is not supported'
        rc 125 kist push "$IMG" "$place"
        has 'is not supported'
    done
    for place in dir: oci: oci-archive: docker-archive: oci:x:b%d docker-archive:x:UP oci:x:@1; do
        rc 125 kist push "$IMG" "$place"
    done
    rc 125 kist push not/there dir:new
    rc 125 kist push not/there oci:new
    rc 125 kist pull --all-tags oci:new
    has 'not supported for oci transport'
    is "" "$(find . -maxdepth 1 -name 'new*' -o -maxdepth 1 -name 'x*' ! -name xdg)"
}

@test "altered blobs are refused from each of them" {
    local blob
    need_image
    kist push -q "$IMG" dir:d
    kist push -q "$IMG" oci:o:x
    kist push -q "$IMG" docker-archive:d.tar:x
    kist rmi -af >/dev/null
    for blob in $(find d o/blobs -type f -size +100k); do
        printf x | dd of="$blob" bs=1 seek=50000 conv=notrunc status=none
    done
    printf x | dd of=d.tar bs=1 seek=500000 conv=notrunc status=none
    tar cf o.tar -C o .
    for blob in dir:d oci:o:x oci-archive:o.tar:x docker-archive:d.tar:x; do
        rc 125 kist pull "$blob"
        is "" "$(kist images -aq)"
    done
}

@test "policy.json is asked about each transport" {
    need_image
    kist push -q "$IMG" dir:d
    kist push -q "$IMG" oci:o
    kist push -q "$IMG" docker-archive:d.tar
    kist rmi -af >/dev/null
    cat >policy.json <<EOF
{"default": [{"type": "reject"}], "transports": {"dir": {"$STORE/d": [{"type": "insecureAcceptAnything"}]},
 "docker-archive": {"": [{"type": "insecureAcceptAnything"}]}}}
EOF
    mkdir -p "$HOME/.config/containers" && cp policy.json "$HOME/.config/containers/"
    rc 0 kist pull -q dir:d
    rc 0 kist pull -q docker-archive:d.tar
    rc 125 kist pull -q oci:o
    has policy
    rc 125 kist load -i o
    cp -r d d2
    rc 125 kist pull -q dir:d2
}

@test "run and create take images from there" {
    need_image
    kist push -q "$IMG" oci:o
    kist push -q "$IMG" docker-archive:d.tar:x
    kist rmi -af >/dev/null
    rc 0 kist run --rm --network none -q oci:o echo hi
    is hi "$output"
    rc 0 kist run --rm --network none -q --pull=never docker-archive:d.tar:x echo hi
    is hi "$output"
    rc 0 kist create -q --name c --network none oci:o cat /etc/passwd
    rc 0 kist start -a c
    rc 125 kist run --rm --network none dir:nix true
    has 'No such file'
}

@test "podman pulls what kist pushed" {
    local place want
    need_podman
    need_image multi
    want=$(image_id "$IMG")
    kist inspect "$IMG" | diff_ids >want.ids
    for place in dir:d oci:o:foo oci-archive:o.tar:foo docker-archive:d.tar:foo; do
        kist push -q "$IMG" "$place"
        rc 0 other_pod pull -q "$place"
        [[ $stdout == "$want"* ]]
        other_pod inspect "$want" | diff_ids | diff want.ids -
        other_pod rmi -af >/dev/null
    done
    # into the layout that podman began, and back
    other_pod pull -q dir:d >/dev/null
    other_pod push -q "$want" oci:p:by-podman >/dev/null
    kist push -q "$IMG" oci:p:by-kist
    is "by-podman by-kist" "$(ref_names p | paste -sd ' ')"
    rc 0 other_pod pull -q oci:p:by-kist
}

@test "kist pulls what podman pushed" {
    local place want
    need_podman
    IMG=$REGISTRY/multi
    other_pod pull -q --tls-verify=false "$IMG" >/dev/null
    want=$(other_pod inspect --format '{{.Id}}' "$IMG")
    other_pod inspect "$IMG" | diff_ids >want.ids
    for place in dir:d oci:o:foo oci-archive:o.tar:foo docker-archive:d.tar:foo; do
        other_pod push -q "$IMG" "$place"
        rc 0 kist pull -q "$place"
        is "$want" "$stdout"
        kist inspect "$want" | diff_ids | diff want.ids -
        kist rmi -af >/dev/null
    done
}

@test "pushes to one layout at once are all in its index" {
    local i round pids
    need_image
    for i in 1 2 3 4 5 6; do kist tag "$IMG" "localhost/n$i"; done
    for round in 1 2 3 4 5; do
        pids=()
        for i in 1 2 3 4 5 6; do
            kist push -q "localhost/n$i" "oci:lay$round:n$i" >/dev/null 3>&- 4>&- &
            pids+=($!)
        done
        for i in "${pids[@]}"; do wait "$i"; done
        is 6 "$(jq '.manifests | length' "lay$round/index.json")"
    done
}

@test "nothing is written through links inside a directory" {
    need_image
    mkdir away
    mkdir o && ln -s "$PWD/away" o/blobs
    rc 125 kist push -q "$IMG" oci:o:a
    matches 'o: .*blobs is not a directory'
    rc 125 kist save -q --format oci-dir -o o "$IMG"
    has 'blobs is not a directory'
    mkdir -p p/blobs && ln -s ../../away p/blobs/sha256
    rc 125 kist push -q "$IMG" oci:p:a
    has 'blobs/sha256 is not a directory'
    is "" "$(ls away)"
    # a file of the layout that is a link
    for name in index.json oci-layout version manifest.json; do echo mine >"away/$name"; done
    mkdir q && ln -s ../away/index.json q/
    rc 125 kist push -q "$IMG" oci:q:a
    has index.json
    rm q/index.json && ln -s ../away/oci-layout q/
    rc 0 kist push -q "$IMG" oci:q:a
    kist push -q "$IMG" dir:d
    ln -sf ../away/version d/
    rc 125 kist push -q "$IMG" dir:d
    has version
    printf 'Directory Transport Version: 1.1\n' >v && mv v d/version
    ln -sf ../away/manifest.json d/
    rc 0 kist push -q "$IMG" dir:d
    is $'mine\nmine\nmine\nmine' "$(cat away/*)"
}

@test "a directory that another program keeps is not changed" {
    local keeper
    need_image
    kist push -q "$IMG" oci:o:one
    cp o/index.json before
    flock -F o sleep 60 3>&- 4>&- &
    keeper=$!
    eventually bash -c '! flock -n o true'
    rc 125 kist push -q "$IMG" oci:o:two
    has 'o: the directory is kept by another program: try again'
    cmp before o/index.json
    kill "$keeper"
    wait "$keeper" || true
    rc 0 kist push -q "$IMG" oci:o:two
    is $'one\ntwo' "$(ref_names o)"
}

@test "of pushes to one dir: at once all that succeed leave a whole image" {
    local first blob
    need_image multi
    kist tag "$IMG" localhost/small
    need_image
    # its second layer takes long
    kist run --name c --network none "$IMG" dd if=/dev/urandom of=/big bs=1M count=50
    kist commit -q c localhost/large
    kist push -q --compress localhost/large dir:d 3>&- 4>&- &
    first=$!
    eventually bash -c 'ls d 2>/dev/null | grep -Eq "^[0-9a-f]{64}$"'
    rc '0|125' kist push -q localhost/small dir:d
    wait "$first"
    for blob in $(jq -r '.config.digest, .layers[].digest' d/manifest.json); do [ -s "d/${blob#*:}" ]; done
    # and none while another program keeps it
    flock -F d sleep 60 3>&- 4>&- &
    eventually bash -c '! flock -n d true'
    sha256sum d/* >sums
    rc 125 kist push -q localhost/small dir:d
    has 'kept by another program'
    kill "$!"
    sha256sum -c --quiet sums
}

# same_form DIR MANIFEST: each layer is compressed as its media type says
same_form() {
    local type digest magic
    while read -r type digest; do
        magic=$(head -c 4 "$1/${digest#*:}" | od -An -tx1 | tr -d " ")
        case $type in
        *gzip) [[ $magic == 1f8b* ]] ;;
        *zstd) [ "$magic" = 28b52ffd ] ;;
        *) [[ $magic != 1f8b* && $magic != 28b52ffd ]] ;;
        esac || { echo "$type, but $magic"; return 1; }
    done < <(jq -r '.layers[] | "\(.mediaType) \(.digest)"' "$2")
}

# manifest_of LAYOUT N: the file of its n-th image's manifest
manifest_of() { echo "$1/blobs/sha256/$(jq -r ".manifests[$2].digest" "$1/index.json" | cut -d : -f 2)"; }

@test "a blob that is there in another compression is not taken for the wanted one" {
    need_image
    # a layout that holds the image as it was pulled
    cp -r "$CACHE/oci/busybox" lay
    kist rmi -af >/dev/null
    IMG=$(kist pull -q oci:lay:busybox)
    kist push -q --compression-format zstd "$IMG" oci:lay:z
    same_form lay/blobs/sha256 "$(manifest_of lay 1)"
    kist save -q --format oci-dir --uncompressed -o lay "$IMG"
    same_form lay/blobs/sha256 "$(manifest_of lay 2)"
    kist run --name c --network none "$IMG" touch /new
    kist commit -q c localhost/com
    kist push -q localhost/com dir:d
    same_form d d/manifest.json
    kist push -q --compress localhost/com dir:d
    same_form d d/manifest.json
    kist save -q --format oci-dir --uncompressed -o so localhost/com
    same_form so/blobs/sha256 "$(manifest_of so 0)"
    kist save -q --format oci-dir -o so localhost/com
    same_form so/blobs/sha256 "$(manifest_of so 1)"
    kist rmi -af >/dev/null 2>&1 || kist rm -af >/dev/null
    kist rmi -af >/dev/null
    rc 0 kist pull -q oci:so:localhost/com:latest
    rc 0 kist pull -q dir:d
    rc 0 kist pull -q oci:lay:z
}

@test "damaged blobs that are in a directory already are made anew" {
    local blob blobs want
    need_image
    want=$(image_id "$IMG")
    kist push -q "$IMG" oci:o:a
    kist push -q "$IMG" dir:d
    blobs=$(find o/blobs d -regextype egrep -regex '.*/[0-9a-f]{64}')
    is 5 "$(wc -l <<<"$blobs")"
    cp -r o whole.o && cp -r d whole.d
    for blob in $blobs; do truncate -s 10 "$blob"; done
    kist push -q "$IMG" oci:o:a
    kist push -q "$IMG" dir:d
    diff -r whole.o o
    diff -r whole.d d
    echo mine >other
    for blob in $blobs; do ln -sf "$PWD/other" "$blob"; done
    kist push -q "$IMG" oci:o:a
    kist push -q "$IMG" dir:d
    diff -r --no-dereference whole.o o
    diff -r --no-dereference whole.d d
    is mine "$(cat other)"
    # a small one of the same size, too
    for blob in $(find o/blobs d -type f -size -20 -regextype egrep -regex '.*/[0-9a-f]{64}'); do tr '{' '[' <"$blob" >x && cat x >"$blob"; done
    kist push -q "$IMG" oci:o:a
    kist push -q "$IMG" dir:d
    diff -r whole.o o
    diff -r whole.d d
    # a directory is in the way
    for blob in $blobs; do
        rm "$blob" && mkdir "$blob"
        rc 125 kist push -q "$IMG" "$([[ $blob == o/* ]] && echo oci:o:a || echo dir:d)"
        has "${blob##*/}: Is a directory"
        rmdir "$blob" && cp "whole.$blob" "$blob"
    done
    is "" "$(find o d -name '.tmp*')"
}

@test "what a push that was killed left in a directory is no hindrance, and goes" {
    local rest=0123456789abcdef
    need_image
    mkdir d && touch "d/.tmp-version$rest"
    rc 0 kist push -q "$IMG" dir:d
    touch "d/.tmp-manifest.json$rest" d/.tmp-mine
    rc 0 kist push -q "$IMG" dir:d
    is .tmp-mine "$(cd d && ls -d .tmp*)"
    kist push -q "$IMG" oci:o:a
    touch "o/.tmp-index.json$rest" "o/blobs/sha256/.tmp-young$rest"
    touch -d '2 days ago' "o/blobs/sha256/.tmp-old$rest"
    rc 0 kist push -q "$IMG" oci:o:b
    # a young one may be another push's
    is "o/blobs/sha256/.tmp-young$rest" "$(find o -name '.tmp*')"
}

@test "an archive that a link leads to is replaced as a whole, and the link stays" {
    need_image
    mkdir far && head -c 5M /dev/zero >far/o.tar && cp far/o.tar before
    ln -s far/o.tar link
    rc 125 kist save -q --format oci-archive -o link "$IMG" not/there -m
    cmp before far/o.tar
    rc 0 kist push -q "$IMG" oci-archive:link:a
    [ -L link ] && [ "$(stat -c %s far/o.tar)" -lt 5000000 ]
    rc 0 kist pull -q oci-archive:far/o.tar:a
    cp before far/o.tar
    rc 0 kist save -q -o link "$IMG"
    cmp <(kist save -q "$IMG") link
    is o.tar "$(ls far)"
    # other things are written to as they are
    : >out && ln out same
    kist save -q -o /dev/stdout "$IMG" >out
    cmp same far/o.tar
    ln -s /dev/null nul
    rc 0 kist save -q -o nul "$IMG"
    [ -c nul ]
}
