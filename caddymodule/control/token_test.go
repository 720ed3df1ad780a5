package control

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// isIn reports whether a request with such headers brings the token.
func isIn(token *bearerToken, h http.Header) bool {
	_, known := keyring{{token, []grant{{}}}}.callerOf(&http.Request{Header: h})
	return known
}

func TestWhoHasTheToken(t *testing.T) {
	token, err := newBearerToken(edgetest.File(t, "s3cret~/+=\n"), zap.NewNop())
	require.NoError(t, err)
	for value, in := range map[string]bool{
		"Bearer s3cret~/+=": true, "bearer s3cret~/+=": true, "Bearer  s3cret~/+= ": true,
		"": false, "Bearer": false, "Bearer ": false, "s3cret~/+=": false, "Basic s3cret~/+=": false,
		"Bearer s3cret~/+": false, "Bearer s3cret~/+==": false, "Bearer S3cret~/+=": false, "Bearers3cret~/+=": false,
	} {
		assert.Equal(t, in, isIn(token, http.Header{"Authorization": {value}}), value)
	}
	assert.False(t, isIn(token, http.Header{}))
	assert.False(t, isIn(token, http.Header{"Authorization": {"Bearer s3cret~/+=", "Bearer s3cret~/+="}}), "which one is meant?")
}

func TestFilesWithoutAToken(t *testing.T) {
	dir := t.TempDir()
	for message, file := range map[string]string{
		"no such file":           filepath.Join(dir, "nowhere"),
		"is empty":               edgetest.File(t, " \n\t\n"),
		"more than one token":    edgetest.File(t, "one\ntwo\n"),
		"that a header cannot":   edgetest.File(t, "schlüssel"),
		"more than 4096 bytes":   edgetest.File(t, strings.Repeat("x", tokenLimit+1)),
		"not a regular file":     dir,
		os.DevNull + " is not a": os.DevNull,
	} {
		token, err := newBearerToken(file, zap.NewNop())
		require.ErrorContains(t, err, message)
		assert.False(t, isIn(token, http.Header{"Authorization": {"Bearer "}}))
	}
}

func TestATokenThatChanges(t *testing.T) {
	file := edgetest.File(t, "first")
	core, logs := observer.New(zap.WarnLevel)
	token, err := newBearerToken(file, zap.New(core))
	require.NoError(t, err)
	now := time.Now()
	token.now = func() time.Time { return now }
	in := func(text string) bool { return isIn(token, http.Header{"Authorization": {"Bearer " + text}}) }
	later := func() { now = now.Add(tokenReadEvery) }

	require.NoError(t, os.WriteFile(file, []byte("other"), 0o600))
	assert.True(t, in("first"), "it is not read for each request")
	later()
	assert.False(t, in("first"))
	assert.True(t, in("other"))

	require.NoError(t, os.Remove(file))
	later()
	assert.False(t, in("other"), "what is gone lets nobody in")
	later()
	assert.False(t, in("other"))
	assert.False(t, in(""))
	require.Len(t, logs.All(), 1, "that is said once")
	assert.Equal(t, "a token file of nextjs_control holds no token: nobody is let in by it", logs.All()[0].Message)

	require.NoError(t, os.WriteFile(file, []byte("third\n"), 0o600))
	later()
	assert.True(t, in("third"))
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	later()
	assert.False(t, in("third"))
	assert.False(t, in(""))
	assert.Len(t, logs.All(), 2)
}
