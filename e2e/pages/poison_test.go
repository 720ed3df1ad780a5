//go:build e2e

package pages_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// poisonSite is an application of the fixtures behind a site that keeps its pages.
type poisonSite struct {
	*harness.Fixture
	name      string
	preview   string // the cookie that turns on draft mode
	client    *http.Client
	port      int
	adminPort int
}

// startPoisonSites starts an edge with a site for each application: with its build, and without. The sites answer to
// any name.
func startPoisonSites(t *testing.T) []*poisonSite {
	t.Helper()
	set := harness.Fixtures(t)
	var sites []*poisonSite
	var text strings.Builder
	for _, f := range []*harness.Fixture{set.Next14, set.Next15, set.Next16} {
		for _, build := range []bool{true, false} {
			switch {
			case build && f == set.Next15:
				continue // its middleware looks at all pages, so nothing is kept
			case build && f == set.Next14 && harness.LongOr(0, 1) == 0:
				continue
			}
			s := &poisonSite{Fixture: f, name: f.Zone + "-build", preview: f.PreviewCookie(t), client: edgetest.PlainClient(t)}
			zone := fmt.Sprintf("zone %s %s {\n\t\t\tbuild %s\n\t\t}", s.name, f.Upstream(), f.Build.Dir)
			if !build {
				s.name = f.Zone + "-unknown"
				zone = fmt.Sprintf("zone %s %s %s", s.name, f.Path(""), f.Upstream())
			}
			var err error
			s.port, err = edgetest.FindPort()
			require.NoError(t, err)
			fmt.Fprintf(&text, "http://:%d {\n\tnextjs {\n\t\t%s\n\t\tcache\n\t\trepair {\n\t\t\tprefetch_flood off\n\t\t}\n\t}\n}\n", s.port, zone) // attacker and victims are one client
			sites = append(sites, s)
		}
	}
	e := harness.StartEdge(t, nil, harness.Setup{
		Global: fmt.Sprintf("\tnextjs {\n\t\tstate %s\n\t}\n", t.TempDir()), Zones: "\t\tzone / " + set.Next14.Upstream(),
		Sites: text.String(),
	})
	for _, s := range sites {
		s.adminPort = e.AdminPort
	}
	return sites
}

// purge makes what is kept of the site gone.
func (s *poisonSite) purge(t *testing.T) {
	t.Helper()
	a := edgetest.Post(t, s.client, fmt.Sprintf("http://localhost:%d/nextjs/purge", s.adminPort), "application/json", fmt.Sprintf(`{"cache": "pages", "zone": %q}`, s.name))
	require.Equal(t, http.StatusOK, a.StatusCode, a.Text)
}

// victim is a request of somebody who has never been here.
type victim struct {
	target  string
	headers []string
}

// poisonPages are what the victims come for, without basePath and slash. Some applications have not all of them.
var poisonPages = []string{"/open", "/isr", "/leave", "/gallery/1", "/p/isr/one", "/items/one", "/absent", "/dynamic", "/api/static", "/draft", "/p/ssr", "/private"}

// victims are all that the client of the application asks for: documents, payloads, prefetches, segments, and data.
func (s *poisonSite) victims(page string) []victim {
	target := s.address(page)
	list := []victim{{target: target}}
	if strings.HasPrefix(page, "/p/") {
		return append(list, victim{s.Path("/_next/data/" + s.Build.ID + page + ".json"), []string{"X-Nextjs-Data", "1"}})
	}
	list = append(list,
		victim{target + "?_rsc=", []string{"RSC", "1"}},
		victim{target + "?_rsc=bl95g", []string{"RSC", "1", "Next-Router-Prefetch", "1"}},
		victim{target + "?_rsc=1r34m", []string{"RSC", "1", "Next-Router-Prefetch", "1", "Next-Router-Segment-Prefetch", "/_tree"}},
	)
	if page == "/gallery/1" && s.Zone == "next16" {
		sum := sha256.Sum256([]byte("0,0,0,/gallery")) // as its client computes it
		list = append(list, victim{target + "?_rsc=" + base64.RawURLEncoding.EncodeToString(sum[:12]), []string{"RSC", "1", "Next-Url", "/gallery"}})
	}
	return list
}

// address is a page as the application writes it.
func (s *poisonSite) address(page string) string {
	if s.Build.TrailingSlash {
		page += "/"
	}
	return s.Path(page)
}

// seen is what of an answer must be the same for everybody.
type seen struct {
	head   string
	shared bool // a CDN may keep it
	body   string
}

// askedFor is the address of whoever has had a page made again. Next.js 14 and 15 write it into the page, keep that,
// and give it to everybody, with an edge or without.
var askedFor = regexp.MustCompile(`"(?:c|urlParts)\\*":\[[^\]]*\]`)

// The query of whoever has had a page made again, which they write into its tree, and 16 beside it. Of a zone with build
// they are not told it.
var (
	queryInTree = regexp.MustCompile(`__PAGE__\?\{[^}]*\}`)
	queryBeside = regexp.MustCompile(`"q\\*":\\*"[^"]*",`)
)

// madeAnew is what Next.js makes anew each time: moments, and the ids of requests.
var madeAnew = regexp.MustCompile(`\d{13}|[\w-]{21}[vmh]\\?"`)

// justOnce is what tells a page of `next build` from the same one that 14 and 15 have made again since: either may be
// the first that a victim gets.
var justOnce = regexp.MustCompile(`<!--[\w-]{21}-->|"isExperimentalCompile":false,`)

