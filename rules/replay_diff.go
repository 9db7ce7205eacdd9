package rules

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"bongsu/facility"
	"bongsu/rules/fire"
)

// Happening is one thing people would notice in a run: an alarm's occurrence, a stage reached, a command given.
type Happening struct {
	Kind     string    `json:"kind"` // "alarm", "stage" or "command"
	Name     string    `json:"name"` // the alarm's id, the rack or room, the command
	To       string    `json:"to,omitempty"`
	At       time.Time `json:"at"`
	Priority int       `json:"priority,omitempty"`
	Up       bool      `json:"up,omitempty"` // of a stage: it climbs
	Text     facility.Text
}

// mostHappenings bounds what a comparison of two runs holds.
const mostHappenings = 500_000

// Happenings gathers what happened in one run from its decisions.
type Happenings struct {
	List       []Happening
	Priorities map[int]int // alarms raised, by priority
	Overflow   int         // happenings beyond the bound
	seen       map[string]uint64
}

// NewHappenings gathers nothing yet.
func NewHappenings() *Happenings {
	return &Happenings{Priorities: map[int]int{}, seen: map[string]uint64{}}
}

// Take takes a decision in.
func (h *Happenings) Take(d Decision) {
	switch d.Kind {
	case KindAlarm:
		var a facility.Alarm
		if json.Unmarshal(d.Data, &a) != nil || a.Raised == nil || a.Occurrence <= h.seen[a.ID] {
			return
		}
		h.seen[a.ID] = a.Occurrence
		h.Priorities[a.Priority]++
		h.add(Happening{Kind: "alarm", Name: a.ID, At: *a.Raised, Priority: a.Priority, Text: a.Text})
	case KindStage:
		var s facility.StageChange
		if json.Unmarshal(d.Data, &s) != nil {
			return
		}
		h.add(Happening{Kind: "stage", Name: cmp.Or(s.Rack, s.Room), To: s.To, At: d.At, Up: climbs(s)})
	case KindCommand:
		var r facility.CommandRecord
		if json.Unmarshal(d.Data, &r) != nil || h.seen["command "+r.ID] > 0 {
			return
		}
		h.seen["command "+r.ID] = 1
		h.add(Happening{Kind: "command", Name: r.Name, At: r.Requested})
	}
}

func (h *Happenings) add(x Happening) {
	if len(h.List) >= mostHappenings {
		h.Overflow++
		return
	}
	h.List = append(h.List, x)
}

// climbs compares stages by the ladder's order.
func climbs(s facility.StageChange) bool {
	rung := func(name string) int {
		for i := fire.S0; i <= fire.S6; i++ {
			if i.String() == name {
				return int(i)
			}
		}
		return 0
	}
	return rung(s.To) > rung(s.From)
}

// Change is one difference between two runs. A nil side does not have it; By is how much later the second run has
// it, below zero for earlier.
type Change struct {
	Kind     string        `json:"kind"`
	Name     string        `json:"name"`
	To       string        `json:"to,omitempty"`
	Was      *time.Time    `json:"was"`
	Is       *time.Time    `json:"is"`
	By       time.Duration `json:"by_ns,omitempty"`
	Priority int           `json:"priority,omitempty"`
	Text     facility.Text `json:"text"`
}

// RunsDifference says what differs between two runs, in order of time.
type RunsDifference struct {
	Changes   []Change    `json:"changes"`
	Same      int         `json:"same"`       // happenings at the same moment in both
	WasShares map[int]int `json:"was_alarms"` // by priority
	IsShares  map[int]int `json:"is_alarms"`
	Overflow  int         `json:"not_compared,omitempty"`
}

// Compare sets what happened in two runs side by side: the n-th occurrence of each thing against the n-th.
func Compare(was, is *Happenings) RunsDifference {
	d := RunsDifference{Changes: []Change{}, WasShares: was.Priorities, IsShares: is.Priorities, Overflow: was.Overflow + is.Overflow}
	type key struct{ kind, name, to string }
	left := map[key][]Happening{}
	for _, x := range is.List {
		k := key{x.Kind, x.Name, x.To}
		left[k] = append(left[k], x)
	}
	for _, x := range was.List {
		k := key{x.Kind, x.Name, x.To}
		at := x.At
		c := Change{Kind: x.Kind, Name: x.Name, To: x.To, Was: &at, Priority: x.Priority, Text: x.Text}
		if others := left[k]; len(others) > 0 {
			left[k] = others[1:]
			if others[0].At.Equal(at) {
				d.Same++
				continue
			}
			c.Is, c.By = &others[0].At, others[0].At.Sub(at)
		}
		d.Changes = append(d.Changes, c)
	}
	for _, x := range is.List {
		k := key{x.Kind, x.Name, x.To}
		if rest := left[k]; len(rest) > 0 && rest[0] == x {
			left[k] = rest[1:]
			at := x.At
			d.Changes = append(d.Changes, Change{Kind: x.Kind, Name: x.Name, To: x.To, Is: &at, Priority: x.Priority, Text: x.Text})
		}
	}
	slices.SortStableFunc(d.Changes, func(a, b Change) int {
		return cmp.Or(a.when().Compare(b.when()), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return d
}

// when is the earlier of a change's two moments.
func (c Change) when() time.Time {
	switch {
	case c.Was == nil:
		return *c.Is
	case c.Is == nil || c.Was.Before(*c.Is):
		return *c.Was
	}
	return *c.Is
}
