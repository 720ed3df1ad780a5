package assets

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
	"github.com/caddy-nextjs/caddy-nextjs/internal/flight"
	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/internal/keeping"
)

// patience is how long a request waits for another one that fetches the same file; then it asks the upstream itself.
const patience = 5 * time.Second

// maxKeptName is the longest name of a file that is kept, in bytes. A client may write any deployment id into a name,
// and names wait for their compressed copies in memory.
const maxKeptName = 1 << 10

// Keep keeps files below /_next/static that pass through from the upstreams of a zone of which no build is known, so
// that each is fetched once. A nil one keeps none.
type Keep struct {
	store  *blobstore.Store
	copies *Copies
	space  string
	// learns is where files go that have passed through, and come from when nothing else has them.
	learns learning
	// flights are requests that fetch a file for others, too.
	flights flight.Group[string, struct{}]
}

// NewKeep returns what keeps files in a space of store. Two zones share a space only if they are the same application:
// the name of a file says nothing about who wrote it. copies makes compressed ones of them, unless it is nil.
func NewKeep(store *blobstore.Store, copies *Copies, space string) *Keep {
	return &Keep{store: store, copies: copies, space: space}
}

// learning is an application in an archive.
type learning struct {
	archive    *Archive // nil: there is none
	space      *Space
	deployment string
}

// LearnInto has an archive learn the files that pass through, and answers with what it has when the store has it no
// longer. deployment is that of files whose address names none, "" if it is not known.
func (k *Keep) LearnInto(a *Archive, space *Space, deployment string) {
	k.learns = learning{a, space, deployment}
}

// file has the archive copy a file that was kept.
func (l learning) file(k *Keep, wanted Wanted) {
	l.archive.learn(learnJob{
		keep: k, name: strings.Clone(wanted.keptName()), space: l.space, path: strings.Clone(wanted.Path),
		deployment: strings.Clone(cmp.Or(wanted.Deployment, l.deployment)),
	})
}

// Keepable reports whether a request may be answered with a kept file: one for a path below the basePath whose content
// its name tells. What lies in the directory of a build id may differ between deployments, for builds with a deployment
// id have one constant build id.
func Keepable(r *http.Request, path string) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	return isNamedByContent(path)
}

// isNamedByContent reports whether two files at a path have the same content, as far as Next.js names them.
func isNamedByContent(path string) bool {
	below, ok := strings.CutPrefix(path, staticPrefix)
	if !ok {
		return false
	}
	switch directory, _, _ := strings.Cut(below, "/"); directory {
	case "chunks", "css", "media", "immutable":
		return true
	}
	return false
}

// Serve answers with the file that is kept, or that the archive has, or else lets next answer and keeps that. Requests
// for one file that come while it is fetched wait for it. complete may add to the headers of a kept file.
func (k *Keep) Serve(
	w http.ResponseWriter, r *http.Request, wanted Wanted, accepts Accepts, complete func(http.Header),
	next func(http.ResponseWriter) error,
) (Source, error) {
	name := wanted.keptName()
	if len(name) > maxKeptName {
		return FromUpstream, next(w)
	}
	kept := keptRequest{k, name, accepts, complete}
	if kept.serve(w, r) {
		return FromKept, nil
	}
	if archived := k.learns.archive.Find(k.learns.space, wanted); archived != nil {
		if complete != nil {
			complete(w.Header())
		}
		if source, err := archived.Serve(w, r, wanted.Path, nil, accepts); source != NotServed {
			return source, err
		}
	}
	if isPartial(r) {
		return FromUpstream, next(w) // what comes may not be the whole file
	}
	leader, landed := k.flights.Lead(r.Context(), name, patience)
	if leader == nil {
		if landed && kept.serve(w, r) {
			return FromKept, nil
		}
		return FromUpstream, next(w)
	}
	defer leader.End()
	keeper := keeping.NewWriter(w, k.begin(name))
	defer keeper.Abort() // unless it is complete by then
	err := next(keeper)
	if err == nil && keeper.Commit() {
		k.copies.addKept(k, name)
		k.learns.file(k, wanted)
	}
	return FromUpstream, err
}

// keptRequest is a request for a kept file.
type keptRequest struct {
	*Keep
	name     string
	accepts  Accepts
	complete func(http.Header)
}

// serve answers with what is kept, in the best coding that it is there in.
func (k keptRequest) serve(w http.ResponseWriter, r *http.Request) bool {
	name := k.name
	plain, _, _ := strings.Cut(name, "?")
	if k.copies != nil && isCompressibleName(plain) && !httpheader.NeedsUncoded(r.Header) {
		for _, coding := range k.accepts() {
			if coding == "identity" {
				break
			}
			if entry, ok := k.store.Get(r.Context(), k.codedKey(name, coding)); ok {
				served := entry.Size() > 0 && k.send(w, r, entry, coding)
				_ = entry.Close() // it was only read
				if served {
					return true
				}
			}
		}
	}
	entry, ok := k.store.Get(r.Context(), k.key(name))
	if !ok {
		return false
	}
	defer func() { _ = entry.Close() }() // it was only read
	return k.send(w, r, entry, "")
}

// send answers with an entry, unless that has been damaged.
func (k keptRequest) send(w http.ResponseWriter, r *http.Request, entry *blobstore.Entry, coding string) bool {
	head, err := keeping.ParseHead(entry.Meta())
	if err != nil {
		return false
	}
	h := w.Header()
	for name, values := range head {
		h[name] = values
	}
	if k.complete != nil {
		k.complete(h)
	}
	etag, modTime := head.Get("Etag"), time.Time{}
	if parsed, err := http.ParseTime(head.Get("Last-Modified")); err == nil {
		modTime = parsed
	}
	if coding == "" {
		if isPartial(r) {
			http.ServeContent(w, r, "", modTime, entry.Reader())
			return true
		}
		h["Accept-Ranges"] = acceptRanges
	} else {
		codings.AddVary(h)
		if isUnmodified(r.Header, modTime, etag) {
			writeUnmodified(w)
			return true
		}
		if etag != "" {
			h["Etag"] = []string{codings.ETag(etag, coding)}
			if isUnmodified(r.Header, modTime, h["Etag"][0]) {
				writeUnmodified(w)
				return true
			}
		}
		h["Content-Encoding"] = []string{coding}
	}
	h["Content-Length"] = []string{strconv.FormatInt(entry.Size(), 10)}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_ = sendEntry(w, entry) // the client is gone, as others will notice
	}
	return true
}

// key is the key of a file, which is a group with its copies.
func (k *Keep) key(name string) blobstore.Key { return k.codedKey(name, "") }

// codedKey is the key of a copy.
func (k *Keep) codedKey(name, coding string) blobstore.Key {
	return blobstore.Key{Space: k.space, Group: name, Name: coding}
}
