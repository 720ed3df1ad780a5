package imageopt

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// isRedirect reports whether Next.js follows an answer of this status, given a Location.
func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// maxAts bounds the at signs of a Location: the URL parser takes quadratic time for those of a user's name, 0.5 s for
// the 15,000 that fit into a header.
const maxAts = 64

// redirectTarget returns where an answer of base leads to, and nil if it leads nowhere. A Location is read as the
// WHATWG URL standard says, so that 0x7f.1 is a loopback address before anybody is asked whether the target is allowed.
func redirectTarget(base *url.URL, status int, location string) *url.URL {
	if !isRedirect(status) || location == "" || strings.Count(location, "@") > maxAts {
		return nil
	}
	target, err := whatwg.ParseRef(base.String(), location)
	if err != nil {
		return nil
	}
	// RawPath is what is sent, see wirePath.
	raw := target.Pathname()
	path, err := url.PathUnescape(raw)
	if err != nil {
		path = raw
	}
	return &url.URL{
		Scheme:   strings.TrimSuffix(target.Protocol(), ":"),
		User:     userinfo(target.Username(), target.Password()),
		Host:     target.Host(),
		Path:     path,
		RawPath:  raw,
		RawQuery: strings.TrimPrefix(target.Search(), "?"),
	}
}

func userinfo(encodedName, encodedPassword string) *url.Userinfo {
	if encodedName == "" && encodedPassword == "" {
		return nil
	}
	name, nameErr := url.PathUnescape(encodedName)
	password, passwordErr := url.PathUnescape(encodedPassword)
	if errors.Join(nameErr, passwordErr) != nil {
		return url.UserPassword(encodedName, encodedPassword)
	}
	return url.UserPassword(name, password)
}

// redirectsFailure is the error of one redirect too many. Before Next.js 16 fetch itself gave up.
func (f *Fetcher) redirectsFailure() *FetchError {
	failed := &FetchError{
		Status: http.StatusLoopDetected, Text: textUpstreamInvalid, Cause: CauseRedirects,
		Reason: fmt.Errorf("there are more than %d redirects (images.maximumRedirects of next.config)", f.limits.MaxRedirects),
	}
	if f.limits.Before16 {
		failed.Status, failed.Text = http.StatusInternalServerError, textInternalServer
	}
	return failed
}

// checkTarget refuses what Next.js cannot fetch, and what neither domains nor remotePatterns allow. Next.js asks them
// for the first URL only, so a redirect of an allowed host leads it anywhere; AllowUnmatchedRedirects does the same
// here.
func (f *Fetcher) checkTarget(target *url.URL, hop int, allows func(*url.URL) bool) *FetchError {
	if target.Scheme != "http" && target.Scheme != "https" || target.Hostname() == "" {
		return &FetchError{
			Status: http.StatusInternalServerError, Text: textInternalServer, Cause: CauseScheme,
			Reason: fmt.Errorf("%q URLs are not fetched", target.Scheme),
		}
	}
	if (hop == 0 || !f.limits.AllowUnmatchedRedirects) && !allows(target) {
		return &FetchError{
			Status: http.StatusBadRequest, Text: textNotAllowed, Cause: CausePattern,
			Reason: errors.New("neither domains nor remotePatterns of next.config allow it"),
		}
	}
	return nil
}
