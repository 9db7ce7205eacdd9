package fire

import (
	"slices"
	"strings"
	"testing"
	"time"
)

var both = []string{"kim", "lee"}

func asks(name string, q Request) move {
	return move{name, func(s *spot) { s.in.Requests = append(s.in.Requests, q) }}
}

func setChannel(rack int, ch Channel, level string) move {
	return move{"R" + string(rune('1'+rack)) + "." + ch.String() + "=" + level, func(s *spot) { s.in.Racks[rack].Channels[ch] = levels[level] }}
}

func setRack(rack int, level string) move {
	return move{"R" + string(rune('1'+rack)) + "=" + level, func(s *spot) {
		for k := range s.in.Racks[rack].Channels {
			s.in.Racks[rack].Channels[k] = levels[level]
		}
	}}
}

// obey lets the outputs that it holds for answer, from now on.
func obey(mode string, which func(k Command) bool) move {
	return move{"feedback " + mode, func(s *spot) { s.mode, s.answers = mode, which }}
}

var (
	nothing  = move{"nothing", func(*spot) {}}
	answered = obey("all", nil)
	silent   = obey("none", func(Command) bool { return false })
	smoke    = move{"smoke", func(s *spot) { s.in.Racks[0].Smoke = !s.in.Racks[0].Smoke }}
)

// restarted takes the engine down for as many seconds, through its snapshot.
func restarted(down time.Duration) move {
	return move{"restart", func(s *spot) {
		kept := s.e.Snapshot()
		s.now += down - time.Second
		e, err := New(s.e.cfg)
		if err == nil {
			err = e.Restore(kept, down, s.now)
		}
		if err != nil {
			panic(err)
		}
		s.e = e
		s.w.Restarted(kept, down, s.now, e.View())
	}}
}

// only keeps the named moves of a world, which makes it small enough to be walked to its end.
func (x *world) only(names ...string) *world {
	x.name += ": " + strings.Join(names, ", ")
	x.moves = slices.DeleteFunc(x.moves, func(m move) bool { return !slices.Contains(names, m.name) })
	if len(x.moves) != len(names) {
		panic("no such move among " + x.name)
	}
	return x
}

// theLadder is one rack with every combination of its channels, its smoke detector and its outputs.
func theLadder() *world {
	x := &world{name: "one rack, channel by channel", cfg: small(Config{Racks: []RackConfig{{ID: "R1", Room: "A"}}})}
	x.cfg.Limits.WaterTime = time.Hour // the gas has a world of its own
	x.moves = []move{nothing, smoke, answered, silent, restarted(2 * time.Second),
		obey("levels", func(k Command) bool { return k.Action.level() }),
		asks("reset", Request{Kind: RequestReset, Subject: "R1", By: both, Inspected: true})}
	for _, v := range []string{"25", "55", "62", "70", "85", "bad", "stale"} {
		x.moves = append(x.moves, setRack(0, v))
		for ch := RT; ch < channelCount; ch++ {
			x.moves = append(x.moves, setChannel(0, ch, v))
		}
	}
	return x
}

// theGas is one room with a peer, from the water on: people, flammable gas, abort, station, dampers,
// banks and everything that people may ask for.
func theGas() *world {
	x := &world{name: "one room's gas", cfg: small(Config{Racks: []RackConfig{{ID: "R1", Room: "A"}}, PeerRooms: []string{"C"}})}
	x.cfg.Limits.AgentTime = 0
	set := func(name string, do func(m *RoomInputs)) move {
		return move{name, func(s *spot) { do(&s.in.Rooms[0]) }}
	}
	x.moves = []move{nothing, setRack(0, "25"), setRack(0, "85"), answered, restarted(2 * time.Second),
		set("people", func(m *RoomInputs) { m.Occupants = 1 - m.Occupants }),
		set("gas in the air", func(m *RoomInputs) { m.LEL = 30 - m.LEL }),
		set("abort", func(m *RoomInputs) { m.Abort = !m.Abort }),
		set("station", func(m *RoomInputs) { m.ManualStation = !m.ManualStation }),
		asks("release", Request{Kind: RequestRelease, Subject: "A", By: both}),
		asks("reset", Request{Kind: RequestReset, Subject: "R1", By: both, Inspected: true}),
		obey("but dampers and gas", func(k Command) bool { return k.Action != DamperClose && k.Action != GasRelease }),
		silent, setRack(0, "bad"),
		asks("release by one", Request{Kind: RequestRelease, Subject: "A", By: both[:1]}),
		asks("release confirmed", Request{Kind: RequestRelease, Subject: "A", By: both, ICConfirm: true}),
		asks("takeover", Request{Kind: RequestTakeover, By: both}),
		asks("power cut", Request{Kind: RequestPowerCut, By: both}),
		asks("refilled", Request{Kind: RequestBankReady, Subject: "C", By: both}),
		{"peer bank", func(s *spot) { s.in.Rooms[1].BankFault = !s.in.Rooms[1].BankFault }},
		obey("but water", func(k Command) bool { return k.Action != Water && k.Action != WaterBkp }),
	}
	return x
}

