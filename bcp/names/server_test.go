package names

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"bongsu/bcp"
)

var (
	ourSecret   = base64.StdEncoding.EncodeToString([]byte("the key of these tests, 32 bytes"))
	otherSecret = base64.StdEncoding.EncodeToString([]byte("another key of these same tests!"))
)

func rr(t testing.TB, lines ...string) (out []dns.RR) {
	t.Helper()
	for _, l := range lines {
		r, err := dns.NewRR(l)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// nameServer is an authoritative server that behaves, until a test tells it otherwise.
type nameServer struct {
	address string
	follows *nameServer // a secondary has its primary's zone at once, unless it lags

	mu      sync.Mutex
	records []dns.RR // the SOA first
	lags    bool
	updates int // answered with success
	// queried and updated stand in for the honest answer where they return true.
	queried, updated func(w dns.ResponseWriter, req *dns.Msg) bool
}

func startServer(t testing.TB, follows *nameServer) *nameServer {
	t.Helper()
	s := &nameServer{follows: follows, records: rr(t, "talk.test. 5 IN SOA ns1.talk.test. ops.talk.test. 1 1 1 60 1",
		"talk.test. 5 IN NS ns1.talk.test.", "dc1.talk.test. 5 IN A 127.0.0.1", "dc2.talk.test. 5 IN A 127.0.0.2", "dc3.talk.test. 5 IN A 127.0.0.3",
		"_talk._tcp.talk.test. 5 IN SRV 0 100 18001 dc1.talk.test.", `_epoch.talk.test. 5 IN TXT "1"`,
		"www.talk.test. 5 IN A 192.0.2.1", "help.talk.test. 5 IN CNAME dc1.talk.test.")}
	var tcp net.Listener
	var udp net.PacketConn
	for try := 0; udp == nil; try++ {
		var err error
		if tcp, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if udp, err = net.ListenPacket("udp", tcp.Addr().String()); err != nil {
			tcp.Close()
			if try == 9 {
				t.Fatal(err)
			}
		}
	}
	s.address = tcp.Addr().String()
	for _, srv := range []*dns.Server{{Listener: tcp}, {PacketConn: udp}} {
		srv.Handler, srv.TsigSecret = dns.HandlerFunc(s.serve), map[string]string{"bongsu.": ourSecret}
		srv.MsgAcceptFunc = func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept }
		up := make(chan struct{})
		srv.NotifyStartedFunc = func() { close(up) }
		done := make(chan error, 1)
		go func() { done <- srv.ActivateAndServe() }()
		<-up
		t.Cleanup(func() {
			ctx, stop := context.WithTimeout(context.Background(), 100*time.Millisecond)
			defer stop()
			_ = srv.ShutdownContext(ctx)
			<-done
		})
	}
	return s
}

func (s *nameServer) serve(w dns.ResponseWriter, req *dns.Msg) {
	s.mu.Lock()
	nasty := s.queried
	if req.Opcode == dns.OpcodeUpdate {
		nasty = s.updated
	}
	s.mu.Unlock()
	if nasty != nil && nasty(w, req) {
		return
	}
	s.honest(w, req)
}

// honest does what the standards say.
func (s *nameServer) honest(w dns.ResponseWriter, req *dns.Msg) {
	m := new(dns.Msg)
	m.SetReply(req)
	m.Authoritative = true
	if req.Opcode == dns.OpcodeUpdate {
		m.Rcode = s.update(w, req)
		if sig := req.IsTsig(); sig != nil {
			m.SetTsig("bongsu.", dns.HmacSHA256, 300, time.Now().Unix())
			switch err := w.TsigStatus(); err {
			case dns.ErrTime:
				m.IsTsig().Error = dns.RcodeBadTime
			case dns.ErrSig:
				m.IsTsig().Error = dns.RcodeBadSig
			case dns.ErrSecret:
				m.IsTsig().Error = dns.RcodeBadKey
			}
		}
	} else {
		m.Answer, m.Rcode = s.find(req.Question[0])
		if _, packet := w.RemoteAddr().(*net.UDPAddr); packet {
			m.SetEdns0(maxReply, false)
			m.Truncate(maxReply)
		}
	}
	_ = w.WriteMsg(m)
}

func (s *nameServer) source() *nameServer {
	if s.follows != nil && !s.lags {
		return s.follows
	}
	return s
}

func (s *nameServer) find(q dns.Question) (out []dns.RR, rcode int) {
	s.mu.Lock()
	from := s.source()
	s.mu.Unlock()
	from.mu.Lock()
	defer from.mu.Unlock()
	rcode = dns.RcodeNameError
	for _, r := range from.records {
		if dns.CanonicalName(r.Header().Name) != dns.CanonicalName(q.Name) {
			continue
		}
		rcode = dns.RcodeSuccess
		if kind := r.Header().Rrtype; kind == q.Qtype || kind == dns.TypeCNAME {
			out = append(out, dns.Copy(r))
		}
	}
	return out, rcode
}

// update knows just what is sent here: whole sets as conditions, then removals and additions.
func (s *nameServer) update(w dns.ResponseWriter, req *dns.Msg) int {
	switch {
	case req.IsTsig() == nil || s.follows != nil:
		return dns.RcodeRefused
	case w.TsigStatus() != nil || dns.CanonicalName(req.Question[0].Name) != "talk.test.":
		return dns.RcodeNotAuth
	}
	return s.apply(req)
}

func (s *nameServer) apply(req *dns.Msg) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := func(name string, kind uint16) (out []dns.RR) {
		for _, r := range s.records {
			if h := r.Header(); h.Rrtype == kind && strings.EqualFold(h.Name, name) {
				out = append(out, r)
			}
		}
		return out
	}
	wanted := map[string][]dns.RR{}
	for _, r := range req.Answer {
		h := r.Header()
		if h.Class == dns.ClassNONE {
			if len(set(h.Name, h.Rrtype)) > 0 {
				return dns.RcodeYXRrset
			}
			continue
		}
		at := fmt.Sprintln(h.Name, h.Rrtype)
		wanted[at] = append(wanted[at], r)
	}
	for _, want := range wanted {
		if h := want[0].Header(); !same(set(h.Name, h.Rrtype), want) {
			return dns.RcodeNXRrset
		}
	}
	before := slices.Clone(s.records)
	for _, r := range req.Ns {
		h := r.Header()
		switch h.Class {
		case dns.ClassANY:
			s.records = slices.DeleteFunc(s.records, func(x dns.RR) bool { return x.Header().Rrtype == h.Rrtype && x.Header().Name == h.Name })
		case dns.ClassNONE:
			gone := dns.Copy(r)
			gone.Header().Class = dns.ClassINET
			s.records = slices.DeleteFunc(s.records, func(x dns.RR) bool { return dns.IsDuplicate(x, gone) })
		default:
			s.records = append(s.records, r)
		}
	}
	if !slices.Equal(before, s.records) {
		soa := dns.Copy(s.records[0]).(*dns.SOA)
		soa.Serial++
		s.records[0] = soa
	}
	s.updates++
	return dns.RcodeSuccess
}

