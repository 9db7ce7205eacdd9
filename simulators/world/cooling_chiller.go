package world

import (
	"math"
	"math/rand/v2"
)

// ChillerStatus is the state of a chiller as its controller numbers it.
type ChillerStatus int

// Chiller states.
const (
	ChillerOff ChillerStatus = iota
	ChillerStarting
	ChillerRunning
	ChillerLimited // gives all it can, and that is not enough
	ChillerCoasting
	ChillerAlarm
	ChillerLockout // would start, but its last start is too recent
)

// MachineMode is what an operator asked of a machine.
type MachineMode int

// Modes of chillers, pumps and air handlers; an air handler knows only the first two.
const (
	ModeStop MachineMode = iota
	ModeAuto
	ModeRun
)

// chiller is one machine: its sequence of start and stop, and what it can give.
type chiller struct {
	cfg     ChillerConfig
	phys    *ChillerPhysics
	loop    *loop
	rng     *rand.Rand
	ratedKW float64
	role    int // 0 lead, 1 lag, 2 standby
	nth     int // among the lags, from 0

	mode      MachineMode
	setC      float64
	called    bool
	ordered   bool // the coming start is an operator's
	state     ChillerStatus
	waitS     float64 // left of the present state
	ramp      float64
	sinceS    float64 // since the last start
	starts    int
	hours     float64
	latched   bool // a trip that waits for a reset
	hotTrip   bool
	noStart   bool // the last start failed
	coolingKW float64
	powerKW   float64
	flow      bool
	powered   bool

	tripped string // fault ids
	refuses string
	deaf    string
	local   string
	fouling []ramped
	foul    float64
	sense   chillerSense
}

// turning tells whether the compressor compresses.
func (c *chiller) turning() bool { return c.state == ChillerRunning || c.state == ChillerLimited }

// fit tells whether calling this machine makes sense.
func (c *chiller) fit() bool {
	return c.mode == ModeAuto && c.tripped == "" && !c.latched && !c.hotTrip && !c.noStart && c.powered
}

// soon tells whether it would not have to wait long for its last start to be over.
func (c *chiller) soon() bool { return c.turning() || c.antiRecycleS() <= c.phys.PreStartS[2] }

func (c *chiller) antiRecycleS() float64 { return max(0, c.phys.AntiRecycleS-c.sinceS) }

// stepState moves the machine through its sequence. Power and flow that come back start it again by itself, a safety
// trip waits for its cause to go and for a reset.
func (c *chiller) stepState(outdoorC, dt float64) {
	c.sinceS += dt
	if outdoorC >= c.phys.TripC {
		c.hotTrip = true
	} else if outdoorC < c.phys.ClearC {
		c.hotTrip = false
	}
	broken := c.tripped != "" || c.latched || c.hotTrip || c.noStart
	want := c.mode == ModeRun || c.mode == ModeAuto && c.called
	may := want && !broken && c.powered && c.flow
	switch {
	case c.turning() && !may:
		c.state, c.waitS, c.ramp = ChillerCoasting, c.phys.CoastS, 0
	case c.turning():
		c.ramp = min(1, c.ramp+dt/c.phys.RampS)
		c.hours += dt / 3600
	case c.state == ChillerCoasting && c.waitS > dt:
		c.waitS -= dt
	case broken:
		c.state = ChillerAlarm
	case !may:
		c.state, c.ordered = ChillerOff, c.ordered && want
	case c.state == ChillerStarting:
		if c.waitS -= dt; c.waitS <= 0 {
			c.turnOn()
		}
	case c.antiRecycleS() > 0:
		c.state = ChillerLockout
	default:
		c.state, c.waitS = ChillerStarting, c.preStartS()
	}
}

// preStartS is the time from now to the compressor: roles are staggered, so that the bus sees one start after another.
func (c *chiller) preStartS() float64 {
	if c.ordered {
		return c.phys.OrderS
	}
	s := c.phys.PreStartS
	return s[c.role] + float64(c.nth)*(s[1]-s[0])
}

func (c *chiller) turnOn() {
	c.ordered = false
	if c.refuses != "" {
		c.noStart, c.state = true, ChillerAlarm
		return
	}
	c.state, c.ramp, c.sinceS = ChillerRunning, 0, 0
	c.starts++
}

// capacity is the share of its rating that the machine can give now, without the usual overload.
func (c *chiller) capacity(outdoorC float64) float64 {
	if !c.turning() {
		return 0
	}
	return c.ramp * c.derate(outdoorC) * (1 - .5*c.foul)
}

func (c *chiller) derate(outdoorC float64) float64 {
	return max(0, 1-c.phys.DeratePerK*max(0, outdoorC-c.phys.DerateFromC))
}

// stepWork takes on a share of the loop's heat and reckons the power it costs. A machine that gives its all is limited.
func (c *chiller) stepWork(kw, wetC float64, short bool) {
	c.coolingKW, c.powerKW = 0, 0
	if !c.turning() {
		return
	}
	c.state = ChillerRunning
	if short && c.ramp >= 1 {
		c.state = ChillerLimited
	}
	c.coolingKW = kw
	c.powerKW = kw/c.cop(kw/c.ratedKW, wetC) + .004*c.ratedKW // the second part turns oil and controls
}

// cop is the coefficient of performance at a share of the rated load. Fouled tubes cost their part of it.
func (c *chiller) cop(x, wetC float64) float64 {
	x = max(.05, x)
	full := c.phys.COP * (1 - c.phys.COPPerK*(wetC+c.phys.TowerApproachK-24))
	return max(.5, full*(.55+.9*x-.45*x*x)*(1-c.foul))
}

// saturationKPa is the pressure of R-134a at a saturation temperature, within 1 % from -10 to 50 degC.
func saturationKPa(tempC float64) float64 { return math.Exp(15.402 - 2655/(tempC+273.15)) }
