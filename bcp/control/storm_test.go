package control

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/bcp"
	"bongsu/facility"
	"bongsu/journal"
)

// storm is one house in a night in which everything fails that may fail.
type storm struct {
	*house
	rnd    *rand.Rand
	desks  []*house
	people sync.WaitGroup
	asked  int
	trail  []string
}

// TestScenarioStorm lets desks die, leaders fall, answers of the journal get lost, acts hang, vanish, panic and be
// refused, majorities come and go while a building burns and people ask for things. Whatever the order, every
// request has one answer, nothing is done twice, nothing is forgotten, and the run is through or says why not.
// BONGSU_LONG makes it more nights.
func TestScenarioStorm(t *testing.T) {
	most := nights
	switch {
	case os.Getenv("BONGSU_LONG") != "":
		most = 3000
	case testing.Short():
		most = 20
	}
	for seed := range uint64(most) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { night(t, seed) })
		})
	}
}

func night(t *testing.T, seed uint64) {
	s := &storm{house: newHouse(t), rnd: rand.New(rand.NewPCG(seed, 4))}
	s.every = 10 * time.Second // pictures are what costs most here
	defer func() {
		if t.Failed() {
			t.Logf("%v", s.trail)
		}
	}()
	s.desks = []*house{s.house}
	for _, node := range []string{"n2", "n3"}[:s.rnd.IntN(3)] {
		s.desks = append(s.desks, s.beside(node))
	}
	for _, d := range s.desks {
		d.start()
	}
	time.Sleep(s.some(3000))
	s.burn("demo/b1", "S1", 2)
	for n := range 25 {
		if n == 5 {
			s.burn("demo/b1", "S3", 3)
		}
		time.Sleep(s.some(2500))
		s.happen()
	}
	s.calm()
	s.judge()
	for _, d := range s.desks {
		d.close()
	}
	s.people.Wait()
}

func (s *storm) some(ms int) time.Duration { return time.Duration(s.rnd.IntN(ms)) * time.Millisecond }

// burn is what the relay brings; it tries until the journal takes it.
func (s *storm) burn(room, to string, votes int) {
	d := journal.Draft{Kind: KindStage, Actor: "fire", Data: facility.StageChange{Room: room, Rack: room + "/r3", To: to, Why: "votes", Votes: votes}}
	s.people.Go(func() {
		for {
			if _, err := s.desk.Append(context.Background(), d, "relay/"+room+to); err == nil {
				return
			}
			time.Sleep(time.Second)
		}
	})
}

// happen lets one thing go wrong, or somebody ask.
func (s *storm) happen() {
	acts := []string{bcp.EffectFence, bcp.EffectPromote, bcp.EffectShed, bcp.EffectCanary, bcp.EffectShift, bcp.EffectDrain, "messenger"}
	kind := acts[s.rnd.IntN(len(acts))]
	d := s.desks[s.rnd.IntN(len(s.desks))]
	what := []string{"kill", "depose", "tear", "hang", "lose", "panic", "refuse", "away", "mute", "blind", "ask", "ask", "ask", "room", "cut", "cut"}[s.rnd.IntN(16)]
	s.trail = append(s.trail, what+" "+kind)
	switch what {
	case "kill":
		d.kill()
		time.Sleep(s.some(3000))
		d.start()
	case "depose":
		s.desk.depose()
	case "tear":
		s.desk.mu.Lock()
		s.desk.tear[[]string{bcp.KindMove, bcp.KindOutcome, bcp.KindReply, bcp.KindRequest}[s.rnd.IntN(4)]] = true
		s.desk.mu.Unlock()
	case "hang":
		s.change(func(w *world) { w.hang[kind] = true })
	case "lose":
		s.change(func(w *world) { w.lossy[kind] = true })
	case "panic":
		s.change(func(w *world) { w.faulty[kind] = 1 })
	case "refuse":
		s.change(func(w *world) { w.refuse[kind] = true })
		s.later(func() { s.change(func(w *world) { delete(w.refuse, kind) }) })
	case "mute":
		s.change(func(w *world) { w.mute = true })
		s.later(func() { s.change(func(w *world) { w.mute = false }) })
	case "blind":
		s.change(func(w *world) { w.blind = true })
		s.later(func() { s.change(func(w *world) { w.blind = false }) })
	case "away":
		s.away(true)
		if s.rnd.IntN(2) == 0 {
			s.desk.depose()
		}
		s.later(func() { s.away(false) })
	case "cut":
		s.people.Go(func() { d.desk.cutOff(true) })
		s.later(func() { d.desk.cutOff(false) })
	case "ask":
		s.ask(d)
	case "room":
		s.burn("demo/b2", []string{"S1", "S0"}[s.rnd.IntN(2)], 2)
	}
}

func (s *storm) away(is bool) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	s.desk.away = is
}

func (s *storm) later(fn func()) {
	after := s.some(15_000)
	s.people.Go(func() {
		time.Sleep(after)
		fn()
	})
}

