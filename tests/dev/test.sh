# SPDX-License-Identifier: Apache-2.0
# ./dev test: runs every suite, counts, and ends with one plain line. Sourced by ./dev.
# shellcheck shell=bash

out=build/test
passed=0
failed=0
filter=
summary=()

# logged NAME COMMAND...: runs it, shows its output and keeps it in build/test.
logged()
{
	local name=$1
	shift
	step "$name"
	"$@" 2>&1 | tee "$out/${name// /-}.out"
}

# must NAME COMMAND...: a step that counts only when it fails.
must()
{
	logged "$@" && return
	failed=$((failed + 1))
	summary+=("$(printf '%-22s failed' "$1")")
	return 1
}

# suite NAME COMMAND...: the command's last line is "N passed, N failed"; one that ends otherwise is one failure.
suite()
{
	local status=0 good=0 bad=0 began=$SECONDS
	logged "$@" || status=$?
	if [[ $(tail -n 1 "$out/${1// /-}.out") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		good=${BASH_REMATCH[1]} bad=${BASH_REMATCH[2]}
	else
		status=1
	fi
	# With a filter a suite may have nothing to do; without one, that is a suite that fell away.
	[[ -n $filter ]] || ((good + bad > 0)) || { say "no test has run in '$1'"; status=1; }
	((status == 0 || bad > 0)) || bad=1
	passed=$((passed + good)) failed=$((failed + bad))
	summary+=("$(printf '%-22s %5d passed %5d failed %5d s' "$1" "$good" "$bad" $((SECONDS - began)))")
	((bad == 0))
}

run_ctest()
{
	local kind=$1 status=0
	shift
	rm -f "$PWD/$out/ctest-$kind.xml"
	ctest --test-dir "build/$kind" -j 2 --output-on-failure --timeout 120 --no-tests=ignore \
		--output-junit "$PWD/$out/ctest-$kind.xml" ${filter:+-R "$filter"} "$@" || status=$?
	python3 tests/tools/junit_count.py "$out/ctest-$kind.xml" "$status"
}

# ThreadSanitizer wants to know where memory lies; without this, some kernels put it elsewhere.
run_ctest_tsan()
{
	local fixed=()
	! setarch "$(uname -m)" -R true 2>/dev/null || fixed=(setarch "$(uname -m)" -R)
	export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
	ctest() { "${fixed[@]}" "$(type -P ctest)" "$@"; }
	run_ctest tsan -L "$thread_rooms"
}

# What runs on threads, and is therefore tested once more under ThreadSanitizer (tests/CMakeLists.txt: thread_tests).
thread_rooms='^(base|loop|store|channel)$'

# With a filter: whether any of these tests bears such a name (the names are known before anything is built).
tsan_is_wanted()
{
	[[ -z $filter ]] || ctest --test-dir build/asan -N -L "$thread_rooms" -R "$filter" | grep 'Test *#' >/dev/null
}

node_files()
{
	local suite found=()
	for suite in "$@"; do [[ ! -d tests/$suite ]] || found+=("tests/$suite"); done
	((${#found[@]} == 0)) || find "${found[@]}" -name node_modules -prune -o -name '*.test.js' -print | sort |
		grep -E -- "${filter:-.}" || true
}

# run_node TIMEOUT SUITE...
run_node()
{
	local timeout=$1 files
	shift
	mapfile -t files < <(node_files "$@")
	((${#files[@]})) || { say "0 passed, 0 failed"; return; }
	BESEDA_BIN=$PWD/build/asan/core/server/besedad BESEDA_PLUGINS=$PWD/build/asan/plugins \
		ASAN_OPTIONS="$ASAN_OPTIONS:log_path=$PWD/$out/sanitizer/report" \
		UBSAN_OPTIONS="$UBSAN_OPTIONS:log_path=$PWD/$out/sanitizer/report" \
		tests/tools/run-node-tests.js --jobs 2 --timeout "$timeout" "${files[@]}"
}

# What the servers of the Node suites had to report, also where a test did not look.
no_sanitizer_reports()
{
	local report bad=0
	for report in "$out"/sanitizer/*; do
		[[ -s $report ]] || continue
		bad=$((bad + 1))
		head -n 60 "$report"
	done
	if ((bad)); then say "0 passed, $bad failed"; else say "1 passed, 0 failed"; fi
	((bad == 0))
}

# One PostgreSQL for the C suites, on its own socket.
postgres_start()
{
	trap 'tests/tools/pg.sh remove "$PWD/$out/pg"' EXIT
	tests/tools/pg.sh remove "$PWD/$out/pg"
	BESEDA_TEST_PG=$(tests/tools/pg.sh start "$PWD/$out/pg") || die "PostgreSQL does not start"
	export BESEDA_TEST_PG
}

test_c()
{
	must "build asan" build_kind asan || return 0
	suite "unit tests asan" run_ctest asan || true
	tsan_is_wanted || return 0
	! must "build tsan" build_kind tsan thread_tests || suite "unit tests tsan" run_ctest_tsan || true
}

test_node()
{
	local suites=(stories api web store faults)
	rm -rf "$out/sanitizer"
	mkdir -p "$out/sanitizer"
	suite "node suites" run_node 300 "${suites[@]}" || true
	[[ -z $long ]] || suite "long runs" run_node 1800 long || true
	[[ -n $filter ]] || suite "sanitizer reports" no_sanitizer_reports || true
}

test_fuzz()
{
	! must "build fuzz" build_kind fuzz fuzzers || suite "fuzzers" tests/tools/fuzz.sh ${filter:+"$filter"} || true
}

finish()
{
	step "summary"
	printf '%s\n' "${summary[@]}"
	if ((passed + failed == 0)); then
		say "no test has run${filter:+: none is named like $filter}"
		failed=1
	fi
	say "$passed passed, $failed failed"
	((failed == 0))
}

dev_test()
{
	local long=
	while (($#)); do
		case $1 in
		--long) long=yes ;;
		-*) die "unknown option $1; see ./dev help" ;;
		*) filter=$1 ;;
		esac
		shift
	done
	packages_install build test postgres ${long:+long}
	mkdir -p "$out"
	export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
	export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
	must "npm packages" npm_install tests || true
	suite "lint" python3 tests/lint/lint.py ${filter:+"$filter"} || true
	must "web bundle" build_web || true
	[[ -n $filter ]] || must "web types" npm --prefix core/web/ui run --silent check || true
	postgres_start
	test_c
	test_node
	[[ -z $long ]] || test_fuzz
	finish
}
