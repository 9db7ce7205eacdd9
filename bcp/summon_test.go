package bcp

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// called is a house in which the committee is being summoned.
func called(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	h.facts.Evidence = []Evidence{fire(1, 2)}
	h.facts.Receipts = map[string]Tri{}
	h.turn()
	return h
}

func (h *house) channels(person string) []string {
	var out []string
	for _, e := range h.effects {
		if e.Kind == EffectSend && e.To == person {
			out = append(out, e.Args["channel"])
		}
	}
	return out
}

func TestTheSummonsGoesFromDomainToDomainAndThenToTheDeputy(t *testing.T) {
	h := called(t)
	h.is(MachineSummon, "c1/infra", SummonSent)
	if e := h.effects[slices.IndexFunc(h.effects, func(e Effect) bool { return e.Kind == EffectSend })]; e.Args["room"] != "판교 상황실" || e.Args["bridge"] == "" {
		t.Fatalf("the summons carries the place: %v", e)
	}
	h.after(59 * time.Second)
	if got := h.channels("infra"); !slices.Equal(got, []string{"msg"}) {
		t.Fatal(got)
	}
	h.after(time.Second)
	s := h.org.Summons.Get("c1", "infra")
	h.facts.Receipts[s.Key] = Yes
	h.turn()
	h.is(MachineSummon, "c1/infra", SummonDelivered) // and still not acknowledged
	h.after(time.Minute)
	h.is(MachineSummon, "c1/infra", SummonSent)
	if got := h.channels("infra"); !slices.Equal(got, []string{"msg", "sms", "mail"}) {
		t.Fatal(got)
	}
	h.after(time.Minute)
	h.is(MachineSummon, "c1/infra", SummonUnreachable)
	h.is(MachineSummon, "c1/oncall1", SummonSent)
	h.restart()
	h.do(h.org.Summons.Ack(h.now, h.facts, "c1", who("oncall1")))
	h.do(h.org.Summons.Join(h.now, h.facts, "c1", who("oncall1")))
	h.is(MachineSummon, "c1/infra", SummonCovered)
	if _, err := h.org.Summons.Ack(h.now, h.facts, "c1", who("clerk")); !errors.Is(err, ErrNoSuch) {
		t.Fatal(err)
	}
}

func TestAcknowledgedIsNotJoined(t *testing.T) {
	h := called(t)
	h.do(h.org.Summons.Ack(h.now, h.facts, "c1", who("chair")))
	if len(h.org.Motions.Get("m1").Ballots) != 0 {
		t.Fatal("an acknowledgement is no presence")
	}
	h.after(5 * time.Minute)
	h.is(MachineSummon, "c1/chair", SummonSent) // asked again
	h.do(h.org.Summons.Ack(h.now, h.facts, "c1", who("chair")))
	h.do(h.org.Summons.Join(h.now, h.facts, "c1", who("chair")))
	if b := h.org.Motions.Get("m1").Ballots; len(b) != 1 || b[0].Person != "chair" {
		t.Fatalf("the roll: %v", b)
	}
	// Too late is better than never.
	h.is(MachineSummon, "c1/legal", SummonUnreachable)
	h.do(h.org.Summons.Ack(h.now, h.facts, "c1", who("legal")))
	h.is(MachineSummon, "c1/legal", SummonAcked)
	h.do(h.org.Summons.Decline(h.now, h.facts, "c1", who("legal")))
	h.is(MachineSummon, "c1/legal", SummonDeclined)
	h.restart()
}

func TestNeverTwiceInARowThroughTheProtectedMessenger(t *testing.T) {
	channels := []Channel{{ID: "m1", Domain: "own", Protected: true}, {ID: "m2", Domain: "other", Protected: true}, {ID: "s1", Domain: "telco"}, {ID: "s2", Domain: "telco"}}
	var order []string
	last := ""
	for {
		c, left := nextChannel(channels, order, last, DefaultLane().Room(t0, nil))
		if !left {
			break
		}
		order, last = append(order, c.ID), c.ID
	}
	if !slices.Equal(order, []string{"m1", "s1", "m2", "s2"}) {
		t.Fatal(order)
	}
}

func TestFifteenHundredPeopleAreTriedWithinAMinute(t *testing.T) {
	h := newHouse(t)
	h.org.Summons.lane = Lane{PerSecond: 30, Domains: map[string]int{"slow": 1}}
	roster := *h.facts.Roster
	var people []string
	for i := range 1500 {
		id := fmt.Sprintf("w%04d", i)
		people = append(people, id)
		roster.People = append(roster.People, Person{ID: id, Channels: []Channel{{ID: "a", Domain: "slow"}, {ID: "b", Domain: "sms"}, {ID: "c", Domain: "voice"}}})
	}
	h.facts.Roster = &roster
	for _, d := range h.org.Summons.call(h.now, h.facts, "all", people) {
		if _, err := h.org.Ledger.Fire(t.Context(), d, h.record); err != nil {
			t.Fatal(err)
		}
	}
	tried := map[string]time.Duration{}
	perSecond := map[int]int{}
	for ms := 0; len(tried) < 1500 && ms <= 60_000; ms += 500 {
		h.now = t0.Add(time.Duration(ms) * time.Millisecond)
		for _, d := range h.org.Summons.Decide(h.now, h.facts) {
			tr, err := h.org.Ledger.Fire(t.Context(), d, h.record)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range tr.Effects {
				perSecond[ms/1000]++
				if _, again := tried[e.To]; !again {
					tried[e.To] = h.now.Sub(t0)
				}
			}
		}
	}
	slowest := time.Duration(0)
	for _, at := range tried {
		slowest = max(slowest, at)
	}
	if len(tried) != 1500 || slowest > time.Minute || tried["w0000"] != 0 {
		t.Fatalf("%d tried, the last after %s, the first after %s", len(tried), slowest, tried["w0000"])
	}
	for s, n := range perSecond {
		if n > 30 {
			t.Fatalf("second %d: %d messages", s, n)
		}
	}
	if got := CheckChannels(&roster, map[string]Tri{"chair/sms": Yes, "infra/msg": Yes}); slices.Contains(got, "chair") || !slices.Contains(got, "infra") {
		t.Fatal("only a tested channel outside the messenger counts")
	}
}
