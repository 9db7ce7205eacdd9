package world

import "math/rand/v2"

// waterJM3K is the heat that a cubic metre of water takes per kelvin.
const waterJM3K = 4.187e6

// pump is one pump with its drive.
type pump struct {
	cfg   PumpConfig
	phys  *PumpPhysics
	zone  *zone
	rng   *rand.Rand
	mode  MachineMode
	speed float64 // 0 to 1
	call  bool
	asked float64 // seconds for which it has been called
	hours float64
	fault string
	deaf  string
	live  bool
	m3s   float64 // flow of the moment
}

func (p *pump) fit() bool { return p.live && p.fault == "" && p.mode == ModeAuto }

// step spins the shaft up or down. Without power or with a dead drive it runs out within seconds.
func (p *pump) step(dt float64) {
	want := p.live && p.fault == "" && (p.mode == ModeRun || p.mode == ModeAuto && p.call)
	if want {
		p.speed = min(1, p.speed+dt/p.phys.SpinUpS)
		p.hours += dt / 3600
	} else {
		p.speed = max(0, p.speed-dt/p.phys.SpinUpS)
	}
}

// tankNodes is how finely the store is cut along its flow; their blending is the thermocline's own width.
const tankNodes = 20

// tank is the cold store in series on the supply, or the pipes' own water.
type tank struct {
	id     string
	m3     float64
	nodeC  [tankNodes]float64
	level  float64 // 0 to 1
	mixing []dose
	leaks  []dose // m3/h
	inC    float64
	sense  tankSense
}

// step pushes water through, node by node. Broken diffusers blend neighbours on top.
func (t *tank) step(inC, m3s, dt float64) {
	t.inC = inC
	f := min(.9, m3s*dt/(t.m3*max(.05, t.level)/tankNodes))
	before := inC
	for i, c := range t.nodeC {
		t.nodeC[i] = c + f*(before-c)
		before = c
	}
	if g := min(.3, f*total(t.mixing)); g > 0 {
		old := t.nodeC
		for i := range t.nodeC {
			t.nodeC[i] += g * (old[max(0, i-1)] + old[min(tankNodes-1, i+1)] - 2*old[i])
		}
	}
	if lost := total(t.leaks); lost > 0 {
		t.level = max(0, t.level-lost/3600*dt/t.m3)
	} else {
		t.level = min(1, t.level+.02/60*dt) // make-up water
	}
}

func (t *tank) outC() float64 { return t.nodeC[tankNodes-1] }

// coldShare is the part of the store below a temperature, read between the nodes as between a row of sensors.
func (t *tank) coldShare(belowC float64) float64 {
	share := (under(t.nodeC[0], belowC) + under(t.nodeC[tankNodes-1], belowC)) / 2
	for i := 1; i < tankNodes; i++ {
		a, b := t.nodeC[i-1], t.nodeC[i]
		if lo, hi := min(a, b), max(a, b); hi-lo < 1e-9 {
			share += under(a, belowC)
		} else {
			share += max(0, min(1, (belowC-lo)/(hi-lo)))
		}
	}
	return share / tankNodes
}

func under(c, belowC float64) float64 {
	if c < belowC {
		return 1
	}
	return 0
}

// loop is one chilled-water circuit: chillers, the store behind them, and pumps that carry the water to the halls.
type loop struct {
	cfg      LoopConfig
	c        *CoolingConfig
	ratedKW  float64
	m3s      float64 // design flow
	chillers []*chiller
	pumps    []*pump
	tank     tank

	flow     float64 // share of the design flow
	returnC  float64
	supplyC  float64 // behind the chillers
	heatKW   float64 // taken from the halls in this step
	warmS    float64
	calmS    float64
	helped   bool               // the spare was called for a warm supply
	capacity map[string]float64 // share of the cooling left, by fault id
	pumpsOut map[string]bool
}

// wpk is the heat that the present flow carries, in W/K.
func (l *loop) wpk() float64 { return waterJM3K * l.m3s * l.flow }

// duty is how many of n machines carry the full load.
func duty(n int) int { return max(1, n-1) }

