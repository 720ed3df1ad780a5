package zones

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// The lengths of the ids of server actions, in hexadecimal digits. Next.js 14 hashes file and name (generateActionId in
// next/dist/build/webpack/loaders/utils.js); since 15 a byte comes before that says what kind of function it is, and
// the hash depends on the encryption key of the build (next/dist/shared/lib/server-reference-info.js).
const (
	actionIDLength14 = 40
	actionIDLength   = 42
)

// IsActionID reports whether a text has the form of an id of a server action, of any version of Next.js.
func IsActionID(id string) bool {
	return (len(id) == actionIDLength || len(id) == actionIDLength14) && strings.Trim(id, "0123456789abcdef") == ""
}

// IsCurrentActionID reports whether an id is one that Next.js 15 and later make. They answer others as they answer an
// action that they do not know.
func IsCurrentActionID(id string) bool { return len(id) == actionIDLength && IsActionID(id) }

// CallsByScript reports whether the headers of a request say that it calls a server action by script.
func CallsByScript(h http.Header) bool { return len(h["Next-Action"]) > 0 }

// CalledAction returns the id of the server action that a request calls by script, "" for one that is malformed.
func CalledAction(h http.Header) string {
	if values := h["Next-Action"]; len(values) == 1 && IsActionID(values[0]) {
		return values[0]
	}
	return ""
}

// MaySubmitForm reports whether an action may be a form that was sent without script, whose body says which action it
// is. Browsers say of such a request that it is a navigation, and never ask whether they may send its body.
func MaySubmitForm(h http.Header) bool {
	mode := httpheader.First(h, "Sec-Fetch-Mode")
	return !CallsByScript(h) && (mode == "" || mode == "navigate") && len(h["Expect"]) == 0
}

// What React calls the fields of a form by which it is told what to do with it (decodeAction in
// next/dist/compiled/react-server-dom-webpack).
const (
	actionField   = "$ACTION_"
	actionIDField = "$ACTION_ID_" // and the id: an action without bound arguments
	rootOfAction  = ":0"          // ends $ACTION_<n>:0, whose value names an action with bound arguments
	actionRoot    = `{"id":"`     // how that value begins
)

// FormActions returns the ids of the server actions that a form names, in its order and no more than most. The form is
// the body of a request without script, or the beginning of one. It is not read further than it takes. One id that is
// malformed leaves no form that Next.js would take: then there are none.
func FormActions(body io.Reader, contentType string, most int) (ids []string) {
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" || parameters["boundary"] == "" {
		return nil
	}
	form := multipart.NewReader(body, parameters["boundary"])
	for len(ids) < most {
		part, err := form.NextRawPart()
		if err != nil {
			break
		}
		id, named := actionOfPart(part)
		switch {
		case !named:
		case !IsActionID(id):
			return nil
		default:
			ids = append(ids, id)
		}
	}
	return ids
}

// actionOfPart returns the id that a field of a form names, if it names one.
func actionOfPart(part *multipart.Part) (id string, named bool) {
	name := part.FormName()
	if id, named = strings.CutPrefix(name, actionIDField); named {
		return id, true
	}
	number, isField := strings.CutPrefix(name, actionField)
	if number, named = strings.CutSuffix(number, rootOfAction); !isField || !named || strings.Contains(number, ":") {
		return "", false
	}
	var begin [len(actionRoot) + actionIDLength + 1]byte
	n, err := io.ReadFull(part, begin[:])
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", false // it has not come yet
	}
	rest, isRoot := strings.CutPrefix(string(begin[:n]), actionRoot)
	id, _, isWhole := strings.Cut(rest, `"`)
	if !isRoot || !isWhole {
		return "", true
	}
	return id, true
}
