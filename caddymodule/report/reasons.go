package report

import "github.com/caddy-nextjs/caddy-nextjs/pagecache"

// reasonText says a reason in a sentence, where its name does not.
var reasonText = map[pagecache.Reason]string{
	pagecache.ReasonFresh: "", pagecache.ReasonVerdict: "",
	pagecache.ReasonExpired:       "its time is over",
	pagecache.ReasonAbsent:        "nothing is kept of it",
	pagecache.ReasonPurged:        "it was purged",
	pagecache.ReasonGeneration:    "it may be older than another variant of its page",
	pagecache.ReasonAuthorization: "the request says who asks (Authorization)",
	pagecache.ReasonDraftCookie:   "the request has a cookie of draft mode",
	pagecache.ReasonNoFreshness:   "the answer does not say for how long (s-maxage, max-age)",
	pagecache.ReasonPrivate:       "the answer says private, no-store or no-cache",
	pagecache.ReasonSetCookie:     "the answer sets a cookie",
	pagecache.ReasonPostponed:     "the rest of the page is made for each request (partial prerendering)",
	pagecache.ReasonStateTree:     "the payload depends on what the browser has, for it was not prerendered",
	pagecache.ReasonVary:          "the answer depends on a header that is not in the key",
	pagecache.ReasonTags:          "nobody knows all of its tags",
	pagecache.ReasonDeployment:    "the answer is of another build than the one that the edge has taken",
}

// TextOf says a reason as the end of a line, "" where there is nothing to say.
func TextOf(reason pagecache.Reason) string {
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
const ReasonStatus = pagecache.ReasonStatus
