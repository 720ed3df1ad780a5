SHELL := bash
.DEFAULT_GOAL := help

APPS := examples/multi-zone/home examples/multi-zone/blog examples/multi-zone/shop
SINGLE := examples/single/app
SITE := bench/site
FIXTURES := $(addprefix e2e/fixtures/,next14 next15 next16 monorepo export images partial skew16 skew15)
# What CGO and libvips need; without CGO nothing.
NATIVE := $(if $(filter-out 0,$(shell go env CGO_ENABLED 2>/dev/null)),gcc libc6-dev libvips-dev pkg-config)
SOURCES := go.mod go.sum $(shell find . \( -name node_modules -o -name .next -o -name .git -o -name .cache -o -name bin \) -prune -o -name '*.go' ! -name '*_test.go' -print)
UNIT := $(shell find . \( -name node_modules -o -name .next -o -name .git -o -name .cache -o -name bin \) -prune -o -name '*_test.go' ! -path './e2e/*' ! -path './tools/*' -printf '%h\n' | sort -u)

help: ## show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: bin/caddy ## build Caddy with the modules into bin/caddy

bin/caddy: $(SOURCES)
	@scripts/need.sh $(NATIVE)
	go build -o $@ ./caddy-build

demo: ## build and serve the example zones on http://localhost:8080 until Ctrl-C
	@scripts/need.sh
	@$(MAKE) --no-print-directory build
	@scripts/build-app.sh $(APPS)
	@exec scripts/demo.sh

test: ## install what the tests need and run them, with real Next.js builds and a real browser
	@scripts/need.sh gcc libc6-dev libvips-dev pkg-config chromium
	@$(MAKE) --no-print-directory build
	@scripts/build-app.sh $(APPS) $(SINGLE) $(FIXTURES)
	@scripts/install-node.sh e2e/httpcache
	go vet -tags e2e ./...
	go test -race -count=1 $(UNIT)
	go -C tools test -race -count=1 ./...
	go test -tags e2e -count=1 -p 1 -timeout 25m ./e2e/...

test-long: ## everything of test in full counts, fuzzing, and builds of every kind
	@scripts/need.sh gcc libc6-dev libvips-dev pkg-config chromium
	@scripts/test-long.sh

bench: ## print the figures, ours against peers in the same run
	@scripts/need.sh mate-backgrounds
	@$(MAKE) --no-print-directory build
	@scripts/build-app.sh examples/multi-zone/home e2e/fixtures/images $(SITE)
	go run ./bench

lint: ## run the linters
	@scripts/need.sh gcc libc6-dev libvips-dev pkg-config shellcheck codespell
	@scripts/lint.sh

xcaddy: ## build Caddy with the modules by xcaddy into bin/caddy-xcaddy
	@scripts/xcaddy.sh

image: ## build the image caddy-nextjs with docker, podman or buildah
	@scripts/image.sh

matrix: ## build with and without CGO, by go and by xcaddy, and let each binary serve a request
	@scripts/test-matrix.sh

clean: ## remove what was built
	rm -rf bin .cache bench/site/.next-* e2e/fixtures/skew1[56]/.next-* e2e/fixtures/skew1[56]/variant $(addprefix e2e/fixtures/skew15/,app pages middleware.js) $(foreach app,$(APPS) $(SINGLE) $(FIXTURES) $(SITE) e2e/fixtures/monorepo/apps/web,$(app)/.next $(app)/node_modules) e2e/httpcache/node_modules $(addprefix e2e/fixtures/export/,.next-slash .next-server out out-slash)

.PHONY: help build demo test test-long bench lint xcaddy image matrix clean
