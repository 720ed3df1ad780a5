package pagecache

import (
	"net/http"
	"slices"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
)

// opened is what is read of an entry, and stays with it while it is in memory.
type opened struct {
	meta meta
	head keptHead
	// coded says that there may be compressed copies.
	coded bool
}

// open reads an entry. The error is that of parseMeta.
func open(entry *blobstore.Entry) (*opened, error) {
	if o, ok := entry.Attached().(*opened); ok {
		return o, nil
	}
	m, err := parseMeta(entry.Meta())
	if err != nil {
		return nil, err
	}
	header := parseHeader(m.header)
	o := &opened{meta: m, coded: mayBeCoded(header, entry.Size())}
	if o.coded {
		codings.AddVary(header) // also to an answer as it is: another client may get it in a coding
	}
	o.head = newKeptHead(header)
	entry.Attach(o)
	return o, nil
}

// keptHead is the head of an entry, in a form that is quickly given to an answer.
type keptHead struct {
	names  []string
	values []string // of all names, in their order
	ends   []int    // of the values of each name
}

func newKeptHead(h http.Header) (k keptHead) {
	for name, values := range h {
		k.values = append(k.values, values...)
		k.names, k.ends = append(k.names, name), append(k.ends, len(k.values))
	}
	return k
}

// set sets the headers in h. The lists of values are h's own: who changes headers may change them in place.
func (k *keptHead) set(h http.Header) {
	values, from := slices.Clone(k.values), 0
	for i, name := range k.names {
		h[name] = values[from:k.ends[i]:k.ends[i]]
		from = k.ends[i]
	}
}
