package caddymodule

import (
	"net/http"
)

// serveRequestReport answers GET /nextjs/explain?url=…[&header=…]….
func serveRequestReport(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	u, err := siteURL(query.Get("url"))
	if err != nil {
		return apiError(http.StatusBadRequest, err)
	}
	report := &requestReport{URL: u.RequestURI()}
	filled := func() bool { return report.Zone != "" }
	if report.edgeAnswer, err = explainRequest(r.Context(), u, query["header"], report, filled); err != nil {
		return apiError(http.StatusBadRequest, err)
	}
	return answerJSON(w, http.StatusOK, report)
}

// explain fills a report in the place of an answer.
func (h *Handler) explain(report *requestReport, r *http.Request, a *attempt) {
	report.Zone, report.Kind, report.Verdict = a.zone.Name, a.kind.String(), a.verdict.String()
	if a.facts.build != nil {
		report.Build, report.Deployment = a.facts.build.ID, a.facts.build.DeploymentID
	}
	if waiting := a.facts.others.Waiting(); waiting != nil {
		report.Waiting = waiting.ID
	}
	report.BuildNote = a.facts.others.Note()
	switch {
	case a.facts.export != nil && a.verdict.Status == 0 && a.verdict.Edge():
		report.By = byFile
	case a.facts.export != nil:
		report.By = byEdge
	case isFile(a.verdict) && a.facts.build != nil && !h.StaticOff:
		report.By = byFile
	case imageSlot.of(a.facts).answers(a, r):
		report.By = byImage
	case pageSlot.of(a.facts) == nil || !isPageKind(a.kind):
		report.By, report.NotKept = byNext, h.whyNotKept(a)
	default:
		report.By, report.Page = byPage, pageSlot.of(a.facts).explain(r, a)
	}
}

// whyNotKept says why the page cache has no part in a request.
func (h *Handler) whyNotKept(a *attempt) string {
	switch {
	case a.zone.Dev:
		return "the zone is a dev server"
	case h.Cache != nil && h.Cache.Off:
		return "the site says `cache off`"
	case a.facts.others.Missing() != "":
		return "the zone has no build yet: " + a.facts.others.Missing()
	case pageSlot.of(a.facts) == nil:
		return "the build of the zone is not known; say `build`, or `cache` to keep what Next.js marks as shared all the same"
	}
	return "requests of the kind " + a.kind.String() + " are not kept"
}
