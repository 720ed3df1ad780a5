package zones

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDepends(t *testing.T) {
	book := ruled(t)
	for path, want := range map[string]bool{"/member": true, "/about": false, "/gallery/1": true, "/nowhere": false} {
		assert.Equal(t, want, book.Depends(path), path)
	}
	assert.False(t, (*Rulebook)(nil).Depends("/member"))
}
