package edge

import (
	"errors"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
)

var errReadOnly = errors.New("files and pictures can only be read")

// RefuseMethod answers a request that would write to a file or a picture. Next.js 14 and 15 say 405 for files too, 16
// fails with 500 where it has no page for it; for any method of /_next/image they make the picture.
func RefuseMethod(w http.ResponseWriter, a *Request) error {
	assets.SetHeaders(w.Header(), a.Verdict.Headers)
	if a.IsAsset {
		AllowOtherSites(w.Header())
	}
	w.Header().Set("Allow", "GET, HEAD")
	return Refuse(w, errReadOnly)
}

// AnswerOptions says what may be done with a file or a picture, and on a site of files that pages of other sites may do
// it.
func AnswerOptions(w http.ResponseWriter, r *http.Request, a *Request) {
	h, more := w.Header(), a.Verdict.Headers
	h["Allow"] = []string{"GET, HEAD, OPTIONS"}
	if a.IsAsset {
		allowPreflight(h, r.Header)
		more = OtherSitesHeaders(more)
	}
	assets.SetHeaders(h, more)
	a.CountMethodRepair(r)
	w.WriteHeader(http.StatusNoContent)
}

// preflightAge is how long browsers may go without asking again. They have bounds of their own.
const preflightAge = "86400"

// allowPreflight answers what browsers ask before they send a request of another site that has headers of its own
// (CORS). Whose pages may, Access-Control-Allow-Origin says.
func allowPreflight(h, asked http.Header) {
	if len(asked["Access-Control-Request-Method"]) == 0 {
		return
	}
	h["Access-Control-Allow-Methods"] = h["Allow"]
	h["Access-Control-Max-Age"] = []string{preflightAge}
	if names := asked["Access-Control-Request-Headers"]; len(names) > 0 {
		h["Access-Control-Allow-Headers"] = []string{strings.Join(names, ", ")}
		h.Add("Vary", "Access-Control-Request-Headers")
	}
}

// CountMethodRepair counts a method that the edge has answered in place of Next.js.
func (a *Request) CountMethodRepair(r *http.Request) {
	repairs := &a.Zone.Repairs
	repairs.Count(RepairImageMethods)
	repairs.LogHourly(RepairImageMethods, a.Zone.Log, "neither GET nor HEAD of a file or picture: Next.js is not asked",
		zap.String("method", r.Method), zap.String("path", r.URL.Path))
}
