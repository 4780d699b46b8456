# Images: from a registry into the store and back.

load helpers

setup_file() {
    file_setup busybox entry multi badlayer
    start_registry "$FILE/regtls" tls
    export TLS=$REGISTRY TLS_CERTS=$REGISTRY_CERTS
    registry_push "$FILE/regtls" "$CACHE/oci/busybox" busybox >/dev/null
    start_registry "$FILE/regauth" tls auth
    export AUTH=$REGISTRY AUTH_CERTS=$REGISTRY_CERTS
    registry_push "$FILE/regauth" "$CACHE/oci/busybox" busybox >/dev/null
    REGISTRY=$(sed 's,http://,,' "$FILE/reg/url")
    REGISTRY_URL=http://$REGISTRY
    export REGISTRY REGISTRY_URL
}
teardown_file() { file_teardown; }

# id_of LAYOUT: the image ID is the digest of its config
id_of() {
    local m
    m=$(jq -r '.manifests[0].digest' "$CACHE/oci/$1/index.json")
    jq -r .config.digest "$CACHE/oci/$1/blobs/sha256/${m#sha256:}" | cut -d : -f 2
}

# manifest_of NAME TAG: as the registry has it
manifest_of() { curl -fsS -H 'Accept: application/vnd.oci.image.manifest.v1+json' "$REGISTRY_URL/v2/$1/manifests/$2"; }

digest_of() { jq -r '.manifests[0].digest' "$CACHE/oci/$1/index.json"; }

# in_image IMAGE SHELL-TEXT: what a container says
in_image() { kist run --rm --network none "$REGISTRY/$1" sh -c "$2"; }

@test "pull prints the image ID as the last line and nothing else on standard output" {
    rc 0 kist pull --tls-verify=false "$REGISTRY/busybox"
    is "$(id_of busybox)" "$stdout"
    has "$REGISTRY/busybox"
}

holds_open() { readlink "/proc/$1/fd/"* 2>/dev/null | grep -qF "$2"; }

@test "layers that somebody removes during a pull are got again" {
    local ids second holder
    need_image busybox
    mapfile -t ids < <(jq -r '.rootfs.diff_ids[][7:]' "$CACHE/oci/multi/blobs/sha256/$(id_of multi)")
    second=$(printf %s "${ids[0]}+${ids[1]}" | sha256sum | cut -d ' ' -f 1)
    # Somebody else makes the second layer, so that the pull waits, having found the first one in the store.
    mkdir -p "$ROOT/kist/staging"
    python3 -c 'import fcntl, sys, time; f = open(sys.argv[1], "w"); fcntl.lockf(f, fcntl.LOCK_EX); time.sleep(60)' \
        "$ROOT/kist/staging/claim-$second.lock" 3>&- 4>&- &
    holder=$!
    eventually holds_open "$holder" claim-
    kist_bg pull -q --tls-verify=false "$REGISTRY/multi"
    eventually holds_open "$BG" "claim-$second"
    rc 0 kist rmi "$IMG"
    [ ! -e "$ROOT/overlay/${ids[0]}" ]
    kill "$holder"
    wait "$BG"
    rc 0 in_image multi 'cat /last'
    is 9 "$stdout"
    rc 0 kist system check
}

@test "pull -q prints the ID only" {
    rc 0 kist pull -q --tls-verify=false "$REGISTRY/busybox"
    is "$(id_of busybox)" "$output"
}

@test "images shows podman's columns and row" {
    need_image
    rc 0 kist images
    matches '^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE'
    matches "$REGISTRY/busybox +latest +$(id_of busybox | cut -c 1-12) +[0-9]+ (years|months) ago +[0-9.]+ [kM]B"
}

