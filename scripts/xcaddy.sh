#!/usr/bin/env bash
# xcaddy.sh [OUTPUT]: builds Caddy with this checkout of the modules by xcaddy, as users do, into bin/caddy-xcaddy. As with every
# build by xcaddy, CGO is off unless CGO_ENABLED=1 is set.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"
output=${1:-bin/caddy-xcaddy}
caddy_version=$(go list -m -f '{{.Version}}' github.com/caddyserver/caddy/v2)
go -C tools build -o ../bin/xcaddy github.com/caddyserver/xcaddy/cmd/xcaddy
# The version keeps xcaddy from asking a module proxy for one that is not published yet.
bin/xcaddy build "$caddy_version" --output "$output" --with github.com/caddy-nextjs/caddy-nextjs@v0.0.0=.
modules=$("$output" list-modules)
grep -q '^http.handlers.nextjs$' <<<"$modules" || die "the modules are missing in $output"
