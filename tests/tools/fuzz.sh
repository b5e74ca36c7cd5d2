#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every fuzzer of build/fuzz for FUZZ_SECONDS (60), two at a time, and ends with "N passed, N failed".
#   fuzz.sh [FILTER]
# New inputs go to build/fuzz/corpus; what crashed, to build/fuzz/found: make it a file of tests/fuzz/corpus and a fix.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${FUZZ_SECONDS:-60}
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

run_one()
{
	local program=$1 name corpus dictionary=()
	name=$(basename "$program")
	corpus=${name#*_}
	corpus=${corpus%_fuzz}
	[[ ! -f tests/fuzz/$corpus.dict ]] || dictionary=("-dict=tests/fuzz/$corpus.dict")
	mkdir -p "build/fuzz/corpus/$corpus" build/fuzz/found
	if "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=0 -verbosity=0 \
		-artifact_prefix="build/fuzz/found/$name-" "${dictionary[@]}" \
		"build/fuzz/corpus/$corpus" "tests/fuzz/corpus/$corpus" >"build/fuzz/found/$name.log" 2>&1; then
		echo "ok   $name"
	else
		echo "FAIL $name (build/fuzz/found/$name.log)"
		tail -n 40 "build/fuzz/found/$name.log"
	fi >"$results/$name"
	cat "$results/$name"
}

mapfile -t programs < <(find build/fuzz -type f -name '*_fuzz' -perm -u+x | grep -E -- "${1:-.}" | sort)
for program in "${programs[@]}"; do
	while (($(jobs -rp | wc -l) >= 2)); do wait -n || true; done
	run_one "$program" &
done
wait
passed=$(cat "$results"/* /dev/null | grep -c '^ok   ' || true)
failed=$((${#programs[@]} - passed))
echo "$passed passed, $failed failed"
((failed == 0))
