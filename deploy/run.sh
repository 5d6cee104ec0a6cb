#!/usr/bin/env bash
# run.sh - what `make run` does after building: sets up what is missing and serves the page until Ctrl-C.
#
# PORT (8080), STATE_DIR (var) and ENV_FILE (.env) say where.  Everything runs as the user who calls, root included:
# this is the one place that permits it, for a first look on a fresh machine; see docs/deployment.md for a real one.
set -eu
cd "$(dirname "$0")/.."
build=$PWD/${BUILD:-build}
PATH="$PATH:/usr/sbin:/sbin"
PORT=${PORT:-8080}
ENV_FILE=$(realpath -m "${ENV_FILE:-.env}")
# an operator's own origin in the file stays; the address of an earlier run does not
if [ -z "${SITE_URL:-}" ] && ! grep -qs '^SITE_URL=https:' "$ENV_FILE"; then
	SITE_URL=http://localhost:$PORT
fi
[ -z "${STATE_DIR:-}" ] || STATE_DIR=$(realpath -m "$STATE_DIR")
export PORT ENV_FILE ATSTATUS_ALLOW_ROOT=1
[ -z "${SITE_URL:-}" ] || export SITE_URL
[ -z "${STATE_DIR:-}" ] || export STATE_DIR

"$build/bin/atstatus" init

if [ -z "${STATE_DIR:-}" ]; then
	STATE_DIR=$(sed -n 's/^STATE_DIR=//p' "$ENV_FILE")
	case ${STATE_DIR:=var} in /*) ;; *) STATE_DIR=$(dirname "$ENV_FILE")/$STATE_DIR ;; esac
	export STATE_DIR
fi
site=${SITE_URL:-$(sed -n 's/^SITE_URL=//p' "$ENV_FILE")}

server= timer=

# Ends what was started here, the sender included: TERM, at most ten seconds, then KILL.
stop() {
	trap '' INT TERM HUP
	[ -z "$timer" ] || kill "$timer" 2>/dev/null || :
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	sender=$(cat "$STATE_DIR/data/sender.lock" 2>/dev/null || :)
	if [ -n "$sender" ] && [ "$(readlink "/proc/$sender/exe" 2>/dev/null)" = "$build/libexec/push-sender" ]; then
		kill "$sender" 2>/dev/null || :
		for _ in $(seq 100); do
			kill -0 "$sender" 2>/dev/null || break
			sleep 0.1
		done
		kill -9 "$sender" 2>/dev/null || :
	fi
	wait
}
trap 'stop; exit 0' INT TERM HUP

LIBEXEC=$build/cgi-bin lighttpd -D -f deploy/lighttpd.conf &
server=$!

# Each minute: the page says that it is alive, and whatever is due is sent.
(
	trap 'kill "$pause" 2>/dev/null; exit 0' TERM
	trap '' INT
	while :; do
		sleep 60 &
		pause=$!
		wait "$pause"
		"$build/bin/atstatus" publish || :
		"$build/libexec/push-sender" --allow-root 2>>"$STATE_DIR/data/push-sender.log" || :
	done
) &
timer=$!

for _ in $(seq 100); do
	if ! kill -0 "$server" 2>/dev/null; then
		echo "run.sh: lighttpd did not start; is port $PORT in use?" >&2
		server=
		stop
		exit 1
	fi
	(: </dev/tcp/127.0.0.1/"$PORT") 2>/dev/null && break
	sleep 0.1
done
echo "page:  $site/"
echo "admin: $site/admin"
echo "Ctrl-C stops everything; the data stays in $STATE_DIR."
wait "$server" || :
stop
