// Package names is the public DNS of the simulated messenger. Queries, signed updates and zone transfers enter over
// UDP and TCP, answers leave; a zone lives in memory alone. It knows no client, and never asks a server outside.
package names

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// Mode is how a name server behaves.
type Mode int

const (
	Sound     Mode = iota
	Refusing       // answers REFUSED to everything
	Silent         // answers nothing
	NoUpdates      // answers questions, and REFUSED to updates
)

// refreshEvery is how often a secondary asks on its own, beside being told.
const refreshEvery = time.Second

// Key is a transaction key: a name in canonical form and its secret in base64.
type Key struct{ Name, Secret string }

// Server is one authoritative server of the zone on UDP and TCP. The primary takes updates; a secondary
// copies the zone from it.
type Server struct {
	id      string
	key     Key
	log     *slog.Logger
	address string // as bound
	udp     net.PacketConn
	tcp     net.Listener
	primary *Server   // nil for the primary itself
	others  []*Server // whom the primary tells
	told    chan struct{}

	mu     sync.Mutex
	zone   *Zone
	mode   Mode
	frozen bool // a secondary that copies no more
}

// New makes a server that listens nowhere yet. Without a primary it is one itself.
func New(id string, key Key, primary *Server, log *slog.Logger) *Server {
	s := &Server{id: id, key: key, log: log, primary: primary, told: make(chan struct{}, 1)}
	if primary != nil {
		primary.others = append(primary.others, s)
	}
	return s
}

// ID is the server's name in the zone.
func (s *Server) ID() string { return s.id }

// Address is where it listens, as bound.
func (s *Server) Address() string { return s.address }

// Publish gives the server the zone it answers for; it must not run yet.
func (s *Server) Publish(z *Zone) { s.zone = z }

// Open binds UDP and TCP of one port.
func (s *Server) Open(address string) error {
	// With port 0 the number that TCP got may be taken on UDP; another one is then tried.
	for try := 0; ; try++ {
		tcp, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("name server %s: %w", s.id, err)
		}
		udp, err := net.ListenPacket("udp", tcp.Addr().String())
		if err == nil {
			s.tcp, s.udp, s.address = tcp, udp, tcp.Addr().String()
			return nil
		}
		_ = tcp.Close()
		if try == 9 {
			return fmt.Errorf("name server %s: %w", s.id, err)
		}
	}
}

// Close releases what open bound, for a server that never ran.
func (s *Server) Close() {
	if s.tcp != nil {
		_ = s.tcp.Close()
		_ = s.udp.Close()
	}
}

// Run serves until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	secrets := map[string]string{s.key.Name: s.key.Secret}
	servers := []*dns.Server{{Listener: s.tcp, Net: "tcp"}, {PacketConn: s.udp, Net: "udp"}}
	var running sync.WaitGroup
	failed := make(chan error, len(servers))
	for _, srv := range servers {
		srv.Handler, srv.TsigSecret, srv.MsgAcceptFunc = dns.HandlerFunc(s.serve), secrets, accept
		up := make(chan struct{})
		srv.NotifyStartedFunc = func() { close(up) }
		running.Go(func() { failed <- srv.ActivateAndServe() })
		<-up
	}
	if s.primary != nil {
		running.Go(func() { s.follow(ctx) })
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	for _, srv := range servers {
		grace, stop := context.WithTimeout(context.Background(), time.Second)
		_ = srv.ShutdownContext(grace)
		stop()
	}
	running.Wait()
	if err != nil {
		return fmt.Errorf("name server %s: %w", s.id, err)
	}
	return nil
}

// accept lets updates in, which the library's own test keeps out; what is no update stays as strict.
func accept(h dns.Header) dns.MsgAcceptAction {
	const response = 1 << 15
	switch opcode := int(h.Bits>>11) & 0xF; {
	case h.Bits&response != 0:
		return dns.MsgIgnore
	case opcode == dns.OpcodeUpdate:
		return dns.MsgAccept
	}
	return dns.DefaultMsgAcceptFunc(h)
}

