package assets

import (
	"context"
	"errors"
	"path"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
)

// keptJob is a kept file that waits for compressed copies.
type keptJob struct {
	keep *Keep
	name string
}

// maxKeptJobs bounds the kept files that wait. Those beyond it are compressed on their way.
const maxKeptJobs = 10_000

// addKept queues a kept file.
func (c *Copies) addKept(k *Keep, name string) {
	if plain, _, _ := strings.Cut(name, "?"); c == nil || !isCompressibleName(path.Base(plain)) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.kept) < maxKeptJobs {
		c.kept = append(c.kept, keptJob{k, strings.Clone(name)}) // not a part of all that the client has sent
		c.pending.Add(1)
		c.notify()
	}
}

// nextKept makes the copies of the kept file that waits longest, and reports whether there was one.
func (c *Copies) nextKept(ctx context.Context) bool {
	c.mu.Lock()
	if len(c.kept) == 0 {
		c.mu.Unlock()
		return false
	}
	job := c.kept[0]
	c.kept[0] = keptJob{} // lets its texts go
	c.kept = c.kept[1:]
	c.mu.Unlock()
	defer c.pending.Add(-1)
	if err := c.copyKept(ctx, job); err != nil && ctx.Err() == nil {
		c.log.Debug("a kept file has no copies", zap.Error(err))
	}
	return true
}

var errGone = errors.New("it is not kept any more")

func (c *Copies) copyKept(ctx context.Context, job keptJob) error {
	entry, ok := c.store.Get(ctx, job.keep.key(job.name))
	if !ok {
		return errGone
	}
	defer func() { _ = entry.Close() }() // it was only read
	if entry.Size() < codings.SmallestCopied || entry.Size() > codings.LargestCopied {
		return nil
	}
	body, err := entry.ReadAll()
	if err != nil {
		return err
	}
	for i := len(codings.Names) - 1; i >= 0; i-- {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		copied, err := codings.Copy(codings.Names[i], body, codings.Compress)
		if err != nil {
			return err
		}
		if err := c.store.Put(ctx, job.keep.codedKey(job.name, codings.Names[i]), entry.Meta(), copied); err != nil {
			return err
		}
	}
	return nil
}
