package names

import (
	"errors"
	"testing"

	"github.com/miekg/dns"

	"bongsu/bcp"
)

func (r *rig) undo(n *Names, leader uint64, key string, a bcp.Act) bcp.Receipt {
	r.t.Helper()
	got, err := n.Adapters()[a.Kind].Undo(r.t.Context(), key, leader, a)
	if err != nil {
		r.t.Fatalf("undo %s: %v", key, err)
	}
	return got
}

// Taken back by the process that did it: exactly what stood before. By another: the source alone.
func TestTrafficIsLedBack(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.primary.put(t, "_talk._tcp.talk.test. 5 IN SRV 0 60 18001 dc1.talk.test.", "_talk._tcp.talk.test. 5 IN SRV 0 40 18003 dc3.talk.test.")
	r.do(5, "k", canaryAct("10"))
	r.zoneIs("2 dc1=54 dc2=10 dc3=36")
	r.undo(r.Names, 5, "k", canaryAct("10"))
	r.zoneIs("2 dc1=60 dc3=40")
	if r.undo(r.Names, 5, "k", canaryAct("10"))["already"] != "true" {
		t.Error("undone twice")
	}
	r.probed(r.Names, "k", canaryAct("10"), bcp.Yes)

	r.do(5, "k2", canaryAct("10"))
	next := another(t, r.primary)
	r.undo(next, 6, "k2", canaryAct("10"))
	r.zoneIs("2 dc1=100")
	r.probed(another(t, r.primary), "k2", canaryAct("10"), bcp.Yes) // the zone itself says that it was taken back

	restore := bcp.Act{Kind: KindRestore, With: shiftAct().With}
	r.Names = next
	r.do(6, "k3", shiftAct())
	r.do(6, "k4", restore)
	r.zoneIs("2 dc1=100")
	r.undo(another(t, r.primary), 6, "k4", restore)
	r.zoneIs("2 dc2=100")
}

// A lost answer to an undo is found out like any other.
func TestALostUndo(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.do(5, "k", canaryAct("10"))
	undone := func() {
		r.briefly(func() {
			if _, err := r.Adapters()[KindCanary].Undo(t.Context(), "k", 5, canaryAct("10")); err == nil || errors.Is(err, bcp.ErrNotDone) {
				t.Fatalf("the outcome should be open: %v", err)
			}
		})
	}
	r.primary.on(nil, silent)
	undone()
	r.primary.on(nil, nil)
	r.probed(r.Names, "k", canaryAct("10"), bcp.No)
	r.zoneIs("2 dc1=90 dc2=10")
	before := r.primary.count()
	r.primary.on(nil, r.primary.mute)
	undone()
	r.until("the undo is done", func() bool { return r.primary.count() > before })
	r.primary.on(nil, nil)
	r.probed(r.Names, "k", canaryAct("10"), bcp.Yes)
	r.zoneIs("2 dc1=100") // the epoch never goes back
}

func (s *nameServer) value(name string, kind uint16) string {
	set, _ := s.find(dns.Question{Name: name, Qtype: kind})
	return newZone(testConfig()).words(set)
}

// One record of a playbook: its epoch stays, its undo is a value of its own.
func TestOneRecord(t *testing.T) {
	t.Parallel()
	r := start(t)
	act := func(name, value string) bcp.Act {
		return bcp.Act{Kind: KindDNS, With: map[string]string{"name": name, "value": value}}
	}
	r.do(5, "p1/www/1", act("www", "192.0.2.7"))
	if got := r.primary.value("www.talk.test.", dns.TypeA); got != "192.0.2.7" {
		t.Errorf("www is %q", got)
	}
	r.zoneIs("1 dc1=100")

	next := another(t, r.primary)
	r.probed(next, "p1/www/1", act("www", "192.0.2.7"), bcp.Yes)
	if err := next.Claim(t.Context(), 6); err != nil {
		t.Fatal(err)
	}
	r.probed(next, "p1/www/1", act("www", "192.0.2.1"), bcp.No) // its undo, begun and not done
	if _, err := next.Adapters()[KindDNS].Undo(t.Context(), "p1/www/1", 6, act("www", "192.0.2.7")); !errors.Is(err, bcp.ErrNotDone) {
		t.Errorf("an undo that says nothing about what stood before: %v", err)
	}
	r.undo(next, 6, "p1/www/1", act("www", "192.0.2.1"))
	r.probed(another(t, r.primary), "p1/www/1", act("www", "192.0.2.1"), bcp.Yes)
	if got := r.primary.value("www.talk.test.", dns.TypeA); got != "192.0.2.1" {
		t.Errorf("www is %q", got)
	}

	r.Names = next
	r.do(6, "p1/help/1", act("help.talk.test", "dc2.talk.test."))
	r.do(6, "p1/talk/1", act("_talk._tcp", "dc3"))
	if got := r.primary.value("help.talk.test.", dns.TypeCNAME); got != "dc2.talk.test." {
		t.Errorf("help is %q", got)
	}
	r.zoneIs("1 dc3=100")
	r.undo(next, 6, "p1/help/1", act("help.talk.test", "dc2.talk.test."))
	if got := r.primary.value("help.talk.test.", dns.TypeCNAME); got != "dc1.talk.test." {
		t.Errorf("help is %q", got)
	}
	for name, value := range map[string]string{"wwww": "192.0.2.7", "www": "2001:db8::1", "help": "192.0.2.7"} {
		if _, err := next.Adapters()[KindDNS].Do(t.Context(), name, 6, act(name, value)); !errors.Is(err, bcp.ErrNotDone) {
			t.Errorf("%s to %s: %v", name, value, err)
		}
	}
}
