# What podman prints and ends with, command by command: both tools are run and compared. Where 4.3 and 5.4 differ kist
# follows 5.4, and what 4.3 prints otherwise is compared with 5.4 only ("five same ...").

load helpers
load podman

setup_file() { file_setup busybox multi entry; }
teardown_file() { file_teardown; }

setup() {
    test_setup
    need_podman
}

teardown() {
    podman_gone
    test_teardown
}

# --- comparing -----------------------------------------------------------------------------------------
# normal: without the tools' names, IDs of containers, process numbers, and times that pass meanwhile
normal() {
    sed -E "s/\b(kist|podman)\b/TOOL/g; s/\b[0-9a-f]{64}\b/ID64/g; s/\b[0-9a-f]{12}\b/ID12/g
        s/(Less than a|About an?|[0-9]+) (second|minute)s?( ago)?/AGO/g; s/ +/ /g; s/ $//
        s/[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]{8,}( [+-][0-9]{4} [A-Z]+|Z|[+-][0-9:]{5})?/TIME/g"
}

# ran FILTER TOOL ARG...: run it; FILTER is put over its output in $STORE/TOOL.out; sets $code
ran() {
    local -a words
    code=0
    read -ra words <<<"$1"
    "$2" "${@:3}" </dev/null >"$STORE/$2.raw" 2>"$STORE/$2.err" 3>&- || code=$?
    "${words[@]}" <"$STORE/$2.raw" >"$STORE/$2.out"
}

# as FILTER ARG...: both tools end with the same code, and print the same behind FILTER (a command of words)
as() {
    local filter=$1 podman_code
    shift
    ran "$filter" pod "$@"
    podman_code=$code
    ran "$filter" kist "$@"
    if [ "$code" = "$podman_code" ] && cmp -s "$STORE/pod.out" "$STORE/kist.out"; then return 0; fi
    printf '%s: kist ends with %s, podman with %s\n' "$*" "$code" "$podman_code"
    diff "$STORE/pod.out" "$STORE/kist.out" || true
    cat "$STORE/pod.err" "$STORE/kist.err"
    return 1
}

# heading: names of columns, whose widths depend on times
heading() { head -n 1 | tr -s ' '; }
unordered() { normal | sort; }
same() { as cat "$@"; }
alike() { as normal "$@"; }

# errs CODE ARG...: both fail with this code, and say the same on standard error
errs() {
    local want=$1
    shift
    as normal "$@" || return 1
    is "$want" "$code" || return 1
    diff <(normal <"$STORE/pod.err") <(normal <"$STORE/kist.err")
}

# members ARG...: both print JSON with the same members (those that podman has) of the same kinds
members() {
    local shape='[paths(type != "object" and type != "array") as $p | getpath($p) as $v
        | ($p | map(if type == "number" then 0 else . end) | map(tostring) | join(".")) + " " + ($v | type)] | unique[]'
    ran cat pod "$@"
    ran cat kist "$@"
    diff <(jq -r "$shape" "$STORE/pod.raw" | grep -vE "${NOT_OURS:-^$}") \
        <(jq -r "$shape" "$STORE/kist.raw" | grep -vE "${NOT_OURS:-^$}")
}

# five COMMAND...: only beside podman 5
five() { [ "$(podman_major)" -lt 5 ] || "$@"; }

# both_do ARG...: the same by both tools
both_do() {
    pod "$@" >/dev/null
    kist "$@" >/dev/null
}

need_images() {
    local name
    for name in "$@"; do kist pull -q --tls-verify=false "$REGISTRY/$name" >/dev/null; done
    BUSYBOX=$REGISTRY/busybox ENTRY=$REGISTRY/entry MULTI=$REGISTRY/multi
}

# --- images --------------------------------------------------------------------------------------------
@test "images has podman's columns, IDs and sizes" {
    need_images busybox entry multi
    kist tag "$BUSYBOX" foo/bar:1.0 other:2
    same images
    same images -a
    same images --noheading
    same images --no-trunc
    same images --digests
    same images --history
    same images -q
    same images -aq --no-trunc
    same image ls
    same image list -n
}

