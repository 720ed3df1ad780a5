#!/usr/bin/env bash
# demo.sh: serves the example zones through one Caddy until it is interrupted; then no child process is left.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

export DEMO_PORT=${DEMO_PORT:-8080} HOME_PORT=${HOME_PORT:-3000} BLOG_PORT=${BLOG_PORT:-3001} SHOP_PORT=${SHOP_PORT:-3002}
export DEMO_ADMIN_PORT=${DEMO_ADMIN_PORT:-2019}
export NODE_ENV=production NEXT_TELEMETRY_DISABLED=1
zones=$root/examples/multi-zone
logs=$root/.cache/demo
mkdir -p "$logs"

for port in DEMO_PORT DEMO_ADMIN_PORT HOME_PORT BLOG_PORT SHOP_PORT; do
	if (exec 3<>"/dev/tcp/localhost/${!port}") 2>/dev/null; then
		die "port ${!port} is in use: stop what listens there, or choose another with $port=…"
	fi
done

pids=()
# start LOG COMMAND... runs a command in a session of its own, so that Ctrl-C reaches only this script, which then
# stops everything in order. Should this script be killed, the kernel stops its children.
start() {
	local log=$1
	shift
	setsid setpriv --pdeathsig TERM "$@" >"$logs/$log.log" 2>&1 &
	pids+=($!)
}

stop() {
	trap '' INT TERM
	trap - EXIT
	say "stopping"
	# Caddy first, so that nobody meets a missing upstream.
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
		kill -TERM "${pids[i]}" 2>/dev/null || true
		for _ in $(seq 100); do
			kill -0 "${pids[i]}" 2>/dev/null || break
			sleep 0.1
		done
		kill -KILL "${pids[i]}" 2>/dev/null || true
		wait "${pids[i]}" 2>/dev/null || true
	done
	exit "${1:-0}"
}
trap 'stop 0' INT TERM
trap 'stop 1' EXIT

wait_for() {
	local url=$1 log=$2 pid=$3
	for _ in $(seq 300); do
		node -e "fetch('$url').then((r) => process.exit(r.status < 500 ? 0 : 1), () => process.exit(1))" && return
		kill -0 "$pid" 2>/dev/null || { tail -n 20 "$logs/$log.log" >&2; die "$log ended: see $logs/$log.log"; }
		sleep 0.1
	done
	die "$url does not answer: see $logs/$log.log"
}

for zone in home blog shop; do
	port=${zone^^}_PORT
	start "$zone" env PORT="${!port}" HOSTNAME=localhost node "$zones/$zone/.next/standalone/server.js"
done
cd "$zones"
start caddy "$root/bin/caddy" run --config Caddyfile
wait_for "http://localhost:$HOME_PORT/" home "${pids[0]}"
wait_for "http://localhost:$BLOG_PORT/blog" blog "${pids[1]}"
wait_for "http://localhost:$SHOP_PORT/shop" shop "${pids[2]}"
wait_for "http://localhost:$DEMO_PORT/" caddy "${pids[3]}"
say "three Next.js zones on http://localhost:$DEMO_PORT (Ctrl-C stops; logs in .cache/demo)"
admin=
[ "$DEMO_ADMIN_PORT" = 2019 ] || admin=" --address localhost:$DEMO_ADMIN_PORT"
cat >&2 <<-END

	To try beside it, in another terminal:

	  bin/caddy nextjs explain http://localhost:$DEMO_PORT/blog$admin
	  bin/caddy nextjs files$admin
	  bin/caddy nextjs image http://localhost:$DEMO_PORT/blog/comet.jpg -w 640$admin

END
wait -n "${pids[@]}" || true
die "a process ended by itself: see $logs"