@test "images -q, --no-trunc, --digests, a name, a filter and a template" {
    need_image
    need_image entry
    rc 0 kist images -q
    has "$(id_of busybox | cut -c 1-12)"
    has "$(id_of entry | cut -c 1-12)"
    rc 0 kist images --no-trunc
    has "sha256:$(id_of busybox)"
    rc 0 kist images --digests
    has "$(digest_of busybox)"
    rc 0 kist images --format '{{.Repository}}:{{.Tag}}' "$REGISTRY/entry"
    is "$REGISTRY/entry:latest" "$stdout"
    rc 0 kist images --format '{{.Repository}}' --filter reference="*busybox*"
    is "$REGISTRY/busybox" "$stdout"
}

@test "images --format json is a list with podman's keys" {
    need_image
    rc 0 kist images --format json
    is "$(id_of busybox)" "$(jq -r '.[0].Id' <<<"$stdout")"
    is "$REGISTRY/busybox:latest" "$(jq -r '.[0].Names[0]' <<<"$stdout")"
    is true "$(jq '.[0].Size > 1000000' <<<"$stdout")"
}

@test "images of an empty store is one header line" {
    rc 0 kist images
    matches '^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE *$'
}

@test "pull by digest, and the name keeps the digest" {
    rc 0 kist pull -q --tls-verify=false "$REGISTRY/busybox@$(digest_of busybox)"
    is "$(id_of busybox)" "$stdout"
    rc 0 kist run --rm --network none "$REGISTRY/busybox@$(digest_of busybox)" echo ok
    is ok "$stdout"
}

@test "a second pull loads no layer again" {
    need_image
    : >"$FILE/reg/log"
    rc 0 kist pull -q --tls-verify=false "$IMG"
    ! grep -F "GET /v2/busybox/blobs/$(layer_digest busybox)" "$FILE/reg/log"
}

@test "two images with a common layer keep it once" {
    need_image busybox
    need_image multi
    rc 0 bash -c "find '$ROOT/overlay' -maxdepth 1 -mindepth 1 -type d ! -name l | wc -l"
    is 10 "$stdout"
}

@test "tag gives a second name to the same image, and rmi of one keeps the other" {
    need_image
    rc 0 kist tag "$IMG" "$REGISTRY/library/busybox:v0.1"
    rc 0 kist images --format '{{.Repository}}:{{.Tag}} {{.ID}}'
    has "$REGISTRY/busybox:latest $(id_of busybox | cut -c 1-12)"
    has "$REGISTRY/library/busybox:v0.1 $(id_of busybox | cut -c 1-12)"
    rc 0 kist rmi "$REGISTRY/library/busybox:v0.1"
    has "Untagged: $REGISTRY/library/busybox:v0.1"
    hasnt Deleted
    rc 0 kist images -q
    has "$(id_of busybox | cut -c 1-12)"
}

@test "a name without a registry is tagged as localhost" {
    need_image
    rc 0 kist tag "$IMG" mine:1
    rc 0 kist images --format '{{.Repository}}:{{.Tag}}'
    has localhost/mine:1
    rc 0 kist run --rm --network none mine:1 echo ok
    is ok "$stdout"
}

@test "tag of an unknown image is refused" {
    rc 125 kist tag nothing:here else:where
    has nothing:here
}

@test "rmi by ID removes image and layers from the disk" {
    need_image
    rc 0 kist rmi "$(id_of busybox | cut -c 1-12)"
    has "Untagged: $IMG:latest"
    has "Deleted: $(id_of busybox)"
    rc 0 kist images -q
    is "" "$output"
    rc 0 bash -c "find '$ROOT/overlay' -maxdepth 1 -mindepth 1 -type d ! -name l | wc -l"
    is 0 "$stdout"
    is 0 "$(find "$ROOT/overlay/l" -mindepth 1 2>/dev/null | wc -l)"
}

@test "rmi of an image with two names by ID wants --force" {
    need_image
    kist tag "$IMG" other:1
    rc '2|125' kist rmi "$(id_of busybox)"
    matches 'force'
    rc 0 kist rmi -f "$(id_of busybox)"
    rc 0 kist images -q
    is "" "$output"
}

