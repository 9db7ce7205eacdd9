package world

import "math"

// zone is one UPS zone: its inverter, its battery racks and its load.
type zone struct {
	cfg     ZoneConfig
	pow     *PowerConfig
	partner *zone
	racks   []*rackUnit
	acts    map[string]*actuator
	trip    *actuator // the DC trip
	cb      *breaker  // on the way from the intake

	mode     UPSMode
	fault    UPSMode // forced by a fault: UPSFault, UPSBypass, UPSMaintenance or UPSEco; 0 when none
	bypass   bool    // ordered by a person
	noMove   string  // fault id: the static switch stays where it is
	noInput  string  // fault id: the rectifier does nothing
	cut      bool    // site-wide power cut
	admitted bool    // a generator has room for this zone
	noCharge bool    // on a generator nothing is charged
	walk     float64 // share of the load that the rectifier has taken back, 0 to 1
	busPU    float64
	busHz    float64
	output   endurance // of loads that see the mains through bypass
	battS    float64   // battery seconds since the last reckoning
	onBattS  float64
	overload float64 // allowance used, 1 ends it
	overrun  bool    // it ended: the load went to the bypass
	test     batteryTest

	itKW     float64
	shiftKW  float64 // partner's load carried by this zone
	perRackW float64 // asked of each connected rack
	linked   int     // racks on the DC bus, as of the last whole second
	spent    bool    // and whether they have nothing left
}

// ratedKW is the zone's rating: as configured, or what its racks were sized for.
func (z *zone) ratedKW() float64 {
	if z.cfg.RatedKW > 0 {
		return z.cfg.RatedKW
	}
	return z.pow.RackKW * float64(max(1, len(z.racks)))
}

// alive tells whether the zone's output carries load.
func (z *zone) alive() bool {
	switch z.mode {
	case UPSOnline, UPSBattery:
		return true
	case UPSBypass, UPSMaintenance, UPSEco:
		return !z.output.over()
	}
	return false
}

func (z *zone) busGood() bool {
	return math.Abs(z.busPU-1) <= z.pow.Tolerance+1e-9 && math.Abs(z.busHz-z.pow.NominalHz) <= z.pow.HzTolerance+1e-9
}

func (z *zone) loadKW() float64 {
	if !z.alive() {
		return 0
	}
	return z.itKW + z.cfg.OtherLoadKW + z.shiftKW
}

// unseen is the share of the zone's load that is not modelled rack by rack, and whose chillers are not either.
func (z *zone) unseen() float64 {
	if all := z.loadKW(); all > 0 {
		return max(0, 1-z.itKW/all)
	}
	return 1
}

// efficiency is the inverter's at a load fraction: fixed, linear and square losses.
func efficiency(x float64) float64 {
	if x <= 0 {
		return 1
	}
	return x / (x + .012 + .010*x + .018*x*x)
}

// straightEfficiency is that of the way around the inverter.
const straightEfficiency = .99

// dcW is the battery power the present load needs.
func (z *zone) dcW() float64 {
	x := z.loadKW() / z.ratedKW()
	return z.loadKW() * 1000 / efficiency(x)
}

// inputKW is what the zone takes from the bus.
func (z *zone) inputKW() float64 {
	switch z.mode {
	case UPSOnline:
		return z.dcW()/1000 + z.chargeKW()
	case UPSBattery:
		return z.walk * z.dcW() / 1000
	case UPSBypass, UPSMaintenance, UPSEco:
		return z.loadKW() / straightEfficiency
	}
	return 0
}

// chargeKW is what the battery takes now.
func (z *zone) chargeKW() (kw float64) {
	for _, u := range z.racks {
		kw += math.Max(0, -u.currentA*u.terminalVolts()) / 1000
	}
	return kw
}

// connected counts the racks on the DC bus.
func (z *zone) connected() int {
	if z.trip.operated() {
		return 0
	}
	n := 0
	for _, u := range z.racks {
		if u.onBus() {
			n++
		}
	}
	return n
}

// look takes stock of the battery once a second.
func (z *zone) look() { z.linked, z.spent = z.connected(), z.empty() }