@test "images formats every field as podman" {
    local field
    need_images busybox entry
    kist tag "$BUSYBOX" foo/bar:1.0
    for field in ID Repository Tag Digest Created CreatedAt CreatedSince CreatedTime Size VirtualSize SharedSize Containers \
        Labels Names History ParentId RepoTags RepoDigests ReadOnly Dangling; do
        same images --format "{{.$field}}"
    done
    same images --format 'table {{.ID}}\t{{.Repository}} {{.Tag}}'
    same images --format 'table {{.ID}}' --noheading
    same images --sort repository --format '{{.Repository}}:{{.Tag}}'
    same images --sort tag --format '{{.Tag}}'
    same images --sort id --format '{{.ID}}'
    same images --sort size --format '{{.Size}}'
    same images --format '{{range .}}{{.ID}} {{end}}'
    same images --format '{{.Nope}}'
    members images --format json
    five same images --format '{{json .}}'
}

@test "images takes podman's filters and names" {
    local filter
    need_images busybox entry
    kist tag "$BUSYBOX" foo/bar:1.0
    for filter in dangling=true dangling=false label=org.example.kind label=org.example.kind=entry label=nope \
        label!=org.example.kind reference=busybox 'reference=*busybox*' 'reference=*/*' 'reference=foo/*' reference=bar:1.0 \
        'reference=*/bar:1.0' reference=localhost/foo/bar 'reference!=busybox' readonly=true readonly=false "before=$ENTRY" \
        "since=$ENTRY" "after=$ENTRY" until=2h until=2020-01-01 until=2035-01-01 containers=true containers=false \
        intermediate=false manifest=true manifest=false id=zz dangling=maybe nope=1 noequals before=nope until=nope; do
        same images --filter "$filter" --format '{{.Repository}}:{{.Tag}}'
    done
    same images --filter reference=busybox --filter reference=entry --format '{{.Repository}}'
    same images --filter reference=busybox --filter dangling=true
    same images busybox
    same images bar
    same images 'foo/*' -q
    same images nope
    errs 125 images -f reference=x busybox
    five same images --filter digest=sha256: --format '{{.Repository}}'
    five same images "$(kist images -q busybox)"
}

@test "nameless images, what stands on them, and the rows of names are podman's" {
    need_images busybox
    kist create --name c --network none "$BUSYBOX" true >/dev/null
    kist commit -q c new:1 >/dev/null
    kist commit -q c new:1 >/dev/null
    kist rm c >/dev/null
    kist untag "$BUSYBOX" >/dev/null
    # of the same second: podman leaves their order to chance
    as unordered images
    as unordered images -a
    as sort images -q --filter dangling=true
    as sort images -aq --filter intermediate=true
    as parents images --format json
    as sort inspect $(kist images -aq) --format '{{.Id}} {{.Parent}}'
}

parents() { jq -r '.[] | .Id + " " + .ParentId' | sort; }

@test "an image is found by the end of its name as podman finds it" {
    local name
    need_images busybox entry
    kist tag "$ENTRY" quay.io/team/app:1 localhost/own docker.io/library/dock:2 other.example/own
    for name in busybox busybox:latest busybox:1 entry app app:1 team/app:1 eam/app:1 pp:1 quay.io/team/app:1 example/team/app:1 \
        own dock dock:2 library/dock:2 "busybox@$(kist inspect -f '{{.Digest}}' "$BUSYBOX")"; do
        same inspect --type image --format '{{.Id}}' "$name"
        same image exists "$name"
    done
    name=$(kist inspect -f '{{.Digest}}' "$ENTRY")
    five same image exists "busybox@$name"
    five same image exists "app:9@$name"
    same run --rm --network none --pull missing busybox echo hi
    same run --rm --network none --pull never busybox echo hi
}