@test "rmi of an unknown image is an error with code 1" {
    rc 1 kist rmi nothing:here
    has nothing:here
}

@test "rmi of an image in use is refused with code 2 and names the container" {
    need_image
    started keeper
    rc 2 kist rmi "$IMG"
    has "$(kist ps -aq --no-trunc | head -n 1 | cut -c 1-12)"
    rc 0 kist run --rm --network none "$IMG" true
}

@test "rmi --all empties the store" {
    need_image
    need_image entry
    rc 0 kist rmi -a
    rc 0 kist images -q
    is "" "$output"
}

@test "rmi --all leaves containers and their images alone without --force, as podman's" {
    need_image entry
    kist tag "$IMG" localhost/other:1
    need_image
    kist tag "$IMG" localhost/two:2
    kist create --name c --network none "$IMG" true >/dev/null
    rc 2 kist rmi -a
    has "in use by"
    rc 0 kist start -a c
    is 2 "$(kist images --noheading | wc -l)"
    rc 0 kist image exists "$IMG"
    rc 1 kist image exists localhost/other:1
    rc 0 kist rmi -a -f
    is "" "$(kist images -q)$(kist ps -aq)"
}

@test "what a killed pull left of a layer that is there goes with the next pull" {
    need_image
    local layer
    layer=$(manifest_of busybox latest | jq -r '.layers[0].digest')
    mkdir -p "$ROOT/kist/downloads"
    echo rest >"$ROOT/kist/downloads/${layer#sha256:}"
    echo rest >"$ROOT/kist/downloads/0${layer#sha256:?}" # of another one
    kist rmi "$IMG" >/dev/null
    kist pull -q --tls-verify=false "$IMG" >/dev/null
    kist pull -q --tls-verify=false "$IMG" >/dev/null
    is "0${layer#sha256:?}" "$(ls "$ROOT/kist/downloads")"
    echo rest >"$ROOT/kist/downloads/${layer#sha256:}"
    kist untag "$IMG" >/dev/null
    rc 0 kist pull -q --tls-verify=false "$IMG"
    is "0${layer#sha256:?}" "$(ls "$ROOT/kist/downloads")"
}

@test "push copies to a new name, and a fresh store pulls the same image ID back" {
    need_image
    kist tag "$IMG" "$REGISTRY/round/trip:v1"
    rc 0 kist push --tls-verify=false "$REGISTRY/round/trip:v1"
    rc 0 kist --root "$STORE/root2" --runroot "$STORE/run2" pull -q --tls-verify=false "$REGISTRY/round/trip:v1"
    is "$(id_of busybox)" "$stdout"
    remove_tree "$STORE/root2"
}

@test "push to another repository of the registry moves no layer and keeps the manifest's digest" {
    need_image multi
    local digest
    digest=$(kist image inspect --format '{{.Digest}}' "$IMG")
    kist tag "$IMG" localhost/alone
    kist untag "$IMG" "$IMG" >/dev/null
    # the name that it had is enough
    rc 0 kist push --tls-verify=false --digestfile d localhost/alone "$REGISTRY/taken/over:v1"
    is "$digest" "$(cat d)"
    rc 0 kist --root "$STORE/root2" --runroot "$STORE/run2" pull -q --tls-verify=false "$REGISTRY/taken/over@$digest"
    remove_tree "$STORE/root2"
}

@test "push of what stands on a pulled image takes that one's layers over" {
    need_image
    local base
    base=$(manifest_of busybox latest | jq -r '.layers[0].digest')
    kist run --name c --network none "$IMG" touch /mine
    kist commit -q c localhost/mine >/dev/null
    rc 0 kist push --tls-verify=false localhost/mine "$REGISTRY/stands/on:v1"
    is "$base" "$(manifest_of stands/on v1 | jq -r '.layers[0].digest')"
    rc 0 kist --root "$STORE/root2" --runroot "$STORE/run2" pull -q --tls-verify=false "$REGISTRY/stands/on:v1"
    remove_tree "$STORE/root2"
}

