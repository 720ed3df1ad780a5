#!/usr/bin/env bash
# test-matrix.sh: builds Caddy with CGO off and on, by `go build` and by xcaddy; each binary must have the modules and serve a request
# through them. Prints the sizes.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
scripts=$root/scripts
"$scripts/need.sh" gcc libc6-dev libvips-dev pkg-config curl
cd "$root"
work=$(mktemp -d)
pids=()
clean() {
	[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
	wait
	rm -rf "$work"
}
trap clean EXIT

# An application and an edge on sockets, so that no port can be taken.
cat >"$work/Caddyfile" <<EOF
{
	admin off
	auto_https off
}
http://app {
	bind unix/$work/app.sock
	respond "served by the application"
}
http://edge {
	bind unix/$work/edge.sock
	nextjs unix/$work/app.sock {
		proxy {
			header_up Host app
		}
	}
}
EOF

# serves BINARY: it has the modules, and answers a request with them.
serves() {
	local modules answer
	modules=$("$1" list-modules)
	for module in http.handlers.nextjs http.handlers.nextjs_health http.reverse_proxy.transport.nextjs http.reverse_proxy.upstreams.nextjs; do
		grep -qx "$module" <<<"$modules" || die "$1 has no module $module"
	done
	rm -f "$work"/*.sock
	HOME=$work XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work "$1" run --config "$work/Caddyfile" >"$work/log" 2>&1 &
	pids=($!)
	for _ in $(seq 100); do
		[ ! -S "$work/edge.sock" ] || break
		sleep 0.1
	done
	answer=$(curl -sS --max-time 10 --unix-socket "$work/edge.sock" http://edge/) || { cat "$work/log" >&2; die "$1 does not serve"; }
	[ "$answer" = "served by the application" ] || die "$1 answers: $answer"
	kill "${pids[0]}"
	wait "${pids[0]}" || die "$1 ended with an error"
	pids=()
}

printf '%-8s %-10s %10s  %s\n' build CGO bytes linked >"$work/table"
for how in go xcaddy; do
	for cgo in 0 1; do
		say "$how, CGO_ENABLED=$cgo"
		binary=$work/caddy-$how-$cgo
		if [ "$how" = go ]; then
			CGO_ENABLED=$cgo go build -trimpath -ldflags '-s -w' -o "$binary" ./caddy-build
		else
			CGO_ENABLED=$cgo "$scripts/xcaddy.sh" "$binary" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; die "xcaddy failed"; }
		fi
		serves "$binary"
		go version -m "$binary" | grep -q "CGO_ENABLED=$cgo" || die "$how did not heed CGO_ENABLED=$cgo"
		linked=static
		! ldd "$binary" >/dev/null 2>&1 || linked=dynamic
		printf '%-8s %-10s %10s  %s\n' "$how" "$cgo" "$(stat -c %s "$binary")" "$linked" >>"$work/table"
	done
done
cat "$work/table"
