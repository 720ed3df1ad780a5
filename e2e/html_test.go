//go:build e2e

package e2e_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// page is a parsed HTML document.
type page struct{ root *html.Node }

func parseHTML(t testing.TB, text string) page {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	require.NoError(t, err)
	return page{root}
}

// find returns the elements for which match holds.
func (p page) find(match func(*html.Node) bool) []*html.Node {
	var found []*html.Node
	for node := range p.root.Descendants() {
		if node.Type == html.ElementNode && match(node) {
			found = append(found, node)
		}
	}
	return found
}

// byTestID returns the elements with a data-testid.
func (p page) byTestID(id string) []*html.Node {
	return p.find(func(n *html.Node) bool { return attribute(n, "data-testid") == id })
}

// zone returns what the page says of the zone that it comes from.
func (p page) zone() string {
	for _, body := range p.find(func(n *html.Node) bool { return n.Data == "body" }) {
		return attribute(body, "data-zone")
	}
	return ""
}

// urls returns what the page refers to that contains part: scripts, styles, pictures, fonts.
func (p page) urls(part string) []string {
	var found []string
	for _, node := range p.find(func(*html.Node) bool { return true }) {
		for _, a := range node.Attr {
			switch a.Key {
			case "src", "href":
				if strings.Contains(a.Val, part) {
					found = append(found, a.Val)
				}
			}
		}
	}
	return found
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if strings.EqualFold(a.Key, name) {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var text strings.Builder
	for node := range n.Descendants() {
		if node.Type == html.TextNode {
			text.WriteString(node.Data)
		}
	}
	return text.String()
}
