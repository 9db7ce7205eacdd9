package bcp

import "github.com/looplab/fsm"

// The machines by the name of their table.
const (
	MachineOrg      = "bcp"
	MachineFailover = "failover"
	MachineGrade    = "grade"
	MachineIncident = "incident"
	MachineMotion   = "motion"
	MachineService  = "service"
	MachineStep     = "step"
	MachineSummon   = "summon"
	MachineBrake    = "brake"
	MachinePlay     = "play"
)

// The states and events of the two machines that exist beside the agreed tables: the brake on automatic
// failover, and a playbook under way as a whole.
const (
	BrakeReleased = "RELEASED"
	BrakeEngaged  = "ENGAGED"
	PlayRunning   = "RUNNING"
	PlayDone      = "DONE"
	PlayStopped   = "STOPPED"

	evEngage  = "engage"
	evRelease = "release"
	evFinish  = "finish"
	evStop    = "stop"
	evResume  = "resume"
)

// Edge is one allowed move.
type Edge struct{ From, Event, To string }

// Table is one machine: its first state, the states it may rest in and every edge.
type Table struct {
	Name  string
	Init  string
	Rest  []string
	Edges []Edge
}

// To is where an event leads from a state; false when it is not allowed there.
func (t *Table) To(from, event string) (string, bool) {
	for _, e := range t.Edges {
		if e.From == from && e.Event == event {
			return e.To, true
		}
	}
	return "", false
}

// States lists every state once, in the order of the edges.
func (t *Table) States() []string {
	var states []string
	seen := map[string]bool{}
	for _, e := range t.Edges {
		for _, s := range []string{e.From, e.To} {
			if !seen[s] {
				seen[s] = true
				states = append(states, s)
			}
		}
	}
	return states
}

// withNotes lets every state take a note: an entry in the machine's story that does not move it, for
// a role taken, a page repeated or an observation written down.
func withNotes(t *Table) *Table {
	for _, s := range t.States() {
		t.Edges = append(t.Edges, Edge{s, evNote, s})
	}
	return t
}

// events is the table in the form the state machine library takes.
func (t *Table) events() fsm.Events {
	events := make(fsm.Events, len(t.Edges))
	for i, e := range t.Edges {
		events[i] = fsm.EventDesc{Name: e.Event, Src: []string{e.From}, Dst: e.To}
	}
	return events
}
