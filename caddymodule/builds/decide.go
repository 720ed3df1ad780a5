package builds

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

const (
	// askTimeout bounds the question to one upstream whether it runs a build.
	askTimeout = 2 * time.Second
	// unprovenTime is how long a build waits for upstreams of which nobody knows whether they would tell.
	unprovenTime = 30 * time.Second
)

// reply is what an upstream answers when it is asked for a file that only one build has.
type reply uint8

const (
	silent  reply = iota // it is not there, or does not answer
	unclear              // it answers something else: a redirect to a login, an error
	has                  // it runs the build: a process of Next.js lists its files when it starts
	hasNot               // 404
)

// distinctFile returns the path of a file that b has and other has not, below the origin of the application. "": there
// is none. other may be nil.
func distinctFile(b, other *nextbuild.Build) string {
	theirs := map[string]bool{}
	if other != nil && other.BasePath == b.BasePath {
		for _, path := range other.Static {
			theirs[path] = true
		}
	}
	// Each version of Next.js writes this one, and no code of the application runs for it.
	manifest := "/_next/static/" + b.ID + "/_ssgManifest.js"
	proof := ""
	for _, path := range b.Static {
		switch {
		case theirs[path]:
		case path == manifest:
			return b.BasePath + path
		case proof == "":
			proof = b.BasePath + path
		}
	}
	return proof
}

// askUpstream asks an upstream, and returns the status of its answer.
type askUpstream func(context.Context, *deploy.Upstream, deploy.Question) (int, error)

// repliesOf asks all upstreams at once for a file.
func repliesOf(ctx context.Context, upstreams []*deploy.Upstream, ask askUpstream, path string) []reply {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answers := make([]reply, len(upstreams))
	var group sync.WaitGroup
	for i, upstream := range upstreams {
		group.Go(func() { answers[i] = replyOf(ask(ctx, upstream, deploy.Question{Method: http.MethodHead, Path: path})) })
	}
	group.Wait()
	return answers
}

func replyOf(status int, err error) reply {
	if err != nil {
		op, isNet := errors.AsType[*net.OpError](err)
		if isNet && op.Op == "dial" || errors.Is(err, context.DeadlineExceeded) {
			return silent
		}
		return unclear
	}
	switch status {
	case http.StatusOK:
		return has
	case http.StatusNotFound:
		return hasNot
	}
	return unclear
}

// decision is what becomes of a build that waits for the application to run it.
type decision uint8

const (
	waits         decision = iota
	waitsMixed             // some upstreams run it, and others do not yet
	takes                  // the application runs it
	takesUnproven          // nobody knows, and it has waited long enough
)

// decideWaiting decides by what the upstreams answered. confirmed says that the build before was seen to run by the
// same question, so that a 404 counts.
//
// Upstreams that are silent serve nothing that could be kept. When they come back, they run what is on their disk.
func decideWaiting(answers []reply, confirmed bool, waited time.Duration) decision {
	var count [hasNot + 1]int
	for _, answer := range answers {
		count[answer]++
	}
	switch {
	case count[has] > 0 && count[hasNot] > 0:
		return waitsMixed
	case count[has] > 0:
		return takes
	case !confirmed && count[silent] < len(answers) && waited >= unprovenTime:
		return takesUnproven
	}
	return waits
}
