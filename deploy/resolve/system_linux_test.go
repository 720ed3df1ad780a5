package resolve

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/caddy-nextjs/caddy-nextjs/internal/dnstest"
)

// inEnv names the variable by which the test's binary learns that it is to ask, on a system with other files: their
// directory, the name server, and what is asked for, each as TYPE:name.
const inEnv = "RESOLVE_TEST_ASK"

// The process asks, prints a line for each answer and exits, if it has been started by askOnSystem.
func init() {
	fields := strings.Fields(os.Getenv(inEnv))
	if len(fields) == 0 {
		return
	}
	directory, server, questions := fields[0], fields[1], fields[2:]
	err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	for _, file := range []string{"resolv.conf", "hosts"} {
		if err == nil {
			err = syscall.Mount(filepath.Join(directory, file), filepath.Join("/etc", file), "", syscall.MS_BIND, "")
		}
	}
	if err != nil {
		fmt.Print(noMounts, err)
		os.Exit(0)
	}
	for _, question := range questions {
		of, host, _ := strings.Cut(question, ":")
		s := Settings{Resolvers: []string{server}, Timeout: patience}
		now, err := newAsker(Name{Host: host, Port: "80", Service: of == "SRV"}, s, nil).ask(context.Background())
		if err != nil {
			fmt.Println("failed:", err)
		} else {
			fmt.Println(strings.Join(dials(now.targets), " "))
		}
	}
	os.Exit(0)
}

const noMounts = "no mounts: "

// askOnSystem asks on a system with other files, and returns a line for each question.
func askOnSystem(t *testing.T, server *dnstest.Server, resolvConf, hosts string, questions ...string) []string {
	t.Helper()
	directory := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(directory, "resolv.conf"), []byte(resolvConf), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(directory, "hosts"), []byte(hosts), 0o600))
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.Command(self)
	asked := strings.Join(append([]string{directory, server.Addr()}, questions...), " ")
	command.Env = append(os.Environ(), inEnv+"="+asked)
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	printed, err := command.Output()
	_, ran := errors.AsType[*exec.ExitError](err)
	if err != nil && !ran || strings.HasPrefix(string(printed), noMounts) {
		t.Skipf("mounting in a namespace is not allowed here: %v %s", err, printed)
	}
	require.NoError(t, err)
	return strings.Split(strings.TrimSuffix(string(printed), "\n"), "\n")
}

func TestSearchDomains(t *testing.T) {
	const inCluster = "nameserver 127.0.0.1\n" +
		"search shop.svc.cluster.local svc.cluster.local corp.example\n" +
		"options ndots:5\n"
	server := dnstest.Start(t)
	ask := func(questions ...string) []string { return askOnSystem(t, server, inCluster, "", questions...) }

	server.SetA("web.corp.example", "10.9.9.9")
	server.SetSRV("_web._tcp.web.corp.example", dnstest.SRV{Port: 81, Target: "other.example"})
	server.SetA("other.example", "10.9.9.8")
	server.SetA("other.example.shop.svc.cluster.local", "10.9.9.7") // the host of a service is a whole name
	assert.Equal(t, []string{"10.9.9.9:80", "10.9.9.8:81", "", ""},
		ask("A:web", "SRV:_web._tcp.web", "A:gone", "A:web."), "the last domain has it, none has it, none is asked")

	server.SetA("web.shop.svc.cluster.local", "10.0.0.1", "10.0.0.2")
	server.SetSRV("_web._tcp.web.shop.svc.cluster.local", dnstest.SRV{Port: 81, Target: "a.example"})
	server.SetA("a.example", "10.0.0.3")
	assert.Equal(t, []string{"10.0.0.1:80 10.0.0.2:80", "10.0.0.3:81"}, ask("A:web", "SRV:_web._tcp.web"),
		"the first has it")

	for _, code := range []dnsmessage.RCode{dnsmessage.RCodeServerFailure, dnsmessage.RCodeRefused} {
		for _, name := range []string{"web", "_web._tcp.web", "gone"} {
			server.Fail(name+".shop.svc.cluster.local", code)
		}
		answers := ask("A:web", "SRV:_web._tcp.web", "A:gone")
		for i, lookup := range []string{"A records: lookup web", "SRV records: lookup _web", "A records: lookup gone"} {
			assert.Contains(t, answers[i], "failed: asking for "+lookup,
				"%s of one domain is no sign that the name is not there, nor that another domain's is meant", code)
		}
	}

	server.SetA("web.shop.svc.cluster.local", manyAddresses(200)...)
	assert.Len(t, strings.Fields(ask("A:web")[0]), 200)
	server.HangUp()
	assert.Contains(t, ask("A:web")[0], "failed: asking for A records: lookup web", "nor is an answer that breaks off")
}

func TestNamesOfHosts(t *testing.T) {
	const hosts = "127.0.0.1 localhost\n::1 localhost six\n10.0.0.7 alias web.example\n::ffff:10.0.0.8 mapped\n"
	server := dnstest.Start(t)
	server.SetA("alias", "10.9.9.9")
	answers := askOnSystem(t, server, "nameserver 127.0.0.1\n", hosts,
		"A:localhost", "A:six", "A:alias", "A:web.example.", "A:mapped")
	assert.Equal(t, []string{"127.0.0.1:80", "[::1]:80", "10.0.0.7:80", "10.0.0.7:80", "10.0.0.8:80"}, answers)
	assert.Zero(t, server.Asked("alias", dnsmessage.TypeA))
}
