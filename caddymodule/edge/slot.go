package edge

// maxSlots is how many packages keep something of their own with a zone.
const maxSlots = 4

// Slot is the place for what one package of the face keeps with each zone. Only that package reads it.
type Slot[T any] struct{ at int }

var slotsTaken int

// NewSlot returns a place that nobody else has. It is for initializers of package variables only.
func NewSlot[T any]() Slot[T] {
	if slotsTaken == maxSlots {
		panic("edge: maxSlots is too small")
	}
	slotsTaken++
	return Slot[T]{slotsTaken - 1}
}

// Of returns what the package keeps with a zone, the zero value where it keeps nothing.
func (s Slot[T]) Of(z *Zone) T {
	value, _ := z.slots[s.at].(T)
	return value
}

// Put keeps something with a zone, before the zone is served.
func (s Slot[T]) Put(z *Zone, value T) { z.slots[s.at] = value }
