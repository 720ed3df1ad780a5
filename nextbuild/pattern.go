package nextbuild

import (
	"errors"
	"fmt"
	"time"

	"github.com/dlclark/regexp2/v2"
)

// patternTimeout bounds one match: JavaScript's regular expressions can take forever on input made for it. A path takes
// a microsecond.
const patternTimeout = 10 * time.Millisecond

// The clock by which regexp2 ends matches ticks every 100 ms unless it is told otherwise, and a tick is added to each
// limit: a match would have 100 to 200 ms. This leaves it 20 to 40.
func init() { regexp2.SetTimeoutCheckPeriod(patternTimeout) }

// Pattern is a regular expression of a manifest. Manifests hold JavaScript's, with look-ahead, which Go's regexp cannot
// evaluate.
type Pattern struct {
	re  *regexp2.Regexp
	err error
}

// NewPattern compiles a regular expression as `new RegExp(source)` does, or with the flag i. One that does not compile
// answers every question with its error, so that each who asks decides what that means.
func NewPattern(source string, ignoreCase bool) Pattern {
	options := regexp2.ECMAScript
	if ignoreCase {
		options |= regexp2.IgnoreCase
	}
	re, err := regexp2.Compile(source, options)
	if err != nil {
		return Pattern{err: fmt.Errorf("compiling the regular expression %q: %w", source, err)}
	}
	re.MatchTimeout = patternTimeout
	return Pattern{re: re}
}

// Err returns what keeps the pattern from being evaluated.
func (p Pattern) Err() error { return p.err }

// Match reports whether the pattern matches somewhere in text. The error is one of compiling, or a match that took too
// long.
func (p Pattern) Match(text string) (bool, error) {
	if p.err != nil {
		return false, p.err
	}
	if p.re == nil {
		return false, errNoPattern
	}
	return p.re.MatchString(text)
}

// Group returns the text that a capturing group matched, or "" when it took no part.
func (p Pattern) Group(text string, number int) (string, error) {
	if p.err != nil {
		return "", p.err
	}
	if p.re == nil {
		return "", errNoPattern
	}
	match, err := p.re.FindStringMatch(text)
	if err != nil || match == nil {
		return "", err
	}
	group := match.GroupByNumber(number)
	if group == nil || len(group.Captures) == 0 {
		return "", nil
	}
	return group.String(), nil
}

var errNoPattern = errors.New("the manifest has no regular expression")
