package imageopt

import (
	"context"

	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

// member is a job among others of its source, which wait or run. It is the vips.Sharing of its transform.
type member struct {
	sharing *sharing
	source  *sharedSource
	width   int
	shared  bool // it has used pixels of another
}

// leave says that the job has ended. A job that shares nothing may leave, too.
func (m *member) leave() {
	if m == nil {
		return
	}
	s := m.sharing
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(m.source.members, m)
	s.settle(m.source)
	if len(m.source.members) == 0 {
		delete(s.sources, m.source.name)
	}
}

// Ask is that of vips.Sharing.
func (m *member) Ask(ctx context.Context, plan vips.Plan, stage vips.Stage) vips.Share {
	k, maker := m.find(plan, stage)
	switch {
	case k == nil:
		return nil
	case maker:
		return &share{member: m, kept: k, maker: true}
	}
	s := m.sharing
	there := k.ready(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !there {
		s.leave(k)
		return nil
	}
	if !m.shared {
		m.shared = true
		s.used.Add(1)
	}
	return &share{member: m, kept: k}
}

// find is what is kept, being made, or to be made by this job, of a stage; nil if the job is on its own.
func (m *member) find(plan vips.Plan, stage vips.Stage) (k *keptPixels, maker bool) {
	s := m.sharing
	s.mu.Lock()
	defer s.mu.Unlock()
	m.source.plan = plan
	if k = m.source.kept[stage]; k != nil {
		s.take(k)
		return k, false
	}
	if m.source.broken || !worthKeeping(plan, stage, m.width, m.others()) {
		return nil, false
	}
	k = &keptPixels{source: m.source, stage: stage, made: make(chan struct{})}
	m.source.kept[stage] = k
	s.take(k)
	return k, true
}

// others are the widths of the other jobs of the source.
func (m *member) others() []int {
	widths := make([]int, 0, len(m.source.members)-1)
	for other := range m.source.members {
		if other != m {
			widths = append(widths, other.width)
		}
	}
	return widths
}

// worthKeeping says whether pixels are worth their memory: resized ones if another job wants the same size, decoded
// ones if another job wants another size of them.
func worthKeeping(plan vips.Plan, stage vips.Stage, width int, others []int) bool {
	_, mine := plan.Stages(width)
	for _, other := range others {
		decoded, resized := plan.Stages(other)
		if resized == stage || decoded == stage && resized != mine {
			return true
		}
	}
	return false
}

// share is the part of a job in kept pixels.
type share struct {
	member         *member
	kept           *keptPixels
	maker, refused bool
}

// Pixels is that of vips.Share.
func (h *share) Pixels() *vips.Pixels {
	if h.maker {
		return nil
	}
	return h.kept.pixels
}

// Room is that of vips.Share.
func (h *share) Room(bytes int64) bool {
	s := h.member.sharing
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.refused = h.kept.source.broken || !s.reserve(bytes); h.refused {
		return false
	}
	h.kept.bytes = bytes
	return true
}

// Keep is that of vips.Share.
func (h *share) Keep(pixels *vips.Pixels) {
	s := h.member.sharing
	s.mu.Lock()
	defer s.mu.Unlock()
	h.kept.pixels = pixels
	close(h.kept.made)
}

// Release is that of vips.Share.
func (h *share) Release() {
	k, s := h.kept, h.member.sharing
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.maker && k.pixels == nil {
		k.source.broken = k.source.broken || !h.refused
		delete(k.source.kept, k.stage)
		s.bytes -= k.bytes
		close(k.made)
	}
	s.leave(k)
}
