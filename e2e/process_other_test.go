//go:build e2e && !linux

package e2e_test

import "syscall"

// dieWithParent can do nothing here: only Linux knows how.
func dieWithParent(*syscall.SysProcAttr) {}
