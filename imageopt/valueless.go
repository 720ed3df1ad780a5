package imageopt

import "context"

// valueless is a context that ends when the other one does and knows nothing else of it: an image is made for all who ask for
// it, so nothing of the one who asked first may reach its source.
type valueless struct{ context.Context }

// Value has nothing.
func (valueless) Value(any) any { return nil }
