package fire

import (
	"slices"
	"testing"
	"time"
)

const (
	randomRuns  = 300
	randomTicks = 600
)

// witness watches a run from outside and remembers only what an onlooker could.
type witness struct {
	t      *testing.T
	p      *plant
	before View
	after  View
	d      Decisions
	rooms  map[string]*roomWitness
	banks  map[string]bool
}

type roomWitness struct {
	unheld   time.Duration // countdown time nobody held
	sinceRun time.Duration // since the last tick on which somebody held
}

func TestRandomRunsKeepTheInvariants(t *testing.T) {
	climbed := map[Stage]bool{}
	for seed := range uint64(randomRuns) {
		p := newPlant(t, seed, threeRacks())
		w := &witness{t: t, p: p, rooms: map[string]*roomWitness{}, banks: map[string]bool{}}
		for _, name := range p.engine.RoomNames() {
			w.rooms[name] = &roomWitness{}
		}
		w.before = p.engine.View()
		for range randomTicks {
			p.step()
			p.restart(t)
			w.before = p.engine.View()
			w.d = p.tick()
			w.after = p.engine.View()
			w.judge()
			if t.Failed() {
				t.Fatalf("seed %d at %v", seed, p.now)
			}
			for _, m := range w.after.Rooms {
				climbed[m.Stage] = true
			}
		}
	}
	for s := S0; s < stageCount; s++ {
		if !climbed[s] {
			t.Errorf("no run ever reached %s: the inputs are too tame to prove anything", s)
		}
	}
}

func (w *witness) judge() {
	w.releaseNeedsVoteAndDelay()
	w.manualReleaseWins()
	w.stagesOnlyFallByReset()
	w.badDataNeverCalms()
	w.commandsEnd()
	w.oneShotsOnce()
	w.lowerStagesFirst()
	w.oneBankEach()
}

func (w *witness) raised(name, subject string) bool {
	return slices.Contains(w.d.Alarms, AlarmEvent{Name: name, Subject: subject, Raised: true})
}

// I1
func (w *witness) releaseNeedsVoteAndDelay() {
	for i, m := range w.after.Rooms {
		in, seen, was := w.p.in.Rooms[i], w.rooms[m.Name], w.before.Rooms[i]
		held := in.Abort || in.Occupants > 0 || in.LEL >= 25
		if was.Reached != S5A && m.Reached == S5A {
			*seen = roomWitness{}
			if !w.votedFor(m) && !w.asked(RequestRelease, m.Name) {
				w.t.Errorf("I1: %s warns of gas without a vote or a request", m.Name)
			}
			if !w.asked(RequestRelease, m.Name) && (in.Occupants > 0 || in.LEL >= 25) {
				w.t.Errorf("I1: %s warns of gas although it is held", m.Name)
			}
		} else if was.Reached == S5A {
			if seen.sinceRun += w.p.gap; held {
				seen.sinceRun = 0
			} else {
				seen.unheld += min(w.p.gap, 2*time.Second)
			}
		}
		released := slices.ContainsFunc(w.d.Commands, func(k Command) bool {
			return k.Name == m.Name+".GAS_RELEASE" && k.Attempt == 1
		})
		if !released || in.ManualStation {
			continue
		}
		if held || seen.unheld < 30*time.Second || was.Reached != S5A {
			w.t.Errorf("I1: %s released from %s, held %v, after %v", m.Name, was.Reached, held, seen.unheld)
		}
	}
}

func (w *witness) votedFor(m RoomView) bool {
	return slices.ContainsFunc(w.after.Racks, func(r RackView) bool { return r.Room == m.Name && r.Votes[2].Demand })
}

func (w *witness) asked(kind RequestKind, subject string) bool {
	return slices.ContainsFunc(w.p.in.Requests, func(q Request) bool {
		return q.Kind == kind && q.Subject == subject && q.twoPersons()
	})
}

// I2
func (w *witness) manualReleaseWins() {
	for i, m := range w.after.Rooms {
		if !w.p.in.Rooms[i].ManualStation || m.Peer {
			continue
		}
		if k := w.after.command(m.Name + ".GAS_RELEASE"); k.Attempts == 0 {
			w.t.Errorf("I2: the manual station of %s was pulled in %s and nothing was released", m.Name, m.Stage)
		}
	}
}

