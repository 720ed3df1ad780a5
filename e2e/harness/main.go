//go:build e2e

// Package harness starts what the end-to-end tests drive: the server binary, Next.js applications, a browser. The
// packages beside it are the tests, one for each area.
//
//	make test        # or, once that has built everything: go test -tags e2e -count=1 -p 1 ./e2e/...
//
// What a package asks for starts once and ends with the package's tests: the three applications of examples/multi-zone
// and an edge before them, those of e2e/fixtures, the browser. Tests that reload or stop an edge start one of their
// own. No test measures speed: they assert in which order things happen, and deadlines are only there so that a test
// that would hang fails.
package harness

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Scratch is where the tests keep their files: configurations, certificates, logs, browser profiles.
var Scratch string

// Main runs the tests of a package, ends all that they have started, and ends the process: it is what TestMain does.
func Main(m *testing.M) { os.Exit(run(m)) }

// MainOfWaiting does the same where tests mostly wait: at least count of those that call t.Parallel run at a time,
// however few cores there are, unless -parallel says otherwise.
func MainOfWaiting(m *testing.M, count int) {
	if err := flag.Set("test.parallel", strconv.Itoa(max(count, runtime.GOMAXPROCS(0)))); err != nil {
		panic(err)
	}
	Main(m)
}

func run(m *testing.M) int {
	var err error
	if Scratch, err = os.MkdirTemp("", "caddy-nextjs-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, "making a directory for the tests:", err)
		return 1
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted
		cleanUp()
		os.Exit(1)
	}()
	defer cleanUp()
	return m.Run()
}

func cleanUp() {
	closeBrowser()
	killAll()
	_ = os.RemoveAll(Scratch)
}

// Repository is the root of the repository, above the package whose tests run.
func Repository() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	for filepath.Dir(dir) != dir {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	panic("no go.mod above the package whose tests run")
}

// LongOr returns the count for `make test`, or the full one for `make test-long`.
func LongOr(short, long int) int {
	if os.Getenv("E2E_LONG") != "" {
		return long
	}
	return short
}

// NoSlash returns a path as part of the name of a test, which a slash would divide.
func NoSlash(path string) string { return strings.ReplaceAll(path, "/", "|") }
