package names

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// FuzzAnswers reads any bytes as the answer to each of our questions.
func FuzzAnswers(f *testing.F) {
	z := newZone(testConfig("127.0.0.1:53"))
	s := &nameServer{records: rr(f, "talk.test. 5 IN SOA ns1.talk.test. ops.talk.test. 1 1 1 60 1", "_talk._tcp.talk.test. 5 IN SRV 0 99 18001 dc1.talk.test.",
		"_talk._tcp.talk.test. 5 IN SRV 0 1 18002 dc2.talk.test.", `_epoch.talk.test. 5 IN TXT "1"`, `_leader.talk.test. 5 IN TXT "7" "3" "failover/talk/12/0"`)}
	for _, q := range []dns.Question{{Name: z.origin, Qtype: dns.TypeSOA}, {Name: z.service, Qtype: dns.TypeSRV}, {Name: z.epoch, Qtype: dns.TypeTXT}, {Name: z.leader, Qtype: dns.TypeTXT}} {
		m := new(dns.Msg)
		m.SetQuestion(q.Name, q.Qtype)
		m.Response, m.Authoritative = true, true
		m.Answer, _ = s.find(q)
		text, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	goals := []map[string]string{{"source": "dc1", "target": "dc2", "epoch": "9", "percent": "10"}}
	f.Fuzz(func(t *testing.T, text []byte) {
		m := new(dns.Msg)
		if m.Unpack(text) != nil {
			return
		}
		_, _ = serialOf(m, z.origin)
		public := serviceIn(m)
		for site, share := range z.shares(public) {
			if share < 0 || share > 1.0001 {
				t.Errorf("%s gets %g", site, share)
			}
		}
		if len(order(public, func(n int) int { return n - 1 })) > len(public) || life(public) < 0 {
			t.Error("more came out than went in")
		}
		_ = addressIn("", m.Extra)
		st := state{owner: z.service, kind: dns.TypeSRV}
		if st.fill(z, m, m, m) != nil {
			return
		}
		_ = z.view(st)
		if n, err := epochOf(st.epochSet); err != nil || n != st.epoch {
			t.Errorf("epoch %d read again as %d", st.epoch, n)
		}
		g, err := z.wantCanary(goals[0])
		if err != nil {
			t.Fatal(err)
		}
		p, err := z.plan(st, g, 1<<63, "k")
		if err != nil {
			return
		}
		// What was read can be written as a condition, and what is planned can be read back.
		wire, err := z.update(p).Pack()
		if err != nil {
			t.Fatalf("%v: %v", st.set, err)
		}
		if err := new(dns.Msg).Unpack(wire); err != nil {
			t.Fatalf("%v: %v", st.set, err)
		}
		if words := z.words(p.after); !strings.Contains(words, "dc2=10") {
			t.Errorf("planned %q", words)
		}
	})
}

// FuzzUpdateAnswer takes any bytes as the answer to an update: only our signature makes it done.
func FuzzUpdateAnswer(f *testing.F) {
	n := another(f, &nameServer{address: "127.0.0.1:9"})
	m := n.zone.shut(state{owner: n.zone.service, kind: dns.TypeSRV}, 1)
	m.Id = 1
	reply := new(dns.Msg)
	reply.SetReply(m)
	plain, err := reply.Pack()
	if err != nil {
		f.Fatal(err)
	}
	reply.SetTsig("bongsu.", dns.HmacSHA256, 300, 1)
	signed, _, err := dns.TsigGenerate(reply, otherSecret, "", false)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Add(signed)
	f.Fuzz(func(t *testing.T, text []byte) {
		s := sent{out: true}
		s.take(m, text, "00", n.key)
		if s.proven || n.verdict(s) == nil {
			t.Errorf("%x was taken for done", text)
		}
	})
}

// FuzzLabel writes any key into a record and reads it back.
func FuzzLabel(f *testing.F) {
	f.Add("failover/talk/12/0")
	f.Add("전환/\"\\\x00")
	f.Add(strings.Repeat("k", 300))
	z := newZone(testConfig("127.0.0.1:53"))
	f.Fuzz(func(t *testing.T, key string) {
		m := new(dns.Msg)
		m.Answer = []dns.RR{z.txt(z.leader, "7", "3", label(key))}
		wire, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Unpack(wire); err != nil {
			t.Fatal(err)
		}
		if k, err := markOf(m.Answer); err != nil || k != (mark{7, 3, label(key)}) {
			t.Errorf("%q came back as %+v, %v", key, k, err)
		}
	})
}
