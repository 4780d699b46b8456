# Images in files: saved, loaded, and exchanged with podman.

load helpers
load podman

setup_file() { file_setup busybox multi entry; }
teardown_file() { file_teardown; }

# pod ARG...: podman with a store of its own; pods: with kist's
pod() { pod_in "$STORE/proot" "$STORE/prun" "$@"; }
pods() { pod_in "$ROOT" "$RUN" "$@"; }

teardown() {
    if [ -e "$STORE/podman.conf" ]; then
        pod rm -af -t 0 >/dev/null 2>&1 || true
        pods rm -af -t 0 >/dev/null 2>&1 || true
        if is_root; then umount "$STORE/proot/overlay" "$ROOT/overlay" 2>/dev/null || true; fi
    fi
    test_teardown
}

# image_id IMAGE: of kist's image
image_id() { kist inspect --format '{{.Id}}' "$1"; }
diff_ids() { jq -c '.[0].RootFS.Layers'; }
other() { kist --root "$STORE/root2" --runroot "$STORE/run2" "$@"; }

@test "save and load of every format keep image ID, names and DiffIDs" {
    local format want
    need_image multi
    want=$(image_id "$IMG")
    kist inspect "$IMG" | diff_ids >want.ids
    for format in docker-archive oci-archive oci-dir; do
        rc 0 kist save -q --format "$format" -o "out.$format" "$IMG"
        is "" "$output"
        rc 0 other load -q -i "out.$format"
        is "Loaded image: $IMG:latest" "$stdout"
        is "$want" "$(other inspect --format '{{.Id}}' "$IMG")"
        other inspect "$IMG" | diff_ids | diff want.ids -
        other rmi -af >/dev/null
    done
    rc 0 kist save -q --format docker-dir -o out.docker-dir "$IMG"
    rc 0 other load -q -i out.docker-dir
    is "Loaded image: sha256:$want" "$stdout"
    remove_tree "$STORE/root2"
}

@test "what was loaded looks like what was pulled" {
    local list="find /data /links /sym /modes /owner /names | sort | md5sum"
    need_image multi
    kist run --rm --network none "$IMG" sh -c "$list" >before
    kist save -q -o a.tar "$IMG"
    kist rmi "$IMG" >/dev/null
    rc 0 kist load -q -i a.tar
    kist run --rm --network none "$IMG" sh -c "$list" | diff before -
}

@test "podman loads what kist saved" {
    local format want
    need_podman
    need_image multi
    want=$(image_id "$IMG")
    kist inspect "$IMG" | diff_ids >want.ids
    for format in docker-archive oci-archive oci-dir docker-dir; do
        kist save -q --format "$format" -o "out.$format" "$IMG"
        rc 0 pod load -q -i "out.$format"
        pod inspect "$want" | diff_ids | diff want.ids -
        pod rmi -af >/dev/null
    done
    rc 0 pod load -q -i out.docker-archive
    is "Loaded image: $IMG:latest" "$stdout"
}

@test "kist loads what podman saved" {
    local format want
    need_podman
    IMG=$REGISTRY/multi
    pod pull -q --tls-verify=false "$IMG" >/dev/null
    want=$(pod inspect --format '{{.Id}}' "$IMG")
    pod inspect "$IMG" | diff_ids >want.ids
    for format in docker-archive oci-archive oci-dir docker-dir; do
        pod save -q --format "$format" -o "out.$format" "$IMG"
        rc 0 kist load -q -i "out.$format"
        kist inspect "$want" | diff_ids | diff want.ids -
        kist rmi -af >/dev/null
    done
    rc 0 kist load -q -i out.docker-archive
    is "Loaded image: $IMG:latest" "$stdout"
    pod rmi -af >/dev/null
    pod load -q -i out.docker-archive >/dev/null
    is "$(pod inspect --format '{{.Digest}}' "$IMG")" "$(kist inspect --format '{{.Digest}}' "$IMG")"
}

