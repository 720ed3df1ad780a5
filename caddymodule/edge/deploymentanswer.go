package edge

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpwriter"
)

// DeploymentAnswer looks at the head of an answer of a zone with several deployments on its way to the client, whoever
// gives it: Next.js, the page cache, or the edge with a file.
type DeploymentAnswer struct {
	httpwriter.Wrapper
	request *http.Request
	about   *Request
	began   time.Time
	status  int // 0: no answer has begun
}

// WatchDeployment returns what takes the place of the writer of an answer; nil for a zone that has one deployment.
func WatchDeployment(w http.ResponseWriter, r *http.Request, a *Request) *DeploymentAnswer {
	if a.Zone.Deployments == nil {
		return nil
	}
	d := &DeploymentAnswer{request: r, about: a, began: time.Now()}
	d.Wrapper = httpwriter.Wrapper{ResponseWriter: w, Head: d}
	return d
}

// OnHead implements httpwriter.Head. Which deployment answers may have changed since the request came.
func (d *DeploymentAnswer) OnHead(status int) {
	d.status = status
	zone := d.about.Zone
	zone.Deployments.CleanAnswer(status, d.Header(), d.about)
	zone.Deployments.SetCookie(status, d.Header(), d.request, d.about)
	zone.Served.count(status, time.Since(d.began))
}

// ReadFrom implements io.ReaderFrom, so that the kernel may copy files.
func (d *DeploymentAnswer) ReadFrom(r io.Reader) (int64, error) {
	if d.status == 0 {
		d.WriteHeader(http.StatusOK)
	}
	return io.Copy(d.ResponseWriter, r) //nolint:wrapcheck // it stands for the writer
}

// Done counts a request that has failed before an answer began. nil does nothing.
func (d *DeploymentAnswer) Done(err error) {
	if d == nil || err == nil || d.status != 0 {
		return
	}
	status := http.StatusInternalServerError
	if failure := (caddyhttp.HandlerError{}); errors.As(err, &failure) && failure.StatusCode != 0 {
		status = failure.StatusCode
	}
	d.about.Zone.Served.count(status, time.Since(d.began))
}

// Interface guards
var (
	_ http.ResponseWriter = (*DeploymentAnswer)(nil)
	_ io.ReaderFrom       = (*DeploymentAnswer)(nil)
)
