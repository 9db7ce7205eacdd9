package names

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/miekg/dns"
)

var testKey = Key{"test.", base64.StdEncoding.EncodeToString([]byte("a key of this test alone, 32 byte"))}

func rrs(t testing.TB, lines ...string) (out []dns.RR) {
	t.Helper()
	for _, l := range lines {
		rr, err := dns.NewRR(l)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rr)
	}
	return out
}

// patience is how long a test waits for what has to come, on a machine that may be busy with other things.
const patience = 60 * time.Second

// startDNS runs a primary and a secondary of a small zone.
func startDNS(t *testing.T) (primary, secondary *Server) {
	t.Helper()
	zone := func() *Zone {
		all := rrs(t, "talk.demo. 5 IN SOA ns1.talk.demo. ops.talk.demo. 1 5 5 60 1", "talk.demo. 5 IN NS ns1.talk.demo.", "talk.demo. 5 IN NS ns2.talk.demo.",
			"dc1.talk.demo. 5 IN A 127.0.0.1", "_talk._tcp.talk.demo. 5 IN SRV 0 100 18001 dc1.talk.demo.", "_epoch.talk.demo. 5 IN TXT \"1\"",
			"www.talk.demo. 5 IN CNAME dc1.talk.demo.")
		return NewZone("talk.demo.", all[0].(*dns.SOA), all[1:])
	}
	log := slog.New(slog.DiscardHandler)
	primary = &Server{id: "ns1", key: testKey, log: log, zone: zone()}
	secondary = &Server{id: "ns2", key: testKey, log: log, zone: zone(), primary: primary, told: make(chan struct{}, 1)}
	primary.others = []*Server{secondary}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	for _, s := range []*Server{primary, secondary} {
		if err := s.Open("127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		go func() { done <- s.Run(ctx) }()
	}
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
	eventually(t, "both servers answer", func() bool {
		return ask(primary, "talk.demo.", dns.TypeSOA) != nil && ask(secondary, "talk.demo.", dns.TypeSOA) != nil
	})
	return primary, secondary
}

func ask(s *Server, name string, kind uint16) *dns.Msg {
	m := new(dns.Msg)
	m.SetQuestion(name, kind)
	reply, _, err := (&dns.Client{Timeout: patience}).Exchange(m, s.address)
	if err != nil {
		return nil
	}
	return reply
}

// silent asks a server that should say nothing, and does not wait long for it.
func silent(s *Server, name string, kind uint16) bool {
	_, _, err := (&dns.Client{Timeout: 300 * time.Millisecond}).Exchange(new(dns.Msg).SetQuestion(name, kind), s.address)
	return err != nil
}

// signed sends an update with a key over one protocol.
func signed(t *testing.T, s *Server, m *dns.Msg, key Key, at time.Time) (*dns.Msg, error) {
	t.Helper()
	m.SetTsig(key.Name, dns.HmacSHA256, 300, at.Unix())
	c := dns.Client{Net: "tcp", Timeout: patience, TsigSecret: map[string]string{key.Name: key.Secret}}
	reply, _, err := c.Exchange(m, s.address)
	return reply, err
}

// Every prerequisite of RFC 2136, true and false, with the code the table of its section 3.2 gives.
func TestPrerequisites(t *testing.T) {
	primary, _ := startDNS(t)
	rr := func(line string) []dns.RR { return rrs(t, line) }
	cases := []struct {
		name  string
		build func(m *dns.Msg)
		want  int
	}{
		{"the epoch is as thought", func(m *dns.Msg) { m.Used(rr(`_epoch.talk.demo. 0 IN TXT "1"`)) }, dns.RcodeSuccess},
		{"the epoch is another", func(m *dns.Msg) { m.Used(rr(`_epoch.talk.demo. 0 IN TXT "2"`)) }, dns.RcodeNXRrset},
		{"the set is larger than thought", func(m *dns.Msg) { m.Used(rr(`talk.demo. 0 IN NS ns1.talk.demo.`)) }, dns.RcodeNXRrset},
		{"the set is smaller than thought", func(m *dns.Msg) {
			m.Used(rrs(t, `_epoch.talk.demo. 0 IN TXT "1"`, `_epoch.talk.demo. 0 IN TXT "2"`))
		}, dns.RcodeNXRrset},
		{"case of names does not count", func(m *dns.Msg) { m.Used(rr(`_EPOCH.Talk.Demo. 0 IN TXT "1"`)) }, dns.RcodeSuccess},
		{"a set is there", func(m *dns.Msg) { m.RRsetUsed(rr(`_epoch.talk.demo. 0 IN TXT "x"`)) }, dns.RcodeSuccess},
		{"a set should be there", func(m *dns.Msg) { m.RRsetUsed(rr(`dc1.talk.demo. 0 IN TXT "x"`)) }, dns.RcodeNXRrset},
		{"a set is not there", func(m *dns.Msg) { m.RRsetNotUsed(rr(`dc1.talk.demo. 0 IN TXT "x"`)) }, dns.RcodeSuccess},
		{"a set should not be there", func(m *dns.Msg) { m.RRsetNotUsed(rr(`_epoch.talk.demo. 0 IN TXT "x"`)) }, dns.RcodeYXRrset},
		{"a name is in use", func(m *dns.Msg) { m.NameUsed(rr(`dc1.talk.demo. 0 IN A 1.2.3.4`)) }, dns.RcodeSuccess},
		{"a name should be in use", func(m *dns.Msg) { m.NameUsed(rr(`dc9.talk.demo. 0 IN A 1.2.3.4`)) }, dns.RcodeNameError},
		{"a name is free", func(m *dns.Msg) { m.NameNotUsed(rr(`dc9.talk.demo. 0 IN A 1.2.3.4`)) }, dns.RcodeSuccess},
		{"a name should be free", func(m *dns.Msg) { m.NameNotUsed(rr(`dc1.talk.demo. 0 IN A 1.2.3.4`)) }, dns.RcodeYXDomain},
		{"another zone's name", func(m *dns.Msg) { m.NameUsed(rr(`dc1.other. 0 IN A 1.2.3.4`)) }, dns.RcodeNotZone},
		{"a life in a prerequisite", func(m *dns.Msg) { m.Answer = rr(`_epoch.talk.demo. 9 IN TXT "1"`) }, dns.RcodeFormatError},
		{"a class of its own", func(m *dns.Msg) { m.Answer = rr(`_epoch.talk.demo. 0 CH TXT "1"`) }, dns.RcodeFormatError},
	}
	for _, c := range cases {
		m := new(dns.Msg)
		m.SetUpdate("talk.demo.")
		c.build(m)
		m.Insert(rr(`mark.talk.demo. 5 IN TXT "` + c.name + `"`))
		before := ask(primary, "talk.demo.", dns.TypeSOA).Answer[0].(*dns.SOA).Serial
		reply, err := signed(t, primary, m, testKey, time.Now())
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if reply.Rcode != c.want {
			t.Errorf("%s: %s, want %s", c.name, dns.RcodeToString[reply.Rcode], dns.RcodeToString[c.want])
		}
		done := len(ask(primary, "mark.talk.demo.", dns.TypeTXT).Answer) > 0
		if moved := ask(primary, "talk.demo.", dns.TypeSOA).Answer[0].(*dns.SOA).Serial - before; done != (c.want == 0) || (moved == 1) != done {
			t.Errorf("%s: done %v, serial moved by %d", c.name, done, moved)
		}
		undo := new(dns.Msg)
		undo.SetUpdate("talk.demo.")
		undo.RemoveName(rr(`mark.talk.demo. 5 IN A 1.2.3.4`))
		if _, err := signed(t, primary, undo, testKey, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

// Who may update, and how a refusal names its reason.
func TestUpdatesNeedTheirKey(t *testing.T) {
	primary, secondary := startDNS(t)
	other := base64.StdEncoding.EncodeToString([]byte("the key of somebody else........"))
	cases := []struct {
		name   string
		server *Server
		zone   string
		key    *Key
		at     time.Duration
		rcode  int
		tsig   uint16
	}{
		{"the right key", primary, "talk.demo.", &testKey, 0, dns.RcodeSuccess, 0},
		{"no key", primary, "talk.demo.", nil, 0, dns.RcodeRefused, 0},
		{"an unknown key", primary, "talk.demo.", &Key{"nobody.", other}, 0, dns.RcodeNotAuth, dns.RcodeBadKey},
		{"a wrong secret", primary, "talk.demo.", &Key{"test.", other}, 0, dns.RcodeNotAuth, dns.RcodeBadSig},
		{"a clock an hour behind", primary, "talk.demo.", &testKey, -time.Hour, dns.RcodeNotAuth, dns.RcodeBadTime},
		{"a clock an hour ahead", primary, "talk.demo.", &testKey, time.Hour, dns.RcodeNotAuth, dns.RcodeBadTime},
		{"a zone of somebody else", primary, "other.", &testKey, 0, dns.RcodeNotAuth, 0},
		{"the secondary", secondary, "talk.demo.", &testKey, 0, dns.RcodeRefused, 0},
	}
	for _, c := range cases {
		m := new(dns.Msg)
		m.SetUpdate(c.zone)
		m.Insert(rrs(t, `mark.talk.demo. 5 IN TXT "x"`))
		var reply *dns.Msg
		if c.key == nil {
			reply, _, _ = (&dns.Client{Net: "tcp", Timeout: patience}).Exchange(m, c.server.address)
		} else {
			// A refusal that is not signed is an error of the client too: the reply is what counts here.
			reply, _ = signed(t, c.server, m, *c.key, time.Now().Add(c.at))
		}
		if reply == nil {
			t.Errorf("%s: no reply", c.name)
			continue
		}
		var tsig uint16
		if s := reply.IsTsig(); s != nil {
			tsig = s.Error
		}
		if reply.Rcode != c.rcode || tsig != c.tsig {
			t.Errorf("%s: %s with TSIG error %d, want %s with %d", c.name, dns.RcodeToString[reply.Rcode], tsig, dns.RcodeToString[c.rcode], c.tsig)
		}
	}
}

// A shift is one update: the epoch compared, the way changed, the same answer from both servers.
func TestShiftReachesEveryServer(t *testing.T) {
	primary, secondary := startDNS(t)
	shift := func(from, to int) int {
		m := new(dns.Msg)
		m.SetUpdate("talk.demo.")
		m.Used(rrs(t, fmt.Sprintf(`_epoch.talk.demo. 0 IN TXT "%d"`, from)))
		m.RemoveRRset(rrs(t, `_talk._tcp.talk.demo. 0 IN SRV 0 0 0 .`, `_epoch.talk.demo. 0 IN TXT ""`))
		m.Insert(rrs(t, `_talk._tcp.talk.demo. 5 IN SRV 0 100 18002 dc2.talk.demo.`, `dc2.talk.demo. 5 IN A 127.0.0.1`, fmt.Sprintf(`_epoch.talk.demo. 5 IN TXT "%d"`, to)))
		reply, err := signed(t, primary, m, testKey, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return reply.Rcode
	}
	leads := func(s *Server) uint16 {
		reply := ask(s, "_talk._tcp.talk.demo.", dns.TypeSRV)
		if reply == nil || len(reply.Answer) != 1 || len(reply.Extra) != 1 {
			return 0
		}
		return reply.Answer[0].(*dns.SRV).Port
	}
	secondary.mu.Lock()
	secondary.frozen = true
	secondary.mu.Unlock()
	primary.mu.Lock()
	primary.mode = NoUpdates
	primary.mu.Unlock()
	if rcode := shift(1, 2); rcode != dns.RcodeRefused || leads(primary) != 18001 {
		t.Errorf("a server that takes no updates: %s, leads to %d", dns.RcodeToString[rcode], leads(primary))
	}
	primary.mu.Lock()
	primary.mode = Sound
	primary.mu.Unlock()
	if rcode := shift(1, 2); rcode != dns.RcodeSuccess {
		t.Fatalf("shift: %s", dns.RcodeToString[rcode])
	}
	if rcode := shift(1, 3); rcode != dns.RcodeNXRrset {
		t.Errorf("a second shift from the same epoch: %s", dns.RcodeToString[rcode])
	}
	if leads(primary) != 18002 || leads(secondary) != 18001 {
		t.Errorf("out of step: primary leads to %d, secondary to %d", leads(primary), leads(secondary))
	}
	secondary.mu.Lock()
	secondary.frozen = false
	secondary.mu.Unlock()
	eventually(t, "the secondary follows", func() bool { return leads(secondary) == 18002 })
}

func TestQueriesAndFaults(t *testing.T) {
	primary, _ := startDNS(t)
	cases := []struct {
		name    string
		kind    uint16
		rcode   int
		answers int
	}{
		{"DC1.talk.demo.", dns.TypeA, dns.RcodeSuccess, 1},
		{"www.talk.demo.", dns.TypeA, dns.RcodeSuccess, 2},
		{"dc1.talk.demo.", dns.TypeTXT, dns.RcodeSuccess, 0},
		{"_tcp.talk.demo.", dns.TypeA, dns.RcodeSuccess, 0},
		{"dc9.talk.demo.", dns.TypeA, dns.RcodeNameError, 0},
		{"bank.example.", dns.TypeA, dns.RcodeRefused, 0},
		{"talk.demo.", dns.TypeAXFR, dns.RcodeRefused, 0},
	}
	for _, c := range cases {
		reply := ask(primary, c.name, c.kind)
		if reply == nil || reply.Rcode != c.rcode || len(reply.Answer) != c.answers {
			t.Errorf("%s %s: %v", c.name, dns.TypeToString[c.kind], reply)
		}
	}
	m := new(dns.Msg)
	m.SetQuestion("talk.demo.", dns.TypeSOA)
	m.Opcode = dns.OpcodeStatus
	if reply, _, err := (&dns.Client{Timeout: patience}).Exchange(m, primary.address); err != nil || reply.Rcode != dns.RcodeNotImplemented {
		t.Errorf("an opcode nobody has: %v, %v", reply, err)
	}
	behave := func(mode Mode) {
		primary.mu.Lock()
		defer primary.mu.Unlock()
		primary.mode = mode
	}
	behave(Refusing)
	if reply := ask(primary, "talk.demo.", dns.TypeSOA); reply == nil || reply.Rcode != dns.RcodeRefused {
		t.Errorf("a refusing server: %v", reply)
	}
	behave(Silent)
	if !silent(primary, "talk.demo.", dns.TypeSOA) {
		t.Error("a silent server answers")
	}
}

// eventually waits until a condition holds; what is waited for is named in the failure.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
