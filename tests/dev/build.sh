# SPDX-License-Identifier: Apache-2.0
# Building: the C code in its four kinds, the web bundle, and the folders of npm. Sourced by ./dev.
# shellcheck shell=bash

# Prints what cmake is given for one kind, one word a line. Release keeps its assertions and its debug symbols.
build_options()
{
	case $1 in
	release) printf '%s\n' -DCMAKE_BUILD_TYPE=RelWithDebInfo ;;
	asan) printf '%s\n' -DCMAKE_BUILD_TYPE=Debug -DBESEDA_SANITIZE=address ;;
	tsan) printf '%s\n' -DCMAKE_BUILD_TYPE=Debug -DBESEDA_SANITIZE=thread ;;
	fuzz) printf '%s\n' -DCMAKE_BUILD_TYPE=Debug -DBESEDA_SANITIZE=address -DBESEDA_FUZZ=ON -DCMAKE_C_COMPILER=clang ;;
	*) die "no kind of build '$1'; there are release, asan, tsan and fuzz" ;;
	esac
	printf '%s\n' '-DCMAKE_C_FLAGS_DEBUG=-O1 -g'
	! command -v ccache >/dev/null || printf '%s\n' -DCMAKE_C_COMPILER_LAUNCHER=ccache
}

# build_kind KIND [TARGET...]: configures when needed, builds. Two of them in one folder wait for each other.
build_kind()
{
	local kind=$1 options
	shift
	options=$(build_options "$kind")
	mkdir -p "build/$kind"
	(
		flock 9
		if [[ ! -f build/$kind/build.ninja || $options != "$(cat "build/$kind/dev-options" 2>/dev/null)" ]]; then
			mapfile -t words <<<"$options"
			cmake -S . -B "build/$kind" -G Ninja --log-level=NOTICE "${words[@]}" || exit
			say "$options" >"build/$kind/dev-options"
		fi
		NINJA_STATUS="[%f/%t] " ninja -C "build/$kind" -j "$jobs" "$@"
	) 9>"build/$kind.lock" 2>&1
}

# npm_install DIR: npm ci, when package-lock.json is not the one that node_modules was made from.
npm_install()
{
	local dir=$1 stamp=$1/node_modules/.beseda-lock
	! cmp -s "$dir/package-lock.json" "$stamp" || return 0
	step "Fetching npm packages for $dir"
	(cd "$dir" && npm ci --no-audit --no-fund --loglevel=error </dev/null) || return
	mkdir -p "$dir/node_modules"
	cp "$dir/package-lock.json" "$stamp"
}

# Prints one source of the web bundle that is newer than file $1.
web_newer_than()
{
	find core/web/ui schemas/api plugins/*/widget \( -name node_modules -o -name dist \) -prune -o -newer "$1" -print \
		-quit 2>/dev/null
}

# The agent UI, the widget and the demo page, when a source is newer than what was built.
build_web()
{
	local ui=core/web/ui stamp=build/web.stamp
	mkdir -p build
	(
		flock 9
		[[ ! -d $ui/dist || ! -f $stamp || -n $(web_newer_than "$stamp") ]] || exit 0
		npm_install "$ui" || exit
		step "Building the web bundle"
		(cd "$ui" && npm run --silent build </dev/null) || exit
		touch "$stamp"
	) 9>build/web.lock
}

dev_build()
{
	local kind=${1:-release}
	build_options "$kind" >/dev/null
	packages_install build
	[[ $kind != fuzz ]] || packages_install long
	build_web || die "the web bundle does not build"
	if [[ $kind == fuzz ]]; then build_kind fuzz fuzzers; else build_kind "$kind"; fi || die "the $kind build fails"
}

dev_clean()
{
	rm -rf build
}

dev_fmt()
{
	packages_install test
	if (($#)); then
		local file
		for file in "$@"; do clang-format -i "$(caller_path "$file")"; done
	else
		python3 tests/lint/lint.py --list-c | xargs -r -d '\n' -P "$jobs" -n 20 clang-format -i
	fi
}

dev_lint()
{
	packages_install test
	python3 tests/lint/lint.py "$@"
}

dev_bench()
{
	local name=${1:-}
	if [[ -z $name ]]; then
		find tests/bench -maxdepth 1 -name '*.js' -printf '%f\n' 2>/dev/null | sed 's/\.js$//' | sort
		return
	fi
	shift
	[[ -f tests/bench/$name.js ]] || die "there is no tests/bench/$name.js"
	dev_build release
	npm_install tests || die "npm ci fails in tests/"
	BESEDA_BIN=$PWD/build/release/core/server/besedad BESEDA_PLUGINS=$PWD/build/release/plugins \
		node "tests/bench/$name.js" "$@"
}
