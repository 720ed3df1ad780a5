//go:build e2e

package skew_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// tab is a document that a browser has open, and what the client of Next.js in it knows: it sends what Chromium was seen to send, and
// reads answers as that client does.
type tab struct {
	of     *build
	client *http.Client // with the cookies that it was given
	at     string       // where its requests go: the edge, or an application
	rsc    string       // query of its navigations
}

// Headers of a browser's requests.
var (
	asDocument = []string{
		"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Upgrade-Insecure-Requests", "1",
		"Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "same-origin", "Sec-Fetch-User", "?1",
	}
	asFetch  = []string{"Accept", "*/*", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Site", "same-origin"}
	asScript = []string{"Accept", "*/*", "Sec-Fetch-Dest", "script", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Site", "same-origin"}
	asImage  = []string{
		"Accept", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
		"Sec-Fetch-Dest", "image", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Site", "same-origin",
	}
)

// newTab returns a tab that has nothing open yet.
func newTab(t testing.TB, at string) *tab {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := *edgetest.PlainClient(t)
	client.Jar, client.Timeout = jar, edgetest.Patience
	return &tab{client: &client, at: at}
}

// openTab opens a document, which must be of a build.
func openTab(t testing.TB, at, path string, of *build) *tab {
	t.Helper()
	c := newTab(t, at)
	document, err := c.ask(http.MethodGet, path, nil, asDocument)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, document.status, "%s: %s", path, document.text)
	require.Equal(t, of.name, documentBuild(document.text), "documents are of the live build")
	c.of = of
	return c
}

// asked is the same tab, whose requests go elsewhere.
func (c *tab) asked(at string) *tab {
	other := *c
	other.at = at
	return &other
}

type answer struct {
	status int
	header http.Header
	text   string
}

// ask sends a request and reads the answer to its end.
func (c *tab) ask(method, target string, body io.Reader, headers ...[]string) (a answer, err error) {
	req, err := http.NewRequest(method, c.at+target, body)
	if err != nil {
		return a, err
	}
	for _, list := range headers {
		for i := 0; i < len(list); i += 2 {
			req.Header.Set(list[i], list[i+1])
		}
	}
	res, err := c.client.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(text)}, err
}

// says is what the client of Next.js sends with all that it asks for by itself.
func (c *tab) says() []string {
	if c.of.deploymentID == "" {
		return nil
	}
	return []string{"X-Deployment-Id", c.of.deploymentID}
}

// named is a URL as documents of the build have it.
func (c *tab) named(url string) string {
	switch {
	case c.of.deploymentID == "":
		return url
	case strings.Contains(url, "?"):
		return url + "&dpl=" + c.of.deploymentID
	}
	return url + "?dpl=" + c.of.deploymentID
}

var (
	documentVariant = regexp.MustCompile(`data-testid="variant">([a-z0-9]+)<`)
	payloadVariant  = regexp.MustCompile(`"data-testid":"variant","children":"([a-z0-9]+)"`)
	payloadHeading  = regexp.MustCompile(`"h1",null,{"children":"([^"]*)"`)
	payloadBuild    = regexp.MustCompile(`"b":"([^"]*)"`)
)

func first(pattern *regexp.Regexp, text string) string {
	if found := pattern.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}

// documentBuild is the variant that a document names.
func documentBuild(text string) string { return first(documentVariant, text) }
