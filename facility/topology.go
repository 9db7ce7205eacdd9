package facility

import "slices"

// Topology is what a site says about its power and cooling paths that does not follow from what hangs under what.
// Supply puts both together. docs/topology.md has the rules and the words.
type Topology struct {
	Beyond       []Beyond        `yaml:"beyond"`
	Halls        []HallFeed      `yaml:"halls"`
	Loads        []LoadFeed      `yaml:"loads"`
	Cooling      []CoolingFeed   `yaml:"cooling"`
	Breakers     []BreakerMap    `yaml:"breakers"`
	Automatic    []AutomaticHold `yaml:"automatic"`
	ByHand       []HandPlace     `yaml:"by_hand"`
	Batteries    []BatteryGauge  `yaml:"batteries"`
	Stores       []ColdStore     `yaml:"stores"`
	Compartments []Compartment   `yaml:"compartments"`
	Services     []StandsOn      `yaml:"services"`
}

// Beyond is a supply of the building that the site does not watch: it has a name and no points.
type Beyond struct {
	ID   AssetID `yaml:"id"`
	Name Text    `yaml:"name"`
}

// HallFeed says on which zones the two cords of every rack of some halls are. Panels under a hall take turns:
// the first is on A, the next on B.
type HallFeed struct {
	Halls []AssetID `yaml:"halls"`
	A     AssetID   `yaml:"a"`
	B     AssetID   `yaml:"b"` // empty: racks with one cord
}

// LoadFeed says on what the machines of a kind, or some assets, hang: the site itself is the bus of the intake.
type LoadFeed struct {
	Assets []AssetID `yaml:"assets"`
	Kind   string    `yaml:"kind"`    // every asset of this kind instead
	Zones  []AssetID `yaml:"zones"`   // each on all of these, any one of which carries it
	InTurn []AssetID `yaml:"in_turn"` // instead: the first on the first of these, the next on the next, and again
}

// CoolingFeed says which chilled-water loops the air handlers of a kind, or some of them, take their water from. A handler
// cools what it hangs under.
type CoolingFeed struct {
	Assets []AssetID `yaml:"assets"`
	Kind   string    `yaml:"kind"`    // every asset of this kind instead
	Loops  []AssetID `yaml:"loops"`   // each from all of these, any one of which is enough
	InTurn []AssetID `yaml:"in_turn"` // instead: the first from the first of these, the next from the next, and again
}

// BreakerMap says how a device of a profile shows its breaker and which command opens it.
type BreakerMap struct {
	Profile string    `yaml:"profile"`
	State   string    `yaml:"state"`   // its point
	Open    []float64 `yaml:"open"`    // what it shows when nothing flows through; anything in neither list is unknown
	Closed  []float64 `yaml:"closed"`  // what it shows when it is closed
	Command string    `yaml:"command"` // opens it; empty: by hand
	Branch  string    `yaml:"branch"`  // a panel's point for branch *, 1 when closed; optional
}

// AutomaticHold says what keeps the breaker of a feed or generator from closing by itself. Without it an open one
// is not relied upon.
type AutomaticHold struct {
	For   []AssetID `yaml:"for"`
	Point PointID   `yaml:"point"`
	Off   []float64 `yaml:"off"` // what the point shows while nothing closes by itself
}

// HandPlace says where a person opens what has no command.
type HandPlace struct {
	At    AssetID `yaml:"at"`
	Place Text    `yaml:"place"`
}

// BatteryGauge names the points that tell how long a UPS zone lasts on its batteries.
type BatteryGauge struct {
	Zone    AssetID   `yaml:"zone"`
	Minutes PointID   `yaml:"minutes"` // at the present load
	On      PointID   `yaml:"on"`      // 1 while the zone runs on battery
	With    []PointID `yaml:"with"`    // what the minutes depend on: shown beside them, and needed
}

