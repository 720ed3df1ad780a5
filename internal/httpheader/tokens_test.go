package httpheader

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTokensOfAllLines(t *testing.T) {
	lines := []string{"keep-alive, Upgrade", "", " , x ,"}
	assert.Equal(t, []string{"keep-alive", "Upgrade", "x"}, slices.Collect(Tokens(lines)))
	assert.True(t, HasToken(lines, "upgrade"), "whatever its case")
	assert.False(t, HasToken(lines, "keep"))
	assert.False(t, HasToken(nil, "x"))
	assert.Zero(t, testing.AllocsPerRun(100, func() { HasToken(lines, "close") }))
}
