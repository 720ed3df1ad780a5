package control

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	// tokenReadEvery is how old what was read from the file may be.
	tokenReadEvery = time.Second
	// tokenLimit bounds the file (bytes).
	tokenLimit = 4096
)

// bearerToken is the token in a file. The file is read again when somebody asks, at most once in tokenReadEvery: that
// costs less than to find out reliably that it has not changed.
type bearerToken struct {
	file string
	log  *zap.Logger
	now  func() time.Time

	mu     sync.Mutex
	sum    [sha256.Size]byte
	err    error // why nobody is let in; nil: sum is that of the token
	readAt time.Time
}

// newBearerToken reads the file. The error says what is wrong with it.
func newBearerToken(file string, log *zap.Logger) (*bearerToken, error) {
	t := &bearerToken{file: file, log: log, now: time.Now}
	t.readAt = t.now()
	t.sum, t.err = readToken(file)
	return t, t.err
}

// readToken returns the hash of the token in a file.
func readToken(file string) (sum [sha256.Size]byte, err error) {
	info, err := os.Stat(file)
	if err != nil {
		return sum, err
	}
	if !info.Mode().IsRegular() { // to open a pipe may last for ever
		return sum, fmt.Errorf("%s is not a regular file", file)
	}
	opened, err := os.Open(file) //nolint:gosec // the operator names the file
	if err != nil {
		return sum, err
	}
	defer func() { _ = opened.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(opened, tokenLimit+1))
	if err != nil {
		return sum, err
	}
	token, err := ParseToken(text)
	if err != nil {
		return sum, fmt.Errorf("%s %w", file, err)
	}
	return sha256.Sum256(token), nil
}

// ParseToken returns the token that a file holds. Without regard to the line's end: editors add one.
func ParseToken(text []byte) ([]byte, error) {
	token := bytes.TrimSpace(text)
	switch {
	case len(text) > tokenLimit:
		return nil, fmt.Errorf("has more than %d bytes", tokenLimit)
	case len(token) == 0:
		return nil, errors.New("is empty")
	case slices.ContainsFunc(token, func(c byte) bool { return c <= ' ' || c > '~' }):
		return nil, errors.New("holds more than one token, or characters that a header cannot have: it must be one word of ASCII")
	}
	return token, nil
}

// broughtToken returns the hash of the token that a request brings; false if it brings none, or several.
func broughtToken(h http.Header) (sum [sha256.Size]byte, ok bool) {
	values := h["Authorization"]
	if len(values) != 1 {
		return sum, false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return sum, false
	}
	return sha256.Sum256([]byte(strings.Trim(token, " "))), true
}

// is reports whether the token is that of a hash, in constant time.
func (t *bearerToken) is(sum [sha256.Size]byte) bool {
	want, ok := t.current()
	same := subtle.ConstantTimeCompare(sum[:], want[:]) == 1
	return same && ok
}

// current returns the hash of the token that counts now; false while the file holds none.
func (t *bearerToken) current() ([sha256.Size]byte, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.now(); now.Sub(t.readAt) >= tokenReadEvery {
		before := t.err
		t.readAt = now
		t.sum, t.err = readToken(t.file)
		if t.err != nil && (before == nil || before.Error() != t.err.Error()) {
			t.log.Warn("a token file of nextjs_control holds no token: nobody is let in by it", zap.Error(t.err))
		}
	}
	return t.sum, t.err == nil
}
