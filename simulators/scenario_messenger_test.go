package simulators

import (
	"net"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"

	"bongsu/simulators/messenger"
	"bongsu/simulators/world"
)

// The notice gives four minutes: until then nothing happens, then the building is dark and nothing else is.
func TestPowerCutNoticeKeepsItsWord(t *testing.T) {
	p := startDemo(t, func(o *Options) { o.Speed = 50 })
	state := func() messenger.State { s, _ := p.Messenger(); return s }
	eventually(t, "the users write", func() bool { s := state(); return s.Sites[0].Serving && s.Acked > 0 })
	if err := p.StartScenario("power-cut-notice"); err != nil {
		t.Fatal(err)
	}
	// Everything is read at one moment of the world, since at this speed it does not wait for the reader.
	dark := func() (elapsed float64, dark bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return (p.world.Now() - p.play.started).Seconds(), p.layout.Dark(p.world)
	}
	eventually(t, "the building is dark", func() bool {
		elapsed, off := dark()
		if off && elapsed < 240 || !off && elapsed > 245 {
			t.Fatalf("at %.0f s the building is dark: %v", elapsed, off)
		}
		return off
	})
	eventually(t, "the first center is dark", func() bool { s := state(); return !s.Sites[0].Power && s.Connected == 0 })
	at := state()
	if c, err := net.DialTimeout("tcp", at.Sites[0].Address, patience); err == nil {
		c.Close()
		t.Error("the dark center takes connections")
	}
	for _, s := range at.Sites[1:] {
		c, err := net.DialTimeout("tcp", s.Address, patience)
		if err != nil || !s.Power {
			t.Errorf("%s went with it: power %v, %v", s.ID, s.Power, err)
			continue
		}
		c.Close()
	}
	for _, s := range at.DNS {
		if rcode := askNames(t, s.Address, query()); rcode != dns.RcodeSuccess {
			t.Errorf("%s went with it: %s", s.ID, dns.RcodeToString[rcode])
		}
	}
	// The switch moves in tenths of a second of the world, its UPS follows with the next whole one.
	eventually(t, "the UPS zone is off", func() bool { return p.State().Zones[0].Mode == world.UPSOff.String() })
	if f := p.State().Actuators; len(f) != 1 || f[0].Name != world.PowerCut || f[0].Commanded || !f[0].Confirmed {
		t.Errorf("outputs %+v: want the switch open without a command", f)
	}
}

func query() *dns.Msg { return new(dns.Msg).SetQuestion("_talk._tcp.talk.demo.", dns.TypeSRV) }

// askNames sends a message to a name server and returns the code of its answer, -1 for none.
func askNames(t *testing.T, address string, m *dns.Msg) int {
	t.Helper()
	c := dns.Client{Net: "tcp", Timeout: patience}
	if m.Opcode == dns.OpcodeUpdate {
		key := loadDemo(t).Sim.Messenger.TSIG
		c.TsigSecret = map[string]string{key.Name: key.Secret}
		m.SetTsig(key.Name, dns.HmacSHA256, 300, time.Now().Unix())
	}
	reply, _, err := c.ExchangeContext(t.Context(), m, address)
	if err != nil {
		return -1
	}
	return reply.Rcode
}

// The variants of the fire play to their end, each with what stands in its way, and stopping them heals it.
func TestVariantsOfTheFire(t *testing.T) {
	cases := map[string][]string{
		"committee-silent": {"people-silent chair", "people-silent deputy", "people-silent tower", "people-silent member",
			"people-silent lead", "people-silent safety", "people-silent legal"},
		"names-refuse": {"dns-refuse ns1", "dns-refuse ns2"},
		"target-down":  {"site-power dc2"},
	}
	for name, want := range cases {
		p := still(t)
		if err := p.StartScenario(name); err != nil {
			t.Fatal(err)
		}
		p.advance(60 * time.Second)
		s := p.State()
		var have []string
		for _, f := range s.Faults {
			if slices.Contains(messenger.FaultKinds(), f.Kind) {
				have = append(have, string(f.Kind)+" "+f.Target)
			}
		}
		if len(s.Scenario.Troubles) > 0 || s.Racks[2].MaxCellC < 60 || !slices.Equal(have, want) {
			t.Errorf("%s after a minute: %+v, rack at %g degC, faults %v, want %v", name, s.Scenario, s.Racks[2].MaxCellC, have, want)
		}
		if _, err := p.StopScenario(); err != nil || len(p.State().Faults) > 0 {
			t.Errorf("%s: not healed, %v", name, err)
		}
	}
}

// What stands in the way is real on the wire: updates are refused while questions are answered, and the target is dark.
func TestObstaclesAreReal(t *testing.T) {
	p := startDemo(t, nil)
	state := func() messenger.State { s, _ := p.Messenger(); return s }
	update := func() int {
		m := new(dns.Msg).SetUpdate("talk.demo.")
		m.Used([]dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: "_epoch.talk.demo.", Rrtype: dns.TypeTXT}, Txt: []string{"999"}}})
		return askNames(t, state().DNS[0].Address, m)
	}
	const sound = dns.RcodeNXRrset // no such epoch: it was judged
	if rcode := update(); rcode != sound {
		t.Fatalf("an update of the healthy zone: %s", dns.RcodeToString[rcode])
	}
	if err := p.StartScenario("names-refuse"); err != nil {
		t.Fatal(err)
	}
	if u, q := update(), askNames(t, state().DNS[0].Address, query()); u != dns.RcodeRefused || q != dns.RcodeSuccess {
		t.Errorf("update %s, question %s", dns.RcodeToString[u], dns.RcodeToString[q])
	}
	if _, err := p.StopScenario(); err != nil || update() != sound {
		t.Errorf("not healed: %v", err)
	}
	if err := p.StartScenario("target-down"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the target alone is dark", func() bool {
		s := state().Sites
		return s[0].Power && !s[1].Power && s[2].Power
	})
	if _, err := p.StopScenario(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the target has its power back", func() bool { return state().Sites[1].Power })
}
