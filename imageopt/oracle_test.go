package imageopt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// askNext puts questions to the installed Next.js of that version: the functions of its optimizer are the oracle of
// this package.
func askNext[Question, Answer any](t *testing.T, major int, what string, questions []Question) []Answer {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no Node.js in PATH to ask")
	}
	input, err := json.Marshal(questions)
	require.NoError(t, err)
	next := fmt.Sprintf("../e2e/fixtures/next%d/node_modules/next", major)
	command := exec.Command(node, "testdata/oracle.js", next, what)
	command.Stdin = bytes.NewReader(input)
	var problems bytes.Buffer
	command.Stderr = &problems
	output, err := command.Output()
	require.NoError(t, err, "asking Next.js (scripts/build-app.sh e2e/fixtures/next%d installs it): %s", major, problems.String())
	var answers []Answer
	require.NoError(t, json.Unmarshal(output, &answers), string(output[:min(len(output), 500)]))
	require.Len(t, answers, len(questions))
	return answers
}
