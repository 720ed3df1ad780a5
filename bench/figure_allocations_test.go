package main

import (
	"bytes"
	"runtime/pprof"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseAllocationsReadsWhatTheRuntimeWrites(t *testing.T) {
	var profile bytes.Buffer
	require.NoError(t, pprof.Lookup("allocs").WriteTo(&profile, 1))
	got, err := parseAllocations(&profile)
	require.NoError(t, err)
	assert.Positive(t, got.objects)
	assert.Greater(t, got.bytes, got.objects)
}

func TestParseAllocationsRefusesOtherText(t *testing.T) {
	for _, text := range []string{"", "# Mallocs = many\n", "heap profile: 0: 0\n# Mallocs = 12\n"} {
		_, err := parseAllocations(strings.NewReader(text))
		assert.Error(t, err, "text %q", text)
	}
}
