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

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/guard"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/speculation"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/hygiene"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if body := edge.GuardBody(w, r); body != nil {
		return body.Finish(h.serve(body, r, next))
	}
	edge.IgnoreUnannouncedBody(r)
	return h.serve(w, r, next)
}

// incoming is what is known of a request before it is decided whether an application sees it.
type incoming struct {
	view  *edge.View
	zone  *edge.Zone
	site  *siteZone
	found zones.Match
	kind  zones.Kind
	// refusal is why the request is refused, if nothing else says it.
	refusal error
	// action is the id of the server action that it calls, as edge.Zone.ActionOf says.
	action string
	// pinned is why it goes to the deployment it goes to.
	pinned deploy.PinReason
	// returns is how often the application has sent the request back to the edge.
	returns int
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	in := incoming{view: h.site.View.Load()}
	if h.asksForSpeculation(r, in.view) {
		return h.serveSpeculation(w, r, in.view)
	}
	if err := h.findZone(r, &in); err != nil {
		unclaimedTotal.Inc()
		return edge.Refuse(w, err)
	}
	if export := in.zone.Export; export != nil {
		release, ok := export.Acquire()
		if !ok && h.site.View.Load() != in.view {
			// A new one was taken since the view was looked at.
			return h.serve(w, r, next)
		}
		defer release()
	}
	classify(r, &in)
	in.findDeployment(r)
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	extra := h.record(r, repl, &in)
	h.app.drain.setConnectionClose(w, r, in.kind)
	if answered, err := h.answerItself(w, r, &in); answered {
		return err
	}
	a := h.requestOf(w, r, &in)
	defer a.Done()
	edge.Set(r, a)
	repl.Set("http.nextjs.verdict", verdictNames[a.Verdict.String()])
	if extra != nil {
		extra.Set(zap.Stringer("verdict", a.Verdict))
	}
	recordDeployment(repl, extra, a.Zone)
	if to := report.Of[report.Request](r); to != nil {
		h.explain(to, r, a, in.pinned)
		return nil
	}
	answer := edge.WatchDeployment(w, r, a)
	if answer != nil {
		w = answer
	}
	err := a.Failed(guard.ServeUpload(w, r, a, in.found.Target, next))
	if err != nil {
		err = serveUnavailable(w, r, a, err)
	}
	answer.Done(err)
	return err
}

// recordDeployment sets the placeholder and the field of the access log for which of several deployments a request goes
// to. extra is nil where nothing is logged.
func recordDeployment(repl *caddy.Replacer, extra *caddyhttp.ExtraLogFields, zone *edge.Zone) {
	if zone.Deployments == nil {
		return
	}
	repl.Set("http.nextjs.deployment", zone.DeployedAs)
	if extra != nil {
		extra.Set(zap.String("deployment", zone.DeployedAs))
	}
}

// findZone finds the zone that a request belongs to. The error says that there is none.
func (h *Handler) findZone(r *http.Request, in *incoming) error {
	found, ok := in.view.Table.FindRequest(r)
	if !ok {
		report.SkipLog(r)
		return fmt.Errorf("no zone claims %s", r.URL.Path)
	}
	in.zone = in.view.Zones[found.Zone]
	in.site = zoneSlot.Of(in.zone)
	if h.AssetHost {
		if found, ok = placeAsset(in.zone, r, found); !ok {
			return fmt.Errorf("%s is no file of a build", r.URL.Path)
		}
	}
	in.found = found
	return nil
}

// classify tells what a request is, spelled as its application knows it.
func classify(r *http.Request, in *incoming) {
	in.found = zones.RespellRequest(r.URL, in.found, in.zone.RuleSet)
	hygiene.DropHops(r.Header)
	hygiene.DropUpgrade(r)
	in.kind = zones.KindOf(r, in.found)
	if in.zone.RuleSet.Evades(in.found.Full, r.URL.RawQuery) {
		in.kind, in.refusal = zones.KindRefused, rules.ErrEvasion
	}
}

// findDeployment finds the deployment of the zone that a request belongs to. What the request is, is told anew by the
// build of that one.
func (in *incoming) findDeployment(r *http.Request) {
	all := in.zone.Deployments
	if all == nil {
		return
	}
	in.action = in.zone.ActionOf(r, in.kind)
	to, why := all.Of(r, in.kind, in.found.Path, in.action)
	all.CountPin(to, why)
	in.pinned = why
	if to == in.zone {
		return
	}
	in.zone, in.site = to, zoneSlot.Of(to)
	in.kind, in.refusal = zones.KindOf(r, in.found), nil
	if to.RuleSet.Evades(in.found.Full, r.URL.RawQuery) {
		in.kind, in.refusal = zones.KindRefused, rules.ErrEvasion
	}
}

// record counts a request, and sets its placeholders and fields of the access log. It returns the place for fields of
// the log, nil where nothing is logged.
func (h *Handler) record(r *http.Request, repl *caddy.Replacer, in *incoming) *caddyhttp.ExtraLogFields {
	in.site.counters[in.kind].Inc()
	repl.Set("http.nextjs.zone", in.site.name)
	repl.Set("http.nextjs.kind", kindNames[in.kind])
	extra := h.logFields(r)
	if extra != nil {
		extra.Set(zap.String("zone", in.found.Zone.Name))
		extra.Set(zap.Stringer("kind", in.kind))
	}
	return extra
}

