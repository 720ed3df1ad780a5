package edge

import (
	"io"
	"net/http"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// maxPeeked bounds how much of a form is read to find which action it calls (bytes). React writes it at the beginning
// of the form, or at the button that was pressed.
const maxPeeked = 64 << 10

// ActionOf returns the id of the server action that a request calls: what its header says, or of a form that was sent
// without script what its body says. "": it calls none, the id is malformed, or there is no other deployment that could
// be meant. It waits for the beginning of a form, and leaves the body as it was.
func (z *Zone) ActionOf(r *http.Request, kind zones.Kind) string {
	switch {
	case kind != zones.KindAction || !z.Deployments.HasOthers():
		return ""
	case zones.CallsByScript(r.Header):
		return zones.CalledAction(r.Header)
	case r.Body == nil || r.Body == http.NoBody || !zones.MaySubmitForm(r.Header):
		return ""
	}
	place := &r.Body
	if guarded, ok := r.Body.(*Body); ok {
		place = &guarded.source // nobody has begun to read, as far as the guard knows
	}
	form := &peekedBody{ReadCloser: *place}
	ids := zones.FormActions(io.LimitReader(peeking{form}, maxPeeked), httpheader.First(r.Header, "Content-Type"), 1)
	*place = form
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}

// peekedBody is a body of which the beginning was read already. It is read again by whoever reads the body.
type peekedBody struct {
	io.ReadCloser
	begin []byte
	err   error // what came after it
}

// Read implements io.Reader.
func (b *peekedBody) Read(p []byte) (int, error) {
	switch {
	case len(b.begin) > 0:
		n := copy(p, b.begin)
		if b.begin = b.begin[n:]; len(b.begin) == 0 {
			b.begin = nil
			return n, b.err
		}
		return n, nil
	case b.err != nil:
		return 0, b.err
	}
	return b.ReadCloser.Read(p)
}

// peeking reads the beginning of a body and has it be read again.
type peeking struct{ body *peekedBody }

// Read implements io.Reader.
func (p peeking) Read(buffer []byte) (int, error) {
	n, err := p.body.ReadCloser.Read(buffer)
	p.body.begin = append(p.body.begin, buffer[:n]...)
	p.body.err = err
	return n, err //nolint:wrapcheck // io.EOF is compared
}
