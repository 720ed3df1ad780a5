package caddymodule

// maxSlots is how many rooms keep something of their own with a zone.
const maxSlots = 4

// slot is the place for what one room of the face keeps with each zone. Only that room reads it.
type slot[T any] struct{ at int }

var slotsTaken int

// newSlot returns a place that nobody else has. It is for initializers of package variables only.
func newSlot[T any]() slot[T] {
	if slotsTaken == maxSlots {
		panic("edge: maxSlots is too small")
	}
	slotsTaken++
	return slot[T]{slotsTaken - 1}
}

// of returns what the room keeps with a zone, the zero value where it keeps nothing.
func (s slot[T]) of(z *zoneFacts) T {
	value, _ := z.slots[s.at].(T)
	return value
}

// put keeps something with a zone, before the zone is served.
func (s slot[T]) put(z *zoneFacts, value T) { z.slots[s.at] = value }
