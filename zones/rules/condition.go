package rules

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// conditionsHold reports whether a request meets the conditions of a rule (matchHas in prepare-destination.js).
func conditionsHold(has, missing []nextbuild.Condition, r *http.Request) truth {
	for i := range has {
		if held := holds(&has[i], r); held != yes {
			return held
		}
	}
	for i := range missing {
		switch holds(&missing[i], r) {
		case yes:
			return no
		case no:
		default:
			return unsure
		}
	}
	return yes
}

func holds(c *nextbuild.Condition, r *http.Request) truth {
	var value string
	certain := true
	switch c.Type {
	case "header":
		value, certain = conditionHeader(r, c.Key)
	case "cookie":
		value, certain = conditionCookie(r, c.Key)
	case "query":
		value, certain = conditionQuery(r, c.Key)
	case "host":
		value, _, _ = strings.Cut(r.Host, ":")
		value = strings.ToLower(value)
	default:
		return unsure
	}
	switch {
	case !certain:
		return unsure
	case value == "":
		return no
	case c.Value == nil || *c.Value == "":
		return yes
	}
	matched, err := c.Pattern.Match(value)
	switch {
	case err != nil:
		return unsure
	case matched:
		return yes
	}
	return no
}

// conditionHeader returns a header as Next.js will see it. What the proxy changes on the way is not certain.
func conditionHeader(r *http.Request, key string) (value string, certain bool) {
	name := http.CanonicalHeaderKey(key)
	switch {
	case name == "Host":
		return r.Host, true
	case strings.HasPrefix(name, "X-Forwarded-"):
		return "", false
	}
	switch name {
	case "Accept-Encoding", "Connection", "Content-Length", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
		"User-Agent", "Via":
		return "", false
	}
	values := r.Header[name]
	if len(values) > 1 {
		return "", false
	}
	return httpheader.First(r.Header, name), true
}

// conditionCookie returns a cookie that is written once and plainly.
func conditionCookie(r *http.Request, key string) (value string, certain bool) {
	found := 0
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			name, text, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if strings.TrimSpace(name) == key {
				value = strings.TrimSpace(text)
				found++
			}
		}
	}
	return value, found < 2 && !strings.ContainsAny(value, `%"`)
}

// conditionQuery returns the last value of a parameter, as URLSearchParams reads it.
func conditionQuery(r *http.Request, key string) (value string, certain bool) {
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		name, text, _ := strings.Cut(pair, "=")
		decoded, err := url.QueryUnescape(name)
		if err != nil {
			return "", false
		}
		if decoded != key {
			continue
		}
		if value, err = url.QueryUnescape(text); err != nil || value == "" {
			// An empty value among others counts, alone it does not.
			return "", false
		}
	}
	return value, true
}
