package cli

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// textTable is a table for a terminal: the first column to the left, the others to the right unless left says so, each
// as wide as it must be. A row of one cell is a remark, however long.
type textTable struct {
	rows [][]string
	// toLeft are the columns besides the first that are to the left.
	toLeft []int
}

// left has columns stand to the left.
func (t *textTable) left(columns ...int) *textTable {
	t.toLeft = columns
	return t
}

func (t *textTable) row(cells ...string) { t.rows = append(t.rows, cells) }

// String returns the lines of the table, without spaces at their ends.
func (t *textTable) String() string {
	var widths []int
	for _, row := range t.rows {
		if len(row) == 1 {
			continue
		}
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var text strings.Builder
	for _, row := range t.rows {
		if len(row) == 1 {
			text.WriteString(row[0] + "\n")
			continue
		}
		var line strings.Builder
		for i, cell := range row {
			padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			switch {
			case i == 0:
				line.WriteString(cell + padding)
			case slices.Contains(t.toLeft, i):
				line.WriteString("  " + cell + padding)
			default:
				line.WriteString("  " + padding + cell)
			}
		}
		text.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return text.String()
}
