package pagecache

import (
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

// maxKey bounds the group of a key, and its name, in bytes. Browsers and Node.js take longer URLs, pages have shorter ones.
const maxKey = 4 << 10

// separator stands between the parts of a key. No part has it.
const separator = "\x00"

// KeyOf names the answer to a request. All variants of a page are one group: they age and are purged together. interceptable says that the
// page's answers name next-url in their Vary: what the page is opened from has a say then (intercepting routes).
//
// What has no part in it:
//
//   - next-router-state-tree: a payload that was prerendered does not depend on it, and others are not kept (ReasonStateTree).
//   - _rsc, which is a hash of what is in the key, and of that tree.
//   - The method: a HEAD is answered from what a GET has left.
//   - The fragment and spelling of the path: f.Path is the path as Next.js routes it.
//
// ok is false where nothing can be kept under the key: it would be too long, or the headers are not those of f.Variant.
func KeyOf(r *http.Request, f Facts, interceptable bool) (key blobstore.Key, ok bool) {
	a, ok := f.asked(r.Header)
	if !ok || !isPath(f.Path) || strings.Contains(f.Deployment, separator) || strings.Contains(f.Build, separator) || strings.Contains(f.Host, separator) || strings.Contains(f.Choice, separator) {
		return blobstore.Key{}, false
	}
	query := ""
	if !f.KnownQuery {
		if query = keptQuery(r.URL.RawQuery, f.IgnoreQuery); strings.Contains(query, separator) {
			return blobstore.Key{}, false
		}
	}
	mark := "?"
	if query == "" {
		mark = ""
	}
	key = blobstore.Key{Space: f.Space, Group: f.Path + mark + query + separator + f.Host + separator + f.Deployment + separator + f.Build, Name: a.name(interceptable)}
	if f.Choice != "" {
		key.Group += separator + f.Choice
	}
	return key, len(key.Group) <= maxKey && len(key.Name) <= maxKey
}

// prefixesOf are the beginnings of the groups of all pages at a path: with any query, on any host, of any deployment.
// The path comes first in a group for that.
func prefixesOf(path string) []string { return []string{path + separator, path + "?"} }

// pathOf is the path in the group of a key.
func pathOf(group string) string {
	if end := strings.IndexAny(group, "?"+separator); end >= 0 {
		return group[:end]
	}
	return group
}

// deploymentOf is the deployment in the group of a key.
func deploymentOf(group string) string {
	_, rest, _ := strings.Cut(group, separator)
	_, rest, _ = strings.Cut(rest, separator)
	deployment, _, _ := strings.Cut(rest, separator)
	return deployment
}

// isPath reports whether a text is an escaped path: where the query begins in a group is never in doubt.
func isPath(text string) bool {
	return strings.HasPrefix(text, "/") && !strings.ContainsAny(text, "?#"+separator)
}

// variantNames begin the name of an entry in its group.
var variantNames = [variants]string{"html", "rsc", "prefetch", "runtime", "segment", "data"}

// String returns the variant's name as it stands in keys and logs.
func (v Variant) String() string { return variantNames[v] }

// name is the name of the variant's entry in its group. 2 and 3 are different prefetches, and a segment may be asked for with any.
func (a asked) name(interceptable bool) string {
	name := variantNames[a.variant]
	switch a.variant {
	case VariantRuntimePrefetch:
		name += " " + a.prefetch
	case VariantSegment:
		name += " " + a.prefetch + " " + a.segment
	}
	if interceptable && a.nextURL != "" {
		name += separator + a.nextURL
	}
	return name
}

// keptQuery returns the parameters of a query that belong into a key, in their order and as they are written: applications may see
// the order, and a name that is written in another way is another key at worst.
func keptQuery(query string, ignored []string) string {
	if query == "" || !strings.Contains(query, "_rsc") && len(ignored) == 0 {
		return query
	}
	dropped := false
	for pair := range strings.SplitSeq(query, "&") {
		if isDropped(pair, ignored) {
			dropped = true
			break
		}
	}
	if !dropped {
		return query
	}
	kept := make([]byte, 0, len(query))
	begun := false
	for pair := range strings.SplitSeq(query, "&") {
		if isDropped(pair, ignored) {
			continue
		}
		if begun {
			kept = append(kept, '&')
		}
		kept, begun = append(kept, pair...), true
	}
	return string(kept)
}

// CheckIgnoreQuery looks at a glob of Facts.IgnoreQuery: it is one of path.Match, compared with the name of a parameter as it is written.
func CheckIgnoreQuery(glob string) error {
	if glob == "" || strings.ContainsAny(glob, "=&#") {
		return fmt.Errorf("%q is no name of a query parameter", glob)
	}
	if _, err := path.Match(glob, ""); err != nil {
		return fmt.Errorf("%q: %w", glob, err)
	}
	return nil
}

// isDropped reports whether a parameter has no part in the key.
func isDropped(pair string, ignored []string) bool {
	name, _, _ := strings.Cut(pair, "=")
	if name == "_rsc" {
		return true
	}
	for _, glob := range ignored {
		if matches, err := path.Match(glob, name); matches && err == nil {
			return true
		}
	}
	return false
}
