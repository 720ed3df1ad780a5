// Package line has files that use each other in one direction only.
package line

// First uses the other file.
func First() int { return second }