@test "push of a ten-layer image to another registry gives the same content back" {
    local there="$TLS/many/layers:v1"
    need_image multi
    in_image multi 'find /data /links /sym /modes /owner /names | sort | md5sum' >before
    rc 0 kist push --cert-dir "$TLS_CERTS" "$IMG" "$there"
    kist rmi "$IMG" >/dev/null
    rc 0 kist pull -q --cert-dir "$TLS_CERTS" "$there"
    REGISTRY=$TLS in_image many/layers:v1 'find /data /links /sym /modes /owner /names | sort | md5sum' >after
    is "$(cat before)" "$(cat after)"
}

@test "push --digestfile writes the manifest's digest, and it can be pulled by it" {
    need_image
    rc 0 kist push --tls-verify=false --digestfile "$STORE/digest" "$IMG" "$REGISTRY/dig/est:v1"
    [[ $(cat digest) =~ ^sha256:[0-9a-f]{64}$ ]]
    rc 0 kist pull -q --tls-verify=false "$REGISTRY/dig/est@$(cat digest)"
    is "$(id_of busybox)" "$stdout"
}

@test "push of an unknown image is refused" {
    rc 125 kist push --tls-verify=false "$REGISTRY/not/there:v1"
    has not/there
}

@test "whiteouts and opaque directories take away what lower layers had" {
    need_image multi
    rc 0 in_image multi 'ls /data /data/dir /data/opaque; cat /data/keep /data/replaced /data/opaque/new'
    hasnt gone
    hasnt hidden
    hasnt old
    hasnt .wh.
    has $'1\n9\n3'
    rc 0 in_image multi 'cat /data/wasfile/inside /data/swap /last'
    is $'9\n9\n9' "$stdout"
    rc 0 in_image multi 'test -e /data/dir && test ! -e /data/dir/sub && echo ok'
    is ok "$stdout"
}

@test "hard links and symbolic links are what they were" {
    need_image multi
    rc 0 in_image multi 'stat -c %h /links/a/one; cat /links/b/three; readlink /sym/relative; readlink /sym/absolute; cat /sym/relative'
    is $'3\nhard\n../data/keep\n/data/keep\n1' "$stdout"
    rc 0 in_image multi 'test /links/a/one -ef /links/b/three && readlink /sym/dangling'
    is nowhere "$stdout"
}

@test "modes and owners of a layer are kept" {
    need_image multi
    rc 0 in_image multi 'cd /modes && stat -c "%n %a" setuid setgid sticky readonly none; test -p fifo && echo fifo'
    is $'setuid 4755\nsetgid 2755\nsticky 1777\nreadonly 555\nnone 0\nfifo' "$stdout"
    rc 0 in_image multi 'stat -c "%n %u:%g" /owner/app /owner/nobody /owner/xattr /data'
    is $'/owner/app 1000:1000\n/owner/nobody 65534:65534\n/owner/xattr 0:0\n/data 0:0' "$stdout"
}

@test "times of a layer are kept" {
    need_image multi
    rc 0 in_image multi 'stat -c %Y /data/keep /links/a/one /data/wasfile'
    is $'1700000000\n1700000000\n1700000000' "$stdout"
}

@test "extended attributes of a layer are kept" {
    local file
    need_image multi
    file=$(find "$ROOT/overlay" -path '*/diff/owner/xattr' 2>/dev/null | head -n 1)
    [ -n "$file" ]
    rc 0 python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "user.kist").decode())' "$file"
    is hello "$stdout"
}

@test "odd file names survive" {
    need_image multi
    rc 0 in_image multi 'cd /names && ls | wc -l && cat "with space/ä ö" ./-dash && find . -name deep | wc -c'
    is $'6\nx\nx\n247' "$stdout"
}

