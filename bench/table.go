package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
)

// limits are what a figure must and should not exceed; 0 means none.
type limits struct {
	Limit float64 `json:"limit,omitempty"`
	Aim   float64 `json:"aim,omitempty"`
	// OnValue says that they are about our own value, not about its ratio to the peer's.
	OnValue bool `json:"on_value,omitempty"`
	// Least says that Limit is the least that is enough.
	Least bool `json:"least,omitempty"`
}

// row is one line of the table: we and one peer.
type row struct {
	Name   string  `json:"name"`
	Unit   string  `json:"unit,omitempty"`
	Ours   float64 `json:"ours,omitempty"`
	Peer   string  `json:"peer,omitempty"`
	Theirs float64 `json:"theirs,omitempty"`
	Ratio  *ratios `json:"ratio,omitempty"`
	limits
	Error string `json:"error,omitempty"`
}

// compareAll makes a row for each peer. Limits are about the first one: stock Caddy, or ourselves with less to do. The
// others are information.
func compareAll(name, unit string, measured map[string][]float64, limit limits) []row {
	peers := slices.DeleteFunc(slices.Sorted(maps.Keys(measured)), func(peer string) bool { return peer == nameOurs })
	if i := slices.Index(peers, nameNginx); i >= 0 {
		peers = append(slices.Delete(peers, i, i+1), nameNginx)
	}
	ours := measured[nameOurs]
	var rows []row
	for i, peer := range peers {
		r := row{Name: name, Unit: unit, Peer: peer, Ours: median(ours), Theirs: median(measured[peer])}
		if i == 0 {
			r.limits = limit
		}
		ratio, err := pairRatios(ours, measured[peer])
		switch {
		case err == nil:
			r.Ratio = &ratio
		case r.Limit != 0:
			r.Error = err.Error()
		}
		rows = append(rows, r)
	}
	return rows
}

// verdict says whether the row keeps its limit.
func (r row) verdict() string {
	if r.Limit == 0 || r.Ratio == nil && !r.OnValue {
		return "-"
	}
	value, unit := r.Ours, strings.TrimRight(" "+r.Unit, " ")
	if !r.OnValue {
		value, unit = r.Ratio.Median, ""
	}
	word := "ok"
	switch {
	case r.Least && value < r.Limit:
		word = "under"
	case !r.Least && value > r.Limit:
		word = "over"
	}
	text := fmt.Sprintf("%.2f%s %s", r.Limit, unit, word)
	if r.Least {
		text = "at least " + text
	}
	if r.Aim != 0 && value <= r.Aim {
		text += fmt.Sprintf(", aim %.2f%s met", r.Aim, unit)
	}
	return text
}

func (r row) cells() []string {
	if r.Error != "" {
		return []string{r.Name, "error", "-", "-", "-"}
	}
	peer, ratio := "-", "-"
	if r.Peer != "" {
		peer = fmt.Sprintf("%s %s", quantity(r.Theirs, r.Unit), r.Peer)
	}
	if r.Ratio != nil {
		ratio = fmt.Sprintf("%.2f (%.2f–%.2f)", r.Ratio.Median, r.Ratio.Low, r.Ratio.High)
	}
	return []string{r.Name, quantity(r.Ours, r.Unit), peer, ratio, r.verdict()}
}

// quantity writes three digits: there is no more to a measurement.
func quantity(value float64, unit string) string {
	switch {
	case value < 10:
		return strings.TrimSpace(fmt.Sprintf("%.2f %s", value, unit))
	case value < 100:
		return strings.TrimSpace(fmt.Sprintf("%.1f %s", value, unit))
	}
	return strings.TrimSpace(fmt.Sprintf("%.0f %s", value, unit))
}

// result is a whole run.
type result struct {
	Machine string   `json:"machine"`
	Rows    []row    `json:"rows"`
	Skipped []string `json:"skipped,omitempty"`
	Notes   []string `json:"notes,omitempty"`
}

func (r result) print(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "name\tours\tpeer\tratio (interval)\tlimit")
	for _, row := range r.Rows {
		fmt.Fprintln(table, strings.Join(row.cells(), "\t"))
	}
	_ = table.Flush() // standard output
	fmt.Fprintln(w)
	for _, row := range r.Rows {
		if row.Error != "" {
			fmt.Fprintf(w, "error: %s: %s\n", row.Name, strings.ReplaceAll(row.Error, "\n", "; "))
		}
	}
	for _, line := range slices.Concat(r.Skipped, r.Notes) {
		fmt.Fprintln(w, line)
	}
	fmt.Fprintln(w, r.Machine)
}

func (r result) writeJSON(path string) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return fmt.Errorf("encoding the result: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}
