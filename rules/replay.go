package rules

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// Decision is one thing the rules decided: an alarm's transition, a stage, a command's step, or the fire engine's
// note of its own state. At is when it was decided.
type Decision struct {
	At      time.Time       `json:"at"`
	Kind    string          `json:"kind"`
	Actor   string          `json:"actor"`
	Subject string          `json:"subject"`
	Data    json.RawMessage `json:"data"`
}

// decides says whether a journal entry's kind is a decision of the rules.
func decides(kind string) bool {
	return kind == KindAlarm || kind == KindCommand || kind == KindStage || kind == KindFireState || kind == KindSetting
}

// Replayer is the production engine without its loop: it takes turns at the moments it is told, sends nothing, and
// hands out what it decides. It reads no clock.
type Replayer struct {
	site   *facility.Site
	out    func(Decision)
	engine *Engine
	live   *facility.Live
	fold   lateFold // what a next process would take up
	own    bool     // fold grows by our own decisions, not by the recorded journal
	began  bool
	at     time.Time

	names   map[string]translation // by a list of points, how it maps to the site
	Foreign int                    // samples of points the site does not have
}

// translation maps a recorded list of points to a site's; -1 for a point that the site does not have.
type translation struct {
	refs []int64
	same bool // each to itself
}

// NewReplayer prepares a replay of a site. Decisions go to out, in order.
func NewReplayer(site *facility.Site, out func(Decision)) *Replayer {
	return &Replayer{site: site, out: out, names: map[string]translation{}}
}

// AppendWithin implements Writer: what the engine decides goes out.
func (r *Replayer) AppendWithin(_ time.Duration, drafts ...journal.Draft) ([]journal.Entry, error) {
	for _, d := range drafts {
		if !decides(d.Kind) {
			continue
		}
		data, err := json.Marshal(d.Data)
		if err != nil {
			return nil, fmt.Errorf("encode %s %s: %w", d.Kind, d.Subject, err)
		}
		if r.own {
			r.fold.add(&journal.Entry{Kind: d.Kind, Subject: d.Subject, Data: data})
		}
		r.out(Decision{At: r.at, Kind: d.Kind, Actor: d.Actor, Subject: d.Subject, Data: data})
	}
	return nil, nil
}

// silentHop stands where commands would leave the house.
type silentHop struct{}

func (silentHop) send(job) bool { return true }

// begin is a process of the past that starts: a new engine takes up the state that the fold holds.
func (r *Replayer) begin(life lifeNote) error {
	r.live, r.at = facility.NewLive(r.site.Points), life.Restored
	var err error
	r.engine, err = newEngine(EngineConfig{Site: r.site, Live: r.live, Journal: r, Gap: func() bool { return false },
		Node: life.Node, Log: slog.New(slog.DiscardHandler)}, clock{base: life.Began.UTC()})
	if err != nil {
		return fmt.Errorf("replay site %s: %w", r.site.ID, err)
	}
	r.engine.hop = silentHop{}
	r.began = false
	if err := r.fold.catchUp(); err != nil {
		return fmt.Errorf("replay site %s: %w", r.site.ID, err)
	}
	if err := r.engine.restore(life.Restored, r.fold.history); err != nil {
		return fmt.Errorf("replay site %s: %w", r.site.ID, err)
	}
	return nil
}

// banded names the rules of the site that hold a value against what was learned.
func (r *Replayer) banded() map[string]bool {
	out := map[string]bool{}
	for i := range r.site.Alarms {
		if rule := &r.site.Alarms[i]; alarmKindOf(rule.Kind) == bandAlarm {
			out[rule.ID] = true
		}
	}
	return out
}

// turn lets the engine take one turn.
func (r *Replayer) turn(now time.Time, ev event) {
	r.at = now
	if !r.began {
		r.began = true
		r.engine.begin()
	}
	r.engine.turn(now, ev)
}

// quiet takes the turns that timers would have made before now.
func (r *Replayer) quiet(now time.Time) {
	for at := r.at; ; at = r.at {
		due := r.engine.due(at)
		if !due.Before(now) {
			return
		}
		if !due.After(at) {
			due = at.Add(time.Millisecond) // as the loop's own timer does
		}
		r.turn(due, event{})
	}
}

// ours translates samples to this site: the same ones where the site is what they were recorded with, which the engine
// reads and leaves as they are.
func (r *Replayer) ours(list pointList, samples []facility.Sample) []facility.Sample {
	t, ok := r.names[list.rev]
	if !ok {
		t = r.translate(list)
		r.names[list.rev] = t
	}
	if t.same {
		return samples
	}
	out := make([]facility.Sample, 0, len(samples))
	for _, s := range samples {
		if int(s.Point) >= len(t.refs) || t.refs[s.Point] < 0 {
			r.Foreign++
			continue
		}
		s.Point = facility.Ref(t.refs[s.Point])
		out = append(out, s)
	}
	return out
}

func (r *Replayer) translate(list pointList) translation {
	t := translation{refs: make([]int64, len(list.ids)), same: true}
	for i, id := range list.ids {
		t.refs[i] = -1
		if ref, has := r.site.Ref(id); has {
			t.refs[i] = int64(ref)
		}
		t.same = t.same && t.refs[i] == int64(i)
	}
	return t
}

// pointList says what the points of recorded samples are called.
type pointList struct {
	rev string
	ids []facility.PointID
}

// answerFor gives a device's recorded answer to this run's own command: another configuration gives the same
// command at another moment, and so under another number.
func (r *Replayer) answerFor(n answerNote) *answer {
	a := &answer{job: job{record: n.Record, name: n.Name, cmd: r.site.Commands[n.Command]},
		receipt: Receipt{Sent: moment(n.Sent), Accepted: moment(n.Accepted), Detail: n.Detail}}
	if n.Error != "" {
		a.err = recordedError{n.Error, n.Unknown}
	}
	if r.engine.fire != nil && n.Record != "" && r.engine.commands.records[n.Record] == nil {
		if own, ok := r.engine.fire.records[n.Name]; ok {
			a.record = own
		}
	}
	return a
}

// recordedError is an error of the past, of which the text is left and whether the outcome was unknown.
type recordedError struct {
	text    string
	unknown bool
}

func (e recordedError) Error() string        { return e.text }
func (e recordedError) Is(target error) bool { return e.unknown && target == ErrOutcomeUnknown }

func moment(nanos int64) time.Time {
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}

func actEvent(act facility.Act) event {
	return event{act: &actRequest{act: act, answer: make(chan facility.ActResult, 1)}}
}
