package pagecache

import (
	"context"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

// recordOf is the key of the record of a key's page.
func recordOf(key blobstore.Key) blobstore.Key {
	return blobstore.Key{Space: key.Space, Group: key.Group, Name: recordName}
}

// pageHead reads what is needed of a page's record to serve its entries. ok is false for a page without one.
func (c *Cache) pageHead(ctx context.Context, key blobstore.Key) (head pageHead, ok bool) {
	entry, ok := c.store.Get(ctx, recordOf(key))
	if !ok {
		return head, false
	}
	defer func() { _ = entry.Close() }() // it was only read
	head, _, err := parseHead(&decoder{rest: entry.Meta()})
	return head, err == nil && head.era == c.ledger.era
}

// page reads a page's record.
func (c *Cache) page(key blobstore.Key) (p pageRecord, ok bool) {
	entry, ok := c.store.Get(c.ctx, recordOf(key))
	if !ok {
		return p, false
	}
	defer func() { _ = entry.Close() }() // it was only read
	p, err := parsePage(entry.Meta())
	return p, err == nil && p.era == c.ledger.era
}

// putPage writes a page's record. A store that cannot take it has lost it: then nothing of the page is served.
func (c *Cache) putPage(key blobstore.Key, p pageRecord) {
	p.era = c.ledger.era
	_ = c.store.Put(context.Background(), recordOf(key), appendPage(nil, p), nil) // see above
}