@test "inspect of an image shows its configuration and digests" {
    need_image entry
    rc 0 kist inspect "$IMG"
    is '["/entry.sh"]' "$(jq -c '.[0].Config.Entrypoint' <<<"$stdout")"
    is '["one","two words"]' "$(jq -c '.[0].Config.Cmd' <<<"$stdout")"
    is app "$(jq -r '.[0].User' <<<"$stdout")"
    is "$(id_of entry)" "$(jq -r '.[0].Id' <<<"$stdout")"
    is "$(digest_of entry)" "$(jq -r '.[0].Digest' <<<"$stdout")"
    is entry "$(jq -r '.[0].Labels["org.example.kind"]' <<<"$stdout")"
    is linux "$(jq -r '.[0].Os' <<<"$stdout")"
}

@test "pull and push over https with a certificate authority of our own" {
    rc 0 kist pull -q --cert-dir "$TLS_CERTS" "$TLS/busybox"
    is "$(id_of busybox)" "$stdout"
    rc 0 kist push --cert-dir "$TLS_CERTS" "$TLS/busybox" "$TLS/over/tls:v1"
    rc 0 kist pull -q --cert-dir "$TLS_CERTS" "$TLS/over/tls:v1"
}

@test "https with an unknown authority is refused, and --tls-verify=false accepts it" {
    rc 125 kist pull "$TLS/busybox"
    matches 'certificate|x509'
    rc 0 kist images -q
    is "" "$output"
    rc 0 kist pull -q --tls-verify=false "$TLS/busybox"
}

@test "http is refused until it is declared insecure, and the message says how" {
    rc 125 kist pull "$REGISTRY/busybox"
    matches 'http'
    need_kist
    matches 'tls-verify=false|insecure'
}

@test "login with a password on standard input, pull, push, logout" {
    rc 125 kist pull --cert-dir "$AUTH_CERTS" "$AUTH/busybox"
    matches 'unauthorized|authentication required|401'
    rc 0 kist login --cert-dir "$AUTH_CERTS" -u "$REGISTRY_USER" --password-stdin "$AUTH" <<<"$REGISTRY_PASSWORD"
    has 'Login Succeeded!'
    is "$(printf '%s' "$REGISTRY_USER:$REGISTRY_PASSWORD" | base64)" "$(jq -r --arg r "$AUTH" '.auths[$r].auth' auth.json)"
    is 600 "$(stat -c %a auth.json)"
    rc 0 kist pull -q --cert-dir "$AUTH_CERTS" "$AUTH/busybox"
    rc 0 kist push --cert-dir "$AUTH_CERTS" "$AUTH/busybox" "$AUTH/mine:v1"
    rc 0 kist logout "$AUTH"
    has "Removed login credentials for $AUTH"
    rc 125 kist pull --cert-dir "$AUTH_CERTS" "$AUTH/mine:v1"
}

@test "login with -u and -p, --get-login, and logout --all" {
    rc 0 kist login --cert-dir "$AUTH_CERTS" -u "$REGISTRY_USER" -p "$REGISTRY_PASSWORD" "$AUTH"
    has 'Login Succeeded!'
    rc 0 kist login --get-login "$AUTH"
    is "$REGISTRY_USER" "$stdout"
    rc 0 kist logout --all
    rc 125 kist login --get-login "$AUTH"
    rc 125 kist logout "$AUTH"
}

