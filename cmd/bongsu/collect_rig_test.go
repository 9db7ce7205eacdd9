package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bongsu/journal"
)

// outpost is a site whose devices stand in the test: they know who asked them, and when.
type outpost struct {
	t       *testing.T
	dir     string
	site    string
	devices []*polledDevice
	logs    *lockedBuffer
	client  *journal.Client
	began   time.Time
}

// polledDevice is a Modbus endpoint that notes its requests by connection.
type polledDevice struct {
	link string
	mu   sync.Mutex
	asks []*askingConn
	when []time.Time // of every request
}

// askingConn is one connection to a device. A process that serves a link has one at a time.
type askingConn struct {
	first, before, last time.Time // before is the one before the last
	n                   int
}

func (d *polledDevice) serve(ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		go d.answer(conn)
	}
}

func (d *polledDevice) answer(conn net.Conn) {
	defer conn.Close()
	var c *askingConn
	head := make([]byte, 12)
	for {
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		now := time.Now()
		d.mu.Lock()
		if c == nil {
			c = &askingConn{first: now, last: now}
			d.asks = append(d.asks, c)
		}
		c.before, c.last = c.last, now
		c.n++
		d.when = append(d.when, now)
		d.mu.Unlock()
		count := int(binary.BigEndian.Uint16(head[10:]))
		out := append(head[:4:4], 0, byte(3+2*count), head[6], head[7], byte(2*count))
		out = append(out, make([]byte, 2*count)...)
		if _, err := conn.Write(out); err != nil {
			return
		}
	}
}

// newest is the connection that asked last.
func (d *polledDevice) newest() askingConn {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out askingConn
	for _, c := range d.asks {
		if c.last.After(out.last) {
			out = *c
		}
	}
	return out
}

// back is when a device was asked again after the longest it was left alone since a moment, and that moment where it
// never was.
func (d *polledDevice) back(since time.Time) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	before, longest, out := since, time.Duration(0), since
	for _, at := range d.when {
		if at.Before(since) {
			before = at
			continue
		}
		if pause := at.Sub(before); pause > longest {
			longest, out = pause, at
		}
		before = at
	}
	return out
}

const outpostScan = time.Second

// newOutpost lays out a site with so many links, each first one of the three collectors' and then the others'.
func newOutpost(t *testing.T, links int) *outpost {
	t.Helper()
	// A socket's path is limited: the test's own folder may be too deep for it.
	dir, err := os.MkdirTemp("", "outpost")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &outpost{t: t, dir: dir, site: filepath.Join(dir, "sites", "x", "site.yaml"), logs: &lockedBuffer{}, began: time.Now()}
	var text strings.Builder
	fmt.Fprintf(&text, "id: x\nassets: [{id: x, kind: site}]\nlinks:\n")
	for i := range links {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = ln.Close() })
		d := &polledDevice{link: fmt.Sprintf("l%d", i)}
		go d.serve(ln)
		p.devices = append(p.devices, d)
		fmt.Fprintf(&text, "  - {id: %s, protocol: modbus, address: %q}\n", d.link, ln.Addr().String())
	}
	fmt.Fprint(&text, "devices:\n")
	for i := range links {
		fmt.Fprintf(&text, "  - {id: x/d%d, asset: x, link: l%d, unit: 1, points: [{name: v, unit: V, range: [0, 100], scan: %v, fn: 3, address: 0, type: uint16}]}\n", i, i, outpostScan)
	}
	fmt.Fprint(&text, "collectors:\n")
	for c := range 3 {
		ranks := [3][]string{}
		for i := range links {
			rank := (c - i%3 + 3) % 3
			ranks[rank] = append(ranks[rank], fmt.Sprintf("l%d", i))
		}
		fmt.Fprintf(&text, "  - {name: c%d, links: [%s], second: [%s], third: [%s]}\n", c+1, strings.Join(ranks[0], ", "), strings.Join(ranks[1], ", "), strings.Join(ranks[2], ", "))
	}
	if err := os.MkdirAll(filepath.Dir(p.site), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.site, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	p.client = journal.NewClient("unix:"+p.socket(), nil)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the processes said:\n%s", tail(p.logs.String(), 8000))
		}
	})
	return p
}

func (p *outpost) socket() string { return filepath.Join(p.dir, "data", "field", "field.sock") }

// start runs one process of the program until the test ends.
func (p *outpost) start(args ...string) *os.Process {
	p.t.Helper()
	bin, err := binaries()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(bin, "bongsu"), args...)
	cmd.Stdout, cmd.Stderr = p.logs, p.logs
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd.Process
}

