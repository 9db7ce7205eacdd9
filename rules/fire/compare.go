package fire

import (
	"slices"
	"strings"
	"time"
)

// Comparison follows a listed panel that drives the outputs while this engine only watches. What enters
// is what the engine ordered and which outputs the field shows done; what leaves is every difference. It
// changes no decision and reaches no output.
type Comparison struct {
	patience map[Action]time.Duration
	outputs  map[string]*outputHistory
	names    []string
	started  bool
}

// DifferenceKind says how the panel and the engine disagree.
type DifferenceKind string

// The kinds of difference.
const (
	PanelSilent DifferenceKind = "silent" // the engine asks for an output and the panel has not acted in time
	PanelAlone  DifferenceKind = "alone"  // the panel acted and the engine does not ask for it
	PanelAgrees DifferenceKind = "agrees" // the difference is over: both want it, or neither does
)

// Difference is one output on which the panel and the engine do not agree. Times are on the engine's
// monotonic scale; one that is not so is zero and its flag false.
type Difference struct {
	Command string
	Kind    DifferenceKind
	Since   time.Duration // of this difference, or of its end
	Wanted  bool
	WantAt  time.Duration
	Acted   bool
	ActAt   time.Duration
}

// The alarms of a comparison.
const (
	AlarmPanelSilent = "PANEL_SILENT"
	AlarmPanelAlone  = "PANEL_ALONE"
)

// The engine confirms over three scans; a panel that is quicker by that much does not disagree.
const panelLead = 5 * time.Second

type outputHistory struct {
	action      Action
	want, acted since
	stood       bool           // it was done before anybody looked
	agreed      bool           // both have wanted it in this incident
	said        DifferenceKind // what was last told
	saidAt      time.Duration
}

// NewComparison follows an engine of this configuration.
func NewComparison(e *Engine) *Comparison {
	c := &Comparison{patience: map[Action]time.Duration{}, outputs: map[string]*outputHistory{}, names: e.CommandNames()}
	for a := range actionCount {
		c.patience[a] = 10 * time.Second
		if s, ok := e.cfg.Limits.Supervision[a]; ok && s.Deadline > 0 {
			c.patience[a] = s.Deadline * time.Duration(s.Retries+1)
		}
	}
	e.real.each(func(k *command) { c.outputs[k.subject] = &outputHistory{action: k.action, said: PanelAgrees} })
	return c
}

// Tick takes in the engine's view after a tick and the outputs that the field shows done, and returns the
// differences that began or ended. What stands at the first tick is taken as known.
func (c *Comparison) Tick(v View, done []string) []Difference {
	commands := map[string]CommandView{}
	for _, r := range v.Racks {
		note(commands, r.Commands)
	}
	for _, m := range v.Rooms {
		note(commands, m.Commands)
	}
	note(commands, v.Site)
	var news []Difference
	for _, name := range c.names {
		h := c.outputs[name]
		if slices.Contains(done, name) {
			h.stood = h.stood || !c.started
			h.acted.begin(v.Now)
		} else {
			h.acted.on, h.stood = false, false
		}
		if k := commands[name]; k.Attempts > 0 || k.State == CommandInhibited {
			h.want.begin(v.Now)
		} else {
			h.want.on, h.agreed = false, false
		}
		h.agreed = h.agreed || (h.want.on && h.acted.on)
		if kind := c.judge(h, v.Now); kind != h.said {
			h.said, h.saidAt = kind, v.Now
			news = append(news, h.difference(name))
		}
	}
	c.started = true
	return news
}

func note(to map[string]CommandView, list []CommandView) {
	for _, k := range list {
		to[k.Name] = k
	}
}

// judge compares one output. An idle exhaust is closed by itself, and a one-shot's switch may fall back
// after it was seen: neither is a difference.
func (c *Comparison) judge(h *outputHistory, now time.Duration) DifferenceKind {
	switch {
	case h.want.on && !h.acted.on && !(h.agreed && !h.action.level()) && h.want.lasted(now, c.patience[h.action]):
		return PanelSilent
	case !h.want.on && h.acted.on && !h.stood && h.action != ExhaustOff && h.acted.lasted(now, panelLead):
		return PanelAlone
	}
	return PanelAgrees
}

func (h *outputHistory) difference(name string) Difference {
	return Difference{Command: name, Kind: h.said, Since: h.saidAt, Wanted: h.want.on, WantAt: h.want.at, Acted: h.acted.on, ActAt: h.acted.at}
}

// Open lists the differences that stand, in the order of the outputs.
func (c *Comparison) Open() []Difference {
	var list []Difference
	for _, name := range c.names {
		if h := c.outputs[name]; h.said != PanelAgrees {
			list = append(list, h.difference(name))
		}
	}
	return list
}

// Alarms turns news into alarm events: a panel that is silent, a panel that acts alone.
func (d Difference) Alarms() []AlarmEvent {
	return []AlarmEvent{
		{Name: AlarmPanelSilent, Subject: d.Command, Raised: d.Kind == PanelSilent},
		{Name: AlarmPanelAlone, Subject: d.Command, Raised: d.Kind == PanelAlone},
	}
}

// Room is the rack, room or SITE that the output belongs to.
func (d Difference) Room() string {
	return d.Command[:strings.LastIndexByte(d.Command, '.')]
}
