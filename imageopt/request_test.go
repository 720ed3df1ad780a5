package imageopt

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

const chrome = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"

func ptr[T any](value T) *T { return &value }

func settings(t testing.TB, major int, change func(*nextbuild.Images)) *Settings {
	t.Helper()
	images := DefaultImages(major)
	if change != nil {
		change(&images)
	}
	s, err := NewSettings(images, "", false, major)
	require.NoError(t, err)
	return s
}

// IMAGES.md 3, in its order.
func TestRefusals(t *testing.T) {
	const (
		width   = `"w" parameter (width) must be an integer greater than 0`
		quality = `"q" parameter (quality) must be an integer between 1 and 100`
		invalid = `"url" parameter is invalid`
		no      = `"url" parameter is not allowed`
	)
	s := settings(t, 16, func(i *nextbuild.Images) {
		i.Domains = []string{"old.test"}
		i.RemotePatterns = []nextbuild.RemotePattern{{Protocol: "https", Hostname: "*.pictures.test", Pathname: "/a/**"}}
	})
	for _, c := range []struct{ query, text string }{
		{"", `"url" parameter is required`},
		{"w=64&q=75", `"url" parameter is required`},
		{"url=&w=64&q=75", `"url" parameter is required`},
		{"url[]=/a.jpg", `"url" parameter is required`},
		{"URL=/a.jpg", `"url" parameter is required`},
		{"url=/a.jpg&url=/b.jpg", `"url" parameter cannot be an array`},
		{"url=&url=", `"url" parameter cannot be an array`},
		{"url=/" + strings.Repeat("a", 3072), `"url" parameter is too long`},
		{"url=/" + strings.Repeat("%F0%9F%98%80", 1536), `"url" parameter is too long`},
		{"url=//a.test/b.jpg", `"url" parameter cannot be a protocol-relative URL (//)`},
		{"url=%2F%2Fa.test", `"url" parameter cannot be a protocol-relative URL (//)`},
		{"url=/_next/image", `"url" parameter cannot be recursive`},
		{"url=/_next/image?url=/a.jpg", `"url" parameter cannot be recursive`},
		{"url=/x/_next/image/y", `"url" parameter cannot be recursive`},
		{"url=/x/../_next/./image", `"url" parameter cannot be recursive`},
		{"url=/_next/%2569mage", `"url" parameter cannot be recursive`},
		{"url=/_next%252Fimage", `"url" parameter cannot be recursive`},
		{"url=/a%25zz", invalid},
		{"url=/a%25", invalid},
		{"url=/%25ff", invalid},
		{"url=/a.jpg?v=1&w=64&q=75", no},
		{"url=/a.jpg%3Fv=1&w=64&q=75", no},
		{"url=a.jpg", invalid},
		{"url=%20/a.jpg", invalid},
		{"url=data:image/png;base64,AA", invalid},
		{"url=ftp://old.test/", invalid},
		{"url=https://", invalid},
		{"url=https://other.test/a.jpg", no},
		{"url=https://pictures.test/a/b.jpg", no},
		{"url=http://x.pictures.test/a/b.jpg", no},
		{"url=https://x.pictures.test/b.jpg", no},
		{"url=/a.jpg", `"w" parameter (width) is required`},
		{"url=/a.jpg&w=", `"w" parameter (width) is required`},
		{"url=/a.jpg&w=64&w=64", `"w" parameter (width) cannot be an array`},
		{"url=/a.jpg&w=-64", width},
		{"url=/a.jpg&w=64.0", width},
		{"url=/a.jpg&w=+64", width},
		{"url=/a.jpg&w=64px", width},
		{"url=/a.jpg&w=0", `"q" parameter (quality) is required`},
		{"url=/a.jpg&w=64&q=", `"q" parameter (quality) is required`},
		{"url=/a.jpg&w=64&q=75&q=75", `"q" parameter (quality) cannot be an array`},
		{"url=/a.jpg&w=64&q=x", quality},
		{"url=/a.jpg&w=0&q=75", width},
		{"url=/a.jpg&w=0641&q=75", `"w" parameter (width) of 641 is not allowed`},
		{"url=/a.jpg&w=1" + strings.Repeat("0", 23) + "&q=75", `"w" parameter (width) of 1e+23 is not allowed`},
		{"url=/a.jpg&w=1" + strings.Repeat("0", 400) + "&q=75", `"w" parameter (width) of Infinity is not allowed`},
		{"url=/a.jpg&w=8&q=70", `"w" parameter (width) of 8 is not allowed`},
		{"url=/a.jpg&w=64&q=0", quality},
		{"url=/a.jpg&w=64&q=101", quality},
		{"url=/a.jpg&w=64&q=050", `"q" parameter (quality) of 050 is not allowed`},
	} {
		_, refusal := s.Parse(c.query, chrome, nil)
		if assert.NotNil(t, refusal, c.query) {
			assert.Equal(t, 400, refusal.Status, c.query)
			assert.Equal(t, c.text, refusal.Error(), c.query)
		}
	}
}

