# A terminal: what a person at a keyboard does.

load helpers
load tty

setup_file() { file_setup busybox; }
teardown_file() { file_teardown; }

setup() {
    test_setup
    need_image
}

teardown() {
    term_end
    test_teardown
}

shell_ready() { eventually term_shows '/ #' || { term_screen; return 1; }; }

# detach: as a person types it
detach() {
    term_keys C-p
    sleep 0.2
    term_keys C-q
}

@test "run -it gives a shell on a terminal" {
    term_run run --rm -it --network none "$IMG" sh
    shell_ready
    term_keys 'tty; echo t''e''st' Enter
    eventually term_shows /dev/pts/
    term_keys 'exit 5' Enter
    is 5 "$(term_code)"
}

@test "Ctrl-C interrupts the command in the container, not kist" {
    term_run run --rm -it --network none "$IMG" sh
    shell_ready
    term_keys 'sleep 300' Enter
    sleep 0.5
    term_keys C-c
    term_keys 'echo a''live $((40+2))' Enter
    eventually term_shows 'alive 42'
    term_keys 'exit 0' Enter
    is 0 "$(term_code)"
}

@test "Ctrl-C ends a container without a terminal of its own" {
    term_run run --rm --network none "$IMG" sh -c 'trap "exit 130" INT; echo ready; while :; do sleep 0.1; done'
    eventually term_shows ready
    term_keys C-c
    is 130 "$(term_code)"
}

@test "Ctrl-D ends the shell" {
    term_run run --rm -it --network none "$IMG" sh
    shell_ready
    term_keys C-d
    is 0 "$(term_code)"
}

@test "Ctrl-P Ctrl-Q detaches and leaves the container running" {
    term_run run -it --name c --network none "$IMG" sh
    shell_ready
    detach
    is 0 "$(term_code)"
    rc 0 kist ps --format '{{.Names}}'
    is c "$stdout"
}

@test "both detach keys may come in one read" {
    need_kist
    term_run run -it --name c --network none "$IMG" sh
    shell_ready
    term_keys C-p C-q
    is 0 "$(term_code)"
}

@test "a lone Ctrl-P reaches the container with the next key" {
    term_run run --rm -it --network none "$IMG" sh -c 'stty raw -echo; head -c 2 | od -An -tx1; stty sane'
    sleep 1
    term_keys C-p
    sleep 0.2
    term_keys x
    eventually term_shows '10 78'
    is 0 "$(term_code)"
}

@test "after a detach start -a -i attaches again" {
    term_run run -it --name c --network none "$IMG" sh
    shell_ready
    term_keys 'X=kept' Enter
    detach
    is 0 "$(term_code)"
    term_end
    term_run start -ai c
    sleep 0.5
    term_keys Enter
    shell_ready
    term_keys 'echo $X-value' Enter
    eventually term_shows kept-value
    term_keys 'exit 3' Enter
    is 3 "$(term_code)"
}

@test "--detach-keys changes the keys" {
    term_run run -it --detach-keys ctrl-x,y --name c --network none "$IMG" sh
    shell_ready
    term_keys C-x
    sleep 0.2
    term_keys y
    is 0 "$(term_code)"
    rc 0 kist ps --format '{{.Names}}'
    is c "$stdout"
}

@test "the container's terminal has the window's size, and follows it" {
    term_run run --rm -it --network none "$IMG" sh
    shell_ready
    term_keys 'stty size' Enter
    eventually term_shows '24 80'
    term_tmux resize-window -t t -x 100 -y 30
    sleep 0.5
    term_keys 'stty size' Enter
    eventually term_shows '30 100'
    term_keys exit Enter
    term_code
}

@test "exec -it gives a terminal in a running container, with the window's size" {
    started c
    term_run exec -it c sh
    shell_ready
    term_keys 'tty; stty size' Enter
    eventually term_shows /dev/pts/
    eventually term_shows '24 80'
    term_keys 'exit 7' Enter
    is 7 "$(term_code)"
}

@test "the terminal is as it was when kist has ended" {
    term_start sh -c "stty -g >before; '$KIST' ${KIST_FLAGS:-} --root '$ROOT' --runroot '$RUN' run --rm -it --network none '$IMG' true; stty -g >after"
    is 0 "$(term_code)"
    is "$(cat before)" "$(cat after)"
}

@test "the terminal is as it was when kist is killed by TERM" {
    term_start sh -c "stty -g >before; '$KIST' ${KIST_FLAGS:-} --root '$ROOT' --runroot '$RUN' run --rm -it --name c --network none '$IMG' sh -c 'echo \$\$ started; exec sleep 300' ; stty -g >after"
    eventually term_shows started
    kist kill -s KILL c
    term_code
    is "$(cat before)" "$(cat after)"
}

@test "-t without -i shows output and takes no input" {
    term_run run --rm -t --network none "$IMG" sh -c 'tty; read -t 1 x || echo nothing'
    eventually term_shows /dev/pts/
    is 0 "$(term_code)"
}

@test "-it with standard input that is no terminal is an error or works as a pipe, as podman's" {
    rc 0 kist run --rm -t --network none "$IMG" echo ok </dev/null
    is $'ok' "${stdout%$'\r'}"
}

@test "TERM is in the environment with -t" {
    rc 0 kist run --rm -t --network none "$IMG" sh -c 'echo $TERM' </dev/null
    is xterm "${stdout%$'\r'}"
}

@test "login asks for name and password at the terminal and does not show the password" {
    start_registry "$FILE/regauth" tls auth
    term_run login --cert-dir "$REGISTRY_CERTS" "$REGISTRY"
    eventually term_shows 'Username'
    term_keys "$REGISTRY_USER" Enter
    eventually term_shows 'Password'
    term_keys "$REGISTRY_PASSWORD" Enter
    eventually term_shows 'Login Succeeded!'
    if term_shows "$REGISTRY_PASSWORD"; then return 1; fi
    is 0 "$(term_code)"
    stop_registry "$FILE/regauth"
}
