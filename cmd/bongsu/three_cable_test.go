package main

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
)

// cable carries one desk's connections to one member, until it is cut.
type cable struct {
	mu   sync.Mutex
	cut  bool
	held map[net.Conn]bool
}

// lay puts a cable between this desk and a member: in this node's site file its end stands in the member's place.
func (s *seat) lay(member int) {
	s.t.Helper()
	c := &cable{held: map[net.Conn]bool{}}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", freePorts(s.t, 1)[0]))
	if err != nil {
		s.t.Fatal(err)
	}
	var carrying sync.WaitGroup
	carrying.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			carrying.Go(func() { c.carry(in, fmt.Sprintf("127.0.0.1:%d", member)) })
		}
	})
	s.t.Cleanup(func() {
		_ = l.Close()
		c.set(true)
		carrying.Wait()
	})
	own := l.Addr().String()
	changed(s.t, s.site, func(text string) string {
		return strings.Replace(text, fmt.Sprintf("client: \"127.0.0.1:%d\"", member), fmt.Sprintf("client: %q", own), 1)
	})
	s.cables = append(s.cables, c)
}

// carry copies both ways until either end closes. Through a cut cable nothing comes.
func (c *cable) carry(in net.Conn, to string) {
	out, err := net.Dial("tcp", to)
	if err != nil {
		_ = in.Close()
		return
	}
	if !c.hold(in, out) {
		return
	}
	defer c.drop(in, out)
	var ways sync.WaitGroup
	ways.Go(func() { _, _ = io.Copy(out, in); _ = out.Close() })
	_, _ = io.Copy(in, out)
	_ = in.Close()
	ways.Wait()
}

func (c *cable) hold(ends ...net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range ends {
		if c.cut {
			_ = e.Close()
			continue
		}
		c.held[e] = true
	}
	return !c.cut
}

func (c *cable) drop(ends ...net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range ends {
		_ = e.Close()
		delete(c.held, e)
	}
}

func (c *cable) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	for e := range c.held {
		if cut {
			_ = e.Close()
		}
	}
}

// cutOff takes a node away from the other sites: its own member stands still and its desk reaches no other. The
// messenger, the name servers and its building stay within its reach, which makes a leader as dangerous as it can be.
func (s *seat) cutOff(is bool) {
	s.t.Helper()
	for _, c := range s.cables {
		c.set(is)
	}
	sig := syscall.SIGCONT
	if is {
		sig = syscall.SIGSTOP
	}
	s.signalChild("member", sig)
}
