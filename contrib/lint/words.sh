#!/bin/bash
# words.sh - what must not appear in the tree: paths of one machine, notes to oneself, conflict marks. Each
# pattern has brackets in it, so that it does not find itself.
. "$(dirname "$0")/common.sh"

patterns=(
    '/wor[k]/' '\.\./share[d]/' '/home/[a-z]+/sr[c]'
    '\bTOD[O]\b' '\bFIXM[E]\b' '\bXX[X]\b' '\bHAC[K]\b'
    '^<<<<<<[<] ' '^>>>>>>[>] '
    'pyp[i]\.org' 'npmj[s]\.org' 'crate[s]\.io' 'proxy\.golan[g]\.org' 'rubygem[s]\.org'
)
pattern=$(IFS='|'; echo "${patterns[*]}")
bad=$(files '*' | grep -v '^test/fuzz/[^/]*/' | xargs grep -nIE "$pattern")
[ -z "$bad" ] || { printf '%s\n' "$bad"; exit 1; }
