package bcp

import (
	"fmt"
	"slices"
	"sort"
	"time"
)

// SummonTimes are the deadlines of a summons.
type SummonTimes struct {
	Ack  time.Duration `yaml:"ack"`  // until the next channel is tried
	Join time.Duration `yaml:"join"` // after the acknowledgement
}

// DefaultSummonTimes are the agreed deadlines.
func DefaultSummonTimes() SummonTimes { return SummonTimes{Ack: time.Minute, Join: 5 * time.Minute} }

// Summon is one person called to one place, folded from its entries. Sent is not delivered, and
// acknowledged is not joined.
type Summon struct {
	ID     string    `json:"id"`
	Call   string    `json:"call"`
	Person string    `json:"person"`
	For    string    `json:"for,omitempty"` // whom a deputy stands in for
	State  string    `json:"state"`
	Asked  time.Time `json:"asked,omitzero"`
	Since  time.Time `json:"since,omitzero"`
	Sent   time.Time `json:"sent,omitzero"`   // the newest message
	Last   string    `json:"last,omitempty"`  // channel of it
	Key    string    `json:"key,omitempty"`   // act of it
	Tried  []string  `json:"tried,omitempty"` // channels of this round
	Joined time.Time `json:"joined,omitzero"`
	Alone  bool      `json:"alone,omitempty"` // nobody is left to stand in
}

type summonDetail struct {
	Call    string `json:"call,omitempty"`
	Person  string `json:"person,omitempty"`
	For     string `json:"for,omitempty"`
	Channel string `json:"channel,omitempty"`
	Domain  string `json:"domain,omitempty"`
	Anew    bool   `json:"anew,omitempty"` // the round of channels begins again
	Alone   bool   `json:"alone,omitempty"`
}

// Summons calls people together, each through one channel after the other.
type Summons struct {
	ledger *Ledger
	times  SummonTimes
	lane   Lane
	all    map[string]*Summon
	calls  []string // the newest, oldest first
	recent []Attempt
}

// keptCalls is how many callings together are remembered; a whole company may be in each.
const keptCalls = 3

// NewSummons keeps its machines in the ledger.
func NewSummons(l *Ledger, times SummonTimes, lane Lane) *Summons {
	x := &Summons{ledger: l, times: times, lane: lane, all: map[string]*Summon{}}
	l.folds[MachineSummon] = x.fold
	return x
}

// Get finds the summons of a person to a call; nil when there is none. The caller must not change it.
func (x *Summons) Get(call, person string) *Summon { return x.all[call+"/"+person] }

// All lists every summons, oldest first, then by name. The caller must not change them.
func (x *Summons) All() []*Summon {
	all := make([]*Summon, 0, len(x.all))
	for _, s := range x.all {
		all = append(all, s)
	}
	sort.Slice(all, func(a, b int) bool {
		if !all[a].Asked.Equal(all[b].Asked) {
			return all[a].Asked.Before(all[b].Asked)
		}
		return all[a].ID < all[b].ID
	})
	return all
}

func (x *Summons) fold(t Transition) error {
	d, err := detail[summonDetail](t)
	if err != nil {
		return err
	}
	s := x.all[t.ID]
	if t.Event == evCreate {
		s = &Summon{ID: t.ID, Call: d.Call, Person: d.Person, For: d.For, Asked: t.At}
		x.all[t.ID] = s
		x.called(d.Call)
	}
	if s == nil {
		return fmt.Errorf("summons %s: %w", t.ID, ErrNoSuch)
	}
	if t.From != t.To {
		s.Since = t.At
	}
	s.State, s.Alone = t.To, s.Alone || d.Alone
	if d.Anew {
		s.Tried = nil
	}
	if d.Channel != "" {
		s.Sent, s.Last, s.Tried = t.At, d.Channel, append(s.Tried, d.Channel)
		s.Key = effectKey(t.Machine, t.ID, t.N, 0)
		x.recent = append(x.recent, Attempt{At: t.At, Domain: d.Domain})
		// Attempts older than a second no longer matter to the lane.
		for len(x.recent) > 0 && t.At.Sub(x.recent[0].At) >= time.Second {
			x.recent = x.recent[1:]
		}
	}
	if t.To == SummonJoined && t.From != t.To {
		s.Joined = t.At
	}
	return nil
}

