package fire

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// plant is a random world around an engine: it makes up inputs, answers commands now and then, and
// kills and restarts the engine.
type plant struct {
	rng    *rand.Rand
	cfg    Config
	engine *Engine
	in     Inputs
	now    time.Duration
	due    []evalDueAt
	dead   map[string]bool // outputs that never confirm
	ruled  bool            // no requests but bypass and inhibit
	calm   int             // so many ticks nothing real is amiss
}

type evalDueAt struct {
	at    time.Duration
	name  string
	drill bool
}

func threeRacks() Config {
	return Config{
		Racks:     []RackConfig{{ID: "R1", Room: "A"}, {ID: "R2", Room: "A"}, {ID: "R3", Room: "B"}},
		Rooms:     []RoomConfig{{"U", GasRoom}, {"O", PlainRoom}},
		PeerRooms: []string{"C"}, Limits: DefaultLimits(), ZoneTripPermissive: true,
	}
}

func newPlant(t *testing.T, seed uint64, cfg Config) *plant {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 7))
	// Shorter times, so that a run of ten minutes sees whole incidents.
	cfg.Limits.ResetDwell = 20 * time.Second
	cfg.Limits.WaterTime = 60 * time.Second
	cfg.Limits.GasEvaluation = 30 * time.Second
	if rng.IntN(2) == 0 {
		wait := 3 * time.Second
		cfg.NozzleWaitISO = &wait
	}
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := &plant{rng: rng, cfg: cfg, engine: e, in: e.NewInputs(), dead: map[string]bool{}}
	for i := range p.in.Racks {
		for k := range p.in.Racks[i].Channels {
			p.in.Racks[i].Channels[k] = Reading{Value: 25, Good: true}
		}
	}
	for _, name := range p.engine.CommandNames() {
		p.dead[name] = rng.IntN(8) == 0
	}
	return p
}

var someTemps = []float64{20, 25, 30, 44, 49.9, 55, 61, 63, 67, 69, 75, 81, 85, 95}

func (p *plant) reading() Reading {
	switch p.rng.IntN(12) {
	case 0:
		return Reading{Value: math.NaN(), Good: true}
	case 1:
		return Reading{Value: 3276.7, Good: true}
	case 2:
		return Reading{}
	}
	return Reading{Value: someTemps[p.rng.IntN(len(someTemps))], Good: true}
}

// step changes a few inputs and moves the time on by about a second.
func (p *plant) step() {
	p.now += time.Second + time.Duration(p.rng.IntN(201)-100)*time.Millisecond
	for i := range p.in.Racks {
		r := &p.in.Racks[i]
		if p.calm--; p.calm > 0 {
			for k := range r.Channels {
				r.Channels[k].Refreshed = true
			}
			continue
		}
		heat := p.rng.IntN(60) == 0
		for k := range r.Channels {
			if p.rng.IntN(25) == 0 {
				r.Channels[k] = p.reading()
			} else if heat {
				r.Channels[k] = Reading{Value: 85, Good: true}
			}
			r.Channels[k].Refreshed = p.rng.IntN(20) > 0
		}
		p.flip(&r.Smoke, 120)
		p.flip(&r.OffGas, 120)
		p.flip(&r.Arc, 300)
		p.flip(&r.EV, 120)
	}
	for i := range p.in.Rooms {
		m := &p.in.Rooms[i]
		if p.rng.IntN(60) == 0 {
			m.ASD, m.LEL, m.Occupants = p.rng.IntN(5), float64(p.rng.IntN(4)*9), max(0, p.rng.IntN(4)-2)
		}
		p.flip(&m.Abort, 90)
		if p.rng.IntN(400) == 0 {
			m.ManualStation = true
		} else if p.rng.IntN(10) == 0 {
			m.ManualStation = false
		}
		p.flip(&m.ZoneA, 200)
		p.flip(&m.ZoneB, 200)
		m.PartnerOK = Permissive(p.rng.IntN(3))
		p.flip(&m.BankFault, 200)
	}
	p.feedback()
	p.wishes()
}

func (p *plant) flip(b *bool, n int) {
	if p.rng.IntN(n) == 0 || (*b && p.rng.IntN(n/3) == 0) {
		*b = !*b
	}
}

func (p *plant) feedback() {
	p.in.Confirmed, p.in.DrillConfirmed = nil, nil
	keep := p.due[:0]
	for _, d := range p.due {
		switch {
		case d.at > p.now:
			keep = append(keep, d)
		case d.drill:
			p.in.DrillConfirmed = append(p.in.DrillConfirmed, d.name)
		default:
			p.in.Confirmed = append(p.in.Confirmed, d.name)
		}
	}
	p.due = keep
	if p.rng.IntN(300) == 0 {
		names := p.engine.CommandNames()
		p.in.Confirmed = append(p.in.Confirmed, names[p.rng.IntN(len(names))])
	}
}

func (p *plant) wishes() {
	p.in.Requests = nil
	if p.rng.IntN(30) > 0 {
		return
	}
	racks, rooms := p.engine.RackIDs(), p.engine.RoomNames()
	q := Request{
		Kind: RequestBypass + RequestKind(p.rng.IntN(int(RequestAck-RequestBypass))),
		By:   []string{"kim", []string{"kim", "lee"}[p.rng.IntN(2)]}, Channel: Channel(p.rng.IntN(3)),
		For: time.Duration(p.rng.IntN(100)) * time.Second, Inspected: true, ICConfirm: p.rng.IntN(2) == 0,
	}
	if p.ruled {
		q.Kind = []RequestKind{RequestBypass, RequestEndBypass, RequestInhibit, RequestEndInhibit}[p.rng.IntN(4)]
	}
	switch q.Kind {
	case RequestReset:
		q.Subject = slices.Concat(racks, rooms)[p.rng.IntN(len(racks)+len(rooms))]
	case RequestBypass, RequestEndBypass:
		q.Subject = racks[p.rng.IntN(len(racks))]
	case RequestInhibit, RequestEndInhibit:
		names := p.engine.CommandNames()
		q.Subject = names[p.rng.IntN(len(names))]
	case RequestRelease, RequestBankReady:
		q.Subject = rooms[p.rng.IntN(len(rooms))]
	case RequestTakeover:
		if p.rng.IntN(4) > 0 {
			return
		}
	}
	p.in.Requests = append(p.in.Requests, q)
}

func (p *plant) tick() Decisions {
	d := p.engine.Tick(p.now, time.Time{}, p.in)
	for _, k := range d.Commands {
		p.answer(k.Name, false)
	}
	for _, k := range d.DrillCommands {
		p.answer(k.Feedback(), true)
	}
	return d
}

func (p *plant) answer(name string, drill bool) {
	if !p.dead[name] && p.rng.IntN(10) > 0 {
		late := time.Duration(p.rng.IntN(8000)) * time.Millisecond
		p.due = append(p.due, evalDueAt{p.now + late, name, drill})
	}
}

// restart kills the engine now and then; the next tick comes after the outage.
func (p *plant) restart(t *testing.T, w *Watch) {
	if p.rng.IntN(80) > 0 {
		return
	}
	text, err := json.Marshal(p.engine.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	down := time.Duration(1+p.rng.IntN(30)) * time.Second
	var s Snapshot
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	e, err := New(p.cfg)
	if err != nil {
		t.Fatal(err)
	}
	// The outage began with the tick that did not come.
	if err := e.Restore(s, down, p.now+down); err != nil {
		t.Fatal(err)
	}
	w.Restarted(s, down, p.now+down, e.View())
	p.engine, p.now = e, p.now+down
}
