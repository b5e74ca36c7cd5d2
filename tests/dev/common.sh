# SPDX-License-Identifier: Apache-2.0
# Words that every part of ./dev uses. Sourced; the current folder is the root of the repository.
# shellcheck shell=bash

jobs=${BESEDA_JOBS:-$(nproc)}

say()
{
	printf '%s\n' "$*"
}

# Begins a step that takes a while.
step()
{
	printf '── %s\n' "$*"
}

die()
{
	printf 'dev: %s\n' "$*" >&2
	exit 1
}

trim()
{
	local s=$1
	s=${s#"${s%%[![:space:]]*}"}
	printf '%s' "${s%"${s##*[![:space:]]}"}"
}

# The absolute path of $1 as the caller meant it: relative to where ./dev was called.
caller_path()
{
	case $1 in
	/*) printf '%s' "$1" ;;
	*) printf '%s/%s' "$caller_dir" "$1" ;;
	esac
}

# The value of option $1; dies when there is none ($# counts what is left on the command line, $1 included).
need_value()
{
	(($2 >= 2)) || die "$1 needs a value"
}
