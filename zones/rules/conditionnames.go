package rules

import (
	"net/http"
	"slices"
	"strings"
)

// conditionNames are what conditions of rules look at.
type conditionNames struct {
	headers map[string]bool // in canonical form
	cookies map[string]bool
	queries map[string]bool
}

func (n *conditionNames) add(rules []rule) {
	for i := range rules {
		for _, c := range slices.Concat(rules[i].Has, rules[i].Missing) {
			switch c.Type {
			case "header":
				n.headers = with(n.headers, http.CanonicalHeaderKey(c.Key))
			case "cookie":
				n.cookies = with(n.cookies, c.Key)
			case "query":
				n.queries = with(n.queries, c.Key)
			}
		}
	}
}

func with(set map[string]bool, name string) map[string]bool {
	if set == nil {
		set = map[string]bool{}
	}
	set[name] = true
	return set
}

// ConditionHeaders returns the headers of a request that conditions of the build's rules look at, and of its cookies
// only those. Whoever asks with them is led to the same page (Verdict.Choice), and is nobody in particular otherwise.
func (s *Set) ConditionHeaders(h http.Header) http.Header {
	asked := http.Header{}
	for name := range s.conditions.headers {
		if values := h[name]; len(values) > 0 && name != "Cookie" {
			asked[name] = values
		}
	}
	for _, line := range h["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			if name, _, _ := strings.Cut(strings.TrimSpace(pair), "="); s.conditions.cookies[strings.TrimSpace(name)] {
				asked.Add("Cookie", strings.TrimSpace(pair))
			}
		}
	}
	return asked
}
