#!/bin/bash
# deps.sh - install with the distribution's package manager what kist needs.
#   deps.sh build    to build it
#   deps.sh check    to build and test it
#   deps.sh bench    to build it and measure it against its peers
#   deps.sh quick    to build it and run the quick start
# Does nothing, and needs no root, when everything is there. apt is tried; dnf and apk are untried.
set -euo pipefail

# packages MANAGER WHAT: the names of one list. Untried: dnf's and apk's are from Fedora's and Alpine's package lists.
packages() {
    case $1-$2 in
    apt-get-build) echo gcc make pkgconf libc6-dev libcurl4-openssl-dev libssl-dev libjansson-dev libarchive-dev \
        libseccomp-dev libcap-dev libmount-dev libnl-3-dev libnl-route-3-dev libisal-dev libzstd-dev uidmap ;;
    apt-get-quick) echo busybox-static docker-registry jq curl ca-certificates ;;
    apt-get-check) packages "$1" quick
        echo libcmocka-dev bats python3 openssl apache2-utils tmux bsdutils util-linux procps iproute2 libcap2-bin mmdebstrap libarchive-tools \
            xz-utils bzip2 zstd podman buildah skopeo fuse-overlayfs runc crun conmon socat strace shellcheck e2fsprogs ;;
    apt-get-bench) packages "$1" quick; echo bubblewrap isal podman python3 runc crun conmon openssl util-linux ;;
    dnf-build) echo gcc make pkgconf-pkg-config glibc-devel libcurl-devel openssl-devel jansson-devel libarchive-devel \
        libseccomp-devel libcap-devel libmount-devel libnl3-devel isa-l-devel libzstd-devel shadow-utils ;;
    dnf-quick) echo busybox docker-distribution jq curl ca-certificates ;;
    dnf-check) packages "$1" quick
        echo libcmocka-devel bats python3 openssl httpd-tools tmux util-linux procps-ng iproute libcap bsdtar podman buildah skopeo \
            xz bzip2 zstd fuse-overlayfs runc crun conmon socat strace ShellCheck e2fsprogs ;;
    dnf-bench) packages "$1" quick; echo bubblewrap isa-l-tools podman python3 runc crun conmon openssl ;;
    apk-build) echo gcc make pkgconf musl-dev curl-dev openssl-dev jansson-dev libarchive-dev libseccomp-dev libcap-dev \
        util-linux-dev libnl3-dev isa-l-dev zstd-dev shadow-subids ;;
    apk-quick) echo busybox-static docker-registry jq curl ca-certificates bash coreutils tar ;;
    apk-check) packages "$1" quick
        echo cmocka-dev bats python3 openssl apache2-utils tmux util-linux procps iproute2 libcap libarchive-tools podman buildah skopeo fuse-overlayfs runc \
            crun conmon socat strace shellcheck xz bzip2 zstd e2fsprogs ;;
    apk-bench) packages "$1" quick; echo bubblewrap isa-l-tools podman python3 runc crun conmon openssl ;;
    esac
}

die() { echo "deps: $*" >&2; exit 1; }

find_manager() {
    local m
    for m in apt-get dnf apk; do
        ! command -v "$m" >/dev/null || { echo "$m"; return; }
    done
    die "no apt-get, dnf or apk here: install by hand what ${BASH_SOURCE[0]} lists"
}

# missing PACKAGE...: those that are not installed
missing() {
    local package
    for package; do installed "$package" || echo "$package"; done
}

# shellcheck disable=SC2016
installed() {
    case $manager in
    apt-get) [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
    dnf) rpm -q --quiet --whatprovides "$1" ;;
    apk) apk info -q -e "$1" ;;
    esac
}

# A package's own service must not start: docker-registry would listen on every address.
policy=/usr/sbin/policy-rc.d
forbid_services() {
    [ ! -e "$policy" ] || return 0
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
}

install_apt() {
    forbid_services
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$@"
}

install_all() {
    case $manager in
    apt-get) install_apt "$@" ;;
    dnf) echo "deps: dnf is untried" >&2; dnf install -y --setopt=install_weak_deps=False "$@" ;;
    apk) echo "deps: apk is untried" >&2; apk add --no-interactive "$@" ;;
    esac
}

# as_root: run this script again through sudo if that asks for no password, else say what to do
as_root() {
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        exec sudo -n "$(readlink -f "$0")" "$what"
    fi
    die "these packages are missing: ${want[*]}
deps: ask root for: $manager install ${want[*]}
deps: or run as root: $(readlink -f "$0") $what"
}

[ $# = 1 ] || die "usage: deps.sh build|check|bench|quick"
what=$1 manager=$(find_manager)
case $what in
build) names=$(packages "$manager" build) ;;
quick | check | bench) names="$(packages "$manager" build) $(packages "$manager" "$what")" ;;
*) die "build, check, bench or quick, not '$what'" ;;
esac
# shellcheck disable=SC2086
mapfile -t want < <(missing $names)
[ ${#want[@]} -gt 0 ] || exit 0
[ "$(id -u)" = 0 ] || as_root
echo "deps: installing ${want[*]}"
log=$(mktemp)
install_all "${want[@]}" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    die "$manager failed (all of its output: $log)"
}
rm -f "$log"
