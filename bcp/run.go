package bcp

import (
	"fmt"
	"time"
)

// Group is a set of services that move between sites together.
type Group struct {
	ID       string        `yaml:"id" json:"id"`
	Source   string        `yaml:"source" json:"source"` // the site that serves at first
	Target   string        `yaml:"target" json:"target"`
	Tier     int           `yaml:"tier" json:"tier"` // 3 may move without people
	Services []string      `yaml:"services" json:"services"`
	TTL      time.Duration `yaml:"ttl" json:"ttl"` // of its public names
	RTO      time.Duration `yaml:"rto" json:"rto"` // recovery time objective, from the trigger to client traffic at the target
}

// RunTimes are how long a failover run waits where.
type RunTimes struct {
	Ambiguous  time.Duration `yaml:"ambiguous"`
	Precheck   time.Duration `yaml:"precheck"`
	Auth       time.Duration `yaml:"auth"`
	Fence      time.Duration `yaml:"fence"`
	DataGate   time.Duration `yaml:"data_gate"`
	Wave       time.Duration `yaml:"wave"`
	Verify     time.Duration `yaml:"verify"`
	Shed       time.Duration `yaml:"shed"`
	CanaryHold time.Duration `yaml:"canary_hold"` // errors low for so long at each share
	Canary     time.Duration `yaml:"canary"`
	Shift      time.Duration `yaml:"shift"`
	Public     time.Duration `yaml:"public"` // after the wait for the names
	Compensate time.Duration `yaml:"compensate"`
	Block      time.Duration `yaml:"block"` // after the end of a run
}

// DefaultRunTimes are the agreed deadlines.
func DefaultRunTimes() RunTimes {
	return RunTimes{
		Ambiguous: 30 * time.Second, Precheck: 10 * time.Second, Auth: 5 * time.Minute, Fence: time.Minute, DataGate: 30 * time.Second,
		Wave: 2 * time.Minute, Verify: time.Minute, Shed: 30 * time.Second, CanaryHold: time.Minute, Canary: 5 * time.Minute,
		Shift: time.Minute, Public: 3 * time.Minute, Compensate: 5 * time.Minute, Block: time.Hour,
	}
}

// What set a run off.
const (
	TriggerProbes   = "probes"   // of the messenger; what the brake counts and stops
	TriggerFacility = "facility" // a notice from the building
	TriggerSilence  = "silence"  // nothing is heard of the site; it asks people, and the brake takes it as probes once they confirm it
	TriggerOrder    = "order"    // planned, by people
	TriggerDrill    = "drill"
	TriggerFailback = "failback"
)

// Hold is why a run stands still, and where it goes on.
type Hold struct {
	From  string    `json:"from"`
	Why   string    `json:"why"`
	Since time.Time `json:"since,omitzero"`
	Auto  int       `json:"auto"` // how often this run went on by itself
}

// Override is a failed guard that two named people take upon themselves.
type Override struct {
	By  []string  `json:"by"`
	Why string    `json:"why"`
	At  time.Time `json:"at,omitzero"`
}

// Approval is one person's word on a run.
type Approval struct {
	Who
	Yes bool      `json:"yes"`
	At  time.Time `json:"at,omitzero"`
}

// Proof is what a guard that must never be guessed was passed on.
type Proof struct {
	How   string    `json:"how"`
	Epoch uint64    `json:"epoch,omitempty"`
	At    time.Time `json:"at,omitzero"`
}

