package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// shore is the network that the simulated world and the tests stand in; the nodes' islands have the numbers 1 to 3.
// People's ways to the consoles begin at the shore too, but are ways of their own: they stay open whatever is closed.
const (
	shore  = 0
	people = 4
	places = 5
)

// island is a network of its own with its own loopback. One thread stands in it for good: what that thread opens or
// starts belongs there.
type island struct {
	do chan func()
}

// newIsland makes a network that nothing reaches yet. It needs root.
func newIsland(t testing.TB) (*island, error) {
	i, ready := &island{do: make(chan func())}, make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		err := syscall.Unshare(syscall.CLONE_NEWNET)
		if err == nil {
			err = loopbackUp()
		}
		ready <- err
		for fn := range i.do {
			fn()
		}
	}()
	if err := <-ready; err != nil {
		close(i.do)
		return nil, err
	}
	t.Cleanup(func() { close(i.do) })
	return i, nil
}

// loopbackUp lets 127.0.0.1 answer in the thread's network.
func loopbackUp() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer func() { _ = syscall.Close(fd) }()
	request := struct {
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP | syscall.IFF_RUNNING}
	copy(request.name[:], "lo")
	if _, _, no := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); no != 0 {
		return os.NewSyscallError("ioctl", no)
	}
	return nil
}

// in runs something in the island and waits for it; without an island it runs where the caller stands.
func (i *island) in(fn func()) {
	if i == nil {
		fn()
		return
	}
	done := make(chan struct{})
	i.do <- func() { defer close(done); fn() }
	<-done
}

// farAway is how long a word takes to the messenger or back: acts on it last long enough for something to go wrong just
// then, so that nobody knows what became of them.
const farAway = 200 * time.Millisecond

// strait is the sea between the islands. What one says to another crosses it as long as that one direction is open:
// what meets a closed direction waits, as packets do that nobody acknowledges, and goes on when it opens.
//
// Where networks of their own cannot be had all stand on one shore, see one: there is no island then.
type strait struct {
	t      testing.TB
	at     [places]*island
	one    *oneShore // nil where each node has an island
	mu     sync.Mutex
	change *sync.Cond
	closed [places][places]bool
	far    map[int]time.Duration // how long a word takes to or from a port; nothing where none is given
	ended  bool
	ends   map[io.Closer]bool
	work   sync.WaitGroup
}

func newStrait(t testing.TB) *strait {
	s := &strait{t: t, ends: map[io.Closer]bool{}, far: map[int]time.Duration{}}
	s.change = sync.NewCond(&s.mu)
	t.Cleanup(s.end)
	for i := 1; i < people && s.one == nil; i++ {
		var err error
		if s.at[i], err = newIsland(t); err != nil || os.Getenv("BONGSU_ONE_SHORE") != "" {
			t.Logf("no network of its own for each node, and no disks: what goes between them is told apart by whose connection it is (%v)", err)
			s.one, s.at = &oneShore{work: &s.work}, [places]*island{}
		}
	}
	return s
}

// set closes or opens one direction.
func (s *strait) set(from, to int, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed[from][to] = closed
	s.change.Broadcast()
}

// pass waits until a direction is open; false at the end of the test.
func (s *strait) pass(from, to int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.closed[from][to] && !s.ended {
		s.change.Wait()
	}
	return !s.ended
}

func (s *strait) shut(from, to int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed[from][to]
}

// hold keeps what has to be closed at the end; false when that has come.
func (s *strait) hold(c io.Closer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		_ = c.Close()
		return false
	}
	s.ends[c] = true
	return true
}

func (s *strait) drop(c io.Closer) {
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ends, c)
}

func (s *strait) end() {
	s.mu.Lock()
	s.ended = true
	for c := range s.ends {
		_ = c.Close()
	}
	s.change.Broadcast()
	s.mu.Unlock()
	s.work.Wait()
}

// carry lets a port of one island be found under the same number in another.
func (s *strait) carry(from, to, port int) {
	s.t.Helper()
	var l net.Listener
	var err error
	s.at[from].in(func() { l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)) })
	if err != nil {
		s.t.Fatal(err)
	}
	s.hold(l)
	s.work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.work.Go(func() { s.cross(c.(*net.TCPConn), way{from, to, port, s.far[port]}) })
		}
	})
}

