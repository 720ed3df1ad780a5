//go:build unix

package cli

import (
	"os/exec"
	"syscall"
)

// leadGroup has a command that is to be started lead a group of processes: those that it starts get signals, too.
func leadGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// signalGroup sends a signal to a command and what it has started.
func signalGroup(cmd *exec.Cmd, told syscall.Signal) {
	_ = syscall.Kill(-cmd.Process.Pid, told) // it fails if they have ended
}
