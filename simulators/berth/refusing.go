//go:build unix

package berth

import (
	"fmt"
	"syscall"
)

// Test is what Refusing asks of a test.
type Test interface {
	Helper()
	Fatal(args ...any)
	Cleanup(done func())
}

// Refusing is an address of a test where nobody listens, and nobody else can while the test runs: its port is bound.
func Refusing(t Test) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", at.(*syscall.SockaddrInet4).Port)
}
