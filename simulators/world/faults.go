package world

import (
	"fmt"
	"math"
	"slices"
)

// FaultKind names what can be made to go wrong.
type FaultKind string

// Fault kinds by the asset they aim at.
const (
	// Battery rack: heat.
	InternalShort FaultKind = "isc"          // one cell: Watts until the cell's energy is spent, or for Seconds
	Overcharge    FaultKind = "overcharge"   // all cells of a module: Watts each, ends with isolation
	ExternalHeat  FaultKind = "external"     // all cells of a module, or one: Watts in all, whatever is isolated
	JouleHeat     FaultKind = "joule"        // all cells of the rack: Watts each, ends with isolation
	BadJoint      FaultKind = "bad-joint"    // one cell: Amount ohm in the string
	BatteryFire   FaultKind = "battery-fire" // the demo's fire, see DemoFire
	OffGas        FaultKind = "off-gas"      // solvent vapour alone
	Insulation    FaultKind = "insulation"   // Amount kilo-ohm to earth
	ArcFlash      FaultKind = "arc"          // arc relay or BMS short flag
	BMSFailure    FaultKind = "bms-failure"  // Amount = bit of its failure word

	// Any instrument: Channel names it.
	SensorBad      FaultKind = "sensor-bad"
	SensorFrozen   FaultKind = "sensor-frozen"
	SensorOffset   FaultKind = "sensor-offset"   // Amount in the channel's unit
	SensorSentinel FaultKind = "sensor-sentinel" // broken wire
	SensorNoise    FaultKind = "sensor-noise"    // Amount = sigma

	// Any output: Actuator names it.
	ActuatorStuck FaultKind = "actuator-stuck"
	FeedbackStuck FaultKind = "feedback-stuck"
	ActuatorSlow  FaultKind = "actuator-slow" // Amount times the normal travel

	// Camera region of a rack.
	CameraSource FaultKind = "camera-source" // Amount degC for Seconds: a person, a lamp

	// Room.
	Occupancy     FaultKind = "occupancy" // Amount people; Mode "stay" ignores the alarm
	DoorOpen      FaultKind = "door-open"
	AbortHeld     FaultKind = "abort"
	ManualStation FaultKind = "manual-station"
	PanelTrouble  FaultKind = "panel-trouble"
	HVACFail      FaultKind = "hvac-fail"
	RoomSmoke     FaultKind = "smoke" // Amount g/s of foreign smoke
	WaterLoss     FaultKind = "water-loss"
	BankLeak      FaultKind = "gas-bank-leak" // Amount bar lost at once
	ASDFlow       FaultKind = "asd-flow"
	RackSpread    FaultKind = "spread" // a burning rack lights the next one

	// Power and cooling.
	FeedLoss     FaultKind = "feed-loss"
	FeedSag      FaultKind = "feed-sag"     // Amount per unit
	FeedHz       FaultKind = "feed-hz"      // Amount hertz
	UPSModeFault FaultKind = "ups-mode"     // Mode FAULT, BYPASS, MAINT or ECO
	CoolingLoss  FaultKind = "cooling-loss" // site: Amount share of the cooling left
	PumpLoss     FaultKind = "pump-loss"    // site
	HotSpot      FaultKind = "hot-spot"     // IT rack: Amount kelvin
	BuildingOff  FaultKind = "building-off" // site: its main switch is opened by hand, as the fire service demands
)

// Fault is one injection.
type Fault struct {
	Kind   FaultKind   `json:"kind"`
	Target string      `json:"target"`
	Params FaultParams `json:"params"`
}

// FaultParams are the numbers a kind may take; a kind ignores those it has no use for.
type FaultParams struct {
	Channel     string   `json:"channel,omitempty"`
	Actuator    string   `json:"actuator,omitempty"`
	Mode        string   `json:"mode,omitempty"`
	Module      *int     `json:"module,omitempty"` // default: the middle one
	Cell        *int     `json:"cell,omitempty"`   // within the module; default: the first, an end cell
	Watts       float64  `json:"watts,omitempty"`
	Seconds     float64  `json:"seconds,omitempty"`
	Amount      float64  `json:"amount,omitempty"`
	OffGasLeadS *float64 `json:"off_gas_lead_s,omitempty"` // instead of the random lead
}

