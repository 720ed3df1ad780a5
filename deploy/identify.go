package deploy

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"regexp"
)

// Identity is what an application says of the build that it runs. "": it does not say that.
type Identity struct{ DeploymentID, BuildID string }

// identityLimit bounds how much of an answer is looked at (bytes).
const identityLimit = 256 << 10

// Where answers have the id of the build: payloads of the App Router in their first row (`b`, app-render.js of 15.5 and
// 16.4), documents of the Pages Router in __NEXT_DATA__.
var buildIDs = regexp.MustCompile(`"(?:b|buildId)":"([^"\\]{1,128})"`)

// Identify asks an upstream of the zone which build it runs: for the payload of the page at the zone's basePath. The
// error says that it does not answer.
func (r *Rotation) Identify(ctx context.Context, u *Upstream, basePath string) (Identity, error) {
	return u.Identify(ctx, Question{Path: cmp.Or(basePath, "/"), TLS: r.traffic.tls.Load()})
}

// Identify asks an upstream which build it runs, likewise, by a question.
func (u *Upstream) Identify(ctx context.Context, q Question) (Identity, error) {
	q.Header = http.Header{"Rsc": {"1"}}
	q.Path += "?_rsc" // what 16 wants of a request without the other headers of the router, and redirects to
	res, err := u.send(ctx, q)
	if err != nil {
		return Identity{}, err
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	found := Identity{DeploymentID: res.Header.Get("X-Nextjs-Deployment-Id")}
	text, _ := io.ReadAll(io.LimitReader(res.Body, identityLimit)) // what came says what it says
	if match := buildIDs.FindSubmatch(text); match != nil {
		found.BuildID = string(match[1])
	}
	return found, nil
}
