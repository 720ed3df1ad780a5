#!/usr/bin/env bash
# xcaddy.sh: builds Caddy with this checkout of the modules by xcaddy, as users do, into bin/caddy-xcaddy.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"
caddy_version=$(go list -m -f '{{.Version}}' github.com/caddyserver/caddy/v2)
go -C tools build -o ../bin/xcaddy github.com/caddyserver/xcaddy/cmd/xcaddy
# The version keeps xcaddy from asking a module proxy for one that is not published yet.
bin/xcaddy build "$caddy_version" --output bin/caddy-xcaddy --with github.com/caddy-nextjs/caddy-nextjs@v0.0.0=.
bin/caddy-xcaddy list-modules | grep -q '^http.handlers.nextjs$' || die "the modules are missing in bin/caddy-xcaddy"