// ask is a person who asks for something and waits for a while.
func (s *storm) ask(d *house) {
	s.asked++
	asks := []bcp.Request{
		{Kind: "failover.resume", Subject: "talk"}, {Kind: "incident.ack", Subject: "i1"}, {Kind: "incident.note", Subject: "i1", Args: map[string]string{"text": "x"}},
		{Kind: "motion.vote", Subject: "m1", Args: map[string]string{"choice": []string{"yes", "no"}[s.rnd.IntN(2)]}},
		{Kind: "failover.override", Subject: "talk", Args: map[string]string{"reason": "two agree"}}, {Kind: "step.attest", Subject: "p1/call-in", Args: map[string]string{"evidence": "all out"}},
		{Kind: "summon.ack", Subject: "c1"}, {Kind: "incident.report", Subject: "dc1", Args: map[string]string{"what": "smoke"}}, {Kind: "org.start"}, {Kind: "nonsense"},
	}
	r := asks[s.rnd.IntN(len(asks))]
	person := []string{"tower", "chair", "member", "operator", "lead"}[s.rnd.IntN(5)]
	r.ID, r.By = fmt.Sprint("q", s.asked), []bcp.Who{{Person: person, Station: "desk of " + person}}
	patience, again := s.some(4000), s.rnd.IntN(2) == 0
	loop := d.loop
	s.people.Go(func() {
		for range 2 {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			_, _ = loop.Ask(ctx, r) // what became of it stands in the journal
			cancel()
			if !again {
				return
			}
		}
	})
}

// calm ends all faults and lets people take a run out of HOLD.
func (s *storm) calm() {
	s.change(func(w *world) {
		clear(w.hang)
		clear(w.lossy)
		clear(w.faulty)
		clear(w.refuse)
		w.blind, w.mute = false, false
	})
	s.away(false)
	s.desk.mu.Lock()
	clear(s.desk.cut)
	clear(s.desk.tear)
	s.desk.mu.Unlock()
	for n := range 20 {
		time.Sleep(20 * time.Second)
		s.change(func(w *world) { clear(w.refuse); w.blind, w.mute = false, false }) // what was to end later has ended
		switch s.run() {
		case bcp.RunComplete:
			time.Sleep(time.Minute)
			return
		case bcp.RunHold:
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			r := bcp.Request{ID: fmt.Sprint("resume", n), Kind: "failover.resume", Subject: "talk", By: []bcp.Who{{Person: "tower", Station: "a"}}}
			_, _ = s.loop.Ask(ctx, r)
			cancel()
		}
	}
}

// judge holds the night to its promises.
func (s *storm) judge() {
	s.t.Helper()
	asked, replies := map[string]bool{}, map[string]int{}
	for _, e := range s.desk.of(bcp.KindRequest) {
		var r bcp.Request
		_ = json.Unmarshal(e.Data, &r)
		asked[r.ID] = true
	}
	for _, e := range s.desk.of(bcp.KindReply) {
		replies[e.Subject]++
	}
	for id := range asked {
		if replies[id] != 1 {
			s.t.Errorf("request %s has %d replies", id, replies[id])
		}
	}
	s.change(func(w *world) {
		for key, n := range w.byKey {
			if n != 1 {
				s.t.Errorf("%s was done %d times", key, n)
			}
		}
		for name, n := range w.did {
			// A fence is asked for again until it shows; everything else happens once in a run.
			if n != 1 && name != bcp.EffectFence {
				s.t.Errorf("%s was done %d times", name, n)
			}
		}
	})
	for _, a := range s.fold().Ledger.Open() {
		if !a.Repeatable() || time.Since(a.Intended) > 2*time.Minute {
			s.t.Errorf("%s %s has no outcome: %s %s", a.Kind, a.Key, a.State, a.Detail)
		}
	}
	p := s.picture()
	if g := p.Groups[0]; g.State != bcp.RunComplete && (g.State != bcp.RunHold || g.Hold.Why == "") {
		s.t.Errorf("the run stands in %s: %s", g.State, g.Guard)
	}
	for _, d := range s.desks {
		d.same()
	}
}

// same holds what a living desk believes to what its journal tells, both at one entry: the next may come at any moment.
func (h *house) same() {
	h.t.Helper()
	var p *bcp.Picture
	var org *bcp.Organisation
	h.until(5*time.Minute, "a moment of rest", func() bool {
		p = h.picture()
		if last, _ := h.desk.LastSeq(context.Background()); p.Control.Seq != last {
			return false
		}
		var seq uint64
		org, seq = h.folded()
		return p.Control.Seq == seq
	})
	got, want := told(*p), told(org.Picture(time.Now(), bcp.Facts{Roster: h.roster}))
	for i := range got {
		if got[i] != want[i] {
			h.t.Errorf("%s believes\n%s\nand the journal tells\n%s", h.desk.node, got[i], want[i])
		}
	}
}

// told is what of a picture comes from the journal alone.
func told(p bcp.Picture) []string {
	var out []string
	for _, v := range []any{p.Org, p.Motions, p.Summons, p.Brake, p.Plays, p.Waiting, p.Doubts} {
		raw, _ := json.Marshal(v)
		out = append(out, string(raw))
	}
	for _, i := range p.Incidents {
		raw, _ := json.Marshal(i.Incident)
		out = append(out, string(raw))
	}
	for _, g := range p.Groups {
		raw, _ := json.Marshal(g.Run)
		out = append(out, string(raw))
	}
	return slices.Clip(out)
}
