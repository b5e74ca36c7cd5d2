# SPDX-License-Identifier: Apache-2.0
# Running besedad for a person: up, down, status, logs. Sourced by ./dev.
# shellcheck shell=bash
#
# In the data folder: besedad.pid, besedad.log; dev.conf, what the last `up` was told (a later one keeps to it);
# dev.started, the programs and settings that the running besedad was started with; pg/, the private PostgreSQL.

besedad=build/release/core/server/besedad
data=$PWD/data
foreground=
declare -A conf=([store]=sqlite [port]=8080 [public_url]='')

conf_load()
{
	local key value
	[[ -f $data/dev.conf ]] || return 0
	while IFS='=' read -r key value; do
		[[ ! -v conf[$key] ]] || conf[$key]=$value
	done <"$data/dev.conf"
}

conf_save()
{
	local key
	for key in store port public_url; do say "$key=${conf[$key]}"; done >"$data/dev.conf"
}

# Options of up, down, status and logs. What was not given stays as the data folder remembers it.
up_options()
{
	declare -A given=()
	while (($#)); do
		case $1 in
		--data) need_value "$1" $#; data=$(caller_path "$2"); shift ;;
		--postgres) given[store]=postgres ;;
		--port) need_value "$1" $#; given[port]=$2; shift ;;
		--public-url) need_value "$1" $#; given[public_url]=$2; shift ;;
		--foreground) foreground=yes ;;
		-f) follow=yes ;;
		*) die "unknown option $1; see ./dev help" ;;
		esac
		shift
	done
	[[ ${given[port]:-1} =~ ^[0-9]{1,5}$ ]] || die "--port wants a number, not ${given[port]}"
	conf_load
	local key
	for key in "${!given[@]}"; do conf[$key]=${given[$key]}; done
}

# Prints the pid of the besedad that runs on the data folder.
besedad_pid()
{
	local pid
	pid=$(cat "$data/besedad.pid" 2>/dev/null) && [[ -n $pid ]] || return 1
	grep -qsF besedad "/proc/$pid/cmdline" || return 1
	say "$pid"
}

besedad_stop()
{
	local pid tries=0
	pid=$(besedad_pid) || { rm -f "$data/besedad.pid"; return 0; }
	kill -TERM "$pid"
	while kill -0 "$pid" 2>/dev/null; do
		if ((++tries == 300)); then
			say "besedad ($pid) did not stop within 30 s; killing it"
			kill -KILL "$pid"
		fi
		sleep 0.1
	done
	rm -f "$data/besedad.pid"
}

# The arguments besedad is started with, one a line.
besedad_arguments()
{
	printf '%s\n' --data "$data" --set "http.listen=127.0.0.1:${conf[port]}" --set "plugins.dir=$PWD/build/release/plugins" --set demo.shop=true
	[[ -z ${conf[public_url]} ]] || printf '%s\n' --set "http.public_url=${conf[public_url]}"
	[[ ${conf[store]} != postgres ]] || printf '%s\n' --set "store.url=$(tests/tools/pg.sh url "$data/pg")"
}

# What must be the same for a running besedad to be left alone: the programs, and their arguments.
besedad_identity()
{
	find "$besedad" build/release/plugins -maxdepth 1 -type f \( -name besedad -o -name '*.so' \) -printf '%p %s %T@\n' \
		2>/dev/null | sort
	besedad_arguments
}

address()
{
	say "http://127.0.0.1:${conf[port]}"
}

is_healthy()
{
	curl -fs --noproxy "*" -o /dev/null --max-time 2 "$(address)/healthz"
}

# Waits until besedad ($1) answers; false when it ended or needs longer than a minute.
wait_healthy()
{
	local end=$((SECONDS + 60))
	until is_healthy; do
		kill -0 "$1" 2>/dev/null || return
		((SECONDS < end)) || return
		sleep 0.1
	done
	kill -0 "$1" 2>/dev/null
}

