package imageopt

import (
	"net/http"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpwriter"
)

// withdraws reports whether an application says by its answer that a picture is not there for everybody any more. One
// that it has made of a source that is stale there says nothing, and neither does an error of its own.
func withdraws(answer *httpwriter.Discard) bool {
	status, h := answer.Status, answer.Header()
	_, keepable := keepTime(status, h)
	return !keepable && status != 0 && status < http.StatusInternalServerError && h.Get("X-Nextjs-Cache") != "STALE"
}

// publicOnly passes an answer on if everybody may have it, and drops any other.
type publicOnly struct {
	httpwriter.Wrapper // to nobody, until it is known to be for everybody
	to                 http.ResponseWriter
	passed             bool // it is passed on
}

func newPublicOnly(to http.ResponseWriter) *publicOnly {
	p := &publicOnly{to: to}
	p.Wrapper = httpwriter.Wrapper{ResponseWriter: httpwriter.NewDiscard(), Head: p}
	return p
}

// OnHead implements httpwriter.Head.
func (p *publicOnly) OnHead(status int) {
	answer, h := p.Header(), p.to.Header()
	if _, p.passed = keepTime(status, answer); !p.passed {
		return
	}
	for name, values := range answer {
		if name == "Vary" {
			values = append(h[name], values...) // what stands before it may have set one
		}
		h[name] = values
	}
	p.ResponseWriter = p.to
}
