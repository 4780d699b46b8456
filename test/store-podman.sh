#!/bin/bash
# store-podman.sh - the store module and podman, buildah, skopeo on one scratch store (needs root):
# what one side writes the other lists, runs, pushes and deletes. One TAP line a check.
# shellcheck disable=SC2317 # functions are called through check
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

if ((EUID != 0)) || ! command -v podman skopeo busybox >/dev/null; then
	echo "ok - store-podman # SKIP needs root, podman, skopeo and busybox"
	exit 0
fi

tmp=/var/tmp/kist-store-podman-$$
mkdir -m 700 "$tmp" || exit 1
graph=$tmp/graph run=$tmp/run
failed=0 tool=build/rel/storetool
export CONTAINERS_STORAGE_CONF=$tmp/storage.conf
printf '[storage]\ndriver = "overlay"\ngraphroot = "%s"\nrunroot = "%s"\n' "$graph" "$run" \
	>"$CONTAINERS_STORAGE_CONF"

# shellcheck source=test/lib/podman.bash
. test/lib/podman.bash
export CONTAINERS_CONF=$tmp/containers.conf
podman_limits "$CONTAINERS_CONF" # (it is to choose its network itself)

clean() {
	local m
	podman_ unmount --all >/dev/null 2>&1
	while read -r m; do umount -l "$m"; done < <(awk -v t="$tmp/" 'index($5, t) == 1 {print $5}' \
		/proc/self/mountinfo | tac)
	rm -rf "$tmp"
}
trap clean EXIT

podman_() { podman --root "$graph" --runroot "$run" --storage-driver overlay \
	--runtime "$(podman_runtime)" --cgroup-manager cgroupfs --tmpdir "$tmp/tmp" "$@"; }
tool_() { "$tool" "$graph" "$run" "$@"; }

# check NAME COMMAND...: one TAP line; the output of a failed command as comments
check() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then
		echo "ok - store-podman: $name"
	else
		echo "not ok - store-podman: $name"
		printf '%s\n' "$*" "$out" | sed 's/^/# /'
		failed=1
	fi
}
refuses() { ! "$@"; }
same() { [[ $1 == "$2" ]] || { printf '%q is not %q\n' "$1" "$2"; return 1; }; }
has() { [[ $2 == *"$1"* ]] || { printf '%s\nhas no %q\n' "$2" "$1"; return 1; }; }

# The store and what is below it. On a machine without a compiler the one that is there is used.
archives=()
while read -r m; do
	[[ -d pkg/$m ]] && archives+=("build/rel/lib$m.a")
done < <(sed -n '/^store/,$p' docs/layers.txt | tr ' ' '\n' | grep -vE '^(registry|runtime|monitor|config|spec|http|text)$')
if command -v "${CC:-cc}" make >/dev/null; then
	make -s "${archives[@]}" || exit 1
	${CC:-cc} -std=gnu11 -D_GNU_SOURCE -Iinclude -O1 -g -o "$tool" test/store/storetool.c \
		-Wl,--start-group "${archives[@]}" -Wl,--end-group -ljansson -lcap || exit 1
fi

# Three layers: a system, a change with a whiteout, a file with odd properties.
mkdir -p "$tmp"/{one/bin,two/bin,three/etc}
cp "$(command -v busybox)" "$tmp/one/bin/busybox"
for a in sh cat ls echo sleep true; do ln "$tmp/one/bin/busybox" "$tmp/one/bin/$a"; done
mkdir -p "$tmp"/one/{etc,tmp,proc,sys,dev,run}
echo one >"$tmp/one/etc/who"
echo gone >"$tmp/one/etc/gone"
echo two >"$tmp/two/bin/who"
mkdir -p "$tmp/two/etc" && touch "$tmp/two/etc/.wh.gone"
echo three >"$tmp/three/etc/who"
chmod 4711 "$tmp/three/etc/who"
for l in one two three; do
	tar --format=pax --sort=name --numeric-owner --owner=0 --group=0 -C "$tmp/$l" \
		-cf "$tmp/$l.tar" . || exit 1
done

image=localhost/kist/bb:1
check "an image is written" tool_ import $image "$tmp/one.tar" "$tmp/two.tar" "$tmp/three.tar"
id=$(tool_ list | cut -d' ' -f1)
check "podman lists it with its name and ID" \
	same "$image $id" "$(podman_ images --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' | sed s/sha256://)"
check "podman and the store agree on its size" \
	same "$(tool_ list | cut -d' ' -f2)" "$(podman_ image inspect --format '{{.Size}}' $image)"
check "podman inspects it" \
	has '3' "$(podman_ image inspect --format '{{len .RootFS.Layers}}' $image)"
