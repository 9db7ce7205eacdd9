package main

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"bongsu/facility"
)

// hotPlant is Modbus devices on loopback: what is asked is answered from tables, outputs move their feedback
// at once, and it is noted when a hot reading left and when a command came.
type hotPlant struct {
	ln    []net.Listener
	wait  sync.WaitGroup
	mu    sync.Mutex
	conns []net.Conn
	value map[cell]uint16
	moves map[cell]moved
	racks map[place]*hotRack
	last  time.Time   // reading of a cell temperature
	reads []time.Time // readings of what the fire response waits for before it judges a scan
	// watch is told what registers are sent, under the lock.
	watch func(link, unit, fn, address, count int, now time.Time)
}

// cell is one value of a unit behind a link; links are counted from 0, two for each room.
type cell struct{ link, unit, fn, address int }

type moved struct {
	at    cell
	value uint16
}

type place struct{ room, rack int }

// hotRack is what was noted of a rack since it was heated.
type hotRack struct {
	reads    [2]int // hot ones, of the cells and of the air
	decided  time.Time
	commands map[int]time.Time // the first to each coil
}

func startHotPlant(b *testing.B, links int) *hotPlant {
	b.Helper()
	p := &hotPlant{value: map[cell]uint16{}, moves: map[cell]moved{}, racks: map[place]*hotRack{}}
	p.watch = p.note
	for link := range links {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		p.ln = append(p.ln, ln)
		p.wait.Go(func() { p.accept(link, ln) })
	}
	return p
}

func (p *hotPlant) addresses() (out []string) {
	for _, ln := range p.ln {
		out = append(out, ln.Addr().String())
	}
	return out
}

// learn takes the feedback of every command and a normal temperature for every point of that unit.
func (p *hotPlant) learn(site *facility.Site) {
	links := map[string]int{}
	for i, l := range site.Links {
		links[l.ID] = i
	}
	units := map[facility.DeviceID][2]int{}
	for _, d := range site.Devices {
		units[d.ID] = [2]int{links[d.Link], d.Unit}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pt := range site.Points {
		if at := units[pt.Device]; pt.Def.Unit == "degC" && pt.Def.Address != nil {
			p.value[cell{at[0], at[1], pt.Def.Function, *pt.Def.Address}] = normalTenths
		}
	}
	for _, c := range site.Commands {
		shows := site.Points[c.Feedback]
		from, to := units[c.Device], units[shows.Device]
		p.moves[cell{from[0], from[1], 5, *c.Def.Address}] = moved{cell{to[0], to[1], shows.Def.Function, *shows.Def.Address}, uint16(c.Def.Equals)}
	}
}

// heat gives both voting channels of a rack a temperature, from one moment on.
func (p *hotPlant) heat(room, rack int, tenths uint16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.value[cell{2 * room, rack, 3, cellRegister}] = tenths
	p.value[cell{2*room + 1, rack, 4, 0}] = tenths
	p.racks[place{room, rack}] = &hotRack{commands: map[int]time.Time{}}
}

func (p *hotPlant) lastScan() time.Time { p.mu.Lock(); defer p.mu.Unlock(); return p.last }

// decided is when the reading that decides was sent.
func (p *hotPlant) decided(room, rack int) (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.racks[place{room, rack}]
	return r.decided, !r.decided.IsZero()
}

// scanned is when the last reading before a moment was sent.
func (p *hotPlant) scanned(before time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, _ := slices.BinarySearchFunc(p.reads, before, time.Time.Compare)
	return p.reads[max(i-1, 0)]
}

func (p *hotPlant) commanded(room, rack, coil int) (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.racks[place{room, rack}].commands[coil]
	return at, ok
}

func (p *hotPlant) close() {
	for _, ln := range p.ln {
		_ = ln.Close()
	}
	p.mu.Lock()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.wait.Wait()
}

func (p *hotPlant) accept(link int, ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.conns = append(p.conns, conn)
		p.mu.Unlock()
		p.wait.Go(func() { p.serve(link, conn) })
	}
}

func (p *hotPlant) serve(link int, conn net.Conn) {
	defer conn.Close()
	request := make([]byte, 12) // all that is asked here is as long as this
	for {
		if _, err := io.ReadFull(conn, request); err != nil {
			return
		}
		pdu := p.answer(link, request)
		header := append([]byte(nil), request[:7]...)
		binary.BigEndian.PutUint16(header[4:], uint16(len(pdu)+1))
		if _, err := conn.Write(append(header, pdu...)); err != nil {
			return
		}
	}
}

// answer is the PDU that answers a request: function, address, count or value.
func (p *hotPlant) answer(link int, request []byte) []byte {
	unit, fn := int(request[6]), int(request[7])
	address, count := int(binary.BigEndian.Uint16(request[8:])), int(binary.BigEndian.Uint16(request[10:]))
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	switch fn {
	case 1, 2:
		out := make([]byte, 2+(count+7)/8)
		out[0], out[1] = byte(fn), byte((count+7)/8)
		for i := range count {
			if p.value[cell{link, unit, fn, address + i}] != 0 {
				out[2+i/8] |= 1 << (i % 8)
			}
		}
		return out
	case 3, 4:
		out := []byte{byte(fn), byte(2 * count)}
		for i := range count {
			out = binary.BigEndian.AppendUint16(out, p.value[cell{link, unit, fn, address + i}])
		}
		p.watch(link, unit, fn, address, count, now)
		return out
	case 5:
		if m, ok := p.moves[cell{link, unit, fn, address}]; ok {
			p.value[m.at] = m.value
		}
		p.value[cell{link, unit, 1, address}] = min(uint16(count), 1)
		if r := p.racks[place{link / 2, unit}]; r != nil && r.commands[address].IsZero() {
			r.commands[address] = now
		}
		return request[7:]
	}
	return []byte{byte(fn) | 0x80, 1}
}

// note counts the readings of a hot rack, a channel each for its cells and its air; the lock is held.
func (p *hotPlant) note(link, unit, fn, address, count int, now time.Time) {
	cells := link%2 == 0 && fn == 3 && address <= cellRegister && cellRegister < address+count
	air := link%2 == 1 && fn == 4 && address == 0
	if cells {
		p.last = now
	}
	if cells || air {
		p.reads = append(p.reads, now)
	}
	r := p.racks[place{link / 2, unit}]
	if r == nil || !cells && !air {
		return
	}
	which := 0
	if air {
		which = 1
	}
	r.reads[which]++
	if r.decided.IsZero() && min(r.reads[0], r.reads[1]) == decidingScan {
		r.decided = now
	}
}
