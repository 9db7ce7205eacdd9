package share

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"bongsu/facility"
)

// guest is one collector's connection, as the field has it.
type guest struct {
	k        *Keeper
	name     string
	instance string
	site     *facility.Site // that both worked by when it came
	linkOf   []int          // of each of its points, the place of the link
	conn     net.Conn
	in       *bufio.Reader
	out      chan *letter
	gone     chan struct{} // closed when the connection has ended
	ended    sync.Once
	over     atomic.Bool // nothing is written any more
	path     path

	// Guarded by the keeper's mu.
	beat    uint64 // the newest that came
	links   map[string]facility.LinkStatus
	devices []facility.DeviceStatus
	orders  map[uint64]chan receipt
	asked   uint64
	acked   uint64 // number of the last samples it was told to be taken
	ackedAt time.Duration
}

// letter is one frame on its way; begun once any of it may have been sent.
type letter struct {
	kind  byte
	body  any
	begun atomic.Bool
}

// waitingLetters is what a collector that does not read may have waiting before its connection is ended.
const waitingLetters = 8192

// ServeHTTP takes a collector's connection out of the field's door and serves it until it ends.
func (k *Keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != upgrade {
		http.Error(w, "this is the way in for collectors: upgrade to "+upgrade, http.StatusUpgradeRequired)
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(greetPatience))
	if _, err := fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", upgrade); err != nil {
		return
	}
	if err := k.receive(conn, bufio.NewReaderSize(io.MultiReader(buffered(rw.Reader), conn), connectionRoom), r.TLS); err != nil {
		k.cfg.Log.Warn("a collector's connection ended", "from", conn.RemoteAddr(), "cause", err)
	}
}

// buffered is what was read ahead of the upgrade.
func buffered(r *bufio.Reader) io.Reader { return io.LimitReader(r, int64(r.Buffered())) }

// receive lets a collector in, or says why not, and serves it.
func (k *Keeper) receive(conn net.Conn, in *bufio.Reader, encrypted *tls.ConnectionState) error {
	kind, payload, err := readFrame(in, nil)
	if err != nil || kind != frameHello {
		return fmt.Errorf("it does not say who it is: %w", err)
	}
	var h hello
	if err := json.Unmarshal(payload, &h); err != nil {
		return fmt.Errorf("it does not say who it is: %w", err)
	}
	g := &guest{k: k, name: h.Name, instance: h.Instance, conn: conn, in: in, out: make(chan *letter, waitingLetters), gone: make(chan struct{}),
		links: map[string]facility.LinkStatus{}, orders: map[uint64]chan receipt{}}
	kept, no := k.admit(g, h, encrypted)
	if no != nil {
		out := bufio.NewWriter(conn)
		_ = errors.Join(writeJSON(out, frameRefusal, no), out.Flush())
		if k.news(h.Name, no) {
			k.cfg.Log.Warn("collector refused", "name", h.Name, "from", conn.RemoteAddr(), "because", no.Why)
		}
		return nil
	}
	_ = conn.SetDeadline(time.Time{})
	k.cfg.Log.Info("collector connected", "name", g.name, "from", conn.RemoteAddr(), "build", h.Build, "keeps", len(kept))
	k.look()
	done := make(chan struct{})
	go func() { defer close(done); g.write() }()
	err = g.read()
	g.end()
	<-done
	k.dismiss(g, err)
	return nil
}

// admit checks who comes and enters it; the refusal is nil when it is let in.
func (k *Keeper) admit(g *guest, h hello, encrypted *tls.ConnectionState) ([]Held, *refusal) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.seen[h.Name]
	switch {
	case k.closed:
		return nil, &refusal{Why: "the field is stopping"}
	case h.Protocol != protocol:
		return nil, &refusal{Why: fmt.Sprintf("it speaks protocol %d and the field %d: run the same build on both", h.Protocol, protocol)}
	case encrypted != nil && !namedBy(encrypted, h.Name):
		return nil, &refusal{Why: "its certificate is not for " + h.Name}
	case h.Revision != k.site.Revision:
		return nil, &refusal{Why: "it works by revision " + h.Revision + " of the site, and the field by " + k.site.Revision, Revision: k.site.Revision}
	case s == nil || !k.names(h.Name):
		return nil, &refusal{Why: fmt.Sprintf("the site has no collector %q", h.Name)}
	}
	if former := k.guests[h.Name]; former != nil && former.instance == h.Instance {
		former.end() // its connection broke and it noticed first
		k.ledger.Depart(k.cfg.Clock(), h.Name, h.Instance)
	}
	kept, ok := k.ledger.Arrive(k.cfg.Clock(), h.Name, h.Instance, h.Held)
	if !ok {
		return nil, &refusal{Why: fmt.Sprintf("another process called %s is connected: give each collector a name of its own", h.Name)}
	}
	if s.instance != h.Instance {
		*s = known{instance: h.Instance, status: facility.CollectorStatus{Name: h.Name}}
	}
	at := time.Now().UTC()
	s.status.Connected, s.status.Since, s.status.Build, s.status.Why = true, &at, h.Build, ""
	s.refused = ""
	s.status.From = g.conn.RemoteAddr().String()
	g.site, g.linkOf = k.site, k.linkOf
	k.guests[h.Name] = g
	g.say(frameWelcome, welcome{kept, s.taken})
	return kept, nil
}

