package caddymodule

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if body := guardBody(w, r); body != nil {
		return body.finish(h.serve(body, r, next))
	}
	ignoreUnannouncedBody(r)
	return h.serve(w, r, next)
}

// arrival is what is known of a request before it is decided whether an application sees it.
type arrival struct {
	view  *view
	facts *zoneFacts
	zone  *siteZone
	found zones.Match
	kind  zones.Kind
	// refusal is why the request is refused, if nothing else says it.
	refusal error
	// returns is how often the application has sent the request back to the edge.
	returns int
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	in := arrival{view: h.site.view.Load()}
	if h.asksForSpeculation(r, in.view) {
		return h.serveSpeculation(w, r, in.view)
	}
	if err := h.findZone(r, &in); err != nil {
		unclaimedTotal.Inc()
		return refuse(w, err)
	}
	if export := in.facts.export; export != nil {
		release, ok := export.acquire()
		if !ok && h.site.view.Load() != in.view {
			// A new one was taken since the view was looked at.
			return h.serve(w, r, next)
		}
		defer release()
	}
	classify(r, &in)
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	extra := h.announce(r, repl, &in)
	h.app.handOver.askToLeave(w, r, in.kind)
	if answered, err := h.answerItself(w, r, &in); answered {
		return err
	}
	a := h.requestOf(w, r, &in)
	caddyhttp.SetVar(r.Context(), attemptVar, a)
	repl.Set("http.nextjs.verdict", verdictNames[a.verdict.String()])
	if extra != nil {
		extra.Set(zap.Stringer("verdict", a.verdict))
	}
	if report := explaining[requestReport](r); report != nil {
		h.explain(report, r, a)
		return nil
	}
	return h.serveUpload(w, r, a, in.found, next)
}

// findZone finds the zone that a request belongs to. The error says that there is none.
func (h *Handler) findZone(r *http.Request, in *arrival) error {
	found, ok := in.view.table.FindRequest(r)
	if !ok {
		skipLog(r)
		return fmt.Errorf("no zone claims %s", r.URL.Path)
	}
	in.facts = in.view.facts[found.Zone]
	in.zone = zoneSlot.of(in.facts)
	if h.AssetHost {
		if found, ok = placeAsset(in.facts, r, found); !ok {
			return fmt.Errorf("%s is no file of a build", r.URL.Path)
		}
	}
	in.found = found
	return nil
}

// classify tells what a request is, spelled as its application knows it.
func classify(r *http.Request, in *arrival) {
	in.found = zones.RespellRequest(r.URL, in.found, in.facts.book)
	zones.DropHops(r.Header)
	zones.DropUpgrade(r)
	in.kind = zones.KindOf(r, in.found)
	if in.facts.book.Evades(in.found, r.URL.RawQuery) {
		in.kind, in.refusal = zones.KindRefused, zones.ErrEvasion
	}
}

// announce counts a request, and tells placeholders and the access log what it is. It returns the place for fields of
// the log, nil where nothing is logged.
func (h *Handler) announce(r *http.Request, repl *caddy.Replacer, in *arrival) *caddyhttp.ExtraLogFields {
	in.zone.counters[in.kind].Inc()
	repl.Set("http.nextjs.zone", in.zone.name)
	repl.Set("http.nextjs.kind", kindNames[in.kind])
	extra := h.logFields(r)
	if extra != nil {
		extra.Set(zap.String("zone", in.found.Zone.Name))
		extra.Set(zap.Stringer("kind", in.kind))
	}
	return extra
}

// answerItself answers what no application should see, and reports whether it has.
func (h *Handler) answerItself(w http.ResponseWriter, r *http.Request, in *arrival) (answered bool, err error) {
	if size, lines := zones.ReceivedHeaderSize(r); isTooLarge(size, lines, in.view.headLimit.bytes()) {
		answerTooLarge(w, in.found.Zone.Name)
		return true, nil
	}
	if in.kind == zones.KindRefused {
		return true, refuse(w, cmp.Or(in.refusal, zones.Refusal(r, in.found)))
	}
	if in.view.crossings.Leaves(r, in.kind, in.found.Zone) && !isRewritten(r) {
		in.leave(w, r)
		return true, nil
	}
	if in.returns = in.facts.notices.ofRequest(r, h.logger); in.returns >= maxReturns {
		return true, refuse(w, errLoop)
	}
	return h.endPrefetchFlood(w, r, in.facts), nil
}

// requestOf cleans a request of a client, and returns what the handlers behind are told of it.
func (h *Handler) requestOf(w http.ResponseWriter, r *http.Request, in *arrival) *attempt {
	trusted, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool)
	if in.found.Zone.Dev {
		zones.CleanDevRequest(r, in.found, in.kind, trusted)
	} else {
		zones.CleanRequest(r, in.kind, trusted)
	}
	a := newAttempt(in.facts, in.view, in.kind)
	a.path, a.full, a.asWritten = in.found.Path, in.found.Full, in.found.AsWritten
	a.isAsset, a.returned = h.AssetHost, in.returns > 0
	a.body, _ = w.(*requestBody)
	a.verdict = in.facts.verdictOf(r, in.found)
	if in.facts.export == nil {
		a.repaired = zones.RepairRSC(r, in.kind)
	}
	a.plainDraft = in.facts.cookies.CleanRequest(r.Header)
	if in.facts.export == nil {
		a.hideQuery(r)
	}
	if h.Speculation != nil && len(in.view.facts) > 1 && in.kind == zones.KindDocument {
		a.rules = in.zone.rules
	}
	return a
}

// asksForSpeculation reports whether a request is one for the speculation rules of the site.
func (h *Handler) asksForSpeculation(r *http.Request, v *view) bool {
	return h.Speculation != nil && len(v.facts) > 1 && strings.HasPrefix(r.URL.Path, speculationPath)
}

func (h *Handler) serveSpeculation(w http.ResponseWriter, r *http.Request, v *view) error {
	byName := func(a, b *zones.Zone) int { return strings.Compare(a.Name, b.Name) }
	return h.Speculation.serve(w, r, v.table, slices.SortedFunc(maps.Keys(v.facts), byName))
}

// Interface guard
var _ caddyhttp.MiddlewareHandler = (*Handler)(nil)
