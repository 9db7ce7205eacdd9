package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// oneShore is how three nodes share the machine's one network: whatever they dial comes here first. Who dials is told by
// whose process the connection belongs to, so that a direction can be closed between any two of them all the same.
type oneShore struct {
	nodes []*seat
	own   map[string]int // where worlds and members listen, by the ports' numbers in the demo

	work *sync.WaitGroup

	mu      sync.Mutex
	asked   []question
	looking bool
}

// chartOne lays the ways on one shore. The consoles are their own doors: everybody reaches them.
func (s *strait) chartOne(ports map[string]int, nodes []*seat) {
	s.t.Helper()
	s.one.nodes = nodes
	owner := map[string]int{}
	for i := 1; i < people; i++ {
		owner[fmt.Sprint(12379+2*(i-1))], owner[fmt.Sprint(12380+2*(i-1))] = i, i
		delete(ports, fmt.Sprint(8080+i-1))
	}
	for name, port := range ports {
		w := way{to: owner[name], port: s.one.own[name]}
		if strings.HasPrefix(name, "1800") {
			w.takes = farAway
		}
		s.meet(port, w)
		if name == "15353" || name == "15354" {
			s.meetWords(port, w)
		}
	}
}

// meet carries whatever is dialled at a port, by whoever dials.
func (s *strait) meet(port int, w way) {
	s.t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
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
			s.work.Go(func() {
				w := w
				w.from = s.one.whose("tcp", c.RemoteAddr().(*net.TCPAddr).Port, port)
				s.cross(c.(*net.TCPConn), w)
			})
		}
	})
}

// meetWords does the same for datagrams.
func (s *strait) meetWords(port int, w way) {
	s.t.Helper()
	l, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
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
			s.work.Go(func() {
				w := w
				w.from = s.one.whose("udp", who.Port, port)
				s.word(l, who, question, w)
			})
		}
	})
}

// question is whose a connection is that was dialled from one port to another.
type question struct {
	network  string
	port, to int
	answer   chan int
}

// whose says at which node the process stands that has dialled; the shore is everybody else. What is asked at once is looked
// up at once: a look at all connections of a busy machine takes many milliseconds.
func (o *oneShore) whose(network string, port, to int) int {
	q := question{network, port, to, make(chan int, 1)}
	o.mu.Lock()
	o.asked = append(o.asked, q)
	if !o.looking {
		o.looking = true
		o.work.Go(o.look)
	}
	o.mu.Unlock()
	return <-q.answer
}

// look answers until nobody asks any more.
func (o *oneShore) look() {
	for {
		o.mu.Lock()
		asked := o.asked
		o.asked, o.looking = nil, len(asked) > 0
		o.mu.Unlock()
		if len(asked) == 0 {
			return
		}
		tables := map[string][]byte{}
		for _, q := range asked {
			if tables[q.network] == nil {
				tables[q.network], _ = os.ReadFile("/proc/net/" + q.network)
			}
		}
		held := o.sockets()
		for _, q := range asked {
			q.answer <- held[inode(tables[q.network], q.port, q.to)]
		}
	}
}

// inode is the socket's that has a port and talks to another, as the system's table names it; "" where it is gone.
func inode(table []byte, port, to int) string {
	const loopback = "0100007F"
	at := bytes.Index(table, fmt.Appendf(nil, "%s:%04X %s:%04X ", loopback, port, loopback, to))
	if at < 0 {
		return ""
	}
	line, _, _ := bytes.Cut(table[at:], []byte{'\n'})
	if word := strings.Fields(string(line)); len(word) > 8 { // local, remote, state, queues, timer, retransmits, user, timeout, inode
		return word[8]
	}
	return ""
}

// sockets are those of the nodes' processes, by where they stand.
func (o *oneShore) sockets() map[string]int {
	out := map[string]int{}
	for i, s := range o.nodes {
		parent := int(s.pid.Load())
		if parent == 0 {
			continue
		}
		for pid := range childrenOf(parent) {
			for _, to := range opened(pid) {
				if name, ok := strings.CutPrefix(to, "socket:["); ok {
					out[strings.TrimSuffix(name, "]")] = i + 1
				}
			}
		}
	}
	delete(out, "")
	return out
}

// opened is what a process has open.
func opened(pid int) (out []string) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	all, _ := os.ReadDir(dir)
	for _, fd := range all {
		if to, err := os.Readlink(filepath.Join(dir, fd.Name())); err == nil {
			out = append(out, to)
		}
	}
	return out
}
