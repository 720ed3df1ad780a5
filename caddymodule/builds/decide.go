package builds

import (
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// unprovenTime is how long a build waits for upstreams of which nobody knows whether they would tell.
const unprovenTime = 30 * time.Second

// reply is what an upstream answers when it is asked for a file that only one build has.
type reply = deploy.Reply

const (
	silent  = deploy.ReplySilent
	unclear = deploy.ReplyUnclear
	has     = deploy.ReplyHas
	hasNot  = deploy.ReplyHasNot
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
	manifest := deploy.ManifestPath(b.ID)
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
