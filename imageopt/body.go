package imageopt

import "errors"

// errBodyTooLarge ends the reading of a body.
var errBodyTooLarge = errors.New("the body exceeds the limit")

// firstAllocation bounds what a Content-Length alone can make us allocate (bytes).
const firstAllocation = 1 << 20

// boundedBody keeps what is written to it, up to limit bytes, in memory that never grows beyond them.
type boundedBody struct {
	limit int64
	bytes []byte
	over  bool // more was written
}

// expect prepares for a body of size bytes; a size that is not known is negative.
func (b *boundedBody) expect(size int64) {
	if size = min(size, b.limit, firstAllocation); size > int64(cap(b.bytes)) {
		b.bytes = make([]byte, 0, size)
	}
}

// reserve prepares for a body whose announced size can be relied on.
func (b *boundedBody) reserve(size int64) {
	if size <= b.limit && size > int64(cap(b.bytes)) {
		b.bytes = make([]byte, 0, size)
	}
}

// Write appends p or, when that is too much, none of it.
func (b *boundedBody) Write(p []byte) (int, error) {
	size := int64(len(b.bytes)) + int64(len(p))
	if b.over || size > b.limit {
		b.over, b.bytes = true, nil
		return 0, errBodyTooLarge
	}
	if size > int64(cap(b.bytes)) {
		grown := make([]byte, len(b.bytes), min(max(size, 2*int64(cap(b.bytes))), b.limit))
		copy(grown, b.bytes)
		b.bytes = grown
	}
	b.bytes = append(b.bytes, p...)
	return len(p), nil
}
