package edge

import (
	"net/http"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// Sticky sends what one visitor asks to one upstream of a zone, as long as that is fit. nil does not.
type Sticky struct {
	// Header is what tells visitors apart; "": Cookie does.
	Header string
	// Cookie is the name of the cookie, Names are its values.
	Cookie string
	Names  *deploy.CookieNames
}

// Of returns at which upstream a request should be.
func (s *Sticky) Of(r *http.Request, upstreams *deploy.Rotation) (belongs deploy.Affinity) {
	switch {
	case s == nil:
	case s.Header != "":
		if value := r.Header.Get(s.Header); value != "" {
			belongs.Key = deploy.KeyOf(value)
		}
	default:
		if cookie, err := r.Cookie(s.Cookie); err == nil {
			belongs.Upstream = s.named(cookie.Value, upstreams.Zone())
		}
	}
	return belongs
}

func (s *Sticky) named(name string, zone *deploy.Zone) *deploy.Upstream {
	for _, member := range zone.Deployment.Members {
		if s.Names.Of(member.Upstream) == name {
			return member.Upstream
		}
	}
	return nil
}

// stickyFor is how long a browser keeps the cookie. It is set anew only when the upstream changes.
const stickyFor = 30 * 24 * time.Hour

// SetCookie has the visitor come back to the upstream that has answered, where no shared cache may keep the answer:
// it would give the cookie to everybody. Of an action it is read whether the application has set a cookie
// (policy.EffectOf), so one more would have it purge less.
func (s *Sticky) SetCookie(answer http.Header, r *http.Request, a *Request) {
	if s == nil || s.Cookie == "" || a.IsSource || a.Kind == zones.KindAction || !isForOne(answer) {
		return
	}
	name := s.Names.Of(a.Try.Upstream)
	if cookie, err := r.Cookie(s.Cookie); err == nil && cookie.Value == name {
		return
	}
	cookie := http.Cookie{
		Name: s.Cookie, Value: name, Path: "/", MaxAge: int(stickyFor.Seconds()), HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: schemeOf(r) == "https",
	}
	answer["Set-Cookie"] = append(answer["Set-Cookie"], cookie.String())
}

// isForOne reports whether an answer says that no shared cache may keep it. Fields that only some of those read come
// before Cache-Control there (RFC 9213), and few of them forbid.
func isForOne(h http.Header) bool {
	for _, name := range httpheader.TargetedFields {
		if len(h[name]) > 0 {
			return false
		}
	}
	control := h["Cache-Control"]
	return httpheader.HasDirective(control, "private") || httpheader.HasDirective(control, "no-store")
}