// switchOver decides the mode. It runs as finely as the bus moves: from mains to battery takes no step at all.
func (z *zone) switchOver(pu, hz, dt float64) {
	z.busPU, z.busHz = 0, hz
	if z.cb.closed {
		z.busPU = pu
	}
	linked := z.linked > 0 && !z.trip.operated()
	good := z.busGood() && z.admitted && z.noInput == ""
	switch {
	case z.cut:
		z.mode = UPSOff
	case z.fault == UPSEco && good:
		z.mode = UPSEco
	case z.fault != 0 && z.fault != UPSEco:
		z.mode = z.fault
	case z.noMove != "" && z.mode == UPSBypass:
	case (z.bypass || z.overrun) && z.busGood() && z.noMove == "":
		z.mode = UPSBypass
	case z.test.left > 0 && good && linked && !z.spent && (z.mode == UPSOnline || z.mode == UPSBattery):
		z.mode, z.walk = UPSBattery, 0
	case good:
		z.recover(linked, dt)
	case linked && !z.spent && z.mode != UPSOff:
		z.mode, z.walk = UPSBattery, 0
	default:
		z.mode, z.walk = UPSOff, 0
	}
	if z.mode == UPSBattery {
		z.battS += (1 - z.walk) * dt
		z.onBattS += dt
	} else {
		z.onBattS = 0
	}
	z.output.step(z.busPU, dt)
}

// recover walks back to the mains: from battery or off it takes the walk-in time, and on the way the battery
// gives ever less.
func (z *zone) recover(linked bool, dt float64) {
	switch z.mode {
	case UPSOnline:
		return
	case UPSBattery:
		if z.spent || !linked {
			z.mode = UPSOff
		}
		fallthrough
	case UPSOff:
		if z.walk += dt / z.pow.WalkInS; z.walk < 1-1e-9 {
			return
		}
	}
	z.mode, z.walk = UPSOnline, 0
}

// reckon closes a second: what each rack must give, what overload has used up, how a battery test goes.
func (z *zone) reckon(dt float64) {
	z.perRackW = 0
	if z.linked > 0 && z.battS > 0 {
		z.perRackW = z.dcW() / float64(z.linked) * min(1, z.battS/dt)
	}
	z.battS = 0
	z.endure(dt)
	z.judgeTest(dt)
}

// endure counts overload against its allowance and falls back to the bypass when it is used up; the inverter takes the
// load again when it fits.
func (z *zone) endure(dt float64) {
	x := z.loadKW() / z.ratedKW()
	limit := .2
	for i := len(z.pow.OverloadS) - 1; i >= 0; i-- {
		if x <= z.pow.OverloadTo[i] {
			limit = z.pow.OverloadS[i]
		}
	}
	switch {
	case x <= 1.01:
		z.overload = max(0, z.overload-dt/z.pow.OverloadS[0])
		z.overrun = z.overrun && x > .95
	case z.mode == UPSOnline || z.mode == UPSBattery:
		z.overload = min(1, z.overload+dt/limit)
		if z.overload >= 1 {
			z.overrun = true
			if !z.busGood() {
				z.mode = UPSOff
			}
		}
	}
}

// empty tells whether the battery can no longer carry the inverter.
func (z *zone) empty() bool {
	for _, u := range z.racks {
		if u.onBus() && u.soc > z.pow.ReserveSOC && u.terminalVolts() > u.cell.CutoffV {
			return false
		}
	}
	return true
}

// rackPowerW is what one rack of the zone sees: discharge share, or recharge while online.
func (z *zone) rackPowerW(u *rackUnit) float64 {
	if !u.onBus() || z.trip.operated() {
		return 0
	}
	if z.mode == UPSBattery || z.perRackW > 0 {
		return z.perRackW
	}
	if z.mode != UPSOnline || z.noCharge || u.soc >= 1 || u.stopCharge.operated() {
		return 0
	}
	// The last percent is absorbed ever more slowly, as any charger tapers.
	taper := min(1, (1-u.soc)/.01)
	return -z.pow.ChargeShare * z.pow.RackKW * 1000 * max(.02, taper)
}

// minutes is the runtime at the present load, own heat of the strings included.
func (z *zone) minutes() float64 {
	n := z.connected()
	if n == 0 {
		return 0
	}
	need := z.dcW() / float64(n)
	if need <= 0 {
		return 999
	}
	leastS := math.Inf(1)
	for _, u := range z.racks {
		if !u.onBus() {
			continue
		}
		amps := u.stringCurrent(need)
		draw := need + amps*amps*u.ohm()
		leastS = min(leastS, max(0, u.soc-z.pow.ReserveSOC)*u.energyJ()/draw)
	}
	return leastS / 60
}

// carries tells whether a partner is healthy and would stay below 95 % of its rating with this zone's load on top.
// Only then may this zone's battery or inverter be taken out without dropping anybody.
func (z *zone) carries(extraKW float64) bool {
	switch z.mode {
	case UPSOnline, UPSEco, UPSBattery:
		return !z.trip.operated() && z.loadKW() > 0 && z.loadKW()+extraKW < .95*z.ratedKW()
	}
	return false
}
