package caddymodule

import (
	"fmt"
	"net/http"
	"strings"
)

// reportLine writes a line of a report: a name, and what there is to say.
type reportLine func(name, format string, args ...any)

func reportLines(b *strings.Builder) reportLine {
	return func(name, format string, args ...any) {
		fmt.Fprintf(b, "%-10s"+format+"\n", append([]any{name}, args...)...)
	}
}

// beginReport says what was asked for; found is false if no zone has the request.
func beginReport(line reportLine, url, zone string, answer int) (found bool) {
	line("request", "%s", url)
	if zone == "" {
		line("answer", "%d %s: the request comes to no zone, or is refused before", answer, http.StatusText(answer))
	}
	return zone != ""
}
