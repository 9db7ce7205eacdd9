package collectors

import (
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bongsu/facility"
)

func at(address int) *int { return &address }

// buildSite resolves devices the way a loaded site file is.
func buildSite(links []facility.Link, devices []facility.Device, profiles ...*facility.Profile) *facility.Site {
	s := &facility.Site{
		ID: "test", Links: links, Devices: devices,
		Profiles: map[string]*facility.Profile{}, Commands: map[facility.CommandID]facility.Command{},
	}
	for _, p := range profiles {
		s.Profiles[p.Name] = p
	}
	for i := range s.Devices {
		dev := &s.Devices[i]
		defs := dev.Points
		var commands []facility.CommandDef
		if p := s.Profiles[dev.Profile]; p != nil {
			defs, commands = append(slices.Clone(p.Points), defs...), p.Commands
		}
		for _, def := range defs {
			p := facility.Point{
				Ref: facility.Ref(len(s.Points)), ID: facility.PointID(string(dev.ID) + "/" + def.Name),
				Device: dev.ID, Kind: def.Kind, Enum: def.Enum, Scan: def.Scan, StaleAfter: def.Stale, Def: &def,
			}
			if p.StaleAfter == 0 {
				p.StaleAfter = 3 * def.Scan
			}
			if len(def.Range) == 2 {
				p.Min, p.Max = def.Range[0], def.Range[1]
			}
			dev.Refs = append(dev.Refs, p.Ref)
			s.Points = append(s.Points, p)
		}
		for _, def := range commands {
			c := facility.Command{ID: facility.CommandID(string(dev.ID) + "/" + def.Name), Device: dev.ID, Def: def}
			for _, ref := range dev.Refs {
				if s.Points[ref].Def.Name == def.Feedback {
					c.Feedback = ref
				}
			}
			s.Commands[c.ID] = c
		}
	}
	return s
}

func register(name string, address int, scan time.Duration) facility.PointDef {
	return facility.PointDef{Name: name, Function: 3, Address: at(address), Type: "uint16", Scan: scan}
}

// fakeDevice answers one protocol data unit of one unit; nil is silence.
type fakeDevice func(unit byte, pdu []byte) []byte

// registersOf answers every read with the register's own address as its value.
func registersOf(_ byte, pdu []byte) []byte {
	address, count := binary.BigEndian.Uint16(pdu[1:]), int(binary.BigEndian.Uint16(pdu[3:]))
	switch pdu[0] {
	case 3, 4:
		out := []byte{pdu[0], byte(2 * count)}
		for i := range count {
			out = binary.BigEndian.AppendUint16(out, address+uint16(i))
		}
		return out
	case 5, 6:
		return pdu
	}
	return []byte{pdu[0] | exception, 1}
}

// serve speaks Modbus TCP on one connection until it is closed.
func (d fakeDevice) serve(conn net.Conn) {
	defer conn.Close()
	for {
		header := make([]byte, headerSize)
		if _, err := io.ReadFull(conn, header); err != nil {
			return
		}
		pdu := make([]byte, binary.BigEndian.Uint16(header[4:])-1)
		if _, err := io.ReadFull(conn, pdu); err != nil {
			return
		}
		answer := d(header[6], pdu)
		if answer == nil {
			continue
		}
		if _, err := conn.Write(frame(header[:2], header[6], answer)); err != nil {
			return
		}
	}
}

// frame puts a protocol data unit behind its header.
func frame(transaction []byte, unit byte, pdu []byte) []byte {
	out := append(slices.Clone(transaction), 0, 0)
	out = binary.BigEndian.AppendUint16(out, uint16(len(pdu)+1))
	return append(append(out, unit), pdu...)
}

// pipeDial connects to the device in memory, for loops in virtual time. Each connection is counted.
func (d fakeDevice) pipeDial(dials *atomic.Int32) dialFunc {
	return func(context.Context, string, string) (net.Conn, error) {
		dials.Add(1)
		near, far := net.Pipe()
		go d.serve(far)
		return near, nil
	}
}