// ActiveFault is an injected fault with the id that clears it.
type ActiveFault struct {
	ID string `json:"id"`
	Fault
	SinceS float64 `json:"since_s"` // simulated seconds
}

type activeFault struct {
	ActiveFault
	order int
	clear func()
}

// injector starts a fault and returns how to end it.
type injector func(w *World, f Fault, id string) (clear func(), err error)

// injectors lists every fault kind of this build. It is the only place to add one.
var injectors = map[FaultKind]injector{
	InternalShort: injectHeat, Overcharge: injectHeat, ExternalHeat: injectHeat, JouleHeat: injectHeat, BadJoint: injectHeat,
	BatteryFire: injectDemoFire, OffGas: injectOffGas, Insulation: injectInsulation, ArcFlash: injectArc, BMSFailure: injectBMSFailure,
	SensorBad: injectSensor, SensorFrozen: injectSensor, SensorOffset: injectSensor, SensorSentinel: injectSensor, SensorNoise: injectSensor,
	ActuatorStuck: injectActuator, FeedbackStuck: injectActuator, ActuatorSlow: injectActuator,
	CameraSource: injectCameraSource,
	Occupancy:    injectRoom, DoorOpen: injectRoom, AbortHeld: injectRoom, ManualStation: injectRoom, PanelTrouble: injectRoom,
	HVACFail: injectRoom, RoomSmoke: injectRoom, DampAir: injectRoom, WaterLoss: injectRoom, BankLeak: injectRoom, ASDFlow: injectRoom, RackSpread: injectRoom,
	FeedLoss: injectFeed, FeedSag: injectFeed, FeedHz: injectFeed, UPSModeFault: injectUPSMode,
	ChillerTrip: injectChiller, ChillerFouling: injectChiller, ChillerNoStart: injectChiller, ChillerLocal: injectChiller, PumpOut: injectPumpOut,
	FanOut: injectCRAH, ValveStuck: injectCRAH, FilterClogged: injectCRAH, CRAHLeak: injectCRAH,
	LoadShed: injectShed, TankMixing: injectTank, TankLeak: injectTank, ControlDeaf: injectDeaf,
	CoolingLoss: injectCooling, PumpLoss: injectCooling, HotSpot: injectHotSpot, BuildingOff: injectBuildingOff,
	HeatWave: injectWeather, Rain: injectWeather, Storm: injectWeather, Earthquake: injectQuake, RackTilt: injectTilt,
	FloodInflow: injectFlood, SumpPump: injectFlood, PipeLeak: injectLeak, RopeBreak: injectLeak,
	FibreCut: injectTelecom, DuctCut: injectTelecom, FibreFade: injectTelecom, CarrierLoss: injectTelecom, NoBFD: injectTelecom,
	FeedDip: injectDip, BrownOut: injectDip, ATSIdle: injectATS,
	BreakerStuck: injectBreaker, BreakerTrip: injectBreaker, BreakerContacts: injectBreaker, BreakerLocal: injectBreaker,
	BreakerRacked: injectBreaker, TripCoil: injectBreaker, ShortCircuit: injectShort,
	GeneratorNoStart: injectGenerator, GeneratorTrip: injectGenerator, GeneratorFuel: injectGenerator,
	RectifierLoss: injectUPS, UPSNoTransfer: injectUPS, StringAged: injectString,
	PDUTrip: injectPDU, BranchTrip: injectPDU, CordLoss: injectCord,
	AccessSilent: injectAccess, AccessMiscount: injectAccess, PanelDisabled: injectPanel,
}