// answerItself answers what no application should see, and reports whether it has.
func (h *Handler) answerItself(w http.ResponseWriter, r *http.Request, in *incoming) (answered bool, err error) {
	if size, lines := hygiene.ReceivedHeaderSize(r); edge.IsTooLarge(size, lines, in.view.HeadLimit.Bytes()) {
		edge.AnswerTooLarge(w, in.found.Zone.Name)
		return true, nil
	}
	if in.kind == zones.KindRefused {
		return true, edge.Refuse(w, cmp.Or(in.refusal, zones.Refusal(r, in.found)))
	}
	if in.view.Crossings.FromOtherApp(r, in.kind, in.found.Zone) && !isRewritten(r) {
		in.answerCrossZone(w, r)
		return true, nil
	}
	if in.returns = in.zone.Notices.OfRequest(r, h.logger); in.returns >= edge.MaxReturns {
		return true, edge.Refuse(w, edge.ErrLoop)
	}
	return guard.EndPrefetchFlood(w, r, in.zone), nil
}

// requestOf cleans a request of a client, and returns what the handlers behind are told of it.
func (h *Handler) requestOf(w http.ResponseWriter, r *http.Request, in *incoming) *edge.Request {
	trusted, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool)
	if in.found.Zone.Dev {
		hygiene.CleanDevRequest(r, in.found, in.kind, trusted)
	} else {
		hygiene.CleanRequest(r, in.kind, trusted)
	}
	a := edge.NewRequest(in.zone, in.view, in.kind)
	a.Path, a.Full, a.AsWritten = in.found.Path, in.found.Full, in.found.AsWritten
	a.IsAsset, a.Returned = h.AssetHost, in.returns > 0
	a.Body, _ = w.(*edge.Body)
	a.Action = in.action
	a.Verdict = in.zone.VerdictOf(r, in.found)
	if in.zone.Export == nil {
		a.Repaired = hygiene.RepairRSC(r, in.kind)
	}
	a.PlainDraft = in.zone.Cookies.CleanRequest(r.Header)
	if in.zone.Export == nil {
		a.HideQuery(r)
	}
	if h.Speculation != nil && len(in.view.Zones) > 1 && in.kind == zones.KindDocument {
		a.SpeculationRules = in.site.speculationRules
	}
	return a
}

// asksForSpeculation reports whether a request is one for the speculation rules of the site.
func (h *Handler) asksForSpeculation(r *http.Request, v *edge.View) bool {
	return h.Speculation != nil && len(v.Zones) > 1 && speculation.Asks(r)
}

func (h *Handler) serveSpeculation(w http.ResponseWriter, r *http.Request, v *edge.View) error {
	byName := func(a, b *zones.Zone) int { return strings.Compare(a.Name, b.Name) }
	return h.Speculation.Serve(w, r, v.Table, slices.SortedFunc(maps.Keys(v.Zones), byName))
}

// Interface guard
var _ caddyhttp.MiddlewareHandler = (*Handler)(nil)

// logFields returns the place for fields of the access log, or nil where nothing is logged.
func (h *Handler) logFields(r *http.Request) *caddyhttp.ExtraLogFields {
	if !h.logs {
		return nil
	}
	report.SkipLog(r)
	extra, _ := r.Context().Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields)
	return extra
}

// isRewritten reports whether a directive before ours has changed the request's path. Then the path of a page, which
// the browser sends as Referer, and the path of the request are of different kinds.
func isRewritten(r *http.Request) bool {
	original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request)
	return ok && original.URL != nil && (original.URL.Path != r.URL.Path || original.URL.RawPath != r.URL.RawPath)
}

// answerCrossZone answers a soft navigation or prefetch that a page of another zone makes.
func (in *incoming) answerCrossZone(w http.ResponseWriter, r *http.Request) {
	if to := report.Of[report.Request](r); to != nil {
		to.Zone, to.Kind, to.By = in.found.Zone.Name, in.kind.String(), report.ByEdge
		to.NotKept = "a page of another zone asks: its client is told to load the document"
		return
	}
	in.site.crossings.Inc()
	loadDocument(w)
}

// loadDocument answers a soft navigation or prefetch to another application, of which the client learns nothing but
// that it must load the document when the visitor goes there. All versions of the App Router do that for an answer that
// is no payload, and a prefetch of one is tried again later (fetch-server-response.js of 14.2, 15.5 and 16.4,
// segment-cache/cache.js of 15.5 and 16.4). The status is 200 because others appear in the console, and not 204 because
// 16.4 with cacheComponents reports an answer without a body there (processFetch); the type is not text/plain because
// exported applications take that for a payload.
func loadDocument(w http.ResponseWriter) {
	h := w.Header()
	h["Cache-Control"] = []string{"private, no-store"}
	h["Content-Type"] = []string{"text/html; charset=utf-8"}
	h["Content-Length"] = []string{"0"}
	w.WriteHeader(http.StatusOK)
}