// tap reads everything the bus carries.
type tap struct {
	reader *facility.Reader
	mu     sync.Mutex
	newest map[facility.Ref]facility.Sample
	count  map[facility.Ref]int
	queued []facility.Sample // taken from the bus but not yet looked at by await
}

func newTap(bus *facility.Bus) *tap {
	return &tap{
		reader: bus.Subscribe("test", facility.KeepOrder, 1<<20),
		newest: map[facility.Ref]facility.Sample{}, count: map[facility.Ref]int{},
	}
}

// drain takes what is queued and returns it in order.
func (p *tap) drain() []facility.Sample {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []facility.Sample
	batches, _ := p.reader.Take()
	for _, b := range batches {
		for _, s := range b {
			p.newest[s.Point] = s
			p.count[s.Point]++
		}
		out = append(out, b...)
	}
	return out
}

// patience bounds what must happen at all, on a machine that is busy with something else.
const patience = time.Minute

// await returns the first sample from now on for which ok holds. It fails the test after a time that
// no healthy run comes near.
func (p *tap) await(t *testing.T, what string, ok func(facility.Sample) bool) facility.Sample {
	t.Helper()
	late := time.After(patience)
	for {
		p.queued = append(p.queued, p.drain()...)
		for len(p.queued) > 0 {
			s := p.queued[0]
			p.queued = p.queued[1:]
			if ok(s) {
				return s
			}
		}
		select {
		case <-p.reader.Ready():
		case <-late:
			t.Fatalf("never saw %s", what)
		}
	}
}

func isGood(s facility.Sample) bool { return s.Quality == facility.Good }

func isLost(s facility.Sample) bool {
	return s.Quality == facility.Bad && s.Reason == facility.CommsLost
}

// start runs the collectors of a site until the test ends, and fails it when they do not end cleanly
// or leave goroutines behind. Tests that use it do not run in parallel.
func start(t *testing.T, site *facility.Site, opts Options) (*Collectors, *tap) {
	t.Helper()
	c, p, stop := run(t, site, opts)
	t.Cleanup(func() {
		stop()
		awaitNothingLeft(t)
	})
	return c, p
}

// startAlone runs the collectors of a site until stop is called.
func startAlone(t *testing.T, site *facility.Site) (stop func(), p *tap) {
	t.Helper()
	_, p, stop = run(t, site, Options{})
	return stop, p
}

func run(t *testing.T, site *facility.Site, opts Options) (*Collectors, *tap, func()) {
	t.Helper()
	bus := facility.NewBus()
	p := newTap(bus)
	c, err := New(site, bus, slogDiscard(), opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	var once sync.Once
	stop := func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-done:
				if err != nil {
					t.Errorf("run: %v", err)
				}
			case <-time.After(patience):
				t.Error("the collectors do not stop")
			}
		})
	}
	t.Cleanup(stop)
	return c, p, stop
}

// awaitNothingLeft waits until none of our goroutines, nor of the MQTT client's, runs any more.
func awaitNothingLeft(t *testing.T) {
	t.Helper()
	stacks := make([]byte, 1<<20)
	var left []string
	for end := time.Now().Add(patience); time.Now().Before(end); {
		left = left[:0]
		for g := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
			for _, ours := range []string{"collectors.(*modbusLink)", "collectors.(*mqttLink)", "collectors.(*Collectors)", "paho.mqtt.golang."} {
				if strings.Contains(g, ours) {
					left = append(left, g)
					break
				}
			}
		}
		if len(left) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines left behind:\n%s", len(left), strings.Join(left, "\n\n"))
}

// loopback is an address of this machine that no other process uses, where the system has more than one: what
// listens there may go and come back, and neither a connection nor another package's test sits on its port meanwhile.
func loopback() string {
	pid := os.Getpid()
	own := net.IPv4(127, byte(64+pid>>16&63), byte(pid>>8), byte(pid)).String()
	l, err := net.Listen("tcp", own+":0")
	if err != nil {
		return "127.0.0.1"
	}
	_ = l.Close()
	return own
}

// freeAddress is one nobody listens on now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", loopback()+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func slogDiscard() *slog.Logger { return slog.New(slog.DiscardHandler) }
