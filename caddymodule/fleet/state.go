package fleet

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/leases"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// addresses are the upstreams of the process.
var addresses deploy.Addresses

// State is the control plane of the configurations that name one state directory.
type State struct {
	*deploy.Fleet
	dir string

	mu     sync.Mutex
	secret []byte // nil: not read yet
	log    atomic.Pointer[zap.Logger]
}

// open opens the control plane whose decisions are kept in a directory. tell is called with each change of an upstream.
func open(dir string, tell func(*State, deploy.Change), log *zap.Logger) *State {
	s, log := &State{dir: dir}, log.Named("deploy")
	s.log.Store(log)
	s.Fleet = deploy.Open(deploy.Settings{
		Dir: dir, Addresses: &addresses, Log: log, Tell: func(c deploy.Change) { tell(s, c) }, TellMixed: tellMixed,
	})
	return s
}

// SetLog says where what has become of upstreams is written from now on.
func (s *State) SetLog(log *zap.Logger) {
	log = log.Named("deploy")
	s.log.Store(log)
	s.Fleet.SetLog(log)
}

// Release gives the lease back. The last one ends the control plane.
func (s *State) Release() error { return leases.Release(s.dir) }

// Destruct implements caddy.Destructor.
func (s *State) Destruct() error { return s.Close() }

// joinPatience bounds the wait for DNS when a configuration is loaded.
const joinPatience = time.Second

// Join leases the upstreams of zones for a configuration. What names lead to is waited for, but not for long.
func (s *State) Join(zones []deploy.ZoneSettings) []*deploy.Rotation {
	rotations := make([]*deploy.Rotation, len(zones))
	for i, zone := range zones {
		if len(zone.Sources) > 0 {
			rotations[i] = s.Fleet.Join(zone)
		}
	}
	enough := time.After(joinPatience)
	for _, rotation := range rotations {
		if rotation == nil {
			continue
		}
		select {
		case <-rotation.Found():
		case <-enough:
			return rotations
		}
	}
	return rotations
}

// StickyOf returns what sends a visitor of a zone to one upstream, nil where nothing does. The error says that the
// secret is a placeholder for nothing: edges would not agree.
func (s *State) StickyOf(settings *Sticky, zone string, repl *caddy.Replacer) (*edge.Sticky, error) {
	switch {
	case settings == nil:
		return nil, nil
	case settings.Header != "":
		return &edge.Sticky{Header: settings.Header}, nil
	case settings.Secret == "":
		return &edge.Sticky{Cookie: edge.CookieName("nextjs_upstream_", zone), Names: deploy.NewCookieNames(s.cookieSecret())}, nil
	}
	secret, err := repl.ReplaceOrErr(settings.Secret, true, true)
	if err != nil {
		return nil, fmt.Errorf("sticky: the secret: %w", err)
	}
	return &edge.Sticky{Cookie: edge.CookieName("nextjs_upstream_", zone), Names: deploy.NewCookieNames([]byte(secret))}, nil
}

// secretBytes is the length of the secret that is made where a configuration names none.
const secretBytes = 32

// cookieSecret returns what names in cookies are made with: made once, and kept. Where it cannot be kept it holds for
// this process.
func (s *State) cookieSecret() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secret == nil {
		var err error
		if s.secret, err = readSecret(filepath.Join(s.dir, "sticky-secret")); err != nil {
			s.log.Load().Warn("the secret of sticky cookies is not kept: visitors may change their upstream after a restart", zap.Error(err))
		}
	}
	return s.secret
}

// readSecret returns the secret in a file, made where there is none. It returns one with an error, too.
func readSecret(path string) ([]byte, error) {
	text, err := os.ReadFile(path) //nolint:gosec // it is below the state directory
	if err == nil && len(text) >= secretBytes {
		return text, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return newSecret(), fmt.Errorf("reading it: %w", err)
	}
	secret := newSecret()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return secret, fmt.Errorf("making its directory: %w", err)
	}
	if err := os.WriteFile(path, secret, 0o600); err != nil {
		return secret, fmt.Errorf("writing it: %w", err)
	}
	return secret, nil
}

func newSecret() []byte {
	var random [secretBytes]byte
	_, _ = rand.Read(random[:]) // never fails
	return []byte(hex.EncodeToString(random[:]))
}

// Interface guard
var _ caddy.Destructor = (*State)(nil)
