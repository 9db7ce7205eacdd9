// Package fire decides the staged response to a battery fire. What enters is one set of inputs a
// tick (readings, detectors, feedback, requests by people) together with a monotonic time; what
// leaves is an ordered list of commands, alarm changes and stage changes. It never reads a clock,
// a socket, a disk or a global, never logs and never executes anything itself.
package fire

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Channel is one of the three temperature channels of a rack.
type Channel uint8

// The channels of a rack: RT the rack sensor, BM the battery management system, TC the thermal
// camera.
const (
	RT Channel = iota
	BM
	TC
	channelCount
)

// Channels is how many temperature channels a rack has.
const Channels = int(channelCount)

// String is the channel's short name as it stands in alarm subjects.
func (c Channel) String() string {
	if c >= channelCount {
		return "?"
	}
	return [channelCount]string{"RT", "BM", "TC"}[c]
}

// Config is one site's set of racks, rooms and limits.
type Config struct {
	Racks     []RackConfig
	PeerRooms []string     // rooms without racks here whose gas bank may serve as a reserve
	Rooms     []RoomConfig // rooms that are judged by smoke instead of racks
	Limits    Limits
	// NozzleWaitISO is how long a conductive agent waits for the proof of isolation; nil when the
	// agent does not conduct and the nozzle need not wait.
	NozzleWaitISO *time.Duration
	// ZoneTripPermissive says whether the partner zone can carry the load where no live input does.
	ZoneTripPermissive bool
	// Drill starts the engine in drill mode.
	Drill bool
}

// RackConfig is one rack, its room, and the thresholds that differ from the site's.
type RackConfig struct {
	ID       string
	Room     string
	Override [Channels]Thresholds // degrees Celsius; a zero keeps the site's value
}

// Thresholds are the temperatures of one channel in degrees Celsius.
type Thresholds struct {
	PreAlarm float64
	Stage    [3]float64
}

// Supervision is how long a command may lack feedback and how often it is sent again.
type Supervision struct {
	Deadline time.Duration // zero: the command is not supervised
	Retries  int
}

// Limits holds every number of the response; start from DefaultLimits.
type Limits struct {
	Thresholds    Thresholds
	HysteresisK   float64
	DebounceScans int // consecutive ticks at or over a threshold before it counts
	BadHold       time.Duration
	LostHot       time.Duration

	RiseKPerMin    float64
	RiseWindow     time.Duration
	RiseMinHistory time.Duration
	RiseMinSamples int
	RiseFloorC     float64

	Stale  [Channels]time.Duration
	RangeC [Channels][2]float64
	StartC float64 // what a channel is taken to have read before its first sample

	Stuck        time.Duration
	StuckPeerK   float64
	DiscrepancyC float64
	DiscrepancyK float64
	Blind        time.Duration
	ObscuredC    float64 // below this a camera behind a dropped curtain proves nothing

	OneChannelScans         int
	OneChannelObscuredScans int
	BMSAloneScans           int
	BMSAloneStepK           float64
	BMSAloneQuiet           time.Duration
	FireASD                 int // level of the aspirating detector that confirms a fire

	AgentTime         time.Duration
	WaterTime         time.Duration
	PreDischarge      time.Duration
	Resume            time.Duration // at least so much countdown is left after a hold
	Scan              time.Duration // the ordinary time between ticks; a late tick counts down two at most
	GasEvaluation     time.Duration
	ReserveEvaluation time.Duration
	LELHold           float64 // percent of the lower flammable limit
	LELExhaust        float64 // percent of the lower flammable limit
	MultiRack         time.Duration
	SmokeAlone        time.Duration // smoke in one zone alone, for so long, is taken for a fire

	BypassMax     time.Duration
	BypassPerRack int
	ResetBelowC   float64
	ResetDwell    time.Duration
	ResetChannels int // so many good channels must prove a cold rack
	ClockJump     time.Duration

	Supervision map[Action]Supervision
}

