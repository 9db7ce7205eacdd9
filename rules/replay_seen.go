package rules

import (
	"encoding/json"
	"iter"
	"slices"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// pastInput is what a person or a device did in the past, from the journal.
type pastInput struct {
	at     time.Time
	act    *facility.Act
	answer *answerNote
}

// bySeen takes a recording without turns: a batch is judged when its newest sample was seen, timers fire when they
// are due, and what people and devices did comes when the journal says.
func (p *Replay) bySeen() error {
	inputs, stop := iter.Pull(p.inputs)
	defer stop()
	pending, more := inputs()
	past, err := p.Recording.Samples(func(b journal.Batch) error {
		now := newestSeen(b.Samples)
		if now.Before(p.report.To) {
			now = p.report.To // the clock of the decisions never goes back
		}
		if !p.To.IsZero() && now.After(p.To) {
			return errEnough
		}
		if p.report.Lives == 0 {
			if err := p.seenLife(now); err != nil {
				return err
			}
		}
		for ; more && !pending.at.After(now); pending, more = inputs() {
			if !pending.at.Before(p.report.From) {
				p.input(pending)
			}
		}
		p.report.Turns++
		p.report.Samples += len(b.Samples)
		p.report.To = now
		for _, s := range p.sides {
			s.quiet(now)
			var ev event
			if own := s.ours(pointList{rev: b.Rev, ids: b.Points}, b.Samples); len(own) > 0 {
				ev.batches = [][]facility.Sample{own}
			}
			s.turn(now, ev)
		}
		return nil
	})
	p.tell("samples", past)
	return err
}

func newestSeen(samples []facility.Sample) time.Time {
	var t time.Time
	for i := range samples {
		if samples[i].Seen.After(t) {
			t = samples[i].Seen
		}
	}
	return t
}

// seenLife begins the one process of such a replay, with what the journal said until then.
func (p *Replay) seenLife(now time.Time) error {
	life := lifeNote{Began: now, Restored: now, Revision: p.Sites[0].Revision, Node: "replay"}
	if p.Recording.Journal != nil {
		life.Seq = p.check.before(now)
	}
	return p.live(life, true)
}

// input does what a person did, or hands in what a device answered.
func (p *Replay) input(in pastInput) {
	for _, s := range p.sides {
		s.quiet(in.at)
		ev := event{}
		if in.act != nil {
			ev = actEvent(*in.act)
		}
		if in.answer != nil {
			ev.answer = s.answerFor(*in.answer)
		}
		s.turn(in.at, ev)
	}
}

// inputs reads acts and answers off the journal.
func (p *Replay) inputs(yield func(pastInput) bool) {
	if p.Recording.Journal == nil {
		return
	}
	_ = p.Recording.Journal(func(e journal.Entry) error { // what cannot be read is told by the comparison
		in := pastInput{at: e.Time}
		switch e.Kind {
		case KindAct:
			in.act = &facility.Act{}
			if json.Unmarshal(e.Data, in.act) != nil {
				return nil
			}
		case KindCommand:
			var r facility.CommandRecord
			answers := []facility.CommandState{facility.CommandSent, facility.CommandAccepted}
			if json.Unmarshal(e.Data, &r) != nil || r.Sent == nil || !slices.Contains(answers, r.State) {
				return nil
			}
			in.answer = &answerNote{Record: r.ID, Name: r.Name, Command: r.Command, Sent: r.Sent.UnixNano(), Detail: r.Detail, Error: r.Error}
			if r.Accepted != nil {
				in.answer.Accepted = r.Accepted.UnixNano()
			}
		default:
			return nil
		}
		if !yield(in) {
			return errEnough
		}
		return nil
	})
}
