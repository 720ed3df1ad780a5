package imageopt

import (
	"crypto/sha256"
	"encoding/base64"
	"math"
	"net/http"
	"strings"
)

// UpstreamMaxAge reads how long a source is fresh, in seconds, as getMaxAge of
// next/dist/server/image-optimizer/get-max-age.js does: s-maxage if it says anything, else max-age, else 0. A private
// source, or one not to be stored, is not told apart. Several lines of the header are joined by ", ".
func UpstreamMaxAge(cacheControl string) int {
	var shared, private string
	for directive := range strings.SplitSeq(cacheControl, ",") {
		name, value, _ := strings.Cut(strings.TrimFunc(directive, isBlank), "=")
		value, _, _ = strings.Cut(value, "=")
		switch strings.ToLower(name) {
		case "s-maxage":
			shared = value
		case "max-age":
			private = value
		}
	}
	age := shared
	if age == "" {
		age = private
	}
	if strings.HasPrefix(age, `"`) && strings.HasSuffix(age, `"`) {
		age = age[1:max(1, len(age)-1)]
	}
	seconds := parseInteger(age, false)
	if math.IsNaN(seconds) {
		return 0
	}
	return int(min(max(seconds, -math.MaxInt32), math.MaxInt32))
}

// ETagOf is the tag of a picture that was made, without quotes.
func ETagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// PassedETag is the tag of a source, and of the answer that is the source itself: made of the tag that came with it, or
// else of its bytes.
func PassedETag(upstream string, body []byte) string {
	if upstream == "" {
		return ETagOf(body)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(fromLatin1(upstream)))
}

// NotModified reports whether a request has the answer already: its If-None-Match names the tag as it is, without
// quotes. One that says no-cache wants it anyway, and If-Modified-Since asks for a date that these answers do not have
// (the npm library fresh).
func NotModified(h http.Header, etag string) bool {
	tags := strings.Join(h.Values("If-None-Match"), ", ")
	if tags == "" || h.Get("If-Modified-Since") != "" {
		return false
	}
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ", "), ",") {
		if strings.TrimFunc(directive, isBlank) == "no-cache" {
			return false
		}
	}
	if tags == "*" {
		return true
	}
	for tag := range strings.SplitSeq(tags, ",") {
		if tag = strings.Trim(tag, " "); tag == etag || tag == "W/"+etag || "W/"+tag == etag {
			return true
		}
	}
	return false
}
