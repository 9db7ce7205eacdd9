package world

import "math"

// PDUBranches is the number of branch circuits of a power panel.
const PDUBranches = 42

// pdu is one power panel on one UPS zone: a main breaker and its branches, each one cord of a rack. Branches take
// turns over the three phases.
type pdu struct {
	cfg  PDUConfig
	phys *PDUPhysics
	pf   float64
	zone *zone

	open     bool // the main breaker
	overload bool // it was its own thermal trip
	forced   string
	kW       float64
	wh       float64
	phaseA   [3]float64
	phaseHot [3]float64
	branchKW [PDUBranches]float64
	hot      [PDUBranches]float64
	off      [PDUBranches]bool
	faultOf  [PDUBranches]string
	riseK    float64
	live     bool // as of this second
}

// begin opens a second's book.
func (p *pdu) begin() {
	p.live = !p.open && p.forced == "" && p.zone != nil && p.zone.alive()
	p.branchKW = [PDUBranches]float64{}
}

// feeds tells whether a branch has voltage. Branches count from 0.
func (p *pdu) feeds(branch int) bool { return p.live && !p.off[branch] && p.faultOf[branch] == "" }

// amps is the current of a single-phase load.
func (p *PDUPhysics) amps(kW, pf float64) float64 { return kW * 1000 / (p.PhaseV * pf) }

// reckon sums the branches, lets thermal trips heat, and counts the energy.
func (p *pdu) reckon(dt float64) {
	p.kW, p.phaseA = 0, [3]float64{}
	for i, kw := range p.branchKW {
		if kw == 0 {
			p.hot[i] = max(0, p.hot[i]-dt/60)
			continue
		}
		p.kW += kw
		a := p.phys.amps(kw, p.pf)
		p.phaseA[i%3] += a
		if p.hot[i] = thermal(p.phys, p.hot[i], a/p.phys.BranchA, dt); p.hot[i] >= 1 {
			p.off[i] = true
		}
	}
	most := 0.0
	for i, a := range p.phaseA {
		most = max(most, a)
		if p.phaseHot[i] = thermal(p.phys, p.phaseHot[i], a/p.phys.MainA, dt); p.phaseHot[i] >= 1 {
			p.open, p.overload = true, true
		}
	}
	p.wh += p.kW * 1000 * dt / 3600
	share := most / p.phys.MainA
	p.riseK = lag(p.riseK, p.phys.RiseK*share*share, 600, dt)
}

// thermal is a moulded-case breaker's trip: magnetic at once, thermal by the inverse curve.
func thermal(phys *PDUPhysics, hot, times, dt float64) float64 {
	if times <= 1.05 {
		if hot == 0 {
			return 0
		}
		return max(0, hot-dt/60)
	}
	if times >= phys.MagneticX {
		return 1
	}
	return progress(hot, inverseTime(phys.CurveTD, times), dt)
}

// PDUReading is what a power panel's meter shows. Branches count from 0 here and from 1 on the panel's door.
type PDUReading struct {
	PhaseV, PhaseA, LoadPercent [3]float64
	NeutralA, KW, EnergyWh      float64
	ImbalancePercent, TerminalC float64
	MainClosed, Tripped, Live   bool
	OverPair, OverWarn          bool // beyond 40 % and 80 % of a breaker
	BranchKW, BranchA           [PDUBranches]float64
	BranchClosed                [PDUBranches]bool
	BranchesTripped             int
}

func (p *pdu) reading() PDUReading {
	out := PDUReading{KW: p.kW, EnergyWh: p.wh, PhaseA: p.phaseA, BranchKW: p.branchKW, TerminalC: 24 + p.riseK,
		MainClosed: !p.open && p.forced == "", Tripped: p.overload || p.forced != "", Live: p.live}
	var most, least, sum float64 = 0, math.Inf(1), 0
	for i, a := range p.phaseA {
		if p.live {
			out.PhaseV[i] = p.phys.PhaseV * p.zone.outputPU()
		}
		out.LoadPercent[i] = 100 * a / p.phys.MainA
		most, least, sum = max(most, a), min(least, a), sum+a
	}
	if sum > 0 {
		out.ImbalancePercent = 100 * (most - sum/3) / (sum / 3)
	}
	// Three currents a third of a turn apart leave this much in the neutral.
	a, b, c := p.phaseA[0], p.phaseA[1], p.phaseA[2]
	out.NeutralA = math.Sqrt(max(0, a*a+b*b+c*c-a*b-b*c-c*a))
	out.OverPair, out.OverWarn = most > p.phys.PairPU*p.phys.MainA, most > p.phys.WarnPU*p.phys.MainA
	for i, kw := range p.branchKW {
		out.BranchA[i] = p.phys.amps(kw, p.pf)
		out.BranchClosed[i] = !p.off[i] && p.faultOf[i] == ""
		if !out.BranchClosed[i] {
			out.BranchesTripped++
		}
	}
	return out
}

// cord is one of the two ways a rack is fed: a zone, a branch of one of its panels, and the breaker at the rack.
type cord struct {
	zone   *zone
	pdu    *pdu // nil where the rack hangs on the zone directly
	branch int
	open   bool
	cutBy  string // fault id
	kW     float64
	wh     float64
	live   bool
}

// look tells whether the cord can carry load.
func (c *cord) look() bool {
	switch {
	case c.zone == nil || c.open || c.cutBy != "":
		c.live = false
	case c.pdu != nil:
		c.live = c.pdu.feeds(c.branch)
	default:
		c.live = c.zone.alive()
	}
	return c.live
}

// take puts this second's load on the cord.
func (c *cord) take(kW, dt float64) {
	c.kW = kW
	c.wh += kW * 1000 * dt / 3600
	if c.pdu != nil {
		c.pdu.branchKW[c.branch] += kW
	}
}

// CordReading is one side of a rack's power strips.
type CordReading struct {
	Volts, Amps, KW, EnergyWh, LoadPercent float64
	Closed, Live                           bool
}

// RackPowerReading is what a rack's two power strips show.
type RackPowerReading struct {
	A, B       CordReading
	KW         float64
	SingleCord bool // two cords, and only one of them carries
	OverPair   bool
	OverWarn   bool
}

func (c *cord) reading(p *PowerConfig) CordReading {
	out := CordReading{KW: c.kW, EnergyWh: c.wh, Closed: !c.open && c.cutBy == "", Live: c.live}
	if c.live {
		out.Volts = p.PDU.PhaseV * c.zone.outputPU()
	}
	out.Amps = p.PDU.amps(c.kW, p.PF)
	out.LoadPercent = 100 * out.Amps / p.PDU.BranchA
	return out
}

func (r *itRack) power(p *PowerConfig) RackPowerReading {
	out := RackPowerReading{A: r.a.reading(p), B: r.b.reading(p), KW: r.a.kW + r.b.kW}
	most := max(out.A.LoadPercent, out.B.LoadPercent) / 100
	out.SingleCord = r.a.zone != nil && r.b.zone != nil && r.a.live != r.b.live
	// On one cord the share of a pair is no measure any more; what counts then is the breaker itself.
	out.OverPair = most > p.PDU.PairPU && !out.SingleCord
	out.OverWarn = most > p.PDU.WarnPU
	return out
}