@test "podman's multi-image archive, and ours" {
    need_podman
    need_image multi
    need_image entry
    kist save -q -m -o two.tar "$REGISTRY/multi" "$REGISTRY/entry"
    rc 0 pod load -q -i two.tar
    has "$REGISTRY/multi:latest"
    has "$REGISTRY/entry:latest"
    pod save -q -m -o again.tar "$REGISTRY/multi" "$REGISTRY/entry"
    kist rmi -af >/dev/null
    rc 0 kist load -q -i again.tar
    has "Loaded image: $REGISTRY/multi:latest"
    has "Loaded image: $REGISTRY/entry:latest"
}

@test "several images in an OCI archive, and layers only once" {
    need_image busybox
    need_image multi
    kist save -q -m --format oci-archive -o two.tar "$REGISTRY/busybox" "$REGISTRY/multi"
    is "" "$(tar tf two.tar | sort | uniq -d)"
    kist rmi -af >/dev/null
    rc 0 kist load -i two.tar
    has "Loaded image: $REGISTRY/busybox:latest"
    has "Loaded image: $REGISTRY/multi:latest"
}

@test "further names without -m are names of the image" {
    need_image
    kist save -q -o a.tar "$IMG" mine:1 other.example/x
    kist rmi -af >/dev/null
    rc 0 kist load -q -i a.tar
    is "Loaded image: $IMG:latest
Loaded image: localhost/mine:1
Loaded image: other.example/x:latest" "$stdout"
}

@test "compressed archives, also through pipes" {
    local tool
    need_image
    kist save -q "$IMG" >a.tar
    for tool in gzip bzip2 xz zstd; do
        kist rmi -af >/dev/null
        "$tool" -c a.tar >a.z
        rc 0 kist load -q -i a.z
        is "Loaded image: $IMG:latest" "$stdout"
    done
    kist rmi -af >/dev/null
    kist load -q < <(cat a.tar) >out
    is "Loaded image: $IMG:latest" "$(cat out)"
    rc 0 kist run --rm --network none "$IMG" echo ok
    is ok "$stdout"
}

@test "save writes to no terminal, and load reads from none" {
    load tty
    need_image
    term_run save "$IMG"
    is 125 "$(term_code)"
    term_shows terminal
    term_end
    term_run load
    is 125 "$(term_code)"
    term_end
}

@test "--compress, --uncompressed and existing blobs of a directory" {
    need_image multi
    rc 125 kist save --compress --format oci-dir -o x "$IMG"
    has 'docker-dir'
    rc 0 kist save -q --compress --format docker-dir -o cd "$IMG"
    is true "$(jq '[.layers[].mediaType] | all(endswith("tar.gzip"))' cd/manifest.json)"
    rc 0 kist save -q --uncompressed --format oci-dir -o ud "$IMG"
    kist inspect "$IMG" | diff_ids | jq -r '.[]' | while read -r d; do [ -f "ud/blobs/sha256/${d#sha256:}" ]; done
    find ud/blobs -type f -printf '%p %i\n' | sort >before
    rc 0 kist save -q --uncompressed --format oci-dir -o ud "$IMG"
    find ud/blobs -type f -printf '%p %i\n' | sort | diff before -
}

@test "a failed save leaves the old file as it was" {
    need_image
    echo precious >a.tar
    rc 125 kist save -q -m -o a.tar "$IMG" not/there
    is precious "$(cat a.tar)"
    is 1 "$(find . -maxdepth 1 -name 'a.tar*' | wc -l)"
}

# hostile FILE...: load of a tar of these files is refused and leaves nothing behind
refused() {
    tar cf bad.tar "$@"
    rc 125 kist load -i bad.tar
    kist images -q >out
    is "" "$(cat out)"
    is "" "$(find "$ROOT/kist/downloads" -type f 2>/dev/null)"
    is 0 "$(find "$ROOT/overlay" -maxdepth 1 -mindepth 1 -type d ! -name l | wc -l)"
}

