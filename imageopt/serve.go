package imageopt

import (
	"net/http"
	"strconv"
)

// write answers with a picture.
func (z *Zone) write(w http.ResponseWriter, r *http.Request, wanted Request, p *picture, result Result) {
	h := w.Header()
	z.Settings.SetHeaders(h, wanted, p.mime, p.maxAge, p.etag)
	if result == ResultPrivate {
		h["Cache-Control"] = []string{"private, max-age=" + strconv.Itoa(p.maxAge) + ", must-revalidate"}
	}
	h["X-Nextjs-Cache"] = []string{cacheNames[result]}
	if NotModified(r.Header, p.etag) {
		KeepFor304(h)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Content-Length"] = []string{strconv.FormatInt(p.size(), 10)}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	// Who is gone needs no picture.
	if p.entry != nil {
		_, _ = p.entry.WriteTo(w)
	} else {
		_, _ = w.Write(p.body)
	}
}
