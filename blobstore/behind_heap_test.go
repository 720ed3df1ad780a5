package blobstore

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/heaptest"
)

// What the tier behind is still to be told of holds nothing else of the requests that its keys were cut from.
func TestTheQueueHoldsNoRequests(t *testing.T) {
	told, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	slow := &tier{Tier: sharedStore{open(t, Settings{}).Store}, before: func(context.Context, string) error {
		once.Do(func() { close(told); <-release })
		return nil
	}}
	s := open(t, Settings{Memory: 64 << 20, Behind: slow, BehindWait: time.Minute})
	let := sync.OnceFunc(func() { close(release) })
	t.Cleanup(let)
	s.put(t, "first", 10)
	<-told
	grown := heaptest.Growth(func() {
		for i := range queueLength / 4 {
			path := heaptest.Request(fmt.Sprintf("/%d", i), "").URL.Path
			s.Delete(Key{"test", path, "a"})
			s.DeleteGroup("test", path)
			s.DeleteSpace(path)
			_ = s.Put(t.Context(), Key{"test", path, path}, nil, nil)
		}
	})
	require.Equal(t, queueLength, s.Stats().Behind.Queued)
	require.Less(t, grown, int64(8<<20))
	let()
	s.settled(t)
}
