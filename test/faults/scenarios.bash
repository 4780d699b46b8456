# scenarios.bash - what is done while faults strike (sourced by faults.sh). Of each scenario NAME:
#   prepare_NAME   brings the store in $ROOT, $RUN to where it begins (run once, then copied)
#   op_NAME        sets $op, the arguments of the kist command that is struck
#   redo_NAME      does to its end what the command was to do, however far it had come
#   before_NAME    where it is defined: what is to be done each time, before the command
#   tidy_NAME      where it is defined: what is to be done after the command has succeeded
#   use_NAME       uses what there is now (run last, it may change the store)
# shellcheck shell=bash disable=SC2034

scenarios=(pull load-docker load-oci load-again rmi commit squash prune image-prune tag untag run rm repair push
    login create start exec stop rm-force)
# (with working containers of buildah)
! command -v buildah >/dev/null || scenarios+=(rmi-external prune-build)
# Where other processes and other users' files make a difference to a user.
user_scenarios=(pull rmi commit prune run start exec stop rm-force)

# three layers: what layers can do to the ones below them, in few files, since each costs several calls
make_three() {
    local work=$1 layout=$2 applet
    mkdir -p "$work"/{0,1,2}
    (
        cd "$work/0" || exit
        mkdir -p bin dev etc proc sys tmp data/dir/sub data/opaque/old
        cp "$busybox" bin/busybox
        for applet in sh cat rm; do ln -s busybox "bin/$applet"; done
        echo root:x:0:0:root:/:/bin/sh >etc/passwd
        echo 0 >data/gone; echo 0 >data/dir/sub/file; echo 0 >data/opaque/old/file; echo 0 >data/replaced
        cd "$work/1" || exit
        mkdir -p data/dir data/opaque links
        : >data/.wh.gone; : >data/dir/.wh.sub; : >data/opaque/.wh..wh..opq
        echo 1 >data/opaque/new; echo hard >links/one; ln links/one links/two; ln -s ../data/replaced links/symbolic
        echo x >links/setuid; chmod 4755 links/setuid
        cd "$work/2" || exit
        mkdir data
        echo 2 >data/replaced; echo 2 >last; mkfifo fifo
    )
    layer_add "$work/0.tar" "$work/0"
    layer_add "$work/1.tar" "$work/1"
    layer_add "$work/2.tar" "$work/2" --owner=1000 --group=1000
    oci_compose "$layout" three '{Cmd: ["cat", "/last"], Env: ["PATH=/bin"]}' "$work"/{0,1,2}.tar
}

# one small layer: an image that is there all the time and must stay as it is
make_other() {
    mkdir -p "$1/0/etc"
    echo other >"$1/0/etc/name"
    layer_add "$1/0.tar" "$1/0"
    oci_compose "$2" other '{Cmd: ["none"]}' "$1/0.tar"
}

# make_inputs: images, archives, a registry, all below $W
make_inputs() {
    busybox=$(command -v busybox)
    make_three "$W/made/three" "$W/three"
    make_other "$W/made/other" "$W/other"
    start_registry "$W/reg"
    echo "$REGISTRY" >"$W/registry"
    registry_push "$W/reg" "$W/three" three >/dev/null
    three=$REGISTRY/three:latest
    chmod -R a+rX "$W/three" "$W/other"
    kist load -i "$W/other" >/dev/null
    kist load -i "$W/three" >/dev/null
    kist tag localhost/three "$three" >/dev/null
    kist save -q -o "$W/three.docker" "$three"
    kist save -q --format oci-archive "$three" | gzip -1 >"$W/three.oci.gz"
}

# --- where scenarios begin ------------------------------------------------------------------------------
with_other() { kist load -i "$W/other"; }
with_three() { with_other && kist pull -q --tls-verify=false "$three"; }
with_container() {
    with_three &&
        kist run --name c --network none "$three" sh -c 'echo new >/new; rm /last; rm -r /links; echo 3 >/last'
}
with_both() { with_container && kist commit c localhost/new:1; }

