package fire

import (
	"slices"
	"testing"
	"time"
)

// watched is a rig with a watch beside it; spoil falsifies what the watch is shown.
type watched struct {
	*rig
	w     *Watch
	spoil func(o *Observation)
}

func newWatched(t *testing.T, cfg Config) *watched {
	w, err := NewWatch(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &watched{rig: newRig(t, cfg), w: w}
}

func (g *watched) run(n int) {
	for range n {
		in := g.in
		in.Confirmed = append(slices.Clone(in.Confirmed), g.due...)
		in.Racks, in.Requests = slices.Clone(in.Racks), slices.Clone(in.Requests)
		g.rig.run(1)
		o := Observation{Now: g.now, Inputs: in, Decisions: g.d, View: g.engine.View()}
		o.Decisions.Commands = slices.Clone(g.d.Commands)
		if g.spoil != nil {
			g.spoil(&o)
		}
		g.w.Tick(o)
	}
}

// outage restarts the engine; spoil falsifies what it comes back with.
func (g *watched) outage(down time.Duration, spoil func(v *View)) {
	s := g.engine.Snapshot()
	if err := g.engine.Restore(s, down, g.now+down); err != nil {
		g.t.Fatal(err)
	}
	v := g.engine.View()
	if spoil != nil {
		spoil(&v)
	}
	g.w.Restarted(s, down, g.now+down, v)
	g.now += down - time.Second
}

func (o *Observation) rack(id string) *RackView {
	i := slices.IndexFunc(o.View.Racks, func(r RackView) bool { return r.ID == id })
	o.View.Racks = slices.Clone(o.View.Racks)
	return &o.View.Racks[i]
}

func twoRooms() Config {
	return Config{
		Racks:     []RackConfig{{ID: "R1", Room: "A"}, {ID: "R2", Room: "A"}, {ID: "R3", Room: "B"}},
		PeerRooms: []string{"C"}, Limits: DefaultLimits(), ZoneTripPermissive: true,
	}
}

func without(commands []Command, name string) []Command {
	return slices.DeleteFunc(commands, func(k Command) bool { return k.Name == name })
}

// lie is one way a run can break an invariant: a story that is sound by itself, and what is falsified.
type lie struct {
	invariant, name string
	story           func(g *watched, lying bool)
}

// burn takes rack R1 to the gas countdown of room A.
func burn(g *watched) {
	g.heat(0, 85)
	g.run(3 + 60 + 301)
	if g.room(0).Stage != S5A {
		g.t.Fatalf("the story is wrong: room A is in %s", g.room(0).Stage)
	}
}

// once falsifies the first observation that the condition holds for.
func (g *watched) once(when func(o *Observation) bool, do func(o *Observation)) {
	done := false
	g.spoil = func(o *Observation) {
		if !done && when(o) {
			done = true
			do(o)
		}
	}
	g.t.Cleanup(func() {
		if !done {
			g.t.Error("the lie was never told")
		}
	})
}

func ordered(name string) func(o *Observation) bool {
	return func(o *Observation) bool {
		return slices.ContainsFunc(o.Decisions.Commands, func(k Command) bool { return k.Name == name })
	}
}

// lies holds at least one falsification for every invariant. The same stories, told truly, break none.
var lies = []lie{
	{"I1", "gas before its time", func(g *watched, lying bool) {
		burn(g)
		if lying {
			g.once(func(o *Observation) bool { return o.View.Rooms[0].Stage == S5A }, func(o *Observation) {
				o.Decisions.Commands = append(o.Decisions.Commands, Command{Name: "A.GAS_RELEASE", Subject: "A", Action: GasRelease, Attempt: 1})
			})
		}
		g.run(40)
	}},
	{"I1", "a warning that nobody voted for", func(g *watched, lying bool) {
		g.run(5)
		if lying {
			g.once(func(*Observation) bool { return true }, func(o *Observation) { o.View.Rooms[0].Reached = S5A })
		}
		g.run(1)
	}},
	{"I1", "an abort that is not looked at", func(g *watched, lying bool) {
		burn(g)
		g.run(10)
		if lying {
			g.spoil = func(o *Observation) { o.Inputs.Rooms = slices.Clone(o.Inputs.Rooms); o.Inputs.Rooms[0].Abort = true }
		}
		g.run(25)
	}},
	{"I2", "a station that is pulled for nothing", func(g *watched, lying bool) {
		g.run(5)
		if lying {
			g.spoil = func(o *Observation) {
				o.Inputs.Rooms = slices.Clone(o.Inputs.Rooms)
				o.Inputs.Rooms[0].ManualStation = true
			}
		} else {
			g.in.Rooms[0].ManualStation = true
		}
		g.run(2)
	}},
	{"I3", "a stage that falls by itself", func(g *watched, lying bool) {
		g.heat(0, 70)
		g.run(10)
		if lying {
			g.spoil = func(o *Observation) { o.rack("R1").Reached = S1 }
		}
		g.run(1)
	}},
	{"I3", "a reset by one person", func(g *watched, lying bool) {
		g.heat(0, 62)
		g.run(10)
		g.heat(0, 30)
		g.run(3605)
		if lying {
			g.spoil = func(o *Observation) {
				for i := range o.Inputs.Requests {
					o.Inputs.Requests[i].By = []string{"kim", "kim"}
				}
			}
		}
		g.ask(Request{Kind: RequestReset, Subject: "R1", Inspected: true})
		g.run(1)
		g.wantStage(S0)
	}},
	{"I4", "a pre-alarm that ends with its sensor", func(g *watched, lying bool) {
		g.heat(0, 55, 25, 25)
		g.run(5)
		g.heat(0, nan(), 25, 25)
		g.run(5)
		if lying {
			g.spoil = func(o *Observation) { o.rack("R1").Reached = S0 }
		}
		g.run(1)
	}},
	{"I5", "a failure that nobody is told of", func(g *watched, lying bool) {
		g.dead["R1.ISOLATE"] = true
		g.heat(0, 62)
		if lying {
			g.spoil = func(o *Observation) { o.Decisions.Alarms = nil }
		}
		g.run(20)
	}},
	{"I5", "a command that is waited for without end", func(g *watched, lying bool) {
		g.heat(0, 62)
		g.run(4)
		if lying {
			g.spoil = func(o *Observation) {
				k := slices.Clone(o.View.Racks[0].Commands)
				k[Isolate].State = CommandSent
				o.rack("R1").Commands = k
			}
		}
		g.run(10)
	}},
	{"I5", "a lost water line without the other", func(g *watched, lying bool) {
		g.dead["R1.WATER"] = true
		g.heat(0, 85)
		if lying {
			g.spoil = func(o *Observation) {
				k := slices.Clone(o.View.Racks[0].Commands)
				k[WaterBkp].State = CommandIdle
				o.rack("R1").Commands = k
			}
		}
		g.run(80)
	}},
	{"I6", "a patch that is pulsed again", func(g *watched, lying bool) {
		g.heat(0, 70)
		g.run(10)
		if lying {
			g.spoil = func(o *Observation) {
				o.Decisions.Commands = append(o.Decisions.Commands, Command{Name: "R1.PATCH", Subject: "R1", Action: Patch, Attempt: 2})
			}
		}
		g.run(1)
	}},
	{"I6", "a nozzle that the restart pulses", func(g *watched, lying bool) {
		g.heat(0, 85)
		g.run(10)
		g.outage(5*time.Second, nil)
		if lying {
			g.spoil = func(o *Observation) {
				o.Decisions.Reassert = append(slices.Clone(o.Decisions.Reassert), Command{Name: "R1.NOZZLE", Subject: "R1", Action: Nozzle})
			}
		}
		g.run(1)
	}},
	{"I7", "a stage that the restart forgets", func(g *watched, lying bool) {
		g.heat(0, 70)
		g.run(10)
		g.outage(5*time.Second, func(v *View) {
			if lying {
				v.Racks[0].Stage, v.Racks[0].Reached = S0, S0
			}
		})
		g.run(3)
	}},
	{"I7", "a countdown that the restart shortens", func(g *watched, lying bool) {
		burn(g)
		g.run(5)
		g.outage(5*time.Second, func(v *View) {
			if lying {
				v.Rooms[0].Countdown -= 3 * time.Second
			}
		})
		g.run(3)
	}},
	{"I8", "a drill that reaches the plant", func(g *watched, lying bool) {
		g.ask(Request{Kind: RequestDrillOn})
		g.in.Racks[0].SimSet, g.in.Racks[0].Sim = [Channels]bool{true, true, true}, [Channels]Reading{{85, true, true}, {85, true, true}, {85, true, true}}
		if lying {
			g.spoil = func(o *Observation) {
				for _, k := range o.Decisions.DrillCommands {
					o.Decisions.Commands = append(o.Decisions.Commands, Command{Name: k.Feedback(), Subject: "R1", Attempt: 1})
				}
			}
		}
		g.run(5)
	}},
	{"I9", "two rooms on one bank", func(g *watched, lying bool) {
		burn(g)
		if lying {
			g.once(ordered("A.GAS_RESERVE"), func(o *Observation) {
				for i := range o.Decisions.Commands {
					if o.Decisions.Commands[i].Action == GasReserve {
						o.Decisions.Commands[i].Donor = "A"
					}
				}
			})
		}
		g.run(200)
	}},
	{"I10", "a decision that comes from elsewhere", func(g *watched, lying bool) {
		g.run(5)
		if lying {
			g.spoil = func(o *Observation) {
				o.Decisions.Commands = append(o.Decisions.Commands, Command{Name: "SITE.FD_CALL", Subject: "SITE", Action: FDCall, Attempt: 1})
			}
		}
		g.run(1)
	}},
	{"I10", "a decision that is left out", func(g *watched, lying bool) {
		g.heat(0, 62)
		if lying {
			g.once(ordered("R1.CURTAIN"), func(o *Observation) { o.Decisions.Commands = without(o.Decisions.Commands, "R1.CURTAIN") })
		}
		g.run(5)
	}},
	{"I11", "a bypass that silences the neighbour", func(g *watched, lying bool) {
		g.ask(Request{Kind: RequestBypass, Subject: "R1", Channel: RT})
		g.run(2)
		g.heat(1, 62)
		if lying {
			g.spoil = func(o *Observation) { r := o.rack("R2"); r.Votes, r.Reached = [3]VoteView{}, S0 }
		}
		g.run(5)
	}},
	{"I12", "water before the nozzle", func(g *watched, lying bool) {
		g.heat(0, 85)
		if lying {
			g.once(ordered("R1.PATCH"), func(o *Observation) { slices.Reverse(o.Decisions.Commands) })
		}
		g.run(5)
	}},
	{"I12", "a patch without isolation", func(g *watched, lying bool) {
		g.heat(0, 70)
		if lying {
			g.once(ordered("R1.PATCH"), func(o *Observation) {
				k := slices.Clone(o.View.Racks[0].Commands)
				k[Isolate].State = CommandIdle
				o.rack("R1").Commands = k
			})
		}
		g.run(5)
	}},
}

func TestTheWatchSeesEveryLieAndNoneInTheTruth(t *testing.T) {
	seen := map[string]bool{}
	for _, l := range lies {
		t.Run(l.invariant+" "+l.name, func(t *testing.T) {
			truth := newWatched(t, twoRooms())
			l.story(truth, false)
			if b := truth.w.Breaches(); len(b) > 0 {
				t.Fatalf("the truth is taken for a lie: %v", b)
			}
			liar := newWatched(t, twoRooms())
			l.story(liar, true)
			if !slices.ContainsFunc(liar.w.Breaches(), func(b Breach) bool { return b.Invariant == l.invariant }) {
				t.Errorf("not noticed; seen: %v", liar.w.Breaches())
			}
		})
		seen[l.invariant] = true
	}
	for _, inv := range Invariants() {
		if !seen[inv.ID] {
			t.Errorf("nothing proves that a breach of %s would be seen", inv.ID)
		}
	}
}
