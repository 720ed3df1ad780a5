package cli

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// newImageCommand makes `caddy nextjs image`.
func newImageCommand() *cobra.Command {
	var edge adminFlags
	var asJSON bool
	var width, quality int
	var headers []string
	cmd := &cobra.Command{
		Use:   "image <URL>",
		Short: "Shows what the running edge answers to a request for a picture, and why",
		Long: `
The URL is that of a picture on a site of the edge, as in <Image src>, or of a whole
request, as the tools of a browser show it (…/_next/image?url=…&w=…&q=…).

The running edge is asked, by its admin endpoint: which zone and what its build says,
the source, the format that is chosen, what was kept, and what it takes to make the
picture, which is done once for it. Nothing is kept of that.`,
		Example: `  caddy nextjs image http://localhost:8080/photo.jpg -w 640
  caddy nextjs image 'https://example.com/_next/image?url=%2Fphoto.jpg&w=640&q=75' -H 'Accept: image/avif'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			query := url.Values{"url": {args[0]}, "header": headers}
			if len(headers) == 0 {
				query.Set("header", "Accept: "+browserAccept)
			}
			if width > 0 {
				query.Set("w", strconv.Itoa(width))
			}
			if quality > 0 {
				query.Set("q", strconv.Itoa(quality))
			}
			var answer report.Image
			if _, err := edge.ask(http.MethodGet, report.AdminPath(report.ImageRoute)+"?"+query.Encode(), nil, "name another address by --address or --config", &answer); err != nil {
				return err
			}
			return printAnswer(cmd.OutOrStdout(), answer, ImageText(&answer), asJSON)
		},
	}
	cmd.Flags().IntVarP(&width, "width", "w", 0, "Width in pixels (default: 640, or that of the request)")
	cmd.Flags().IntVarP(&quality, "quality", "q", 0, "Quality from 1 to 100 (default: 75, or that of the request)")
	cmd.Flags().StringArrayVarP(&headers, "header", "H", nil, "Header of the request, such as 'Accept: image/webp' (default: the Accept of Chrome)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print JSON, for programs")
	edge.register(cmd)
	return cmd
}

// browserAccept is what Chrome sends for pictures.
const browserAccept = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
