package messenger

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"

	"bongsu/facility"
)

// What counts as lost: acknowledged, and not there for five seconds under one epoch.
func TestWhatCountsAsLost(t *testing.T) {
	type word struct {
		at      time.Duration
		epoch   uint64
		missing bool
	}
	cases := []struct {
		name       string
		words      []word
		lost       int
		unverified int
	}{
		{"read back at once", []word{{0, 1, false}}, 0, 0},
		{"missing for a moment", []word{{0, 1, true}, {4 * time.Second, 1, true}}, 0, 1},
		{"missing for good", []word{{0, 1, true}, {3 * time.Second, 1, true}, {6 * time.Second, 1, true}}, 1, 1},
		{"found again", []word{{0, 1, true}, {6 * time.Second, 1, true}, {7 * time.Second, 1, false}}, 0, 0},
		{"a new epoch is asked anew", []word{{0, 1, true}, {4 * time.Second, 2, true}, {8 * time.Second, 2, true}}, 0, 1},
		{"read back before, gone after the move", []word{{0, 1, false}, {4 * time.Second, 2, true}, {10 * time.Second, 2, true}}, 1, 1},
	}
	for _, c := range cases {
		l := newLedger(time.Second, facility.MessengerTiers{})
		l.sending("m")
		l.acknowledged("m", "dc1")
		l.entries["m"].acked = time.Now().Add(-time.Minute)
		start := time.Now()
		for _, w := range c.words {
			a := checkAnswer{Site: "dc1", Role: rolePrimary, Epoch: w.epoch}
			if w.missing {
				a.Missing = []string{"m"}
			}
			if due := l.due(start.Add(w.at), w.epoch); !slices.Equal(due, []string{"m"}) {
				t.Errorf("%s: at %v due for reading back: %v", c.name, w.at, due)
			}
			l.judge(start.Add(w.at), []string{"m"}, a)
		}
		counts, _, _, _, _ := l.state()
		if counts.Lost != c.lost || counts.Unverified != c.unverified || counts.Acked != 1 {
			t.Errorf("%s: %+v, want %d lost, %d unverified", c.name, counts, c.lost, c.unverified)
		}
	}
}

func TestDuplicatesAndLateness(t *testing.T) {
	l := newLedger(time.Hour, facility.MessengerTiers{})
	l.sending("a")
	l.sending("b")
	l.entries["b"].sent = time.Now().Add(-2 * time.Hour)
	for _, d := range []struct {
		id  string
		seq int64
	}{{"a", 1}, {"b", 2}, {"a", 3}, {"stranger", 4}} {
		l.deliver(d.id, d.seq, false)
	}
	counts, _, _, _, _ := l.state()
	if counts.Delivered != 2 || counts.Duplicated != 1 || counts.Late != 1 {
		t.Errorf("%+v", counts)
	}
	for i := range ledgerSize + 10 {
		l.sending(fmt.Sprint(i))
	}
	if len(l.order) != ledgerSize || len(l.entries) != ledgerSize {
		t.Errorf("the ledger holds %d and %d entries, want %d", len(l.order), len(l.entries), ledgerSize)
	}
}

// Clients keep an answer for its life and no longer.
func TestClientsHonourTheLifeOfARecord(t *testing.T) {
	rig := startMessenger(t, 1, 0)
	here := rig.site("dc1").address
	r := &talkResolver{zone: "talk.test.", servers: []string{rig.w.dns[0].Address()}}
	// A busy machine may answer later than a client waits for the name server.
	asked, found := time.Time{}, []talkTarget(nil)
	answered := func() (ok bool) {
		asked = time.Now()
		got, err := r.lookup(t.Context())
		found = got
		return err == nil
	}
	eventually(t, "an answer of the name server", answered)
	if len(found) != 1 || found[0] != (talkTarget{"dc1", here, 100}) {
		t.Fatalf("%+v", found)
	}
	if r.until.Before(asked.Add(time.Second)) || r.until.After(time.Now().Add(time.Second)) {
		t.Errorf("kept until %v after the question, the record says 1 s", r.until.Sub(asked))
	}
	r.until = time.Now().Add(time.Minute) // as if it said so: the machine may be slow
	m := new(dns.Msg)
	m.SetUpdate("talk.test.")
	m.RemoveRRset(rrs(t, `_talk._tcp.talk.test. 0 IN SRV 0 0 0 .`))
	m.Insert(rrs(t, `_talk._tcp.talk.test. 2 IN SRV 0 100 18009 dc1.talk.test.`))
	rig.update(m)
	if again, err := r.lookup(t.Context()); err != nil || again[0].address != here {
		t.Errorf("within its life: %+v, %v", again, err)
	}
	r.until = time.Now()
	eventually(t, "an answer after its life", answered)
	if found[0].address != "127.0.0.1:18009" {
		t.Errorf("after its life: %+v", found)
	}
}

// A canary is a weight: one in a hundred goes there.
func TestWeightsShareTheClients(t *testing.T) {
	targets := []talkTarget{{"dc1", "", 99}, {"dc2", "", 1}, {"dc3", "", 0}}
	n := map[string]int{}
	for range 20_000 {
		n[choose(targets).site]++
	}
	if n["dc2"] < 100 || n["dc2"] > 320 || n["dc3"] != 0 {
		t.Errorf("%v of 20000 at weights 99, 1, 0", n)
	}
	if got := choose([]talkTarget{{"only", "", 0}}).site; got != "only" {
		t.Errorf("all weights 0: %q", got)
	}
}
