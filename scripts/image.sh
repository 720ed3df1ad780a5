#!/usr/bin/env bash
# image.sh: builds the image caddy-nextjs from caddy-build/Dockerfile with docker, podman or buildah, whichever works here. TOOL chooses
# one, IMAGE is the name of the image, BUILD_ARGS holds more arguments of the build (--build-arg RUNTIME_IMAGE=…).
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"
image=${IMAGE:-caddy-nextjs}

# works TOOL says whether a tool is here and can build: a docker client without its daemon cannot.
works() {
	command -v "$1" >/dev/null || return 1
	[ "$1" != docker ] || docker info >/dev/null 2>&1
}

tool=${TOOL:-}
if [ -z "$tool" ]; then
	for candidate in docker podman buildah; do
		if works "$candidate"; then
			tool=$candidate
			break
		fi
	done
fi
[ -n "$tool" ] || die "nothing here builds images: install docker (and start its daemon), podman or buildah"
works "$tool" || die "$tool is not here, or its daemon does not run"

read -ra more -d '' <<<"${BUILD_ARGS:-}" || true
args=(--file caddy-build/Dockerfile --tag "$image"
	--build-arg "VERSION=$(git describe --tags --always --dirty 2>/dev/null || echo unreleased)"
	--build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)"
	"${more[@]}" .)
say "building the image $image with $tool"
case $tool in
docker) DOCKER_BUILDKIT=1 docker build "${args[@]}" ;;
# The OCI format has no HEALTHCHECK.
podman) podman build --format docker "${args[@]}" ;;
buildah) buildah build --format docker "${args[@]}" ;;
*) die "TOOL is docker, podman or buildah, not $tool" ;;
esac
