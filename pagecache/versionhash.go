package pagecache

import (
	"bytes"
	"crypto/sha256"
	"hash"
)

// rscMark is where a payload says which URL it was made for.
const rscMark = "?_rsc="

// versionHash is a hash of answers that leaves out the values of _rsc. Next.js 16 writes the URL of the request that
// had a page rendered into its payload, and into that of its HTML ("c" of the root row, measured with 16.4.5):
// `"c":["","blog","a?_rsc=HEAvJdHAQJrUAe2K"]`. The value is made of the router's headers, so each browser has another
// one, and without this no page would ever be made again with the body that it had before.
type versionHash struct {
	hash.Hash
	values  hash.Hash // of what is left out; nil if nothing was
	matched int       // bytes of rscMark that have come
	inValue bool      // what comes is the value
}

func newVersionHash() *versionHash { return &versionHash{Hash: sha256.New()} }

// Write never fails.
func (s *versionHash) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		switch {
		case s.inValue:
			end := bytes.IndexFunc(p, func(c rune) bool { return !isBase64URL(c) })
			if end < 0 {
				_, _ = s.values.Write(p)
				return n, nil
			}
			_, _ = s.values.Write(p[:end+1]) // with what ends it, so that two values are not one
			s.inValue, p = false, p[end:]
		case s.matched == 0:
			at := bytes.IndexByte(p, rscMark[0])
			if at < 0 {
				_, _ = s.Hash.Write(p)
				return n, nil
			}
			_, _ = s.Hash.Write(p[:at])
			s.matched, p = 1, p[at+1:]
		case p[0] == rscMark[s.matched]:
			s.matched, p = s.matched+1, p[1:]
			if s.matched == len(rscMark) {
				s.matched, s.inValue = 0, true
				if s.values == nil {
					s.values = sha256.New()
				}
			}
		default:
			s.flush()
		}
	}
	return n, nil
}

// version is the hash without the values, at the end of the answer: equal for answers of one version.
func (s *versionHash) version() (sum bodyHash) {
	s.flush()
	copy(sum[:], s.Sum(nil))
	return sum
}

// exact is the hash with the values: equal for answers that are the same byte by byte.
func (s *versionHash) exact() bodyHash {
	sum := s.version()
	if s.values != nil {
		for i, b := range s.values.Sum(nil)[:len(sum)] {
			sum[i] ^= b
		}
	}
	return sum
}

// flush writes what might have become the mark, and has not.
func (s *versionHash) flush() {
	_, _ = s.Hash.Write([]byte(rscMark[:s.matched]))
	s.matched = 0
}

func isBase64URL(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}
