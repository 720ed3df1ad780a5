package blobstore

// SetLimits changes the bounds of a store that is in use, given as in Settings. What is too much then is evicted.
func (s *Store) SetLimits(size, memory int64) error {
	settings := s.settings
	settings.Size, settings.Memory = size, memory
	settings, err := settings.complete()
	if err != nil {
		return err
	}
	s.lockAll()
	s.size.Store(settings.Size)
	s.memory.setBound(settings.Memory)
	d := s.disk.Load()
	if d != nil {
		d.index.setBound(settings.Size)
	}
	s.unlockAll()
	if d != nil {
		d.index.settle()
		s.removeEvicted(d)
	}
	return nil
}
