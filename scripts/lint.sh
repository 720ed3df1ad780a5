#!/usr/bin/env bash
# lint.sh: everything that reads the project without running it.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"
golangci_version=v2.6.2
golangci=bin/golangci-lint-$golangci_version
if [ ! -x "$golangci" ]; then
	say "building golangci-lint $golangci_version"
	GOBIN=$root/bin go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$golangci_version"
	mv bin/golangci-lint "$golangci"
fi
"$golangci" run ./...
(cd tools && "../$golangci" run ./...)
go -C tools build -o ../bin/filecycles ./filecycles
bin/filecycles ./caddymodule/...
# SC2317: it does not see that a trap calls a function.
shellcheck --shell=bash --exclude=SC2317 --external-sources --source-path=SCRIPTDIR scripts/*.sh .ci/run caddy-build/image/healthcheck
shellcheck examples/*/*.sh
codespell --skip='package-lock.json,go.mod,go.sum,./.git,./bin,./.cache,*/node_modules,*/.next,*/.next-*,*/fixtures/export/out*,*/shop/lib,*.caddyfiletest' \
	--ignore-words-list=atleast,inflight,te,flate,shttp .
for file in Caddyfile.example examples/*/Caddyfile caddy-build/image/Caddyfile caddy-build/image/conf.d/*.caddyfile; do
	bin/caddy fmt --diff "$file" >/dev/null || die "$file is not formatted: run bin/caddy fmt --overwrite $file"
done
