package rules

import "net/http"

// verdictOfMethod returns the verdict of a request that is neither GET nor HEAD. It names the file or the optimizer
// that would answer a GET where no rule needs to see the request for that, and no middleware: files and pictures can
// only be read.
func (s *Set) verdictOfMethod(method string, t Target) *Verdict {
	if method == http.MethodConnect || !t.AsWritten {
		return verdictMethod
	}
	v := s.known[t.Full]
	if v == nil || v.needsRequest || !v.Edge() {
		return verdictMethod
	}
	if v.Output != OutputStatic && v.Output != OutputPublic && v.Output != OutputImage {
		return verdictMethod
	}
	options := method == http.MethodOptions
	return &Verdict{Reason: Method, Output: v.Output, Path: v.Path, Headers: v.Headers, options: options}
}