// DefaultLimits are the numbers of the reference design.
func DefaultLimits() Limits {
	return Limits{
		Thresholds:    Thresholds{PreAlarm: 50, Stage: [3]float64{60, 68, 80}},
		HysteresisK:   2,
		DebounceScans: 3,
		BadHold:       3 * time.Second,
		LostHot:       10 * time.Second,

		RiseKPerMin:    5,
		RiseWindow:     60 * time.Second,
		RiseMinHistory: 30 * time.Second,
		RiseMinSamples: 10,
		RiseFloorC:     35,

		Stale:  [Channels]time.Duration{5 * time.Second, 10 * time.Second, 5 * time.Second},
		RangeC: [Channels][2]float64{{-40, 200}, {-40, 200}, {-40, 650}},
		StartC: 25,

		Stuck:        600 * time.Second,
		StuckPeerK:   3,
		DiscrepancyC: 50,
		DiscrepancyK: 15,
		Blind:        10 * time.Second,
		ObscuredC:    50,

		OneChannelScans:         10,
		OneChannelObscuredScans: 30,
		BMSAloneScans:           60,
		BMSAloneStepK:           5,
		BMSAloneQuiet:           300 * time.Second,
		FireASD:                 3,

		AgentTime:         60 * time.Second,
		WaterTime:         300 * time.Second,
		PreDischarge:      30 * time.Second,
		Resume:            10 * time.Second,
		Scan:              time.Second,
		GasEvaluation:     120 * time.Second,
		ReserveEvaluation: 300 * time.Second,
		LELHold:           25,
		LELExhaust:        10,
		MultiRack:         600 * time.Second,
		SmokeAlone:        60 * time.Second,

		BypassMax:     8 * time.Hour,
		BypassPerRack: 1,
		ResetBelowC:   45,
		ResetDwell:    3600 * time.Second,
		ResetChannels: 2,
		ClockJump:     time.Second,

		Supervision: defaultSupervision(),
	}
}

func defaultSupervision() map[Action]Supervision {
	return map[Action]Supervision{
		Isolate:     {3 * time.Second, 1},
		IsolateBkp:  {3 * time.Second, 0},
		Curtain:     {10 * time.Second, 1},
		Patch:       {5 * time.Second, 1},
		Nozzle:      {5 * time.Second, 1},
		Water:       {10 * time.Second, 0},
		WaterBkp:    {10 * time.Second, 0},
		DamperClose: {30 * time.Second, 1},
		GasRelease:  {10 * time.Second, 1},
		GasReserve:  {20 * time.Second, 0},
	}
}

// Validate reports every fault of the configuration at once.
func (c Config) Validate() error {
	var faults []error
	bad := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if len(c.Racks)+len(c.Rooms) == 0 {
		bad("racks: none given")
	}
	seen, rooms := map[string]bool{}, map[string]bool{}
	for i, r := range c.Racks {
		if r.ID == "" || r.Room == "" {
			bad("racks[%d]: needs an id and a room", i)
		}
		if seen[r.ID] {
			bad("racks[%d]: %q is named twice", i, r.ID)
		}
		seen[r.ID], rooms[r.Room] = true, true
		for ch, o := range r.Override {
			t := c.Limits.Thresholds.with(o)
			if !slices.IsSorted([]float64{t.PreAlarm, t.Stage[0], t.Stage[1], t.Stage[2]}) {
				bad("racks[%d].override.%s: thresholds must rise from stage to stage", i, Channel(ch))
			}
		}
	}
	for i, r := range c.Rooms {
		if r.Name == "" || rooms[r.Name] || (r.Kind != GasRoom && r.Kind != PlainRoom) {
			bad("rooms[%d]: %q is empty, given twice, or of a kind that needs racks", i, r.Name)
		}
		rooms[r.Name] = true
	}
	for i, r := range c.PeerRooms {
		if r == "" || rooms[r] {
			bad("peer_rooms[%d]: %q is empty or given twice", i, r)
		}
		rooms[r] = true
	}
	for id := range seen {
		if rooms[id] || id == siteScope {
			bad("racks: %q is also the name of a room or of the site", id)
		}
	}
	if rooms[siteScope] {
		bad("rooms: %q names the site", siteScope)
	}
	faults = append(faults, c.Limits.faults()...)
	return errors.Join(faults...)
}

func (l Limits) faults() []error {
	var faults []error
	if l.DebounceScans < 1 || l.OneChannelScans < 1 || l.OneChannelObscuredScans < 1 || l.BMSAloneScans < 1 {
		faults = append(faults, errors.New("limits: scan counts must be at least 1; start from the defaults"))
	}
	if l.Scan <= 0 || l.PreDischarge < 0 || l.Resume < 0 {
		faults = append(faults, errors.New("limits: the scan must last, and the pre-discharge times must not be negative"))
	}
	for ch := range l.RangeC {
		if !(l.RangeC[ch][0] < l.RangeC[ch][1]) || l.Stale[ch] <= 0 {
			faults = append(faults, fmt.Errorf("limits: channel %s needs a range and a stale time", Channel(ch)))
		}
	}
	for a, s := range l.Supervision {
		if a >= actionCount || s.Deadline < 0 || s.Retries < 0 {
			faults = append(faults, fmt.Errorf("limits: supervision of %s is out of range", a))
		}
	}
	return faults
}

// with lays the thresholds that are set in o over t.
func (t Thresholds) with(o Thresholds) Thresholds {
	if o.PreAlarm != 0 {
		t.PreAlarm = o.PreAlarm
	}
	for i, v := range o.Stage {
		if v != 0 {
			t.Stage[i] = v
		}
	}
	return t
}
