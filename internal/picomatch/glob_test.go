package picomatch

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// library is the picomatch that Next.js 16 ships.
const library = "../../e2e/fixtures/next16/node_modules/next/dist/compiled/picomatch"

const oracle = `const { makeRe } = require(process.argv[1]);
const questions = JSON.parse(require('fs').readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(questions.map(({ glob, dot, texts }) => {
	const re = makeRe(glob, dot ? { dot: true } : undefined);
	return { source: re.source, matches: texts.map((text) => re.test(text)) };
})));`

type question struct {
	Glob  string   `json:"glob"`
	Dot   bool     `json:"dot"`
	Texts []string `json:"texts"`
}

type answer struct {
	Source  string `json:"source"`
	Matches []bool `json:"matches"`
}

func ask(t *testing.T, questions []question) []answer {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no Node.js in PATH to ask")
	}
	input, err := json.Marshal(questions)
	require.NoError(t, err)
	command := exec.Command(node, "-e", oracle, library)
	if !strings.HasPrefix(library, "/") {
		command.Args[3] = "./" + library
	}
	command.Stdin = strings.NewReader(string(input))
	var problems strings.Builder
	command.Stderr = &problems
	output, err := command.Output()
	require.NoError(t, err, "asking picomatch (scripts/build-app.sh e2e/fixtures/next16 installs it): %s", problems.String())
	var answers []answer
	require.NoError(t, json.Unmarshal(output, &answers))
	require.Len(t, answers, len(questions))
	return answers
}

// IMAGES.md 10, as observed.
func TestMatch(t *testing.T) {
	for _, c := range []struct {
		glob string
		dot  bool
		text string
		want bool
	}{
		{"**", true, "/", true},
		{"**", true, "/a/b.png", true},
		{"**", true, "/.hidden/.b", true},
		{"/a/**", true, "/a", true},
		{"/a/**", true, "/a/", true},
		{"/a/**", true, "/a/b/c", true},
		{"/a/**", true, "/a/.b", true},
		{"/a/**", true, "/ab", false},
		{"/a/*", true, "/a/b", true},
		{"/a/*", true, "/a/b/", true},
		{"/a/*", true, "/a/b/c", false},
		{"/a/*", true, "/a/", false},
		{"/a/*.png", true, "/a/b.png", true},
		{"/a/b.png", true, "/a/bxpng", false},
		{"/A/**", true, "/a/b", false},
		{"*.wild.test", false, "a.wild.test", true},
		{"*.wild.test", false, "a.b.wild.test", true},
		{"*.wild.test", false, "wild.test", false},
		{"*.wild.test", false, ".wild.test", false},
		{"**.wild.test", false, "wild.test", false},
		{"**.wild.test", false, "a.b.wild.test", true},
		{"*", false, "example.com", true},
		{"*", false, ".example.com", false},
		{"example.com", false, "example.com", true},
		{"example.com", false, "examplexcom", false},
		{"localhost", false, "localhost.", false},
		{"{a,b}.test", false, "b.test", true},
		{"{a,b}.test", false, "c.test", false},
		{"!evil.test", false, "evil.test", false},
		{"!evil.test", false, "good.test", true},
		{"/(", true, "/(", true},
		{"**", true, "/\u00e9", false},
	} {
		g, err := Compile(c.glob, c.dot)
		require.NoError(t, err, c.glob)
		assert.Equal(t, c.want, g.Match(c.text), "%+v", c)
	}
}

func TestCompileErrors(t *testing.T) {
	for _, c := range []struct{ glob, message string }{
		{"", "the glob is empty"},
		{strings.Repeat("a", maxLength+1), "the glob has 65537 bytes, more than 65536"},
		{"/(a)\\1", "not evaluated"},
		{"/(?<name>a)", "not evaluated"},
		{"/(?<!a)b", "not evaluated"},
		{strings.Repeat("(", 200) + strings.Repeat(")", 200), "more than 100 groups"},
		{strings.Repeat("*(", 20) + "*" + strings.Repeat(")", 20), "repetitions of nothing"},
	} {
		_, err := Compile(c.glob, true)
		require.Error(t, err, c.glob)
		assert.Contains(t, err.Error(), c.message)
	}
}