// news says whether a refusal is another one than the last of that collector, and keeps it for people.
func (k *Keeper) news(name string, no *refusal) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.seen[name]
	if s == nil {
		s = &known{} // a name the site does not have; there are few
		if len(k.seen) < mostKnown {
			k.seen[name] = s
		}
	}
	again := s.refused == no.Why
	if s.refused = no.Why; !s.status.Connected {
		s.status.Why = "refused: " + no.Why
	}
	return !again
}

func (k *Keeper) names(name string) bool {
	for _, c := range k.site.Collectors {
		if c.Name == name {
			return true
		}
	}
	return false
}

// namedBy says whether a certificate is a collector's of that name.
func namedBy(c *tls.ConnectionState, name string) bool {
	return len(c.PeerCertificates) > 0 && (c.PeerCertificates[0].Subject.CommonName == name || c.PeerCertificates[0].VerifyHostname(name) == nil)
}

// dismiss notes that a connection has ended. What was asked over it is answered: nobody knows, or nothing was sent.
func (k *Keeper) dismiss(g *guest, cause error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.guests[g.name] != g {
		return
	}
	delete(k.guests, g.name)
	k.ledger.Depart(k.cfg.Clock(), g.name, g.instance)
	at := time.Now().UTC()
	if s := k.seen[g.name]; s != nil {
		s.status.Connected, s.status.Since, s.status.Why = false, &at, fmt.Sprintf("its connection ended: %v", cause)
	}
	if !k.closed {
		k.cfg.Log.Warn("collector away", "name", g.name, "cause", cause)
	}
	close(k.changed)
	k.changed = make(chan struct{})
	k.look()
}

// say queues a frame. It never waits: a collector that does not read loses its connection.
func (g *guest) say(kind byte, body any) *letter {
	l := &letter{kind: kind, body: body}
	select {
	case g.out <- l:
	default:
		g.end()
	}
	return l
}

// turnAway ends the connection with a reason.
func (g *guest) turnAway(r refusal) { g.say(frameRefusal, r) }

func (g *guest) end() {
	g.ended.Do(func() { close(g.gone); _ = g.conn.Close() })
}

// write sends what is queued until the connection ends.
func (g *guest) write() {
	out := bufio.NewWriterSize(g.conn, connectionRoom)
	defer g.over.Store(true)
	defer g.end()
	for {
		var l *letter
		select {
		case <-g.gone:
			return
		case l = <-g.out:
		default:
			_ = g.conn.SetWriteDeadline(time.Now().Add(2 * g.k.cfg.Limits.Life))
			if out.Flush() != nil {
				return
			}
			select {
			case <-g.gone:
				return
			case l = <-g.out:
			}
		}
		l.begun.Store(true)
		_ = g.conn.SetWriteDeadline(time.Now().Add(2 * g.k.cfg.Limits.Life))
		if writeJSON(out, l.kind, l.body) != nil {
			return
		}
		if l.kind == frameRefusal {
			_ = out.Flush()
			return
		}
	}
}

// read takes in what the collector says until the connection ends.
func (g *guest) read() error {
	var buf []byte
	for {
		_ = g.conn.SetReadDeadline(time.Now().Add(2 * g.k.cfg.Limits.Life))
		kind, payload, err := readFrame(g.in, buf)
		if err != nil {
			return err
		}
		buf = payload
		if err := g.hear(kind, payload); err != nil {
			return err
		}
	}
}

func (g *guest) hear(kind byte, payload []byte) error {
	switch kind {
	case frameSamples:
		return g.samples(payload)
	case frameBeat:
		var b beat
		if err := json.Unmarshal(payload, &b); err != nil {
			return err
		}
		g.renew(b)
	case frameLeft:
		var h Held
		if err := json.Unmarshal(payload, &h); err != nil {
			return err
		}
		g.k.mu.Lock()
		g.k.ledger.Left(g.k.cfg.Clock(), g.name, g.instance, h)
		g.k.mu.Unlock()
		g.k.look()
	case frameGoodbye:
		g.k.mu.Lock()
		g.k.ledger.Depart(g.k.cfg.Clock(), g.name, g.instance)
		g.k.mu.Unlock()
	case frameReceipt:
		var r receipt
		if err := json.Unmarshal(payload, &r); err != nil {
			return err
		}
		g.k.mu.Lock()
		answer := g.orders[r.ID]
		delete(g.orders, r.ID)
		g.k.mu.Unlock()
		if answer != nil {
			answer <- r
		}
	case frameReport:
		var r report
		if err := json.Unmarshal(payload, &r); err != nil {
			return err
		}
		g.told(r)
	}
	return nil
}
