package report

import "github.com/caddy-nextjs/caddy-nextjs/imageopt"

// Image says how the running edge answers a request for a picture, and why.
type Image struct {
	// URL of the request.
	URL  string `json:"url"`
	Zone string `json:"zone,omitempty"`
	// Verdict is what the zone's build says of the endpoint.
	Verdict string `json:"verdict,omitempty"`
	// By says who makes the picture: edge, or next; Keeps says that the edge keeps what Next.js has made.
	By    string `json:"by,omitempty"`
	Keeps bool   `json:"keeps,omitempty"`
	Answered
	*imageopt.Explanation
}
