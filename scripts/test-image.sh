#!/usr/bin/env bash
# test-image.sh: builds the image and the application of examples/docker, runs both in containers as compose.yaml does, and asserts what
# docs/delivery.md promises. Needs no registry of images and no daemon: buildah builds, on base images made here from Debian's packages,
# and runc runs, in a network of their own. Needs root.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"
[ "$(id -u)" = 0 ] || die "this needs root: containers are made without a daemon"
scripts/need.sh buildah debootstrap runc curl iproute2 util-linux
suite=bookworm
cache=$root/.cache/image
mkdir -p "$cache"
work=$(mktemp -d "$cache/work.XXXXXX")
printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/storage"\nrunroot = "%s/run"\n' "$work" "$work" >"$work/storage.conf"
export CONTAINERS_STORAGE_CONF=$work/storage.conf BUILDAH_ISOLATION=chroot TMPDIR=$work
holder= # holds the network of the containers

clean() {
	trap - EXIT
	for state in "$work"/runc/*/; do
		[ ! -d "$state" ] || runc --root "$work/runc" delete --force "$(basename "$state")" >/dev/null 2>&1 || true
	done
	[ -z "$holder" ] || kill "$holder" 2>/dev/null || true
	wait
	buildah umount --all >/dev/null 2>&1 || true
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM

check() { printf '  ok: %s\n' "$*"; }

# Base images -------------------------------------------------------------------------------------------------------------------

if [ ! -f "$cache/debian.tar" ]; then
	say "making a Debian root file system"
	mirror=$(apt-cache policy | grep -oE 'https?://[^ ]+/debian ' | head -n 1)
	debootstrap --variant=minbase "$suite" "$work/debian" "${mirror:-http://deb.debian.org/debian}" >"$work/log" || { tail "$work/log" >&2; die "debootstrap failed"; }
	rm -rf "$work"/debian/var/cache/apt/* "$work"/debian/var/lib/apt/lists/*
	tar -C "$work/debian" -cf "$work/debian.tar" .
	mv "$work/debian.tar" "$cache/debian.tar"
	rm -rf "$work/debian"
fi

# base NAME FROM [CONFIG...]: commits the folder $work/NAME over an image, as NAME.
base() {
	local name=$1 from=$2 container
	shift 2
	container=$(buildah from "$from")
	buildah add -q "$container" "$work/$name" / >/dev/null
	buildah config "$@" "$container"
	buildah commit -q --rm "$container" "localhost/$name" >/dev/null
	rm -rf "${work:?}/$name"
}
say "making base images"
mkdir "$work/debian" && tar -C "$work/debian" -xf "$cache/debian.tar"
# As slim as debian:*-slim, which keeps the licences.
find "$work/debian/usr/share/doc" ! -type d ! -name copyright -delete
rm -rf "$work"/debian/usr/share/{man,info,locale}/*
{
	printf 'path-exclude /usr/share/%s/*\n' doc man info locale
	echo 'path-include /usr/share/doc/*/copyright'
} >"$work/debian/etc/dpkg/dpkg.cfg.d/slim"
base debian scratch --cmd bash
mkdir -p "$work/golang/usr/local" "$work/golang/go"
cp -a "$(go env GOROOT)" "$work/golang/usr/local/go"
base golang localhost/debian --env GOPATH=/go --env PATH=/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin
mkdir -p "$work"/node/usr/local/{bin,lib/node_modules} "$work/node/etc/ssl/certs"
cp -L "$(node -p process.execPath)" "$work/node/usr/local/bin/node"
cp -a "$(npm root --global --loglevel=error)/npm" "$work/node/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/node/usr/local/bin/npm"
# The application's packages come from where this machine gets them, which may be behind a certificate of its own.
cp -L /etc/ssl/certs/ca-certificates.crt "$work/node/etc/ssl/certs/"
base node localhost/debian --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt

# The images --------------------------------------------------------------------------------------------------------------------

