package imageopt

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

type urlAnswer struct {
	Thrown, Href, Protocol, Hostname, Port, Pathname, Search string
}

// Node's URL class is the oracle of what a URL is (IMAGES.md 10: hosts, dots, backslashes, tabs, default ports,
// spellings of addresses).
func TestParseRemoteAgreesWithNode(t *testing.T) {
	urls := []string{
		"http://EXAMPLE.com", " http://a/", "http://a/ ", "\x01http://a/", "http://a/b c", "http://a/é", "http://é.com/", "http://2130706433/", "http://0x7f.1/", "http://017700000001", "http://127.1/", "http://0/", "http://1e3/", "http://1.2.3.4./", "http://[::1]:80/",
		"http://[::ffff:1.2.3.4]/", "http://[1:2:3:4:5:6:7:8]/", "http://[fe80::1%25eth0]/", "http://[::1", "http://u:p@h:8080/x?y#z", "http://u%3A@h/", "http://@a/", "http://:@a/", "http://u@v@h/", "http:a", "http:/a", "http:///a", "http:\\\\a\\b", "http://", "http://?x", "http:///", "https://a:443/",
		"http://a:443", "http://a:080/", "http://a:99999/", "http://a:/", "http://a:b/", "http://a/../b/./c/%2e%2e/d", "http://a/.%2E/b", "http://a/..", "http://a/.b", "http://a//b", "http://a/%zz", "http://a/%", "http://a/a%2fb", "http://a/\"<>`{}|^~", "http://a/?\"<>'`{}|^#\"<>`", "http://a b/",
		"http://a%41/", "http://a%00/", "http://%zz/", "http://a/\tb\nc", "ht\ntp://a/", "http://xn--a/", "http://xn--ls8h.la/", "http://ab_c/", "http://a..b/", "http://.a/", "http://a./", "http://1.2.3/", "http://1.2.3.4.5/", "http://256.1.1.1/", "http://a?b", "http://a#b", "http://ＡＢ.com/", "http://a。b/",
		"http://faß.de/", "http://a\u00adb/", "http://ä\u0308/", "http://😀.com/", "http://ex^ample/", "http://a|b/", "HTTP://A/", "https:a@b/c", "http://a/;p?q;r", "http://a/[x]", "http://a/?x=[y]", "http://a/?é", "http://a/b\\c", "http://a/?b\\c", "http://a/\u007f", "data:image/png;base64,AA", "ftp://a/", "a.jpg",
		"javascript:1", "blob:http://a/b", "file:///a", "mailto:a@b", "", "://a", "1http://a", "http://-a/", "http://a-/", "http://foo.0x4/", "http://foo.09/", "http://0x/", "http://a/#", "http://a/?", "http://a/?#", "//a/b", "/a", "\\\\a",
	}
	for i, want := range askNext[string, urlAnswer](t, 16, "url", urls) {
		got, err := parseRemote(urls[i])
		if want.Thrown != "" || want.Protocol != "http:" && want.Protocol != "https:" {
			assert.Error(t, err, "%q is %+v", urls[i], want)
			continue
		}
		if assert.NoError(t, err, "%q", urls[i]) {
			assert.Equal(t, want, urlAnswer{"", got.href, got.at.protocol, got.at.hostname, got.at.port, got.at.pathname, got.at.search}, "%q", urls[i])
		}
	}
}

type remoteQuestion struct {
	Config nextbuild.Images `json:"config"`
	URL    string           `json:"url"`
}

func TestRemotePatternsAgreeWithNext(t *testing.T) {
	var patterns []nextbuild.RemotePattern
	for _, hostname := range []string{"a.test", "*.a.test", "**.a.test", "*", "**", "{a,b}.test", "!a.test", "127.0.0.1", "[[]::1]", "a.test.", "A.test"} {
		patterns = append(patterns,
			nextbuild.RemotePattern{Hostname: hostname},
			nextbuild.RemotePattern{Hostname: hostname, Protocol: "https", Port: ptr(""), Pathname: "/img/**", Search: ptr("")},
			nextbuild.RemotePattern{Hostname: hostname, Protocol: "http:", Port: ptr("8080"), Pathname: "/*.png", Search: ptr("?v=1")},
		)
	}
	urls := []string{
		"http://a.test/", "https://a.test/img", "https://a.test:443/img/x", "https://a.test/img/x?", "https://a.test/img/x?v=1", "http://a.test:8080/x.png?v=1", "http://a.test:8080/y/x.png?v=1", "https://x.a.test/img/.x", "http://x.y.a.test:8080/x.png?v=1#h",
		"http://b.test/", "http://a.test./", "http://127.0.0.1/", "http://2130706433/", "http://[::1]/", "https://user@a.test/img/x", "https://a.test/x/../img/y", "http://A.TEST:8080/x.png?v=1",
	}
	var questions []remoteQuestion
	for _, pattern := range patterns {
		for _, text := range urls {
			questions = append(questions, remoteQuestion{nextbuild.Images{RemotePatterns: []nextbuild.RemotePattern{pattern}, Domains: []string{"127.0.0.1"}}, text})
		}
	}
	for i, want := range askNext[remoteQuestion, bool](t, 16, "remote", questions) {
		q := questions[i]
		s, err := NewSettings(q.Config, "", false, 16)
		require.NoError(t, err)
		r, err := parseRemote(q.URL)
		require.NoError(t, err)
		assert.Equal(t, want, s.allowsRemote(r.at), "%+v", q)
		// The same is said of it as a redirect's target, unless it is in a spelling of its own.
		if u, err := url.Parse(q.URL); err == nil && u.Hostname() != "2130706433" {
			assert.Equal(t, want, s.AllowsRemote(u), "%+v", q)
		}
	}
}
