package fire

import (
	"fmt"
	"slices"
	"time"
)

// Observation is one tick as an onlooker sees it: what went in, what was decided, how the engine
// stands afterwards. It is only looked at during the call that is given it.
type Observation struct {
	Now       time.Duration
	Inputs    Inputs
	Decisions Decisions
	View      View // after the tick
}

// Breach is one invariant seen broken.
type Breach struct {
	Invariant string // "I1" to "I12"
	At        time.Duration
	Text      string
}

// String is the breach in one line.
func (b Breach) String() string { return fmt.Sprintf("%s at %v: %s", b.Invariant, b.At, b.Text) }

// maxBreaches bounds what a watch keeps: the first ones say what is wrong.
const maxBreaches = 100

// Watch judges a run of an engine from outside by the twelve invariants. It remembers only what an
// onlooker could, and keeps two engines of its own beside the watched one: one that is never drilled
// and has no wall clock, one on which nobody ever bypasses or inhibits anything. It is not safe for
// concurrent use.
type Watch struct {
	cfg         Config
	supervision map[Action]Supervision
	breaches    []Breach

	known    bool // a state was seen before the one that comes
	before   View
	after    View
	o        *Observation
	gap      time.Duration // as far as the countdown may count it
	owed     time.Duration // countdown time that the first tick after a restart adds
	rooms    map[string]*roomWatch
	lent     map[string]bool          // banks drawn on and not refilled
	sentAt   map[string]time.Duration // newest send of each command
	forgiven map[string][Channels]bool
	place    map[string]int // a command's name to its place in index

	index      []commandPlace
	undrilled  *Engine // I8 and I10
	untouched  *Engine // I11
	maintained map[string]bool
	wanted     Decisions // of undrilled
}

// roomWatch is what a room's countdown must add up to.
type roomWatch struct {
	unheld, sinceHold time.Duration
	wasHeld           bool
}

// commandPlace finds a command's view again without a search.
type commandPlace struct{ group, owner, at int }

// NewWatch returns a watch for an engine of this configuration, from its first tick on; its error is
// that of New.
func NewWatch(cfg Config) (*Watch, error) {
	w := bareWatch(cfg)
	var err error
	if w.undrilled, err = New(cfg); err != nil {
		return nil, err
	}
	w.undrilled.drill = nil
	if w.untouched, err = New(cfg); err != nil {
		return nil, err
	}
	w.untouched.drill = nil
	w.see(w.undrilled.View())
	if cfg.Drill {
		w.before.Drill = &DrillView{}
	}
	return w, nil
}

// Watch returns a watch for this very engine. It is asked for after New, or after Restore and before the
// next tick.
func (e *Engine) Watch() (*Watch, error) {
	w, err := NewWatch(e.cfg)
	if err != nil || !e.restarted {
		return w, err
	}
	w.known = false
	w.Restarted(e.Snapshot(), 0, e.real.now, e.View())
	w.owed = e.real.now - e.real.prev
	w.undrilled.real.prev, w.untouched.real.prev = e.real.prev, e.real.prev
	return w, nil
}

// bareWatch has no engines of its own: I8, I10 and I11 are not judged.
func bareWatch(cfg Config) *Watch {
	return &Watch{
		cfg: cfg, supervision: cfg.Limits.Supervision, rooms: map[string]*roomWatch{}, lent: map[string]bool{},
		sentAt: map[string]time.Duration{}, forgiven: map[string][Channels]bool{}, maintained: map[string]bool{},
	}
}

func (w *Watch) see(v View) {
	w.known, w.before = true, v
	if w.place == nil {
		w.place = map[string]int{}
		w.locate(v)
	}
}

func (w *Watch) locate(v View) {
	note := func(group, owner int, list []CommandView) {
		for i, k := range list {
			w.place[k.Name] = len(w.index)
			w.index = append(w.index, commandPlace{group, owner, i})
		}
	}
	for i, r := range v.Racks {
		note(0, i, r.Commands)
	}
	for i, m := range v.Rooms {
		note(1, i, m.Commands)
	}
	note(2, 0, v.Site)
}

// command finds a command in a view; false for one that does not exist.
func (w *Watch) command(v *View, name string) (CommandView, bool) {
	n, ok := w.place[name]
	if !ok {
		return CommandView{}, false
	}
	p := w.index[n]
	switch p.group {
	case 0:
		return v.Racks[p.owner].Commands[p.at], true
	case 1:
		return v.Rooms[p.owner].Commands[p.at], true
	}
	return v.Site[p.at], true
}

