package imageopt

import "net/http"

// nobody takes an answer that nobody waits for.
type nobody struct {
	header http.Header
	status int
}

func (n *nobody) Header() http.Header { return n.header }

func (n *nobody) WriteHeader(status int) {
	if n.status == 0 && status >= http.StatusOK {
		n.status = status
	}
}

func (n *nobody) Write(p []byte) (int, error) {
	n.WriteHeader(http.StatusOK)
	return len(p), nil
}

// withdraws reports whether an application says by its answer that a picture is not there for everybody any more. One
// that it has made of a source that is stale there says nothing, and neither does an error of its own.
func (n *nobody) withdraws() bool {
	_, keepable := keepTime(n.status, n.header)
	return !keepable && n.status != 0 && n.status < http.StatusInternalServerError && n.header.Get("X-Nextjs-Cache") != "STALE"
}

// publicOnly passes an answer on if everybody may have it, and drops any other.
type publicOnly struct {
	to     http.ResponseWriter
	header http.Header
	wrote  bool
	passed bool // it is passed on
}

func (p *publicOnly) Header() http.Header {
	if p.passed {
		return p.to.Header()
	}
	return p.header
}

func (p *publicOnly) WriteHeader(status int) {
	if p.wrote || status < http.StatusOK {
		return
	}
	p.wrote = true
	if _, p.passed = keepTime(status, p.header); !p.passed {
		return
	}
	h := p.to.Header()
	for name, values := range p.header {
		if name == "Vary" {
			values = append(h[name], values...) // what stands before it may have set one
		}
		h[name] = values
	}
	p.to.WriteHeader(status)
}

func (p *publicOnly) Write(b []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	if !p.passed {
		return len(b), nil
	}
	return p.to.Write(b)
}

// Flush lets a proxy send on what it has.
func (p *publicOnly) Flush() {
	p.WriteHeader(http.StatusOK)
	if p.passed {
		// A writer that cannot do it sends it later.
		_ = http.NewResponseController(p.to).Flush()
	}
}