// ColdStore names what tells how long a tank of chilled water lasts.
type ColdStore struct {
	Tank         AssetID   `yaml:"tank"`
	VolumeM3     float64   `yaml:"volume_m3"`
	BelowC       float64   `yaml:"below_c"`      // water warmer than this does not cool
	Temperatures []PointID `yaml:"temperatures"` // from the inlet to the outlet, evenly spaced
	Level        PointID   `yaml:"level"`        // in percent
	Flow         PointID   `yaml:"flow"`         // in m3/h
	Inlet        PointID   `yaml:"inlet"`        // of the water that comes back into the tank
	Zones        []AssetID `yaml:"zones"`        // UPS zones whose load it cools
}

// Compartment is what one fire can take: its assets and everything under them.
type Compartment struct {
	ID     string    `yaml:"id" json:"id"`
	Name   Text      `yaml:"name" json:"name"`
	Assets []AssetID `yaml:"assets" json:"assets"`
}

// StandsOn says which assets carry a service: it goes on while at least Need percent of their racks have power.
type StandsOn struct {
	ID     string    `yaml:"id" json:"id"`
	Name   Text      `yaml:"name" json:"name"`
	Assets []AssetID `yaml:"assets" json:"assets"`
	Need   float64   `yaml:"need" json:"need"` // percent; 0: one rack is enough
	// DependsOn are services of this list without which this one is of no use: it falls with any of them.
	DependsOn []string `yaml:"depends_on" json:"depends_on"`
}

// SupplyNode is one electrical place: a source, a bus, a panel or a load.
type SupplyNode struct {
	ID      string
	Asset   AssetID
	Kind    string // the asset's kind, or bus
	Name    Text
	Source  bool // power comes from here
	Battery bool // a source that lasts minutes
	Load    bool // something that is lost when it goes dark
}

// Kinds of switches.
const (
	SwitchIncomer   = "incomer"
	SwitchGenerator = "generator"
	SwitchZoneInput = "zone-input"
	SwitchZoneDC    = "zone-dc"
	SwitchUPSOutput = "ups-output"
	SwitchString    = "string"
	SwitchBackup    = "string-backup"
	SwitchPanel     = "panel"
	SwitchBranch    = "branch"
	SwitchLoad      = "load"
)

// SupplySwitch joins two places. Power flows from From to To, and back as well where BothWays is set.
type SupplySwitch struct {
	ID        string
	Kind      string
	Asset     AssetID
	Name      Text
	Place     Text // where it is opened by hand
	From, To  int  // indices of nodes
	BothWays  bool
	HasState  bool
	State     Ref
	Open      []float64 // empty: everything but Closed
	Closed    []float64 // empty: everything but Open
	Command   CommandID // empty: by hand
	Automatic bool      // it may close by itself unless Holds says otherwise
	Holds     []SupplyHold
}

// SupplyHold is one thing that keeps an automatic switch from closing.
type SupplyHold struct {
	Point Ref
	Off   []float64
}

// Supply is the whole supply of a site as a graph.
type Supply struct {
	Nodes    []SupplyNode
	Switches []SupplySwitch

	byID    map[string]int
	members map[AssetID][]int // nodes of an asset and of everything under it
}

// Node finds a place by its id.
func (s *Supply) Node(id string) (int, bool) { i, ok := s.byID[id]; return i, ok }

// Under lists the nodes of an asset and of everything that hangs under it, in order.
func (s *Supply) Under(id AssetID) []int { return s.members[id] }

// DCBus is the id of the place where the strings of a UPS zone meet.
func DCBus(zone AssetID) string { return string(zone) + " dc" }

// Output is the id of the place behind a UPS zone's output switch.
func Output(zone AssetID) string { return string(zone) + " output" }

// CoolingLoops says from which loops each air handler takes its water, any one of which is enough. One that the topology's
// words leave out is not there.
func (s *Site) CoolingLoops() map[AssetID][]AssetID {
	out := map[AssetID][]AssetID{}
	if s.Topology == nil {
		return out
	}
	for _, feed := range s.Topology.Cooling {
		turn := 0
		for i := range s.Assets {
			a := &s.Assets[i]
			if a.Kind != feed.Kind && !slices.Contains(feed.Assets, a.ID) {
				continue
			}
			if n := len(feed.InTurn); n > 0 {
				out[a.ID] = append(out[a.ID], feed.InTurn[turn%n])
				turn++
			}
			out[a.ID] = append(out[a.ID], feed.Loops...)
		}
	}
	return out
}
