package world

import "math"

// PowerConfig holds the electrical defaults shared by all zones and feeds.
type PowerConfig struct {
	RackKW       float64 // battery power at full zone load per rack: 10 MW over 56 racks
	ReserveSOC   float64 // charge at which a zone gives up
	LowMinutes   float64
	WalkInS      float64 // time back from battery to the mains
	ChargeShare  float64 // of the rating, at most
	OutputV      float64
	InputV       float64 // line to line at the UPS input
	FeedV        float64 // line to line of the utility feed
	NominalHz    float64
	TransferS    float64 // dead-bus transfer to the other feed, relay and breakers together
	RetransferS  float64 // stable time of the normal feed before going back
	Tolerance    float64 // input window of the UPS, per unit
	HzTolerance  float64
	PlantPerLoad float64 // cooling and losses beside the zones, per kW of zone input
	PF           float64
}

// DefaultPowerConfig: 2 x 22.9 kV at 60 Hz, 380 V inside, transfer in one second.
func DefaultPowerConfig() PowerConfig {
	return PowerConfig{
		RackKW: 10000. / 56, ReserveSOC: .10, LowMinutes: 2, WalkInS: 10, ChargeShare: .10,
		OutputV: 380, InputV: 380, FeedV: 22900, NominalHz: 60, TransferS: 1, RetransferS: 300,
		Tolerance: .10, HzTolerance: 3, PlantPerLoad: .3, PF: .97,
	}
}

// feed is one utility source.
type feed struct {
	cfg      FeedConfig
	pu       float64 // voltage per unit
	hz       float64
	goodS    float64
	kw       float64
	wh       float64
	carrying bool
	moves    int
}

// intake is the pair of feeds with their source transfer.
type intake struct {
	cfg   *PowerConfig
	feeds []*feed
	on    int     // index of the carrying feed
	deadS float64 // how long the carrying feed has been out
}

// step runs the dead-bus transfer and returns the bus voltage (per unit) and frequency.
func (t *intake) step(loadKW, dt float64) (pu, hz float64) {
	if len(t.feeds) == 0 {
		return 1, t.cfg.NominalHz
	}
	for _, f := range t.feeds {
		f.kw = 0
		if f.pu >= .9 {
			f.goodS += dt
		} else {
			f.goodS = 0
		}
	}
	if t.feeds[t.on].pu < .8 {
		t.deadS += dt
	} else {
		t.deadS = 0
	}
	switch other := t.other(); {
	case t.deadS > t.cfg.TransferS && other >= 0:
		t.moveTo(other)
	case t.on != 0 && t.feeds[0].goodS > t.cfg.RetransferS:
		t.moveTo(0)
	}
	f := t.feeds[t.on]
	f.carrying = true
	if f.pu > .5 {
		f.kw = loadKW
		f.wh += loadKW * 1000 * dt / 3600
	}
	return f.pu, f.hz
}

// other returns a healthy feed that is not carrying, or -1.
func (t *intake) other() int {
	for i, f := range t.feeds {
		if i != t.on && f.pu >= .9 {
			return i
		}
	}
	return -1
}

func (t *intake) moveTo(i int) {
	t.feeds[t.on].carrying = false
	t.on, t.deadS = i, 0
	t.feeds[i].moves++
}

func (f *feed) reading(cfg *PowerConfig) FeedReading {
	out := FeedReading{KW: f.kw, PF: cfg.PF, Hz: f.hz, EnergyWh: f.wh, Available: f.pu >= .9, Carrying: f.carrying, TransferCnt: f.moves}
	out.KVAr = f.kw * math.Tan(math.Acos(cfg.PF))
	for i := range out.VoltsV {
		out.VoltsV[i] = f.pu * cfg.FeedV
		if f.pu > .1 {
			out.AmpsA[i] = f.kw * 1000 / (math.Sqrt(3) * f.pu * cfg.FeedV * cfg.PF)
		}
	}
	if f.pu < .05 {
		out.Hz = 0
	}
	return out
}

// zone is one UPS zone: its inverter, its battery racks and its load.
type zone struct {
	cfg      ZoneConfig
	pow      *PowerConfig
	racks    []*rackUnit
	acts     map[string]*actuator
	mode     UPSMode
	fault    UPSMode // forced by a fault: UPSFault, UPSBypass, UPSMaintenance or UPSEco; 0 when none
	cut      bool    // site-wide power cut
	backS    float64
	busPU    float64
	busHz    float64
	itKW     float64
	shiftKW  float64 // partner's load carried by this zone
	perRackW float64 // asked of each connected rack
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
	case UPSOnline, UPSBattery, UPSEco:
		return true
	case UPSBypass, UPSMaintenance:
		return z.busGood()
	}
	return false
}

