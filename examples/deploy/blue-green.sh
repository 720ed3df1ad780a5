#!/bin/sh
# blue-green.sh: deploys an image by compose.yaml beside this file. Its tag is the id of the deployment.
#
#	./blue-green.sh registry.example.com/web:42
#
# The two services take turns: the new image goes to the one that is not live, whose build is retired before. So an open
# tab has its build until the deploy after the next one begins. The images stand in .env, which Compose reads too.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 <image>:<id>" >&2; exit 2; }
image=$1 id=${1##*:}
cd "$(dirname "$0")"
# shellcheck disable=SC1091 # it is written here
. ./.env

edge() { docker compose exec --no-TTY edge caddy nextjs "$@"; }

# Until something was deployed, and while config is live, that is blue.
live=$(edge status | awk '$1 == "web" && $4 == "live" { print $2 }')
if [ "$live" = "${GREEN_IMAGE##*:}" ]; then
	next=blue old=$BLUE_IMAGE BLUE_IMAGE=$image
else
	next=green old=$GREEN_IMAGE GREEN_IMAGE=$image
fi

# What this service runs gets nothing any more. The live deployment cannot be retired, and one that is not known need not be.
for before in config "${old##*:}"; do
	edge retire --zone web --id "$before" --wait 30s >/dev/null 2>&1 || true
done
printf 'BLUE_IMAGE=%s\nGREEN_IMAGE=%s\n' "$BLUE_IMAGE" "$GREEN_IMAGE" >.env
docker compose up --detach --wait "$next"
edge deploy --zone web --to "$next:3000" --id "$id"
