package report

import "github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"

// reasonText says a reason in a sentence, where its name does not.
var reasonText = map[policy.Reason]string{
	policy.ReasonFresh: "", policy.ReasonVerdict: "",
	policy.ReasonExpired:       "its time is over",
	policy.ReasonAbsent:        "nothing is kept of it",
	policy.ReasonPurged:        "it was purged",
	policy.ReasonGeneration:    "it may be older than another variant of its page",
	policy.ReasonAuthorization: "the request says who asks (Authorization)",
	policy.ReasonDraftCookie:   "the request has a cookie of draft mode",
	policy.ReasonNoFreshness:   "the answer does not say for how long (s-maxage, max-age)",
	policy.ReasonPrivate:       "the answer says private, no-store or no-cache",
	policy.ReasonSetCookie:     "the answer sets a cookie",
	policy.ReasonPostponed:     "the rest of the page is made for each request (partial prerendering)",
	policy.ReasonStateTree:     "the payload depends on what the browser has, for it was not prerendered",
	policy.ReasonVary:          "the answer depends on a header that is not in the key",
	policy.ReasonTags:          "nobody knows all of its tags",
	policy.ReasonDeployment:    "the answer is of another build than the one that the edge has taken",
}

// TextOf says a reason as the end of a line, "" where there is nothing to say.
func TextOf(reason policy.Reason) string {
	text, ok := reasonText[reason]
	switch {
	case ok && text == "":
		return ""
	case ok:
		return ": " + text
	}
	return ": " + string(reason)
}

// ReasonStatus is the reason of an answer that is not kept because of its status.
const ReasonStatus = policy.ReasonStatus
