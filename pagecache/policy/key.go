package policy

import (
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

// maxKey bounds the group of a key, and its name, in bytes. Browsers and Node.js take longer URLs, pages have shorter
// ones.
const maxKey = 4 << 10

// Separator stands between the parts of a key. No part has it.
const Separator = "\x00"

// KeyOf names the answer to a request. All variants of a page are one group: they age and are purged together.
// interceptable says that the page's answers name next-url in their Vary: what the page is opened from has a say then
// (intercepting routes).
//
// What has no part in it:
//
//   - next-router-state-tree: a payload that was prerendered does not depend on it, and others are not kept
//     (ReasonStateTree).
//   - _rsc, which is a hash of what is in the key, and of that tree.
//   - The method: a HEAD is answered from what a GET has left.
//   - The fragment and spelling of the path: f.Path is the path as Next.js routes it.
//
// ok is false where nothing can be kept under the key: it would be too long, or the headers are not those of f.Variant.
func KeyOf(r *http.Request, f Facts, interceptable bool) (key blobstore.Key, ok bool) {
	a, ok := f.asked(r.Header)
	if !ok || !isPath(f.Path) || strings.Contains(f.Deployment, Separator) || strings.Contains(f.Build, Separator) || strings.Contains(f.Host, Separator) || strings.Contains(f.Choice, Separator) {
		return blobstore.Key{}, false
	}
	query := ""
	if !f.KnownQuery {
		if query = keptQuery(r.URL.RawQuery, f.IgnoreQuery); strings.Contains(query, Separator) {
			return blobstore.Key{}, false
		}
	}
	mark := "?"
	if query == "" {
		mark = ""
	}
	key = blobstore.Key{Space: f.Space, Group: f.Path + mark + query + Separator + f.Host + Separator + f.Deployment + Separator + f.Build, Name: a.name(interceptable)}
	if f.Choice != "" {
		key.Group += Separator + f.Choice
	}
	return key, len(key.Group) <= maxKey && len(key.Name) <= maxKey
}

// PathPrefixes are the beginnings of the groups of all pages at a path: with any query, on any host, of any deployment.
// The path comes first in a group for that.
func PathPrefixes(path string) []string { return []string{path + Separator, path + "?"} }

// PathOf is the path in the group of a key.
func PathOf(group string) string {
	if end := strings.IndexAny(group, "?"+Separator); end >= 0 {
		return group[:end]
	}
	return group
}

// DeploymentOf is the deployment in the group of a key.
func DeploymentOf(group string) string {
	_, rest, _ := strings.Cut(group, Separator)
	_, rest, _ = strings.Cut(rest, Separator)
	deployment, _, _ := strings.Cut(rest, Separator)
	return deployment
}

// Purgeable is the part of a group that purges look at: all but the build and what rules have chosen.
func Purgeable(group string) string {
	end := 0
	for range 3 { // after the query, the host and the deployment
		part := strings.Index(group[end:], Separator)
		if part < 0 {
			return group
		}
		end += part + len(Separator)
	}
	return group[:end]
}

// isPath reports whether a text is an escaped path: where the query begins in a group is never in doubt.
func isPath(text string) bool {
	return strings.HasPrefix(text, "/") && !strings.ContainsAny(text, "?#"+Separator)
}

// variantNames begin the name of an entry in its group.
var variantNames = [variants]string{"html", "rsc", "prefetch", "runtime", "segment", "data"}

// String returns the variant's name as it stands in keys and logs.
func (v Variant) String() string { return variantNames[v] }

// name is the name of the variant's entry in its group. 2 and 3 are different prefetches, and a segment may be asked
// for with any.
func (a asked) name(interceptable bool) string {
	name := variantNames[a.variant]
	switch a.variant {
	case VariantRuntimePrefetch:
		name += " " + a.prefetch
	case VariantSegment:
		name += " " + a.prefetch + " " + a.segment
	}
	if interceptable && a.nextURL != "" {
		name += Separator + a.nextURL
	}
	return name
}

// TwinOf names the variant that has the same body in the same version of a page: Next.js answers prefetches of what it
// has prerendered with the payload of a navigation (measured with 15.5 and 16.4). Where it does not, the bodies differ.
// "": there is none.
func TwinOf(name string) string {
	variant, rest, interceptable := strings.Cut(name, Separator)
	if interceptable {
		rest = Separator + rest
	}
	switch variant {
	case variantNames[VariantRSC]:
		return variantNames[VariantPrefetch] + rest
	case variantNames[VariantPrefetch]:
		return variantNames[VariantRSC] + rest
	}
	return ""
}

// keptQuery returns the parameters of a query that belong into a key, in their order and as they are written:
// applications may see the order, and a name that is written in another way is another key at worst.
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

// CheckIgnoreQuery looks at a glob of Facts.IgnoreQuery: it is one of path.Match, compared with the name of a parameter
// as it is written.
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
