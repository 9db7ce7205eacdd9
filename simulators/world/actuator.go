package world

import (
	"fmt"
	"slices"
	"time"
)

// Actuator names, as the fire response commands them.
const (
	Isolate        = "ISOLATE"
	IsolateBackup  = "ISOLATE_BKP"
	Curtain        = "CURTAIN"
	Patch          = "PATCH"
	Nozzle         = "NOZZLE"
	Water          = "WATER"
	WaterBackup    = "WATER_BKP"
	ChargeStop     = "CHG_STOP"
	EvacAlarm      = "EVAC_ALARM"
	HVACStop       = "HVAC_STOP"
	DrainToTank    = "DRAIN_TO_TANK"
	ZoneDCTrip     = "ZONE_DC_TRIP"
	ExhaustOn      = "EXHAUST_ON"
	ExhaustOff     = "EXHAUST_OFF"
	DamperClose    = "DAMPER_CLOSE"
	GasPreAlarm    = "GAS_PRE_ALARM"
	GasRelease     = "GAS_RELEASE"
	GasReserve     = "GAS_RESERVE"
	FDCall         = "FD_CALL"
	AuthorityHands = "AUTHORITY_HANDOVER"
	PowerCut       = "POWER_CUT"
)

// Travel is how an actuator moves: nothing for DelayS after the command, then TravelS from rest to fully operated.
type Travel struct {
	DelayS  float64
	TravelS float64
	OneShot bool // bottle, squib or call: once operated it does not come back
}

// DefaultTravel gives usual operating times: contactors and breakers in tenths of a second, a curtain in six
// seconds, valves in one to five, a motor damper in fifteen.
func DefaultTravel() map[string]Travel {
	return map[string]Travel{
		Isolate: {.05, .15, false}, IsolateBackup: {.2, .3, false}, Curtain: {.5, 5.5, false},
		Patch: {.2, .8, true}, Nozzle: {.3, .7, true}, Water: {.5, 2.5, false}, WaterBackup: {.5, 2.5, false},
		ChargeStop: {.1, .1, false},
		EvacAlarm:  {.1, .1, false}, HVACStop: {.2, 1.8, false}, DrainToTank: {.5, 3.5, false}, ZoneDCTrip: {.1, .2, false},
		ExhaustOn: {.5, 4.5, false}, ExhaustOff: {.5, 4.5, false}, DamperClose: {1, 14, false},
		GasPreAlarm: {.1, .1, false}, GasRelease: {.5, 1.5, true}, GasReserve: {1, 4, true},
		FDCall: {.2, .8, true}, AuthorityHands: {.2, .8, false}, PowerCut: {.1, .3, false},
		FloodBoards: {2, 28, false}, SumpPumps: {.2, .8, false}, TransferPump: {.5, 4.5, false},
	}
}

// rackActuators, roomActuators, zoneActuators and siteActuators list what each kind of asset has.
var (
	rackActuators = []string{Isolate, IsolateBackup, Curtain, Patch, Nozzle, Water, WaterBackup, ChargeStop}
	roomActuators = []string{EvacAlarm, HVACStop, DrainToTank, ExhaustOn, ExhaustOff, DamperClose,
		GasPreAlarm, GasRelease, GasReserve, FDCall}
	zoneActuators = []string{ZoneDCTrip}
	siteActuators = []string{FDCall, AuthorityHands, PowerCut}
)

// confirmAt is how far an actuator must be for its own proof: flow switches make before full flow.
func confirmAt(name string) float64 {
	switch name {
	case Water, WaterBackup:
		return .5
	case ExhaustOn, ExhaustOff:
		return .8
	}
	return 1
}

// actuator is one output with its travel and its proof of movement.
type actuator struct {
	name     string
	travel   Travel
	proveAt  float64
	on       bool
	waitS    float64
	position float64
	since    time.Duration // world time of the last change of command

	forced   string // fault id of a hand that operates it, whatever is commanded
	stuck    string // fault id; empty when sound
	slow     string
	slowness float64
	feedback string // fault id of a stuck feedback
	heldFB   bool
}

func newActuators(names []string, travel map[string]Travel) map[string]*actuator {
	set := make(map[string]*actuator, len(names))
	for _, n := range names {
		set[n] = &actuator{name: n, travel: travel[n], proveAt: confirmAt(n), slowness: 1}
	}
	return set
}

// command takes a new order. A one-shot that has operated stays operated.
func (a *actuator) command(on bool, now time.Duration) {
	if on == a.on {
		return
	}
	a.on, a.waitS, a.since = on, a.travel.DelayS, now
}

// step moves the actuator for dt seconds of any length.
func (a *actuator) step(dt float64) {
	target := 0.0
	if a.on || a.forced != "" || a.travel.OneShot && a.position >= 1 {
		target = 1
	}
	if a.stuck != "" || a.position == target {
		return
	}
	dt /= a.slowness
	if a.waitS > 0 {
		used := min(a.waitS, dt)
		a.waitS -= used
		dt -= used
	}
	if a.travel.TravelS <= 0 {
		a.position = target
		return
	}
	move := dt / a.travel.TravelS
	if target > a.position {
		a.position = min(1, a.position+move)
	} else {
		a.position = max(0, a.position-move)
	}
	// Sums of tenths miss the end stop by rounding.
	if a.position > 1-1e-9 {
		a.position = 1
	}
}

// operated tells whether it has really got there, whatever its feedback says.
func (a *actuator) operated() bool { return a.position >= a.proveAt }

// confirmed is what the feedback contact shows.
func (a *actuator) confirmed() bool {
	if a.feedback != "" {
		return a.heldFB
	}
	return a.operated()
}

// SetActuator commands an output of a rack, room, zone or the site. ZONE_DC_TRIP may be given to a room,
// whose zone it then trips, and FD_CALL to a room as well as to the site.
func (w *World) SetActuator(id, name string, on bool) error {
	a, err := w.actuator(id, name)
	if err != nil {
		return err
	}
	a.command(on, w.now)
	if r := w.rooms[id]; r != nil {
		r.commanded(name, on)
	}
	return nil
}

// Actuators lists the outputs of an asset, or nil when it has none.
func (w *World) Actuators(id string) []string {
	var names []string
	for n := range w.acts[id] {
		names = append(names, n)
	}
	if r := w.rooms[id]; r != nil && r.cfg.Zone != "" {
		names = append(names, ZoneDCTrip)
	}
	slices.Sort(names)
	return names
}

func (w *World) actuator(id, name string) (*actuator, error) {
	set, ok := w.acts[id]
	if !ok {
		return nil, fmt.Errorf("actuator %s of %q: %w", name, id, ErrUnknownAsset)
	}
	if r := w.rooms[id]; r != nil && name == ZoneDCTrip && r.cfg.Zone != "" {
		set = w.acts[r.cfg.Zone]
	}
	a, ok := set[name]
	if !ok {
		return nil, fmt.Errorf("actuator %q of %s: %w", name, id, ErrUnknownActuator)
	}
	return a, nil
}

// Feedback reads the proof of an output: position, flow and pressure as its own switches and sensors see them.
func (w *World) Feedback(id, name string) (Feedback, error) {
	a, err := w.actuator(id, name)
	if err != nil {
		return Feedback{}, err
	}
	fb := Feedback{Commanded: a.on, Confirmed: a.confirmed(), Position: a.position, Since: a.since}
	if u := w.racks[id]; u != nil {
		u.flows(name, &fb)
	}
	if r := w.rooms[id]; r != nil {
		r.flows(name, &fb)
	}
	return fb, nil
}
