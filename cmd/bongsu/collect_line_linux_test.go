package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	broker "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
	"golang.org/x/sys/unix"

	"bongsu/journal"
)

// A broker is listened to by one of two collectors, or the field itself; a serial line ends at the machine of one collector.
// Collectors are killed and stopped: the broker has another listener soon, the line has its own as soon as it is back, and
// neither ever has two for longer than a scan.
func TestCollectorsOfALineAndABrokerThatDie(t *testing.T) {
	t.Parallel()
	leak, hall := newLeakLine(t), newHallBroker(t)
	p := newLinePost(t, leak.path, hall.address)
	way := "unix:" + p.socket()
	yard, first, second := p.collector("yard", way), p.collector("c1", way), p.collector("c2", way)
	field := p.field()
	leak.mayHold(yard.Pid, first.Pid, second.Pid, field.Pid)
	p.owned(t, "yard", "c1")
	eventually(t, 2*time.Minute, "the line is asked", func() bool { return !leak.newest().IsZero() })
	eventually(t, 2*time.Minute, "the hall has a listener", func() bool { return !hall.back(time.Time{}).IsZero() })
	judge := func(what string, took time.Duration) {
		t.Logf("%s %v later", what, took.Round(time.Millisecond))
		if took > within() {
			t.Errorf("%s %v later", what, took)
		}
	}

	killed := time.Now()
	for _, c := range []*os.Process{yard, first} {
		if err := c.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	p.owned(t, "", "c2")
	eventually(t, 2*time.Minute, "the second listens", func() bool { return hall.back(killed).After(killed) })
	judge("killed: the broker has its next listener", hall.back(killed).Sub(killed))

	again := time.Now()
	yard = p.collector("yard", way)
	leak.mayHold(yard.Pid, second.Pid, field.Pid)
	eventually(t, 2*time.Minute, "the line is asked again", func() bool { return leak.newest().After(again) })
	judge("started anew: the line is asked", leak.first(again).Sub(again))

	stopped := time.Now()
	if err := second.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.owned(t, "yard", "field")
	eventually(t, 2*time.Minute, "the field listens", func() bool { return hall.back(stopped).After(stopped) })
	judge("stopped: the field listens", hall.back(stopped).Sub(stopped))
	if both := leak.both(); both > lineScan {
		t.Errorf("the line was asked by two for %v", both)
	}
	if both := hall.both(); both > lineScan {
		t.Errorf("the broker had two listeners for %v", both)
	}
}

// owned waits until the line and the hall are whose they shall be.
func (p *outpost) owned(t *testing.T, line, hall string) {
	t.Helper()
	var last wireReport
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%+v", last.Links)
		}
	})
	eventually(t, 2*time.Minute, fmt.Sprintf("the line is %q's and the hall %q's", line, hall), func() bool {
		r, ok := p.report()
		last = r
		want := map[string]string{"line": line, "hall": hall}
		for _, l := range r.Links {
			ok = ok && l.Owner == want[string(l.ID)]
		}
		return ok && len(r.Links) == 2
	})
}

const lineScan = time.Second

