#!/bin/sh
# deploy.sh: makes a build that runs beside the old one the live one of its zone, by nothing but curl. For a CI that has no
# caddy: `caddy nextjs deploy` does the same.
#
#	EDGES=https://example.com/_edge TOKEN_FILE=edge-token ./deploy.sh web 42 10.0.0.7:3000,10.0.0.8:3000
#
# EDGES are the URLs of nextjs_control of each edge, with spaces between them; all are asked at once. BUILD is the directory
# of the build on the edges, if they have it; TIMEOUT is how many seconds the upstreams may take to be healthy (60). The
# exit code is 1 if any edge has failed.
set -eu
[ $# -eq 3 ] || { echo "usage: $0 <zone> <id> <upstream>[,<upstream>...]" >&2; exit 2; }
zone=$1 id=$2 upstreams=$3
: "${EDGES:?the URLs of nextjs_control}" "${TOKEN_FILE:?a file that holds the token}"
timeout=${TIMEOUT:-60}

order="{\"upstreams\": [\"$(printf %s "$upstreams" | sed 's/,/", "/g')\"], \"timeout\": \"${timeout}s\""
[ -z "${BUILD:-}" ] || order="$order, \"build\": \"$BUILD\""
order="$order}"

answers=$(mktemp -d)
trap 'rm -rf "$answers"' EXIT

# Asks one edge, until it answers. Where the connection breaks, or something before the edge gives up, the deploy goes on:
# the same order waits on. The token is not on the command line, which other users of the machine can read.
deploy() { # <url> <file for the answer>
	end=$(($(date +%s) + timeout + 10))
	while left=$((end - $(date +%s))) && [ "$left" -gt 0 ]; do
		status=$(printf 'header = "Authorization: Bearer %s"\n' "$(cat "$TOKEN_FILE")" |
			curl --config - --silent --show-error --max-time "$left" --request PUT --header 'Content-Type: application/json' \
				--data "$order" --output "$2" --write-out '%{http_code}' "$1/v1/zones/$zone/deployments/$id") || status=000
		case $status in
		200)
			if ! grep -q '"state":"live"' "$2"; then
				echo "$1: what answers is no nextjs_control" >&2
				return 1
			fi
			echo "$1: $(cat "$2")"
			return 0
			;;
		000 | 502 | 503 | 504)
			sleep 1
			;;
		*)
			echo "$1: $status $(head -c 500 "$2")" >&2
			return 1
			;;
		esac
	done
	echo "$1: no answer; caddy nextjs status tells what has become of it" >&2
	return 1
}

number=0 running=
for edge in $EDGES; do
	number=$((number + 1))
	deploy "${edge%/}" "$answers/$number" &
	running="$running $!"
done
failed=0
for one in $running; do
	wait "$one" || failed=1
done
exit $failed
