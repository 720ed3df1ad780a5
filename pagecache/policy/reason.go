package policy

// Reason is why a request was or was not answered from the cache, or its answer kept: a label of metrics and the detail
// of Cache-Status. All of them are tokens of structured fields (RFC 9651, 3.3.4). The empty one is no reason against
// it.
type Reason string

// Why an entry answered, or none.
const (
	ReasonFresh   Reason = "fresh"   // an entry that is fresh
	ReasonExpired Reason = "expired" // the time of the entry is over, or that of the answer was when it came
	ReasonAbsent  Reason = "absent"  // there is no entry
	ReasonPurged  Reason = "purged"  // there is one, and it was purged
)

// What of a request keeps it away from the cache.
const (
	ReasonVerdict       Reason = "verdict"       // the build's verdict, or its absence: Next.js decides for each request
	ReasonMethod        Reason = "method"        // neither GET nor HEAD; or nothing can be kept of a HEAD
	ReasonAction        Reason = "action"        // a server action
	ReasonUpgrade       Reason = "upgrade"       // it asks for another protocol
	ReasonBody          Reason = "body"          // it has a body, which may have a say and is not in the key
	ReasonAuthorization Reason = "authorization" // it says who asks
	ReasonDraftCookie   Reason = "draft-cookie"  // it asks for a draft, rightly or not
	ReasonVariant       Reason = "variant"       // its headers name no variant that a client of Next.js asks for
	ReasonQuery         Reason = "query"         // its query has names that belong to Next.js itself
	ReasonKey           Reason = "key"           // it is too long to be a key, or has bytes that none has
	ReasonRange         Reason = "range"         // it asks for a part: entries answer it, and nothing is kept of what Next.js answers
	ReasonRequestStore  Reason = "request-store" // it says no-store: nothing is kept of the answer
)

// What of an answer keeps it out of the cache.
const (
	ReasonStatus        Reason = "status"         // a status that is not kept
	ReasonEmpty         Reason = "empty"          // a page without a byte
	ReasonSetCookie     Reason = "set-cookie"     // it is for one browser
	ReasonPrivate       Reason = "private"        // private, no-store or no-cache, or a word like these to CDNs
	ReasonStream        Reason = "stream"         // events
	ReasonCoding        Reason = "coding"         // compressed, which the key knows nothing of
	ReasonType          Reason = "type"           // not the type of its variant
	ReasonVary          Reason = "vary"           // it depends on a header that is not in the key
	ReasonDeployment    Reason = "deployment"     // it comes from another deployment
	ReasonPostponed     Reason = "postponed"      // its rest is made for one request
	ReasonTrailers      Reason = "trailers"       // something follows the body
	ReasonLocale        Reason = "locale"         // Next.js may have chosen its language by what the browser prefers
	ReasonStateTree     Reason = "state-tree"     // a payload that was not prerendered: it depends on what the browser has
	ReasonTags          Reason = "tags"           // nobody knows all of its tags: no purge would find it
	ReasonNoFreshness   Reason = "no-freshness"   // it does not say for how long
	ReasonStaleUpstream Reason = "stale-upstream" // Next.js has answered with an outdated page, and makes it again at this moment
	ReasonTooLarge      Reason = "too-large"      // its body is larger than an entry may be
	ReasonIncomplete    Reason = "incomplete"     // it broke off
	ReasonGeneration    Reason = "generation"     // it is older than another variant of its page
	ReasonError         Reason = "error"          // no answer, or one of 500 and above
)

// ResultKind is what became of a request.
type ResultKind uint8

// The kinds of results.
const (
	ResultHit    ResultKind = iota // answered with a fresh entry
	ResultStale                    // answered with an entry that was no longer fresh
	ResultMiss                     // answered by Next.js, and kept where the answer allows it
	ResultBypass                   // answered by Next.js, beside the cache
)

var resultNames = [...]string{"hit", "stale", "miss", "bypass"}

// String returns the kind's name as it stands in logs and metrics.
func (k ResultKind) String() string { return resultNames[k] }