// exclusive groups the kinds of which an asset can have only one at a time, so that clearing one never undoes another.
var exclusive = map[FaultKind]string{
	OffGas: "off-gas", Insulation: "insulation", ArcFlash: "arc", Occupancy: "occupancy", DoorOpen: "door", AbortHeld: "abort",
	ManualStation: "manual-station", PanelTrouble: "panel-trouble", HVACFail: "hvac", WaterLoss: "water", ASDFlow: "asd-flow",
	RackSpread: "spread", FeedLoss: "feed", FeedSag: "feed", FeedHz: "feed", UPSModeFault: "ups-mode", BuildingOff: "building-off",
	ATSIdle: "ats", BreakerStuck: "breaker-stuck", BreakerTrip: "breaker-trip", BreakerContacts: "breaker-contacts", BreakerLocal: "breaker-local",
	BreakerRacked: "breaker-racked", TripCoil: "trip-coil", GeneratorNoStart: "generator-start", GeneratorTrip: "generator-trip",
	RectifierLoss: "rectifier", UPSNoTransfer: "static-switch", StringAged: "string", PDUTrip: "pdu",
	RackTilt: "rack-tilt", RopeBreak: "rope-break", NoBFD: "no-bfd", AccessSilent: "access-silent", PanelDisabled: "panel-disabled",
}

// dose is an amount that one fault adds to others of its kind.
type dose struct {
	id     string
	amount float64
}

func total(d []dose) (sum float64) {
	for _, x := range d {
		sum += x.amount
	}
	return sum
}

func without(d []dose, id string) []dose {
	return slices.DeleteFunc(d, func(x dose) bool { return x.id == id })
}

// FaultKinds lists every kind Inject knows, in alphabetical order.
func FaultKinds() []FaultKind {
	kinds := make([]FaultKind, 0, len(injectors))
	for k := range injectors {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	return kinds
}

// Inject starts a fault now and returns its id. Errors name the kind, target or parameter that is wrong.
func (w *World) Inject(f Fault) (string, error) {
	start, ok := injectors[f.Kind]
	if !ok {
		return "", fmt.Errorf("inject %q: %w kind; known are %v", f.Kind, ErrUnknownFault, FaultKinds())
	}
	for name, v := range map[string]float64{"watts": f.Params.Watts, "seconds": f.Params.Seconds, "amount": f.Params.Amount} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "", fmt.Errorf("inject %s on %q: %w: %s is not a number", f.Kind, f.Target, ErrFaultParams, name)
		}
	}
	for _, other := range w.faults {
		if group := exclusive[f.Kind]; group != "" && other.Target == f.Target && exclusive[other.Kind] == group {
			return "", fmt.Errorf("inject %s on %q: %w: clear %s (%s) first", f.Kind, f.Target, ErrFaultParams, other.ID, other.Kind)
		}
	}
	w.faultN++
	id := fmt.Sprintf("f%d", w.faultN)
	clear, err := start(w, f, id)
	if err != nil {
		return "", fmt.Errorf("inject %s on %q: %w", f.Kind, f.Target, err)
	}
	w.faults[id] = &activeFault{ActiveFault: ActiveFault{ID: id, Fault: f, SinceS: w.now.Seconds()}, order: w.faultN, clear: clear}
	return id, nil
}

// Clear ends a fault. What it has already done to the state stays: heat does not vanish.
func (w *World) Clear(id string) error {
	f, ok := w.faults[id]
	if !ok {
		return fmt.Errorf("clear %q: %w id", id, ErrUnknownFault)
	}
	f.clear()
	delete(w.faults, id)
	return nil
}

// Faults lists the injected faults in the order of injection.
func (w *World) Faults() []ActiveFault {
	active := make([]*activeFault, 0, len(w.faults))
	for _, f := range w.faults {
		active = append(active, f)
	}
	slices.SortFunc(active, func(a, b *activeFault) int { return a.order - b.order })
	out := make([]ActiveFault, len(active))
	for i, f := range active {
		out[i] = f.ActiveFault
	}
	return out
}
