package berth

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// Keep reserves an IPv4 address whose listener has just gone. Connections to it are refused; whoever asks the system
// for any free port is given another one; and a listener on the very address may come back before leave is called, as
// it should. Its error says why the address could not be kept: it may come back all the same.
func Keep(address string) (leave func(), err error) {
	at, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		return func() {}, fmt.Errorf("keep %s: %w", address, err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return func() {}, fmt.Errorf("keep %s: %w", address, err)
	}
	leave = func() { _ = unix.Close(fd) }
	here := &unix.SockaddrInet4{Port: at.Port}
	copy(here.Addr[:], at.IP.To4())
	// Bound and not listening: two sockets may share an address so, and the system gives it to no third.
	if err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err == nil {
		err = unix.Bind(fd, here)
	}
	if err != nil {
		leave()
		return func() {}, fmt.Errorf("keep %s: %w", address, err)
	}
	return leave, nil
}
