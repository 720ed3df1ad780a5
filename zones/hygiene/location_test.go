package hygiene

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLocationsThatNameTheUpstreamAreRelative(t *testing.T) {
	const upstream = "web.internal:3000"
	tests := []struct {
		location, want string // want is "" where it stays
	}{
		// Any address, with any port.
		{"http://0.0.0.0:3000/login", "/login"},
		{"https://0.0.0.0:4700/login?from=%2Fa#top", "/login?from=%2Fa#top"},
		{"http://0.0.0.0", "/"},
		{"http://0.0.0.0?a=b", "/?a=b"},
		{"HTTP://0.0.0.0:3000#top", "/#top"},
		{"http://[::]:3000/login", "/login"},
		{"http://[::]/login", "/login"},
		{"http://[::ffff:0.0.0.0]:1/login", "/login"},
		// This machine and the upstream's name, with its port only.
		{"http://localhost:3000/login", "/login"},
		{"https://LocalHost:3000/login", "/login"},
		{"http://127.0.0.1:3000/login", "/login"},
		{"http://127.8.9.1:3000/login", "/login"},
		{"http://[::1]:3000/login", "/login"},
		{"http://Web.Internal:3000/login", "/login"},
		{"http://localhost:3001/login", ""},
		{"http://localhost/login", ""},
		{"https://localhost/login", ""},
		{"http://127.0.0.1/login", ""},
		{"http://[::1]:80/login", ""},
		{"http://web.internal/login", ""},
		{"http://web.internal:8080/login", ""},
		// Other hosts, whatever stands in their query.
		{"https://example.com/login", ""},
		{"https://id.example/authorize?redirect_uri=http://0.0.0.0:3000/callback", ""},
		{"https://id.example/?http://localhost:3000/", ""},
		{"http://localhost.example:3000/", ""},
		{"http://web.internal.example:3000/", ""},
		{"http://10.0.0.1:3000/login", ""},
		{"/login", ""},
		{"login?to=http://0.0.0.0:3000/", ""},
		{"//0.0.0.0:3000/login", ""},
		{"ftp://0.0.0.0:3000/login", ""},
		{"", ""},
		// What the URL itself names is changed only; what its query says stays.
		{"http://localhost:3000/a?to=http://localhost:3000/b", "/a?to=http://localhost:3000/b"},
		// Without its origin this would name a host, or is read in more than one way.
		{"http://0.0.0.0:3000//evil.example", ""},
		{`http://0.0.0.0:3000/\evil.example`, ""},
		{"http://0.0.0.0:3000/\t/evil.example", ""},
		{`http://0.0.0.0:3000\evil.example`, ""},
		{"http://user@0.0.0.0:3000/login", ""},
		{"http://0.0.0.0:3000@evil.example/", ""},
		{"http:///0.0.0.0:3000/login", ""},
		{"http://0.0.0.0:3000:3000/login", ""},
	}
	for _, test := range tests {
		for _, name := range []string{"Location", "X-Nextjs-Redirect"} {
			h := http.Header{name: {test.location}}
			changed := RelativeLocations(h, upstream, []string{"example.com"})
			if test.want == "" {
				assert.Equal(t, http.Header{name: {test.location}}, h, test.location)
				assert.Empty(t, changed, test.location)
				continue
			}
			assert.Equal(t, http.Header{name: {test.want}}, h, test.location)
			assert.Equal(t, test.location, changed)
		}
	}
}

func TestRefreshThatNamesTheUpstreamIsRelative(t *testing.T) {
	for refresh, want := range map[string]string{
		"0;url=http://0.0.0.0:3000/login":                "0;url=/login",
		"5; URL=http://localhost:3000/login":             "5; URL=/login",
		"0;url=https://example.com/?u=http://0.0.0.0:1/": "0;url=https://example.com/?u=http://0.0.0.0:1/",
		"0;uri=http://0.0.0.0:3000/login":                "0;uri=http://0.0.0.0:3000/login",
		`0;url="http://0.0.0.0:3000/login"`:              `0;url="http://0.0.0.0:3000/login"`,
		"0;url=/login":                                   "0;url=/login",
		"http://0.0.0.0:3000/login":                      "http://0.0.0.0:3000/login",
		"5":                                              "5",
		"0;":                                             "0;",
	} {
		h := http.Header{"Refresh": {refresh}}
		changed := RelativeLocations(h, "localhost:3000", nil)
		assert.Equal(t, want, h.Get("Refresh"))
		assert.Equal(t, refresh != want, changed != "", refresh)
	}
}

// A visitor who has come by such a name may be sent from http to https by it.
func TestLocationsThatNameTheVisitorsHostStay(t *testing.T) {
	tests := []struct {
		location string
		hosts    []string
		stays    bool
	}{
		{"https://localhost:3000/login", []string{"localhost:3000"}, true},
		{"https://localhost:3000/login", []string{"LOCALHOST:3000"}, true},
		{"https://localhost:3000/login", []string{"example.com, localhost:3000"}, true},
		{"https://localhost:3000/login", []string{"example.com", "localhost:3000"}, true},
		{"http://0.0.0.0:8080/login", []string{"0.0.0.0:8080"}, true},
		{"http://[::]/login", []string{"[::]"}, true},
		{"http://0.0.0.0/login", []string{"0.0.0.0:80"}, true},
		{"http://0.0.0.0:3000/login", []string{"0.0.0.0:8080"}, false},
		{"http://localhost:3000/login", []string{"localhost:8080"}, false},
		{"http://localhost:3000/login", []string{"localhost"}, false},
		{"http://localhost:3000/login", []string{""}, false},
	}
	for _, test := range tests {
		h := http.Header{"Location": {test.location}}
		RelativeLocations(h, "localhost:3000", test.hosts)
		assert.Equal(t, test.stays, h.Get("Location") == test.location, "%s for %v", test.location, test.hosts)
	}
}

func TestUpstreamsWithoutPortAreKnownByAnyAddressOnly(t *testing.T) {
	for location, want := range map[string]string{
		"http://0.0.0.0:3000/login":   "/login",
		"http://localhost:3000/login": "http://localhost:3000/login",
		"http://localhost/login":      "http://localhost/login",
	} {
		h := http.Header{"Location": {location}}
		RelativeLocations(h, "unix//run/web.sock", nil)
		assert.Equal(t, want, h.Get("Location"))
	}
}