net=$(<"$graph/defaultNetworkBackend")
want=cni
[[ -x /usr/lib/podman/netavark ]] && want=netavark
check "the store chose the network that is installed" same $want "$net"

runs=(run --rm --network none)
out=$(podman_ "${runs[@]}" $image sh -c 'cat /etc/who /bin/who; ls /etc/gone 2>/dev/null || echo no' 2>&1)
check "podman runs it, whiteouts and all" same $'three\ntwo\nno' "$out"
check "podman pushes it by its tar-split" podman_ push -q $image "dir:$tmp/pushed"
check "skopeo copies it out of the store" \
	skopeo copy -q "containers-storage:[overlay@$graph+$run]$image" "oci:$tmp/oci:x"
check "its layers come back with their DiffIDs" tool_ rebuild $image

check "the use of an image is registered" tool_ hold $image
check "a second time changes nothing" tool_ hold $image
holder=$(podman_ ps -a --external --format '{{.Names}} {{.Image}} {{.Status}}')
check "podman shows the holder among external containers" has "kist-${id:0:12} $image" "$holder"
check "podman ps -a does not" same "" "$(podman_ ps -aq)"
check "podman rmi refuses while it is held" refuses podman_ rmi $image
check "podman image prune -a keeps it" podman_ image prune -af
check "podman system prune keeps it" podman_ system prune -af
check "it is still there" has "$id" "$(tool_ list)"
check "buildah shows the holder" has "kist-${id:0:12}" "$(buildah --root "$graph" --runroot "$run" \
	--storage-driver overlay containers -a 2>&1)"

check "podman tags it" podman_ tag $image localhost/pod:1
check "the store sees podman's tag" has "localhost/pod:1" "$(tool_ list)"
check "the store tags it" tool_ tag $image localhost/kist/two:2
check "podman sees the store's tag" has localhost/kist/two "$(podman_ images)"

check "podman loads the very image that left the store" podman_ pull -q "oci:$tmp/oci:x"
check "and it is one image with one more name" same 1 "$(tool_ list | wc -l)"
check "podman imports a tar" podman_ import -q "$tmp/one.tar" localhost/imported:1
check "the store reads podman's image" has localhost/imported:1 "$(tool_ list)"
check "podman's image has a chain to mount" tool_ lowers localhost/imported:1
check "podman's layers come back with their DiffIDs" tool_ rebuild localhost/imported:1
check "both agree on the size" same "$(tool_ list | grep imported | cut -d' ' -f2)" \
	"$(podman_ image inspect --format '{{.Size}}' localhost/imported:1)"
podman_ create -q --name keeper --network none localhost/imported:1 /bin/true >/dev/null 2>&1
check "the store does not delete an image of podman's container" refuses tool_ rmi localhost/imported:1
podman_ rm -f keeper >/dev/null 2>&1
check "and does so without one" tool_ rmi localhost/imported:1
check "podman sees that it is gone" refuses podman_ image exists localhost/imported:1

check "the holder is released" tool_ release $image
check "podman deletes the image then" podman_ rmi -f "$id"
check "nothing is left of it" same "" "$(tool_ list | grep "$id")"
check "no directory, link or record of a layer is left" same "0 0 []" "$(find "$graph/overlay" \
	-mindepth 1 -maxdepth 1 -name '[0-9a-f]*' | wc -l) $(find "$graph/overlay/l" -mindepth 1 | wc -l) $(
	cat "$graph/overlay-layers/layers.json")"

# Both sides at once.
both() {
	local i pids=()
	for i in 1 2; do
		(
			for ((k = 0; k < 6; k++)); do
				tool_ import "localhost/k$i:$k" "$tmp/one.tar" "$tmp/two.tar" || exit 1
				tool_ hold "localhost/k$i:$k" && tool_ release "localhost/k$i:$k" || exit 1
				tool_ gc || exit 1
			done
		) &
		pids+=($!)
	done
	(
		for ((k = 0; k < 6; k++)); do
			podman_ import -q "$tmp/three.tar" "localhost/p:$k" || exit 1
			podman_ images || exit 1
			((k % 2)) && { podman_ rmi "localhost/p:$k" || exit 1; }
		done
		exit 0
	) &
	pids+=($!)
	for i in "${pids[@]}"; do wait "$i" || return 1; done
}
check "store and podman write at once" both
check "and no name is lost" same 5 "$(tool_ list | tr ' ' '\n' | grep -cE '^localhost/(k[12]:5|p:[024])$')"
check "podman still runs the result" same three "$(podman_ "${runs[@]}" localhost/k1:5 sh -c 'echo three' 2>&1)"
if podman system --help 2>/dev/null | grep -q '^ *check '; then # from 5.3 on
	check "podman's own check of the store finds nothing" podman_ system check
fi
exit $failed
