package share

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"bongsu/facility"
)

// Path is where a field's door takes collectors; a connection to it is upgraded to the protocol of this package.
const Path = "/collect"

// upgrade is the protocol's name.
const upgrade = "bongsu-collect"

const (
	greetPatience  = 5 * time.Second
	reportEvery    = time.Second
	devicesEvery   = 10 // reports
	waitingToSend  = 4096
	sendAtOnce     = 64 // batches between two looks at what else is to be said
	connectionRoom = 64 << 10
	// ordersAtOnce bounds the orders that are being carried out. The fire response gives one a device at a time, of all
	// links together: those of a dead link, which wait, must leave room for the water on a healthy one.
	ordersAtOnce = 2048
)

// talk is one connection with the field, as the collector has it.
type talk struct {
	*shift
	conn  net.Conn
	in    *bufio.Reader
	out   *bufio.Writer
	queue chan message
	room  []byte

	sentMu sync.Mutex
	sent   map[uint64]time.Duration // beats on their way, by number
	doing  map[uint64]context.CancelFunc
}

// session connects, says who we are, and serves until ctx ends or the connection does.
func (s *shift) session(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, greetPatience)
	defer cancel()
	conn, err := s.cfg.Dial(within)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	t := &talk{shift: s, conn: conn, in: bufio.NewReaderSize(conn, connectionRoom), out: bufio.NewWriterSize(conn, connectionRoom),
		queue: make(chan message, waitingToSend), sent: map[uint64]time.Duration{}, doing: map[uint64]context.CancelFunc{}}
	if err := t.greet(); err != nil {
		return err
	}
	s.connected(t.queue)
	defer s.connected(nil)
	ended := make(chan error, 1)
	go func() { ended <- t.listen() }()
	err = t.speak(ctx, ended)
	_ = conn.Close()
	if err == nil {
		<-ended
	}
	return err
}

// greet upgrades the connection, says who we are and what we hold, and takes in what of it we keep.
func (t *talk) greet() error {
	_ = t.conn.SetDeadline(time.Now().Add(greetPatience))
	if _, err := fmt.Fprintf(t.conn, "POST %s HTTP/1.1\r\nHost: field\r\nConnection: Upgrade\r\nUpgrade: %s\r\nContent-Length: 0\r\n\r\n", Path, upgrade); err != nil {
		return fmt.Errorf("ask for the field's door: %w", err)
	}
	resp, err := http.ReadResponse(t.in, nil)
	if err != nil {
		return fmt.Errorf("ask for the field's door: %w", err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("the field's door answers %s: is it the field of a site with collectors?", resp.Status)
	}
	began := t.clock()
	t.sent[0] = began // what is granted before the first beat runs from here
	held := t.held()
	err = writeJSON(t.out, frameHello, hello{protocol, t.cfg.Name, t.instance, t.site.Revision, t.cfg.Build, held})
	if err = errors.Join(err, t.out.Flush()); err != nil {
		return fmt.Errorf("greet the field: %w", err)
	}
	kind, payload, err := readFrame(t.in, nil)
	if err != nil {
		return fmt.Errorf("wait for the field's answer: %w", err)
	}
	_ = t.conn.SetDeadline(time.Time{})
	if kind != frameWelcome {
		return refused(payload)
	}
	var w welcome
	if err := json.Unmarshal(payload, &w); err != nil {
		return fmt.Errorf("the field's answer: %w", err)
	}
	t.keep(held, w, began+t.limits.Life)
	return nil
}

func refused(payload []byte) error {
	var r refusal
	if err := json.Unmarshal(payload, &r); err != nil {
		return fmt.Errorf("the field's refusal cannot be read: %w", err)
	}
	if r.Revision != "" {
		return otherSite{r.Revision}
	}
	return fmt.Errorf("%w: %s", errRefused, r.Why)
}

// errRefused is a field that does not let this collector in.
var errRefused = errors.New("the field refuses")

// keep goes on with the leases the field knows of and ends the others.
func (t *talk) keep(held []Held, w welcome, until time.Duration) {
	kept := map[Held]bool{}
	for _, h := range w.Kept {
		kept[h] = true
	}
	for _, h := range held {
		if !kept[h] {
			t.ended(t.byLink[h.Link], h.Term)
		}
	}
	for h := range kept {
		t.shift.kept(h, until)
	}
	t.shift.Worker.out.rewind(w.Taken)
	t.log.Info("connected to the field", "kept", len(kept))
}

// listen takes in what the field says until the connection ends.
func (t *talk) listen() error {
	var buf []byte
	for {
		_ = t.conn.SetReadDeadline(time.Now().Add(2 * t.limits.Life))
		kind, payload, err := readFrame(t.in, buf)
		if err != nil {
			return fmt.Errorf("hear the field: %w", err)
		}
		buf = payload
		if err := t.hear(kind, payload); err != nil {
			return err
		}
	}
}

func (t *talk) hear(kind byte, payload []byte) error {
	switch kind {
	case frameAck:
		var n uint64
		if err := json.Unmarshal(payload, &n); err != nil {
			return err
		}
		if at, ok := t.sentAt(n, true); ok {
			t.renewed(at + t.limits.Life)
		}
	case frameTaken:
		var n uint64
		if err := json.Unmarshal(payload, &n); err != nil {
			return err
		}
		t.shift.Worker.out.taken(n)
	case frameGrant:
		var g grant
		if err := json.Unmarshal(payload, &g); err != nil {
			return err
		}
		t.accept(g)
	case frameWithdraw:
		var h Held
		if err := json.Unmarshal(payload, &h); err != nil {
			return err
		}
		if known := t.byLink[h.Link]; known != nil {
			t.ended(known, h.Term)
		}
	case frameOrder:
		var o order
		if err := json.Unmarshal(payload, &o); err != nil {
			return err
		}
		t.take(o)
	case frameCancel:
		var id uint64
		if err := json.Unmarshal(payload, &id); err != nil {
			return err
		}
		t.sentMu.Lock()
		defer t.sentMu.Unlock()
		if cancel := t.doing[id]; cancel != nil {
			cancel()
		}
	case frameRefusal:
		return refused(payload)
	}
	return nil
}

// accept takes a link whose lease still runs; one that came too late is given back.
func (t *talk) accept(g grant) {
	at, ok := t.sentAt(g.Beat, false)
	if until := at + t.limits.Life; ok && until > t.clock() {
		t.granted(g.Held, until)
		return
	}
	t.send(message{frameLeft, g.Held})
}

// sentAt is when a beat was sent. Those before one that was answered are of no use any more.
func (t *talk) sentAt(n uint64, forget bool) (time.Duration, bool) {
	t.sentMu.Lock()
	defer t.sentMu.Unlock()
	at, ok := t.sent[n]
	if forget {
		for k := range t.sent {
			if k < n {
				delete(t.sent, k)
			}
		}
	}
	return at, ok
}

// speak sends beats, reports, samples and messages until the connection ends; when ctx does, it lets go of every
// link first and says so.
func (t *talk) speak(ctx context.Context, ended <-chan error) error {
	beats, reports := time.NewTicker(t.limits.Beat), time.NewTicker(reportEvery)
	defer beats.Stop()
	defer reports.Stop()
	err, told := t.beat(), 0
	for err == nil {
		if err = t.flush(); err != nil {
			break
		}
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
			return t.farewell()
		case <-beats.C:
			err = t.beat()
		case <-reports.C:
			err = t.report(told%devicesEvery == 0)
			told++
		case m := <-t.queue:
			err = writeJSON(t.out, m.kind, m.body)
		case <-t.shift.Worker.out.ready:
			err = t.samples()
		}
	}
	return fmt.Errorf("speak to the field: %w", err)
}

