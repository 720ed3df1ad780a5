package assets

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/internal/keeping"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// learnJob is a file that has passed through, and is to be copied.
type learnJob struct {
	keep       *Keep
	name       string
	space      *Space
	deployment string
	path       string
}

// learn has the archive copy a file that has passed through. As many wait as files wait for compressed copies.
func (a *Archive) learn(job learnJob) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.learnt) < maxKeptJobs {
		a.learnt = append(a.learnt, job)
		a.notify()
	}
}

// addLearnt copies the files that have passed through. Their lists are to be saved then.
func (a *Archive) addLearnt() {
	a.mu.Lock()
	jobs := a.learnt
	a.learnt = nil
	a.mu.Unlock()
	for _, job := range jobs {
		a.note(a.addLearntFile(job))
	}
	a.evict(a.tooManyLearnt())
}

// addLearntFile copies a file that has passed through, unless it is not kept any more.
func (a *Archive) addLearntFile(job learnJob) error {
	b, has := a.learntBuild(job)
	if has {
		return nil
	}
	entry, ok := job.keep.store.Get(context.Background(), job.keep.key(job.name))
	if !ok {
		return nil
	}
	defer func() { _ = entry.Close() }() // it was only read
	head, err := keeping.ParseHead(entry.Meta())
	if err != nil {
		return fmt.Errorf("archiving a file that passed through: %w", err)
	}
	body, err := entry.ReadAll()
	if err != nil {
		return err
	}
	content, err := a.addContent(sha256.Sum256(body), io.NewSectionReader(bytes.NewReader(body), 0, int64(len(body))), b)
	if err != nil {
		return fmt.Errorf("archiving a file that passed through: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	b.files[job.path] = archivedFile{content, addedHeaders(head)}
	b.last, b.isUnsaved = time.Now(), true
	a.insert(b)
	a.noteServed(b, job.space)
	return nil
}

// learntBuild returns the list of a deployment of which only what passed through is known, and whether the file is in
// it. It is none that another application has, too. A new one is not known yet.
func (a *Archive) learntBuild(job learnJob) (b *archivedBuild, has bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, b := range a.space(job.space).builds {
		if b.isLearnt && b.deployment == job.deployment && b.isOnlyOf(job.space) {
			_, has := b.files[job.path]
			return b, has
		}
	}
	return &archivedBuild{
		name: job.space.name, id: "learnt " + rand.Text(), places: job.space.places, isLearnt: true,
		deployment: job.deployment, firstSeen: time.Now(), files: map[string]archivedFile{},
	}, false
}

// addedHeaders are the headers of a kept answer that the archive does not write itself.
func addedHeaders(head http.Header) (more []nextbuild.Header) {
	for _, name := range slices.Sorted(maps.Keys(head)) {
		switch name {
		case "Content-Type", "Cache-Control", "Etag", "Last-Modified", "Expires":
			continue
		}
		more = append(more, nextbuild.Header{Key: name, Value: strings.Join(head[name], ", ")})
	}
	return more
}