say "building the image"
go list -deps ./caddy-build >/dev/null # what it needs is in the module cache now, from where the build takes it
TOOL=buildah IMAGE=edge BUILD_ARGS="--build-arg GO_IMAGE=localhost/golang --build-arg RUNTIME_IMAGE=localhost/debian
	--build-arg GOPROXY=file:///modules --volume $(go env GOMODCACHE)/cache/download:/modules:ro" scripts/image.sh >"$work/log" 2>&1 ||
	{ tail -n 30 "$work/log" >&2; die "the image does not build"; }
say "building the application's image"
buildah build -q --format docker --file examples/docker/app.Dockerfile --tag app --build-arg NODE_IMAGE=localhost/node examples/single/app \
	>"$work/log" 2>&1 || { tail -n 30 "$work/log" >&2; die "the application's image does not build"; }
for image in edge app; do
	buildah inspect --type image "$image" | node -p 'JSON.stringify(JSON.parse(require("fs").readFileSync(0)).Docker.config)' >"$work/$image.json"
	mkdir "$work/root-$image"
	mounted=$(buildah mount "$(buildah from "$image")") || mounted=
	# Without a path it would be the whole machine that is copied.
	if [ -z "$mounted" ] || [ "$mounted" = / ]; then die "the file system of the image $image cannot be looked at"; fi
	cp -a "$mounted/." "$work/root-$image"
done

say "what the image says of itself"
node - "$work/edge.json" <<'EOF'
const assert = require('node:assert')
const config = JSON.parse(require('node:fs').readFileSync(process.argv[2], 'utf8'))
const env = Object.fromEntries(config.Env.map((line) => line.split(/=(.*)/s)))
assert.equal(config.User, '10001:10001')
assert.equal(config.StopSignal, 'SIGTERM')
assert.deepEqual(Object.keys(config.ExposedPorts).sort(), ['443/tcp', '443/udp', '80/tcp', '8081/tcp'])
assert.deepEqual(Object.keys(config.Volumes).sort(), ['/config', '/data'])
assert.deepEqual(config.Healthcheck.Test, ['CMD', 'healthcheck'])
assert.equal(env.XDG_DATA_HOME, '/data')
assert.equal(env.XDG_CONFIG_HOME, '/config')
assert.equal(env.MALLOC_ARENA_MAX, '2')
assert.ok(config.Labels['org.opencontainers.image.version'])
assert.equal(config.Labels['org.opencontainers.image.licenses'], 'Apache-2.0')
EOF
check "user, stop signal, ports, volumes, health check, environment, labels"

licences=$work/root-edge/usr/share/doc
grep -q '^libx265-[0-9]* .* https://snapshot.debian.org/package/x265/[^/]*/$' "$licences/caddy-nextjs/NOTICE" || die "no source of libx265 is offered"
for package in libheif1 libx265-199 libimagequant0; do
	[ -s "$licences/$package/copyright" ] || die "no licence of $package"
done
grep -q 'Apache License' "$licences/caddy-nextjs/LICENSE" "$licences"/caddy-nextjs/go/github.com/caddyserver/caddy/v2@*/LICENSE || die "no licence of the binary"
check "notices: $(grep -c snapshot.debian.org "$licences/caddy-nextjs/NOTICE") packages of Debian and $(find "$licences/caddy-nextjs/go" -type d -name '*@*' | wc -l) Go modules"

# Containers --------------------------------------------------------------------------------------------------------------------

