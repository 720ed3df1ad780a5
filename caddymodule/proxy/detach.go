package proxy

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
)

// lingerTime bounds how long a request to the image optimizer goes on after its client has left. It is far longer than
// an image takes.
const lingerTime = 30 * time.Second

// sendDetached sends a request that goes on when its client leaves, until the upstream answers or lingerTime is over.
//
// Next.js reads the source of an image on behalf of the first client that asks, and lets all others wait for it. When
// that client leaves in between (every reload of a page does it), the read never ends, and that image is not answered
// any more until the process restarts (fetchInternalImage in next/dist/server/image-optimizer.js, 15.5 and 16.4;
// vercel/next.js#98402).
func sendDetached(transport http.RoundTripper, req *http.Request) (*http.Response, error) {
	client := req.Context()
	ctx, cancel := context.WithCancel(context.WithoutCancel(client))
	stopWatching := context.AfterFunc(client, func() {
		if errors.Is(context.Cause(client), imageopt.ErrClosed) {
			cancel() // who asks is the edge itself, which ends
			return
		}
		time.AfterFunc(lingerTime, cancel)
	})
	res, err := transport.RoundTrip(req.WithContext(ctx))
	stopWatching()
	// What is left belongs to this client alone.
	context.AfterFunc(client, cancel)
	return res, err
}