func (z *zone) busGood() bool {
	return math.Abs(z.busPU-1) <= z.pow.Tolerance && math.Abs(z.busHz-z.pow.NominalHz) <= z.pow.HzTolerance
}

func (z *zone) loadKW() float64 {
	if !z.alive() {
		return 0
	}
	return z.itKW + z.cfg.OtherLoadKW + z.shiftKW
}

// efficiency is the inverter's at a load fraction: fixed, linear and square losses.
func efficiency(x float64) float64 {
	if x <= 0 {
		return 1
	}
	return x / (x + .012 + .010*x + .018*x*x)
}

// dcW is the battery power the present load needs.
func (z *zone) dcW() float64 {
	x := z.loadKW() / z.ratedKW()
	return z.loadKW() * 1000 / efficiency(x)
}

// inputKW is what the zone takes from the bus.
func (z *zone) inputKW() float64 {
	if z.mode != UPSOnline && z.mode != UPSEco && !(z.alive() && z.mode != UPSBattery) {
		return 0
	}
	kw := z.dcW() / 1000
	for _, u := range z.racks {
		kw += math.Max(0, -u.currentA*u.terminalVolts()) / 1000
	}
	return kw
}

// connected counts the racks on the DC bus.
func (z *zone) connected() int {
	if z.acts[ZoneDCTrip].operated() {
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

// step decides the mode for this second and what each rack must give.
func (z *zone) step(pu, hz, dt float64) {
	z.busPU, z.busHz = pu, hz
	good, n := z.busGood(), z.connected()
	z.perRackW = 0
	switch {
	case z.cut:
		z.mode = UPSOff
	case z.fault != 0:
		z.mode = z.fault
	case good:
		z.recover(dt)
	case n > 0 && z.mode != UPSOff && !z.empty():
		z.mode, z.backS = UPSBattery, 0
	default:
		z.mode, z.backS = UPSOff, 0
	}
	if z.mode == UPSBattery && n > 0 {
		z.perRackW = z.dcW() / float64(n)
	}
}

// recover walks back to the mains: from battery or off it takes the walk-in time.
func (z *zone) recover(dt float64) {
	switch z.mode {
	case UPSOnline:
		return
	case UPSBattery:
		if z.empty() || z.connected() == 0 {
			z.mode = UPSOff
		}
		fallthrough
	case UPSOff:
		if z.backS += dt; z.backS < z.pow.WalkInS {
			return
		}
	}
	z.mode, z.backS = UPSOnline, 0
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
	if !u.onBus() || z.acts[ZoneDCTrip].operated() {
		return 0
	}
	if z.mode == UPSBattery {
		return z.perRackW
	}
	if z.mode != UPSOnline || u.soc >= 1 || u.acts[ChargeStop].operated() {
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
		draw := need + amps*amps*u.cell.StringOhm
		leastS = min(leastS, max(0, u.soc-z.pow.ReserveSOC)*u.energyJ()/draw)
	}
	return leastS / 60
}

// reading is what the zone reports.
func (z *zone) reading() UPSReading {
	out := UPSReading{Mode: z.mode, LoadKW: z.loadKW(), LoadPercent: 100 * z.loadKW() / z.ratedKW(), InputHz: z.busHz,
		MinutesRemaining: z.minutes(), BatteryRacks: z.connected(), BypassAvailable: z.busGood(),
		DCTripped: z.acts[ZoneDCTrip].operated()}
	out.LoadKVA = out.LoadKW / .95
	for i := range out.InputV {
		out.InputV[i] = z.busPU * z.pow.InputV
		if z.alive() {
			out.OutputV[i], out.OutputHz = z.pow.OutputV, z.pow.NominalHz
			out.OutputA[i] = out.LoadKVA * 1000 / (math.Sqrt(3) * z.pow.OutputV)
		}
	}
	var n, soc, volts, temp float64
	for _, u := range z.racks {
		if !u.onBus() || out.DCTripped {
			continue
		}
		n++
		soc, volts, temp = soc+u.soc, volts+u.terminalVolts(), max(temp, u.hottest())
		out.BatteryA += u.currentA
	}
	if n > 0 {
		out.ChargePercent, out.BatteryV, out.BatteryC = 100*soc/n, volts/n, temp
	}
	out.LowBattery = z.mode == UPSBattery && out.MinutesRemaining <= z.pow.LowMinutes
	return out
}