// serve answers one message.
func (s *Server) serve(w dns.ResponseWriter, req *dns.Msg) {
	s.mu.Lock()
	mode := s.mode
	s.mu.Unlock()
	m := new(dns.Msg)
	m.SetReply(req)
	switch {
	case mode == Silent:
		return
	case mode == Refusing:
		m.Rcode = dns.RcodeRefused
	case !s.genuine(w, req, m):
	case mode == NoUpdates && req.Opcode == dns.OpcodeUpdate:
		m.Rcode, m.Question = dns.RcodeRefused, req.Question
	case req.Opcode == dns.OpcodeUpdate:
		s.takeUpdate(req, m)
	case req.Opcode == dns.OpcodeNotify:
		m.Authoritative = true
		s.tell()
	case s.transfer(w, req, m):
		return
	default:
		s.query(w, req, m)
	}
	if err := w.WriteMsg(m); err != nil {
		s.log.Debug("answer not sent", "server", s.id, "error", err)
	}
}

// genuine checks the transaction signature and prepares the one of the reply (RFC 8945 section 5.2).
func (s *Server) genuine(w dns.ResponseWriter, req, m *dns.Msg) bool {
	t := req.IsTsig()
	if t == nil {
		return true
	}
	now := time.Now()
	m.SetTsig(t.Hdr.Name, t.Algorithm, t.Fudge, now.Unix())
	reply := m.IsTsig()
	reply.OrigId = req.Id
	err := w.TsigStatus()
	if err == nil {
		return true
	}
	m.Rcode = dns.RcodeNotAuth
	switch {
	case errors.Is(err, dns.ErrTime):
		// The asker learns our time, under a signature over its own.
		reply.Error, reply.TimeSigned = dns.RcodeBadTime, t.TimeSigned
		reply.OtherLen, reply.OtherData = 6, fmt.Sprintf("%012x", now.Unix())
	case errors.Is(err, dns.ErrSig):
		reply.Error = dns.RcodeBadSig
	default:
		reply.Error = dns.RcodeBadKey
	}
	return false
}

// takeUpdate judges who asks for what before the zone does it.
func (s *Server) takeUpdate(req, m *dns.Msg) {
	m.Question = req.Question
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(req.Question) != 1 || req.Question[0].Qtype != dns.TypeSOA:
		m.Rcode = dns.RcodeFormatError
	case dns.CanonicalName(req.Question[0].Name) != s.zone.origin || req.Question[0].Qclass != dns.ClassINET:
		m.Rcode = dns.RcodeNotAuth
	case req.IsTsig() == nil || s.primary != nil:
		m.Rcode = dns.RcodeRefused
	default:
		var changed bool
		m.Rcode, changed = s.zone.update(req)
		s.log.Info("dynamic update", "server", s.id, "rcode", dns.RcodeToString[m.Rcode], "serial", s.zone.soa().Serial)
		if changed {
			for _, other := range s.others {
				s.notify(other)
			}
		}
	}
}

// notify tells a secondary that the zone has changed (RFC 1996). It waits for no answer: the secondary asks
// by itself every second.
func (s *Server) notify(other *Server) {
	m := new(dns.Msg)
	m.SetNotify(s.zone.origin)
	text, err := m.Pack()
	if err != nil {
		return
	}
	conn, err := net.Dial("udp", other.address)
	if err != nil {
		return
	}
	_, _ = conn.Write(text)
	_ = conn.Close()
}

// query answers one question.
func (s *Server) query(w dns.ResponseWriter, req, m *dns.Msg) {
	if req.Opcode != dns.OpcodeQuery {
		m.Rcode = dns.RcodeNotImplemented
		return
	}
	q := req.Question[0]
	signature := m.Extra // it has to stay the last record
	m.Extra = nil
	s.mu.Lock()
	if !s.zone.holds(q.Name) || q.Qclass != dns.ClassINET {
		m.Rcode = dns.RcodeRefused
	} else {
		s.zone.answer(m, q)
	}
	s.mu.Unlock()
	size := dns.MinMsgSize
	if o := req.IsEdns0(); o != nil {
		size = max(size, int(o.UDPSize()))
		m.SetEdns0(dns.DefaultMsgSize, false)
	}
	if _, packet := w.RemoteAddr().(*net.UDPAddr); packet && len(signature) == 0 {
		m.Truncate(size)
	}
	m.Extra = append(m.Extra, signature...)
}
