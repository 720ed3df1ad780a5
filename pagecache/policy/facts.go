package policy

import (
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// Facts are what the caller knows of a request: of its zone and its build.
type Facts struct {
	Space        string   // names what is kept of the zone (store space, apart from all other zones)
	Deployment   string   // id of the build, "" unknown
	Build        string   // tells builds with the same id apart
	BuildID      string   // by which answers name their build, "" unknown
	Mixed        bool     // upstreams run different builds at this moment: nothing is kept of what they answer
	Path         string   // escaped path as Next.js routes it, with basePath, without query
	Host         string   // with its scheme, as the application is told; "" where they have no say
	Class        Class    // what the caller says of the path
	KnownQuery   bool     // the build proves that the page ignores its query (prerendered, no rule or middleware looks at it)
	Choice       string   // tells apart what rules make of the path for different requests; "" where they make the same of all
	IgnoreQuery  []string // globs of query names that are left out of the key: utm_* gclid
	Variant      Variant  // from the request's headers
	NextURL      string   // value of Next-Url when the variant is a payload ("" otherwise); part of the key only where an answer's Vary names next-url
	Data         bool     // Pages Router data (/_next/data)
	Tags         []string // tags of the page's build-time .meta, nil: unknown
	StaleIfError time.Duration
	Recheck      time.Duration // how often at most a page that is still fresh is asked for in the background when it is served; 0: never
	Remade       time.Time     // when Next.js had begun to make the page again for certain, zero: unknown. The cache sets it
	Said         *Said         // what the application says of the answer, once that is there; nil: the answer itself says it
	StandsIn     *bool         // is told whether what is kept is answered with if Next.js cannot be asked; nil: nobody wants to know
	Shared404    time.Duration // how long shared caches are told to keep a 404 of Next.js; 0: as long as Next.js says
	Shortened    func()        // called for each 404 that they were told to keep for less; nil: nobody counts
	Unshared     bool          // the URL does not tell the answer from others: its _rsc parameter was missing or wrong
	Now          time.Time
}

// Said is what the application says of an answer to the edge alone, written before the answer's head. Each fetch has
// its own.
type Said struct {
	// CacheControl is the Cache-Control that it had sent, where the edge has replaced it (docs/caching.md). The edge
	// does not pass on the stale-while-revalidate of Next.js.
	CacheControl []string
	// Tags are the values of the header with cache tags; nil: it had none.
	Tags []string
}

// TagsHeader is the header in which Next.js and its adapters say the tags of an answer (Said.Tags), unless the
// application uses another one. It is for caches, and never sent on.
const TagsHeader = "X-Next-Cache-Tags"

// Next.js has at most 128 tags of at most 256 characters on what it caches (server/lib/patch-fetch.js), and some of its
// own for each part of the path. More than this is not Next.js's.
const (
	MaxTags = 512
	maxTag  = 1 << 10
)

// ParseTags reads the lines of a header of tags, separated by commas: each tag once, in their order. They are not nil:
// no tag is known to be none. ok is false where there are more than 512, or one is longer than 1 KiB.
func ParseTags(lines []string) (tags []string, ok bool) {
	tags = make([]string, 0, 8)
	seen := make(map[string]bool, 8)
	for tag := range httpheader.Tokens(lines) {
		if seen[tag] {
			continue
		}
		if len(tag) > maxTag || len(tags) == MaxTags {
			return nil, false
		}
		seen[tag] = true
		tags = append(tags, tag)
	}
	return tags, true
}

// Class is what the caller says of a path.
type Class uint8

// The classes.
const (
	ClassUnknown Class = iota // no build: opt-in by `cache`
	ClassPage                 // the build's verdict allows the edge to answer
	ClassBypass               // middleware, rule, draft, api…: never
)
