//go:build e2e

package zones_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestAServerActionWorksWithoutScript(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	client := e.Client(t, edgetest.H2)
	message := "written without script, " + harness.NextMark()
	body, contentType := filledForm(t, edgetest.Get(t, client, e.TLSURL("/guestbook")).Text,
		map[string]string{"name": "Nora", "message": message})
	mark := harness.NextMark()
	a := edgetest.Post(t, client, e.TLSURL("/guestbook"), contentType, body, "Origin", e.TLSURL(""), harness.MarkHeader,
		mark)
	require.Equal(t, http.StatusOK, a.StatusCode)
	assert.Contains(t, entriesOf(t, a.Text), message)
	assert.Contains(t, a.Text, "Thank you. It is in the book.")
	line := e.LoggedAs(t, mark)
	assert.Equal(t, "home", line.Zone)
	assert.Equal(t, "action", line.Kind)
}

func TestAServerActionSaysWhatIsMissing(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	client := e.Client(t, edgetest.H1)
	body, contentType := filledForm(t, edgetest.Get(t, client, e.TLSURL("/guestbook")).Text,
		map[string]string{"name": "Nora"})
	a := edgetest.Post(t, client, e.TLSURL("/guestbook"), contentType, body, "Origin", e.TLSURL(""))
	require.Equal(t, http.StatusOK, a.StatusCode)
	assert.Contains(t, a.Text, "The line is still empty.")
}

// Next.js compares Origin with the host that the edge says the client asked for.
func TestAServerActionOfAnotherSiteIsRefused(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	client := e.Client(t, edgetest.H2)
	message := "written by another site, " + harness.NextMark()
	page := edgetest.Get(t, client, e.TLSURL("/guestbook")).Text
	body, contentType := filledForm(t, page, map[string]string{"name": "Eve", "message": message})
	a := edgetest.Post(t, client, e.TLSURL("/guestbook"), contentType, body,
		"Origin", "https://evil.example", "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example")
	assert.NotEqual(t, http.StatusOK, a.StatusCode)
	assert.NotContains(t, entriesOf(t, edgetest.Get(t, client, e.TLSURL("/guestbook")).Text), message)
}

// filledForm returns the guestbook's form as a browser without script would send it: hidden fields and all.
func filledForm(t testing.TB, document string, values map[string]string) (body, contentType string) {
	t.Helper()
	forms := harness.ParseHTML(t, document).ByTestID("guestbook-form")
	require.Len(t, forms, 1)
	require.True(t, strings.EqualFold("multipart/form-data", harness.Attribute(forms[0], "enctype")),
		"the form works without script")
	var text bytes.Buffer
	form := multipart.NewWriter(&text)
	hidden := 0
	for _, input := range (harness.Page{Root: forms[0]}).Find(func(n *html.Node) bool { return n.Data == "input" && harness.Attribute(n, "type") == "hidden" }) {
		require.NoError(t, form.WriteField(harness.Attribute(input, "name"), harness.Attribute(input, "value")))
		hidden++
	}
	require.NotZero(t, hidden, "hidden fields name the action")
	for name, value := range values {
		require.NoError(t, form.WriteField(name, value))
	}
	require.NoError(t, form.Close())
	return text.String(), form.FormDataContentType()
}

// entriesOf returns the text of the guestbook's entries.
func entriesOf(t testing.TB, document string) string {
	t.Helper()
	var text strings.Builder
	for _, entry := range harness.ParseHTML(t, document).ByTestID("guestbook-entry") {
		text.WriteString(harness.TextOf(entry) + "\n")
	}
	return text.String()
}

func TestASoftNavigationGetsAPayload(t *testing.T) {
	e, f := harness.SharedEdge(t)
	client := e.Client(t, edgetest.H2)
	plain := edgetest.PlainClient(t)
	tests := []struct {
		zone, path, kind string
		headers          []string
	}{
		{"home", "/about", "rsc", []string{"RSC", "1"}},
		{"blog", "/blog/fog-signal", "rsc", []string{"RSC", "1"}},
		{"home", "/about", "prefetch", []string{"RSC", "1", "Next-Router-Prefetch", "1"}},
		{"home", "/about", "segment", []string{"RSC", "1", "Next-Router-Prefetch", "1", "Next-Router-Segment-Prefetch", "/_tree"}},
	}
	for _, test := range tests {
		t.Run(test.zone+" "+test.kind, func(t *testing.T) {
			// Next.js tells by a redirect which parameter its own client would send.
			asks := edgetest.Get(t, plain, f.ByZone(test.zone).URL(test.path), test.headers...)
			require.Equal(t, http.StatusTemporaryRedirect, asks.StatusCode)
			path := asks.Header.Get("Location")

			mark := harness.NextMark()
			a := edgetest.Get(t, client, e.TLSURL(path), append(test.headers, harness.MarkHeader, mark)...)
			require.Equal(t, http.StatusOK, a.StatusCode)
			assert.Equal(t, "text/x-component", a.Header.Get("Content-Type"))
			assert.Empty(t, harness.Differences(a, edgetest.Get(t, plain, f.ByZone(test.zone).URL(path), test.headers...)))
			assert.Equal(t, test.kind, e.LoggedAs(t, mark).Kind)
		})
	}
}