// put replaces one set behind everybody's back, without a new serial.
func (s *nameServer) put(t testing.TB, lines ...string) {
	t.Helper()
	fresh := rr(t, lines...)
	h := fresh[0].Header()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = slices.DeleteFunc(s.records, func(x dns.RR) bool { return x.Header().Rrtype == h.Rrtype && x.Header().Name == h.Name })
	s.records = append(s.records, fresh...)
}

func (s *nameServer) drop(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = slices.DeleteFunc(s.records, func(x dns.RR) bool { return x.Header().Name == name })
}

// on changes how the server behaves.
func (s *nameServer) on(queried, updated func(w dns.ResponseWriter, req *dns.Msg) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queried, s.updated = queried, updated
}

func (s *nameServer) lag() {
	s.follows.mu.Lock()
	copied := slices.Clone(s.follows.records)
	s.follows.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records, s.lags = copied, true
}

func (s *nameServer) serial() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records[0].(*dns.SOA).Serial
}

func (s *nameServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.updates
}

// shows is what the world gets of the zone.
func (s *nameServer) shows(t testing.TB) string {
	t.Helper()
	set, _ := s.find(dns.Question{Name: "_talk._tcp.talk.test.", Qtype: dns.TypeSRV})
	epoch, _ := s.find(dns.Question{Name: "_epoch.talk.test.", Qtype: dns.TypeTXT})
	n, err := epochOf(epoch)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", n, newZone(testConfig()).words(set))
}

