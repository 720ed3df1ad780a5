package pagecache

import (
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// Defaults of Settings.
const (
	DefaultMaxBody        = 8 << 20
	DefaultFillMemory     = 128 << 20
	DefaultRevalidations  = 16
	DefaultRevalidateTime = 30 * time.Second
	DefaultLinger         = 30 * time.Second
	DefaultPatience       = time.Second
	DefaultAnswerTime     = 5 * time.Second
)

// Settings of a cache. The zero value has the defaults.
type Settings struct {
	// MaxBody is the largest body in bytes that is kept. Default 8 MiB.
	MaxBody int64
	// FillMemory bounds the bytes of all answers that are coming in, or that slow clients still read. Beyond it, those
	// that hold most give way: they are passed on and not kept, or their readers get the rest in another way. Default
	// 128 MiB.
	FillMemory int64
	// Revalidations is how many stale pages are fetched in the background at once; as many more may be fetched of pages
	// whose other variants are suspect. Default 16.
	Revalidations int
	// RevalidateTime bounds each of them. Default 30 s.
	RevalidateTime time.Duration
	// Linger is how long a fetch goes on after its client has left while nobody else waits for it. Default 30 s.
	Linger time.Duration
	// Patience is for answers larger than MaxBody, of which clients far apart cannot all be served from what is held:
	// how long a client may hold up others, in all. Then each of them gets the answer by a request of its own, from
	// where it was. Default 1 s.
	Patience time.Duration
	// AnswerTime is how long the upstream may take for the head of an answer before it counts as failed, where a page
	// is kept that may be served then. Others wait for as long as it takes. Default 5 s.
	AnswerTime time.Duration
	// NoCopies keeps bodies as they are only, to be compressed on their way by whoever stands in front. Otherwise there
	// are compressed copies of those that are asked for often, and who asks is given one whatever stands in front.
	NoCopies bool
	// Logger gets one line per event. Nil: none.
	Logger *zap.Logger
}

// complete checks the settings and fills in the defaults.
func (s Settings) complete() (Settings, error) {
	var errs []error
	for _, limit := range []struct {
		name     string
		value    *int64
		standard int64
	}{
		{"MaxBody", &s.MaxBody, DefaultMaxBody},
		{"FillMemory", &s.FillMemory, DefaultFillMemory},
		{"RevalidateTime", (*int64)(&s.RevalidateTime), int64(DefaultRevalidateTime)},
		{"Linger", (*int64)(&s.Linger), int64(DefaultLinger)},
		{"AnswerTime", (*int64)(&s.AnswerTime), int64(DefaultAnswerTime)},
		{"Patience", (*int64)(&s.Patience), int64(DefaultPatience)},
	} {
		if *limit.value < 0 {
			errs = append(errs, fmt.Errorf("%s is negative: %d", limit.name, *limit.value))
		} else if *limit.value == 0 {
			*limit.value = limit.standard
		}
	}
	if s.Revalidations < 0 {
		errs = append(errs, fmt.Errorf("the number of Revalidations is negative: %d", s.Revalidations))
	} else if s.Revalidations == 0 {
		s.Revalidations = DefaultRevalidations
	}
	if s.Logger == nil {
		s.Logger = zap.NewNop()
	}
	return s, errors.Join(errs...)
}
