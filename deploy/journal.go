package deploy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"go.uber.org/zap"
)

// journalLimit is the size (bytes) from which on the journal is written anew.
const journalLimit = 1 << 20

// journal keeps what operators have decided: a file of lines, each a record of JSON that ends with its own checksum,
// written and synced one by one. nil of file: nothing is kept.
type journal struct {
	path   string
	lock   *flock.Flock
	file   *os.File
	size   int64
	number uint64 // of the last record
	behind bool   // a record could not be written: what holds is to be written anew
	log    *zap.Logger
}

// kept is what outlives the process.
type kept struct {
	drains   map[string]Drained
	rollouts map[string]*Rollout
}

// openJournal reads the journal in a directory into what is kept, and goes on with it. Lines that are damaged are said,
// kept beside, and passed over; a last line that is torn was never answered, and is cut. What can be read counts even
// where nothing can be written.
func openJournal(dir string, holds *kept, log *zap.Logger) *journal {
	j := &journal{path: filepath.Join(dir, "journal"), log: log}
	if dir == "" {
		return j
	}
	if err := j.open(holds); err != nil {
		log.Error("decisions of operators are not kept over a restart", zap.String("journal", j.path), zap.Error(err))
		_ = j.close() // nothing was written
	}
	return j
}

func (j *journal) open(holds *kept) error {
	lockErr := j.acquire()
	if errors.Is(lockErr, errOtherProcess) {
		return lockErr // what it decides from now on would be unknown here
	}
	text, err := os.ReadFile(j.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(lockErr, fmt.Errorf("reading it: %w", err))
	}
	var damaged int
	j.number, damaged = replay(text, holds)
	if lockErr != nil {
		return lockErr
	}
	if damaged > 0 {
		if err := os.WriteFile(j.path+".damaged", text, 0o600); err != nil {
			return fmt.Errorf("keeping the damaged one: %w", err)
		}
		j.log.Error("the journal is damaged: lines were passed over, and what it was is kept beside it",
			zap.String("journal", j.path+".damaged"), zap.Int("lines", damaged))
	}
	return j.rewrite(*holds)
}

var errOtherProcess = errors.New("another process has it")

// acquire makes the directory, and locks it for this process.
func (j *journal) acquire() error {
	dir := filepath.Dir(j.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making its directory: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	locked, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("locking it: %w", err)
	}
	if !locked {
		return errOtherProcess
	}
	j.lock = lock
	return nil
}

// isOpen reports whether decisions are kept.
func (j *journal) isOpen() bool { return j.file != nil }

// add writes a record, and syncs it. A journal that has become long, or lacks something, is written anew from what
// holds then.
func (j *journal) add(one record, holds kept) error {
	line, err := one.line()
	if err != nil {
		return err
	}
	j.number = one.Number
	if j.behind || j.size+int64(len(line)) > journalLimit {
		return j.rewrite(holds)
	}
	if err := writeSynced(j.file, line); err != nil {
		j.behind = true
		// What of it is on the disk must not hold after a restart, for it is answered that it does not.
		return errors.Join(fmt.Errorf("writing the journal: %w", err), j.file.Truncate(j.size))
	}
	j.size += int64(len(line))
	return nil
}

// catchUp writes what holds, if something of it could not be written before.
func (j *journal) catchUp(holds kept) error {
	if !j.behind {
		return nil
	}
	return j.rewrite(holds)
}

// rewrite makes the journal one record of what holds, beside the one there is, and puts it in its place.
func (j *journal) rewrite(holds kept) error {
	j.behind = true
	durable := map[string]Drained{}
	for address, drained := range holds.drains {
		if drained.Durable {
			durable[address] = drained
		}
	}
	line, err := record{Number: j.number, Time: time.Now().UTC(), Holds: durable, Rollouts: holds.rollouts}.line()
	if err != nil {
		return err
	}
	fresh, err := os.OpenFile(j.path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("writing the journal anew: %w", err)
	}
	if err := writeSynced(fresh, line); err != nil {
		return errors.Join(fmt.Errorf("writing the journal anew: %w", err), fresh.Close())
	}
	if err := os.Rename(j.path+".new", j.path); err != nil {
		return errors.Join(fmt.Errorf("putting the new journal in its place: %w", err), fresh.Close())
	}
	if j.file != nil {
		_ = j.file.Close() // it is not read or written any more
	}
	j.file, j.size = fresh, int64(len(line))
	if err := syncDirectory(j.path); err != nil {
		return fmt.Errorf("putting the new journal in its place: %w", err)
	}
	j.behind = false
	return nil
}

func writeSynced(file *os.File, line []byte) error {
	if _, err := file.Write(line); err != nil {
		return err
	}
	return file.Sync()
}

// syncDirectory has a file that was renamed be found by its name after a power failure.
func syncDirectory(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (j *journal) close() (err error) {
	if j.file != nil {
		err = j.file.Close()
	}
	if j.lock != nil {
		err = errors.Join(err, j.lock.Close())
	}
	j.file, j.lock = nil, nil
	return err
}
