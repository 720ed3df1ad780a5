//go:build !unix

package cli

import (
	"os/exec"
	"syscall"
)

// leadGroup does nothing: there are no groups of processes.
func leadGroup(*exec.Cmd) {}

// signalGroup ends a command, as there are no signals.
func signalGroup(cmd *exec.Cmd, _ syscall.Signal) {
	_ = cmd.Process.Kill() // it fails if it has ended
}
