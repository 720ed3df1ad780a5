package blobstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// The head of an entry's file, all numbers little endian:
//
//	 0  magic
//	 8  version of the format
//	12  length of the space
//	16  length of the group
//	20  length of the name
//	24  length of the meta
//	28  length of the body
//	36  CRC-32C of the body
//	40  CRC-32C of the head up to here, the space, the group, the name and the meta
//	44  space, group, name, meta, and the body to the end of the file
const (
	magic       = "nxblob\r\n" // a transfer that changes line ends is noticed
	version     = 2            // in the name of the directory too: entriesDir
	headSize    = 44
	headSumAt   = 40
	largestText = 1 << 20 // bytes of space, group, name and meta together
)

// errDamaged is wrapped by everything that makes a file no entry of its key.
var errDamaged = errors.New("damaged entry")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// head are the lengths and the checksum of the body in a file's head.
type head struct {
	space, group, name, meta int
	body                     int64
	bodySum                  uint32
}

// prefix is the number of bytes before the body.
func (h head) prefix() int64 {
	return headSize + int64(h.space) + int64(h.group) + int64(h.name) + int64(h.meta)
}

// prefixSize is the number of bytes that a file has before its body.
func prefixSize(key Key, meta []byte) int64 {
	return headSize + int64(len(key.Space)) + int64(len(key.Group)) + int64(len(key.Name)) + int64(len(meta))
}

// appendPrefix appends everything of a file before its body.
func appendPrefix(to []byte, key Key, meta []byte, bodySize int64, bodySum uint32) []byte {
	at := len(to)
	to = append(to, magic...)
	to = binary.LittleEndian.AppendUint32(to, version)
	for _, length := range []int{len(key.Space), len(key.Group), len(key.Name), len(meta)} {
		to = binary.LittleEndian.AppendUint32(to, uint32(length)) //nolint:gosec // at most largestText
	}
	to = binary.LittleEndian.AppendUint64(to, uint64(bodySize)) //nolint:gosec // a length
	to = binary.LittleEndian.AppendUint32(to, bodySum)
	to = binary.LittleEndian.AppendUint32(to, 0)
	to = append(append(append(append(to, key.Space...), key.Group...), key.Name...), meta...)
	binary.LittleEndian.PutUint32(to[at+headSumAt:], prefixSum(to[at:]))
	return to
}

// prefixSum is the checksum of everything before the body, without the field that holds it.
func prefixSum(prefix []byte) uint32 {
	return crc32.Update(crc32.Checksum(prefix[:headSumAt], castagnoli), castagnoli, prefix[headSize:])
}

// parseHead reads the head of a file of fileSize bytes. The lengths it returns fit the file.
func parseHead(data []byte, fileSize int64) (head, error) {
	if len(data) < headSize {
		return head{}, fmt.Errorf("%w: shorter than a head", errDamaged)
	}
	if string(data[:len(magic)]) != magic {
		return head{}, fmt.Errorf("%w: not an entry", errDamaged)
	}
	if v := binary.LittleEndian.Uint32(data[8:]); v != version {
		return head{}, fmt.Errorf("%w: version %d of the format, this is version %d", errDamaged, v, version)
	}
	length := func(at int) int64 { return int64(binary.LittleEndian.Uint32(data[at:])) }
	space, group, name, meta := length(12), length(16), length(20), length(24)
	body := int64(binary.LittleEndian.Uint64(data[28:])) //nolint:gosec // compared below
	if space+group+name+meta > largestText || body < 0 || body > math.MaxInt64-headSize-largestText {
		return head{}, fmt.Errorf("%w: impossible lengths", errDamaged)
	}
	h := head{
		space: int(space), group: int(group), name: int(name), meta: int(meta),
		body: body, bodySum: binary.LittleEndian.Uint32(data[36:]),
	}
	if h.prefix()+h.body != fileSize {
		return head{}, fmt.Errorf("%w: %d bytes, its head says %d", errDamaged, fileSize, h.prefix()+h.body)
	}
	return h, nil
}

// key is the key in a file, as checkPrefix compares it.
func (h head) key(prefix []byte) Key {
	text := string(prefix[headSize : headSize+h.space+h.group+h.name])
	return Key{Space: text[:h.space], Group: text[h.space : h.space+h.group], Name: text[h.space+h.group:]}
}

// checkPrefix compares everything before the body with its checksum and with the key that is looked for, and returns
// the meta.
func (h head) checkPrefix(prefix []byte, key Key) (meta []byte, err error) {
	if prefixSum(prefix) != binary.LittleEndian.Uint32(prefix[headSumAt:]) {
		return nil, fmt.Errorf("%w: checksum of the head", errDamaged)
	}
	rest := prefix[headSize:]
	for _, part := range []struct {
		length int
		text   string
	}{{h.space, key.Space}, {h.group, key.Group}, {h.name, key.Name}} {
		if string(rest[:part.length]) != part.text {
			return nil, fmt.Errorf("%w: the file of another key", errDamaged)
		}
		rest = rest[part.length:]
	}
	return rest[:h.meta:h.meta], nil
}

// checkBody compares a body with its checksum.
func (h head) checkBody(sum uint32) error {
	if sum != h.bodySum {
		return fmt.Errorf("%w: checksum of the body", errDamaged)
	}
	return nil
}
