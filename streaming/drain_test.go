package streaming

import (
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var web1, web2 = new(int), new(int) // owners

func TestDrainTellsEventStreamsToComeBackEachAtAMomentOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var streams Streams
		var all []*watched
		for range 50 {
			w := open(t, &streams, EventStream, web1)
			w.send("id: 1\ndata: a\n\n: ping\n")
			all = append(all, w)
		}
		events, sockets := streams.Owned(web1)
		assert.Equal(t, []int{50, 0}, []int{events, sockets})

		streams.Drain(web1, DrainLimits{})
		moments, retries := map[time.Duration]bool{}, map[int]bool{}
		for _, w := range all {
			stream, lasted := w.end()
			assertToldToComeBack(t, "id: 1\ndata: a\n\n: ping\n", stream)
			assert.LessOrEqual(t, lasted, DefaultSpread)
			moments[lasted], retries[browse(stream).retry] = true, true
		}
		assert.Greater(t, len(moments), 40)
		assert.Greater(t, len(retries), 40)
		events, _ = streams.Owned(web1)
		assert.Zero(t, events)
	})
}

func TestDrainWaitsForTheEndOfAnEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var streams Streams
		w := open(t, &streams, EventStream, web1)
		w.send("data: a\n")
		streams.Drain(web1, DrainLimits{Spread: time.Second, Events: time.Hour})
		time.Sleep(time.Minute)
		w.send("data: b\n")
		assert.True(t, w.isOpen())
		w.send("\n")
		stream, lasted := w.end()
		assertToldToComeBack(t, "data: a\ndata: b\n\n", stream)
		assert.Equal(t, time.Minute, lasted)
	})
}

func TestDrainEndsAnEventThatDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var streams Streams
		w := open(t, &streams, EventStream, web1)
		w.send("data: a\n\ndata: b\n")
		streams.Drain(web1, DrainLimits{})
		stream, lasted := w.end()
		assert.Equal(t, "data: a\n\ndata: b\n", stream, "a field here would be one of the event")
		assert.Equal(t, DefaultEvents, lasted)
	})
}

func TestDrainPassesNoPartOfAnEventThatCameTooLate(t *testing.T) {
	for _, c := range []struct{ name, first, late, want string }{
		{"a part", "data: a\n\n", "data: b\n", "data: a\n\n"},
		{"one and a part", "data: a\n\n", "data: b\n\ndata: c\n", "data: a\n\ndata: b\n\n"},
		{"the rest of one and a part", "data: a\n", "data: b\n\ndata: c\n", "data: a\ndata: b\n\n"},
		{"one", "data: a\n\n", "data: b\n\n", "data: a\n\ndata: b\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var streams Streams
				body := &lateBody{first: c.first, late: c.late, closed: make(chan struct{})}
				w := begin(t, &streams, EventStream, web1, nil, answer(body))
				synctest.Wait()
				streams.Drain(web1, DrainLimits{})
				stream, _ := w.end()
				assertToldToComeBack(t, c.want, stream)
			})
		})
	}
}

func TestDrainPutsNothingIntoAnEncodedStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var streams Streams
		gzip := open(t, &streams, EventStream, web1, "Content-Encoding", "gzip")
		gzip.send("\x1f\x8b\n\n")
		identity := open(t, &streams, EventStream, web1, "Content-Encoding", "identity")
		streams.Drain(web1, DrainLimits{})
		stream, lasted := gzip.end()
		assert.Equal(t, "\x1f\x8b\n\n", stream)
		assert.LessOrEqual(t, lasted, DefaultSpread)
		stream, _ = identity.end()
		assertToldToComeBack(t, "", stream)
	})
}

func TestDrainLeavesTimeToAnswersWhoseEndIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var streams Streams
		withLength := open(t, &streams, EventStream, web1, "Content-Length", "100")
		upstream, body := net.Pipe()
		res := answer(body)
		res.Request.Method = http.MethodPost
		ofPost := begin(t, &streams, EventStream, web1, upstream, res)
		streams.Drain(web1, DrainLimits{})
		for _, w := range []*watched{withLength, ofPost} {
			stream, lasted := w.end()
			assert.Empty(t, stream)
			assert.Equal(t, DefaultSockets, lasted)
		}
	})
}

func TestDrainEndsSocketsLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var streams Streams
		socket, tunnel := open(t, &streams, WebSocket, web1), open(t, &streams, Tunnel, web1)
		event := open(t, &streams, EventStream, web1)
		streams.Drain(web1, DrainLimits{Sockets: time.Minute})
		_, lasted := event.end()
		assert.LessOrEqual(t, lasted, DefaultSpread)
		socket.send("\x81\x02hi")
		tunnel.send("hi")
		events, sockets := streams.Owned(web1)
		assert.Equal(t, []int{0, 2}, []int{events, sockets})

		stream, lasted := socket.end()
		assert.Equal(t, "\x81\x02hi\x88\x02\x03\xe9", stream)
		assert.Equal(t, time.Minute, lasted)
		stream, lasted = tunnel.end()
		assert.Equal(t, "hi", stream)
		assert.Equal(t, time.Minute, lasted)
	})
}

