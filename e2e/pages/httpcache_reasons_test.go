//go:build e2e

package pages_test

// suiteDeviation is a set of tests of http-cache-tests that this cache does not answer as an optimal cache of any site
// would, and why.
type suiteDeviation struct {
	tests  string // globs of group/test
	result string
	why    string
}

// suiteDeviations are all of them. A result that stands here with no test that has it is an error, and so is a test
// whose result is neither good nor here.
var suiteDeviations = []suiteDeviation{
	{
		"age-parse/age-parse-dup-0 age-parse/age-parse-dup-old", "fail",
		"`Age: 0, 0`: RFC 9111, 5.1 has the first member count, as the suite asks of `0,7200`. Two lines, and what is no number, are taken for something old.",
	},
	{
		"cc-response/cc-resp-must-revalidate-stale", "fail",
		"It is not answered from the cache, which is what `must-revalidate` is about; but Next.js is asked for the whole, without `If-None-Match`: see below.",
	},
	{
		"surrogate-control/surrogate-fresh-cc-nostore", "fail",
		"The question of this test begins with \"does\". What `Surrogate-Control` allows is for a CDN in front; what it forbids is obeyed.",
	},
	{
		"update304/304-lm-use-stored-Test-Header conditional-inm/conditional-etag-vary-headers", "setup",
		"What may not be served stale is asked for as a whole, because everybody who asks for it meanwhile reads along. `If-None-Match` is sent where a stale page has been served and is made again in " +
			"the background. `TestA304RenewsTheHead` of `pagecache` has the cases of `update304` for that.",
	},
	{
		"conditional-inm/conditional-etag-*-generate* conditional-lm/conditional-lm-stale", "not optimal",
		"The same.",
	},
	{
		"headers/headers-store-Content-Encoding headers/headers-store-Clear-Site-Data headers/headers-store-Set-Cookie headers/headers-store-Set-Cookie2", "setup",
		"These are not kept at all: what is for one browser, and what is compressed though the edge has not asked for that.",
	},
	{
		"headers/headers-store-Transfer-Encoding", "setup",
		"A transfer coding that nobody knows: 502. A cache that cannot read the answer cannot hand it on.",
	},
	{
		"cc-response/headers-omit-headers-listed-in-Cache-Control-no-cache*", "setup",
		"`no-cache` with names of headers is read as `no-cache`.",
	},
	{
		"cc-response/cc-resp-no-cache-revalidate*", "not optimal",
		"`no-cache` is not kept: Next.js writes it on what is made for one request.",
	},
	{
		"cc-parse/*", "no",
		"A lifetime that is no number, or is there twice, is 0 seconds: in doubt nothing is kept.",
	},
	{
		"expires-parse/*", "no",
		"An `Expires` that is no date of RFC 9110, or is there twice, is over. (Two of the tests forget the comma.)",
	},
	{
		"heuristic/* other/other-heuristic-* pragma/pragma-response-no-cache-heuristic", "no, not optimal",
		"No lifetime is guessed: Next.js says nothing on much that is made for one request.",
	},
	{
		"status/*", "not optimal",
		"Anything but 200 is kept by `s-maxage` only, and only 301, 302, 303, 307, 308, 404, 410: an application's `max-age` or `Expires` is meant for its pages, and an error should end when it ends. " +
			"An empty page was once kept in place of one (CVE-2025-49826).",
	},
	{
		"cc-request/*", "no",
		"RFC 9111, 5.2.1 has these be advice. This cache stands for the origin, so it would let anybody have pages made as often as he likes; what is out of date is purged. Of `no-store` this is obeyed: what " +
			"that client is given is not kept.",
	},
	{
		"vary/*", "not optimal",
		"An answer that names another header in `Vary` than those of Next.js's router is not kept: it is made for one kind of browser, and there are many.",
	},
	{
		"auth/*", "not optimal",
		"A request with `Authorization` is answered by Next.js, whatever the answer says of it.",
	},
	{
		"stale/stale-close stale/stale-503", "no",
		"Where neither the answer says `stale-if-error` nor the site `stale_if_error`, an error is an error.",
	},
	{
		"conditional-lm/conditional-lm-fresh-no-lm", "not optimal",
		"Without `Last-Modified` there is nothing to compare; `Date` says when a page was sent, not when it changed.",
	},
	{
		"conditional-inm/conditional-etag-strong-respond-obs-text conditional-inm/conditional-etag-*-unquoted conditional-inm/conditional-etag-*-respond-quoted", "no",
		"An `ETag` is what RFC 9110, 8.8.3 says, in quotes and of its letters. Whatever else is answered in full.",
	},
	{
		"conditional-inm/conditional-etag-forward", "no",
		"What fills the cache is asked for as a whole, whatever the client has; the client's condition is looked at after that.",
	},
	{
		"method/method-POST", "not optimal",
		"Nothing is kept of what a `POST` is answered: a server action has the `s-maxage` of the page that it leads to.",
	},
	{
		"updateHEAD/*", "no",
		"Nothing is kept of what a `HEAD` is answered; it tells nothing that the next `GET` does not.",
	},
	{
		"partial/*", "not optimal",
		"Parts are not kept, nor asked for: pages are small, and Next.js has no ranges of them. A range of what is kept as a whole is answered.",
	},
	{
		"other/other-set-cookie", "not optimal",
		"The cookie of one visitor is for nobody else.",
	},
	{
		"surrogate-control/surrogate-max-age*", "not optimal",
		"What `Surrogate-Control` allows is for a CDN in front.",
	},
	{
		"surrogate-control/surrogate-append-capabilities", "no",
		"Next.js has no use for `Surrogate-Capability`.",
	},
}
