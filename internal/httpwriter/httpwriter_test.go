package httpwriter

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// calls is a client that notes what is called, and what its headers were then.
type calls struct {
	header http.Header
	log    []string
}

func (c *calls) note(what string) { c.log = append(c.log, what+c.header.Get("X")) }

func (c *calls) Header() http.Header { return c.header }

func (c *calls) WriteHeader(status int) { c.note(strconv.Itoa(status)) }

func (c *calls) Write(p []byte) (int, error) {
	c.note(string(p))
	return len(p), nil
}

func (c *calls) Flush() { c.note("flush") }

func TestTheHookSeesTheFinalHeadOnce(t *testing.T) {
	write := func(w http.ResponseWriter) { _, _ = io.WriteString(w, "a") }
	flush := func(w http.ResponseWriter) { assert.NoError(t, http.NewResponseController(w).Flush()) }
	for name, test := range map[string]struct {
		answer   func(*Wrapper)
		statuses []int
		sent     string // with + what came after the hook
	}{
		"nothing":              {func(*Wrapper) {}, nil, ""},
		"a head and a body":    {func(w *Wrapper) { w.WriteHeader(404); write(w); write(w) }, []int{404}, "404+ a+ a+"},
		"a body":               {func(w *Wrapper) { write(w) }, []int{200}, "200+ a+"},
		"a flush":              {func(w *Wrapper) { w.Flush(); flush(w) }, []int{200}, "200+ flush+ flush+"},
		"1xx before":           {func(w *Wrapper) { w.WriteHeader(103); w.WriteHeader(304) }, []int{304}, "103 304+"},
		"1xx after":            {func(w *Wrapper) { w.WriteHeader(200); w.WriteHeader(103) }, []int{200}, "200+ 103+"},
		"another protocol":     {func(w *Wrapper) { w.WriteHeader(101) }, []int{101}, "101+"},
		"a head after a head":  {func(w *Wrapper) { w.WriteHeader(201); w.WriteHeader(500) }, []int{201}, "201+ 500+"},
		"a head after a body":  {func(w *Wrapper) { write(w); w.WriteHeader(500) }, []int{200}, "200+ a+ 500+"},
		"a head after a flush": {func(w *Wrapper) { flush(w); w.WriteHeader(500) }, []int{200}, "200+ flush+ 500+"},
	} {
		t.Run(name, func(t *testing.T) {
			client := &calls{header: http.Header{}}
			var statuses []int
			test.answer(&Wrapper{ResponseWriter: client, Head: HeadFunc(func(status int) {
				statuses = append(statuses, status)
				client.Header().Set("X", "+")
			})})
			assert.Equal(t, test.statuses, statuses)
			assert.Equal(t, test.sent, strings.Join(client.log, " "))
		})
	}
}

// The hook chooses who gets the answer.
func TestTheHookMayPutAnotherWriterInPlace(t *testing.T) {
	client := &calls{header: http.Header{}}
	w := &Wrapper{ResponseWriter: NewDiscard()}
	w.Head = HeadFunc(func(int) { w.ResponseWriter = client })
	w.Header().Set("X", "of nobody")
	w.WriteHeader(http.StatusEarlyHints)
	_, err := io.WriteString(w, "a")
	require.NoError(t, err)
	assert.Equal(t, []string{"200", "a"}, client.log)
}

func TestAControllerFindsTheAbilitiesOfTheClient(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		control := http.NewResponseController(&Wrapper{ResponseWriter: w, Head: HeadFunc(func(int) {})})
		assert.NoError(t, control.EnableFullDuplex())
		assert.NoError(t, control.Flush())
	}))
	defer server.Close()
	res, err := http.Get(server.URL)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())

	deaf := struct{ http.ResponseWriter }{NewDiscard()}
	err = http.NewResponseController(&Wrapper{ResponseWriter: deaf, Head: HeadFunc(func(int) {})}).Flush()
	assert.ErrorIs(t, err, http.ErrNotSupported)
}

// embedding is how writers with more to do use a Wrapper: what they are themselves is the hook.
type embedding struct {
	Wrapper
	status int
}

func (e *embedding) OnHead(status int) { e.status = status }

func TestAHookCostsNoMemory(t *testing.T) {
	client := NewDiscard()
	var kept *embedding
	assert.EqualValues(t, 1, testing.AllocsPerRun(100, func() {
		kept = &embedding{}
		kept.Wrapper = Wrapper{ResponseWriter: client, Head: kept}
		kept.WriteHeader(http.StatusTeapot)
	}), "the writer itself")
	assert.Equal(t, http.StatusTeapot, kept.status)
}

func TestDiscardKeepsTheFinalStatus(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(*Discard)
		want   int
	}{
		"nothing":             {func(*Discard) {}, 0},
		"a head":              {func(d *Discard) { d.WriteHeader(404); _, _ = io.WriteString(d, "a") }, 404},
		"a body":              {func(d *Discard) { _, _ = io.WriteString(d, "a"); d.WriteHeader(500) }, 200},
		"a flush":             {func(d *Discard) { _ = http.NewResponseController(d).Flush(); d.WriteHeader(500) }, 200},
		"1xx":                 {func(d *Discard) { d.WriteHeader(103) }, 0},
		"1xx before":          {func(d *Discard) { d.WriteHeader(103); d.WriteHeader(204) }, 204},
		"another protocol":    {func(d *Discard) { d.WriteHeader(101); d.WriteHeader(200) }, 101},
		"a head after a head": {func(d *Discard) { d.WriteHeader(201); d.WriteHeader(500) }, 201},
	} {
		t.Run(name, func(t *testing.T) {
			d := NewDiscard()
			d.Header().Set("A", "1")
			test.answer(d)
			assert.Equal(t, test.want, d.Status)
			assert.Equal(t, http.Header{"A": {"1"}}, d.Header())
		})
	}
}