// every visits each command as it stood before and as it stands now.
func (w *Watch) every(visit func(was, is CommandView)) {
	for i := range w.after.Racks {
		for k, is := range w.after.Racks[i].Commands {
			visit(w.before.Racks[i].Commands[k], is)
		}
	}
	for i := range w.after.Rooms {
		for k, is := range w.after.Rooms[i].Commands {
			visit(w.before.Rooms[i].Commands[k], is)
		}
	}
	for k, is := range w.after.Site {
		visit(w.before.Site[k], is)
	}
}

// Tick judges one tick and returns what it broke. The first tick of a watch that has seen neither a
// start nor a restart only tells it where the engine stands.
func (w *Watch) Tick(o Observation) []Breach {
	if !w.known {
		w.see(o.View)
		return nil
	}
	first := len(w.breaches)
	w.o, w.after = &o, o.View
	w.gap = min(o.Now-w.before.Now+w.owed, 2*w.cfg.Limits.Scan)
	w.remember()
	w.tickTwins(&o)
	for i := range invariants {
		if check := invariants[i].check; check != nil {
			check(w)
		}
	}
	w.before, w.owed, w.o = o.View, 0, nil
	return w.breaches[first:]
}

// Restarted tells the watch that the engine was restored from s after an outage; v is its view right
// after Restore, before the next tick at now. It returns what the restart broke.
func (w *Watch) Restarted(s Snapshot, down, now time.Duration, v View) []Breach {
	first := len(w.breaches)
	w.after = v
	if w.known {
		w.sameAfterRestart()
		shift := now - down - w.before.Now
		for name := range w.sentAt {
			w.sentAt[name] += shift
		}
	}
	w.restoreTwins(s, down, now)
	w.see(v)
	w.owed = min(down, w.cfg.Limits.Scan)
	return w.breaches[first:]
}

// Breaches is what was seen broken so far, the first hundred.
func (w *Watch) Breaches() []Breach { return slices.Clone(w.breaches) }

func (w *Watch) broken(invariant, format string, args ...any) {
	if len(w.breaches) < maxBreaches {
		w.breaches = append(w.breaches, Breach{Invariant: invariant, At: w.after.Now, Text: fmt.Sprintf(format, args...)})
	}
}

// remember keeps the few facts that no single view shows.
func (w *Watch) remember() {
	for _, k := range w.o.Decisions.Commands {
		w.sentAt[k.Name] = w.o.Now
	}
	for _, q := range w.o.Inputs.Requests {
		if !q.twoPersons() {
			continue
		}
		switch q.Kind {
		case RequestBankReady:
			delete(w.lent, q.Subject)
		case RequestBypass:
			w.maintained[q.Subject] = true
		case RequestInhibit:
			w.maintain(q.Subject)
		}
	}
	for i, r := range w.after.Racks {
		f := w.forgiven[r.ID]
		reset := w.raised(pulseResetDone, r.ID)
		for k, ch := range r.Channels {
			f[k] = (f[k] || reset || w.before.Racks[i].Channels[k].State == ChannelBypassed) && ch.State != ChannelGood
		}
		w.forgiven[r.ID] = f
	}
}

// maintain notes on which racks an inhibit works; one on a room's output works on all of its racks.
func (w *Watch) maintain(command string) {
	for _, r := range w.before.Racks {
		for _, k := range r.Commands {
			if k.Name == command {
				w.maintained[r.ID] = true
			}
		}
	}
	for _, m := range w.before.Rooms {
		if slices.ContainsFunc(m.Commands, func(k CommandView) bool { return k.Name == command }) {
			for _, r := range w.before.Racks {
				if r.Room == m.Name {
					w.maintained[r.ID] = true
				}
			}
		}
	}
}

func (w *Watch) raised(name, subject string) bool {
	return slices.Contains(w.o.Decisions.Alarms, AlarmEvent{Name: name, Subject: subject, Raised: true})
}

func (w *Watch) asked(kind RequestKind, subject string) bool {
	return slices.ContainsFunc(w.o.Inputs.Requests, func(q Request) bool {
		return q.Kind == kind && q.Subject == subject && q.twoPersons()
	})
}

// room is what was given to the room's inputs; rooms missing from them read as quiet.
func (w *Watch) room(i int) RoomInputs {
	if i < len(w.o.Inputs.Rooms) {
		return w.o.Inputs.Rooms[i]
	}
	return RoomInputs{}
}

// usableView channels vote.
func usableView(ch ChannelView) bool { return ch.State == ChannelGood || ch.State == ChannelHeld }
