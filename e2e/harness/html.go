//go:build e2e

package harness

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// Page is a parsed HTML document.
type Page struct{ Root *html.Node }

// ParseHTML parses a document.
func ParseHTML(t testing.TB, text string) Page {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	require.NoError(t, err)
	return Page{Root: root}
}

// Find returns the elements for which match holds.
func (p Page) Find(match func(*html.Node) bool) []*html.Node {
	var found []*html.Node
	for node := range p.Root.Descendants() {
		if node.Type == html.ElementNode && match(node) {
			found = append(found, node)
		}
	}
	return found
}

// ByTestID returns the elements with a data-testid.
func (p Page) ByTestID(id string) []*html.Node {
	return p.Find(func(n *html.Node) bool { return Attribute(n, "data-testid") == id })
}

// Zone returns what the page says of the zone that it comes from.
func (p Page) Zone() string {
	for _, body := range p.Find(func(n *html.Node) bool { return n.Data == "body" }) {
		return Attribute(body, "data-zone")
	}
	return ""
}

// URLs returns what the page refers to that contains part: scripts, styles, pictures, fonts.
func (p Page) URLs(part string) []string {
	var found []string
	for _, node := range p.Find(func(*html.Node) bool { return true }) {
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

// Attribute returns the value of an element's attribute, "" if it has none.
func Attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if strings.EqualFold(a.Key, name) {
			return a.Val
		}
	}
	return ""
}

// TextOf returns the text of an element and of all in it.
func TextOf(n *html.Node) string {
	var text strings.Builder
	for node := range n.Descendants() {
		if node.Type == html.TextNode {
			text.WriteString(node.Data)
		}
	}
	return text.String()
}