func TestRequests(t *testing.T) {
	s := settings(t, 16, func(i *nextbuild.Images) {
		i.Domains = []string{"old.test"}
		i.RemotePatterns = []nextbuild.RemotePattern{{Protocol: "https", Hostname: "*.pictures.test", Pathname: "/a/**"}}
	})
	for _, c := range []struct {
		query string
		want  Request
	}{
		{"url=/a.jpg&w=64&q=75", Request{Href: "/a.jpg", Width: 64}},
		{"&&url=%2Fa+b.jpg&w=0064&q=075&other=1;x", Request{Href: "/a b.jpg", Width: 64}},
		{"u%72l=/_next/imagefoo&w=64&q=75", Request{Href: "/_next/imagefoo", Width: 64}},
		{"url=/a.jpg%3F&w=64&q=75", Request{Href: "/a.jpg?", Width: 64}},
		{"url=/a.jpg%23x&w=64&q=75", Request{Href: "/a.jpg#x", Width: 64}},
		{"url=/_next/static/media/a.1.png&w=3840&q=75", Request{Href: "/_next/static/media/a.1.png", Width: 3840, Static: true}},
		{"url=/_next/static/immutable/media/a.png&w=32&q=75", Request{Href: "/_next/static/immutable/media/a.png", Width: 32, Static: true}},
		{"url=/" + strings.Repeat("%F0%9F%98%80", 1535) + "&w=64&q=75", Request{Href: "/" + strings.Repeat("😀", 1535), Width: 64}},
		{"url=HTTPS://X.Pictures.test:443/b/../a/c%2520d&w=64&q=75", Request{Href: "https://x.pictures.test/a/c%20d", Width: 64}},
		{"url=http://old.test&w=64&q=75", Request{Href: "http://old.test/", Width: 64}},
		{"url=https://x.pictures.test/a/%25zz&w=64&q=75", Request{Href: "https://x.pictures.test/a/%zz", Width: 64}},
	} {
		r, refusal := s.Parse(c.query, "", nil)
		require.Nil(t, refusal, c.query)
		assert.Equal(t, strings.HasPrefix(c.want.Href, "http"), r.Remote != nil, c.query)
		r.Remote = nil
		c.want.Quality = 75
		assert.Equal(t, c.want, r)
	}
}

// What was compared with the patterns is what will be connected to.
func TestRemoteURLHasTheHostThatWasAllowed(t *testing.T) {
	for text, want := range map[string]string{
		"http://2130706433/a":             "http://127.0.0.1/a",
		"http://0x7f.1/a":                 "http://127.0.0.1/a",
		"http:\\\\h.test\\a":              "http://h.test/a",
		"http://h.test\t:8080/a\n":        "http://h.test:8080/a",
		"http://user:p%40ss@h.test/a?b#c": "http://user:p%40ss@h.test/a?b#c",
		"http://[::FFFF:7F00:1]/":         "http://[::ffff:7f00:1]/",
		"http://bücher.test/ü":            "http://xn--bcher-kva.test/%C3%BC",
		"http://h.test/%zz%":              "http://h.test/%25zz%25",
	} {
		_, u, err := ParseRemote(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, u.String(), text)
	}
}

func TestAllowsRemote(t *testing.T) {
	s := settings(t, 16, func(i *nextbuild.Images) {
		i.Domains = []string{"old.test", "127.0.0.1"}
		i.RemotePatterns = []nextbuild.RemotePattern{
			{Hostname: "a.test", Port: ptr("")},
			{Protocol: "http:", Hostname: "b.test", Port: ptr("8080"), Search: ptr("?v=1")},
		}
	})
	for text, want := range map[string]bool{
		"http://old.test:99/x":       true,
		"http://OLD.test/":           true,
		"http://a.test:80/":          true,
		"https://a.test/x/y?z":       true,
		"http://a.test:8080/":        false,
		"http://b.test:8080/x?v=1":   true,
		"https://b.test:8080/x?v=1":  false,
		"http://b.test:8080/x?v=2":   false,
		"http://127.0.0.1/":          true,
		"http://2130706433/":         false,
		"ftp://old.test/":            false,
		"http://other.test/old.test": false,
	} {
		u, err := url.Parse(text)
		require.NoError(t, err)
		assert.Equal(t, want, s.AllowsRemote(u), text)
	}
}

func TestFormatsThatCannotBeMadeAreLeftOut(t *testing.T) {
	s := settings(t, 16, func(i *nextbuild.Images) { i.Formats = []string{avif, webp} })
	only := func(mime string) func(string) bool { return func(asked string) bool { return asked == mime } }
	for _, c := range []struct {
		canEncode func(string) bool
		want      string
	}{{nil, avif}, {only(webp), webp}, {only(avif), avif}, {only(jpeg), ""}} {
		r, refusal := s.Parse("url=/a.jpg&w=64&q=75", chrome, c.canEncode)
		require.Nil(t, refusal)
		assert.Equal(t, c.want, r.Format)
	}
}

type parseQuestion struct {
	Config config  `json:"config"`
	Query  string  `json:"query"`
	Accept *string `json:"accept"`
}