# alone COMMAND...: one at a time of all that are struck. The container of a prepared store has the same ID in each, and
# thereby the same control groups.
alone() { (flock 9 && "$@" 9>&-) 9>"$W/alone"; }
runs() { [ "$(kist run --rm --network none "$1" cat /last)" = "$2" ]; }
has_image() { kist image exists "$1"; }

# --- the scenarios --------------------------------------------------------------------------------------
prepare_pull() { with_other; }
op_pull() { op=(pull -q --tls-verify=false "$three"); }
redo_pull() { kist "${op[@]}"; }
use_pull() { runs "$three" 2; }

prepare_load-docker() { with_other; }
op_load-docker() { op=(load -i "$W/three.docker"); }
redo_load-docker() { kist "${op[@]}"; }
use_load-docker() { runs "$three" 2; }

prepare_load-oci() { with_other; }
op_load-oci() { op=(load -i "$W/three.oci.gz"); }
redo_load-oci() { kist "${op[@]}"; }
use_load-oci() { runs "$three" 2; }

# the image is there, and gets another manifest
prepare_load-again() { with_three; }
op_load-again() { op=(load -i "$W/three.docker"); }
redo_load-again() { kist "${op[@]}"; }
use_load-again() { runs "$three" 2; }

# with a holder on the image
prepare_rmi() { with_three && runs "$three" 2; }
op_rmi() { op=(rmi "$three"); }
redo_rmi() { if has_image "$three"; then kist "${op[@]}"; fi; }
use_rmi() { kist pull -q --tls-verify=false "$three" && runs "$three" 2; }

# two working containers of buildah on the image, and a holder
with_working() {
    local i
    with_three && runs "$three" 2 || return 1
    for i in 1 2; do
        buildah --root "$ROOT" --runroot "$RUN" --storage-driver overlay from --pull-never "$three" || return 1
    done
    # (its own mount of the directory would be copied along)
    umount "$ROOT/overlay" 2>/dev/null || true
}

prepare_rmi-external() { with_working; }
op_rmi-external() { op=(rmi -f "$three"); }
redo_rmi-external() { redo_rmi; }
use_rmi-external() { use_rmi; }

# each of them by itself
prepare_prune-build() { with_working; }
op_prune-build() { op=(system prune -f --build); }
redo_prune-build() { kist "${op[@]}"; }
use_prune-build() { runs "$three" 2; }

prepare_commit() { with_container; }
op_commit() { op=(commit c localhost/new:1); }
# Each commit makes an image of its own: a second one leaves the first without a name.
redo_commit() { kist "${op[@]}" && tidy_commit; }
tidy_commit() { kist image prune -f; }
use_commit() { runs localhost/new:1 3; }

prepare_squash() { with_container; }
op_squash() { op=(commit --squash c localhost/new:1); }
redo_squash() { kist "${op[@]}" && tidy_squash; }
tidy_squash() { kist image prune -f; }
use_squash() { runs localhost/new:1 3; }

prepare_prune() { with_both && kist untag localhost/new:1; }
op_prune() { op=(system prune -a -f); }
redo_prune() { kist "${op[@]}"; }
use_prune() { kist pull -q --tls-verify=false "$three" && runs "$three" 2; }

prepare_image-prune() { with_both && kist tag "$three" localhost/three:again; }
op_image-prune() { op=(image prune -a -f); }
redo_image-prune() { kist "${op[@]}"; }
use_image-prune() { alone kist start -a c && runs "$three" 2; }

prepare_tag() { with_three; }
op_tag() { op=(tag "$three" localhost/other:latest localhost/more:1); }
redo_tag() { kist "${op[@]}"; }
use_tag() { runs localhost/other:latest 2; }

prepare_untag() { with_three && kist tag "$three" localhost/more:1 localhost/more:2; }
op_untag() { op=(untag "$three" localhost/more:1 localhost/more:2); }
redo_untag() {
    local name
    for name in localhost/more:1 localhost/more:2; do
        if has_image "$name"; then kist untag "$name" "$name" || return 1; fi
    done
}
use_untag() { runs "$three" 2; }