announce()
{
	local url=${conf[public_url]:-$(address)}
	say ""
	say "Beseda runs at ${url%/}/ (store: ${conf[store]}, data: $data)"
	say "  a customer's view   ${url%/}/demo/"
	if [[ -f $data/first-login ]]; then
		say "  first login         shown only now:"
		sed 's/^/    /' "$data/first-login"
		rm -f "$data/first-login"
	fi
	[[ -n $foreground ]] || say "  log                 ./dev logs; stop it with ./dev down"
}

port_is_taken()
{
	(exec 3<>"/dev/tcp/127.0.0.1/${conf[port]}") 2>/dev/null
}

store_start()
{
	[[ ${conf[store]} == postgres ]] || return 0
	if [[ -f $data/beseda.db && ! -d $data/pg ]]; then
		say "note: what $data/beseda.db (SQLite) holds stays there; PostgreSQL begins empty"
	fi
	tests/tools/pg.sh start "$data/pg" >/dev/null 8>&- || die "PostgreSQL does not start"
}

run_background()
{
	local pid begin
	begin=$(($(stat -c %s "$data/besedad.log" 2>/dev/null || echo 0) + 1))
	mapfile -t arguments < <(besedad_arguments)
	setsid "$besedad" "${arguments[@]}" </dev/null >>"$data/besedad.log" 2>&1 8>&- &
	pid=$!
	say "$pid" >"$data/besedad.pid"
	besedad_identity >"$data/dev.started"
	if ! wait_healthy "$pid"; then
		tail -c "+$begin" "$data/besedad.log" | tail -n 15 >&2
		besedad_stop
		die "besedad did not start; its log is $data/besedad.log"
	fi
	announce
}

run_foreground()
{
	local pid status=0
	mapfile -t arguments < <(besedad_arguments)
	"$besedad" "${arguments[@]}" 8>&- &
	pid=$!
	say "$pid" >"$data/besedad.pid"
	besedad_identity >"$data/dev.started"
	trap 'kill -TERM "$pid" 2>/dev/null || true' INT TERM
	! wait_healthy "$pid" || announce
	exec 8>&-
	while kill -0 "$pid" 2>/dev/null; do
		status=0
		wait "$pid" || status=$?
	done
	rm -f "$data/besedad.pid"
	[[ ${conf[store]} != postgres ]] || tests/tools/pg.sh stop "$data/pg"
	return "$status"
}

dev_up()
{
	local pid
	up_options "$@"
	packages_install build
	[[ ${conf[store]} != postgres ]] || packages_install postgres
	build_web || die "the web bundle does not build"
	step "Building the server"
	build_kind release product || die "the build fails"
	mkdir -p "$data"
	exec 8>"$data/dev.lock"
	flock -w 60 8 || die "another ./dev up works on $data"
	store_start
	if pid=$(besedad_pid); then
		if [[ -z $foreground && $(besedad_identity) == "$(cat "$data/dev.started" 2>/dev/null)" ]] &&
			wait_healthy "$pid"; then
			say "besedad already runs (pid $pid)"
			announce
			return
		fi
		step "Restarting besedad: what it runs from has changed"
		besedad_stop
	fi
	! port_is_taken || die "something else listens on port ${conf[port]}; choose another with --port"
	conf_save
	if [[ -n $foreground ]]; then run_foreground; else run_background; fi
}

dev_down()
{
	local pid
	up_options "$@"
	if pid=$(besedad_pid); then
		besedad_stop
		say "besedad stopped"
	else
		say "besedad does not run on $data"
	fi
	[[ ! -d $data/pg ]] || tests/tools/pg.sh stop "$data/pg"
}

dev_status()
{
	local pid
	up_options "$@"
	if pid=$(besedad_pid); then
		say "besedad runs (pid $pid) at $(address), store ${conf[store]}, data $data"
		is_healthy || { say "but does not answer /healthz"; return 1; }
	else
		say "besedad does not run on $data"
		return 3
	fi
}

dev_logs()
{
	local follow=
	up_options "$@"
	[[ -f $data/besedad.log ]] || die "there is no log in $data"
	tail -n 100 ${follow:+-F} "$data/besedad.log"
}
