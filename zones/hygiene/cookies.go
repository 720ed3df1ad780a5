package hygiene

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// Cookies that Next.js sets under the same name in every application. Browsers keep cookies by host, so on a site of
// several applications one would read what another has said.
const (
	localeCookie  = "NEXT_LOCALE"         // the language chosen, which redirects (i18n routing)
	bypassCookie  = "__prerender_bypass"  //nolint:gosec // a name; its value is the build's preview id (draft mode)
	previewCookie = "__next_preview_data" // what a preview of the Pages Router carries, signed by the build
)

var scopedCookies = [...]string{localeCookie, bypassCookie, previewCookie}

// CookieScope keeps the cookies of one zone from the others. In the browser they are named for the zone
// ("NEXT_LOCALE.shop"), in the application they have their own names. A nil scope changes nothing.
type CookieScope struct {
	suffix string
	own    [][32]byte // preview ids of the zone
	others [][32]byte // preview ids of all other zones
}

// NewCookieScopes returns the scope of each zone, or nil when there are no others to keep apart from.
func NewCookieScopes(list []*zones.Zone) map[*zones.Zone]*CookieScope {
	if len(list) < 2 {
		return nil
	}
	scopes := make(map[*zones.Zone]*CookieScope, len(list))
	for _, zone := range list {
		scope := &CookieScope{suffix: "." + cookieToken(zone.Name), own: zone.PreviewIDs}
		for _, other := range list {
			if other != zone {
				scope.others = append(scope.others, other.PreviewIDs...)
			}
		}
		scopes[zone] = scope
	}
	return scopes
}

// cookieToken writes a zone's name with the characters that a cookie's name may have (RFC 6265, 4.1.1), each name in
// one way of its own.
func cookieToken(name string) string {
	const hex = "0123456789ABCDEF"
	var token strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
			token.WriteByte(c)
		default:
			token.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return token.String()
}

// CleanRequest turns the cookies of a browser into those of the zone: its own get their plain names, those of other
// zones are removed, and every other byte stays. It reports whether a plain draft mode cookie is among them, which only
// the zone can end.
//
// Plain ones come from scripts, and from times when the site had one zone. A plain NEXT_LOCALE is the newer choice, for
// the edge removes it whenever an application sets one. A plain draft mode cookie passes where it may belong.
func (s *CookieScope) CleanRequest(h http.Header) (plainDraft bool) {
	lines := h["Cookie"]
	if s == nil || !slices.ContainsFunc(lines, mayHoldScopedCookie) {
		return false
	}
	have := s.survey(lines)
	kept := make([]string, 0, len(lines))
	for _, line := range lines {
		if mayHoldScopedCookie(line) {
			line = s.cleanLine(line, have)
		}
		if line != "" {
			kept = append(kept, line)
		}
	}
	if len(kept) > 0 {
		h["Cookie"] = kept
	} else {
		delete(h, "Cookie")
	}
	return have.plainDraft
}

// survey is what must be known of all cookies of a request before one of them can be judged.
type survey struct {
	plainLocale bool // NEXT_LOCALE as a script wrote it
	ownDraft    bool // a draft mode cookie named for the zone
	plainDraft  bool // a plain one that may belong to the zone, and no named one
}

func (s *CookieScope) survey(lines []string) (have survey) {
	for _, line := range lines {
		for pair := range strings.SplitSeq(line, ";") {
			switch name, value := cookiePair(pair); name {
			case localeCookie:
				have.plainLocale = true
			case bypassCookie:
				have.plainDraft = have.plainDraft || s.mayOwn(value)
			case bypassCookie + s.suffix:
				have.ownDraft = true
			}
		}
	}
	have.plainDraft = have.plainDraft && !have.ownDraft
	return have
}

func (s *CookieScope) cleanLine(line string, have survey) string {
	kept := make([]string, 0, 16)
	for pair := range strings.SplitSeq(line, ";") {
		if pair, keep := s.cleanPair(pair, have); keep {
			kept = append(kept, pair)
		}
	}
	return strings.TrimLeft(strings.Join(kept, ";"), " \t")
}

// cleanPair returns a cookie as the zone may see it.
func (s *CookieScope) cleanPair(pair string, have survey) (cleaned string, keep bool) {
	name, value := cookiePair(pair)
	for _, scoped := range scopedCookies {
		suffix, found := strings.CutPrefix(name, scoped)
		switch {
		case !found || suffix != "" && suffix[0] != '.':
			continue
		case suffix == s.suffix:
			// Renamed in its place, with what stands around it.
			return strings.Replace(pair, name, scoped, 1), scoped != localeCookie || !have.plainLocale
		case suffix != "":
			return "", false
		case scoped == localeCookie:
			return pair, true
		case scoped == bypassCookie:
			return pair, have.plainDraft && s.mayOwn(value)
		default:
			return pair, have.plainDraft
		}
	}
	return pair, true
}

// mayOwn reports whether a preview id may be one of the zone's builds.
func (s *CookieScope) mayOwn(previewID string) bool {
	sum := sha256.Sum256([]byte(previewID))
	if len(s.own) > 0 {
		return slices.Contains(s.own, sum)
	}
	return !slices.Contains(s.others, sum)
}

// CleanResponse names the cookies that an answer sets for the zone, and leaves all attributes as they are. plainDraft
// is what CleanRequest has said of the request.
func (s *CookieScope) CleanResponse(h http.Header, plainDraft bool) {
	values := h["Set-Cookie"]
	if s == nil || !slices.ContainsFunc(values, mayHoldScopedCookie) {
		return
	}
	scoped := make([]string, 0, len(values)+1)
	for _, value := range values {
		pair, attributes, _ := strings.Cut(value, ";")
		name, content := cookiePair(pair)
		if !slices.Contains(scopedCookies[:], name) {
			scoped = append(scoped, value)
			continue
		}
		scoped = append(scoped, strings.Replace(value, name, name+s.suffix, 1))
		switch {
		case name == localeCookie:
			// Else the choice of a script, older now, would still win.
			scoped = append(scoped, expired(name, attributes))
		case content == "" && plainDraft:
			// Draft mode is ended, so the plain cookie that brought it must go.
			scoped = append(scoped, value)
		}
	}
	h["Set-Cookie"] = scoped
}

// expired returns the Set-Cookie value that removes the cookie which one with the given attributes would replace.
func expired(name, attributes string) string {
	removal := name + "=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
	for attribute := range strings.SplitSeq(attributes, ";") {
		key, _, _ := strings.Cut(attribute, "=")
		switch key = strings.TrimSpace(key); {
		case key == "", strings.EqualFold(key, "Max-Age"), strings.EqualFold(key, "Expires"):
		default:
			removal += "; " + strings.TrimSpace(attribute)
		}
	}
	return removal
}

// cookiePair splits "name=value" and takes off the space around both.
func cookiePair(pair string) (name, value string) {
	name, value, _ = strings.Cut(pair, "=")
	return strings.TrimSpace(name), strings.TrimSpace(value)
}

// mayHoldScopedCookie is true for every Cookie or Set-Cookie value with one of the names, and false for most others.
func mayHoldScopedCookie(value string) bool {
	for _, name := range scopedCookies {
		if strings.Contains(value, name) {
			return true
		}
	}
	return false
}