// called forgets the oldest calling when a new one begins.
func (x *Summons) called(call string) {
	if slices.Contains(x.calls, call) {
		return
	}
	x.calls = append(x.calls, call)
	if len(x.calls) <= keptCalls {
		return
	}
	old := x.calls[0]
	x.calls = x.calls[1:]
	for id, s := range x.all {
		if s.Call == old {
			delete(x.all, id)
			x.ledger.drop(MachineSummon, id)
		}
	}
}

// call creates the summons of whoever was not called yet.
func (x *Summons) call(now time.Time, f Facts, call string, people []string) []Decision {
	var out []Decision
	for _, p := range people {
		if x.Get(call, p) == nil {
			out = append(out, x.create(call, p, "").at(now, f))
		}
	}
	return out
}

func (x *Summons) create(call, person, standsFor string) Decision {
	return Decision{Machine: MachineSummon, ID: call + "/" + person, Event: evCreate, Detail: summonDetail{Call: call, Person: person, For: standsFor}}
}

// Decide moves every summons that time or an answer of a channel moves, as fast as the lane allows. Who
// was called first is tried first.
func (x *Summons) Decide(now time.Time, f Facts) []Decision {
	budget := x.lane.Room(now, x.recent)
	made := map[string]bool{}
	var out []Decision
	for _, s := range x.All() {
		d, ok := x.step(now, f, s, budget)
		if !ok || made[d.ID] {
			continue
		}
		made[d.ID] = true
		out = append(out, d.at(now, f))
	}
	return out
}

func (x *Summons) step(now time.Time, f Facts, s *Summon, budget *Budget) (Decision, bool) {
	switch s.State {
	case SummonPending:
		return x.send(f, s, evSend, budget, false)
	case SummonSent:
		a, _ := x.ledger.Act(s.Key)
		switch {
		case f.Receipts[s.Key] == Yes:
			return x.move(s, evDelivered, ""), true
		case a.State == ActNotDone:
			return x.send(f, s, evChanFailed, budget, false)
		case !now.Before(s.Sent.Add(x.times.Ack)):
			return x.send(f, s, evChanFailed, budget, false)
		}
	case SummonDelivered:
		if !now.Before(s.Sent.Add(x.times.Ack)) {
			return x.send(f, s, evNoAck, budget, false)
		}
	case SummonAcked:
		if !now.Before(s.Since.Add(x.times.Join)) {
			return x.send(f, s, evJoinTimeout, budget, true)
		}
	case SummonUnreachable, SummonDeclined:
		return x.deputy(f, s)
	}
	return Decision{}, false
}

func (x *Summons) move(s *Summon, event, why string) Decision {
	return Decision{Machine: MachineSummon, ID: s.ID, Event: event, Why: why}
}

// send tries the next channel, or gives up when there is none. Where the lane is full it waits.
func (x *Summons) send(f Facts, s *Summon, event string, budget *Budget, anew bool) (Decision, bool) {
	tried := s.Tried
	if anew {
		tried = nil
	}
	var channels []Channel
	if p := f.roster().Person(s.Person); p != nil {
		channels = p.Channels
	}
	c, left := nextChannel(channels, tried, s.Last, budget)
	switch {
	case left && c.ID == "":
		return Decision{}, false // a channel is left, the lane is full
	case left:
	case s.State == SummonPending:
		// The table has no way from here but to send; that nothing can be sent is a fault to be shown.
		d := x.move(s, event, "no channel")
		d.Effects = []Effect{{Kind: EffectAlarm, To: s.Person, Args: map[string]string{"text": "no working channel on the roster"}}}
		return d, true
	case s.State == SummonAcked:
		return Decision{}, false
	default:
		return x.move(s, evExhausted, "every channel was tried"), true
	}
	budget.Take(c.Domain)
	d := x.move(s, event, "")
	d.Detail = summonDetail{Channel: c.ID, Domain: c.Domain, Anew: anew}
	place := f.roster().Place
	d.Effects = []Effect{{Kind: EffectSend, To: s.Person, Args: map[string]string{
		"channel": c.ID, "kind": c.Kind, "address": c.Address, "call": s.Call, "for": s.For,
		"bridge": place.Bridge, "room": place.Room, "alternate": place.Alternate, "remote": place.Remote,
	}}}
	return d, true
}

