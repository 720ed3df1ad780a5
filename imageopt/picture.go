package imageopt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

// picture is an answer as it is kept: its body, and what its headers are made of. Headers themselves are not kept, for
// the settings of the zone may have changed.
type picture struct {
	mime         string
	maxAge       int       // seconds, as clients are told
	expires      time.Time // from then on it is stale
	etag         string    // without quotes
	upstreamETag string    // of the source, as PassedETag makes it
	passed       bool      // the body is the source itself
	body         []byte
	// entry is where the body is, if it came from the store.
	entry *blobstore.Entry
	// first says that it is answered in the place of an AVIF that is being made; kept, that it had been made before.
	first, kept bool
}

// close gives back what holds the body.
func (p *picture) close() {
	if p.entry != nil {
		_ = p.entry.Close() // it was only read
	}
}

// size is that of the body, in bytes.
func (p *picture) size() int64 {
	if p.entry != nil {
		return p.entry.Size()
	}
	return int64(len(p.body))
}

// stale reports whether the picture is to be made again.
func (p *picture) stale(now time.Time) bool { return !now.Before(p.expires) }

// metaVersion changes when older entries cannot be read any more.
const metaVersion = 1

// meta is everything but the body, for the store.
func (p *picture) meta() []byte {
	b := make([]byte, 0, 24+len(p.mime)+len(p.etag)+len(p.upstreamETag))
	flags := byte(0)
	if p.passed {
		flags = 1
	}
	b = append(b, metaVersion, flags)
	b = binary.AppendVarint(b, int64(p.maxAge))
	b = binary.AppendVarint(b, p.expires.UnixMilli())
	for _, text := range [...]string{p.mime, p.etag, p.upstreamETag} {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return b
}

var errMeta = errors.New("the head of a kept picture is of another version or damaged")

// fromEntry is a picture that was kept.
func fromEntry(entry *blobstore.Entry) (*picture, error) {
	p, err := parseMeta(entry.Meta())
	if err != nil {
		return nil, err
	}
	p.entry = entry
	return p, nil
}

// parseMeta reads what meta has written.
func parseMeta(b []byte) (*picture, error) {
	if len(b) < 2 || b[0] != metaVersion {
		return nil, errMeta
	}
	p := &picture{passed: b[1] == 1}
	b = b[2:]
	number := func() int64 {
		value, n := binary.Varint(b)
		if n <= 0 {
			b = nil
			return 0
		}
		b = b[n:]
		return value
	}
	p.maxAge, p.expires = int(number()), time.UnixMilli(number())
	for _, text := range [...]*string{&p.mime, &p.etag, &p.upstreamETag} {
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)-n) { //nolint:gosec // n is at most len(b)
			return nil, errMeta
		}
		b = b[n:]
		*text, b = string(b[:length]), b[length:]
	}
	if len(b) > 0 {
		return nil, errMeta
	}
	return p, nil
}

// renewed is a picture as it can be put again: with its body in memory.
func (p *picture) renewed() (*picture, error) {
	again := *p
	again.entry = nil
	if p.entry != nil {
		body, err := p.entry.ReadAll()
		if err != nil {
			return nil, fmt.Errorf("reading a kept picture: %w", err)
		}
		again.body = body
	}
	return &again, nil
}