// Run is the failover machine of one group, folded from its entries; it is used again for each run.
type Run struct {
	Group     string              `json:"group"`
	State     string              `json:"state"`
	Since     time.Time           `json:"since,omitzero"`
	Source    string              `json:"source"`
	Target    string              `json:"target"`
	Epoch     uint64              `json:"epoch"`          // of the group: its stores obey no older one
	Want      uint64              `json:"want,omitempty"` // epoch that the fence of this run commits
	Trigger   string              `json:"trigger"`
	By        string              `json:"by"`
	Triggered time.Time           `json:"triggered,omitzero"`
	Served    time.Time           `json:"served,omitzero"` // the target has acknowledged and read back client traffic after the full shift
	Ended     time.Time           `json:"ended,omitzero"`
	Deadline  time.Time           `json:"deadline,omitzero"` // of a power cut
	Carried   *Carried            `json:"carried,omitempty"` // by the source before it all began
	Approvals []Approval          `json:"approvals,omitempty"`
	Granted   string              `json:"granted,omitempty"` // by whom or what
	Fence     *Proof              `json:"fence,omitempty"`
	Data      *Proof              `json:"data,omitempty"`
	Waves     [][]string          `json:"waves,omitempty"`
	Wave      int                 `json:"wave"`
	Share     int                 `json:"share"`            // of the traffic at the target, percent
	Moved     bool                `json:"moved"`            // traffic may have moved: no way back but a new run
	Acts      []string            `json:"acts,omitempty"`   // keys of what the present state waits for
	Redone    int                 `json:"redone,omitempty"` // how often this state's acts were begun anew
	Hold      *Hold               `json:"hold,omitempty"`
	Overrides map[string]Override `json:"overrides,omitempty"`
	Joined    []string            `json:"joined,omitempty"`  // playbook steps that wait for this run
	Asked     bool                `json:"asked,omitempty"`   // two people were asked about a fire at the new site
	Expired   map[string]bool     `json:"expired,omitempty"` // exclusions whose end was announced
	Auto      []time.Time         `json:"auto,omitempty"`    // starts by probes alone, newest last
}

// Under says whether a run is on its way in the group.
func (r *Run) Under() bool {
	switch r.State {
	case RunArmed, RunSuspect, RunComplete, RunAborted, RunFailed:
		return false
	}
	return true
}

// byItself says whether neither a building nor people have set the run off.
func (r *Run) byItself() bool { return r.Trigger == TriggerProbes || r.Trigger == TriggerSilence }

type runDetail struct {
	Trigger  string     `json:"trigger,omitempty"`
	Deadline *time.Time `json:"deadline,omitempty"`
	Source   string     `json:"source,omitempty"`
	Target   string     `json:"target,omitempty"`
	Approval *Approval  `json:"approval,omitempty"`
	Granted  string     `json:"granted,omitempty"`
	Want     uint64     `json:"want,omitempty"`
	Again    bool       `json:"again,omitempty"` // the acts of the state are tried anew
	Fence    *Proof     `json:"fence,omitempty"`
	Data     *Proof     `json:"data,omitempty"`
	Waves    [][]string `json:"waves,omitempty"`
	Share    int        `json:"share,omitempty"`
	Override *Override  `json:"override,omitempty"`
	Auto     bool       `json:"auto,omitempty"`
	Join     string     `json:"join,omitempty"`
	Served   bool       `json:"served,omitempty"`
	Carried  *Carried   `json:"carried,omitempty"`
	Asked    bool       `json:"asked,omitempty"`
	Expired  string     `json:"expired,omitempty"`
	Swap     bool       `json:"swap,omitempty"` // the roles were found the other way round
}

// Runs holds the failover machine of every group, and the brake over all of them.
type Runs struct {
	ledger *Ledger
	times  RunTimes
	graph  *Graph
	groups []Group
	all    map[string]*Run
	brake  Brake
}

// NewRuns keeps the machines of the groups in the ledger.
func NewRuns(l *Ledger, times RunTimes, graph *Graph, groups []Group) *Runs {
	x := &Runs{ledger: l, times: times, graph: graph, groups: groups, all: map[string]*Run{}}
	l.folds[MachineFailover] = x.fold
	l.folds[MachineBrake] = x.foldBrake
	return x
}

// Get finds a group's run; nil before the first turn. The caller must not change it.
func (x *Runs) Get(group string) *Run { return x.all[group] }

// Irreversible says whether a run has promoted anything since a time.
func (x *Runs) Irreversible(since time.Time) bool {
	for _, r := range x.all {
		if r.Data != nil && !r.Data.At.Before(since) {
			return true
		}
	}
	return false
}

