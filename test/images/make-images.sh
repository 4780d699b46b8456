#!/bin/bash
# make-images.sh - make the images of the tests, as OCI layouts DIR/oci/NAME, out of Debian packages
# that are installed here (busybox-static) or that apt's own mirror has (debian, nginx).
#   make-images.sh [DIR [NAME...]]   (default DIR ${KIST_TEST_CACHE:-${XDG_CACHE_HOME:-~/.cache}/kist-test}, all images)
# An image is made anew only when this script, oci.bash or odd-layers.py has changed. An image that cannot be made here
# leaves its reason in DIR/oci/NAME.skipped.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=test/images/oci.bash
. "$here/oci.bash"

all=(busybox entry multi badlayer six sixty odd sparse gnusparse linksize debian nginx)
PATH_ENV='PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

die() { echo "make-images: $*" >&2; exit 1; }

# skip NAME REASON: note why an image is not there
skip() {
    echo "$2" >"$out/$1.skipped"
    echo "make-images: $1 skipped: $2" >&2
}

busybox_binary() {
    local file
    for file in /bin/busybox /usr/bin/busybox; do
        [ ! -x "$file" ] || { echo "$file"; return; }
    done
    die "no busybox here: install busybox-static"
}

# busybox_root DIR: busybox with a link for each applet, and the few files of /etc a container wants
busybox_root() {
    local dir=$1 applet
    mkdir -p "$dir"/{bin,dev,etc,home/app,proc,root,run,sys,tmp,usr/bin,usr/sbin,sbin,var/tmp}
    chmod 1777 "$dir/tmp" "$dir/var/tmp"
    chmod 700 "$dir/root"
    cp "$(busybox_binary)" "$dir/bin/busybox"
    chmod 755 "$dir/bin/busybox"
    for applet in $("$dir/bin/busybox" --list); do
        [ "$applet" = busybox ] || ln -s busybox "$dir/bin/$applet"
    done
    printf '%s\n' root:x:0:0:root:/root:/bin/sh nobody:x:65534:65534:nobody:/:/bin/false \
        app:x:1000:1000:app:/home/app:/bin/sh >"$dir/etc/passwd"
    printf '%s\n' root:x:0: tty:x:5: nogroup:x:65534: app:x:1000: extra:x:2000:app >"$dir/etc/group"
    printf 'NAME=busybox\nID=busybox\n' >"$dir/etc/os-release"
}

make_busybox() {
    busybox_root "$work/root"
    layer_add "$work/0.tar" "$work/root"
    oci_compose "$out/busybox" busybox "{Cmd: [\"sh\"], Env: [\"$PATH_ENV\"]}" "$work/0.tar"
}