// config is a next.config as Next.js reads it.
type config struct {
	BasePath string           `json:"basePath"`
	Images   nextbuild.Images `json:"images"`
}

type parseAnswer struct {
	Thrown       string  `json:"thrown"`
	Unparsable   bool    `json:"unparsable"`
	ErrorMessage string  `json:"errorMessage"`
	Href         string  `json:"href"`
	IsAbsolute   bool    `json:"isAbsolute"`
	IsStatic     bool    `json:"isStatic"`
	Width        int     `json:"width"`
	Quality      float64 `json:"quality"`
	MimeType     string  `json:"mimeType"`
}

var urlParts = []string{
	"/", "/", "/", "//", "a", "b.jpg", "photo.jpg", "_next/image", "_next/imagex", "_next/static/media/a.png", "_next/static/immutable/media/x", "docs", "..", ".", "%2e%2e", "%2F", "%252F", "%20", "+", "%25", "%zz", "%ff",
	"/é/", "/%C3%A9/", "?", "?v=1", "%3Fv=1", "#x", "%23x", "http://", "https://", "HTTP:", "h.test", "x.h.test", "h.test:8080", ":80", "user@", "user:pw@", "127.0.0.1", "2130706433", "[::1]", "data:,", "\\", "%5C", "%09", "%0A", " ", "%00", "&", "&url=/b", ";", "=", "|", "{", "'", "\"", "<",
}

var (
	queryWidths    = []string{"&w=64", "&w=64", "&w=64", "&w=640", "&w=3840", "&w=0064", "&w=16", "&w=8", "&w=65", "", "&w=", "&w=0", "&w=-1", "&w=64px", "&w=%2064", "&w=64&w=64", "&w=1e3", "&w=0x40", "&w=12345678901234567890123", "&w=999999999999999999"}
	queryQualities = []string{"&q=75", "&q=75", "&q=75", "&q=50", "&q=075", "&q=1", "&q=100", "&q=0", "&q=101", "", "&q=", "&q=x", "&q=75.5", "&q=0x4B", "&q=75&q=1", "&q=%0A75", "&q=1e2", "&q=-75", "&q=7%35"}
)

// Next.js itself validates the same queries, of all three versions.
func TestParseAgreesWithNext(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	var queries []string
	for range 1500 {
		var b strings.Builder
		b.WriteString(pick([]string{"url=/", "url=/", "url=/", "url=", "url=https://h.test/", "url=http://", "u%72l=/"}))
		for range random.IntN(5) {
			b.WriteString(pick(urlParts))
		}
		queries = append(queries, b.String()+pick(queryWidths)+pick(queryQualities))
	}
	patterns := func(i *nextbuild.Images) {
		i.Formats = []string{webp, avif}
		i.Domains = []string{"h.test", "127.0.0.1"}
		i.RemotePatterns = []nextbuild.RemotePattern{{Protocol: "https", Hostname: "*.h.test", Port: ptr(""), Pathname: "/**", Search: ptr("")}}
		i.LocalPatterns = []nextbuild.LocalPattern{{Pathname: "/docs/**"}, {Pathname: "/a*", Search: ptr("?v=1")}, {Pathname: "/_next/static/media/**", Search: ptr("")}, {Pathname: "/*.jpg", Search: ptr("")}}
		i.Qualities = []int{75, 100}
	}
	for _, major := range []int{14, 15, 16} {
		for name, change := range map[string]func(*nextbuild.Images){"defaults": nil, "patterns": patterns} {
			for _, basePath := range []string{"", "/docs"} {
				t.Run(fmt.Sprint(major, name, basePath), func(t *testing.T) {
					s := settings(t, major, change)
					s.BasePath = basePath
					questions := make([]parseQuestion, len(queries))
					for i, query := range queries {
						questions[i] = parseQuestion{Config: config{basePath, s.Images}, Query: query, Accept: ptr(chrome)}
					}
					for i, want := range askNext[parseQuestion, parseAnswer](t, major, "parse", questions) {
						got, refusal := s.Parse(queries[i], chrome, nil)
						compareRequests(t, queries[i], want, got, refusal)
					}
				})
			}
		}
	}
}

func compareRequests(t *testing.T, query string, want parseAnswer, got Request, refusal *Refusal) {
	t.Helper()
	switch {
	case want.Unparsable:
		// Next.js 14 and 15 find out only if there are patterns.
		assert.Equal(t, errURL, refusal, query)
	case want.Thrown != "":
		assert.Equal(t, errURL, refusal, "%s: Next.js throws %s", query, want.Thrown)
	case want.ErrorMessage != "":
		if assert.NotNil(t, refusal, "%s: %s", query, want.ErrorMessage) {
			assert.Equal(t, want.ErrorMessage, refusal.Text, query)
		}
	case assert.Nil(t, refusal, "%s: %+v", query, want):
		assert.Equal(t, want, parseAnswer{
			Href: got.Href, IsAbsolute: got.Remote != nil, IsStatic: got.Static, Width: got.Width, Quality: float64(got.Quality), MimeType: got.Format,
		}, query)
	}
}
