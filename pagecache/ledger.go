package pagecache

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

// ledgerKey is where the ledger is kept.
var ledgerKey = blobstore.Key{Space: "pagecache", Name: "ledger"}

const ledgerVersion = 1

// ledger is what must be known of earlier runs: how many there were, and what was purged. It is kept in the store; if
// that has lost it, a new era begins, and no entry of another era is used.
type ledger struct {
	store *blobstore.Store
	era   uint64
	run   uint64
	marks *marks

	changes atomic.Uint64
	saving  sync.Mutex
	saved   uint64 // how many of the changes; under saving
	durable bool   // the directory of the store has it as it is; under saving
}

// openLedger reads the ledger and begins a run.
func openLedger(store *blobstore.Store) (*ledger, error) {
	l := &ledger{store: store, marks: &marks{bound: maxMarks}}
	if !l.load() {
		var random [8]byte
		if _, err := rand.Read(random[:]); err != nil {
			return nil, fmt.Errorf("choosing a number for what is kept from now on: %w", err)
		}
		l.era, l.run = binary.LittleEndian.Uint64(random[:]), 0
	}
	l.run++
	l.save()
	return l, nil
}

// load reads what an earlier run has left, and reports whether there is something.
func (l *ledger) load() bool {
	entry, ok := l.store.Get(context.Background(), ledgerKey)
	if !ok {
		return false
	}
	defer func() { _ = entry.Close() }() // it was only read
	body, err := entry.ReadAll()
	if err != nil {
		return false
	}
	d := decoder{rest: body}
	if d.byte() != ledgerVersion {
		return false
	}
	l.era, l.run = d.uint64(), d.uint64()
	l.marks.read(&d)
	if d.bad || len(d.rest) > 0 || l.run >= 1<<(64-runShift)-1 {
		l.marks = &marks{bound: maxMarks}
		return false
	}
	return true
}

// save writes the ledger down. Who comes while another one writes is written down by the next one who does, with all
// others who wait.
//
// A store that cannot take it has lost it: then the next run begins a new era.
func (l *ledger) save() {
	wanted := l.changes.Add(1)
	l.saving.Lock()
	defer l.saving.Unlock()
	if l.saved >= wanted {
		return
	}
	l.saved = l.changes.Load()
	l.write()
}

// write writes the ledger down. The caller holds saving.
func (l *ledger) write() {
	data := appendUint64(appendUint64([]byte{ledgerVersion}, l.era), l.run)
	attached := l.store.Stats().Attached
	err := l.store.Put(context.Background(), ledgerKey, nil, l.marks.append(data)) // see save
	l.durable = attached && err == nil
}

// keep uses the ledger, so that the store takes it for one that is wanted. It writes it again if the store has evicted
// it, or has it in memory only: its directory may be in use by now, or take writes again.
func (l *ledger) keep() {
	l.saving.Lock()
	defer l.saving.Unlock()
	entry, ok := l.store.Get(context.Background(), ledgerKey)
	if ok {
		_ = entry.Close() // it was only asked for
	}
	if !ok || !l.durable && l.store.Stats().Attached {
		l.write()
	}
}

// purge notes a purge of some targets, and has written it down when it returns. It tells what there was of each before.
func (l *ledger) purge(one mark, targets ...target) (before []mark) {
	for _, t := range targets {
		before = append(before, l.marks.add(t, one))
	}
	l.save()
	return before
}

// sequence is a number that orders events. The upper bits are the number of the run, the lower ones count within it.
type sequence uint64

// runShift is the number of bits that count within a run: 10^12 events, and 16 million restarts.
const runShift = 40

// sequencer gives sequence numbers.
type sequencer struct{ last atomic.Uint64 }

func (s *sequencer) start(run uint64) { s.last.Store(run << runShift) }

// next is above all numbers before it.
func (s *sequencer) next() sequence { return sequence(s.last.Add(1)) }