var globs = []string{
	"**", "*", "***", "**/**", "**/**/**", "**/**/**/**", "/**", "/*", "/**/*", "/**/**", "/a/**", "/a/**/", "/a/**/b", "/a/**/*.png", "/a/*/c", "/a/*", "/a*",
	"/*a", "/a/b.png", "a", ".", "..", "./a", "./*", "/.", "/.a", "/.*", ".*", "*.*", "*/*", "**/*", "**/*.*", "**/.*", "**/*.png", "*.png", "**.png", "/a/.*/b",
	"/?", "/??", "?", "??a", "a?", "/a.?", "/a?b", "/a/**b", "/a**", "/a**b/c", "a/**", "a/**/b", "**/a", "**/a/**", "*.example.com", "**.example.com",
	"example.com", "a-b.example.com", "img?.example.com", "{a,b}.example.com", "*.{a,b}.com", "img[0-9].example.com", "img{1..3}.example.com", "!example.com",
	"!!example.com", "!*.example.com", "!(a|b)", "!(a).example.com", "/!(a)", "/!(a)/b", "/!(a/b)/c", "/!(*.gif)", "/!(*.gif).png", "/a!(b)c", "/@(a|b)/**", "/@(a|b)",
	"/+(a|b)", "/+(a|b)/c", "/*(a|b)", "/*(a|b).png", "/?(a)b", "/?(a|b)", "/(a|b)/c", "/(a)", "/((a|b)|c)", "/a|b", "/{a,b}/**", "/{a,b/c}/d", "/{a,b}*", "/{a}", "/{a,}",
	"/{,a}", "/{a,{b,c}}", "/{1..5}", "/{a..c}/x", "/{01..10}", "/{a..}", "/{a", "/a}", "/{a,b", "/[ab]", "/[a-c]/b", "/[!a]", "/[^a]", "/[^a]b", "/[ab]*", "/[[:alpha:]]", "/[[:digit:]_-]x",
	"/[a", "/a]", "/[]a]", "/[]", "/[^]", "/[a]b]", "/[b-a]", "/[.]", "/[a/b]", "/\\*", "/\\a", "a\\*b", "a\\?b", "a\\\\b", "/a\\\\\\\\b", "/a\\.b", "/\\(a\\)", "\\*", "a\\", "/a\\", "/\\[a]",
	"/a+", "/a+b", "a+b", "+a", "/+", "/a++", "/[a]+", "/(a)+", "/(+a)", "/@a", "/a@2x.png", "/a$", "/^a", "a^b$", "a$$b", "/a b", "/a%20b", "/a%2Fb/**", "/\"a*\"", "\"a\"", "/a\"b", "/a,b",
	"/~user/**", "/a;b", "/a:b", "/a=b&c", "a&b", "/<a>", "/#a", "#a", "/'a'", "/`a`", "/é/**", "/(?=a)a", "/(?!a)*", "/(?:a|b)", "/(?a)", "/a/(b|c)*", "/a/**/**/b", "/**/**/a", "/**/a/**/b",
	"/a/***", "/***", "/****", "/a/*/**", "/*/**", "/**/*/b", "/{**,a}/b", "/{a/**,b}", "/(a/**|b)", "/@(**)", "/(**)", "/(**/a)", "/!(**)", "/!(**/a)", "/a/!(b|c)/d", "/*.{png,jpg}", "/**/*.{png,jp?(e)g}",
	"/a/./b", "/a/../b", "././a", "/-", "/a-b", "/_next/static/media/**", "/_next/static/immutable/media/**", "/assets/images/**", "/user-*/avatar.png", "/v[0-9]/**/*.webp", "/account123/**", "/(", "/)", "/a)|(b", "/)(", "a.b.c",
}

