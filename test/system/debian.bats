# Larger images out of Debian packages: a minimal Debian, and nginx on top of it.

load helpers

setup_file() {
    file_setup busybox
    local name
    for name in debian nginx; do
        [ ! -d "$CACHE/oci/$name" ] || registry_push "$FILE/reg" "$CACHE/oci/$name" "$name" >/dev/null
    done
}
teardown_file() { file_teardown; }

# need_large NAME: an image that not every machine can make
need_large() {
    [ -d "$CACHE/oci/$1" ] || skip "no image: $(cat "$CACHE/oci/$1.skipped" 2>/dev/null || echo "not made")"
    need_image "$1"
}

answers() { [[ $(curl -s --max-time 2 "http://127.0.0.1:$1/") == *"Welcome to nginx"* ]]; }

@test "a minimal Debian runs bash, apt and dpkg" {
    need_large debian
    rc 0 kist run --rm --network none "$IMG" bash -c 'dpkg -l | grep -c ^ii; apt-get --version | head -n 1; . /etc/os-release; echo $VERSION_CODENAME'
    has bookworm
    matches '^apt '
}

@test "files of every package are whole" {
    need_large debian
    rc 0 kist run --rm --network none "$IMG" bash -c 'cd / && md5sum --quiet -c /var/lib/dpkg/info/coreutils.md5sums 2>/dev/null | grep -v share/ || true'
    is "" "$stdout"
}

@test "nginx serves, logs, and ends cleanly by its own stop signal" {
    need_large nginx
    local port=$((20000 + RANDOM % 20000))
    printf 'server { listen 127.0.0.1:%s; root /var/www/html; index index.nginx-debian.html; access_log /dev/stdout; }\n' "$port" >site
    rc 0 kist run -d --name web --network host -v "$STORE/site:/etc/nginx/sites-enabled/default:ro" "$IMG"
    eventually answers "$port" || { kist logs --tail 5 web; false; }
    eventually log_has web 'GET / HTTP'
    rc 0 kist stop -t 10 web
    rc 0 kist inspect --format '{{.State.ExitCode}}' web
    is 0 "$stdout"
}

@test "layers of two images are shared" {
    need_large debian
    need_large nginx
    rc 0 bash -c "find '$ROOT/overlay' -maxdepth 1 -mindepth 1 -type d ! -name l | wc -l"
    is 2 "$stdout"
}
