package corpus

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClasses(t *testing.T) {
	t.Chdir("../..")
	classes, err := Classes()
	if _, missing := os.Stat(backgrounds); missing != nil {
		require.ErrorContains(t, err, "mate-backgrounds")
		return
	}
	require.NoError(t, err)
	require.Len(t, classes, len(patterns))
	for _, class := range classes {
		assert.NotEmpty(t, class.Files, class.Name)
	}
	assert.Equal(t, "photographs", classes[0].Name)
	assert.Empty(t, classes[0].OfType("png"))
	assert.NotEmpty(t, classes[1].OfType("png"))
	assert.NotEmpty(t, classes[1].OfType("jpg"))
	assert.Equal(t, classes[2].Files, classes[2].OfType("png"))
}

func TestOtherPicturesAreNotTaken(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := Classes()
	require.ErrorContains(t, err, "install Debian's mate-backgrounds")
}