func (t *talk) flush() error {
	_ = t.conn.SetWriteDeadline(time.Now().Add(2 * t.limits.Life))
	return t.out.Flush()
}

func (t *talk) beat() error {
	t.beats++
	now := t.clock()
	t.sentMu.Lock()
	t.sent[t.beats] = now
	t.sentMu.Unlock()
	return writeJSON(t.out, frameBeat, beat{t.beats, now, time.Now(), t.shift.Worker.out.lost() + t.reader.Evicted()})
}

// samples sends some of what waits.
func (t *talk) samples() error {
	o := t.shift.Worker.out
	for range sendAtOnce {
		b, ok := o.next()
		if !ok {
			return nil
		}
		now := time.Now()
		b.clock, b.wall = t.clock(), now
		t.room = b.encode(t.room[:0], now)
		if err := writeFrame(t.out, frameSamples, t.room); err != nil {
			return err
		}
	}
	o.wake() // there may be more
	return nil
}

func (t *talk) report(devices bool) error {
	r := report{Links: []facility.LinkStatus{}}
	serving := map[string]bool{}
	t.mu.Lock()
	for _, h := range t.holds {
		serving[h.link] = h.serving != 0
	}
	t.mu.Unlock()
	for _, l := range t.wire.Status() {
		if serving[l.ID] {
			r.Links = append(r.Links, l)
		}
	}
	if devices {
		for _, d := range t.wire.Devices() {
			if serving[d.Link] {
				r.Devices = append(r.Devices, d)
			}
		}
	}
	return writeJSON(t.out, frameReport, r)
}

// farewell lets go of everything and sends what is left to say.
func (t *talk) farewell() error {
	if errors.Join(writeFrame(t.out, frameGoodbye, nil), t.flush()) != nil {
		return nil
	}
	t.leaveAll()
	for {
		select {
		case m := <-t.queue:
			if err := writeJSON(t.out, m.kind, m.body); err != nil {
				return nil // the leases run out by themselves
			}
			continue
		default:
		}
		_ = t.samples()
		_ = t.flush()
		return nil
	}
}