// chart lays the ways of three nodes whose files name these ports, by the number each has in the demo: everybody finds
// the world, everybody's members find each other, and from the shore the consoles are seen.
func (s *strait) chart(ports map[string]int) {
	s.t.Helper()
	owner := map[string]int{}
	for i := 1; i < people; i++ {
		console := fmt.Sprint(8080 + i - 1)
		owner[console], owner[fmt.Sprint(12379+2*(i-1))], owner[fmt.Sprint(12380+2*(i-1))] = i, i, i
		s.carry(people, i, ports[console])
		delete(ports, console)
	}
	for _, name := range []string{"18001", "18002", "18003"} {
		s.far[ports[name]] = farAway
	}
	for name, port := range ports {
		for i := 1; i < people; i++ {
			if i == owner[name] {
				continue
			}
			s.carry(i, owner[name], port)
			if name == "15353" || name == "15354" {
				s.carryWords(i, owner[name], port)
			}
		}
	}
}

// way is how a connection goes: from where, to which port of where, and how long a word takes.
type way struct {
	from, to, port int
	takes          time.Duration
}

// cross carries one connection until both its ends have said all.
func (s *strait) cross(in *net.TCPConn, w way) {
	if !s.hold(in) {
		return
	}
	defer s.drop(in)
	if !s.pass(w.from, w.to) || !s.pass(w.to, w.from) {
		return
	}
	var c net.Conn
	var err error
	s.at[w.to].in(func() { c, err = net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", w.port), time.Second) })
	if err != nil {
		_ = in.SetLinger(0) // refused there, and so here
		return
	}
	out := c.(*net.TCPConn)
	if !s.hold(out) {
		return
	}
	defer s.drop(out)
	var ways sync.WaitGroup
	there, back := lane{w.from, w.to, w.takes}, lane{w.to, w.from, w.takes}
	ways.Go(func() { s.copy(out, in, there) })
	s.copy(in, out, back)
	ways.Wait()
}

// lane is one direction of a connection.
type lane struct {
	from, to int
	takes    time.Duration
}

// copy carries one direction. Its end crosses as its words do; one that broke takes the other direction along.
func (s *strait) copy(dst, src *net.TCPConn, l lane) {
	buf := make([]byte, 32<<10)
	for {
		n, err := src.Read(buf)
		if n > 0 {
			time.Sleep(l.takes)
		}
		if !s.pass(l.from, l.to) {
			return
		}
		if n > 0 {
			if _, err := dst.Write(buf[:n]); err != nil {
				_ = src.Close()
				return
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			_ = dst.CloseWrite()
			return
		case err != nil:
			_ = dst.Close()
			return
		}
	}
}

// carryWords does the same for datagrams: those that meet a closed direction are lost.
func (s *strait) carryWords(from, to, port int) {
	s.t.Helper()
	var l *net.UDPConn
	var err error
	at := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}
	s.at[from].in(func() { l, err = net.ListenUDP("udp", at) })
	if err != nil {
		s.t.Fatal(err)
	}
	s.hold(l)
	s.work.Go(func() {
		buf := make([]byte, 64<<10)
		for {
			n, who, err := l.ReadFromUDP(buf)
			if err != nil {
				return
			}
			question := append([]byte(nil), buf[:n]...)
			s.work.Go(func() { s.word(l, who, question, way{from: from, to: to, port: port}) })
		}
	})
}

// word carries one question and its answer.
func (s *strait) word(l *net.UDPConn, who *net.UDPAddr, question []byte, w way) {
	var out *net.UDPConn
	var err error
	s.at[w.to].in(func() { out, err = net.DialUDP("udp", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: w.port}) })
	if err != nil || !s.hold(out) {
		return
	}
	defer s.drop(out)
	_ = out.SetDeadline(time.Now().Add(5 * time.Second))
	if s.shut(w.from, w.to) {
		return
	}
	_, _ = out.Write(question)
	answer := make([]byte, 64<<10)
	if n, err := out.Read(answer); err == nil && !s.shut(w.to, w.from) {
		_, _ = l.WriteToUDP(answer[:n], who)
	}
}
