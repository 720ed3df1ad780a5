#!/usr/bin/env bash
# build-app.sh DIR...: installs and builds Next.js applications; what is up to date is left alone. --only DIR: in this process.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
export NEXT_TELEMETRY_DISABLED=1

# result prints what the last build made: a server, which a workspace has in apps/, or an export.
result() {
	compgen -G '.next/standalone/server.js' || compgen -G 'apps/*/.next/standalone/apps/*/server.js' || compgen -G 'out/index.html'
}

build() {
	cd "$root/$1"
	npm_ci "$1"
	local built
	if built=$(result) && [ -z "$(find -L . \( -name node_modules -o -name '.next*' -o -name out -o -name 'out-*' \) -prune -o -type f -newer "$built" ! -name next-env.d.ts ! -name '*.tsbuildinfo' -print -quit)" ]; then
		return
	fi
	say "$1: next build"
	npm run --silent build
	touch "$(result)"
}

# Two at a time: the steps of npm and of `next build` that use one core, or wait for the registry, take most of the time.
if [ "${1:-}" = --only ]; then
	build "$2"
else
	printf '%s\0' "$@" | xargs -0 -n 1 -P 2 "$0" --only
fi