// I3
func (w *witness) stagesOnlyFallByReset() {
	for i, r := range w.after.Racks {
		was := w.before.Racks[i]
		if r.Reached >= was.Reached || (was.Reached == SP && r.Reached == S0) {
			continue
		}
		good := 0
		for _, ch := range was.Channels {
			if ch.State == ChannelGood || ch.State == ChannelHeld {
				good++
			}
		}
		if !w.raised("RESET_DONE", r.ID) || !w.asked(RequestReset, r.ID) || good < 2 || was.ResetReadyIn < 0 {
			w.t.Errorf("I3: %s fell from %s to %s with %d good channels and no reset", r.ID, was.Reached, r.Reached, good)
		}
	}
}

// I4: with no channel that can be read, a rack stays where it is.
func (w *witness) badDataNeverCalms() {
	for i, r := range w.after.Racks {
		readable, was := false, w.before.Racks[i]
		warned := false
		for k, ch := range r.Channels {
			readable = readable || ch.State == ChannelGood || ch.State == ChannelHeld || ch.State == ChannelObscured
			warned = warned || (was.Channels[k].State != ChannelBypassed && was.Channels[k].ValueC >= 50)
		}
		calmEvidence := was.Evidence == r.Evidence
		if !readable && calmEvidence && warned && r.Reached < was.Reached && !w.raised("RESET_DONE", r.ID) {
			w.t.Errorf("I4: %s went from %s to %s without a reading", r.ID, was.Reached, r.Reached)
		}
	}
}

// I5
func (w *witness) commandsEnd() {
	if w.after.Authority {
		return
	}
	for _, list := range w.allCommands() {
		for _, k := range list {
			sup, ok := w.p.cfg.Limits.Supervision[k.Action]
			if !ok {
				continue
			}
			if k.Attempts > sup.Retries+1 {
				w.t.Errorf("I5: %s was sent %d times", k.Name, k.Attempts)
			}
			// An outage and the tick's length come on top; control of the authority stops the clock.
			limit := sup.Deadline*time.Duration(sup.Retries+1) + 80*time.Second
			if k.State == CommandSent && w.p.now-k.SentAt > limit {
				w.t.Errorf("I5: %s has been on its way for %v", k.Name, w.p.now-k.SentAt)
			}
		}
	}
}

func (w *witness) allCommands() [][]CommandView {
	lists := [][]CommandView{w.after.Site}
	for _, r := range w.after.Racks {
		lists = append(lists, r.Commands)
	}
	for _, m := range w.after.Rooms {
		lists = append(lists, m.Commands)
	}
	return lists
}

// I6
func (w *witness) oneShotsOnce() {
	for _, k := range slices.Concat(w.d.Commands, w.d.Reassert) {
		was := w.before.command(k.Name)
		if k.Action.level() || was.State != CommandConfirmed {
			continue
		}
		reset := slices.ContainsFunc(w.d.Alarms, func(a AlarmEvent) bool { return a.Raised && a.Name == "RESET_DONE" })
		if !reset {
			w.t.Errorf("I6: %s was confirmed and is pulsed again", k.Name)
		}
	}
	for _, k := range w.d.Reassert {
		if !k.Action.level() {
			w.t.Errorf("I6: the restart pulses %s", k.Name)
		}
	}
}

// I12
func (w *witness) lowerStagesFirst() {
	rungs := []string{"ISOLATE", "PATCH", "NOZZLE", "WATER"}
	for _, r := range w.after.Racks {
		last := -1
		for _, k := range w.d.Commands {
			rung := slices.Index(rungs, k.Action.String())
			if k.Subject != r.ID || rung < 0 || k.Attempt > 1 {
				continue
			}
			if rung < last {
				w.t.Errorf("I12: %s comes after a higher stage's command", k.Name)
			}
			last = rung
			for _, lower := range rungs[:rung] {
				if w.after.command(r.ID+"."+lower).State == CommandIdle {
					w.t.Errorf("I12: %s is sent and %s never was", k.Name, lower)
				}
			}
		}
	}
}

