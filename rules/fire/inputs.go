package fire

// Inputs is everything one tick looks at. Racks and Rooms are in the order of Engine.RackIDs and
// Engine.RoomNames; values persist only if the caller gives them again.
type Inputs struct {
	Racks []RackInputs
	Rooms []RoomInputs
	// Confirmed lists the commands whose feedback is seen now, asked for or not. A command may
	// stay in the list for as long as its feedback stands.
	Confirmed []string
	// DrillConfirmed does the same for commands of the drill, by DrillCommand.Feedback.
	DrillConfirmed []string
	Requests       []Request // by people, in the order they came
}

// Reading is one channel's value at a tick.
type Reading struct {
	Value     float64 // degrees Celsius
	Good      bool    // false: the source itself calls the value bad
	Refreshed bool    // a new sample came since the last tick
}

// RackInputs is what is known of one rack. A detector whose link is lost keeps its last state here:
// silence must not look like health.
type RackInputs struct {
	Channels [Channels]Reading
	Smoke    bool
	OffGas   bool
	Arc      bool // arc relay or short-circuit flag
	EV       bool // other evidence of heat, computed upstream
	// Sim replaces channels in a drill, where SimSet; it is never looked at outside a drill.
	Sim    [Channels]Reading
	SimSet [Channels]bool
}

// RoomInputs is what is known of one room.
type RoomInputs struct {
	ASD           int     // aspirating smoke detector, 0 to 4; 3 is Fire-1
	LEL           float64 // percent of the lower flammable limit
	Occupants     int
	Abort         bool
	ManualStation bool
	PartnerOK     Permissive // the partner zone can carry this room's load
	ZoneA, ZoneB  bool       // smoke in the two zones of a room without racks
	BankFault     bool       // its gas bank is reported empty or shut off
}

// Permissive is a live yes or no that may be unknown.
type Permissive uint8

// The states of a permissive; with Unset the configured default holds.
const (
	Unset Permissive = iota
	Permitted
	Refused
)
