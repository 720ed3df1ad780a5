package pagecache

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// The texts are what Next.js 14.2, 15.5 and 16.4 send, in parts of every length.
func TestAnswersNameTheirBuild(t *testing.T) {
	plain := policy.Facts{BuildID: "AeLyTgJEU1EAhOftPhsbW", Deployment: "AeLyTgJEU1EAhOftPhsbW"}
	dashed := policy.Facts{BuildID: "-2c41f-0a9", Deployment: "-2c41f-0a9"}
	deployed := policy.Facts{BuildID: "build-TfctsWXpff2fKS", Deployment: "fixture-1"}
	filler := strings.Repeat("x", 300)
	for name, c := range map[string]struct {
		facts   policy.Facts
		text    string
		another bool
	}{
		"a document of 14":                 {plain, `null,{\"buildId\":\"ID\",\"assetPrefix\":\"\"`, true},
		"a payload of 14":                  {plain, "6:I[6423,[],\"\"]\n0:[\"ID\",[[[\"\",{\"children\"", true},
		"the comment of 15":                {plain, `<!DOCTYPE html><!--ID--><html lang="en">`, true},
		"a document of 15":                 {plain, `0:{\"P\":null,\"b\":\"ID\",\"p\":\"/market`, true},
		"a payload of 15":                  {plain, `0:{"P":null,"b":"ID","p":"/market-files`, true},
		"a document of 16":                 {plain, `\"d\":\"$undefined\",\"b\":\"ID\"}\n11:I`, true},
		"a payload of 16":                  {plain, `"d":"$undefined","b":"ID","u":"$@17"}`, true},
		"a segment":                        {plain, "]\n0:{\"b\":\"ID\",\"t\":{", true},
		"the Pages Router":                 {plain, `"query":{},"buildId":"ID","assetPrefix":"h`, true},
		"a document of a deployment":       {deployed, `<!DOCTYPE html><html lang="en" data-dpl-id="DPL"><head>`, true},
		"a page that shows a deployment":   {plain, `<code data-dpl-id="ID">`, false},
		"a page that shows other builds":   {plain, `<p>"buildId":"ID", "b":"ID", <!--ID--></p>`, false},
		"a document without names":         {deployed, `<!DOCTYPE html><html lang="en"><head>`, false},
		"the same build id in deployments": {deployed, `data-dpl-id="DPL"> "query":{},"buildId":"build-TfctsWXpff2fKS","a`, false},
		"the comment of a build with -":    {dashed, `<!DOCTYPE html><!--_2c41f_0a9--><html>`, false},
	} {
		t.Run(name, func(t *testing.T) {
			for as, expected := range map[string]bool{c.facts.BuildID + "\x00" + c.facts.Deployment: false, "oldBuild\x00old": c.another} {
				id, deployment, _ := strings.Cut(as, "\x00")
				text := filler + strings.ReplaceAll(strings.ReplaceAll(c.text, "ID", id), "DPL", deployment) + filler
				for _, length := range []int{1, 7, 64, nameLength, len(text)} {
					facts := c.facts
					n := namedBuild{facts: &facts}
					for rest := text; rest != ""; {
						part := rest[:min(length, len(rest))]
						n.add([]byte(part))
						rest = rest[len(part):]
					}
					assert.Equal(t, expected && c.text != "", n.isAnother(), "%s in parts of %d", as, length)
				}
			}
		})
	}
}

// An application may show a page of another one, as documentation does.
func TestWhatAPageShowsIsNotItsName(t *testing.T) {
	facts := policy.Facts{BuildID: "mine", Deployment: "mine"}
	n := namedBuild{facts: &facts}
	n.add([]byte(`<!DOCTYPE html><html>{"props":{"example":{"a":1,"buildId":"theirs"}},"buildId":"mine"}`))
	assert.False(t, n.isAnother())
}
