package control

import (
	"crypto/tls"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOriginsOfOtherSites(t *testing.T) {
	secure := new(tls.ConnectionState)
	for _, c := range []struct {
		origin, host string
		tls          *tls.ConnectionState
		elsewhere    bool
	}{
		{"https://example.com", "example.com", secure, false},
		{"https://example.com", "example.com:443", secure, false},
		{"https://Example.com:8443", "example.com:8443", secure, false},
		{"http://example.com", "example.com", secure, true},
		{"https://example.com", "example.com", nil, false}, // TLS ended before the edge
		{"http://example.com", "example.com:80", nil, false},
		{"http://example.com:8080", "example.com", nil, true},
		{"https://example.com.evil.example", "example.com", secure, true},
		{"https://evil.example", "example.com", secure, true},
		{"null", "example.com", secure, true},
		{"null", "null", nil, true},
		{"ftp://example.com", "example.com", nil, true},
		{"", "example.com", nil, true},
	} {
		r := &http.Request{Host: c.host, TLS: c.tls, Header: http.Header{"Origin": {c.origin}}}
		assert.Equal(t, c.elsewhere, isFromElsewhere(r), "%s at %s", c.origin, c.host)
	}
	assert.False(t, isFromElsewhere(&http.Request{Host: "example.com"}))
	assert.True(t, isFromElsewhere(&http.Request{Host: "example.com", Header: http.Header{"Origin": {"https://example.com", "https://example.com"}}}))
}