@test "history is podman's" {
    need_images busybox multi
    five same history "$MULTI"
    five same history --no-trunc "$MULTI"
    five same history --format '{{.Size}} {{.CreatedAt}} {{.Tags}}' "$MULTI"
    five same history --format '{{json .}}' "$MULTI"
    five as 'jq -S .' history --format json "$MULTI"
    same history -q "$MULTI"
    same history -q --no-trunc "$MULTI"
    same history --format '{{.ID}} {{.Created}} {{.CreatedBy}} {{.CreatedSince}} {{.Comment}}' "$MULTI"
    errs 125 history nope
}

@test "image inspect is podman's document" {
    local field
    need_images busybox entry multi
    kist tag "$ENTRY" foo/bar:1.0
    as 'jq -S .' image inspect "$ENTRY"
    as 'jq -S .' inspect "$BUSYBOX" "$MULTI"
    for field in .Id .Digest .RepoTags .RepoDigests .Parent .Comment .Created .Config .Config.Env .Config.Cmd .Config.Entrypoint \
        .Config.ExposedPorts .Config.Volumes .Config.Labels .Config.WorkingDir .Config.User .Config.StopSignal .Version .Author \
        .Architecture .Os .Size .VirtualSize .GraphDriver .GraphDriver.Data.UpperDir .RootFS .RootFS.Layers .Labels .Annotations \
        .ManifestType .User .History .NamesHistory .HealthCheck .Config.Nope .Nope; do
        same image inspect --format "{{$field}}" "$ENTRY"
    done
    five errs 125 image inspect nope
    five errs 125 inspect nope
    same inspect nope "$ENTRY" --format '{{.Os}}'
    errs 125 inspect
}

