// Package edgetest is what tests of the edge share: a Caddy in the test's process, upstreams, clients, free ports and
// waiting.
//
// It imports Caddy but none of our modules, so that the test of any of them can use it: the test's package registers
// what it tests, by being it or by a blank import. e2e/harness adds the built server, Next.js applications and a
// browser.
package edgetest

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// certificates are those of httptest's TLS servers, which Main makes the process trust.
var certificates = httptest.NewUnstartedServer(nil)

// certificateFile has the certificate, which is its own root, and its key. The path is known once Main runs.
const certificateFile = "{env.SSL_CERT_FILE}"

// Main runs the tests of a package that calls Serve or TrustedTLSUpstream, and ends the process: it is what TestMain
// does. The process then trusts the test certificate and keeps its files in a directory of its own, as both can be set
// only before they are first used.
func Main(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	home, err := os.MkdirTemp("", "caddy-nextjs-test-")
	if err != nil {
		return fail("making a directory for the tests", err)
	}
	defer os.RemoveAll(home)
	certificates.StartTLS()
	defer certificates.Close()
	roots := filepath.Join(home, "roots.pem")
	if err := writeCertificate(roots); err != nil {
		return fail("writing the test certificate", err)
	}
	for name, value := range map[string]string{
		"HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home, "SSL_CERT_FILE": roots,
	} {
		if err := os.Setenv(name, value); err != nil {
			return fail("setting the environment of the tests", err)
		}
	}
	return m.Run()
}

func fail(doing string, err error) int {
	fmt.Fprintf(os.Stderr, "%s: %v\n", doing, err)
	return 1
}

func writeCertificate(file string) error {
	key, err := x509.MarshalPKCS8PrivateKey(certificates.TLS.Certificates[0].PrivateKey)
	if err != nil {
		return err
	}
	blocks := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificates.Certificate().Raw})
	blocks = append(blocks, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	return os.WriteFile(file, blocks, 0o600)
}
