#!/usr/bin/env bash
# install-node.sh DIR...: installs programs for Node.js that need no build; what is there is left alone.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

for dir in "$@"; do
	(cd "$root/$dir" && npm_ci "$dir")
done
