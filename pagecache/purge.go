package pagecache

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// maxPurgeText is the length in bytes of the longest tag, prefix or group that can be purged. Next.js allows tags of
// 256 characters.
const maxPurgeText = 4 << 10

// Selector says what is purged: exactly one of Group, Path, Prefix, Tag, Deployment and All.
type Selector struct {
	// Space is that of policy.Facts. "" stands for all of them, except with Group.
	Space string
	// Group is one page, with all its variants.
	Group string
	// Path is that of pages as policy.KeyOf names them: with any query, on any host, of any deployment.
	Path string
	// Prefix is the beginning of the names of groups.
	Prefix string
	// Tag is one of policy.Decision.Tags.
	Tag string
	// Deployment is policy.Facts.Deployment.
	Deployment string
	// All is everything in the space.
	All bool
	// Soft makes it stale: it is served once more, while it is fetched. Otherwise it is gone.
	Soft bool
}

// ErrSelector is wrapped by the error of a selector that makes no sense.
var ErrSelector = errors.New("cannot purge that")

func (s Selector) check() error {
	chosen := 0
	for _, one := range []bool{s.Group != "", s.Path != "", s.Prefix != "", s.Tag != "", s.Deployment != "", s.All} {
		if one {
			chosen++
		}
	}
	switch {
	case chosen != 1:
		return fmt.Errorf("%w: choose one of page, path, prefix, tag, deployment and all", ErrSelector)
	case s.Group != "" && s.Space == "":
		return fmt.Errorf("%w: a page needs a zone", ErrSelector)
	case len(s.Group)+len(s.Path)+len(s.Prefix)+len(s.Tag)+len(s.Deployment) > maxPurgeText:
		return fmt.Errorf("%w: longer than %d bytes", ErrSelector, maxPurgeText)
	}
	return nil
}

// Purge makes what was fetched before it gone or stale, what is being fetched at this moment included. It holds after a
// restart too, and takes the same time however much is kept, except with Group and All, which also free the room.
//
// After a power failure (not: after the end of the process) a purge of the last seconds may be forgotten.
func (c *Cache) Purge(s Selector) error {
	if err := s.check(); err != nil {
		return err
	}
	if s.Group != "" {
		c.counts.purges.Add(1)
		c.purgePage(pageID{s.Space, s.Group}, s.Soft)
		return nil
	}
	c.mark(s).Free()
	return nil
}

// Marked is a purge that holds, and whose pages can be counted.
type Marked struct {
	cache    *Cache
	selector Selector
	at       sequence
	targets  []target
	before   []mark // what there was of each target
}

// Mark is the first half of Purge: it holds when it returns. Then Count tells how much it has hit, and Free gives the
// room back. Only pages of one space can be counted, so the selector has a space, and no Group.
func (c *Cache) Mark(s Selector) (*Marked, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if s.Space == "" || s.Group != "" {
		return nil, fmt.Errorf("%w: only pages of one zone are counted, by path, prefix, tag, deployment or all", ErrSelector)
	}
	return c.mark(s), nil
}

// mark notes a purge of anything but a group, and lets nobody join what is being fetched of it.
func (c *Cache) mark(s Selector) *Marked {
	c.counts.purges.Add(1)
	p := &Marked{cache: c, selector: s, at: c.sequencer.next(), targets: s.targets()}
	if s.Soft {
		p.before = c.ledger.purge(mark{soft: p.at}, p.targets...)
		return p
	}
	p.before = c.ledger.purge(mark{hard: p.at}, p.targets...)
	for _, t := range p.targets {
		c.fetches.purge(t.concerns)
	}
	return p
}

// Free gives the room of a whole space back. That of other purges gives way in time.
func (p *Marked) Free() {
	if s := p.selector; s.All && s.Space != "" && !s.Soft {
		p.cache.store.DeleteSpace(s.Space)
	}
}

// targets are what a selector concerns.
func (s Selector) targets() (list []target) {
	switch {
	case s.Path != "":
		for _, prefix := range policy.PathPrefixes(s.Path) {
			list = append(list, target{scopePrefix, s.Space, prefix})
		}
		return list
	case s.Prefix != "":
		return []target{{scopePrefix, s.Space, s.Prefix}}
	case s.Tag != "":
		return []target{{scopeTag, s.Space, s.Tag}}
	case s.Deployment != "":
		return []target{{scopeDeployment, s.Space, s.Deployment}}
	}
	return []target{{scope: scopeAll, space: s.Space}}
}

// concerns reports whether a fetch may be of what is purged. Tags are not known before the head.
func (t target) concerns(fl *fetch) bool {
	switch {
	case t.space != "" && t.space != fl.key.Space:
		return false
	case t.scope == scopePrefix:
		return strings.HasPrefix(fl.key.Group, t.text)
	case t.scope == scopeDeployment:
		return policy.DeploymentOf(fl.key.Group) == t.text
	case t.scope == scopeTag:
		return !fl.isSettled() || slices.Contains(fl.decision.Tags, t.text)
	}
	return true
}

// purgePage purges one page.
func (c *Cache) purgePage(id pageID, soft bool) {
	unlock := c.lockPage(id)
	defer unlock()
	key := recordOf(blobstore.Key{Space: id.space, Group: id.group})
	page, known := c.page(key)
	at := c.sequencer.next()
	if soft {
		if known {
			page.soft, page.freshUntil, page.currentUntil = at, 0, 0
			c.putPage(key, page)
		}
		return
	}
	some := c.fetches.purge(func(fl *fetch) bool { return pageOf(fl.key) == id })
	if known || some {
		c.store.DeleteGroup(id.space, id.group)
	}
	if !known {
		return // nothing of it is served, and what is being fetched is not kept
	}
	// Who has read an entry a moment ago has begun before. Who comes now finds nothing older than this.
	c.putPage(key, pageRecord{pageHead: pageHead{floor: at, interceptable: page.interceptable}, arrived: at, proven: at})
}
