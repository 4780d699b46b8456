# tty.bash - a real terminal for a test: tmux with a server of its own.
# shellcheck shell=bash disable=SC2154
#
#   term_start COMMAND...   an 80 by 24 terminal that runs COMMAND; its exit code goes to the file "code"
#   term_keys KEY...        as tmux names them: C-c, C-p, Enter; text as it is
#   term_shows TEXT         does the screen show it?
#   term_code               wait for the end, print the exit code
#   term_run ARG...         term_start of a kist command with this test's store

# A server that was told to end still answers on its socket for a moment, so that each terminal has a socket of its own.
term_nr=0
term_tmux() { env -u TMUX tmux -S "$STORE/tmux.$term_nr" -f /dev/null "$@" 3>&- 4>&-; }

term_start() {
    local words
    term_nr=$((term_nr + 1))
    printf -v words '%q ' "$@"
    rm -f "$STORE/code"
    # (bash, whatever the user's shell is: dash ends with a Ctrl-C that its command has taken)
    term_tmux new-session -d -x 80 -y 24 -s t bash -c "cd $STORE; $words; echo \$? >code.tmp; mv code.tmp code; sleep 60"
}

term_keys() { term_tmux send-keys -t t "$@"; }

term_screen() { term_tmux capture-pane -p -t t; }

term_shows() { [[ $(term_screen) == *"$1"* ]]; }

term_code() {
    eventually test -e "$STORE/code" || { echo "still running:"; term_screen; return 1; }
    cat "$STORE/code"
}

term_end() { term_tmux kill-server 2>/dev/null || true; }

# term_run ARG...: a kist command of this test in the terminal
term_run() {
    # shellcheck disable=SC2086
    term_start "$KIST" ${KIST_FLAGS:-} --root "$ROOT" --runroot "$RUN" "$@"
}