var pathTexts = []string{
	"/", "/a", "/a/", "/b", "/b/", "/ab", "/a/b", "/a/b/", "/a/b/c", "/a/x/c", "/a/b.png", "/a/x/b", "/a/x/y/b", "/a.png", "/x/a", "/x/a/b", "/x/a/y/b", "/.a", "/.a/b", "/a/.b", "/a/.b/c", "/a/.x.png", "//a", "/a//b", "/a//",
	"/1", "/3", "/9", "/c", "/c/x", "/bc/d", "/b/c/d", "/aab", "/aaa/c", "/a+", "/a+b", "/a@2x.png", "/a%20b", "/a%2Fb/c", "/a,b", "/~user/x", "/_next/static/media/a.1.png", "/_next/static/media", "/user-7/avatar.png", "/v2/x/y.webp",
	"/a.gif", "/b.gif.png", "/a.jpg", "/x/a.jpeg", "/*", "/[a]", "/[b-a]", "/{a}", "/{a", "/a}", "/(a)", "/(", "/)", "/]", "/a]", "/$", "/a$", "/^a", "/a|b", "/a\\b", "/a/../b", "/a/./b", "/..", "/.", "/a/..", "/_", "/-x", "/_x", "/\"a\"", "/<a>", "a|b", "a)", "(b",
}

var hostTexts = []string{
	"example.com", "a.example.com", "a.b.example.com", ".example.com", "a-b.example.com", "img1.example.com", "img.example.com", "imgx.example.com", "img3.example.com", "example.com.", "localhost", "b.example.com", "x.a.com", "x.b.com", "a", "b", "aa", "",
	"exampleXcom", "a.png", ".a", "a.b", "a.b.c", "a*b", "a?b", "axb", "a\\b", "a+b", "1.2.3.4", "[::1]", "*", "a^b$", "a$$b", "a&b", "#a", "+a", "a/b", "a/x/b", "..", ".", "a\\*b",
}

func randomGlobs(count int) []string {
	pieces := []string{
		"/", "/", "/", "/", "a", "b", "ab", "*", "*", "**", "**", "***", "?", ".", ".png", "{a,b}", "{", "}", ",", "[ab]", "[^a]", "[!a]", "[", "]", "(", ")", "|", "!(a)", "!(*.png)", "@(a|b)", "+(a)", "*(b)", "?(a)", "!", "+", "@", "\\", "\\*", "-",
		"..", "{1..3}", "[a-c]", "[[:alpha:]]", "^", "$", "\"", "~", "%20", "_", ":", "/**", "/**/", "/*",
	}
	random := rand.New(rand.NewPCG(1, 2))
	made := make([]string, count)
	for i := range made {
		var b strings.Builder
		for range 1 + random.IntN(7) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		made[i] = b.String()
	}
	return made
}

// unescaped takes away what JavaScript adds when it shows an expression.
func unescaped(source string) string { return strings.ReplaceAll(source, `\/`, `/`) }

// picomatch itself is asked about every pair; so is the expression it makes.
func TestAgreesWithPicomatch(t *testing.T) {
	var questions []question
	for _, glob := range append(append([]string{}, globs...), randomGlobs(3000)...) {
		questions = append(questions, question{glob, true, pathTexts}, question{glob, false, hostTexts})
	}
	pairs, left := 0, 0
	for i, want := range ask(t, questions) {
		q := questions[i]
		name := fmt.Sprintf("%q, dot %v", q.Glob, q.Dot)
		if want.Source != "$^" && !assert.Equal(t, unescaped(want.Source), unescaped(source(q.Glob, q.Dot)), name) {
			continue
		}
		g, err := Compile(q.Glob, q.Dot)
		if err != nil {
			require.ErrorIs(t, err, errUnsupported, name)
			left++
			continue
		}
		for j, text := range q.Texts {
			assert.Equal(t, want.Matches[j], g.Match(text), "%s, text %q, expression %s", name, text, want.Source)
			pairs++
		}
	}
	assert.Greater(t, pairs, 300)
	assert.Less(t, left, len(questions)/100, "globs that were not evaluated")
}
