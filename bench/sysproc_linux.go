package main

import "syscall"

// ownGroup makes a process the leader of a new group. It gets SIGTERM if we are killed without a chance to tidy up; by
// that signal, unlike by SIGKILL, nginx ends its workers too.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

func killGroup(group int) {
	_ = syscall.Kill(-group, syscall.SIGKILL) // it is gone already
}