unshare --net sleep infinity &
holder=$!
until [ "$(readlink "/proc/$holder/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
inside() { nsenter --net="/proc/$holder/ns/net" "$@"; }
inside ip link set lo up
[ "$(inside cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" = 1024 ] || die "ports below 1024 need no capability here, so the image's cannot be shown"
printf '127.0.0.1 localhost app\n' >"$work/hosts"
fetch() { inside curl -sS --max-time 20 "$@"; }
status() { fetch -o /dev/null -w '%{http_code}' "$@" 2>/dev/null || true; }

# start NAME IMAGE [OPTIONS]: starts a container; OPTIONS are those of oci-bundle.mjs. Volumes are made as Docker makes them, owned as in
# the image.
start() {
	local name=$1 image=$2 options=${3:-'{}'} volume
	mkdir -p "$work/$name"
	if [ ! -d "$work/$name/data" ]; then
		for volume in data config; do
			[ ! -d "$work/root-$image/$volume" ] || cp -a "$work/root-$image/$volume" "$work/$name/$volume"
		done
	fi
	node scripts/oci-bundle.mjs "$work/$name" "$work/$image.json" "$work/root-$image" "$options" "$(
		printf '{"mounts":[{"to":"/etc/hosts","from":"%s/hosts"}' "$work"
		[ "$image" != edge ] || printf ',{"to":"/%s","from":"%s"}' data "$work/$name/data" config "$work/$name/config"
		printf ']}'
	)"
	inside runc --root "$work/runc" run --bundle "$work/$name" "$name" >"$work/$name/log" 2>&1 &
	declare -g "pid_$name=$!"
}
inner_pid() { runc --root "$work/runc" state "$1" | node -p 'JSON.parse(require("fs").readFileSync(0)).pid'; }
within() { inside runc --root "$work/runc" exec "$@"; }
log_of() { tail -n 20 "$work/$1/log" >&2; }
# eventually NAME COMMAND...: COMMAND succeeds within half a minute, or the container's log is shown.
eventually() {
	local name=$1
	shift
	for _ in $(seq 300); do
		"$@" && return
		sleep 0.1
	done
	log_of "$name"
	die "in vain: $*"
}
answers() { [ "$(status "$1")" = "${2:-200}" ]; }
# stop NAME [CODE]: SIGTERM, and it ends with CODE.
stop() {
	local pid=pid_$1 code=0
	runc --root "$work/runc" kill "$1" TERM
	wait "${!pid}" || code=$?
	[ "$code" = "${2:-0}" ] || { log_of "$1"; die "$1 ended with $code"; }
}