// nextChannel is the first untried channel in another failure domain than the last; where none is left,
// one in the same domain, but never the protected messenger twice in a row. Left says that a channel is
// left even when the lane has no room for it now.
func nextChannel(channels []Channel, tried []string, last string, budget *Budget) (next Channel, left bool) {
	var before Channel
	if i := slices.IndexFunc(channels, func(c Channel) bool { return c.ID == last }); i >= 0 {
		before = channels[i]
	}
	for _, sameDomain := range []bool{false, true} {
		for _, c := range channels {
			if slices.Contains(tried, c.ID) || c.Protected && before.Protected || (c.Domain == before.Domain) != sameDomain {
				continue
			}
			left = true
			if budget.Free(c.Domain) {
				return c, true
			}
		}
		if left {
			return Channel{}, true
		}
	}
	return Channel{}, false
}

// deputy calls the deputies of somebody who does not come, one after the other.
func (x *Summons) deputy(f Facts, s *Summon) (Decision, bool) {
	p := f.roster().Person(s.Person)
	if p == nil || s.For != "" {
		// A deputy who does not come is passed over by the one he stands in for.
		return Decision{}, false
	}
	for _, id := range p.Deputies {
		d := x.Get(s.Call, id)
		switch {
		case d == nil:
			return x.create(s.Call, id, s.Person), true
		case d.State == SummonJoined:
			return x.move(s, evDeputyJoined, id), true
		case d.State != SummonUnreachable && d.State != SummonDeclined:
			return Decision{}, false
		}
	}
	if s.Alone {
		return Decision{}, false
	}
	d := x.move(s, evNote, "nobody is left to stand in")
	d.Detail = summonDetail{Alone: true}
	d.Effects = []Effect{{Kind: EffectAlarm, To: s.Person, Args: map[string]string{"text": "neither the person nor a deputy can be reached"}}}
	return d, true
}

// Ack says that a person has read the summons.
func (x *Summons) Ack(now time.Time, f Facts, call string, who Who) (Decision, error) {
	event := evAck
	if s := x.Get(call, who.Person); s != nil && s.State == SummonUnreachable {
		event = evLateAck
	}
	return x.answer(now, f, call, who, event)
}

// Join says that an acknowledged person is in the room.
func (x *Summons) Join(now time.Time, f Facts, call string, who Who) (Decision, error) {
	return x.answer(now, f, call, who, evJoin)
}

// Decline says that an acknowledged person cannot come; the deputy is called.
func (x *Summons) Decline(now time.Time, f Facts, call string, who Who) (Decision, error) {
	return x.answer(now, f, call, who, evDecline)
}

func (x *Summons) answer(now time.Time, f Facts, call string, who Who, event string) (Decision, error) {
	s := x.Get(call, who.Person)
	if s == nil {
		return Decision{}, fmt.Errorf("summons of %q to %s: %w", who.Person, call, ErrNoSuch)
	}
	d := x.move(s, event, "")
	d.By = who.Person
	if _, ok := tables[MachineSummon].To(s.State, event); !ok {
		return d, fmt.Errorf("summons of %s: %s from %s: %w", who.Person, event, s.State, ErrNotAllowed)
	}
	return d.at(now, f), nil
}

// status gives who is in the room and who cannot be reached, by the newest call.
func (x *Summons) status(call string) (joined, unreachable []string) {
	for _, s := range x.all {
		if s.Call != call {
			continue
		}
		switch s.State {
		case SummonJoined:
			joined = append(joined, s.Person)
		case SummonUnreachable:
			unreachable = append(unreachable, s.Person)
		}
	}
	return joined, unreachable
}

// CheckChannels lists who has no channel that worked in the nightly test, by person/channel. A channel
// nobody has tested is not taken for a working one.
func CheckChannels(r *Roster, tested map[string]Tri) []string {
	var out []string
	for _, p := range r.People {
		if !slices.ContainsFunc(p.Channels, func(c Channel) bool { return !c.Protected && tested[p.ID+"/"+c.ID] == Yes }) {
			out = append(out, p.ID)
		}
	}
	return out
}
