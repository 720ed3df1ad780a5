//go:build e2e

package e2e_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

func TestAServerActionWorksWithoutScript(t *testing.T) {
	e, _ := sharedEdge(t)
	client := e.client(t, "HTTP/2.0")
	message := "written without script, " + nextMark()
	body, contentType := filledForm(t, get(t, client, e.tlsURL("/guestbook")).body, map[string]string{"name": "Nora", "message": message})
	mark := nextMark()
	a := post(t, client, e.tlsURL("/guestbook"), contentType, body, "Origin", e.tlsURL(""), markHeader, mark)
	require.Equal(t, http.StatusOK, a.StatusCode)
	assert.Contains(t, entriesOf(t, a.body), message)
	assert.Contains(t, a.body, "Thank you. It is in the book.")
	line := e.loggedAs(t, mark)
	assert.Equal(t, "home", line.Zone)
	assert.Equal(t, "action", line.Kind)
}

func TestAServerActionSaysWhatIsMissing(t *testing.T) {
	e, _ := sharedEdge(t)
	client := e.client(t, "HTTP/1.1")
	body, contentType := filledForm(t, get(t, client, e.tlsURL("/guestbook")).body, map[string]string{"name": "Nora"})
	a := post(t, client, e.tlsURL("/guestbook"), contentType, body, "Origin", e.tlsURL(""))
	require.Equal(t, http.StatusOK, a.StatusCode)
	assert.Contains(t, a.body, "The line is still empty.")
}

// Next.js compares Origin with the host that the edge says the client asked for.
func TestAServerActionOfAnotherSiteIsRefused(t *testing.T) {
	e, _ := sharedEdge(t)
	client := e.client(t, "HTTP/2.0")
	message := "written by another site, " + nextMark()
	page := get(t, client, e.tlsURL("/guestbook")).body
	body, contentType := filledForm(t, page, map[string]string{"name": "Eve", "message": message})
	a := post(t, client, e.tlsURL("/guestbook"), contentType, body,
		"Origin", "https://evil.example", "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example")
	assert.NotEqual(t, http.StatusOK, a.StatusCode)
	assert.NotContains(t, entriesOf(t, get(t, client, e.tlsURL("/guestbook")).body), message)
}

// filledForm returns the guestbook's form as a browser without script would send it: hidden fields and all.
func filledForm(t testing.TB, document string, values map[string]string) (body, contentType string) {
	t.Helper()
	forms := parseHTML(t, document).byTestID("guestbook-form")
	require.Len(t, forms, 1)
	require.True(t, strings.EqualFold("multipart/form-data", attribute(forms[0], "enctype")), "the form works without script")
	var text bytes.Buffer
	form := multipart.NewWriter(&text)
	hidden := 0
	for _, input := range (page{forms[0]}).find(func(n *html.Node) bool { return n.Data == "input" && attribute(n, "type") == "hidden" }) {
		require.NoError(t, form.WriteField(attribute(input, "name"), attribute(input, "value")))
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
	for _, entry := range parseHTML(t, document).byTestID("guestbook-entry") {
		text.WriteString(textOf(entry) + "\n")
	}
	return text.String()
}

func TestASoftNavigationGetsAPayload(t *testing.T) {
	e, f := sharedEdge(t)
	client := e.client(t, "HTTP/2.0")
	plain := plainClient(t)
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
			asks := get(t, plain, f.byZone(test.zone).url(test.path), test.headers...)
			require.Equal(t, http.StatusTemporaryRedirect, asks.StatusCode)
			path := asks.Header.Get("Location")

			mark := nextMark()
			a := get(t, client, e.tlsURL(path), append(test.headers, markHeader, mark)...)
			require.Equal(t, http.StatusOK, a.StatusCode)
			assert.Equal(t, "text/x-component", a.Header.Get("Content-Type"))
			assert.Empty(t, differences(a, get(t, plain, f.byZone(test.zone).url(path), test.headers...)))
			assert.Equal(t, test.kind, e.loggedAs(t, mark).Kind)
		})
	}
}
