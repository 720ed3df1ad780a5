package policy

import (
	"encoding/json"
	"net/http"
)

// Effect is what a request has changed of pages, as far as Next.js says.
type Effect uint8

// The effects.
const (
	EffectUnknown Effect = iota // nothing is said
	EffectNone                  // nothing that is kept
	EffectMaybe                 // it has set a cookie, or some page is another one now
	EffectPages                 // some page is another one now, and nobody says which
)

// EffectOf reads what Next.js says to its client of a server action (addRevalidationHeader in
// next/dist/server/app-render/action-handler.js). Since 16 the header is missing where nothing was revalidated; 1
// stands for revalidated paths or tags and for changed cookies alike, 2 for what was not kept anyway (refresh). 14 and
// 15 always send [[],tags,cookies]. revalidateTag with a profile says nothing: what is kept may be shown while it is
// made again.
func EffectOf(r *http.Request, h http.Header) Effect {
	if len(r.Header["Next-Action"]) == 0 {
		return EffectUnknown // a form that was sent without script has the header in no version
	}
	var said any
	values := h["X-Action-Revalidated"]
	if len(values) == 0 {
		return EffectNone
	}
	if err := json.Unmarshal([]byte(values[0]), &said); err != nil || len(values) > 1 {
		return EffectUnknown
	}
	switch said := said.(type) {
	case float64:
		switch {
		case said != 1:
			return EffectNone
		case len(h["Set-Cookie"]) > 0:
			return EffectMaybe
		}
		return EffectPages
	case []any:
		if len(said) != 3 {
			return EffectUnknown
		}
		if paths, ok := said[0].([]any); ok && len(paths) == 0 && said[1] == float64(0) {
			return EffectNone
		}
		return EffectPages
	}
	return EffectUnknown
}
