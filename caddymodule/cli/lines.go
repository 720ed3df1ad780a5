package cli

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// reportLine writes a line of a report: a name, and what there is to say.
type reportLine func(name, format string, args ...any)

func reportLines(b *strings.Builder) reportLine {
	return func(name, format string, args ...any) {
		fmt.Fprintf(b, "%-9s "+format+"\n", append([]any{name}, args...)...)
	}
}

// beginReport says what was asked for; found is false if no zone has the request.
func beginReport(line reportLine, url, zone string, answer report.Answered) (found bool) {
	line("request", "%s", url)
	if answer.Elsewhere != "" && answer.UnknownHost == "" {
		line("note", "no site listens on that port: this is what the one on %s would answer", answer.Elsewhere)
	}
	switch {
	case zone != "":
		return true
	case answer.UnknownHost != "":
		line("answer", "none: no site of the configuration is for the host %s", answer.UnknownHost)
	case answer.Answer == 0:
		line("answer", "none: the site has nothing for the path, so Caddy answers with an empty 200")
	default:
		line("answer", "%d %s: the request comes to no zone, or is refused before", answer.Answer, http.StatusText(answer.Answer))
	}
	return false
}
