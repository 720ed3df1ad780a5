package imageopt

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
)

// keyVersion changes when answers under the same key would differ from older ones.
const keyVersion = 1

// Key names the answer to a request among those of one zone: the source, the width, the quality and the format. Each part goes in with its length, where
// Next.js puts them one behind the other, so that no source can be written to look like another one with another width. What else a request
// carries has no part in it. It is of letters, digits, "-" and "_".
func (r Request) Key() string {
	var b []byte
	b = append(b, keyVersion)
	for _, text := range []string{r.Href, r.Format} {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	b = binary.AppendVarint(b, int64(r.Width))
	b = binary.AppendVarint(b, int64(r.Quality))
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
