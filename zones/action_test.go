package zones

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
)

const (
	someAction  = "606c60d0a8dcdb5a258b3c9413b74d5caf5ef58dfa"
	otherAction = "40aa60d0a8dcdb5a258b3c9413b74d5caf5ef58d01"
	oldAction   = "6c60d0a8dcdb5a258b3c9413b74d5caf5ef58dfa" // of Next.js 14
)

func TestTheActionThatIsCalledByScript(t *testing.T) {
	for _, c := range []struct {
		name   string
		header []string
		id     string
	}{
		{"none", nil, ""},
		{"of 15 and 16", []string{someAction}, someAction},
		{"of 14", []string{oldAction}, oldAction},
		{"empty", []string{""}, ""},
		{"short", []string{someAction[:41]}, ""},
		{"long", []string{someAction + "0"}, ""},
		{"no digits", []string{strings.Repeat("g", 42)}, ""},
		{"capital letters", []string{strings.ToUpper(someAction)}, ""},
		{"two", []string{someAction, someAction}, ""},
		{"a list", []string{someAction + ", " + someAction}, ""},
	} {
		h := http.Header{}
		if c.header != nil {
			h["Next-Action"] = c.header
		}
		assert.Equal(t, c.id, CalledAction(h), c.name)
		assert.Equal(t, c.header != nil, CallsByScript(h), c.name)
	}
	assert.True(t, IsCurrentActionID(someAction))
	assert.False(t, IsCurrentActionID(oldAction))
}

func TestWhatMayBeAFormWithoutScript(t *testing.T) {
	for _, c := range []struct {
		headers http.Header
		may     bool
	}{
		{http.Header{}, true},
		{http.Header{"Sec-Fetch-Mode": {"navigate"}}, true},
		{http.Header{"Sec-Fetch-Mode": {"cors"}}, false},
		{http.Header{"Next-Action": {someAction}}, false},
		{http.Header{"Expect": {"100-continue"}}, false},
	} {
		assert.Equal(t, c.may, MaySubmitForm(c.headers), c.headers)
	}
}

// field is one of a form, as browsers write it.
func field(name, value string) string {
	return "------Web\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
}

const (
	formType  = "multipart/form-data; boundary=----Web"
	endOfForm = "------Web--\r\n"
)

// Forms as Next.js 15.5 and 16.4 write them: React puts the action's field first, or has it be the name of the button.
func TestTheActionsOfAForm(t *testing.T) {
	file := "------Web\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"$ACTION_ID_x.png\"\r\nContent-Type: image/png\r\n\r\n" +
		strings.Repeat("x", 10000) + "\r\n"
	bound := func(n, id string) string {
		return field("$ACTION_REF_"+n, "") + field("$ACTION_"+n+":0", `{"id":"`+id+`","bound":"$@1"}`) +
			field("$ACTION_"+n+":1", `["secret"]`)
	}
	for _, c := range []struct {
		name, form string
		ids        []string
	}{
		{"no form", "", nil},
		{"an action", field("$ACTION_ID_"+someAction, "") + field("name", "x") + endOfForm, []string{someAction}},
		{"of 14", field("$ACTION_ID_"+oldAction, "") + endOfForm, []string{oldAction}},
		{"with bound arguments", bound("1", someAction) + field("$ACTION_KEY", "k1") + endOfForm, []string{someAction}},
		{"with none", field("$ACTION_REF_1", "") + field("$ACTION_1:0", `{"id":"`+someAction+`","bound":null}`) + endOfForm, []string{someAction}},
		{"of a button", field("name", "x") + file + field("$ACTION_ID_"+someAction, "") + endOfForm, []string{someAction}},
		{"of a form and a button", field("$ACTION_ID_"+someAction, "") + bound("2", otherAction) + endOfForm, []string{someAction, otherAction}},
		{"none", field("name", `{"id":"`+someAction+`"`) + file + endOfForm, nil},
		{"cut off after it", field("$ACTION_ID_"+someAction, ""), []string{someAction}},
		{"cut off in it", field("$ACTION_REF_1", "") + strings.TrimSuffix(field("$ACTION_1:0", `{"id":"`+someAction[:9]), "\r\n"), nil},
		{"malformed", field("$ACTION_ID_"+someAction, "") + field("$ACTION_ID_no", "") + endOfForm, nil},
		{"a malformed root", field("$ACTION_1:0", "no"+someAction+strings.Repeat("x", 60)) + endOfForm, nil},
		{"an argument", field("$ACTION_1:1:0", `{"id":"`+someAction+`"`) + endOfForm, nil},
	} {
		readers := map[string]io.Reader{
			"at once":         strings.NewReader(c.form),
			"a byte at once":  iotest.OneByteReader(strings.NewReader(c.form)),
			"with io.EOF":     iotest.DataErrReader(strings.NewReader(c.form)),
			"until it breaks": io.MultiReader(strings.NewReader(c.form), iotest.ErrReader(io.ErrClosedPipe)),
		}
		for how, reader := range readers {
			assert.Equal(t, c.ids, FormActions(reader, formType, 8), "%s, %s", c.name, how)
		}
	}
}

func TestAFormIsReadNoFurtherThanItTakes(t *testing.T) {
	begin := field("$ACTION_ID_"+someAction, "") + "------Web\r\n"
	body := io.MultiReader(strings.NewReader(begin), iotest.ErrReader(io.ErrClosedPipe))
	assert.Equal(t, []string{someAction}, FormActions(body, formType, 1))
	for _, contentType := range []string{"", "text/plain", "multipart/form-data", "multipart/mixed; boundary=----Web", "multipart/form-data; boundary"} {
		assert.Nil(t, FormActions(iotest.ErrReader(io.ErrClosedPipe), contentType, 1), contentType)
	}
}

// FuzzFormActions finds forms that panic, or ids that have no such form.
func FuzzFormActions(f *testing.F) {
	f.Add([]byte(field("$ACTION_ID_"+someAction, "")+endOfForm), formType)
	f.Add([]byte(field("$ACTION_REF_1", "")+field("$ACTION_1:0", `{"id":"`+someAction+`","bound":null}`)), formType)
	f.Fuzz(func(t *testing.T, form []byte, contentType string) {
		for _, id := range FormActions(strings.NewReader(string(form)), contentType, 3) {
			assert.True(t, IsActionID(id))
		}
	})
}