// I9, as far as a decision can keep it: one bank serves one room.
func (w *witness) oneBankEach() {
	for _, q := range w.p.in.Requests {
		if q.Kind == RequestBankReady && q.twoPersons() {
			delete(w.banks, q.Subject)
		}
	}
	for _, k := range w.d.Commands {
		if k.Action == GasReserve && k.Attempt == 1 {
			if w.banks[k.Donor] || k.Donor == k.Subject || k.Donor == "" {
				w.t.Errorf("I9: %s draws on %q", k.Name, k.Donor)
			}
			w.banks[k.Donor] = true
		}
	}
}

// I8: with the same real inputs an engine in a drill does exactly what one without does.
func TestADrillChangesNothingReal(t *testing.T) {
	drilled, aborted := 0, false
	for seed := range uint64(60) {
		p := newPlant(t, seed, threeRacks())
		p.ruled, p.calm = true, 600
		twin, err := New(p.cfg)
		if err != nil {
			t.Fatal(err)
		}
		for range randomTicks {
			p.step()
			plain := p.in
			plain.Requests = slices.Clone(p.in.Requests)
			if p.rng.IntN(20) == 0 {
				p.in.Requests = append(p.in.Requests, Request{Kind: RequestDrillOn + RequestKind(p.rng.IntN(2))})
			}
			for i := range p.in.Racks {
				for k := range p.in.Racks[i].Sim {
					p.in.Racks[i].SimSet[k] = p.rng.IntN(3) > 0
					p.in.Racks[i].Sim[k] = Reading{Value: 85, Good: true, Refreshed: true}
				}
			}
			d := p.tick()
			drilled += len(d.DrillCommands)
			want := twin.Tick(p.now, time.Time{}, plain)
			aborted = aborted || slices.Contains(d.Alarms, AlarmEvent{Name: pulseDrillAborted, Raised: true})
			d.Alarms = slices.DeleteFunc(slices.Clone(d.Alarms), func(a AlarmEvent) bool { return a.Name == pulseDrillAborted })
			if !slices.Equal(d.Commands, want.Commands) || !slices.Equal(d.Stages, want.Stages) || !slices.Equal(d.Alarms, want.Alarms) {
				t.Fatalf("I8: seed %d at %v: %v, without a drill %v", seed, p.now, d.Commands, want.Commands)
			}
		}
	}
	if drilled == 0 || !aborted {
		t.Error("no drill ever got going, or none met a real event")
	}
}

// I11: bypasses and inhibits on R1 leave the votes and the stage of every other rack alone.
func TestMaintenanceOfOneRackHidesNoOther(t *testing.T) {
	worked := 0
	for seed := range uint64(60) {
		p := newPlant(t, seed, threeRacks())
		p.ruled = true
		clear(p.dead)
		twin, err := New(p.cfg)
		if err != nil {
			t.Fatal(err)
		}
		for range randomTicks {
			p.step()
			plain := p.in
			plain.Requests = nil
			p.in.Requests = slices.DeleteFunc(p.in.Requests, func(q Request) bool {
				return q.Subject != "R1" && !slices.Contains([]string{"R1.ISOLATE", "R1.PATCH", "R1.NOZZLE", "R1.WATER"}, q.Subject)
			})
			// Only racks are compared, so both see the same feedback of every output.
			p.in.Confirmed, plain.Confirmed = nil, nil
			worked += len(p.in.Requests)
			p.tick()
			twin.Tick(p.now, time.Time{}, plain)
			got, want := p.engine.View(), twin.View()
			for i := range got.Racks {
				if got.Racks[i].ID != "R1" && (got.Racks[i].Votes != want.Racks[i].Votes || got.Racks[i].Stage != want.Racks[i].Stage) {
					t.Fatalf("I11: seed %d at %v: %s has %v in %s, want %v in %s", seed, p.now, got.Racks[i].ID,
						got.Racks[i].Votes, got.Racks[i].Stage, want.Racks[i].Votes, want.Racks[i].Stage)
				}
			}
		}
	}
	if worked == 0 {
		t.Error("nobody ever worked on R1")
	}
}