func TestDrainEndsWhatIsWatchedLaterByTheSameClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var streams Streams
		streams.Drain(web1, DrainLimits{})
		time.Sleep(3 * time.Second)
		stream, lasted := open(t, &streams, EventStream, web1).end()
		assertToldToComeBack(t, "", stream)
		assert.Zero(t, lasted)
		_, lasted = open(t, &streams, WebSocket, web1).end()
		assert.Equal(t, DefaultSockets-3*time.Second, lasted)
		for _, kind := range []Kind{EventStream, WebSocket} {
			_, lasted = open(t, &streams, kind, web1).end()
			assert.Zero(t, lasted)
		}
	})
}

func TestDrainIsOfOneOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var streams Streams
		mine, other := open(t, &streams, EventStream, web1), open(t, &streams, EventStream, web2)
		nobody := open(t, &streams, WebSocket, nil)
		streams.Drain(web1, DrainLimits{})
		mine.end()
		time.Sleep(time.Hour)
		assert.True(t, other.isOpen())
		assert.True(t, nobody.isOpen())
		events, sockets := streams.Owned(web2)
		assert.Equal(t, []int{1, 0}, []int{events, sockets})
		other.close()
		nobody.close()
		assert.Len(t, streams.owners, 1, "who drains is remembered")
	})
}

func TestUndrainLetsStreamsGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var streams Streams
		streams.Undrain(web1)
		inEvent, between := open(t, &streams, EventStream, web1), open(t, &streams, EventStream, web1)
		socket := open(t, &streams, WebSocket, web1)
		inEvent.send("data: a\n")
		streams.Drain(web1, DrainLimits{Spread: time.Nanosecond})
		between.end()
		streams.Undrain(web1)
		time.Sleep(time.Hour)
		inEvent.send("\n")
		later := open(t, &streams, EventStream, web1)
		time.Sleep(time.Hour)
		for _, w := range []*watched{inEvent, socket, later} {
			assert.True(t, w.isOpen())
		}

		streams.Drain(web1, DrainLimits{})
		for _, w := range []*watched{inEvent, socket, later} {
			w.end()
		}
		streams.Undrain(web1)
		assert.Empty(t, streams.owners, "nobody is remembered")
	})
}

func TestDrainAgainPutsNothingOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var streams Streams
		w := open(t, &streams, WebSocket, web1)
		streams.Drain(web1, DrainLimits{})
		time.Sleep(DefaultSockets - time.Second)
		streams.Drain(web1, DrainLimits{Sockets: time.Hour})
		_, lasted := w.end()
		assert.Equal(t, DefaultSockets, lasted)
	})
}

func TestNegativeLimitsWaitForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var streams Streams
		event, inEvent := open(t, &streams, EventStream, web1), open(t, &streams, EventStream, web1)
		socket := open(t, &streams, WebSocket, web1)
		inEvent.send("data: a\n")
		streams.Drain(web1, DrainLimits{Spread: -1, Events: -1, Sockets: -1})
		for _, w := range []*watched{event, inEvent, socket} {
			_, lasted := w.end()
			assert.Zero(t, lasted)
		}
	})
}

func TestEndAllEndsAtOnceDuringADrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var streams Streams
		event, inEvent := open(t, &streams, EventStream, web1), open(t, &streams, EventStream, web1)
		socket := open(t, &streams, WebSocket, web2)
		inEvent.send("data: a\n")
		streams.Drain(web1, DrainLimits{Spread: time.Hour, Events: time.Hour, Sockets: time.Hour})
		synctest.Wait()
		streams.EndAll()
		streams.Undrain(web1)
		streams.Wait(context.Background())
		streams.Drain(web2, DrainLimits{})
		assert.Empty(t, streams.owners)
		for w, want := range map[*watched]string{event: "", inEvent: "data: a\n", socket: "\x88\x02\x03\xe9"} {
			stream, lasted := w.end()
			assert.Equal(t, want, stream)
			assert.Zero(t, lasted)
		}
	})
}

func TestAStreamThatEndsByItselfLeavesNoTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var streams Streams
		closes := 0
		for _, kind := range []Kind{EventStream, WebSocket} {
			upstream, body := net.Pipe()
			w := begin(t, &streams, kind, web1, upstream, answer(countedCloses{body, &closes}))
			streams.Drain(web1, DrainLimits{Spread: time.Hour, Events: time.Hour, Sockets: time.Hour})
			w.close()
		}
		require.Equal(t, 2, closes)
		time.Sleep(2 * time.Hour)
		assert.Equal(t, 2, closes, "no timer ends it again")
	})
}
