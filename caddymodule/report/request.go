package report

import "github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"

// Who answers a request.
const (
	ByFile  = "file"  // a file of a build or export
	ByImage = "image" // the image optimizer of the edge
	ByPage  = "page"  // Next.js, or what the page cache has of it
	ByNext  = "next"  // Next.js, always
	ByEdge  = "edge"  // a redirect of an export, or a refusal
)

// Request says how the running edge answers a request, and why.
type Request struct {
	URL  string `json:"url"`
	Zone string `json:"zone,omitempty"`
	// Build and Deployment are the ids of the zone's build, if it is known.
	Build      string `json:"build,omitempty"`
	Deployment string `json:"deployment,omitempty"`
	// Deployed is which of several deployments of the zone the request goes to. Absent where there is but one.
	Deployed *Pin `json:"deployed,omitempty"`
	// Waiting is the id of a build that the application does not run yet.
	Waiting string `json:"waiting,omitempty"`
	// BuildNote says what that build waits for, or why a new one was refused.
	BuildNote string `json:"build_note,omitempty"`
	Kind      string `json:"kind,omitempty"`
	Verdict   string `json:"verdict,omitempty"`
	By        string `json:"by,omitempty"`
	Answered
	// Upstream is the one that would be asked, and why. Absent where Next.js is not asked.
	Upstream *Choice `json:"upstream,omitempty"`
	// NotKept says why the page cache has no part in it, for the zone or the kind of request.
	NotKept string `json:"not_kept,omitempty"`
	// Page is what the page cache does.
	Page *Page `json:"page,omitempty"`
}

// Pin is a deployment that a request goes to.
type Pin struct {
	ID   string `json:"id"`
	Live bool   `json:"live"`
	// Because is what tells that the request belongs to it: live (nothing), header, dpl, build, action, content,
	// cookie, or unknown (what it names is not there any more).
	Because string `json:"because"`
}

// Choice is an upstream that was chosen.
type Choice struct {
	// Upstream is its address, "" where there is none.
	Upstream string `json:"upstream,omitempty"`
	Because  string `json:"because"`
}

// Page is what the page cache does with a request.
type Page struct {
	Result string        `json:"result"`
	Reason policy.Reason `json:"reason,omitempty"`
	// Key is the page, Variant what is asked for of it. Host, deployment and what rules make of the path are parts of
	// the key where they count.
	Key     string   `json:"key,omitempty"`
	Parts   []string `json:"key_parts,omitempty"`
	Variant string   `json:"variant,omitempty"`
	// Refused is why the last answer was not kept, if that is not long ago.
	Refused policy.Reason `json:"refused,omitempty"`
	// RefusedStatus is the status of that answer.
	RefusedStatus int   `json:"refused_status,omitempty"`
	Kept          *Kept `json:"kept,omitempty"`
}

// Kept is what is kept. Times are in seconds.
type Kept struct {
	Status       int      `json:"status"`
	Bytes        int64    `json:"bytes"`
	Age          float64  `json:"age"`
	Fresh        float64  `json:"fresh"`
	StaleWhile   float64  `json:"stale_while_revalidate"`
	StaleIfError float64  `json:"stale_if_error"`
	ETag         string   `json:"etag,omitempty"`
	Tags         []string `json:"tags"`
}

// Answered is what the edge says to a request beside its report.
type Answered struct {
	// Answer is the status of a request that comes to no zone, or is refused before.
	Answer int `json:"answer,omitempty"`
	// UnknownHost is the host of the URL where no site has it.
	UnknownHost string `json:"unknown_host,omitempty"`
	// Elsewhere are the addresses of the server that was asked where none listens on the port of the URL.
	Elsewhere string `json:"elsewhere,omitempty"`
}
