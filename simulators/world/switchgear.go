package world

import "math"

// BreakerState is what a cubicle's position contacts and latches say together.
type BreakerState int

// Breaker states as the switchgear's map numbers them. Unknown is neither or both contacts made.
const (
	BreakerUnknown BreakerState = iota
	BreakerOpen
	BreakerClosed
	BreakerTripped
	BreakerRackedOut
)

// Refusal is why a breaker did not take an order.
type Refusal int

// Refusals as the switchgear's map numbers them.
const (
	RefusedNot Refusal = iota
	RefusedSelect
	RefusedSpring
	RefusedInterlock
	RefusedLocal
	RefusedRacked
	RefusedLockout
	RefusedAlready
)

// BreakerOrder is what may be selected and then done.
type BreakerOrder int

// Orders as the switchgear's map numbers them.
const (
	OrderNone BreakerOrder = iota
	OrderOpen
	OrderClose
)

// Relay is a set of protection functions by their device numbers.
type Relay uint16

// Protection functions as bits of the trip register.
const (
	Relay27 Relay = 1 << iota
	Relay50
	Relay51
	Relay51G
	Relay59
	Relay67
	Relay81
	Relay87
)

// breaker is one cubicle: the switch with its closing spring, its relay and the transformer behind it.
type breaker struct {
	id     string // empty where the site shows no cubicle
	of     string
	phys   *BreakerPhysics
	feeder bool // opens without delay on a short circuit; an incomer waits for it

	closed   bool
	goal     bool
	moveS    float64
	springS  float64 // until it is charged
	lockout  bool
	wet      bool // water stands in the cubicle
	latched  Relay
	live     Relay // undervoltage, overvoltage and frequency as they are now
	byHand   bool  // opened by order: no automatic closes it
	selected BreakerOrder
	selectS  float64
	refusal  Refusal
	moves    int

	ratedA float64
	amps   float64 // load, without what a short circuit adds
	heat   float64 // progress of the inverse-time relay, 1 trips
	earth  float64
	fastS  float64 // how long the instantaneous element has seen it
	xf     transformer

	stuckOpen, stuckClosed string // fault ids: does not open, does not close
	contacts               string
	bothMade               bool
	local, racked, noCoil  string
	shorts                 []shortCircuit
}

// shortCircuit is fault current behind a breaker in multiples of its pick-up.
type shortCircuit struct {
	id    string
	times float64
	mode  string // "", earth or internal
	// behind is the breaker whose opening ends this current too; nil at the place of the fault itself.
	behind *breaker
}

func newBreaker(of string, phys *BreakerPhysics, feeder, closed bool) *breaker {
	return &breaker{of: of, phys: phys, feeder: feeder, closed: closed, goal: closed}
}

// moving tells whether the contacts are on their way.
func (b *breaker) moving() bool { return b.moveS > 0 }

// order moves the breaker or says why not. Whether it may close beside other sources is not its own to know.
func (b *breaker) order(closing bool) Refusal {
	switch {
	case b.racked != "":
		b.refusal = RefusedRacked
	case closing && (b.lockout || b.wet):
		b.refusal = RefusedLockout
	case closing && b.springS > 0:
		b.refusal = RefusedSpring
	case b.goal == closing && b.closed == closing:
		b.refusal = RefusedAlready
	default:
		b.refusal = RefusedNot
		b.goal = closing
		b.moveS = b.phys.TripS
		if closing {
			b.moveS = b.phys.CloseS
			b.byHand = false
		}
	}
	return b.refusal
}

// trip opens on a fault and holds the breaker until somebody has looked and reset it. A dead coil trips nothing.
func (b *breaker) trip(why Relay) {
	b.latched |= why
	if b.noCoil != "" || !b.closed {
		return
	}
	b.lockout = true
	if b.goal {
		b.goal, b.moveS = false, b.phys.TripS
	}
}

// step moves contacts, spring, selection and relays on. The bus voltage says whether fault current can flow.
func (b *breaker) step(busPU, dt float64) {
	if b.moveS > 0 {
		if b.moveS -= dt; b.moveS <= 1e-9 {
			b.arrive()
		}
	}
	if b.springS > 0 {
		b.springS = max(0, b.springS-dt)
	}
	if b.selected != OrderNone {
		if b.selectS -= dt; b.selectS <= 0 {
			b.selected = OrderNone
		}
	}
	b.protect(busPU, dt)
}