@test "--compat-auth-file is docker's config.json, of which all else stays" {
    local rest
    cat >config.json <<'EOF'
{"auths":{"old.example":{"auth":"dTpw","email":"x@y"}},"credsStore":"osx","HttpHeaders":{"User-Agent":"D"},"credHelpers":{"gcr.io":"gcloud"}}
EOF
    rest=$(jq -Sc . config.json)
    login() { kist login --cert-dir "$AUTH_CERTS" -u "$REGISTRY_USER" -p "$REGISTRY_PASSWORD" "$@"; }
    rc 0 login --compat-auth-file config.json "$AUTH"
    is "$(printf '%s' "$REGISTRY_USER:$REGISTRY_PASSWORD" | base64)" "$(jq -r --arg r "$AUTH" '.auths[$r].auth' config.json)"
    is "$rest" "$(jq -Sc --arg r "$AUTH" 'del(.auths[$r])' config.json)"
    # the usual file has not changed, and docker's is read where it is named
    is '{}' "$(cat auth.json)"
    rc 125 kist pull -q --cert-dir "$AUTH_CERTS" "$AUTH/busybox"
    rc 0 kist pull -q --cert-dir "$AUTH_CERTS" --authfile config.json "$AUTH/busybox"
    rc 0 kist login --compat-auth-file config.json --get-login "$AUTH"
    is "$REGISTRY_USER" "$stdout"
    rc 125 kist login --get-login "$AUTH"
    rc 0 kist logout --compat-auth-file config.json "$AUTH"
    is "$rest" "$(jq -Sc . config.json)"
    rc 125 kist logout --compat-auth-file config.json "$AUTH"
    # a file that is not there is made by login, not by logout
    rc 125 kist logout --compat-auth-file new/config.json "$AUTH"
    has 'not accessible'
    rc 0 login -v --compat-auth-file new/config.json "$AUTH"
    has new/config.json
    is 600 "$(stat -c %a new/config.json)"
    rc 0 kist logout --all --compat-auth-file new/config.json
    is '{}' "$(jq -c .auths new/config.json)"
}

@test "--compat-auth-file with what it cannot hold, with --authfile, and with a broken file" {
    rc 125 kist login --compat-auth-file c.json --authfile a.json -u u -p p "$AUTH"
    has 'can not be set simultaneously'
    rc 125 kist logout --compat-auth-file c.json --authfile c.json "$AUTH"
    has 'can not be set simultaneously'
    rc 125 kist login --cert-dir "$AUTH_CERTS" --compat-auth-file c.json -u "$REGISTRY_USER" -p "$REGISTRY_PASSWORD" "$AUTH/ns"
    has 'whole registries only'
    rc 125 kist login --cert-dir "$AUTH_CERTS" --compat-auth-file c.json -u "$REGISTRY_USER" -p wrong "$AUTH"
    [ ! -e c.json ]
    echo nonsense >c.json
    rc 125 kist login --cert-dir "$AUTH_CERTS" --compat-auth-file c.json -u "$REGISTRY_USER" -p "$REGISTRY_PASSWORD" "$AUTH"
    has c.json
    is nonsense "$(cat c.json)"
    # docker's own name of docker.io
    echo '{"auths":{"https://index.docker.io/v1/":{"auth":"dTpw"}},"x":1}' >c.json
    rc 0 kist login --compat-auth-file c.json --get-login docker.io
    is u "$stdout"
    rc 0 kist logout --compat-auth-file c.json docker.io
    is '{"auths":{},"x":1}' "$(jq -c . c.json)"
}

@test "logins at once are all kept, and what a killed one left goes with the next" {
    local pids=()
    need_kist
    : >.tmp-auth.json
    for i in {1..12}; do
        kist login --cert-dir "$AUTH_CERTS" -u "$REGISTRY_USER" -p "$REGISTRY_PASSWORD" "$AUTH/space-$i" >"login.$i" 2>&1 &
        pids+=($!)
    done
    # (without a list it would wait for what counts the time of the test, too)
    wait "${pids[@]}"
    is 12 "$(cat login.* | grep -c 'Login Succeeded!')"
    is 12 "$(jq '.auths | length' auth.json)"
    is "" "$(find . -name '.tmp-*')"
}

