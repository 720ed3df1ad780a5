package proxy

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/zones/hygiene"
)

// undoRepair makes a redirect say the _rsc parameter that the client has sent: rules of Next.js carry the query along,
// in Location, in Refresh, and as the text of the body.
func undoRepair(req *http.Request, res *http.Response, repair hygiene.RSCRepair) {
	locations := res.Header["Location"]
	if !repair.Made() || len(locations) != 1 {
		return
	}
	ours := locations[0]
	location := repair.Undo(ours)
	if location == ours {
		return
	}
	res.Header["Location"] = []string{location}
	if refresh := res.Header["Refresh"]; len(refresh) == 1 {
		if before, found := strings.CutSuffix(refresh[0], ours); found {
			res.Header["Refresh"] = []string{before + location}
		}
	}
	if res.ContentLength >= 0 && res.ContentLength != int64(len(ours)) {
		return
	}
	if req.Method != http.MethodHead && !replaceBody(res, ours, location) {
		return
	}
	if res.ContentLength >= 0 {
		res.ContentLength = int64(len(location))
		res.Header["Content-Length"] = []string{strconv.Itoa(len(location))}
	}
}

// replaceBody replaces a body that is nothing but a text. It reads no more than it takes to see that.
func replaceBody(res *http.Response, text, by string) bool {
	read, err := io.ReadAll(io.LimitReader(res.Body, int64(len(text))+1))
	if err == nil && string(read) == text {
		res.Body = readAndCloser{strings.NewReader(by), res.Body}
		return true
	}
	rest := io.Reader(res.Body)
	if err != nil {
		rest = failing{err}
	}
	res.Body = readAndCloser{io.MultiReader(bytes.NewReader(read), rest), res.Body}
	return false
}

// readAndCloser reads one thing and closes another.
type readAndCloser struct {
	io.Reader
	io.Closer
}

// failing is what is left of a body that broke off.
type failing struct{ err error }

// Read implements io.Reader.
func (f failing) Read([]byte) (int, error) { return 0, f.err }
