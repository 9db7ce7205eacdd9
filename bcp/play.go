package bcp

import (
	"fmt"
	"sort"
	"time"
)

// StepRun is one step of a playbook under way, folded from its entries.
type StepRun struct {
	ID       string    `json:"id"`
	State    string    `json:"state"`
	Since    time.Time `json:"since,omitzero"`
	Epoch    uint64    `json:"epoch"` // of the leader that moved it last
	Attempt  int       `json:"attempt"`
	Check    string    `json:"check,omitempty"`  // key of the newest precheck
	Done     string    `json:"do,omitempty"`     // key of the newest attempt
	Verify   string    `json:"verify,omitempty"` // key of the newest look
	Probe    string    `json:"probe,omitempty"`  // key of the newest probe
	Undo     string    `json:"undo,omitempty"`
	Released string    `json:"released,omitempty"` // who let it pass its hold point
	Level    int       `json:"level"`              // how far an overdue step has been escalated
	Paged    time.Time `json:"paged,omitzero"`
	Why      string    `json:"why,omitempty"` // it waits for a person
	Evidence string    `json:"evidence,omitempty"`
	By       string    `json:"by,omitempty"`
}

// Play is one playbook under way. Its plan is the one it began with, whatever the file says later.
type Play struct {
	ID       string              `json:"id"`
	State    string              `json:"state"`
	Playbook Playbook            `json:"playbook"`
	Started  time.Time           `json:"started,omitzero"`
	By       string              `json:"by"`
	Drill    bool                `json:"drill"`
	Site     string              `json:"site,omitempty"` // it is about
	Call     int                 `json:"call,omitempty"` // of the committee it belongs to
	Steps    map[string]*StepRun `json:"steps"`
}

type playDetail struct {
	Playbook *Playbook `json:"playbook,omitempty"`
	Drill    bool      `json:"drill,omitempty"`
	Site     string    `json:"site,omitempty"`
	Call     int       `json:"call,omitempty"`
}

type stepDetail struct {
	Attempt  int    `json:"attempt,omitempty"`
	Key      string `json:"key,omitempty"` // of the attempt: run, step and number
	Released bool   `json:"released,omitempty"`
	Level    int    `json:"level,omitempty"`
	Evidence string `json:"evidence,omitempty"`
}

// Plays holds every playbook under way and decides what its steps do next.
type Plays struct {
	ledger *Ledger
	all    map[string]*Play
}

// NewPlays keeps its machines in the ledger.
func NewPlays(l *Ledger) *Plays {
	x := &Plays{ledger: l, all: map[string]*Play{}}
	l.folds[MachinePlay] = x.fold
	l.folds[MachineStep] = x.foldStep
	return x
}

// Get finds a playbook under way; nil when there is none. The caller must not change it.
func (x *Plays) Get(id string) *Play { return x.all[id] }

// All lists every playbook that was started, oldest first. The caller must not change them.
func (x *Plays) All() []*Play {
	all := make([]*Play, 0, len(x.all))
	for _, p := range x.all {
		all = append(all, p)
	}
	sort.Slice(all, func(a, b int) bool {
		if !all[a].Started.Equal(all[b].Started) {
			return all[a].Started.Before(all[b].Started)
		}
		return all[a].ID < all[b].ID
	})
	return all
}

func (x *Plays) fold(t Transition) error {
	d, err := detail[playDetail](t)
	if err != nil {
		return err
	}
	p := x.all[t.ID]
	if t.Event == evCreate && d.Playbook != nil {
		p = &Play{ID: t.ID, Playbook: *d.Playbook, Started: t.At, By: t.By, Drill: d.Drill, Site: d.Site, Call: d.Call, Steps: map[string]*StepRun{}}
		x.all[t.ID] = p
	}
	if p == nil {
		return fmt.Errorf("play %s: %w", t.ID, ErrNoSuch)
	}
	p.State = t.To
	return nil
}

// stepID is a step's machine: play and step.
func stepID(play, step string) string { return play + "/" + step }

func (x *Plays) foldStep(t Transition) error {
	d, err := detail[stepDetail](t)
	if err != nil {
		return err
	}
	play, id, ok := cutLast(t.ID)
	p := x.all[play]
	if !ok || p == nil || p.Playbook.step(id) == nil {
		return fmt.Errorf("step %s: %w", t.ID, ErrNoSuch)
	}
	s := p.Steps[id]
	if s == nil {
		s = &StepRun{ID: id}
		p.Steps[id] = s
	}
	if t.From != t.To {
		s.Since, s.Level = t.At, 0
	}
	s.State, s.Epoch = t.To, t.Epoch
	if d.Attempt > 0 {
		s.Attempt = d.Attempt
	}
	if d.Released {
		s.Released = t.By
	}
	if d.Level > 0 {
		s.Level = d.Level
	}
	if d.Evidence != "" {
		s.Evidence, s.By = d.Evidence, t.By
	}
	if t.To == StepWaitHuman && t.From != t.To {
		s.Why = t.Why
	}
	s.keys(t)
	return nil
}

// keys remembers which acts the step waits for.
func (s *StepRun) keys(t Transition) {
	switch {
	case t.To == StepReady && t.From != t.To:
		s.Check = ""
	case t.To == StepIntent:
		s.Done, s.Verify, s.Probe = "", "", ""
	case t.To == StepCompensating && t.From != t.To:
		s.Undo, s.Probe = "", ""
	}
	for i, e := range t.Effects {
		key := effectKey(t.Machine, t.ID, t.N, i)
		switch e.Kind {
		case EffectCheck:
			s.Check = key
		case EffectDo:
			s.Done = key
		case EffectVerify:
			s.Verify = key
		case EffectProbe:
			s.Probe = key
		case EffectUndo:
			s.Undo = key
		case EffectPage:
			s.Paged = t.At
		}
	}
}

func cutLast(id string) (before, after string, ok bool) {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i] == '/' {
			return id[:i], id[i+1:], true
		}
	}
	return "", "", false
}
