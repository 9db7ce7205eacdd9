package fire

import "fmt"

// Stage is one rung of the response; stages compare by their order.
type Stage uint8

// The rungs: S0 normal, SP pre-alarm, S1 to S4 of a rack, S5A to S5C of a room's gas, S6 with the
// fire authority in control.
const (
	S0 Stage = iota
	SP
	S1
	S2
	S3
	S4
	S5A
	S5B
	S5C
	S6
	stageCount
)

var stageNames = [stageCount]string{"S0", "SP", "S1", "S2", "S3", "S4", "S5A", "S5B", "S5C", "S6"}

// String is the stage's short name.
func (s Stage) String() string {
	if s >= stageCount {
		return fmt.Sprintf("Stage(%d)", uint8(s))
	}
	return stageNames[s]
}

// MarshalText writes the short name.
func (s Stage) MarshalText() ([]byte, error) {
	if s >= stageCount {
		return nil, fmt.Errorf("stage %d does not exist", uint8(s))
	}
	return []byte(stageNames[s]), nil
}

// UnmarshalText reads the short name; another word is an error.
func (s *Stage) UnmarshalText(text []byte) error {
	for i, n := range stageNames {
		if n == string(text) {
			*s = Stage(i)
			return nil
		}
	}
	return fmt.Errorf("stage %q does not exist", text)
}

// Command is one order to a real output.
type Command struct {
	Name    string // "R1.ISOLATE", "ROOM.EVAC_ALARM", "SITE.FD_CALL"
	Subject string // the rack, the room or "SITE"
	Action  Action
	Attempt int    // 1 for the first send, 2 for the first retry
	Donor   string // the room whose gas bank a GAS_RESERVE draws on
}

// DrillCommand is what a drill would have sent. It is another type than Command, with nothing to
// convert it back, so that no executor of real commands can be given one.
type DrillCommand struct {
	name    string
	attempt int
}

// Name is the command's name with the prefix "DRILL:".
func (d DrillCommand) Name() string { return drillPrefix + d.name }

// Feedback is the name to give back in Inputs.DrillConfirmed once the drill takes it as confirmed.
func (d DrillCommand) Feedback() string { return d.name }

// Attempt is 1 for the first send.
func (d DrillCommand) Attempt() int { return d.attempt }

const drillPrefix = "DRILL:"

// AlarmEvent says that an alarm began (Raised) or that its condition is over.
type AlarmEvent struct {
	Name    string // "STAGE1"
	Subject string // "R1", "R1.BM", "R1.NOZZLE", "ROOM", a reason such as "TWO_PERSON", or empty
	Raised  bool
}

// Key is the name and the subject in one word, "STAGE1:R1", as people write it.
func (a AlarmEvent) Key() string {
	if a.Subject == "" {
		return a.Name
	}
	return a.Name + ":" + a.Subject
}

// StageChange is one step of a rack or of a room; exactly one of Rack and Room is set.
type StageChange struct {
	Rack string
	Room string
	From Stage
	To   Stage
	Why  string
	// Votes counts the signs that carried a rack up: channels over their threshold and a corroborator.
	// One is a single channel, which warns people but moves nothing beyond the room.
	Votes int
}

// Decisions is what one tick asks for. Lists are in the order in which they must be done, and are
// only valid until the next tick.
type Decisions struct {
	Commands []Command
	// Reassert lists level outputs to be held again after a restart: neither logged as new
	// commands nor supervised again.
	Reassert []Command
	Alarms   []AlarmEvent
	Stages   []StageChange

	DrillCommands []DrillCommand
	DrillAlarms   []AlarmEvent
	DrillStages   []StageChange
}