say "in front of a real application, as compose.yaml starts both"
start app app '{"hardened":true,"caps":[],"mounts":[{"to":"/app/.next/cache","tmpfs":["uid=1000","gid=1000"]},{"to":"/tmp","tmpfs":["mode=1777"]}]}'
eventually app answers http://127.0.0.1:3000/api/hello
touch "$work/mark"
start edge edge '{"env":{"NEXTJS_UPSTREAM":"app:3000","NEXTJS_SHUTDOWN_DELAY":"1s"},"caps":["NET_BIND_SERVICE"]}'
eventually edge answers http://127.0.0.1/
fetch http://127.0.0.1/ | grep -q 'The boat to Ostrey' || die "the page is not that of the application"
[ "$(status "http://127.0.0.1/_next/image?url=%2Fcrossing.jpg&w=640&q=75")" = 200 ] || die "no picture"
check "NEXTJS_UPSTREAM alone serves the application on port 80"

process=$(inner_pid edge)
grep -q $'^Uid:\t10001\t10001\t10001\t10001$' "/proc/$process/status" || die "the process is not user 10001"
check "not root: $(grep ^Uid "/proc/$process/status" | tr '\t' ' ')"
# 0x400 is CAP_NET_BIND_SERVICE.
grep -q $'^CapEff:\t0000000000000400$' "/proc/$process/status" || die "capabilities: $(grep Cap "/proc/$process/status")"
check "port 80 by the capability of the binary, and it has no other"
if within --user 0:0 edge touch /srv/x 2>/dev/null; then die "the root file system is not read-only"; fi
check "the root file system is read-only, for root too"
answers http://127.0.0.1:8081/healthz || die "no /healthz on 8081"
eventually edge answers http://127.0.0.1:8081/readyz
answers http://127.0.0.1/healthz 404 || die "/healthz is on the application's port"
check "/healthz and /readyz on 8081, and not on the application's port"
within edge healthcheck || die "the health check of the image fails"
check "the image's health check"
within edge caddy reload --config /etc/caddy/Caddyfile --adapter caddyfile >/dev/null 2>&1 || die "caddy reload fails in the container"
check "caddy reload"

say "SIGTERM"
inside curl -sSN --max-time 30 http://127.0.0.1/stream >"$work/page" &
reader=$!
eventually edge grep -q 'You hear the sea first' "$work/page"
runc --root "$work/runc" kill edge TERM
eventually edge answers http://127.0.0.1:8081/readyz 503
answers http://127.0.0.1/api/hello || die "it does not serve while it says that it goes"
kill -0 "$reader" 2>/dev/null || die "the request in flight was over before, this test says nothing"
wait "$reader" || die "the request in flight was cut"
for part in 'Somebody is running with a suitcase' '</html>'; do
	grep -q "$part" "$work/page" || die "the request in flight was not finished"
done
# shellcheck disable=SC2154 # declared by start
wait "$pid_edge" || die "it ended with $?"
check "unready first and serving on, the request in flight finished, exit code 0"
answers http://127.0.0.1/ 000 || die "something still listens"
if grep -qiE 'read-only|permission denied|"level":"(error|panic|fatal)"' "$work/edge/log"; then
	log_of edge
	die "errors in the log"
fi
[ -f "$work/edge/config/caddy/autosave.json" ] || die "nothing in /config"
[ -n "$(ls "$work/edge/data/caddy")" ] || die "nothing in /data"
check "state in /data and /config, no error in the log"

say "with a root file system that could be written"
start loose edge '{"env":{"NEXTJS_UPSTREAM":"app:3000"},"readonly":false}'
eventually loose answers http://127.0.0.1/
stop loose
written=$(find "$work/root-edge" -newer "$work/mark" ! -type d | sed "s|^$work/root-edge||")
[ -z "$written" ] || die "written outside of /data and /config: $written"
check "nothing is written outside of /data and /config"

say "as Kubernetes runs it restricted, as a user of its choice, with sites of /etc/caddy/conf.d"
mkdir "$work/conf.d"
cat >"$work/conf.d/more.caddyfile" <<'EOF'
:9000 {
	respond "one more site"
}
EOF
start strict edge "$(printf '{"hardened":true,"user":"54321:0","env":{"NEXTJS_SITE":":8080","NEXTJS_UPSTREAM":"app:3001 app:3000","NEXTJS_OPTIONS":"upgrade_timeout 3s"},"mounts":[{"to":"/etc/caddy/conf.d","from":"%s"}]}' "$work/conf.d")"
eventually strict answers http://127.0.0.1:8080/
eventually strict answers http://127.0.0.1:8080/api/hello
[ "$(fetch http://127.0.0.1:9000/)" = "one more site" ] || die "/etc/caddy/conf.d is not read"
stop strict
[ -f "$work/strict/config/caddy/autosave.json" ] || die "a user of group 0 cannot write the state"
check "no new privileges, port 8080, any user of group 0, several upstreams, more sites"

say "with a Caddyfile mounted over the image's, and a site that has a certificate"
cat >"$work/Caddyfile" <<'EOF'
{
	skip_install_trust
}
edge.localhost {
	tls internal
	nextjs app:3000
}
:8081 {
	nextjs_health
}
EOF
start tls edge "$(printf '{"mounts":[{"to":"/etc/caddy/Caddyfile","from":"%s"}]}' "$work/Caddyfile")"
over_tls() { [ "$(status --insecure --resolve edge.localhost:443:127.0.0.1 https://edge.localhost/)" = 200 ]; }
eventually tls over_tls
answers http://127.0.0.1:8081/readyz || die "not ready"
stop tls
[ -n "$(find "$work/tls/data/caddy/certificates" -name edge.localhost.crt)" ] || die "no certificate in /data"
check "the mounted Caddyfile is the one that counts; certificates are kept in /data"

say "without NEXTJS_UPSTREAM"
start lost edge
# shellcheck disable=SC2154 # declared by start
if wait "$pid_lost"; then die "it starts without an upstream"; fi
grep -q 'nextjs needs an upstream' "$work/lost/log" || { log_of lost; die "it does not say what is missing"; }
check "it says what is missing, and ends"
stop app 143 # as Next.js ends

say "size"
buildah push -q edge "oci-archive:$work/edge.tar" >/dev/null 2>&1
node - "$(du -sb "$work/root-edge" | cut -f1)" "$(stat -c %s "$work/root-edge/usr/bin/caddy")" "$(stat -c %s "$work/edge.tar")" <<'EOF'
const [all, binary, packed] = process.argv.slice(2).map((n) => (n / 1e6).toFixed(1) + ' MB')
console.log(`image ${all} unpacked, of which ${binary} the binary; ${packed} to download (on a Debian made here)`)
EOF
