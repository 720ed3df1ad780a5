package proxy

import (
	"io"
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/zones/hygiene"
)

// maxRedirectBody bounds what is read of the body of a redirect, so that its connection can be used again (bytes).
const maxRedirectBody = 4 << 10

// endPrefetchLoop answers the prefetch of a segment that would be redirected with 204. The client of Next.js 16.3 and
// 16.4 follows the redirect, finds another route than it has foreseen, and asks again without end
// (vercel/next.js#97329).
func (t *Transport) endPrefetchLoop(req *http.Request, res *http.Response, a *edge.Request) {
	if !hygiene.IsSegmentPrefetch(req) || !hygiene.Redirects(res.StatusCode, res.Header) ||
		!a.Zone.Repairs.Has(edge.RepairPrefetchRedirects) {
		return
	}
	location := res.Header.Get("Location")
	hygiene.EmptyPrefetch(res.Header)
	if 0 <= res.ContentLength && res.ContentLength <= maxRedirectBody {
		_, _ = io.Copy(io.Discard, res.Body)
	}
	_ = res.Body.Close()
	res.StatusCode, res.Status = http.StatusNoContent, ""
	res.Body, res.ContentLength, res.TransferEncoding, res.Trailer = http.NoBody, 0, nil, nil
	a.Zone.Repairs.Count(edge.RepairPrefetchRedirects)
	a.Zone.Repairs.LogHourly(edge.RepairPrefetchRedirects, t.logger,
		"the prefetch of a link is redirected: answered with 204",
		zap.String("path", req.URL.Path), zap.String("location", location))
}
