package world

// PowerConfig holds the electrical defaults shared by all feeds, breakers, generators, zones and panels.
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
	RetransferS  float64 // stable time of a feed before the intake goes back to it
	Tolerance    float64 // input window of the UPS, per unit
	HzTolerance  float64
	PlantPerLoad float64 // chillers, pumps, fans and losses of load that is not modelled rack by rack, per kW of it
	HousePerLoad float64 // the same without the chillers, for racks whose chillers are modelled
	PF           float64

	// Source transfer at the intake. Measure, undervoltage, opening, dead bus and closing follow one another.
	UnderPU, UnderS  float64 // undervoltage relay
	MeasureS         float64 // its window of one cycle, rounded up to the step
	HysteresisPU     float64 // between operating and returning
	AvailablePU      float64 // a feed must have this to be gone to
	OpenS, CloseS    float64 // order to proof, breakers' own times included
	DeadS            float64 // for the voltage of running motors to die away
	ClosedTransition bool    // the utility allows both feeds together for the moment of a transfer
	SyncDeg, SyncPU  float64
	SyncHz           float64
	ChatterTransfers float64 // so many within a minute lock the transfer

	Breaker    BreakerPhysics
	Generator  GeneratorPhysics
	PDU        PDUPhysics
	TestS      float64 // length of a battery test
	TestSag    float64 // a string this much under the others fails it, per unit
	OverloadS  [3]float64
	OverloadTo [3]float64 // load per unit up to which each of OverloadS holds
}

// BreakerPhysics is how circuit breakers and their relays behave.
type BreakerPhysics struct {
	CloseS, TripS, SpringS, SelectS float64
	PickupPU                        float64 // of the current the place is sized for
	IncomerTD, FeederTD             float64 // time dials: the incomer waits for the feeder
	InstantX                        float64 // times the pick-up that a feeder opens at without delay
	OilK, OilTauS                   float64 // top oil over ambient at full load
	WindingK, WindingTauS           float64 // hot spot over top oil
	AmbientC                        float64
	LoadExponent                    float64
}

// GeneratorPhysics is how emergency generators start and carry load.
type GeneratorPhysics struct {
	StartS, CrankS, RestS float64
	Attempts              int
	FailShare             float64 // of the attempts
	BlockShare            [3]float64
	BlockS                [3]float64 // since the engine fired up: each block is allowed from here
	LitresPerKWh          float64
	TankHours             float64 // at full load
	CoolDownS             float64
	OverloadPU, OverloadS float64
	SyncS                 float64 // between two sets going on the same bus
	WarmC, HotC, WarmTauS float64
	DipHz, DipTauS        float64 // speed lost when full load comes at once
}

// PDUPhysics is the panels' and cords' side.
type PDUPhysics struct {
	PhaseV    float64
	MainA     float64
	BranchA   float64
	CurveTD   float64 // time dial of the thermal trips
	MagneticX float64
	WarnPU    float64 // of the breaker
	PairPU    float64 // the same for a side whose partner is healthy
	RiseK     float64 // main terminal over ambient at full current
}

// DefaultPowerConfig: 2 x 22.9 kV at 60 Hz, 380 V inside. A source transfer takes one second: 0.5 s of undervoltage,
// 0.1 s to open, 0.1 s for the bus to die and 0.3 s to close. Block loads, crank attempts and breaker times are those
// usual for sets and vacuum breakers of this size; where a figure is a judgement, docs/physics/power.md says so.
func DefaultPowerConfig() PowerConfig {
	return PowerConfig{
		RackKW: 10000. / 56, ReserveSOC: .10, LowMinutes: 2, WalkInS: 10, ChargeShare: .10,
		OutputV: 380, InputV: 380, FeedV: 22900, NominalHz: 60, RetransferS: 300,
		Tolerance: .10, HzTolerance: 3, PlantPerLoad: .3, HousePerLoad: .1, PF: .97,
		UnderPU: .8, UnderS: .5, MeasureS: .02, HysteresisPU: .05, AvailablePU: .9, OpenS: .1, CloseS: .3, DeadS: .1,
		SyncDeg: 10, SyncPU: .05, SyncHz: .1, ChatterTransfers: 4,
		Breaker: BreakerPhysics{CloseS: .08, TripS: .05, SpringS: 10, SelectS: 10, PickupPU: 1.2, IncomerTD: .3, FeederTD: .1,
			InstantX: 10, OilK: 55, OilTauS: 180 * 60, WindingK: 23, WindingTauS: 600, AmbientC: 30, LoadExponent: 1.6},
		Generator: GeneratorPhysics{StartS: 10, CrankS: 10, RestS: 5, Attempts: 3, FailShare: .01,
			BlockShare: [3]float64{.5, .75, 1}, BlockS: [3]float64{10, 15, 20}, LitresPerKWh: .21, TankHours: 12, CoolDownS: 300,
			OverloadPU: 1.1, OverloadS: 10, SyncS: 3, WarmC: 40, HotC: 82, WarmTauS: 300, DipHz: 2, DipTauS: 1.5},
		PDU:   PDUPhysics{PhaseV: 220, MainA: 400, BranchA: 32, CurveTD: 10, MagneticX: 8, WarnPU: .8, PairPU: .4, RiseK: 35},
		TestS: 30, TestSag: .04, OverloadS: [3]float64{600, 60, 10}, OverloadTo: [3]float64{1.10, 1.25, 1.50},
	}
}

// GridConfig lists what a site shows of its power path. What is not listed is there all the same, but nobody sees it:
// every feed has its incomer and every zone its transformer.
type GridConfig struct {
	Breakers   []BreakerConfig
	ATS        []string // controllers of the intake's source transfer
	Generators []GeneratorConfig
	PDUs       []PDUConfig
}

// BreakerConfig is one cubicle: the breaker of a feed, a generator or a UPS zone, with the transformer behind it.
type BreakerConfig struct {
	ID, Of string
}

// GeneratorConfig is one emergency generator at the intake's bus.
type GeneratorConfig struct {
	ID      string
	RatedKW float64 // 0: its share of what the site needs
}

// PDUConfig is one power panel on one UPS zone.
type PDUConfig struct {
	ID, Zone string
}

// ids reports the assets of the grid to whoever checks that no id is used twice.
func (g *GridConfig) ids(add func(kind, id string)) {
	for _, b := range g.Breakers {
		add("switchgear", b.ID)
	}
	for _, id := range g.ATS {
		add("ats", id)
	}
	for _, x := range g.Generators {
		add("generator", x.ID)
	}
	for _, p := range g.PDUs {
		add("pdu", p.ID)
	}
}
