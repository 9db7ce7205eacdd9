package berth

import (
	"net"
	"runtime"
	"syscall"
	"testing"
)

// A device goes away with a client still connected: meanwhile nobody reaches its address, nobody is given its port, and
// the device comes back to it.
func TestAnAddressIsKeptForWhoComesBack(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("addresses are kept on Linux only")
	}
	first, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := first.Addr().String()
	client, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	leave, err := Keep(address)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp", address); err == nil {
		c.Close()
		t.Error("a kept address takes connections")
	}
	// The system gives out as free what could be bound by itself, without sharing.
	alone := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0) })
	}}
	if other, err := alone.Listen(t.Context(), "tcp", address); err == nil {
		other.Close()
		t.Error("it could be given to somebody else")
	}
	again, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatalf("it cannot come back: %v", err)
	}
	defer again.Close()
	leave()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatalf("it is back and cannot be reached: %v", err)
	}
	c.Close()
}

func TestAnAddressThatIsNoneIsNotKept(t *testing.T) {
	leave, err := Keep("nowhere")
	if runtime.GOOS == "linux" && err == nil {
		t.Error("kept")
	}
	leave()
}

func TestAnAddressThatRefuses(t *testing.T) {
	address := Refusing(t)
	if c, err := net.Dial("tcp", address); err == nil {
		c.Close()
		t.Error("somebody answers")
	}
	if ln, err := net.Listen("tcp", address); err == nil && runtime.GOOS == "linux" {
		ln.Close()
		t.Error("somebody else can listen there")
	}
}