@test "whoever holds the directory of an auth file, or takes names in it, does not stop a login" {
    local holder
    need_kist
    mkdir -m 755 held
    mkdir -m 1777 open
    mkdir open/.tmp-auth.json
    flock -F held sleep 60 &
    holder=$!
    eventually holds_open "$holder" held
    for dir in held open; do
        rc 0 kist login --cert-dir "$AUTH_CERTS" --authfile "$dir/auth.json" -u "$REGISTRY_USER" -p "$REGISTRY_PASSWORD" "$AUTH"
        rc 0 kist login --authfile "$dir/auth.json" --get-login "$AUTH"
    done
    kill "$holder"
    is "" "$(find held open -name '.tmp-*' -type f)"
}

@test "a wrong password is refused and nothing is written" {
    rc 125 kist login --cert-dir "$AUTH_CERTS" -u "$REGISTRY_USER" -p wrong "$AUTH"
    matches 'invalid username/password|unauthorized|401'
    is null "$(jq -r --arg r "$AUTH" '.auths[$r]' auth.json)"
}

@test "--creds is used once and kept nowhere" {
    rc 0 kist pull -q --cert-dir "$AUTH_CERTS" --creds "$REGISTRY_USER:$REGISTRY_PASSWORD" "$AUTH/busybox"
    is '{}' "$(cat auth.json)"
    rc 125 kist pull --cert-dir "$AUTH_CERTS" --creds "$REGISTRY_USER:wrong" "$AUTH/busybox"
    matches 'unauthorized|authentication required|invalid username/password|401'
}

@test "a login made by docker's config.json is used" {
    mkdir -p "$HOME/.docker"
    jq -n --arg r "$AUTH" --arg a "$(printf '%s' "$REGISTRY_USER:$REGISTRY_PASSWORD" | base64)" '{auths: {($r): {auth: $a}}}' \
        >"$HOME/.docker/config.json"
    unset REGISTRY_AUTH_FILE
    XDG_RUNTIME_DIR=$STORE/xdg rc 0 kist pull -q --cert-dir "$AUTH_CERTS" "$AUTH/busybox"
}

@test "an image that is not there is an error that names it, and leaves nothing" {
    rc 125 kist pull --tls-verify=false "$REGISTRY/not/there:v1"
    has not/there
    matches 'manifest unknown|not found|name unknown'
    rc 125 kist run --tls-verify=false --rm "$REGISTRY/busybox:nosuchtag" true
    has nosuchtag
    rc 0 kist images -q
    is "" "$output"
}

@test "a malformed reference is refused before any connection" {
    local bad
    for bad in 'UPPER/Case' 'a::b' 'x@sha256:12' '' 'x:-tag' '../x' 'a//b'; do
        rc 125 kist pull "$bad"
        matches 'invalid|malformed|reference|repository name'
    done
}

@test "a refused connection names the registry" {
    rc 125 kist pull --tls-verify=false 127.0.0.1:1/busybox
    has 127.0.0.1:1
    matches 'refused|[Cc]ould not connect|[Cc]ouldn.t connect'
}

@test "a registry name that does not resolve is said so" {
    rc 125 timeout 60 "$KIST" ${KIST_FLAGS:-} --root "$ROOT" --runroot "$RUN" pull registry.invalid/busybox
    has registry.invalid
}

@test "a truncated blob is refused and leaves no layer" {
    local layer file
    start_registry "$FILE/regcut"
    registry_push "$FILE/regcut" "$CACHE/oci/busybox" busybox >/dev/null
    layer=$(layer_digest busybox)
    file=$(registry_blob "$FILE/regcut" "$layer")
    truncate -s -1000 "$file"
    rc 125 kist pull --tls-verify=false "$REGISTRY/busybox"
    stop_registry "$FILE/regcut"
    empty_store
}

layer_digest() {
    local m
    m=$(digest_of "$1")
    jq -r '.layers[0].digest' "$CACHE/oci/$1/blobs/sha256/${m#sha256:}"
}