# What podman's own quirks are in the way of is left out: {{.Id}} beside other text, $ as the list of all.
@test "templates give what podman's give" {
    local t failed=0 n=0
    need_images entry
    while IFS= read -r t; do
        n=$((n + 1))
        same inspect --format "$t" "$ENTRY" || failed=1
    done <<'END'
{{index .RepoTags 0}}
{{index .Config.Labels "org.example.kind"}}|{{index .Config.Labels "nope"}}|{{.Config.Labels.nope}}
{{range .Config.Env}}{{.}};{{end}}
{{range $i, $e := .Config.Env}}{{$i}}={{$e}} {{end}}
{{range $k, $v := .Config.Labels}}{{$k}}={{$v}} {{else}}none{{end}}
{{range .Config.Volumes}}x{{else}}none{{end}}
{{range $i, $_ := .Config.Env}}{{if $i}},{{end}}{{.}}{{end}}
{{range .Config.Env}}{{if eq . "EMPTY="}}{{break}}{{end}}{{.}} {{end}}
{{range .Config.Env}}{{if eq . "EMPTY="}}{{continue}}{{end}}{{.}} {{end}}
{{range .History}}{{.CreatedBy}} {{.Created.Year}}{{end}}
{{(index .History 0).CreatedBy}}
{{.Created.Format "2006-01-02T15:04:05Z07:00"}} {{.Created.Unix}} {{.Created.Month}} {{.Created.Weekday}}
{{.Created.Format "Mon Jan _2 03:04:05PM 06 MST -0700"}}
{{json .Config.Env}} {{json .RootFS}} {{json .Created}} {{json .Os}}
{{len .RepoTags}} {{len .Config.Env}} {{len "héllo"}} {{len .Config.Labels}}
{{printf "%s|%q|%-10s|%10s|%.2s" .Os .Os .Os .Os .Os}}
{{printf "%d %5d %-5d| %05d %x %o %b" .Size 1 2 3 255 8 5}}
{{printf "%v %v" .Config.Cmd .Config.Labels}} {{printf "%q" .Config.Cmd}} {{printf "%#v" .Config.Cmd}}
{{printf "%t %c %U %e %f %g" true 65 65 1.5 1.5 1.5}} {{printf "%[2]d %[1]d" 1 2}}
{{printf "%d" "a"}} {{printf "%s"}} {{printf "%s" 1 2}} {{printf "%z" 1}}
{{print 1 2 "x" 3}} {{println "x" 1}}
{{if .Config.Env}}yes{{else}}no{{end}}{{if .Comment}}yes{{else if .Os}}os{{else}}no{{end}}
{{if and (eq .Os "linux") (ne .Architecture "none")}}ok{{end}} {{or .Comment .Os}} {{not .Comment}}
{{with .Config}}{{.Cmd}}{{end}}{{with .Comment}}a{{else}}b{{end}}{{with $x := .Os}}{{$x}}{{end}}
{{join .Config.Env " "}} {{join .RepoTags ","}} {{upper .Os}} {{lower "ABC"}} {{title "hello it's wörld"}}
{{split "a:b:c" ":"}} {{index (split "a:b:c" ":") 1}} {{pad .Os 1 2}}| {{truncate .Digest 12}}
{{slice .RepoTags 0 1}} {{slice "abc" 1 2}} {{index .RepoTags 0 | upper | lower}}
{{html "<a href='x'>"}} {{js "it's"}} {{urlquery "a b&c"}}
{{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge "b" "a"}} {{eq 1 2 1}} {{ne "a" "b"}} {{eq .Created .Created}}
{{block "b" .Os}}[{{.}}]{{end}} {{template "b" 5}}
{{$x := .Os}}{{$x}}{{$x = "y"}}{{$x}} {{"quoted"}} {{`raw`}} {{'a'}} {{1.5}} {{1e3}} {{0x10}} {{true}}
a {{- "b" -}} c {{/* comment */}}d {{- /* trim */ -}} e
one\ttwo\nthree {{.Os}}
table {{.Os}}\t{{.Architecture}} {{.Size}}
{{.Os.Foo}}
{{index .RepoTags 5}}
{{index .RepoTags "a"}}
{{nofunction .Os}}
{{.Os
{{.Os | nofunction}}
{{eq 1 "a"}}
{{upper 1}}
{{join "a"}}
{{if}}x{{end}}
{{$undefined}}
END
    [ "$failed" = 0 ] && [ "$n" -gt 40 ]
    five same inspect --format '{{range 3}}{{.}}{{end}}' "$ENTRY"
}

@test "tag, untag and rmi print and end as podman's" {
    local pair tool
    need_images busybox entry
    errs 125 tag nope x
    errs 125 tag "$BUSYBOX"
    errs 125 untag nope
    errs 1 rmi nope
    errs 0 rmi -i nope
    errs 0 rmi -f nope
    errs 125 rmi
    errs 125 rmi -a x
    same image rm nope nope2
    # each tool on its own copy of the same store
    for tool in pod kist; do
        need_images busybox entry
        kist tag "$BUSYBOX" a:1 b:1
        for pair in 'untag b:1' 'rmi a:1' "rmi $BUSYBOX" 'rmi nope entry' "rmi -f $ENTRY" 'rmi -a'; do
            echo "== $pair"
            # shellcheck disable=SC2086
            "$tool" $pair 2>>"$STORE/$tool.rmi.err" || echo "code $?"
        done | normal >"$STORE/$tool.rmi"
    done
    diff "$STORE/pod.rmi" "$STORE/kist.rmi"
    diff "$STORE/pod.rmi.err" "$STORE/kist.rmi.err"
}

@test "rmi takes nameless images below along, unless --no-prune" {
    local tool
    for tool in pod kist; do
        need_images busybox
        kist create --name c --network none "$BUSYBOX" true >/dev/null
        kist commit -q c below:1 >/dev/null
        kist rm c >/dev/null
        kist create --name c --network none below:1 true >/dev/null
        kist commit -q c top:1 >/dev/null
        kist rm c >/dev/null
        kist untag below:1
        "$tool" rmi top:1 | normal >"$STORE/$tool.rmi"
        is 1 "$(kist images -aq | wc -l)"
    done
    diff "$STORE/pod.rmi" "$STORE/kist.rmi"
    is 3 "$(wc -l <"$STORE/kist.rmi")"
    kist create --name c --network none "$BUSYBOX" true >/dev/null
    kist commit -q c below:1 >/dev/null
    kist rm c >/dev/null
    kist create --name c --network none below:1 true >/dev/null
    kist commit -q c top:1 >/dev/null
    kist rm c >/dev/null
    kist untag below:1
    rc 0 kist rmi --no-prune top:1
    is 2 "$(kist images -aq | wc -l)"
}

@test "pull, save, load and import print and end as podman's" {
    need_images busybox entry
    same pull -q --tls-verify=false "$BUSYBOX"
    same pull -q --tls-verify=false "$BUSYBOX" "$ENTRY"
    same pull -q --arch amd64 --os linux --tls-verify=false "$BUSYBOX"
    alike pull -q --tls-verify=false "$REGISTRY/nope"
    alike pull -q 127.0.0.1:1/x
    errs 125 push nope
    same push -q --tls-verify=false "$BUSYBOX" "$REGISTRY/copy:1"
    kist save -q -o one.tar "$BUSYBOX"
    kist save -q -m -o two.tar "$BUSYBOX" "$ENTRY"
    kist save -q --format oci-archive -o oci.tar "$ENTRY"
    same load -q -i one.tar
    same load -q -i two.tar
    same load -q -i oci.tar
    same load -q -i nope.tar
    errs 125 save nope
    gzip -k one.tar
    five same load -q -i one.tar.gz
    alike import -q one.tar
    alike import -q --arch arm64 one.tar imported:1
    same image inspect imported:1 --format '{{.Architecture}} {{.Os}} {{.RepoTags}}'
    five errs 125 commit nope
    five errs 125 export nope
    alike load -q -i /etc/passwd
}

@test "image tree, exists, diff, mount and prune print and end as podman's" {
    need_images busybox multi
    same image tree "$MULTI"
    same image tree --whatrequires "$BUSYBOX"
    errs 125 image tree nope
    same image exists "$BUSYBOX"
    same image exists nope
    if is_root; then # a user has to be told how to get the right to mount, and the ways differ
        errs 125 image mount nope
        errs 125 image unmount nope
        same image mount
    fi
    same image prune -f
    same image prune -f --filter label=x
    same container prune -f
    alike image prune -f --filter nope=1
    kist untag "$BUSYBOX"
    kist image prune -f >kist.pruned
    kist pull -q --tls-verify=false "$BUSYBOX" >/dev/null
    kist untag "$BUSYBOX"
    pod image prune -f >pod.pruned
    diff pod.pruned kist.pruned
}

@test "system df has podman's columns and counts" {
    need_images busybox entry
    both_do create --name c --network none "$BUSYBOX" true
    as 'head -n 1' system df
    as counts system df --format '{{.Type}} {{.Total}}'
    five as 'jq -r .[0]|keys[]' system df --format json
    as headings system df -v
    five errs 125 system df -v --format json
}

headings() { grep -E '(usage:|NAMES|CONTAINERS|SIZE)$'; }
counts() { grep -vE '^(Other|Containers)'; }

# --- containers: each tool has its own, of the same names ------------------------------------------------
need_containers() {
    need_images busybox entry
    both_do create --name c1 --network none "$BUSYBOX" true
    both_do run -d --name r1 --network none -l app=web -l empty= -e A=1 -v /etc:/hostetc:ro "$BUSYBOX" \
        sh -c 'echo out; echo err >&2; sleep 300'
    pod run --name x3 --network none "$BUSYBOX" sh -c 'exit 3' || true
    kist run --name x3 --network none "$BUSYBOX" sh -c 'exit 3' || true
}

@test "ps has podman's columns, fields and order" {
    local field
    need_containers
    alike ps
    alike ps -a
    alike ps -aq
    alike ps -a --no-trunc
    alike ps -a --noheading
    alike ps -l
    alike ps -n 2
    alike ps -a --sync
    as heading ps -as
    as heading ps --ns
    alike container ls -a
    for field in ID Image ImageID Command Created CreatedAt CreatedHuman RunningFor Status Names Pod PodName Ports Labels Mounts \
        ExitCode Exited AutoRemove IsInfra Networks; do
        alike ps -a --format "{{.Names}} {{.$field}}"
    done
    five alike ps -a --format '{{.Names}} {{.State}} {{.Restarts}} {{.Label "app"}} {{.CIDFile}}'
    alike ps -a --format '{{index .Labels "app"}}'
    alike ps -a --format 'table {{.Names}} {{.Image}}\t{{.Status}}'
    for field in command created image names runningfor; do
        same ps -a --sort "$field" --format '{{.Names}}'
    done
    errs 125 ps -q -s
    errs 125 ps -l -n 2
    NOT_OURS='^(0\.(Networks|StartedAt|Mounts)|.*Size)' five members ps -a --format json
}

@test "ps takes podman's filters" {
    local filter
    need_containers
    for filter in name=r1 name=^r status=running status=exited status=created status=stopped status=paused status=nope \
        exited=3 exited=0 exited=x label=app label=app=web label=nope "ancestor=$BUSYBOX:latest" ancestor=nope before=r1 since=r1 \
        before=nope volume=nope until=1h until=nope health=healthy pod=x restart-policy=nope nope=1 noequals id=zz; do
        same ps -a --filter "$filter" --format '{{.Names}}'
    done
    same ps -a --filter name=r1 --filter name=x3 --format '{{.Names}}'
    same ps -a --filter name=r1 --filter status=exited --format '{{.Names}}'
    same ps -a --filter label=app --filter label=nope --format '{{.Names}}'
    same ps --filter status=exited --format '{{.Names}}'
    five same ps -a --filter label!=app --format '{{.Names}}'
    five same ps -a --filter "ancestor=$BUSYBOX" --format '{{.Names}}'
    five same ps -a --filter name=/r1 --format '{{.Names}}'
}

@test "inspect of a container is podman's document" {
    local field
    need_containers
    # what only podman's own container can have: health, conmon, CDI
    NOT_OURS='CreateCommand|Health|ConmonPid|Cgroup|OCIConfigPath|sdNotify|AdditionalMac|Networks|Ulimits|Annotations|Entrypoint|StopSignal|Ports|Rootless|UseImage|IDMap|Cap|AutoRemoveImage|HostsFile|IntelRdt|KubeExit|lockNumber|Labels' \
        members inspect r1
    for field in .Name .Path .Args .State.Status .State.Running .State.ExitCode .State.OOMKilled .State.Paused .State.Error \
        .State.FinishedAt .Image .ImageName .ImageDigest .Driver .RestartCount .Config.Tty .Config.Cmd .Config.Image \
        .Config.WorkingDir .Config.User .Config.Labels .Config.StopTimeout .HostConfig.NetworkMode .HostConfig.Binds \
        .HostConfig.Memory .HostConfig.Privileged .HostConfig.ReadonlyRootfs .HostConfig.AutoRemove .NetworkSettings.IPAddress \
        .NetworkSettings.Ports .HostConfig.PortBindings .Nope .State.Nope; do
        same container inspect --format "{{$field}}" r1
    done
    same inspect -f '{{range .Mounts}}{{.Type}} {{.Source}}:{{.Destination}} {{.RW}} {{.Propagation}} {{.Options}};{{end}}' r1
    same inspect -f '{{range .Mounts}}{{.Src}} {{.Dst}}{{end}}' r1
    same inspect -f '{{.Name}} {{.State.Running}} {{.State.ExitCode}}' r1 c1 x3
    same inspect -f '{{.State.StartedAt}} {{.State.FinishedAt}}' c1
    same inspect -f '{{if .State.Running}}up{{else}}down{{end}}' r1 c1
    as 'jq -S .' inspect -f '{{json .Mounts}}' r1
    same inspect -l -f '{{.Name}}'
    same container exists r1
    same container exists nope
    five errs 125 image inspect r1
    same container inspect "$BUSYBOX" --format x
}

@test "create, start, exec, kill, stop, wait and rm print and end as podman's" {
    need_containers
    same exec r1 echo hi
    same exec r1 false
    same exec r1 sh -c 'exit 7'
    same exec -e X=1 -w /tmp -u 1000 r1 sh -c 'pwd; id -u; echo $X'
    same exec r1 nope
    rc 126 kist exec r1 /etc # podman's code is its runtime's: 126 or 255
    same exec -w /nope r1 pwd
    five errs 125 exec nope true
    five errs 125 kill nope
    five errs 125 stop nope
    five errs 125 start nope
    five errs 125 wait nope
    rc 1 kist rm nope
    five errs 125 attach nope
    same kill x3
    same kill -s WINCH r1
    errs 0 stop -i nope
    same wait x3
    same wait x3 c1
    same wait --condition exited x3
    same wait --condition running r1
    same wait -i 100ms x3
    same start -a x3
    same start c1
    same stop -t 0 r1
    as sort stop c1 x3
    same wait r1
    same start r1
    same rm c1
    same rm -i gone
    same rm -f gone
    same rm r1
    as sort rm -f -t 0 r1 x3
    errs 125 run --pull never nope true
    same run --rm --network none "$BUSYBOX" nope
    same run --rm --network none "$BUSYBOX" /etc
    same run --rm --network none -u nope "$BUSYBOX" true
    same run --rm --network none "$BUSYBOX" sh -c 'kill -9 $$'
    same run --rm --network none --label-file nope "$BUSYBOX" true
}

@test "rm, stop and start pick by filter and cidfile as podman's" {
    need_images busybox
    both_do create --name f1 --network none -l part=1 "$BUSYBOX" sleep 300
    both_do create --name f2 --network none "$BUSYBOX" sleep 300
    alike start --filter label=part=1
    same ps --format '{{.Names}}'
    alike stop -t 0 --filter status=running
    same ps --format '{{.Names}}'
    alike rm --filter label=part=1
    same ps -a --format '{{.Names}}'
    pod create --name f3 --network none --cidfile pod.cid "$BUSYBOX" true >/dev/null
    kist create --name f3 --network none --cidfile kist.cid "$BUSYBOX" true >/dev/null
    is "$(pod rm --cidfile pod.cid | wc -l)" "$(kist rm --cidfile kist.cid | wc -l)"
    same ps -a --format '{{.Names}}'
    rc 125 kist rm --cidfile nope.cid
    has nope.cid
    rc 0 kist rm -i --cidfile nope.cid
    alike rm --filter nope=1
}

@test "logs selects and marks lines as podman's" {
    need_containers
    both_do run --name e1 --network none "$BUSYBOX" sh -c 'echo one; echo two; echo three'
    same logs e1
    same logs --tail 1 e1
    same logs --tail 0 e1
    same logs --tail -1 e1
    alike logs -t e1
    same logs -n e1
    as unordered logs -n e1 r1
    as unordered logs e1 r1
    same logs --color e1
    same logs --since 1h e1
    same logs --since 2035-01-01T00:00:00Z e1
    same logs --until 2020-01-01T00:00:00Z e1
    same logs -l
    same logs c1
    same logs --tail x e1
    same logs --since nope e1
}

@test "commit, diff and export print and end as podman's" {
    need_images busybox
    both_do run --name d1 --network none "$BUSYBOX" sh -c 'echo x >/new; rm /etc/group; mkdir /srv'
    as sort diff d1
    as 'jq -S .' diff --format json d1
    as sort container diff d1
    alike commit -q d1
    alike commit -q -c 'CMD ["x"]' -c 'LABEL a=b' d1 mine:1
    same image inspect mine:1 --format '{{.Config.Cmd}} {{.Labels}} {{.RepoTags}}'
    alike commit -q -f docker -m hello d1 mine:2
    same image inspect mine:2 --format '{{.Comment}} {{.Config.StopSignal}} {{len .History}}'
    alike commit -q -s d1 mine:3
    same image inspect mine:3 --format '{{.Comment}} {{.Parent}} {{len .RootFS.Layers}} {{len .History}}'
    alike commit -q --include-volumes d1 mine:4
    same image inspect mine:4 --format '{{.Comment}} {{.Config.Volumes}}'
    alike commit -q -f nope d1
    alike commit -q d1 UPPER
    pod export d1 | tar -tf - | sed 's,/$,,' | grep -vE '^(dev|proc|sys|run|etc/(hosts|hostname|resolv.conf|mtab))' | sort >pod.tar.list
    kist export d1 | tar -tf - | sed 's,/$,,' | grep -vE '^(dev|proc|sys|run|etc/(hosts|hostname|resolv.conf|mtab))' | sort >kist.tar.list
    grep -q '^new$' kist.tar.list
    diff pod.tar.list kist.tar.list
}

@test "info and version have podman's members" {
    local field
    for field in .Host.Arch .Host.CgroupsVersion .Host.CPUs .Host.Hostname .Host.Kernel .Host.MemTotal .Host.OS \
        .Host.Distribution.Distribution .Host.Distribution.Version .Host.Security.Rootless .Host.CgroupManager \
        .Host.ServiceIsRemote .Store.GraphDriverName .Store.GraphRoot .Store.RunRoot .Store.ContainerStore.Number \
        .Store.ImageStore.Number .Version.Os .Version.OsArch .Nope .Host.Nope; do
        same info --format "{{$field}}"
    done
    same version --format '{{.Client.Os}} {{.Client.OsArch}}'
    same version --format '{{.Nope}}'
    as 'jq -r .Client|keys-["BuildOrigin"]|.[]' version --format json
    five as 'jq -r .host|keys-["cpuUtilization","freeLocks","variant"]|.[]' info --format json
}

# --- scripts ---------------------------------------------------------------------------------------------
# docker, a link: what continuous integration does with it
docker_link() {
    ln -sf "$KIST" "$STORE/docker"
    docker() { timeout --foreground -k 5 60 "$STORE/docker" --root "$ROOT" --runroot "$RUN" "$@"; }
}

@test "idioms of scripts written for docker work" {
    local id
    docker_link
    need_images busybox entry
    docker image inspect "$BUSYBOX" >/dev/null 2>&1
    rc 125 docker image inspect nope
    [ -n "$(docker images -q "$BUSYBOX")" ]
    [ -z "$(docker images -q nope)" ]
    id=$(docker run -d --name web --network none -l ci=1 "$BUSYBOX" sleep 300)
    is true "$(docker inspect -f '{{.State.Running}}' web)"
    is "$id" "$(docker ps -q --no-trunc --filter name=web)"
    is web "$(docker ps --format '{{.Names}}' --filter label=ci=1)"
    is "$id" "$(docker inspect --format='{{.Id}}' web)"
    echo 'echo from a script' | docker exec -i web sh >out
    is 'from a script' "$(cat out)"
    docker exec web sh -c 'test -d /tmp'
    printf hello >file
    is hello "$(docker run --rm --network none -v "$PWD:/w" -w /w "$BUSYBOX" cat file)"
    is 7 "$(docker wait "$(docker run -d --network none "$BUSYBOX" sh -c 'exit 7')")"
    docker logs --since 10m web
    docker save "$BUSYBOX" | gzip >image.tgz
    docker tag "$BUSYBOX" team/app:latest
    # shellcheck disable=SC2046
    docker rm -f $(docker ps -aq) >/dev/null
    is '' "$(docker ps -aq)"
    docker images -q | sort -u | xargs "$STORE/docker" --root "$ROOT" --runroot "$RUN" rmi -f >/dev/null
    is '' "$(docker images -q)"
    docker load <image.tgz >out
    is "Loaded image: $BUSYBOX:latest" "$(cat out)"
    docker run --rm --network none "$BUSYBOX" true
    docker system prune -af --volumes >out
    grep -q '^Total reclaimed space: ' out
    is '' "$(docker images -q)"
}