# ENTRYPOINT, CMD, WORKDIR, USER, ENV, labels and a stop signal, so that each can be seen and overridden
make_entry() {
    busybox_root "$work/root"
    mkdir -p "$work/root/srv/work"
    # shellcheck disable=SC2016
    printf '#!/bin/sh\necho "args: $*"\necho "id: $(id -u):$(id -g)"\necho "cwd: $(pwd)"\necho "color: $COLOR"\n' \
        >"$work/root/entry.sh"
    chmod 755 "$work/root/entry.sh"
    layer_add "$work/0.tar" "$work/root"
    oci_compose "$out/entry" entry "{Entrypoint: [\"/entry.sh\"], Cmd: [\"one\", \"two words\"],
        WorkingDir: \"/srv/work\", User: \"app\", Env: [\"$PATH_ENV\", \"COLOR=green\", \"EMPTY=\"],
        Labels: {\"org.example.kind\": \"entry\"}, StopSignal: \"SIGINT\"}" "$work/0.tar"
}

# step N: a fresh directory for layer N of "multi"
step() {
    rm -rf "$work/step"
    mkdir -p "$work/step"
    cd "$work/step"
}

# ten layers: what a layer can do to the ones below it
make_multi() {
    local i
    busybox_root "$work/root"
    layer_add "$work/0.tar" "$work/root"
    step    # 1: something to remove and replace
    mkdir -p data/dir/sub data/opaque/old data/swap
    echo 1 >data/keep; echo 1 >data/gone; echo 1 >data/replaced; echo 1 >data/dir/sub/file
    echo 1 >data/opaque/old/file; echo 1 >data/opaque/hidden; echo 1 >data/swap/file; echo 1 >data/wasfile
    layer_add "$work/1.tar" .
    step    # 2: whiteouts of a file and of a directory
    mkdir -p data/dir
    : >data/.wh.gone; : >data/dir/.wh.sub
    layer_add "$work/2.tar" .
    step    # 3: an opaque directory with new content
    mkdir -p data/opaque
    : >data/opaque/.wh..wh..opq; echo 3 >data/opaque/new
    layer_add "$work/3.tar" .
    step    # 4: hard links, also to a file of a subdirectory
    mkdir -p links/a links/b
    echo hard >links/a/one; ln links/a/one links/a/two; ln links/a/one links/b/three
    layer_add "$work/4.tar" .
    step    # 5: symbolic links: relative, absolute, dangling, a loop
    mkdir -p sym
    ln -s ../data/keep sym/relative; ln -s /data/keep sym/absolute; ln -s nowhere sym/dangling; ln -s loop sym/loop
    layer_add "$work/5.tar" .
    step    # 6: set-uid, set-gid, sticky, no permission at all; a read-only directory with a file; a fifo
    mkdir -p modes/sticky modes/readonly
    for i in setuid setgid none; do echo x >modes/$i; done
    echo x >modes/readonly/file
    chmod 4755 modes/setuid; chmod 2755 modes/setgid; chmod 1777 modes/sticky; chmod 555 modes/readonly
    mkfifo modes/fifo
    layer_add "$work/6.tar" . --exclude=./modes/none
    chmod 700 modes/readonly
    step; mkdir -p modes; echo x >modes/none
    layer_add "$work/6.tar" . --mode='u=,g=,o=' --exclude=./modes/none/* --no-recursion ./modes/none --exclude=.
    step    # 7: owners and an extended attribute
    mkdir -p owner; echo app >owner/app; echo nobody >owner/nobody; echo x >owner/xattr
    file_with_xattr ./owner/xattr user.kist hello >"$work/7.tar"
    append_one "$work/7.tar" owner/app --owner=1000 --group=1000
    append_one "$work/7.tar" owner/nobody --owner=65534 --group=65534
    step    # 8: odd names: long, spaces, a new line, bytes that are not UTF-8, a leading dash, many levels
    mkdir -p "names/with space"; echo x >"names/with space/ä ö"; echo x >names/$'new\nline'; echo x >names/$'byte\xff'
    echo x >names/-dash; echo x >"names/$(printf 'n%.0s' {1..200})"
    mkdir -p "names/$(printf 'level/%.0s' {1..40})"; echo x >"names/$(printf 'level/%.0s' {1..40})deep"
    layer_add "$work/8.tar" .
    step    # 9: a directory takes a file's place, a file a directory's; a whiteout and a new file of one name
    mkdir -p data/wasfile
    echo 9 >data/wasfile/inside; echo 9 >data/swap; : >data/.wh.replaced; echo 9 >data/replaced; echo 9 >last
    layer_add "$work/9.tar" .
    cd "$work"
    oci_compose "$out/multi" multi "{Cmd: [\"sh\"], Env: [\"$PATH_ENV\"]}" "$work"/{0,1,2,3,4,5,6,7,8,9}.tar
}

# file_with_xattr FILE KEY VALUE: a tar of FILE with an extended attribute, which it need not have on this disk
file_with_xattr() {
    local record length sum
    record=" SCHILY.xattr.$2=$3"$'\n'
    length=$((${#record} + 2))
    record=$length$record
    pax_header "${#record}" '        ' >"$work/pax"
    sum=$(od -An -v -tu1 "$work/pax" | awk '{ for (i = 1; i <= NF; i++) n += $i } END { printf "%06o", n }')
    pax_header "${#record}" "$sum\\0 "
    printf %s "$record"
    head -c $((512 - ${#record})) /dev/zero
    tar --create --format=ustar --mtime="@$oci_epoch" --numeric-owner --owner=0 --group=0 "$1"
}

# pax_header SIZE CHECKSUM: the 512 bytes of a ustar header of type x
pax_header() {
    printf "PaxHeaders/xattr"
    head -c 84 /dev/zero
    printf '0000644\0000000000\0000000000\000%011o\00000000000000\000%b' "$1" "$2"
    printf x
    head -c 100 /dev/zero
    printf 'ustar\00000'
    head -c 247 /dev/zero
}

# append_one TAR FILE OPTION...: one file of the current directory
append_one() {
    local tar=$1 file=$2
    shift 2
    tar --append --file "$tar" --format=posix --mtime="@$oci_epoch" --numeric-owner --owner=0 --group=0 "$@" "./$file"
}

# tower NAME N: N layers, each of which adds, replaces, removes and links a little
tower() {
    local i layers=("$work/0.tar")
    busybox_root "$work/root"
    layer_add "$work/0.tar" "$work/root"
    for ((i = 1; i < $2; i++)); do
        step
        mkdir -p "layers/d$((i % 7))"
        echo "$i" >layers/last; echo "$i" >"layers/$i"; ln "layers/$i" "layers/d$((i % 7))/$i"
        [ "$i" -le 10 ] || : >"layers/.wh.$((i - 10))"
        layer_add "$work/$i.tar" .
        layers+=("$work/$i.tar")
    done
    cd "$work"
    oci_compose "$out/$1" "$1" "{Cmd: [\"sh\"], Env: [\"$PATH_ENV\"]}" "${layers[@]}"
}

# the layers of the one are the lowest of the other
make_sixty() { tower sixty 60; }
make_six() { tower six 6; }

# odd_image NAME LAYER...: busybox and layers that odd-layers.py makes
odd_image() {
    local name=$1 layer layers=("$work/0.tar")
    shift
    command -v python3 >/dev/null || { skip "$name" "python3 is not installed"; return 0; }
    busybox_root "$work/root"
    layer_add "$work/0.tar" "$work/root"
    for layer; do
        "$here/odd-layers.py" "$layer" >"$work/$layer.tar"
        layers+=("$work/$layer.tar")
    done
    oci_compose "$out/$name" "$name" "{Cmd: [\"sh\"], Env: [\"$PATH_ENV\"]}" "${layers[@]}"
}

# all that every engine can unpack, and what only some can
make_odd() { odd_image odd links attrs names frames change; }
make_sparse() { odd_image sparse sparse; }
make_gnusparse() { odd_image gnusparse gnusparse; }
make_linksize() { odd_image linksize linksize; }

# a layer that is no tar at all, although every digest is right
make_badlayer() {
    head -c 4096 /bin/bash | tr '\0' x >"$work/0.tar"
    oci_compose "$out/badlayer" badlayer '{Cmd: ["sh"]}' "$work/0.tar"
}

# bootstrap TAR PACKAGES: a minimal Debian bookworm
bootstrap() {
    local mode=root mirror
    [ "$(id -u)" = 0 ] || mode=unshare
    # shellcheck disable=SC2016
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' |
        sort -u | head -n 1)
    # shellcheck disable=SC2016
    SOURCE_DATE_EPOCH=$oci_epoch mmdebstrap --quiet --mode=$mode --variant=minbase --format=tar ${2:+--include="$2"} \
        --aptopt='Acquire::Check-Valid-Until "false"' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/etc/resolv.conf "$1"/etc/hostname' \
        bookworm "$1" ${mirror:+"$mirror"} </dev/null >"$work/log" 2>&1
}

can_bootstrap() {
    command -v mmdebstrap >/dev/null || { skip "$1" "mmdebstrap is not installed"; return 1; }
    [ "$(id -u)" = 0 ] || command -v newuidmap >/dev/null || { skip "$1" "newuidmap is not installed"; return 1; }
}

make_debian() {
    can_bootstrap debian || return 0
    bootstrap "$cache/debian.tar" '' || { skip debian "mmdebstrap: $(grep -v '^I:' "$work/log" | tail -n 1)"; return 0; }
    cp "$cache/debian.tar" "$work/0.tar"
    oci_compose "$out/debian" debian "{Cmd: [\"bash\"], Env: [\"$PATH_ENV\"]}" "$work/0.tar"
}

# the second layer holds what nginx-light adds to "debian" or changes there
make_nginx() {
    can_bootstrap nginx || return 0
    command -v bsdtar >/dev/null || { skip nginx "bsdtar is not installed"; return 0; }
    [ -s "$cache/debian.tar" ] || { skip nginx "there is no debian image"; return 0; }
    bootstrap "$work/full.tar" nginx-light || { skip nginx "mmdebstrap: $(grep -v '^I:' "$work/log" | tail -n 1)"; return 0; }
    cp "$cache/debian.tar" "$work/0.tar"
    unchanged "$work/0.tar" "$work/full.tar" >"$work/unchanged"
    bsdtar -cf "$work/1.tar" --format pax --exclude-from "$work/unchanged" "@$work/full.tar"
    rm "$work/full.tar"
    oci_compose "$out/nginx" nginx "{Entrypoint: [\"nginx\"], Cmd: [\"-g\", \"daemon off;\"], Env: [\"$PATH_ENV\"],
        ExposedPorts: {\"80/tcp\": {}}, StopSignal: \"SIGQUIT\"}" "$work/0.tar" "$work/1.tar"
}

# unchanged TAR1 TAR2: the files (no directories) that are the same in both, by mode, owner, size, time and name
unchanged() {
    local tar
    for tar; do
        tar --list --verbose --full-time --numeric-owner --quoting-style=literal --file "$tar" | grep -v '^d' |
            sed 's/  */ /g' | LC_ALL=C sort >"$tar.list"
    done
    # bsdtar takes them as patterns, which match anywhere unless ^ and $ hold them
    LC_ALL=C comm -12 "$1.list" "$2.list" | sed -E 's/^([^ ]+ ){5}//; s/ -> .*//; s/ link to .*//; s/[][*?\\]/\\&/g; s/.*/^&$/'
    rm -f "$1.list" "$2.list"
}

# up_to_date NAME...: are all of them there? (Then the cache need not be writable.)
up_to_date() {
    local name
    for name; do [ "$(cat "$out/$name/.stamp" 2>/dev/null)" = "$stamp" ] || return 1; done
}

# build NAME: make one image unless it is there
build() {
    if up_to_date "$1"; then return; fi
    rm -rf "${out:?}/$1" "$out/$1.skipped"
    work=$(mktemp -d "$cache/work.XXXXXX")
    (cd "$work" && "make_$1")
    chmod -R u+rwX "$work" && rm -rf "$work"
    [ ! -d "$out/$1" ] || { echo "$stamp" >"$out/$1/.stamp"; echo "make-images: $1 ($(du -sh "$out/$1" | cut -f 1))"; }
}

cache=${1:-${KIST_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kist-test}}
[ $# = 0 ] || shift
out=$cache/oci
stamp=$(cat "$here/make-images.sh" "$here/oci.bash" "$here/odd-layers.py" | sha256sum | cut -c 1-16)
[ $# -gt 0 ] || set -- "${all[@]}"
if up_to_date "$@"; then exit 0; fi
mkdir -p "$out"
cache=$(readlink -f "$cache")
out=$cache/oci
exec 9>"$cache/lock"
flock 9
umask 022
export LC_ALL=C.UTF-8
for name; do build "$name"; done
