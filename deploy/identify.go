package deploy

import (
	"bytes"
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

// Where answers have the id of the build: payloads of the App Router in row 0, at its beginning in 15 and at its end in
// 16 (`b`, app-render.js of 15.5 and 16.4), documents of the Pages Router in __NEXT_DATA__. An application may have a
// `b` of its own anywhere else.
var buildIDs = regexp.MustCompile(`(?m)^0:\{(?:"P":[^,]*,)?"b":"([^"\\]{1,128})"|^0:.*,"b":"([^"\\]{1,128})"\}$|"buildId":"([^"\\]{1,128})"`)

// deploymentIDs is where documents have the deployment id: in the URLs of their scripts.
var deploymentIDs = regexp.MustCompile(`/_next/static/[^"'?\s]+\?dpl=([A-Za-z0-9._~-]{1,128})`)

// Identify asks an upstream of the zone which build it runs: for the payload of the page at the zone's basePath. The
// error says that it does not answer.
func (r *Rotation) Identify(ctx context.Context, u *Upstream, basePath string) (Identity, error) {
	return u.Identify(ctx, Question{Path: cmp.Or(basePath, "/"), TLS: r.traffic.tls.Load()})
}

// Identify asks an upstream which build it runs, likewise, by a question. 15 says its deployment id only in documents.
func (u *Upstream) Identify(ctx context.Context, q Question) (found Identity, err error) {
	payload := q
	payload.Header = http.Header{"Rsc": {"1"}}
	payload.Path += "?_rsc" // what 16 wants of a request without the other headers of the router, and redirects to
	for _, question := range []Question{payload, q} {
		header, text, err := u.read(ctx, question)
		if err != nil {
			return Identity{}, err
		}
		found.BuildID = cmp.Or(found.BuildID, firstMatch(buildIDs, text))
		found.DeploymentID = cmp.Or(header.Get("X-Nextjs-Deployment-Id"), firstMatch(deploymentIDs, text))
		if found.DeploymentID != "" {
			break
		}
	}
	return found, nil
}

// read returns the beginning of an answer.
func (u *Upstream) read(ctx context.Context, q Question) (http.Header, []byte, error) {
	res, err := u.send(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = res.Body.Close() }()                        // it was only read
	text, _ := io.ReadAll(io.LimitReader(res.Body, identityLimit)) // what came says what it says
	return res.Header, text, nil
}

// firstMatch returns the group that has matched first; "": none has.
func firstMatch(pattern *regexp.Regexp, text []byte) string {
	match := pattern.FindSubmatch(text)
	if match == nil {
		return ""
	}
	return string(bytes.Join(match[1:], nil)) // one of them has something
}
