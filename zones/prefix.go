package zones

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

// cleanPrefix checks a path prefix that a zone claims and returns it as it is compared: without a trailing slash ("/"
// is ""), percent-encoded as a browser would send it.
func cleanPrefix(prefix string) (string, error) {
	switch {
	case !strings.HasPrefix(prefix, "/"):
		return "", errors.New("a path must begin with /")
	case strings.ContainsAny(prefix, "?#"):
		return "", errors.New("a path cannot have a query or fragment")
	case strings.ContainsAny(prefix, "*{}"):
		return "", errors.New("a path is a prefix: it cannot have wildcards or placeholders")
	case !spelling.IsCanonical(prefix):
		return "", errors.New("a path cannot have repeated slashes, backslashes or dot segments")
	}
	prefix = strings.TrimSuffix(prefix, "/")
	if !strings.Contains(prefix, "%") {
		return (&url.URL{Path: prefix}).EscapedPath(), nil
	}
	if _, err := url.PathUnescape(prefix); err != nil {
		return "", fmt.Errorf("decoding the path: %w", err)
	}
	return prefix, nil
}
