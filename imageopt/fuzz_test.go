package imageopt

import (
	"strings"
	"testing"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// Any request is understood or refused with 400 and a text; what is understood is allowed, and its key depends on it
// alone.
func FuzzImageRequest(f *testing.F) {
	f.Add("url=/a.jpg&w=64&q=75", chrome)
	f.Add("url=https%3A%2F%2Fh.test%2Fa.jpg&w=64&q=75", "image/webp;q=0.5")
	f.Add("url=%2F%2e%2e/%2e/_next%2Fimage&w=1e3&q=0x4B", "*/*;q=\"1\"")
	f.Add("url=http://0x7f.1:80/%zz&w=0640&q=075", "")
	s := settings(f, 16, func(i *nextbuild.Images) {
		i.Formats = []string{avif, webp}
		i.Domains = []string{"127.0.0.1"}
		i.RemotePatterns = []nextbuild.RemotePattern{{Hostname: "**.test", Pathname: "/{a,b}/**"}}
		i.LocalPatterns = []nextbuild.LocalPattern{{Pathname: "/**/*.jpg"}, {Pathname: "/docs/**", Search: ptr("")}}
	})
	f.Fuzz(func(t *testing.T, query, accept string) {
		r, refusal := s.Parse(query, accept, nil)
		if refusal != nil {
			if refusal.Status != 400 || refusal.Text == "" || r != (Request{}) {
				t.Fatalf("%+v, %+v", r, refusal)
			}
			return
		}
		if !s.widths[r.Width] || r.Quality != 75 || r.Format != "" && !strings.Contains(accept, r.Format) {
			t.Errorf("%+v is not allowed", r)
		}
		if strings.HasPrefix(r.Href, "/") == (r.Remote != nil) {
			t.Errorf("%+v is neither here nor there", r)
		}
		if r.Remote != nil && (r.Remote.Host == "" || r.Remote.Scheme != "http" && r.Remote.Scheme != "https") {
			t.Errorf("%+v leads nowhere", r)
		}
		h := servedHeaders(s, r, webp, 60, "tag")
		if value := h.Get("Content-Disposition"); strings.ContainsAny(value, "\r\n\x00") {
			t.Errorf("%q is no header", value)
		}
		if again, _ := s.Parse(query, accept, nil); again.Key() != r.Key() {
			t.Errorf("%+v and %+v have two keys", r, again)
		}
	})
}

// Any bytes have a type that is known, or none, and move or do not.
func FuzzSniff(f *testing.F) {
	for _, head := range heads {
		f.Add([]byte(head))
	}
	f.Add(gifFile(true, 2, ";"))
	f.Add(pngFile("IHDR", "acTL", "fcTL", "IDAT", "fcTL", "fdAT"))
	f.Fuzz(func(t *testing.T, body []byte) {
		mime := Sniff(body)
		if mime == "" {
			return
		}
		if _, ok := pictureTypes[mime]; !ok {
			t.Errorf("%q is of the type %q", body, mime)
		}
		if IsAnimated(mime, body) && mime != gif && mime != png && mime != webp {
			t.Errorf("%q of the type %q moves", body, mime)
		}
	})
}
