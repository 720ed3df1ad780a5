package edge

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/hygiene"
)

// CleanAnswer keeps what a deployment answers that is not the live one out of all caches: the URL does not say which
// build it is of. Files of a build are told apart by their names; that there is none is not.
func (d *Deployments) CleanAnswer(status int, answer http.Header, a *Request) {
	if d == nil || a.Zone.IsLive || status == http.StatusSwitchingProtocols {
		return
	}
	switch status {
	case http.StatusOK, http.StatusPartialContent, http.StatusNotModified:
		if a.Kind == zones.KindStatic {
			return
		}
	}
	hygiene.KeepNowhere(answer)
}

// SetCookie has what belongs to a document of the live deployment come back to it, where the build has no deployment id
// to say so itself. A shared cache would give the cookie to everybody, so answers that one may keep have none, or with
// CookieOnAll are kept from it. It is called when nothing else changes the answer: what the page cache keeps has no
// cookie.
func (d *Deployments) SetCookie(status int, answer http.Header, r *http.Request, a *Request) {
	if d == nil || d.Cookie == "" || !a.Zone.IsLive || !isDocumentOfBrowser(r, a) {
		return
	}
	id := d.Pins.CookieID()
	if id == "" {
		return
	}
	isPage := isPageHead(status, answer)
	if d.CookieOnAll && (isPage || status == http.StatusNotModified) {
		// Also what this visitor needs no cookie for: kept for others, it would come to them without.
		hygiene.MakePrivate(answer)
	}
	if !isPage || r.Method == http.MethodHead || !isForOne(answer) || pinCookieOf(r.Header, d.Cookie) == id {
		return
	}
	cookie := http.Cookie{
		Name: d.Cookie, Value: url.PathEscape(id), Path: cmp.Or(basePathOf(a), "/"), HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: schemeOf(r) == "https",
	}
	answer["Set-Cookie"] = append(answer["Set-Cookie"], cookie.String())
}

// isDocumentOfBrowser reports whether a visitor sees the answer to a request as a document, now. Those that a browser
// loads ahead, or that a script fetches, tell nothing of what is on the screen.
func isDocumentOfBrowser(r *http.Request, a *Request) bool {
	if a.Kind != zones.KindDocument || a.IsAsset || a.IsSource || a.InBackground || a.Returned {
		return false
	}
	if len(r.Header["Sec-Purpose"]) > 0 {
		return false
	}
	destination := httpheader.First(r.Header, "Sec-Fetch-Dest")
	return destination == "" || destination == "document" // others than browsers, and old ones, do not say
}

// isPageHead reports whether an answer is a page, that of an error included.
func isPageHead(status int, h http.Header) bool {
	return (status < 300 || status >= 400) && strings.HasPrefix(httpheader.First(h, "Content-Type"), "text/html")
}

// basePathOf is where the zone of a request is: what its build says, else where the request was found.
func basePathOf(a *Request) string {
	if a.Zone.Build != nil {
		return a.Zone.Build.BasePath
	}
	return strings.TrimSuffix(a.Full, a.Path)
}
