//go:build e2e

package parity_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// echo is what the application says it was asked.
type echo struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
}

func echoOf(t testing.TB, a edgetest.Answer) echo {
	t.Helper()
	require.Equal(t, 200, a.StatusCode)
	text := []byte(a.Text)
	if a.Header.Get("Content-Encoding") == "gzip" {
		reader, err := gzip.NewReader(strings.NewReader(a.Text))
		require.NoError(t, err)
		text, err = io.ReadAll(reader)
		require.NoError(t, err)
	}
	var found echo
	require.NoError(t, json.Unmarshal(text, &found), string(text))
	return found
}
