package keeping

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheHeadOfAKeptAnswer(t *testing.T) {
	h := http.Header{"A": {"1", "2"}, "Content-Type": {"text/css"}, "Date": {"now"}, "Before": {"x"}, "Bad": {"a\nb"}}
	back, err := ParseHead(FormatHead(h, map[string]bool{"Before": true}))
	require.NoError(t, err)
	assert.Equal(t, http.Header{"A": {"1", "2"}, "Content-Type": {"text/css"}}, back)
	_, err = ParseHead([]byte("nothing\n"))
	assert.Error(t, err)
	assert.Contains(t, strings.ToLower(err.Error()), "damaged")
}
