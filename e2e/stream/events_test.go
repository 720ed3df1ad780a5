//go:build e2e

package stream_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestEventsArriveOneByOne(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	for _, protocol := range edgetest.Protocols {
		for _, coding := range harness.Codings {
			t.Run(edgetest.InShort(protocol)+" "+coding, func(t *testing.T) {
				client := e.Client(t, protocol)
				events := harness.Listen(t, edgetest.Within(t, edgetest.Patience), client, e.TLSURL(""), protocol, coding)
				for i := range 5 {
					// The next is sent only when this one has arrived.
					text := fmt.Sprintf("wave %d of %s", i, harness.NextMark())
					harness.Wave(t, client, e.TLSURL(""), text)
					events.ReadUntil(t, text+`"}`+"\n\n")
				}
			})
		}
	}
}

func TestTheApplicationLearnsThatAListenerLeft(t *testing.T) {
	e, f := harness.SharedEdge(t)
	client := edgetest.PlainClient(t)
	// Listeners of earlier tests are on their way out.
	edgetest.Eventually(t, edgetest.Patience, func() bool { return harness.Listeners(t, client, f.Home).Listeners == 0 },
		"nobody else listens")
	for _, protocol := range edgetest.Protocols {
		t.Run(edgetest.InShort(protocol), func(t *testing.T) {
			before := harness.Listeners(t, client, f.Home).Closed
			ctx, leave := context.WithCancel(edgetest.Within(t, edgetest.Patience))
			harness.Listen(t, ctx, e.Client(t, protocol), e.TLSURL(""), protocol, "identity")
			require.Equal(t, 1, harness.Listeners(t, client, f.Home).Listeners)
			leave()
			edgetest.Eventually(t, edgetest.Patience/6, func() bool {
				return harness.Listeners(t, client,
					f.Home).Closed > before
			}, "the application sees the listener leave")
			assert.Zero(t, harness.Listeners(t, client, f.Home).Listeners)
		})
	}
}