func seenOf(a edgetest.Answer) seen {
	head := []string{a.Status}
	for _, name := range []string{"Content-Type", "Location", "Set-Cookie", "X-Nextjs-Postponed", "X-Nextjs-Deployment-Id"} {
		head = append(head, name+": "+harness.HeaderValue(a, name))
	}
	head = append(head, "Vary: "+harness.WithoutAcceptEncoding(harness.HeaderValue(a, "Vary")))
	control := harness.HeaderValue(a, "Cache-Control")
	text := justOnce.ReplaceAllString(a.Text, "")
	body := askedFor.ReplaceAllString(madeAnew.ReplaceAllString(text, "<anew>"), "<asked for>")
	return seen{strings.Join(head, "; "), strings.Contains(control, "s-maxage") || control == harness.AskFirst, body}
}

// difference says what a victim has seen of somebody else's; "" is nothing.
func (got seen) difference(want seen) string {
	switch {
	case got.head != want.head:
		return fmt.Sprintf("%s instead of %s", got.head, want.head)
	case got.shared && !want.shared:
		return "others may keep it"
	case got.body == want.body:
		return ""
	}
	at := 0
	for at < len(got.body) && at < len(want.body) && got.body[at] == want.body[at] {
		at++
	}
	return fmt.Sprintf("at byte %d %s instead of %s", at, harness.Excerpt(got.body[at:]), harness.Excerpt(want.body[at:]))
}

// attack sends a request as it is written, and does not care what comes back.
func (s *poisonSite) attack(t *testing.T, text string) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", fmt.Sprintf("localhost:%d", s.port), edgetest.Patience)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(edgetest.Patience)))
	_, err = io.WriteString(conn, text)
	require.NoError(t, err)
	if strings.Contains(text, "\r\nUpgrade: ") {
		return // nobody answers that
	}
	// It may be refused, and it may be broken off: all that matters is what the next one gets.
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: text[:strings.Index(text, " ")]})
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
}

// visit is a request of a victim.
func (s *poisonSite) visit(t *testing.T, through bool, v victim) edgetest.Answer {
	t.Helper()
	host := fmt.Sprintf("localhost:%d", s.port)
	address := s.Upstream()
	if through {
		address = host
	}
	req := edgetest.Request(t, edgetest.Within(t, edgetest.Patience), http.MethodGet, "http://"+address+v.target, nil, v.headers...)
	req.Host = host
	return edgetest.Do(t, s.client, req)
}

// TestNobodyIsServedWhatAnAttackerHasStored has an attacker ask for each page in each of the ways of poisonings, twice,
// before and after it is kept. Then everybody else gets exactly what `next start` gives somebody who comes for the
// first time.
func TestNobodyIsServedWhatAnAttackerHasStored(t *testing.T) {
	for _, s := range startPoisonSites(t) {
		t.Run(s.name, func(t *testing.T) {
			expected, pages := map[string]seen{}, poisonPages[:harness.LongOr(5, len(poisonPages))]
			kept := 0
			s.purge(t)
			for _, page := range pages {
				for _, v := range s.victims(page) {
					expected[fmt.Sprint(v)] = s.sees(t, false, v)
					s.visit(t, true, v)
					if strings.Contains(s.visit(t, true, v).Header.Get("Cache-Status"), "; hit") {
						kept++
					}
				}
			}
			require.Greater(t, kept, 5, "without anything kept this test says nothing")
			check := func(p poisoning, when string) {
				for _, page := range pages {
					for _, v := range s.victims(page) {
						assert.Empty(t, s.sees(t, true, v).difference(expected[fmt.Sprint(v)]), "%s, %s: %v", p.why, when, v)
					}
				}
			}
			for _, p := range poisonings {
				s.purge(t)
				for _, when := range []string{"before the victim comes", "after that"}[:harness.LongOr(1, 2)] {
					for _, page := range pages {
						s.attack(t, p.request(s, page))
					}
					check(p, when)
				}
			}
		})
	}
}

// sees is what a victim sees.
func (s *poisonSite) sees(t *testing.T, through bool, v victim) seen {
	t.Helper()
	a := s.visit(t, through, v)
	if strings.HasSuffix(s.name, "-unknown") {
		a.Text = queryBeside.ReplaceAllString(queryInTree.ReplaceAllString(a.Text, "__PAGE__"), "<asked for>")
	}
	return seenOf(a)
}

// poisoning is a way in which somebody may have what is his stored for others.
type poisoning struct {
	why     string   // what it tries
	method  string   // GET
	target  string   // {page}, {below}: the path of the page, without its first slash, {base}, {id} of the build
	headers []string // "Host" replaces the site's own
	body    string
}

// request is the attack on a page, byte by byte.
func (p poisoning) request(s *poisonSite, page string) string {
	method, target, host := p.method, p.target, fmt.Sprintf("localhost:%d", s.port)
	if method == "" {
		method = http.MethodGet
	}
	if target == "" {
		target = "{page}"
	}
	fill := strings.NewReplacer(
		"{page}", s.address(page), "{below}", s.address(page)[1:], "{plain}", page[1:], "{base}", s.Build.BasePath, "{id}",
		s.Build.ID,
		"{preview}", s.preview, "{host}", host,
	)
	var text bytes.Buffer
	for i := 0; i < len(p.headers); i += 2 {
		if p.headers[i] == "Host" {
			host = fill.Replace(p.headers[i+1])
		}
	}
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, fill.Replace(target), host)
	connection := "close"
	for i := 0; i < len(p.headers); i += 2 {
		switch p.headers[i] {
		case "Host":
		case "Connection":
			connection += ", " + p.headers[i+1]
		default:
			fmt.Fprintf(&text, "%s: %s\r\n", p.headers[i], fill.Replace(p.headers[i+1]))
		}
	}
	if p.body != "" {
		fmt.Fprintf(&text, "Content-Length: %d\r\n", len(p.body))
	}
	fmt.Fprintf(&text, "Connection: %s\r\n\r\n%s", connection, p.body)
	return text.String()
}