func (x *Runs) fold(t Transition) error {
	d, err := detail[runDetail](t)
	if err != nil {
		return err
	}
	r := x.all[t.ID]
	if t.Event == evCreate {
		r = &Run{Group: t.ID, Source: d.Source, Target: d.Target}
		x.all[t.ID] = r
	}
	if r == nil {
		return fmt.Errorf("failover group %s: %w", t.ID, ErrNoSuch)
	}
	acts := t.acts()
	if t.From != t.To || t.Event == evWaveDone {
		r.Since, r.Redone = t.At, 0
		// In HOLD, and on the way back with nothing to do anew, the acts it fell over are still what counts.
		if t.To != RunHold && (t.From != RunHold || len(acts) > 0) {
			r.Acts = nil
		}
	}
	if d.Again {
		r.Acts = nil
		r.Redone++
	}
	r.State = t.To
	r.Acts = append(r.Acts, acts...)
	r.begin(t, d)
	r.keep(t, d)
	r.move(t, d)
	return nil
}

// acts lists the keys of the effects whose outcome matters.
func (t Transition) acts() []string {
	var keys []string
	for i, e := range t.Effects {
		if !e.Repeatable() {
			keys = append(keys, effectKey(t.Machine, t.ID, t.N, i))
		}
	}
	return keys
}

// begin forgets the last run when a new one sets off.
func (r *Run) begin(t Transition, d runDetail) {
	started := t.From == RunArmed && (t.To == RunSuspect || t.To == RunConfirmed || t.To == RunPrecheck)
	if !started {
		return
	}
	*r = Run{Group: r.Group, State: r.State, Since: r.Since, Source: r.Source, Target: r.Target, Epoch: r.Epoch, Expired: r.Expired, Auto: r.Auto,
		Trigger: d.Trigger, By: t.By, Triggered: t.At, Carried: d.Carried}
	if d.Deadline != nil {
		r.Deadline = *d.Deadline
	}
}

// keep takes up what the entry carries.
func (r *Run) keep(t Transition, d runDetail) {
	if d.Approval != nil {
		r.Approvals = append(r.Approvals, *d.Approval)
	}
	if d.Granted != "" {
		r.Granted = d.Granted
	}
	if d.Want > 0 {
		r.Want = d.Want
	}
	if d.Fence != nil {
		r.Fence, r.Epoch = d.Fence, max(r.Epoch, d.Fence.Epoch)
	}
	if d.Data != nil {
		r.Data = d.Data
	}
	if d.Waves != nil {
		r.Waves, r.Wave = d.Waves, 0
	}
	if d.Share > 0 {
		r.Share = d.Share
	}
	if d.Override != nil && r.Hold != nil {
		if r.Overrides == nil {
			r.Overrides = map[string]Override{}
		}
		r.Overrides[r.Hold.From] = *d.Override
	}
	if d.Join != "" {
		r.Joined = append(r.Joined, d.Join)
	}
	if d.Served {
		r.Served = t.At
	}
	if d.Expired != "" {
		if r.Expired == nil {
			r.Expired = map[string]bool{}
		}
		r.Expired[d.Expired] = true
	}
	r.Asked = r.Asked || d.Asked
}

// move follows what the edge itself means.
func (r *Run) move(t Transition, d runDetail) {
	switch {
	case t.Event == evStart && r.byItself():
		r.Auto = append(r.Auto, t.At)
		if len(r.Auto) > brakeRuns {
			r.Auto = r.Auto[1:]
		}
	case t.Event == evWaveDone:
		r.Wave++
		delete(r.Overrides, RunPromoting) // it was given for one wave
	case t.Event == evConfirm:
		r.Triggered = t.At
	}
	switch {
	case t.To == RunHold && t.From != RunHold:
		auto := 0
		if r.Hold != nil {
			auto = r.Hold.Auto
		}
		r.Hold = &Hold{From: t.From, Why: t.Why, Since: t.At, Auto: auto}
	case t.From == RunHold && t.To != RunHold && r.Hold != nil && d.Auto:
		r.Hold.Auto++
	case t.To == RunShiftCanary && t.From != RunShiftCanary:
		r.Moved = true
	case t.To == RunComplete && t.From != RunComplete:
		r.Ended = t.At
	case t.From == RunComplete && t.To == RunArmed, d.Swap:
		r.Source, r.Target = r.Target, r.Source
	}
}
