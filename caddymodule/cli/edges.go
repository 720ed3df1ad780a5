package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// edgesFlags say which edges a command steers: one by its admin endpoint, or any number by their nextjs_control.
type edgesFlags struct {
	adminFlags
	controls  []string
	tokenFile string
	asJSON    bool
}

func (f *edgesFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "Print JSON, for programs")
	f.adminFlags.register(cmd)
	cmd.Flags().StringArrayVar(&f.controls, "control", nil, "URL at which an edge has nextjs_control, to ask that and not the admin endpoint; may be repeated")
	cmd.Flags().StringVar(&f.tokenFile, "token-file", "", "File that holds the token for --control")
}

// edges are the ways to each of them. patience is how much longer than usual an answer may take.
func (f *edgesFlags) edges(patience time.Duration) ([]*controlFlags, error) {
	if len(f.controls) == 0 {
		return []*controlFlags{{adminFlags: f.adminFlags, tokenFile: f.tokenFile, patience: patience}}, nil
	}
	var list []*controlFlags
	for i, url := range f.controls {
		if slices.Contains(f.controls[:i], url) {
			return nil, fmt.Errorf("--control names %s twice", url)
		}
		list = append(list, &controlFlags{adminFlags: f.adminFlags, control: url, tokenFile: f.tokenFile, patience: patience})
	}
	return list, nil
}

// edgeAnswer is what one of several edges has said.
type edgeAnswer[answer any] struct {
	Edge   string  `json:"edge"`
	Answer *answer `json:"answer,omitempty"`
	Error  string  `json:"error,omitempty"`
	err    error
}

// orderAll orders something of all edges at once, and prints what each says when it does: one as any command does, of
// several each line with its URL before it, or a list as JSON. The error says which have not done it. Where the context
// ends it is not waited for them.
func orderAll[answer any](
	ctx context.Context, to io.Writer, edges []*controlFlags, asJSON bool,
	order func(*controlFlags) (answer, error), text func(answer) string,
) error {
	answers := make(chan edgeAnswer[answer], len(edges))
	for _, edge := range edges {
		go func() {
			said, err := order(edge)
			answers <- edgeAnswer[answer]{Edge: edge.control, Answer: &said, err: err}
		}()
	}
	list := make([]edgeAnswer[answer], len(edges))
	for range edges {
		var one edgeAnswer[answer]
		select {
		case one = <-answers:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if len(edges) == 1 && one.err != nil {
			return one.err
		}
		if len(edges) == 1 {
			return printAnswer(to, one.Answer, text(*one.Answer), asJSON)
		}
		said := ""
		if one.err != nil {
			one.Answer, one.Error = nil, failureText(one.err)
			said = "failed: " + one.Error + "\n"
		} else {
			said = text(*one.Answer)
		}
		at := slices.IndexFunc(edges, func(edge *controlFlags) bool { return edge.control == one.Edge })
		list[at] = one
		if asJSON {
			continue
		}
		for line := range strings.Lines(said) {
			if _, err := io.WriteString(to, one.Edge+": "+line); err != nil {
				return fmt.Errorf("writing the answer: %w", err)
			}
		}
	}
	if asJSON {
		if err := printAnswer(to, list, "", true); err != nil {
			return err
		}
	}
	return failureOf(list)
}

// failureText is an error of an edge that is named beside it.
func failureText(err error) string {
	if refused, ok := errors.AsType[refusal](err); ok {
		return "it refuses: " + refused.message
	}
	return err.Error()
}

// failureOf says which edges have failed, nil where none has.
func failureOf[answer any](list []edgeAnswer[answer]) error {
	var failed []string
	for _, one := range list {
		if one.err != nil {
			failed = append(failed, one.Edge)
		}
	}
	switch len(failed) {
	case 0:
		return nil
	case len(list):
		return fmt.Errorf("none of the %d edges has done it", len(list))
	}
	return fmt.Errorf("%d of %d edges have done it, and not %s: order it once more there, or take it back elsewhere",
		len(list)-len(failed), len(list), strings.Join(failed, ", "))
}
