package deploy

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// replyTimeout bounds the question to one upstream whether it has a file.
const replyTimeout = 2 * time.Second

// Reply is what an upstream answers when it is asked for a file that only one build has.
type Reply uint8

// The replies.
const (
	ReplySilent  Reply = iota // it is not there, or does not answer
	ReplyUnclear              // it answers something else: a redirect to a login, an error
	ReplyHas                  // it runs the build: a process of Next.js lists its files when it starts
	ReplyHasNot               // 404
)

// Asker asks an upstream, and returns the status of its answer (Upstream.Ask).
type Asker func(context.Context, *Upstream, Question) (int, error)

// RepliesOf asks all upstreams at once for the file at a path, and returns their replies in the same order.
func RepliesOf(ctx context.Context, upstreams []*Upstream, ask Asker, path string) []Reply {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	replies := make([]Reply, len(upstreams))
	var group sync.WaitGroup
	for i, upstream := range upstreams {
		group.Go(func() { replies[i] = replyOf(ask(ctx, upstream, Question{Method: http.MethodHead, Path: path})) })
	}
	group.Wait()
	return replies
}

func replyOf(status int, err error) Reply {
	if err != nil {
		op, isNet := errors.AsType[*net.OpError](err)
		if isNet && op.Op == "dial" || errors.Is(err, context.DeadlineExceeded) {
			return ReplySilent
		}
		return ReplyUnclear
	}
	switch status {
	case http.StatusOK:
		return ReplyHas
	case http.StatusNotFound:
		return ReplyHasNot
	}
	return ReplyUnclear
}

// ManifestPath is where each version of Next.js answers a file that only the build of an id has, below the basePath. No
// code of the application runs for it.
func ManifestPath(buildID string) string { return "/_next/static/" + buildID + "/_ssgManifest.js" }
