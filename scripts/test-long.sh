#!/usr/bin/env bash
# test-long.sh: what `make test` runs in short form, in full counts, and what it leaves out. Its last result is kept in
# docs/test-long.md.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$root"
fuzz_time=${FUZZ_TIME:-60s}

say "fuzzing, $fuzz_time each"
for package in zones zones/hygiene zones/rules internal/spelling streaming nextbuild blobstore caddymodule imageopt pagecache pagecache/policy internal/picomatch internal/vips; do
	for target in $(go test -list '^Fuzz' "./$package" | grep '^Fuzz'); do
		go test "./$package" -run '^$' -fuzz "^$target\$" -fuzztime "$fuzz_time"
	done
done

say "tests, five times, in random order"
make --no-print-directory test
go test -race -count=5 -shuffle=on ./zones/... ./deploy ./streaming ./nextbuild ./blobstore ./assets ./imageopt ./pagecache/... ./internal/... ./caddymodule/...
E2E_LONG=1 go test -count=1 -run TestKill ./blobstore

say "pictures: every size, and memory over 5,000 transforms"
E2E_LONG=1 go test -count=1 -timeout 60m -v -run 'Sizes|Flat' ./imageopt ./internal/vips

say "end-to-end tests in full counts"
E2E_LONG=1 go test -tags e2e -count=1 -p 1 -timeout 60m ./e2e/...

say "xcaddy"
scripts/xcaddy.sh
E2E_CADDY=$root/bin/caddy-xcaddy go test -tags e2e -count=1 -p 1 -timeout 30m ./e2e/... -run Zone

say "builds of every kind"
scripts/test-matrix.sh

say "the image"
scripts/test-image.sh
