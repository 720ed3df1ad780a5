package streaming

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// eventSource is what a browser makes of the text of an event stream (WHATWG HTML, 9.2.6).
type eventSource struct {
	events []event
	lastID string
	retry  int // milliseconds; -1: it was told none
}

type event struct{ kind, data, id string }

// browse reads a stream to its end, letter by letter as the standard has it, and shares nothing with what it tests.
func browse(stream string) eventSource {
	source := eventSource{retry: -1}
	stream = strings.TrimPrefix(stream, "\ufeff")
	stream = strings.ReplaceAll(strings.ReplaceAll(stream, "\r\n", "\n"), "\r", "\n")
	var kind, data, id string
	lines := strings.Split(stream, "\n")
	for _, line := range lines[:len(lines)-1] { // the last one has no end
		if line == "" {
			source.lastID = id
			if data != "" {
				source.events = append(source.events, event{kind, strings.TrimSuffix(data, "\n"), id})
			}
			kind, data = "", ""
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			kind = value
		case "data":
			data += value + "\n"
		case "id":
			if !strings.Contains(value, "\x00") {
				id = value
			}
		case "retry":
			if n, err := strconv.ParseUint(value, 10, 31); err == nil {
				source.retry = int(n)
			}
		}
	}
	return source
}

func TestBetweenEvents(t *testing.T) {
	for _, c := range []struct {
		passed string
		want   bool
	}{
		{"", true},
		{"\n", true},
		{"data: 1", false},
		{"data: 1\n", false},
		{"data: 1\n\n", true},
		{"data: 1\r", false},
		{"data: 1\r\n", false},
		{"data: 1\r\n\r", true},
		{"data: 1\r\n\r\n", true},
		{"data: 1\r\r", true},
		{"data: 1\n\r", true},
		{"data: 1\n\r\n", true},
		{"data: 1\n\nx", false},
		{"id: 1\n", false},
		{"id: 1\n\n", true},
		{": ping", false},
		{": ping\n", true},
		{": ping\r", true},
		{": ping\n\n", true},
		{"data: 1\n: ping\n", false},
		{"data: 1\n: ping\n\n", true},
		{": ping\ndata: 1\n", false},
		{"data: a:b\n\n: :\n", true},
		{"\ufeff", false},
		{"\ufeffdata: 1\n\n", true},
	} {
		var whole, parts events
		whole.pass([]byte(c.passed))
		for i := range len(c.passed) {
			parts.pass([]byte(c.passed[i : i+1]))
		}
		assert.Equal(t, c.want, whole.betweenEvents(), "%q", c.passed)
		assert.Equal(t, whole, parts, "%q", c.passed)
	}
}

func TestPassTellsWhereTheLastEventEnds(t *testing.T) {
	for _, c := range []struct {
		before, passed string
		want           int
	}{
		{"", "", 0},
		{"", "data: 1", 0},
		{"data", "", -1},
		{"data", ": 1\n", -1},
		{"data", ": 1\n\n", 5},
		{"data", ": 1\n\ndata: 2\n", 5},
		{"data", ": 1\n\n: ping\ndata: 2", 12},
		{"data: 1\n\r", "\ndata: 2\n", 1},
		{"data: 1\n\n", "data: 2\n\nx", 9},
	} {
		var e events
		e.pass([]byte(c.before))
		assert.Equal(t, c.want, e.pass([]byte(c.passed)), "%q, %q", c.before, c.passed)
	}
}

// Where a stream stands between two events, a farewell is heard and changes nothing of what was said before. Where it
// ends inside one, nothing of that is heard, so there the farewell may stand in its place.
func FuzzEventsLeaveRoomForAFarewell(f *testing.F) {
	f.Add("data: 1\n\n", 3)
	f.Add("\ufeff:\r\ndata\r\n\r\n", 3)
	f.Add("id: 7\rdata: x\r\r: ping\r", 3)
	f.Add("\n\r\n\rretry: 1\n", 3)
	f.Fuzz(func(t *testing.T, stream string, cut int) {
		cut = max(0, min(cut, len(stream)))
		var e events
		end := e.pass([]byte(stream[:cut]))
		if next := e.pass([]byte(stream[cut:])); next >= 0 {
			end = cut + next
		}
		heard, told := browse(stream), browse(stream[:end]+"retry: 77\n\n")
		assert.Equal(t, 77, told.retry)
		assert.Equal(t, heard.events, told.events)
		assert.Equal(t, heard.lastID, told.lastID)
	})
}
