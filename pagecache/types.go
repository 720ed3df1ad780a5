package pagecache

import "time"

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
	Shared404    time.Duration // how long shared caches are told to keep a 404 of Next.js; 0: as long as Next.js says
	Shortened    func()        // called for each 404 that they were told to keep for less; nil: nobody counts
	Unshared     bool          // the URL does not tell the answer from others: its _rsc parameter was missing or wrong
	Now          time.Time
}

// Said is what the application says of an answer to the edge alone, written before the answer's head. Each fetch has its
// own.
type Said struct {
	// CacheControl is the Cache-Control that it had sent, where the edge has replaced it (docs/caching.md). The edge does
	// not pass on the stale-while-revalidate of Next.js.
	CacheControl []string
	// Tags are the values of the header with cache tags; nil: it had none.
	Tags []string
}

// Class is what the caller says of a path.
type Class uint8

// The classes.
const (
	ClassUnknown Class = iota // no build: opt-in by `cache`
	ClassPage                 // the build's verdict allows the edge to answer
	ClassBypass               // middleware, rule, draft, api…: never
)

// Variant is which representation of one URL a request asks for.
type Variant uint8

// The variants.
const (
	VariantHTML            Variant = iota // a document, or what a route handler answers
	VariantRSC                            // the payload of a soft navigation
	VariantPrefetch                       // Next-Router-Prefetch: 1
	VariantRuntimePrefetch                // Next-Router-Prefetch: 2 or 3
	VariantSegment                        // one segment of a payload, with Next-Router-Segment-Prefetch
	VariantData                           // JSON of the Pages Router

	variants = iota
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

// Result is what became of a request, and why.
type Result struct {
	Kind   ResultKind
	Reason Reason
}
