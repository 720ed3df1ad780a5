package blobstore

import (
	"time"

	"github.com/gofrs/flock"
	"go.uber.org/zap"
)

// attachOrRetry takes the directory into use, now or as soon as it can be.
func (s *Store) attachOrRetry() {
	err := s.attach()
	if err == nil {
		return
	}
	s.settings.Logger.Warn("the directory of a store cannot be used: it works in memory only, and tries again",
		zap.String("dir", s.settings.Dir), zap.Error(err))
	s.tasks.Go(func() {
		ticker := time.NewTicker(s.settings.retry)
		defer ticker.Stop()
		for {
			select {
			case <-s.ctx.Done():
				return
			case <-ticker.C:
			}
			if s.attach() == nil {
				s.settings.Logger.Info("the directory of a store is in use now", zap.String("dir", s.settings.Dir))
				return
			}
		}
	})
}

// attach takes the directory into use. What was changed while it could not be has a tombstone.
func (s *Store) attach() error {
	settings := s.settings
	settings.Size = s.size.Load()
	d, err := openDisk(settings, s.tombstones)
	if err != nil {
		return err
	}
	s.lockAll()
	defer s.unlockAll()
	if s.closed.Load() {
		return d.close()
	}
	d.index.setBound(s.size.Load()) // which SetLimits may have changed meanwhile
	s.disk.Store(d)
	s.tasks.Go(func() { s.maintain(d) })
	return nil
}

// lockFile takes a lock that ends with the process at the latest. It does not wait. The file is opened for writing only
// where a lock needs that (NFS), so that the file system may be made read-only meanwhile.
func lockFile(path string) (*flock.Flock, error) {
	lock := flock.New(path)
	switch held, err := lock.TryLock(); {
	case err != nil:
		return nil, err
	case !held:
		return nil, errHeld
	}
	return lock, nil
}