func (p *outpost) collector(name, field string) *os.Process {
	p.t.Helper()
	return p.start("collect", "--site", p.site, "--name", name, "--field", field)
}

func (p *outpost) field() *os.Process {
	p.t.Helper()
	return p.start("field", "--site", p.site, "--data", filepath.Join(p.dir, "data"))
}

// report is what the field says of its wire; false while it does not answer.
func (p *outpost) report() (r wireReport, ok bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	resp, err := p.client.Do(ctx, http.MethodGet, "/wire", nil)
	if err != nil {
		return r, false
	}
	defer resp.Body.Close()
	return r, json.NewDecoder(resp.Body).Decode(&r) == nil
}

// owners waits until every link's owner is as wanted.
func (p *outpost) owners(what string, want func(link int, owner string) bool) {
	p.t.Helper()
	eventually(p.t, 2*time.Minute, what, func() bool {
		r, ok := p.report()
		for i, l := range r.Links {
			ok = ok && want(i, l.Owner)
		}
		return ok && len(r.Links) == len(p.devices)
	})
}

// resumed waits until every device is asked by those who own the links now, and gives the longest time from a moment
// until one was asked again. A link that did not have to move is asked all along.
func (p *outpost) resumed(since time.Time) time.Duration {
	p.t.Helper()
	owned, longest := time.Now(), time.Duration(0)
	for _, d := range p.devices {
		eventually(p.t, 2*time.Minute, d.link+" is asked again", func() bool { return d.newest().last.After(owned.Add(outpostScan)) })
		longest = max(longest, d.back(since).Sub(since))
	}
	return longest
}

// alone holds every device to the promise: no two connections asked it at once for longer than one scan. A process that
// is stopped between a look at its lease and the request sends that one request when it goes on, and nothing can keep it
// from that: so many of those are let pass, fewer than there would be if nobody looked.
func (p *outpost) alone(stray int) {
	p.t.Helper()
	for _, d := range p.devices {
		d.mu.Lock()
		for i, a := range d.asks {
			for _, b := range d.asks[i+1:] {
				from, both := together(*a, *b)
				if both <= outpostScan {
					continue
				}
				late := *a // it is the one that was there before
				if late.last = late.before; stray > 0 {
					if _, rest := together(late, *b); rest <= outpostScan {
						stray--
						p.t.Logf("%s was asked once more by the one that had stood still", d.link)
						continue
					}
				}
				p.t.Errorf("%s was asked by two for %v, from %.1f s on", d.link, both, from.Sub(p.began).Seconds())
			}
		}
		d.mu.Unlock()
	}
}

// together is from when and for how long two connections asked at once.
func together(a, b askingConn) (from time.Time, both time.Duration) {
	from, to := a.first, a.last
	if b.first.After(from) {
		from = b.first
	}
	if b.last.Before(to) {
		to = b.last
	}
	return from, to.Sub(from)
}

// gate is a way to the field that can be blocked: nothing comes through, and nobody is told.
type gate struct {
	mu      sync.Mutex
	open    *sync.Cond
	blocked bool
	conns   []net.Conn
	address string
}

func newGate(t *testing.T, socket string) *gate {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{address: ln.Addr().String()}
	g.open = sync.NewCond(&g.mu)
	t.Cleanup(func() { _ = ln.Close(); g.block(false) })
	go func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", socket)
			if err != nil {
				_ = near.Close()
				continue
			}
			g.mu.Lock()
			g.conns = append(g.conns, near, far)
			g.mu.Unlock()
			go g.carry(near, far)
			go g.carry(far, near)
		}
	}()
	return g
}

func (g *gate) carry(from, to net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		g.mu.Lock()
		blocked := g.blocked
		for err != nil && g.blocked { // nobody is told before the gate opens
			g.open.Wait()
		}
		g.mu.Unlock()
		if blocked && err == nil {
			continue
		}
		if err == nil {
			_, err = to.Write(buf[:n])
		}
		if err != nil {
			_, _ = from.Close(), to.Close()
			return
		}
	}
}

// block stops what comes, or ends the connections that were blocked and lets new ones through.
func (g *gate) block(on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.blocked = on
	if !on {
		for _, c := range g.conns {
			_ = c.Close()
		}
		g.conns = nil
		g.open.Broadcast()
	}
}

// resumedBy waits until every device was asked within the last two scans.
func (p *outpost) resumedBy(end time.Time) {
	p.t.Helper()
	for _, d := range p.devices {
		eventually(p.t, max(time.Until(end), time.Second), d.link+" is asked again", func() bool { return time.Since(d.newest().last) < 2*outpostScan })
	}
}