# empty_store: no image, no layer, no temporary file
empty_store() {
    rc 0 kist images -aq
    is "" "$output"
    is 0 "$(find "$ROOT/overlay" -maxdepth 1 -mindepth 1 -type d ! -name l 2>/dev/null | wc -l)"
    is "" "$(find "$ROOT" -type f -size +64k 2>/dev/null)"
}

@test "a blob with another content of the same length is refused by its digest" {
    local file
    start_registry "$FILE/regflip"
    registry_push "$FILE/regflip" "$CACHE/oci/busybox" busybox >/dev/null
    file=$(registry_blob "$FILE/regflip" "$(layer_digest busybox)")
    printf '\377' | dd of="$file" bs=1 seek=5000 conv=notrunc status=none
    rc 125 kist pull --tls-verify=false "$REGISTRY/busybox"
    stop_registry "$FILE/regflip"
    empty_store
}

@test "a config blob with another content is refused by its digest" {
    local file m
    start_registry "$FILE/regconf"
    registry_push "$FILE/regconf" "$CACHE/oci/busybox" busybox >/dev/null
    m=$(digest_of busybox)
    file=$(registry_blob "$FILE/regconf" "$(jq -r .config.digest "$CACHE/oci/busybox/blobs/sha256/${m#sha256:}")")
    sed -i 's/"sh"/"SH"/' "$file"
    rc 125 kist pull --tls-verify=false "$REGISTRY/busybox"
    matches 'digest|checksum'
    stop_registry "$FILE/regconf"
    empty_store
}

@test "a layer that is not a tar is refused" {
    rc 125 kist pull --tls-verify=false "$REGISTRY/badlayer"
    empty_store
}

@test "an interrupted pull leaves nothing, and the next one works" {
    need_kist
    kist_bg pull --tls-verify=false "$REGISTRY/multi" >/dev/null 2>&1
    sleep 0.05
    kill -INT "$BG"
    wait "$BG" || true
    rc 0 kist images
    need_image multi
    rc 0 in_image multi 'cat /last'
    is 9 "$stdout"
}

@test "the layers of a pull reach the disk together" {
    is_root || skip "only as root: strace cannot follow newuidmap"
    rc 0 strace -f -qq -o calls -e trace=syncfs "$KIST" --root "$ROOT" --runroot "$RUN" pull -q --tls-verify=false "$REGISTRY/multi"
    is 1 "$(grep -c syncfs calls)"
    rc 0 in_image multi 'cat /last'
    is 9 "$stdout"
}

@test "four pulls of one image at once all succeed" {
    local i pids=()
    for i in 1 2 3 4; do
        kist pull -q --tls-verify=false "$REGISTRY/multi" >"pull$i" 2>&1 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
    is 1 "$(kist images -q | wc -l)"
    rc 0 in_image multi 'cat /last'
    is 9 "$stdout"
}

@test "an unwritable store is said so" {
    if is_root; then
        mkdir -p ro && mount -t tmpfs -o ro tmpfs ro || skip "cannot mount a tmpfs"
    else
        mkdir -p ro && chmod 555 ro
    fi
    rc 125 kist --root "$STORE/ro/root" pull --tls-verify=false "$REGISTRY/busybox"
    matches 'Read-only file system|read-only file system|[Pp]ermission denied'
    has "$STORE/ro"
    if is_root; then umount ro; fi
}

@test "a full disk is said so and leaves nothing" {
    need_root
    mkdir small
    mount -t tmpfs -o size=1500k tmpfs small || skip "cannot mount a tmpfs"
    rc 125 kist --root "$STORE/small/root" pull --tls-verify=false "$REGISTRY/busybox"
    matches '[Nn]o space left'
    rc 0 kist --root "$STORE/small/root" images -q
    is "" "$stdout"
    is "" "$(find small -type f -size +64k)"
    umount -l small
}
