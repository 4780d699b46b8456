#!/bin/bash
# generated.sh - completions and manual pages are what the verb tables say (make gen writes them), and the
# shells and man that are installed can read them.
. "$(dirname "$0")/common.sh"
[ -x bin/kist ] || skip 'bin/kist is not built'

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
contrib/gen.sh bin/kist "$dir" || exit 1
bad=0
diff -rq completions "$dir/completions" || bad=1
diff -rq docs/man "$dir/man" || bad=1
[ $bad = 0 ] || echo 'run: make gen'
bash -n completions/kist.bash || bad=1
! command -v zsh >/dev/null || zsh -n completions/kist.zsh || bad=1
! command -v fish >/dev/null || fish -n completions/kist.fish || bad=1
if command -v groff >/dev/null; then
    groff -man -Tascii -ww docs/man/*.1 2>&1 >/dev/null | grep . && bad=1
fi
exit $bad