// newLinePost is an outpost with a serial line that ends at one collector's machine, and a broker that others reach.
func newLinePost(t *testing.T, line, hall string) *outpost {
	t.Helper()
	dir, err := os.MkdirTemp("", "outpost")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &outpost{t: t, dir: dir, site: filepath.Join(dir, "sites", "x", "site.yaml"), logs: &lockedBuffer{}, began: time.Now()}
	text := fmt.Sprintf(`id: x
assets: [{id: x, kind: site}]
links:
  - {id: line, protocol: modbus, address: %q, framing: rtu, serial: {baud: 115200, parity: none, stop_bits: 2}}
  - {id: hall, protocol: mqtt, address: %q}
devices:
  - {id: x/leak, asset: x, link: line, unit: 1, points: [{name: v, unit: V, range: [0, 100], scan: %v, fn: 3, address: 0, type: uint16}]}
  - {id: x/door, asset: x, link: hall, topic: hall/door, points: [{name: t, unit: degC, range: [-10, 60], scan: %v, topic: t, format: plain}]}
collectors:
  - {name: yard, links: [line], out_of_reach: true}
  - {name: c1, links: [hall]}
  - {name: c2, second: [hall]}
`, line, hall, lineScan, lineScan)
	if err := os.MkdirAll(filepath.Dir(p.site), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.site, []byte(text), 0o600); err != nil {
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

// leakLine is a device at the far end of a serial line. It notes when it was asked, and by how many processes the line was
// held then.
type leakLine struct {
	path string // of the near end
	end  *os.File

	mu   sync.Mutex
	pids []int
	asks []lineAsk
}

type lineAsk struct {
	at      time.Time
	holders int
}

func newLeakLine(t *testing.T) *leakLine {
	t.Helper()
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("this machine has no pseudo-terminals: %v", err)
	}
	raw, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var number int
	var failure error
	err = raw.Control(func(fd uintptr) {
		if failure = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); failure == nil {
			number, failure = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err != nil || failure != nil {
		t.Fatal(err, failure)
	}
	d := &leakLine{path: fmt.Sprintf("/dev/pts/%d", number), end: f}
	ended := make(chan struct{})
	go func() { defer close(ended); d.serve() }()
	t.Cleanup(func() { _ = f.Close(); <-ended })
	return d
}

// mayHold names the processes that may have the line.
func (d *leakLine) mayHold(pids ...int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pids = pids
}

// serve answers every request for registers until the line is gone. While nobody holds the near end reading fails.
func (d *leakLine) serve() {
	for request := make([]byte, 8); ; {
		switch _, err := io.ReadFull(d.end, request); {
		case err == nil:
		case strings.Contains(err.Error(), os.ErrClosed.Error()):
			return
		default:
			time.Sleep(5 * time.Millisecond)
			continue
		}
		d.note()
		count := 2 * int(request[5])
		answer := append([]byte{request[0], request[1], byte(count)}, make([]byte, count)...)
		_, _ = d.end.Write(checked(answer))
	}
}

func (d *leakLine) note() {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := lineAsk{at: time.Now()}
	for _, pid := range d.pids {
		if slices.Contains(opened(pid), d.path) {
			a.holders++
		}
	}
	d.asks = append(d.asks, a)
}

// checked puts the check of a frame behind it.
func checked(frame []byte) []byte {
	sum := uint16(0xffff)
	for _, b := range frame {
		sum ^= uint16(b)
		for range 8 {
			if odd := sum & 1; odd == 1 {
				sum = sum>>1 ^ 0xa001
			} else {
				sum >>= 1
			}
		}
	}
	return append(frame, byte(sum), byte(sum>>8))
}

func (d *leakLine) newest() (at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.asks); n > 0 {
		at = d.asks[n-1].at
	}
	return at
}

// first is when it was first asked after a moment.
func (d *leakLine) first(since time.Time) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range d.asks {
		if a.at.After(since) {
			return a.at
		}
	}
	return since
}

// both is the longest time for which it was asked while more than one held the line.
func (d *leakLine) both() (longest time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var from time.Time
	for _, a := range d.asks {
		switch {
		case a.holders < 2:
			from = time.Time{}
		case from.IsZero():
			from = a.at
		default:
			longest = max(longest, a.at.Sub(from))
		}
	}
	return longest
}

// hallBroker is a real broker at which a door says its temperature twice a second. It notes who listens from when to when.
type hallBroker struct {
	broker.HookBase
	address string

	mu      sync.Mutex
	spells  map[*broker.Client]*listening
	entered []*listening
}

// listening is how long one connection was subscribed; to is zero while it is.
type listening struct{ from, to time.Time }

func newHallBroker(t *testing.T) *hallBroker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hallBroker{address: l.Addr().String(), spells: map[*broker.Client]*listening{}}
	server := broker.New(&broker.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	if err := server.AddHook(h, nil); err != nil {
		t.Fatal(err)
	}
	if err := server.AddListener(listeners.NewNet("hall", l)); err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(); err != nil {
		t.Fatal(err)
	}
	ended, said := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(said)
		for tick := time.NewTicker(lineScan / 2); ; {
			select {
			case <-ended:
				tick.Stop()
				return
			case <-tick.C:
				_ = server.Publish("hall/door/t", []byte("21.5"), false, 1)
			}
		}
	}()
	t.Cleanup(func() { close(ended); <-said; _ = server.Close() })
	return h
}

func (*hallBroker) ID() string { return "hall" }

func (*hallBroker) Provides(question byte) bool {
	return slices.Contains([]byte{broker.OnConnectAuthenticate, broker.OnACLCheck, broker.OnSubscribed, broker.OnDisconnect}, question)
}

func (*hallBroker) OnConnectAuthenticate(*broker.Client, packets.Packet) bool { return true }
func (*hallBroker) OnACLCheck(*broker.Client, string, bool) bool              { return true }

func (h *hallBroker) OnSubscribed(c *broker.Client, p packets.Packet, _ []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	door := slices.ContainsFunc(p.Filters, func(s packets.Subscription) bool { return strings.HasPrefix(s.Filter, "hall/door") })
	if h.spells[c] == nil && door {
		h.spells[c] = &listening{from: time.Now()}
		h.entered = append(h.entered, h.spells[c])
	}
}

func (h *hallBroker) OnDisconnect(c *broker.Client, _ error, _ bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.spells[c]; s != nil && s.to.IsZero() {
		s.to = time.Now()
	}
}

// back is when somebody first listened that did not before a moment, and that moment where nobody did.
func (h *hallBroker) back(since time.Time) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.entered {
		if s.from.After(since) {
			return s.from
		}
	}
	return since
}

// both is the longest time for which two listened.
func (h *hallBroker) both() (longest time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, a := range h.entered {
		for _, b := range h.entered[i+1:] {
			end := a.to
			if end.IsZero() || !b.to.IsZero() && b.to.Before(end) {
				end = b.to
			}
			if end.IsZero() {
				end = time.Now()
			}
			longest = max(longest, end.Sub(b.from))
		}
	}
	return longest
}
