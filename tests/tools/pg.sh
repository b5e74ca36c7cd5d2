#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A private PostgreSQL in a folder, on a unix socket that nobody else may enter.
#   pg.sh start DIR [--fsync=off]      makes the cluster when there is none, starts it when it is down, prints its URL
#   pg.sh url DIR                      prints the URL: database beseda, user beseda, all rights, no password
#   pg.sh stop DIR [--immediate]       --immediate is a crash: no checkpoint, recovery at the next start
#   pg.sh restart DIR [--immediate]
#   pg.sh remove DIR                   stops it and deletes everything
# PostgreSQL refuses to run as root; root lends it to the user postgres that Debian's package made.
set -euo pipefail

die()
{
	printf 'pg: %s\n' "$*" >&2
	exit 1
}

find_programs()
{
	local found
	found=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	[[ -x $found/pg_ctl ]] || die "no PostgreSQL in /usr/lib/postgresql; install the package postgresql"
	printf '%s' "$found"
}

# Runs a command as the user that owns the cluster, away from our folder, which that user may not be allowed to see.
as_owner()
{
	if ((EUID == 0)); then
		(cd / && HOME=/nonexistent setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@")
	else
		"$@"
	fi
}

# The folder for what the owner must reach. It is DIR itself, or one of the owner's with a link from DIR to it, when the
# owner cannot come to DIR (below /root).
make_folder()
{
	[[ ! -e $dir ]] || return 0
	mkdir -p "$(dirname "$dir")"
	if as_owner test -x "$(dirname "$dir")"; then
		mkdir "$dir"
	else
		ln -s "$(mktemp -d /var/lib/postgresql/beseda-XXXXXXXX)" "$dir"
	fi
	chmod 700 "$dir/"
	((EUID != 0)) || chown postgres:postgres "$dir/"
}

# A socket's path has at most 107 bytes: from a deep folder it moves to /tmp.
socket_folder()
{
	local sum
	if ((${#real} <= 80)); then
		printf '%s' "$real"
	else
		sum=$(printf '%s' "$real" | sha256sum)
		printf '/tmp/beseda-pg-%s' "${sum:0:16}"
	fi
}

is_up()
{
	as_owner "$bin/pg_ctl" status -D "$real/cluster" >/dev/null 2>&1
}

url()
{
	printf 'postgres:///beseda?host=%s&user=beseda\n' "${socket// /%20}"
}

init()
{
	local sync=()
	[[ $fsync == on ]] || sync=(--no-sync)
	as_owner "$bin/initdb" -D "$real/cluster" -U beseda --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
		"${sync[@]}" </dev/null >"$real/initdb.log" 2>&1 || { cat "$real/initdb.log" >&2; die "initdb failed"; }
}

start()
{
	local fresh=
	if is_up; then
		url
		return
	fi
	if [[ ! -f $real/cluster/PG_VERSION ]]; then
		init
		fresh=yes
	fi
	if [[ $socket != "$real" ]]; then
		as_owner mkdir -p -m 700 "$socket"
	fi
	as_owner "$bin/pg_ctl" start -w -t 60 -s -D "$real/cluster" -l "$real/postgres.log" \
		-o "-k '$socket' -c listen_addresses='' -c fsync=$fsync -c unix_socket_permissions=0700" </dev/null >/dev/null 2>&1 ||
		{ as_owner tail -n 20 "$real/postgres.log" >&2; die "PostgreSQL did not start in $dir"; }
	[[ -z $fresh ]] || as_owner "$bin/createdb" -h "$socket" -U beseda beseda
	url
}

stop()
{
	! is_up || as_owner "$bin/pg_ctl" stop -w -t 60 -s -m "$mode" -D "$real/cluster"
}

remove()
{
	mode=immediate
	stop
	rm -rf "$real" "$dir"
	[[ $socket == "$real" ]] || rm -rf "$socket"
}

(($# >= 2)) || die "usage: pg.sh start|url|stop|restart|remove DIR [--fsync=off] [--immediate]"
verb=$1
dir=$(realpath -ms "$2")
shift 2
fsync=on
mode=fast
for option in "$@"; do
	case $option in
	--fsync=on | --fsync=off) fsync=${option#*=} ;;
	--immediate) mode=immediate ;;
	*) die "unknown option $option" ;;
	esac
done
case $verb in
start) make_folder ;;
url) ;;
stop | restart | remove) [[ -e $dir ]] || { [[ $verb != restart ]] || die "there is no cluster in $dir"; exit 0; } ;;
*) die "unknown verb $verb" ;;
esac
bin=$(find_programs)
real=$(realpath -m "$dir")
socket=$(socket_folder)
case $verb in
restart)
	stop
	start >/dev/null
	;;
*) "$verb" ;;
esac
