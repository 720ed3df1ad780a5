package pagecache

import (
	"bytes"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// nameLength is the longest beginning and name that are looked for (bytes).
const nameLength = 256

// buildMark is a beginning after which an answer names the build that made it.
type buildMark struct {
	begin, end string
	// want is how the build of a request is named there, "" where it is not known.
	want func(f *policy.Facts) string
	kind nameKind
}

// nameKind is what an answer names: each is compared by itself.
type nameKind uint8

const (
	nameOfBuild nameKind = iota
	nameOfDeployment
)

func buildID(f *policy.Facts) string { return f.BuildID }

// buildComment is the build id as a comment can have it.
func buildComment(f *policy.Facts) string {
	name := strings.ReplaceAll(f.BuildID, "-", "_")
	return name[:min(len(name), 24)]
}

func deploymentID(f *policy.Facts) string {
	if f.Deployment == f.BuildID {
		return "" // it has none
	}
	return f.Deployment
}

// buildMarks are those of Next.js 14.2, 15.5 and 16.4 (measured). With a deployment id 16 names that, and its build id
// is the same for all builds. The beginnings are long, because what an application shows may look alike.
var buildMarks = []buildMark{
	{`<!DOCTYPE html><!--`, `-->`, buildComment, nameOfBuild},        // 15
	{` data-dpl-id="`, `"`, deploymentID, nameOfDeployment},          // 16
	{`{\"buildId\":\"`, `\",\"assetPrefix\":`, buildID, nameOfBuild}, // documents of 14
	{`0:{\"P\":null,\"b\":\"`, `\"`, buildID, nameOfBuild},           // of 15
	{`\"d\":\"$undefined\",\"b\":\"`, `\"`, buildID, nameOfBuild},    // of 16
	{`,"buildId":"`, `"`, buildID, nameOfBuild},                      // of the Pages Router
	{`0:["`, `",[[["",`, buildID, nameOfBuild},                       // payloads of 14
	{`0:{"P":null,"b":"`, `"`, buildID, nameOfBuild},                 // of 15
	{`"d":"$undefined","b":"`, `"`, buildID, nameOfBuild},            // of 16
	{`0:{"b":"`, `",`, buildID, nameOfBuild},                         // segments
}

// namedBuild looks which build an answer names, part by part.
type namedBuild struct {
	facts  *policy.Facts
	tail   []byte // the end of what has come
	same   [nameOfDeployment + 1]bool
	others [nameOfDeployment + 1]bool
}

// add looks at what comes next of the body.
func (n *namedBuild) add(p []byte) {
	if len(n.tail) > 0 {
		n.look(append(n.tail, p[:min(len(p), nameLength)]...))
	}
	n.look(p)
	if len(p) < nameLength {
		p = append(n.tail, p...)
	}
	n.tail = append([]byte(nil), p[max(0, len(p)-nameLength):]...)
}

func (n *namedBuild) look(p []byte) {
	for _, mark := range buildMarks {
		want := mark.want(n.facts)
		if want == "" {
			continue
		}
		for rest := p; ; {
			_, after, found := bytes.Cut(rest, []byte(mark.begin))
			if !found {
				break
			}
			rest = after
			if name, _, ends := bytes.Cut(after[:min(len(after), nameLength-len(mark.begin))], []byte(mark.end)); ends {
				if string(name) == want {
					n.same[mark.kind] = true
				} else {
					n.others[mark.kind] = true
				}
			}
		}
	}
}

// isAnother reports whether a name was found, and not that of the build. What the application shows may name any
// build; its own name is there too.
func (n *namedBuild) isAnother() bool {
	for kind, other := range n.others {
		if other && !n.same[kind] {
			return true
		}
	}
	return false
}

// isOfAnotherBuild reports whether an answer names another build than that of its request. An application that is
// started again later than it is built answers for the build before.
func (fl *fetch) isOfAnotherBuild() bool {
	if !fl.namesBuild() {
		return false
	}
	n := namedBuild{facts: &fl.facts}
	_ = fl.body.each(func(p []byte) error { // never fails
		n.add(p)
		return nil
	})
	return n.isAnother()
}

// namesBuild reports whether the body may name another build than that of the request. Then nobody knows whether the
// answer is kept until all of it has come: most versions of Next.js name the build at the end.
func (fl *fetch) namesBuild() bool {
	return fl.facts.BuildID != "" && (policy.HasType(fl.header, "text/html") ||
		policy.HasType(fl.header, "text/x-component"))
}
