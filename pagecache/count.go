package pagecache

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// note is what is noted of an entry, so that purges can be counted. Of a page's record it is a text that tells which
// page it is: see formatPageNote. Of a variant it is the sequence number at which its fetch began, and when it is of no
// use any more. Compressed copies have none, nor has what is of another era.
func (c *Cache) note(key blobstore.Key, data []byte) *blobstore.Note {
	if key.Name == recordName {
		if p, err := parsePage(data); err == nil && p.era == c.ledger.era {
			return &blobstore.Note{Text: c.formatPageNote(key.Group, p.tags)}
		}
		return nil
	}
	if strings.HasPrefix(key.Name, policy.Separator) {
		return nil
	}
	m, err := parseMeta(data)
	if err != nil || m.era != c.ledger.era {
		return nil
	}
	return &blobstore.Note{Since: uint64(m.begun), Until: max(m.freshUntil, m.staleUntil, m.errorUntil)}
}

// pageNote is what the note of a page is about.
type pageNote struct {
	group string // as far as purges look at it
	tags  string // hashes, of eight bytes each
}

// formatPageNote is the text of a page's note: the length of a group in two bytes, the group, and hashes of tags.
func (c *Cache) formatPageNote(group string, tags []string) string {
	group = policy.Purgeable(group)
	about := make([]byte, 0, 2+len(group)+8*len(tags))
	about = binary.LittleEndian.AppendUint16(about, uint16(len(group))) //nolint:gosec // no key is longer than 4 KiB
	about = append(about, group...)
	for _, tag := range tags {
		about = appendUint64(about, maphash.String(c.seed, tag))
	}
	return string(about)
}

// parsePageNote is the reverse of formatPageNote.
func parsePageNote(about string) pageNote {
	length := int(about[0]) | int(about[1])<<8
	return pageNote{about[2 : 2+length], about[2+length:]}
}

// eachTag hands out the hashes of the tags.
func (n pageNote) eachTag(yield func(uint64) bool) {
	for rest := n.tags; len(rest) >= 8; rest = rest[8:] {
		if !yield(binary.LittleEndian.Uint64([]byte(rest[:8]))) {
			return
		}
	}
}

// Count is how many pages a purge has hit.
type Count struct {
	// Pages are different paths: variants of a page, on all hosts and with all queries, count once.
	Pages int
	// AtLeast: there may be more, for what an earlier run has kept has not been looked through yet.
	AtLeast bool
}

// Count looks through the notes of all that is kept in the space, and counts the pages of which something is that the
// purge made gone or stale. What was so before, or is too old to be of use at the moment now, does not count. It takes
// a microsecond or so for each entry of the store, and holds nobody up. What an earlier run has kept is waited for
// until ctx ends.
func (p *Marked) Count(ctx context.Context, now time.Time) Count {
	all := p.cache.store.AwaitNotes(ctx)
	return Count{Pages: p.count(p.pages(), now.UnixNano()), AtLeast: !all}
}

// pages are the pages that the purge is about, whether something of them is kept or not.
func (p *Marked) pages() map[blobstore.NotedGroup]pageNote {
	hits, pages := p.hits(), map[blobstore.NotedGroup]pageNote{}
	for group, note := range p.cache.store.Notes(p.selector.Space) {
		if note.Text == "" {
			continue
		}
		if n := parsePageNote(note.Text); hits(n) {
			pages[group] = n
		}
	}
	return pages
}

// count counts those of which a variant is kept that is of use.
func (p *Marked) count(pages map[blobstore.NotedGroup]pageNote, now int64) int {
	if len(pages) == 0 {
		return 0
	}
	before, paths := p.earlier(), map[uint64]struct{}{}
	for group, note := range p.cache.store.Notes(p.selector.Space) {
		begun := sequence(note.Since)
		if note.Text != "" || begun >= p.at || note.Until <= now {
			continue
		}
		if n, ok := pages[group]; ok && !before.cover(n, begun, p.selector.Soft) {
			paths[maphash.String(p.cache.seed, policy.PathOf(n.group))] = struct{}{}
		}
	}
	return len(paths)
}

// hits returns what tells whether a purge is about an entry.
func (p *Marked) hits() func(pageNote) bool {
	s := p.selector
	switch {
	case s.Path != "":
		return func(n pageNote) bool { return policy.PathOf(n.group) == s.Path }
	case s.Prefix != "":
		return func(n pageNote) bool { return strings.HasPrefix(n.group, s.Prefix) }
	case s.Deployment != "":
		return func(n pageNote) bool { return policy.DeploymentOf(n.group) == s.Deployment }
	case s.Tag != "":
		wanted := maphash.String(p.cache.seed, s.Tag)
		return func(n pageNote) bool {
			for tag := range n.eachTag {
				if tag == wanted {
					return true
				}
			}
			return false
		}
	}
	return func(pageNote) bool { return true }
}

// earlier are the purges of the space before this one.
func (p *Marked) earlier() *earlierPurges {
	e := p.cache.ledger.marks.before(p.at, p.selector.Space, p.cache.seed)
	for i, t := range p.targets {
		e.add(t, p.before[i], p.cache.seed)
	}
	return e
}
