# Shared by the scripts of this folder; sourced, not run.

# shellcheck disable=SC2034 # for those who source this
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
die() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

# as_root CMD... runs a command as root, by sudo where that is needed.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "this needs root to run \`$*\`: run make as root or install sudo"
	fi
}

# npm_ci NAME installs what the lock file of the working directory names, unless that has been done.
npm_ci() {
	# npm writes this file at the end of an install, so it is older than a lock file that came later.
	if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
		say "$1: npm ci"
		npm ci --no-audit --no-fund --loglevel=error
	fi
}
