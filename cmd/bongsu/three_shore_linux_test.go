package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// oneShore is how three nodes share the machine's one network: whatever they dial comes here first. Who dials is told by
// whose process the connection belongs to, so that a direction can be closed between any two of them all the same.
type oneShore struct {
	nodes []*seat
	own   map[string]int // where worlds and members listen, by the ports' numbers in the demo

	mu     sync.Mutex
	known  map[int]int // where each process stands
	looked time.Time
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

// whose says at which node the process stands whose socket has a port and talks to another; the shore is everybody else.
func (o *oneShore) whose(network string, port, to int) int {
	text, _ := os.ReadFile("/proc/net/" + network)
	local, remote := fmt.Sprintf(":%04X", port), fmt.Sprintf(":%04X", to)
	for line := range bytes.Lines(text) {
		word := strings.Fields(string(line)) // slot, local, remote, state, queues, timer, retransmits, user, timeout, inode
		if len(word) < 10 || !strings.HasSuffix(word[1], local) || !strings.HasSuffix(word[2], remote) {
			continue
		}
		for fresh := range 2 {
			for pid, place := range o.processes(fresh > 0) {
				if holds(pid, "socket:["+word[9]+"]") {
					return place
				}
			}
		}
	}
	return shore
}

// processes are those of the nodes and worlds by where they stand. They are looked up anew where that is asked for, but not
// many times a second: a socket may be gone before anybody looks.
func (o *oneShore) processes(anew bool) map[int]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.known != nil && (!anew || time.Since(o.looked) < 200*time.Millisecond) {
		return o.known
	}
	o.known, o.looked = map[int]int{}, time.Now()
	for pid := range childrenOf(os.Getpid()) {
		o.known[pid] = shore
	}
	for i, s := range o.nodes {
		if parent := int(s.pid.Load()); parent > 0 {
			delete(o.known, parent)
			for pid := range childrenOf(parent) {
				o.known[pid] = i + 1
			}
		}
	}
	return o.known
}

// holds says whether a process has something open.
func holds(pid int, what string) bool {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	open, _ := os.ReadDir(dir)
	for _, fd := range open {
		if to, err := os.Readlink(filepath.Join(dir, fd.Name())); err == nil && to == what {
			return true
		}
	}
	return false
}
