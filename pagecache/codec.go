package pagecache

import (
	"encoding/binary"
	"errors"
)

var errDamaged = errors.New("what is kept is damaged, or of another version")

// decoder reads what the append functions wrote. Whatever is wrong with the bytes sets bad, and what is read then is
// zero.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.rest) {
		d.bad, d.rest = true, nil
		return nil
	}
	taken := d.rest[:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if b := d.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) sequence() sequence { return sequence(d.uint64()) }

// time is a time in nanoseconds since 1970.
func (d *decoder) time() int64 { return int64(d.uint64()) } //nolint:gosec // the bits of an int64

// count is the number of things that follow, each of at least one byte.
func (d *decoder) count() int {
	value, n := binary.Uvarint(d.rest)
	if n <= 0 || value > uint64(len(d.rest)-n) { //nolint:gosec // n is at most that length
		d.bad, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return int(value) //nolint:gosec // at most the length of a slice
}

func (d *decoder) text() []byte { return d.take(d.count()) }

// texts reads a list.
func (d *decoder) texts() []string {
	list := make([]string, d.count())
	for i := range list {
		list[i] = string(d.text())
	}
	return list
}

// skipTexts skips a list, and returns its bytes.
func (d *decoder) skipTexts() []byte {
	before := d.rest
	for range d.count() {
		d.text()
	}
	return before[:len(before)-len(d.rest)]
}

func appendUint64(to []byte, v uint64) []byte { return binary.LittleEndian.AppendUint64(to, v) }

func appendSequence(to []byte, s sequence) []byte { return appendUint64(to, uint64(s)) }

func appendTime(to []byte, ns int64) []byte { return appendUint64(to, uint64(ns)) } //nolint:gosec // its bits

func appendCount(to []byte, n int) []byte {
	return binary.AppendUvarint(to, uint64(n)) //nolint:gosec // a length
}

func appendText(to []byte, text string) []byte { return append(appendCount(to, len(text)), text...) }

func appendTexts(to []byte, list []string) []byte {
	to = appendCount(to, len(list))
	for _, text := range list {
		to = appendText(to, text)
	}
	return to
}

// textList are the texts of a list, one after another, without a copy of each.
type textList struct {
	rest string
	left int
}

// texts reads a list that skipTexts has found whole.
func texts(list []byte) textList {
	t := textList{rest: string(list)}
	t.left = t.number()
	return t
}

func (t *textList) number() (n int) {
	for i, shift := 0, 0; i < len(t.rest); i, shift = i+1, shift+7 {
		n |= int(t.rest[i]&0x7f) << shift
		if t.rest[i] < 0x80 {
			t.rest = t.rest[i+1:]
			return n
		}
	}
	return 0
}

func (t *textList) next() (text string) {
	n := t.number()
	t.left--
	text, t.rest = t.rest[:n], t.rest[n:]
	return text
}
