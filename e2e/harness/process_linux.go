//go:build e2e

package harness

import "syscall"

// dieWithParent lets the kernel end the process should the tests be killed or panic.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