func silent(dns.ResponseWriter, *dns.Msg) bool { return true }

// says answers with a code, signed with our key, another, or not at all.
func says(rcode int, secret string) func(w dns.ResponseWriter, req *dns.Msg) bool {
	return func(w dns.ResponseWriter, req *dns.Msg) bool {
		m := new(dns.Msg)
		m.SetRcode(req, rcode)
		if secret == "" {
			_ = w.WriteMsg(m)
			return true
		}
		m.SetTsig("bongsu.", dns.HmacSHA256, 300, time.Now().Unix())
		text, _, err := dns.TsigGenerate(m, secret, req.IsTsig().MAC, false)
		if err != nil {
			panic(err)
		}
		_, _ = w.Write(text)
		return true
	}
}

// How long these tests wait: ample where a server is to answer, on however busy a machine; brief where none will.
const (
	ample = 20 * time.Second
	brief = time.Second
)

func testConfig(servers ...string) Config {
	return Config{Zone: "talk.test", Servers: servers, TSIG: Key{Name: "bongsu.", Secret: Secret(ourSecret)}, Timeout: ample,
		Targets: map[string]Target{"dc1": {"dc1", 18001}, "dc2": {"dc2", 18002}, "dc3": {"dc3.talk.test.", 18003}}}.withDefaults()
}

// rig is a primary, a secondary and the names in them.
type rig struct {
	*Names
	t                  testing.TB
	primary, secondary *nameServer
}

func start(t testing.TB) *rig {
	t.Helper()
	p := startServer(t, nil)
	s := startServer(t, p)
	return &rig{Names: another(t, p, s), t: t, primary: p, secondary: s}
}

// another is a second process at the same zone.
func another(t testing.TB, servers ...*nameServer) *Names {
	t.Helper()
	var at []string
	for _, s := range servers {
		at = append(at, s.address)
	}
	n, err := New(testConfig(at...), "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	n.patience = ample
	return n
}

// briefly does what waits for a server that says nothing.
func (n *Names) briefly(do func()) {
	timeout, patience := n.timeout, n.patience
	n.timeout, n.patience = brief, brief
	defer func() { n.timeout, n.patience = timeout, patience }()
	do()
}

// until waits for what a server does after whoever asked has given up.
func (r *rig) until(what string, so func() bool) {
	r.t.Helper()
	for end := time.Now().Add(time.Minute); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("not within a minute: %s", what)
		}
	}
}

func canaryAct(percent string) bcp.Act {
	return bcp.Act{Kind: KindCanary, With: map[string]string{"group": "talk", "source": "dc1", "target": "dc2", "epoch": "2", "percent": percent}}
}

func shiftAct() bcp.Act {
	return bcp.Act{Kind: KindShift, With: map[string]string{"group": "talk", "source": "dc1", "target": "dc2", "epoch": "2"}}
}

func (r *rig) do(leader uint64, key string, a bcp.Act) bcp.Receipt {
	r.t.Helper()
	got, err := r.Adapters()[a.Kind].Do(r.t.Context(), key, leader, a)
	if err != nil {
		r.t.Fatalf("%s: %v", key, err)
	}
	return got
}

func (r *rig) zoneIs(want string) {
	r.t.Helper()
	if got := r.primary.shows(r.t); got != want {
		r.t.Errorf("the zone is %q, want %q", got, want)
	}
}
