#!/bin/bash
# unit.sh PROGRAM... - runs unit tests (cmocka) and fuzz targets over their stored inputs; TAP on
# standard output: one "ok"/"not ok" line a test, so that check.sh can count them.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1} UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
failed=0
for program; do
	name=$(basename "$program")
	if [[ $name == fuzz_* ]]; then
		inputs=test/fuzz/${name#fuzz_}
		if out=$(timeout 120 "$program" "$inputs" 2>&1); then
			echo "ok - $name: stored inputs, $out"
		else
			echo "not ok - $name: stored inputs in $inputs"
			printf '%s\n' "$out" | sed 's/^/# /' | tail -n 40
			echo "# repeat: $program $inputs"
			failed=1
		fi
		continue
	fi
	if [[ $name == test_registry_live ]]; then
		echo "# $name: needs a registry, test/registry-live.sh runs it"
		continue
	fi
	echo "# $name"
	# cmocka 1.1 says "not ok" of a skipped test; TAP has it as an ok with a directive.
	timeout 180 "$program" | sed -E 's/^not ok (.*# SKIP)/ok \1/'
	code=${PIPESTATUS[0]}
	if ((code != 0)); then
		((code < 124)) || echo "not ok - $name ended with code $code"
		echo "# repeat: $program"
		failed=1
	fi
done
exit $failed
