package hygiene

import (
	"net/http"
	"strconv"

	"golang.org/x/net/http/httpguts"
)

// MaxHeaderLines is how many header fields an application sees: Node.js silently drops all after the first 1000
// (MAX_HEADER_PAIRS in _http_common.js, measured on 20.20). A client that sends more could so hide the fields that the
// edge adds.
const MaxHeaderLines = 1000

// headerMargin is what net/http may add to a request when it writes it, depending on the settings of the connection
// (bytes).
const headerMargin = len("Accept-Encoding"+"gzip") + len("Connection"+"close")

// HeaderSize returns the bytes that Node.js will count of the head of an outgoing request, or up to 64 more, and its
// number of fields. Node.js adds up the request target, the names and the values, without separators, and refuses a
// head that reaches --max-http-header-size (TrackHeader in node_http_parser.cc). r must be as it is sent, for the
// target and for what net/http adds depend on it (Request.write in net/http/request.go).
func HeaderSize(r *http.Request) (bytes, lines int) {
	bytes, lines = targetSize(r)+headerMargin, 2 // Host, and Connection
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	// A host that cannot be written so is not sent at all.
	if ascii, err := httpguts.PunycodeHostPort(host); err == nil {
		host = ascii
	}
	bytes += len("Host") + len(host)
	if size := framingSize(r); size > 0 {
		bytes, lines = bytes+size, lines+1
	}
	for name, values := range r.Header {
		switch name {
		case "Host", "Content-Length", "Transfer-Encoding", "Trailer":
			continue // net/http writes its own
		}
		for _, value := range values {
			bytes += len(name) + len(value)
		}
		lines += len(values)
	}
	if _, has := r.Header["User-Agent"]; !has {
		bytes, lines = bytes+len("User-Agent"+"Go-http-client/1.1"), lines+1
	}
	if len(r.Trailer) > 0 {
		bytes, lines = bytes+len("Trailer"), lines+1
		for name := range r.Trailer {
			bytes += len(name) + len(",")
		}
	}
	return bytes, lines
}

// ReceivedHeaderSize returns the bytes that Node.js would count of the head of a request if its client asked Node.js
// itself, and its number of fields.
func ReceivedHeaderSize(r *http.Request) (bytes, lines int) {
	bytes, lines = len(r.RequestURI)+len("Host")+len(r.Host), 1
	for name, values := range r.Header {
		for _, value := range values {
			bytes += len(name) + len(value)
		}
		lines += len(values)
	}
	// net/http has taken these out of the header.
	if len(r.TransferEncoding) > 0 {
		bytes, lines = bytes+len("Transfer-Encoding"+"chunked"), lines+1
	}
	if len(r.Trailer) > 0 {
		bytes, lines = bytes+len("Trailer")-len(","), lines+1
		for name := range r.Trailer {
			bytes += len(name) + len(",")
		}
	}
	return bytes, lines
}

// targetSize is the length of URL.RequestURI, which would put the whole target together.
func targetSize(r *http.Request) int {
	size := len(r.URL.Opaque)
	if size == 0 {
		size = max(len(r.URL.EscapedPath()), len("/"))
	}
	if r.URL.ForceQuery || r.URL.RawQuery != "" {
		size += len("?") + len(r.URL.RawQuery)
	}
	return size
}

// framingSize is the length of the field that tells where the body ends.
func framingSize(r *http.Request) int {
	switch {
	case r.Body == nil || r.Body == http.NoBody:
		return len("Content-Length" + "0")
	case r.ContentLength > 0:
		var digits [20]byte
		return len("Content-Length") + len(strconv.AppendInt(digits[:0], r.ContentLength, 10))
	}
	// Unknown, or not known to be empty.
	return len("Transfer-Encoding" + "chunked")
}