prepare_run() { with_three; }
op_run() { op=(run --rm --network none "$three"); }
# A container that was not removed by a killed command is shown, and "rm" removes it.
redo_run() {
    local id
    for id in $(kist ps -aq); do kist rm -f -t 0 "$id" || return 1; done
    runs "$three" 2
}
use_run() { runs "$three" 2; }

prepare_rm() { with_container; }
op_rm() { op=(rm c); }
# What keeps its image in use may stay for the next rm, rmi or prune.
redo_rm() { if kist ps -a --format '{{.Names}}' | grep -qx c; then kist "${op[@]}"; else kist container prune -f; fi; }
use_rm() { kist create --name c "$three" && kist rm c; }

# one layer lost a file, another its link
prepare_repair() {
    with_three &&
        rm "$(find "$ROOT/overlay" -path '*/diff/bin/busybox')" &&
        rm "$ROOT/overlay/l/$(cat "$(dirname "$(dirname "$(find "$ROOT/overlay" -path '*/diff/last')")")/link")"
}
op_repair() { op=(system check --repair --tls-verify=false); }
# A blob that was fetched for nothing is kept for the next pull.
redo_repair() { kist "${op[@]}" && rm -f "$ROOT"/kist/downloads/*; }
use_repair() { runs "$three" 2; }

# each time to another name, since the registry stays as it is
prepare_push() { with_three; }
before_push() { pushed=$REGISTRY/pushed-$RANDOM$RANDOM:latest; }
op_push() { op=(push -q --tls-verify=false "$three" "$pushed"); }
redo_push() { kist "${op[@]}"; }
use_push() { kist pull -q --tls-verify=false "$pushed" && runs "$pushed" 2; }

prepare_login() { with_other; }
op_login() { op=(login --tls-verify=false --authfile "$ROOT/auth.json" -u me -p secret "$REGISTRY"); }
redo_login() { kist "${op[@]}"; }
use_login() { [ "$(kist login --authfile "$ROOT/auth.json" --get-login "$REGISTRY")" = me ]; }

has_container() { kist container exists c; }

prepare_create() { with_three; }
op_create() { op=(create --name c --network none "$three"); }
# What was made may be there without what keeps its image, which its start would make.
redo_create() { { ! has_container || kist rm c; } && kist "${op[@]}"; }
use_create() { [ "$(kist start -a c)" = 2 ]; }

# a container that ends by itself
# (each time another one: the control groups of two at once have the same names when the IDs are the same)
prepare_start() { with_three; }
before_start() { kist create --name c --network none "$three" sh -c 'echo new >/new; cat /last'; }
op_start() { op=(start -a c); }
# Whoever looks after a kill records an end: a whole run records its own.
redo_start() { tidy_start; }
tidy_start() { [ "$(kist start -a c)" = 2 ]; }
use_start() { tidy_start; }

# one that runs, outside of what is struck
# (it waits for somebody to write into the pipe, and ends with the same code whoever ends it)
sleeper() { kist run -d --name c --network none "$three" sh -c 'trap "exit 137" TERM; cat /fifo & wait'; }
ended() { kist stop -t 0 c && [ "$(kist inspect -f '{{.State.Status}}' c)" = exited ]; }

prepare_exec() { with_three; }
before_exec() { sleeper; }
op_exec() { op=(exec c cat /last); }
redo_exec() { [ "$(kist "${op[@]}")" = 2 ] && ended; }
tidy_exec() { ended; }
use_exec() { kist start c && [ "$(kist "${op[@]}")" = 2 ] && ended; }

prepare_stop() { with_three; }
before_stop() { sleeper; }
op_stop() { op=(stop -t 1 c); }
redo_stop() { ended; }
tidy_stop() { ended; }
use_stop() { kist start c && ended; }

prepare_rm-force() { with_three; }
before_rm-force() { sleeper; }
op_rm-force() { op=(rm -f -t 0 c); }
redo_rm-force() { redo_rm; }
use_rm-force() { use_rm; }