@test "archives that lie are refused and leave nothing" {
    local config layer
    need_image
    kist save -q -o a.tar "$IMG"
    kist rmi -af >/dev/null
    mkdir x && tar xf a.tar -C x && cd x
    config=$(jq -r '.[0].Config' manifest.json)
    layer=$(jq -r '.[0].Layers[0]' manifest.json)
    # a layer that is not what the configuration says
    cp "$layer" good.tar
    chmod u+w "$layer"
    printf x | dd of="$layer" bs=1 seek=500000 conv=notrunc status=none
    refused manifest.json "$config" "$layer"
    has digest
    cp good.tar "$layer"
    # a layer that is missing, and none at all
    refused manifest.json "$config"
    has missing
    refused "$config" "$layer"
    # members that lead out
    jq -c '.[0].Config = "../../../../etc/passwd"' manifest.json >m && cp manifest.json keep && cp -f m manifest.json
    refused manifest.json "$config" "$layer"
    cp -f keep manifest.json
    mv "$layer" real && ln -s /etc/passwd "$layer"
    refused manifest.json "$config" "$layer"
    rm "$layer" && mv real "$layer"
    # twice the same name
    tar cf bad.tar manifest.json "$config" "$layer"
    tar rf bad.tar manifest.json
    rc 125 kist load -i bad.tar
    has twice
    # cut off
    tar cf bad.tar manifest.json "$config" "$layer"
    truncate -s 100000 bad.tar
    rc 125 kist load -i bad.tar
    echo nothing >bad.tar
    rc 125 kist load -i bad.tar
    rc 125 kist load -i /nonexistent
    kist images -q >out
    is "" "$(cat out)"
}

