#!/usr/bin/env bash
# need.sh [apt-package...]: checks for Go and Node.js, and installs the Debian packages that are missing.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

version_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

command -v go >/dev/null || die "Go is missing: install Go 1.26 or later (https://go.dev/doc/install)"
go_version=$(GOTOOLCHAIN=local go env GOVERSION)
version_at_least "${go_version#go}" 1.26 || die "Go 1.26 or later is needed, found ${go_version#go}"
command -v node >/dev/null || die "Node.js is missing: install Node.js 20.9 or later (https://nodejs.org)"
node_version=$(node --version)
version_at_least "${node_version#v}" 20.9 || die "Node.js 20.9 or later is needed, found ${node_version#v}"
command -v npm >/dev/null || die "npm is missing: it comes with Node.js"

missing=()
for package in "$@"; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} = 0 ] && exit 0
command -v apt-get >/dev/null || die "these Debian packages are missing and there is no apt-get to install them: ${missing[*]}"
say "installing Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
as_root apt-get update -qq
as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
