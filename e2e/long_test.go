//go:build e2e

package e2e_test

import "os"

// longOr returns the count for `make test`, or the full one for `make test-long`.
func longOr(short, long int) int {
	if os.Getenv("E2E_LONG") != "" {
		return long
	}
	return short
}