@test "an OCI directory with links out of it or altered blobs is refused" {
    local m
    need_image
    kist save -q --format oci-dir -o d "$IMG"
    kist rmi -af >/dev/null
    m=$(jq -r '.manifests[0].digest' d/index.json)
    m=d/blobs/sha256/${m#sha256:}
    cp "$m" keep
    sed -i 's/schemaVersion/schemaversion/' "$m"
    rc 125 kist load -i d
    has digest
    cp -f keep "$STORE/m2"
    rm -f "$m" && ln -s "$STORE/m2" "$m"
    rc 125 kist load -i d
    rm "$m" && cp keep "$m"
    rc 0 kist load -q -i d
}

# --- export, import ---
@test "export holds the merged file system, and import makes an image of it" {
    need_image multi
    started c
    kist exec c sh -c 'echo new >/new; rm /data/keep'
    rc 0 kist export -o e.tar c
    tar tf e.tar >list
    grep -qx new list
    if grep -x data/keep list; then return 1; fi
    if grep -F .wh. list; then return 1; fi
    kist export c | cmp - e.tar
    rc 0 kist import -c 'CMD ["cat","/new"]' -m hello e.tar mine:2
    is "sha256:$(image_id mine:2)" "$stdout"
    rc 0 kist run --rm --network none mine:2
    is new "$stdout"
    gzip -c e.tar | kist import - mine:3 >out
    rc 0 kist run --rm --network none mine:3 sh -c 'stat -c "%n %u:%g" /owner/app'
    is '/owner/app 1000:1000' "$stdout"
    rc 125 kist export nobody
}

@test "podman imports what kist exported, and the other way round" {
    need_podman
    need_image
    started c
    kist exec c sh -c 'echo one >/made'
    kist export -o e.tar c
    pods import -q e.tar localhost/i:1 >/dev/null
    rc 0 kist run --rm --network none localhost/i:1 cat /made
    is one "$stdout"
    pods create --name p --network none "$IMG" true >/dev/null
    pods export -o p.tar p
    kist import -q p.tar localhost/i:2
    rc 0 pods run --rm --network none localhost/i:2 echo ok
    is ok "$stdout"
}

# --- diff ---
@test "what is mounted into every container is no change of its own" {
    need_image # without /etc/hosts, /etc/hostname and /etc/resolv.conf
    rc 0 kist run --name c --network none "$IMG" sh -c 'stat -c "%a %Y" /etc; cat /etc/hostname'
    kist export -o e.tar c
    is "$(tar -tf e.tar | grep -c '^etc/\(hosts\|hostname\|resolv.conf\)$')" 0
    is "${stdout%%$'\n'*}" "$(mkdir e && tar -xf e.tar -C e && stat -c '%a %Y' e/etc)"
    rc 0 kist diff c
    is '' "$stdout"
    kist run --name d --network none "$IMG" sh -c 'echo mine >/etc/mine'
    rc 0 kist diff d
    is $'C /etc\nA /etc/mine' "$stdout"
}

@test "an image's own files, and its directory's mode, are kept where others are mounted" {
    need_root
    need_image
    local files
    kist run --name d --network none "$IMG" sh -c 'echo mine >/etc/mine'
    files=$(kist mount d)
    echo own >"$files/etc/hosts"
    chmod 711 "$files/etc"
    kist unmount d >/dev/null
    kist commit -q d localhost/own:1 >/dev/null
    rc 0 kist run --name e --network none localhost/own:1 sh -c 'cat /etc/mine; stat -c %a /etc'
    is $'mine\n711' "$stdout"
    files=$(kist mount e)
    is own "$(cat "$files/etc/hosts")"
    rc 0 kist unmount e
}

@test "diff of a container and of an image's top layer say what podman says" {
    need_podman
    local todo='echo hi >/new; rm -f /data/keep; mkdir /d; touch /d/f; echo x >>/data/replaced; rm -rf /data/opaque'
    need_image multi
    kist run --name k --network none "$IMG" sh -c "$todo"
    pods run --name p --network none "$IMG" sh -c "$todo"
    rc 0 kist diff k
    has 'A /d/f'
    has 'D /data/keep'
    has 'C /data/replaced'
    # podman's container has files in /etc for what is mounted there, where the image has none; kist's has them below.
    pods diff p | sort | grep -vx 'C /etc' >want
    sort <<<"$stdout" | diff want -
    rc 0 kist container diff --format json k
    is '["/d","/d/f","/new"]' "$(jq -c '.added | sort' <<<"$stdout")"
    kist commit -q k mine >/dev/null
    pods image diff mine | sort >want
    [ -s want ]
    rc 0 kist image diff mine
    sort <<<"$stdout" | diff want -
    rc 125 kist diff nobody
}

# --- from a server ---------------------------------------------------------------------------------------
# serve: a web server for the files here; sets $BG and $WEB
serve() {
    python3 -u -c 'import http.server, sys
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print(server.server_address[1])
server.serve_forever()' >port 2>/dev/null 3>&- 4>&- &
    BG=$!
    eventually test -s port
    WEB=http://127.0.0.1:$(cat port)
}

@test "load and import take archives from a server" {
    local want
    need_image multi
    want=$(image_id "$IMG")
    kist save -q --format oci-archive -o a.tar "$IMG"
    gzip -k a.tar
    kist create --name c --network none "$IMG" true >/dev/null
    kist export -o root.tar c
    serve
    rc 0 other load -q -i "$WEB/a.tar.gz"
    is "$want" "$(other inspect --format '{{.Id}}' "$IMG")"
    rc 0 kist import "$WEB/root.tar" mine
    rc 0 kist run --rm --network none mine test -e /data
    rc 0 kist system check
    rc 125 other load -i "$WEB/nope.tar"
    has "fetching $WEB/nope.tar: the server answered 404"
    rc 125 other load -i http://127.0.0.1:1/a.tar
    has "fetching http://127.0.0.1:1/a.tar: connecting"
    rc 125 kist import "https://${WEB#http://}/root.tar"
    rc 125 kist import "$WEB/port"
    has "not a tar archive"
    is 0 "$(find "$ROOT/kist/downloads" -type f | wc -l)"
}

@test "an archive whose server breaks off is refused, and nothing of it stays" {
    need_image multi
    kist save -q -o a.tar "$IMG"
    # says more than it sends
    python3 -u -c 'import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])
data = open("a.tar", "rb").read()
for _ in range(20):
    c, _ = s.accept()
    c.recv(4096)
    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data) + data[:len(data) // 2])
    c.close()' >port 2>/dev/null 3>&- 4>&- &
    BG=$!
    eventually test -s port
    rc 125 other load -q -i "http://127.0.0.1:$(cat port)/a.tar"
    has "fetching http://127.0.0.1:"
    is "" "$(other images -aq)"
    is 0 "$(find "$STORE/root2/kist/downloads" -type f | wc -l)"
}
