#!/usr/bin/env bash
# run.sh - what `make run` does after building: sets up what is missing and serves the page until Ctrl-C.
#
# PORT (8080), STATE_DIR (var) and ENV_FILE (.env) say where; what is given as a relative path counts from the caller's
# folder.  Everything runs as the user who calls, root included: this is the one place that permits it, for a first look
# on a fresh machine; README.md says how a real one looks.
set -eu
STATE_DIR=${STATE_DIR:+$(realpath -m "$STATE_DIR")}
ENV_FILE=${ENV_FILE:+$(realpath -m "$ENV_FILE")}
cd "$(dirname "$0")/.."
build=$(realpath -m "${BUILD:-build}")
PATH="$PATH:/usr/sbin:/sbin"
PORT=${PORT:-8080}
ENV_FILE=${ENV_FILE:-$PWD/.env}
# an operator's own origin in the file stays; the address of an earlier run does not
if [ -z "${SITE_URL:-}" ] && ! grep -qs '^SITE_URL=https:' "$ENV_FILE"; then
	SITE_URL=http://localhost:$PORT
fi
export PORT ENV_FILE ATSTATUS_ALLOW_ROOT=1
[ -z "${SITE_URL:-}" ] || export SITE_URL
if [ -n "$STATE_DIR" ]; then export STATE_DIR; else unset STATE_DIR; fi

answers() {
	(: </dev/tcp/127.0.0.1/"$PORT") 2>/dev/null
}

# before anything is made: the first password is shown only once
if answers; then
	echo "run.sh: port $PORT is in use; take another one: make run PORT=8081" >&2
	exit 1
fi

"$build/bin/atstatus" init

if [ -z "${STATE_DIR:-}" ]; then
	STATE_DIR=$(sed -n 's/^STATE_DIR=//p' "$ENV_FILE")
	case ${STATE_DIR:=var} in /*) ;; *) STATE_DIR=$(dirname "$ENV_FILE")/$STATE_DIR ;; esac
	export STATE_DIR
fi
site=${SITE_URL:-$(sed -n 's/^SITE_URL=//p' "$ENV_FILE")}

server= timer=

# True while process $1 lives, or with a second word another one of its group.  One that has ended and that nobody
# waited for does not count.
lives() {
	local file files line
	[ -z "${2:-}" ] && files=/proc/$1/stat || files=/proc/[0-9]*/stat
	for file in $files; do
		read -r line 2>/dev/null <"$file" || continue
		# after the name, which is anything in parentheses: state, parent, group
		# shellcheck disable=SC2086 # the line is meant to be split
		set -- "$1" ${line##*) }
		[ "$4" != "$1" ] || [ "$2" = Z ] || return 0
	done
	return 1
}

# TERM to the leader of group $1, then to what it leaves behind, and KILL to what is still there after ten seconds.  Not to
# all at once: the leader would start anew what it sees ending.  And more than once: a TERM that comes to a process
# between its fork and its exec is lost.
finish() {
	kill -0 -- "-$1" 2>/dev/null || return 1
	kill "$1" 2>/dev/null || :
	for _ in $(seq 200); do
		if ! lives "$1"; then
			lives "$1" group || return 0
			kill -- "-$1" 2>/dev/null || :
		fi
		sleep 0.05
	done
	kill -9 -- "-$1" 2>/dev/null || :
}

# The same for one process.
end_process() {
	kill "$1" 2>/dev/null || return 0
	for _ in $(seq 100); do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -9 "$1" 2>/dev/null || :
}

# Ends what was started here, the sender included.
stop() {
	trap '' INT TERM HUP
	[ -z "$timer" ] || kill "$timer" 2>/dev/null || :
	[ -z "$server" ] || finish "$server" || :
	sender=$(cat "$STATE_DIR/data/sender.lock" 2>/dev/null || :)
	# by its name: a sender is not dumpable, so its /proc/PID/exe cannot be read
	if [ -n "$sender" ] && [ "$(cat "/proc/$sender/comm" 2>/dev/null)" = push-sender ]; then
		# one that the timer started leads no group; its workers end with it
		finish "$sender" || end_process "$sender"
	fi
	wait
}
trap 'stop; exit 0' INT TERM HUP

# in a group of its own, which holds the programs that it starts: also those that a killed server leaves behind
LIBEXEC=$build/cgi-bin setsid lighttpd -D -f deploy/lighttpd.conf &
server=$!

# Each minute: the page says that it is alive, and whatever is due is sent.
(
	pause=
	trap '[ -z "$pause" ] || kill "$pause" 2>/dev/null; exit 0' TERM
	trap '' INT
	while :; do
		sleep 60 &
		pause=$!
		wait "$pause"
		pause=
		"$build/bin/atstatus" publish --due || :
		"$build/libexec/push-sender" --allow-root 2>>"$STATE_DIR/data/push-sender.log" || :
	done
) &
timer=$!

for _ in $(seq 100); do
	if ! kill -0 "$server" 2>/dev/null; then
		echo "run.sh: the web server did not start; its own words stand above" >&2
		stop
		exit 1
	fi
	! answers || break
	sleep 0.1
done
echo "page:  $site/"
echo "admin: $site/admin"
echo "Ctrl-C stops everything; the data stays in $STATE_DIR."
wait "$server" || :
echo "run.sh: the web server has ended by itself" >&2
stop
exit 1
