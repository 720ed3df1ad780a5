//go:build e2e && !linux

package harness

import "syscall"

// dieWithParent can do nothing here: only Linux knows how.
func dieWithParent(*syscall.SysProcAttr) {}
