package pagecache

import (
	"net/http"
	"strings"
	"time"
)

// metaVersion is the version of the format of an entry's meta. Entries of another version are misses.
const metaVersion = 3

// bodyHash tells bodies of one variant apart: of status, Location, tags and body.
type bodyHash [16]byte

// meta is what is kept beside a body. All times are in nanoseconds since 1970.
type meta struct {
	status int
	// outdated: it was when it came, and Next.js made it again from then on; fresh is that moment.
	outdated   bool
	era        uint64
	begun      sequence // when its fetch began: older than a purge, it is purged
	gen        sequence // compared with floor and suspect of its page
	hash       bodyHash // tells versions apart
	exact      bodyHash // tells bodies apart, byte by byte
	stored     int64    // the moment of age 0
	freshUntil int64    // the end of freshness
	staleUntil int64    // the end of stale-while-revalidate
	errorUntil int64    // the end of stale-if-error
	tags       []byte
	header     []byte // both as a list of texts; a header is name and value in turn
}

// appendMeta is the reverse of parseMeta.
func appendMeta(to []byte, m meta) []byte {
	flags := byte(0)
	if m.outdated {
		flags = 1
	}
	to = append(to, metaVersion, flags, byte(m.status>>8), byte(m.status))
	to = appendUint64(to, m.era)
	to = appendSequence(appendSequence(to, m.begun), m.gen)
	to = append(append(to, m.hash[:]...), m.exact[:]...)
	for _, at := range []int64{m.stored, m.freshUntil, m.staleUntil, m.errorUntil} {
		to = appendTime(to, at)
	}
	return append(append(to, m.tags...), m.header...)
}

// parseMeta reads the meta of an entry. It allocates nothing: tags and header are parts of data.
func parseMeta(data []byte) (m meta, err error) {
	d := decoder{rest: data}
	if d.byte() != metaVersion {
		return m, errDamaged
	}
	m.outdated = d.byte()&1 != 0
	m.status = int(d.byte())<<8 | int(d.byte())
	m.era = d.uint64()
	m.begun, m.gen = d.sequence(), d.sequence()
	copy(m.hash[:], d.take(len(m.hash)))
	copy(m.exact[:], d.take(len(m.exact)))
	m.stored, m.freshUntil, m.staleUntil, m.errorUntil = d.time(), d.time(), d.time(), d.time()
	m.tags, m.header = d.skipTexts(), d.skipTexts()
	if d.bad || len(d.rest) > 0 || m.status < http.StatusOK || m.status > 599 {
		return meta{}, errDamaged
	}
	return m, nil
}

// appendHeader writes the headers of an answer that are kept.
func appendHeader(to []byte, h http.Header) []byte {
	count := 0
	for _, values := range h {
		count += 2 * len(values)
	}
	to = appendCount(to, count)
	for name, values := range h {
		for _, value := range values {
			to = appendText(appendText(to, name), value)
		}
	}
	return to
}

// parseHeader returns the headers of an entry.
func parseHeader(list []byte) http.Header {
	t, h := texts(list), make(http.Header, 16)
	for t.left > 1 {
		name := t.next()
		h[name] = append(h[name], t.next())
	}
	return h
}

// age is how old an entry is, never less than nothing.
func (m *meta) age(now time.Time) time.Duration {
	return max(0, time.Duration(now.UnixNano()-m.stored))
}

// left is how long it stays fresh.
func (m *meta) left(now time.Time) time.Duration { return time.Duration(m.freshUntil - now.UnixNano()) }

// after is a deadline, which is far away instead of out of range.
func after(from int64, wait time.Duration) int64 {
	const far = 100 * 365 * 24 * time.Hour
	return from + int64(min(max(wait, 0), far))
}

// passing are headers that belong to one answer, not to what is kept of it.
var passing = map[string]bool{
	"Accept-Ranges": true, "Age": true, "Alt-Svc": true, "Connection": true, "Content-Length": true, "Keep-Alive": true,
	"Proxy-Authenticate": true, "Proxy-Connection": true, "Server": true, "Te": true, "Trailer": true,
	"Transfer-Encoding": true, "Upgrade": true,
	"Via": true, "Set-Cookie": true,
}

// keptHeader are the headers that are kept of an answer: all but what belongs to one answer, and those that were there
// before it came.
func keptHeader(h, before http.Header) http.Header {
	kept := make(http.Header, len(h))
	for name, values := range h {
		if passing[name] || strings.HasPrefix(name, http.TrailerPrefix) || len(values) == 0 ||
			sameValues(values, before[name]) {
			continue
		}
		kept[name] = append([]string(nil), values...)
	}
	return kept
}

func sameValues(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
