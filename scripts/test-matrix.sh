#!/usr/bin/env bash
# test-matrix.sh: builds Caddy with CGO off and on, by `go build` and by xcaddy, and without libvips; each binary must have the modules, serve a
# request through them, and make pictures or leave them to the application, with a word in the log. Prints the sizes.
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
	header /_next/image Content-Type image/webp
	header /_next/image Cache-Control "public, max-age=60"
	respond /_next/image "made by the application"
	respond "served by the application"
}
http://edge {
	bind unix/$work/edge.sock
	nextjs unix/$work/app.sock {
		# The edge makes the pictures, if it can.
		image {
		}
		proxy {
			header_up Host app
		}
	}
}
EOF

# serves BINARY PICTURES: it has the modules, and answers requests with them. PICTURES: whether it makes pictures.
serves() {
	local modules answer warnings made=$2
	modules=$("$1" list-modules)
	for module in http.handlers.nextjs http.handlers.nextjs_health http.handlers.nextjs_image http.reverse_proxy.transport.nextjs http.reverse_proxy.upstreams.nextjs; do
		grep -qx "$module" <<<"$modules" || die "$1 has no module $module"
	done
	rm -rf "$work"/*.sock "$work/caddy"
	HOME=$work XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work "$1" run --config "$work/Caddyfile" >"$work/log" 2>&1 &
	pids=($!)
	for _ in $(seq 100); do
		[ ! -S "$work/edge.sock" ] || break
		sleep 0.1
	done
	answer=$(curl -sS --max-time 10 --unix-socket "$work/edge.sock" http://edge/) || { cat "$work/log" >&2; die "$1 does not serve"; }
	[ "$answer" = "served by the application" ] || die "$1 answers: $answer"
	answer=$(curl -sS --max-time 10 --unix-socket "$work/edge.sock" 'http://edge/_next/image?url=%2Fwords.txt&w=64&q=75')
	warnings=$(grep -c '"level":"warn".*no pictures are made here' "$work/log" || true)
	case $made in
	yes) [ "$answer $warnings" = "The requested resource isn't a valid image. 0" ] ;;
	no) [ "$answer $warnings" = "made by the application 1" ] ;;
	esac || { cat "$work/log" >&2; die "$1 makes pictures: $made, but answers '$answer' after $warnings warnings"; }
	kill "${pids[0]}"
	wait "${pids[0]}" || die "$1 ended with an error"
	pids=()
}

# how it is built, CGO, tags, whether it makes pictures
builds='go 0 - no
go 1 - yes
go 1 novips no
xcaddy 0 - no
xcaddy 1 - yes'
printf '%-8s %-4s %-8s %-9s %10s  %s\n' build CGO tags pictures bytes linked >"$work/table"
while read -r how cgo tags pictures; do
	say "$how, CGO_ENABLED=$cgo, tags $tags"
	binary=$work/caddy-$how-$cgo-$tags
	if [ "$how" = go ]; then
		CGO_ENABLED=$cgo go build -tags "${tags#-}" -trimpath -ldflags '-s -w' -o "$binary" ./caddy-build
	else
		CGO_ENABLED=$cgo "$scripts/xcaddy.sh" "$binary" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; die "xcaddy failed"; }
	fi
	serves "$binary" "$pictures"
	go version -m "$binary" | grep -q "CGO_ENABLED=$cgo" || die "$how did not heed CGO_ENABLED=$cgo"
	linked=static
	! ldd "$binary" >/dev/null 2>&1 || linked=dynamic
	printf '%-8s %-4s %-8s %-9s %10s  %s\n' "$how" "$cgo" "$tags" "$pictures" "$(stat -c %s "$binary")" "$linked" >>"$work/table"
done <<<"$builds"
cat "$work/table"