func (b *breaker) arrive() {
	b.moveS = 0
	if b.goal && b.stuckClosed != "" || !b.goal && b.stuckOpen != "" {
		b.goal = b.closed // it stayed where it was
		return
	}
	if b.closed != b.goal {
		b.closed = b.goal
		b.moves++
		if b.closed {
			b.springS = b.phys.SpringS
		}
	}
}

// inverseTime is the standard inverse curve of IEC relays: seconds to trip at a multiple of the pick-up.
func inverseTime(dial, times float64) float64 {
	if times <= 1.05 {
		return math.Inf(1)
	}
	return dial * .14 / (math.Pow(times, .02) - 1)
}

// protect runs the overcurrent, earth-fault and differential relays.
func (b *breaker) protect(busPU, dt float64) {
	pickup := b.ratedA * b.phys.PickupPU
	if pickup <= 0 || !b.closed || busPU < .05 && len(b.shorts) == 0 {
		b.heat, b.earth, b.fastS = 0, 0, 0
		return
	}
	times, earth, inside := b.amps/pickup, 0.0, false
	if busPU >= .05 {
		for _, s := range b.shorts {
			if s.behind != nil && !s.behind.closed {
				continue
			}
			switch s.mode {
			case "earth":
				earth += s.times
			case "internal":
				inside = true
			default:
				times += s.times
			}
		}
	}
	dial := b.phys.IncomerTD
	if b.feeder {
		dial = b.phys.FeederTD
	}
	b.heat = progress(b.heat, inverseTime(dial, times), dt)
	b.earth = progress(b.earth, inverseTime(dial, earth), dt)
	if b.feeder && times >= b.phys.InstantX || inside {
		b.fastS += dt
	} else {
		b.fastS = 0
	}
	switch {
	case inside && b.fastS > .03:
		b.trip(Relay87)
	case b.fastS > .03:
		b.trip(Relay50)
	case b.heat >= 1:
		b.trip(Relay51)
	case b.earth >= 1:
		b.trip(Relay51G)
	}
}

// progress moves an inverse-time element towards its trip, or back within ten seconds.
func progress(now, limitS, dt float64) float64 {
	if math.IsInf(limitS, 1) {
		return max(0, now-dt/10)
	}
	return min(1, now+dt/limitS)
}

// contactsNow are the two position contacts: neither is made while the switch moves.
func (b *breaker) contactsNow() contacts {
	if b.contacts != "" {
		return contacts{closed: b.bothMade, open: b.bothMade}
	}
	return contacts{closed: b.closed && !b.moving(), open: !b.closed && !b.moving()}
}

func (b *breaker) state() BreakerState {
	c := b.contactsNow()
	switch {
	case b.racked != "":
		return BreakerRackedOut
	case c.closed == c.open:
		return BreakerUnknown
	case c.closed:
		return BreakerClosed
	case b.lockout:
		return BreakerTripped
	}
	return BreakerOpen
}

// sized gives the place its current and its transformer.
func (b *breaker) sized(kva, volts float64) {
	b.ratedA = kva * 1000 / (math.Sqrt(3) * volts)
	b.xf.ratedKVA = kva
}

// transformer warms by its load: the oil over hours, the winding's hottest place over minutes on top of it.
type transformer struct {
	ratedKVA float64
	load     float64 // per unit
	oilK     float64
	windingK float64
	settled  bool
}

func (t *transformer) step(phys *BreakerPhysics, kva, dt float64) {
	if t.ratedKVA <= 0 {
		return
	}
	t.load = kva / t.ratedKVA
	rise := math.Pow(t.load, phys.LoadExponent)
	if !t.settled {
		t.oilK, t.windingK, t.settled = phys.OilK*rise, phys.WindingK*rise, true
		return
	}
	t.oilK = lag(t.oilK, phys.OilK*rise, phys.OilTauS, dt)
	t.windingK = lag(t.windingK, phys.WindingK*rise, phys.WindingTauS, dt)
}

func (t *transformer) oilC(phys *BreakerPhysics) float64     { return phys.AmbientC + t.oilK }
func (t *transformer) hotSpotC(phys *BreakerPhysics) float64 { return t.oilC(phys) + t.windingK }
