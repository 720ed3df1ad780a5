//go:build e2e

// Package e2e_test drives real Next.js builds through the real server binary: what the project promises, seen from outside.
//
//	make test        # or, once that has built everything: go test -tags e2e -count=1 ./e2e/...
//
// The three applications of examples/multi-zone run for the whole of the tests, and an edge before them. Tests that reload or stop
// an edge start one of their own. No test measures speed: they assert in which order things happen, and deadlines are only
// there so that a test that would hang fails.
package e2e_test

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for something that happens at once on an idle machine.
const patience = 30 * time.Second

// scratch is where the tests keep their files: configurations, certificates, logs, browser profiles.
var scratch string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "caddy-nextjs-e2e-"); err != nil {
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
	_ = os.RemoveAll(scratch)
}

// repository is the root of the repository.
func repository() string {
	root, err := filepath.Abs("..")
	if err != nil {
		panic(err)
	}
	return root
}
