package edge

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

const (
	someAction = "606c60d0a8dcdb5a258b3c9413b74d5caf5ef58dfa"
	formType   = "multipart/form-data; boundary=----Web"
)

// formField is a field of a form, as browsers write it.
func formField(name, value string) string {
	return "------Web\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
}

// twoDeployments returns one of two deployments of a zone.
func twoDeployments() *Zone {
	zone, other := &Zone{Zone: new(zones.Zone)}, &Zone{Zone: new(zones.Zone)}
	zone.Deployments = &Deployments{List: []*Zone{zone, other}}
	other.Deployments = zone.Deployments
	return zone
}

// formRequest is a form that was sent without script.
func formRequest(body io.Reader) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", body)
	r.Header.Set("Content-Type", formType)
	return r
}

// Whoever reads the body of a form gets all of it, however it comes and however much of it had to be read.
func TestAFormIsLeftAsItWas(t *testing.T) {
	large := strings.Repeat("x", 2*maxPeeked)
	for name, c := range map[string]struct{ form, id string }{
		"the action is first":      {formField("$ACTION_ID_"+someAction, "") + formField("text", large), someAction},
		"it is at the end":         {formField("text", large[:1000]) + formField("$ACTION_ID_"+someAction, ""), someAction},
		"it is too far away":       {formField("text", large) + formField("$ACTION_ID_"+someAction, ""), ""},
		"there is none":            {formField("text", "x") + "------Web--\r\n", ""},
		"there is nothing at all":  {"", ""},
		"it is not what it claims": {large, ""},
	} {
		for how, reader := range map[string]func(io.Reader) io.Reader{
			"at once": func(r io.Reader) io.Reader { return r }, "in pieces": iotest.HalfReader,
			"with io.EOF": iotest.DataErrReader, "byte by byte": iotest.OneByteReader,
		} {
			for _, guarded := range []bool{false, true} {
				r := formRequest(reader(strings.NewReader(c.form)))
				r.ContentLength = int64(len(c.form))
				if guarded && c.form != "" {
					require.NotNil(t, GuardBody(httptest.NewRecorder(), r))
				}
				assert.Equal(t, c.id, twoDeployments().ActionOf(r, zones.KindAction), "%s, %s", name, how)
				assert.EqualValues(t, len(c.form), r.ContentLength)
				got, err := io.ReadAll(r.Body)
				require.NoError(t, err)
				assert.Equal(t, c.form, string(got), "%s, %s", name, how)
			}
		}
	}
}

// A client that breaks off while the edge looks for the action breaks off for the upstream, after the same bytes.
func TestAFormThatBreaksOff(t *testing.T) {
	begin := formField("text", "x")
	r := formRequest(io.MultiReader(strings.NewReader(begin), iotest.ErrReader(io.ErrUnexpectedEOF)))
	assert.Empty(t, twoDeployments().ActionOf(r, zones.KindAction))
	got, err := io.ReadAll(r.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, begin, string(got))
}

// As far as the guard of the body knows, nobody has read what was only looked at.
func TestALookAtAFormIsNoReading(t *testing.T) {
	form := formField("$ACTION_ID_"+someAction, "") + "------Web--\r\n"
	r := formRequest(strings.NewReader(form))
	body := GuardBody(httptest.NewRecorder(), r)
	require.Equal(t, someAction, twoDeployments().ActionOf(r, zones.KindAction))
	assert.Same(t, body, r.Body)
	assert.True(t, body.isUntouched())
	assert.False(t, body.isAtEnd())
	assert.True(t, body.drainLocked(), "its rest is read like that of any other")
}

// A body is looked at only where it may say something that the headers do not.
func TestBodiesThatAreNotLookedAt(t *testing.T) {
	for name, change := range map[string]func(*http.Request, *Zone) zones.Kind{
		"there is one deployment": func(_ *http.Request, z *Zone) zones.Kind { z.Deployments = nil; return zones.KindAction },
		"only one is left": func(_ *http.Request, z *Zone) zones.Kind {
			z.Deployments.List = z.Deployments.List[:1]
			return zones.KindAction
		},
		"it is no action": func(*http.Request, *Zone) zones.Kind { return zones.KindAPI },
		"a script sends it": func(r *http.Request, _ *Zone) zones.Kind {
			r.Header.Set("Sec-Fetch-Mode", "cors")
			return zones.KindAction
		},
		"it waits to be told to": func(r *http.Request, _ *Zone) zones.Kind {
			r.Header.Set("Expect", "100-continue")
			return zones.KindAction
		},
		"it is no form": func(r *http.Request, _ *Zone) zones.Kind {
			r.Header.Set("Content-Type", "text/plain")
			return zones.KindAction
		},
		"the header is malformed": func(r *http.Request, _ *Zone) zones.Kind {
			r.Header.Set("Next-Action", "x")
			return zones.KindAction
		},
	} {
		r := formRequest(iotest.ErrReader(io.ErrClosedPipe))
		zone := twoDeployments()
		kind := change(r, zone)
		assert.Empty(t, zone.ActionOf(r, kind), name)
		if peeked, ok := r.Body.(*peekedBody); ok {
			assert.NoError(t, peeked.err, name)
		}
	}
	r := formRequest(bytes.NewReader(nil))
	r.Header.Set("Next-Action", someAction)
	assert.Equal(t, someAction, twoDeployments().ActionOf(r, zones.KindAction))
}
