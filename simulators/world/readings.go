package world

import "time"

// SentinelC is what a thermometer with a broken wire reports: 0x7FFF in tenths of a degree.
const SentinelC = 3276.7

// RackReading is what the instruments of one battery rack show now. A dead instrument reads NaN,
// a broken wire reads SentinelC; both are what the wire must carry on.
type RackReading struct {
	AirC        float64 // RT: rack air sensor, degC
	BMSC        float64 // BM: hottest BMS thermistor, degC
	BMSSecondC  float64 // the other thermistor of the hottest module, degC
	BMSMinC     float64
	BMSMedianC  float64 // median over the rack's thermistors, degC
	BMSMaxID    int     // thermistor number 1..34 of the hottest
	BMSMinID    int
	StringV     float64
	CurrentA    float64 // positive while discharging
	SOCPercent  float64
	SOHPercent  float64
	InsulationK float64 // kilo-ohm to earth
	CellMaxMV   float64
	CellMinMV   float64
	CellMaxID   int // cell number 1..136
	CellMinID   int
	SmokePctM   float64 // %/m at the rack's point detector
	SmokePre    bool
	SmokeAlarm  bool // latched until ResetDetectors
	OffGasPPM   float64
	OffGasAlarm bool
	ArcFlag     bool // BMS short-circuit flag
	// Contactor auxiliaries: both false or both true is an impossible position the reader must notice.
	Closed52a   bool
	Open52b     bool
	Charge      ChargeState
	FailureBits uint16 // BMS failure bits: b4 temperature sampling, b5 sensor, b9 line
	HeartbeatUp bool   // false while the BMS does not answer
	Tilted      bool   // tilt switch of the cabinet, latched until ResetDetectors
}

// CellReading is the slow part of a rack's BMS: every thermistor and every cell.
type CellReading struct {
	ThermistorC []float64 // two per module, module order, degC
	VoltageMV   []float64 // one per cell, string order, millivolt
}

// RackTruth is the model's own state, for tests and the world view; no instrument error in it.
type RackTruth struct {
	MaxCellC    float64
	MeanCellC   float64
	AirC        float64
	Active      bool // cell-level model in use
	Vented      int  // cells that have vented
	RunAway     int  // cells that have gone into thermal runaway
	SmokeGM3    float64
	FirstVentS  float64 // simulated seconds, -1 if none
	FirstAwayS  float64
	DischargedL float64 // water sprayed on the rack so far, litres
}

// ChargeState is the BMS's charge indication.
type ChargeState int

// Charge indications as the BMS numbers them.
const (
	ChargeStopped ChargeState = iota
	Discharging
	Charging
)

// RoomReading is what the instruments of one battery or electrical room show now.
type RoomReading struct {
	AirC              float64
	HumidityPct       float64
	ASDPctM           float64 // aspirating detector, %/m after transport delay
	ASDLevel          int     // 0 none, 1 alert, 2 action, 3 fire-1, 4 fire-2
	ASDFlowFault      bool
	LFLPercent        float64 // flammable gas near the ceiling, % of the lower limit
	Occupancy         int     // as access control counts; at least 1 once it has been silent for a minute
	AccessStale       bool    // access control silent for over a minute
	DoorClosed        bool
	DampersClosed     bool
	DamperPosition    float64 // 0 open, 1 shut
	ExhaustRunning    bool
	ExhaustM3H        float64
	HVACRunning       bool
	GasBankBar        float64 // as the gauge shows it, at the room's temperature
	GasBankLow        bool    // gas is missing, judged at one temperature
	DischargePressure bool    // discharge pressure switch
	ReserveValveOpen  bool
	AbortHeld         bool
	ManualStation     bool
	PanelTrouble      bool
	DrainToTank       bool // drain valve leads to the contaminated-water tank
	TankL             float64
	TankPercent       float64
	SpilledL          float64 // contaminated water that missed the tank
	PumpRunning       bool
	PumpLPM           float64
	PumpBar           float64
}

// CameraReading is a thermal camera's view of one rack.
type CameraReading struct {
	MaxC     float64
	MeanC    float64
	Obscured bool // curtain down or smoke in the way: a cold picture is no evidence
}

// UPSMode is the state of a UPS zone.
type UPSMode int

// UPS modes as the SIM-UPS map numbers them.
const (
	UPSOff UPSMode = iota
	UPSOnline
	UPSBattery
	UPSBypass
	UPSEco
	UPSMaintenance
	UPSFault
)

// String names the mode in the map's own words.
func (m UPSMode) String() string {
	names := [...]string{"OFF", "ONLINE", "BATTERY", "BYPASS", "ECO", "MAINT", "FAULT"}
	if m < 0 || int(m) >= len(names) {
		return "UNKNOWN"
	}
	return names[m]
}

// UPSReading is what a UPS zone reports.
type UPSReading struct {
	Mode             UPSMode
	InputV           [3]float64
	InputHz          float64
	OutputV          [3]float64
	OutputA          [3]float64
	OutputHz         float64
	LoadKW           float64
	LoadKVA          float64
	LoadPercent      float64
	BatteryV         float64
	BatteryA         float64 // positive while discharging
	BatteryC         float64
	MinutesRemaining float64
	ChargePercent    float64
	BatteryRacks     int // racks still connected to the zone's DC bus
	LowBattery       bool
	BypassAvailable  bool
	DCTripped        bool

	Test            TestResult
	WalkInPercent   float64 // share of the load on the rectifier
	InputKW         float64
	ChargeKW        float64
	BatterySeconds  float64 // since it went to battery
	OverloadPercent float64 // of the overload allowance used
	ChargeHeld      bool
	BatteryEmpty    bool
	BypassForced    bool // by a person's order
	PartnerOK       bool // the partner zone can carry this one's load
}

// FeedReading is what a utility feed's meter reports.
type FeedReading struct {
	VoltsV      [3]float64 // line to line
	AmpsA       [3]float64
	KW          float64
	KVAr        float64
	PF          float64
	Hz          float64
	EnergyWh    float64
	Available   bool
	Carrying    bool // the source transfer is on this feed
	TransferCnt int
}

// ITRackReading is what an IT rack's sensors and two cords report.
type ITRackReading struct {
	InletBottomC float64
	InletMiddleC float64
	InletTopC    float64
	FeedAKW      float64
	FeedBKW      float64
	Powered      bool
}

// Feedback is the physical proof of an actuator's movement, as its own switch or flow sensor sees it.
type Feedback struct {
	Commanded   bool
	Confirmed   bool
	Position    float64 // 0 at rest, 1 fully operated
	FlowLPM     float64 // water and agent lines
	PressureBar float64 // gas and agent lines
	Since       time.Duration
}
