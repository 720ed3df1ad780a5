package cli

import (
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// newExplainCommand makes `caddy nextjs explain`.
func newExplainCommand() *cobra.Command {
	var edge adminFlags
	var asJSON bool
	var headers []string
	cmd := &cobra.Command{
		Use:   "explain <URL>",
		Short: "Shows how the running edge answers a request, and why",
		Long: `
The running edge is asked, by its admin endpoint: which zone the request belongs to,
what the zone's build says of the path, who answers, and for pages the key under which
they are kept, whether they are, or why not, their age and their tags.

Nothing is asked of Next.js, and nothing is kept.`,
		Example: `  caddy nextjs explain https://example.com/blog/hello
  caddy nextjs explain 'http://localhost:8080/blog/hello?_rsc=1' -H 'RSC: 1'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			query := url.Values{"url": {args[0]}, "header": headers}
			var answer report.Request
			if _, err := edge.ask(http.MethodGet, report.AdminPath(report.ExplainRoute)+"?"+query.Encode(), nil, "name another address by --address or --config", &answer); err != nil {
				return err
			}
			return printAnswer(cmd.OutOrStdout(), answer, RequestText(&answer), asJSON)
		},
	}
	cmd.Flags().StringArrayVarP(&headers, "header", "H", nil, "Header of the request, such as 'RSC: 1' or 'Cookie: a=b'; may be repeated")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print JSON, for programs")
	edge.register(cmd)
	return cmd
}