// theMaintenance is two racks, one of which is worked on.
func theMaintenance() *world {
	x := &world{name: "two racks, one under maintenance", twins: true,
		cfg: small(Config{Racks: []RackConfig{{ID: "R1", Room: "A"}, {ID: "R2", Room: "A"}}})}
	x.cfg.Limits.WaterTime = time.Hour
	x.moves = []move{nothing, setRack(0, "25"), setRack(0, "70"), setRack(1, "25"), setRack(1, "62"), setRack(1, "85"),
		asks("bypass", Request{Kind: RequestBypass, Subject: "R1", Channel: RT, By: both}),
		asks("end of bypass", Request{Kind: RequestEndBypass, Subject: "R1", Channel: RT, By: both}),
		asks("inhibit the patch", Request{Kind: RequestInhibit, Subject: "R1.PATCH", By: both}),
		setRack(1, "bad"), setRack(0, "bad"), smoke, silent, answered, restarted(2 * time.Second),
		asks("bypass by one", Request{Kind: RequestBypass, Subject: "R1", Channel: RT, By: both[:1]}),
		asks("inhibit isolation", Request{Kind: RequestInhibit, Subject: "R1.ISOLATE", By: both}),
		asks("inhibit the nozzle", Request{Kind: RequestInhibit, Subject: "R1.NOZZLE", By: both}),
		asks("end of inhibit", Request{Kind: RequestEndInhibit, Subject: "R1.PATCH", By: both}),
		asks("reset", Request{Kind: RequestReset, Subject: "R2", By: both, Inspected: true}),
	}
	return x
}

// Worlds small enough to be walked to their last state keep the invariants everywhere. With
// BONGSU_LONG=1 the worlds with every level and every act are walked too, to their nearest states.
func TestEveryReachableStateKeepsTheInvariants(t *testing.T) {
	for _, x := range []*world{
		theGas().only("nothing", "R1=85", "people", "abort", "station"),
		theGas().only("nothing", "R1=85", "gas in the air", "release", "feedback but dampers and gas"),
		theGas().only("nothing", "R1=85", "abort", "station", "restart"),
		theLadder().only("nothing", "R1=70", "R1=85", "R1.RT=bad", "feedback none", "restart"),
		theMaintenance().only("nothing", "R1=70", "R2=85", "R2=25", "bypass", "inhibit the patch"),
	} {
		if !x.explore(t, 50_000) {
			t.Errorf("%s is too large to be walked to its end", x.name)
		}
	}
	if !long() {
		return
	}
	for _, x := range []*world{theLadder(), theGas(), theMaintenance()} {
		t.Run(x.name, func(t *testing.T) { x.explore(t, mostStates(t)) })
	}
}

// A full world grows six- to tenfold with each step and has no end in sight. What can be walked to its end is a fire
// in which so many kinds of things happen, each as often and whenever it likes: every choice of two kinds
// out of a world's with BONGSU_LONG=1, of BONGSU_KINDS when that is set. A fault that no such few kinds
// together can show would be missed; what two or three of them can do, in any order, is seen.
func TestEveryFewKindsOfEventsKeepTheInvariants(t *testing.T) {
	if !long() {
		t.Skip("takes minutes: BONGSU_LONG=1")
	}
	kinds := fromEnv(t, "BONGSU_KINDS", 2)
	for _, c := range []struct {
		full  func() *world
		fixed []string // what happens in each
	}{
		{theLadder, []string{"nothing", "R1=85"}},
		{theGas, []string{"nothing", "R1=85"}},
		{theMaintenance, []string{"nothing", "R1=70", "R2=85"}},
	} {
		t.Run(c.full().name, func(t *testing.T) {
			var others []string
			for _, m := range c.full().moves {
				if !slices.Contains(c.fixed, m.name) {
					others = append(others, m.name)
				}
			}
			worlds, states, largest := 0, 0, 0
			choose(others, kinds, func(chosen []string) {
				x := c.full().only(append(slices.Clone(c.fixed), chosen...)...)
				n, _, whole := x.walk(t, 500_000)
				if !whole {
					t.Errorf("%s is too large to be walked to its end", x.name)
				}
				worlds, states, largest = worlds+1, states+n, max(largest, n)
			})
			t.Logf("%d worlds of %v and %d kinds more, each to its end: %d states, the largest %d", worlds, c.fixed, kinds, states, largest)
		})
	}
}

// choose gives every choice of so many of the names.
func choose(names []string, many int, give func(chosen []string)) {
	if many == 0 {
		give(nil)
		return
	}
	for i := range names {
		choose(names[i+1:], many-1, func(rest []string) { give(append([]string{names[i]}, rest...)) })
	}
}