// stepPumps calls as many as the loop needs: the first that are fit, and the spare after a short wait.
func (l *loop) stepPumps(dt float64) {
	left := duty(len(l.pumps))
	sum := 0.0
	for i, p := range l.pumps {
		p.live = p.zone == nil || p.zone.alive()
		call := left > 0 && p.fit()
		if call {
			left--
			p.asked += dt
		} else {
			p.asked = 0
		}
		p.call = call && (i < duty(len(l.pumps)) || p.speed > 0 || p.asked > p.phys.TakeOverS)
		p.step(dt)
		if l.tank.level < .1 || len(l.pumpsOut) > 0 {
			p.speed = 0
		}
		sum += p.speed
	}
	l.flow = min(1, sum/float64(duty(len(l.pumps))))
	for _, p := range l.pumps {
		p.m3s = 0
		if sum > 0 {
			p.m3s = l.m3s * l.flow * p.speed / sum
		}
	}
}

// setC is the supply temperature that the turning machines hold together.
func (l *loop) setC() float64 {
	var sum, n float64
	for _, c := range l.chillers {
		if c.turning() {
			sum, n = sum+c.setC, n+1
		}
	}
	if n == 0 {
		return l.chillers[0].setC
	}
	return sum / n
}

// judgeSupply decides whether the spare must help: a supply that has been warm for long calls it, and a load that the
// others have carried with ease for long releases it. Without the second wait it would come and go.
func (l *loop) judgeSupply(dt float64) {
	phys, kW := &l.c.Chiller, 0.0
	for _, c := range l.chillers {
		kW += c.coolingKW
	}
	warm := l.flow > .5 && l.supplyC > l.setC()+2
	calm := l.supplyC < l.setC()+.5 && kW < .95*phys.Overload*l.ratedKW
	l.warmS, l.calmS = held(l.warmS, warm, dt), held(l.calmS, calm, dt)
	switch {
	case l.warmS > phys.LiftWaitS:
		l.helped = true
	case l.calmS > phys.ReleaseS:
		l.helped = false
	}
}

// held is for how long something has been so without a break.
func held(s float64, so bool, dt float64) float64 {
	if !so {
		return 0
	}
	return s + dt
}

// callChillers asks for the first fit machines. A spare that stands in for another is released only when that is fully up.
func (l *loop) callChillers(dt float64) {
	l.judgeSupply(dt)
	need, up, called := duty(len(l.chillers)), 0, 0
	for _, c := range l.chillers {
		keep := c.turning() && up < need
		c.called = c.fit() && (called < need || keep || l.helped)
		if c.called && c.soon() {
			called++
		}
		if c.turning() && c.ramp >= 1 {
			up++
		}
	}
}

// step moves the machines on and the water through the store. The state of the mechanical supply comes from outside.
func (l *loop) step(w *World, powered bool, dt float64) {
	l.callChillers(dt)
	for _, c := range l.chillers {
		c.powered, c.flow = powered, l.flow >= .5
		c.foul = min(.8, sumAt(c.fouling, w.now.Seconds()))
		c.stepState(w.env.weather.dryC, dt)
	}
	l.work(&w.env.weather)
	if l.flow > 0 {
		l.tank.step(l.supplyC, l.m3s*l.flow, dt)
	}
}

// work takes the halls' heat out of the water, as far as there are machines for it.
func (l *loop) work(air *weather) {
	wpk := l.wpk()
	if wpk <= 0 {
		for _, c := range l.chillers {
			c.stepWork(0, air.wetC, false)
		}
		return
	}
	able := 0.0
	for _, c := range l.chillers {
		able += c.capacity(air.dryC) * c.ratedKW
	}
	l.returnC = l.tank.outC() + l.heatKW*1000/wpk
	most := able * l.c.Chiller.Overload
	for _, share := range l.capacity {
		most = min(most, share*l.c.Chiller.Overload*l.ratedKW)
	}
	wish := max(0, wpk*(l.returnC-l.setC())/1000)
	done := min(wish, most)
	for _, c := range l.chillers {
		part := 0.0
		if able > 0 {
			part = done * c.capacity(air.dryC) * c.ratedKW / able
		}
		c.stepWork(part, air.wetC, wish > most)
	}
	l.supplyC = l.returnC - done*1000/wpk
}
