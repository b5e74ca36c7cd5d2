# SPDX-License-Identifier: Apache-2.0
# The Debian packages that Beseda is built, run and tested with: the only list. Sourced by ./dev.
# shellcheck shell=bash

# group  package[:command]  what it is for
# "a/b" takes the first that Debian knows (12 and 13 differ); with ":command", the command from anywhere will do.
packages='
build  ca-certificates            trust in TLS servers
build  git                        the lint asks it which files are ours
build  gcc                        the C compiler, with its sanitizers
build  libc6-dev                  headers of libc
build  cmake                      the build
build  ninja-build                runs the build
build  ccache                     remembers what was compiled before
build  pkg-config                 finds the libraries
build  libuv1-dev                 libuv: event loop
build  libsqlite3-dev             sqlite3: the default store
build  libpq-dev                  libpq: client of PostgreSQL, the other store
build  libssl-dev                 libcrypto, libssl: TLS, hashes, sealed secrets
build  libyaml-dev                yaml-0.1: the config file
build  libcurl4-openssl-dev       libcurl: HTTP client
build  libargon2-dev              libargon2: passwords
build  libjansson-dev             jansson: judges our JSON reader in a fuzz test
build  libcmocka-dev              cmocka: C unit tests
build  node-llhttp/libllhttp-dev  libllhttp: HTTP parser (Debian 12 has its C sources in node-llhttp)
build  nodejs:node                Node: builds the agent UI, runs stories and benches
build  npm:npm                    fetches what the agent UI is built from
build  curl                       asks besedad whether it is up

postgres  postgresql              PostgreSQL, for private clusters in a folder

test   clang-format               the layout of C code
test   universal-ctags            sizes of functions, for the lint
test   python3                    runs the lint
test   g++                        the SDK header must compile as C++
test   strace                     shows that fdatasync comes before the answer
test   openssl                    makes certificates for TLS tests
test   chromium:chromium          the browser of the web tests
test   fonts-dejavu-core          letters for it
test   fonts-noto-color-emoji     emoji for it

long   clang                      the compiler of the fuzzers
long   libclang-rt-14-dev/libclang-rt-19-dev  libFuzzer and its sanitizers

cleanroom  debootstrap            makes a bare Debian
cleanroom  debian-archive-keyring trust in Debian
'

# Prints the packages of the groups given that are not there, one a line.
packages_missing()
{
	local group package installed have alternative
	installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | sed -n 's/ installed$//p')
	while read -r group package _; do
		[[ -n $group && " $* " == *" $group "* ]] || continue
		[[ $package != *:* ]] || ! command -v "${package#*:}" >/dev/null || continue
		have=
		for alternative in ${package//\// }; do
			! grep -qxF "${alternative%:*}" <<<"$installed" || have=yes
		done
		[[ -n $have ]] || say "${package%:*}"
	done <<<"$packages"
}

# Prints the first of "a/b" that apt knows.
package_choose()
{
	local alternative
	for alternative in ${1//\// }; do
		if [[ -n $(apt-cache show "$alternative" 2>/dev/null) ]]; then
			say "$alternative"
			return
		fi
	done
	die "Debian has no package $1; ./dev is written for Debian 12 and 13"
}

as_root()
{
	if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# packages_install GROUP...: installs what is missing of these groups, and says so.
packages_install()
{
	local missing chosen=() package
	command -v dpkg-query >/dev/null || die "this is no Debian: ./dev installs nothing here, see tests/dev/packages.sh"
	missing=$(packages_missing "$@")
	[[ -n $missing ]] || return 0
	if ((EUID != 0)) && ! command -v sudo >/dev/null; then
		die "these Debian packages are missing; install them as root: ${missing//$'\n'/ }"
	fi
	mkdir -p build
	step "Installing Debian packages: ${missing//$'\n'/ }"
	as_root apt-get -o DPkg::Lock::Timeout=300 update -qq </dev/null
	for package in $missing; do chosen+=("$(package_choose "$package")"); done
	postgres_keep_quiet "${chosen[@]}"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
		install -y -qq --no-install-recommends "${chosen[@]}" </dev/null >build/apt.log 2>&1 ||
		{ tail -n 30 build/apt.log >&2; die "apt-get could not install them (build/apt.log)"; }
	postgres_keep_quiet
}

# Debian starts a server of its own when PostgreSQL is installed; we only want the programs. Called with the packages
# before the installation, without any after it.
postgres_keep_quiet()
{
	local file=/etc/postgresql-common/createcluster.d/beseda.conf
	if [[ " $* " == *" postgresql "* && ! -e /etc/postgresql-common ]]; then
		as_root mkdir -p "${file%/*}"
		say 'create_main_cluster = false' | as_root tee "$file" >/dev/null
	elif (($# == 0)) && [[ -e $file ]]; then
		as_root rm -f "$file"
	fi
}
