package blobstore

import (
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// Defaults of Settings.
const (
	DefaultSize          = 1 << 30
	DefaultMemory        = 64 << 20
	DefaultBehindWait    = time.Second
	DefaultBehindLargest = 8 << 20
	DefaultBehindQueue   = 32 << 20
)

// Settings of a store. The zero value keeps in memory only.
type Settings struct {
	// Dir is a directory that nothing else uses; it is made if it is missing. Empty: memory only.
	Dir string
	// Size bounds the bytes of files on disk, heads included, each file in blocks of 4 KiB. What is being written comes
	// on top, and may be as much again. Default 1 GiB.
	Size int64
	// Memory bounds the bytes in memory, with what an entry costs beside its bytes. Default 64 MiB; negative: none.
	Memory int64
	// Behind is a tier that several edges share, asked on a miss of memory and disk and told of every Put and Delete.
	// Nil: none.
	Behind Tier
	// BehindWait bounds one call of Behind. Default 1 s.
	BehindWait time.Duration
	// BehindLargest is the largest body in bytes that Behind is given. Default 8 MiB.
	BehindLargest int64
	// BehindQueue bounds the bytes of changes that wait to be told to Behind. Default 32 MiB.
	BehindQueue int64
	// Logger gets one line when something begins to fail. Nil: none.
	Logger *zap.Logger

	// For tests.
	retry      time.Duration // between attempts to use Dir, and to tell Behind what it failed to take
	beforeWalk func()        // called by the goroutine that gathers sizes
}

// complete checks the settings and fills in the defaults.
func (s Settings) complete() (Settings, error) {
	var errs []error
	for _, limit := range []struct {
		name     string
		value    *int64
		standard int64
	}{
		{"Size", &s.Size, DefaultSize},
		{"BehindWait", (*int64)(&s.BehindWait), int64(DefaultBehindWait)},
		{"BehindLargest", &s.BehindLargest, DefaultBehindLargest},
		{"BehindQueue", &s.BehindQueue, DefaultBehindQueue},
	} {
		if *limit.value < 0 {
			errs = append(errs, fmt.Errorf("%s is negative: %d", limit.name, *limit.value))
		} else if *limit.value == 0 {
			*limit.value = limit.standard
		}
	}
	if s.Dir != "" && s.Size > 0 && s.Size < block {
		errs = append(errs, fmt.Errorf("Size is %d bytes, less than one block of %d: nothing could be kept in %s", s.Size, block, s.Dir))
	}
	if s.Memory == 0 {
		s.Memory = DefaultMemory
	}
	if s.Logger == nil {
		s.Logger = zap.NewNop()
	}
	if s.retry == 0 {
		s.retry = 5 * time.Second
	}
	return s, errors.Join(errs...)
}
