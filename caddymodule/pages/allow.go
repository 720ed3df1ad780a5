package pages

import (
	"errors"
	"strings"
)

// pathPattern names a path, or all that begin with one.
type pathPattern struct {
	path   string
	prefix bool
}

// checkPattern looks at a path of `allow`.
func checkPattern(text string) error {
	path := strings.TrimSuffix(text, "*")
	switch {
	case !strings.HasPrefix(path, "/"):
		return errors.New("a path begins with /")
	case strings.ContainsAny(path, "*?#"):
		return errors.New("a path may have one *, at its end, and no query")
	}
	return nil
}

func patternsOf(texts []string) []pathPattern {
	patterns := make([]pathPattern, len(texts))
	for i, text := range texts {
		path, prefix := strings.CutSuffix(text, "*")
		patterns[i] = pathPattern{path, prefix}
	}
	return patterns
}

// allows reports whether one of the patterns names a path. `/blog/*` names /blog too.
func allows(patterns []pathPattern, path string) bool {
	for _, p := range patterns {
		if path == p.path || p.prefix && (strings.HasPrefix(path, p.path) || path+"/" == p.path) {
			return true
		}
	}
	return false
}
