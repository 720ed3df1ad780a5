package caddymodule

import (
	"net/http"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/files"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/images"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/pages"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// explainRoute says how a request is answered.
var explainRoute = control.Read(report.ExplainRoute, serveRequestReport).Unversioned()

// serveRequestReport answers GET …/v1/explain?url=…[&header=…]….
func serveRequestReport(w http.ResponseWriter, r *http.Request, caller control.Caller) error {
	query := r.URL.Query()
	u, err := control.SiteURL(query.Get("url"))
	if err != nil {
		return control.Error(http.StatusBadRequest, err)
	}
	to := &report.Request{URL: u.RequestURI()}
	question := control.Question{URL: u, Headers: query["header"], Into: to, Zone: func() string { return to.Zone }}
	if to.Answered, err = control.Explain(r.Context(), caller, question); err != nil {
		return err
	}
	return control.AnswerJSON(w, http.StatusOK, to)
}

// explain fills a report in the place of an answer.
func (h *Handler) explain(to *report.Request, r *http.Request, a *edge.Request, pinned deploy.PinReason) {
	to.Zone, to.Kind, to.Verdict = a.Zone.Name, a.Kind.String(), a.Verdict.String()
	if a.Zone.Build != nil {
		to.Build, to.Deployment = a.Zone.Build.ID, a.Zone.Build.DeploymentID
	}
	if a.Zone.Deployments != nil {
		to.Deployed = &report.Pin{ID: a.Zone.DeployedAs, Live: a.Zone.IsLive, Because: pinned.String()}
	}
	to.Waiting = a.Zone.Builds.WaitingID()
	to.BuildNote = a.Zone.Builds.Note()
	switch {
	case a.Zone.Export != nil && a.Verdict.Status == 0 && a.Verdict.Edge():
		to.By = report.ByFile
	case a.Zone.Export != nil:
		to.By = report.ByEdge
	case files.IsFile(a.Verdict) && a.Zone.Build != nil && !h.StaticOff:
		to.By = report.ByFile
	case images.Slot.Of(a.Zone).Answers(a, r):
		to.By = report.ByImage
	case pages.Slot.Of(a.Zone) == nil || !pages.IsPage(a.Kind):
		to.By, to.NotKept, to.Upstream = report.ByNext, h.whyNotKept(a), choiceOf(r, a)
	default:
		to.By, to.Page = report.ByPage, pages.Slot.Of(a.Zone).Explain(r, a)
		if to.Page.Result != "hit" && to.Page.Result != "stale" {
			to.Upstream = choiceOf(r, a)
		}
	}
}

// choiceOf says which upstream a request would get.
func choiceOf(r *http.Request, a *edge.Request) *report.Choice {
	member, why := a.Zone.Upstreams.Preview(time.Now(), a.Zone.Sticky.Of(r, a.Zone.Upstreams))
	choice := &report.Choice{Because: why}
	if member != nil {
		choice.Upstream = member.String()
	}
	return choice
}

// whyNotKept says why the page cache has no part in a request.
func (h *Handler) whyNotKept(a *edge.Request) string {
	switch {
	case a.Zone.Dev:
		return "the zone is a dev server"
	case !a.Zone.IsLive:
		return "the deployment is not live"
	case h.Cache != nil && h.Cache.Off:
		return "the site says `cache off`"
	case a.Zone.Builds.Missing() != "":
		return "the zone has no build yet: " + a.Zone.Builds.Missing()
	case pages.Slot.Of(a.Zone) == nil:
		return "the build of the zone is not known; say `build`, or `cache` to keep what Next.js marks as shared all the same"
	}
	return "requests of the kind " + a.Kind.String() + " are not kept"
}
