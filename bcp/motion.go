package bcp

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"time"
)

// What a vote may be refused for.
var (
	ErrNotMember = errors.New("has no seat and sits for nobody")
	ErrClosed    = errors.New("the motion is closed")
	ErrCodeUsed  = errors.New("the code was used before")
	ErrBadChoice = errors.New("neither yes, no nor abstain")
)

// The kinds of motions.
const (
	MotionDeclare   = "declare"    // a disaster
	MotionCancel    = "cancel"     // the declaration, nothing irreversible done
	MotionStandDown = "stand-down" // formally end
	MotionRatify    = "ratify"     // a broken glass
)

// The ways a vote may come.
const (
	ByConsole   = "console"
	ByAuxiliary = "auxiliary" // the channel outside the messenger
	ByCode      = "code"      // a code issued on paper
)

// MotionTimes are the deadlines of a motion.
type MotionTimes struct {
	Open   time.Duration `yaml:"open"`   // from opening to the deadline
	Ratify time.Duration `yaml:"ratify"` // the same for a broken glass
}

// DefaultMotionTimes are the agreed deadlines.
func DefaultMotionTimes() MotionTimes {
	return MotionTimes{Open: 10 * time.Minute, Ratify: time.Hour}
}

// Vote is one vote as it came, with the count it made.
type Vote struct {
	Ballot
	Channel string    `json:"channel"`
	At      time.Time `json:"at,omitzero"`
	Tally   Tally     `json:"tally"`
}

// Motion is one question to the committee. Its text and its seats never change.
type Motion struct {
	ID       string    `json:"id"`
	State    string    `json:"state"`
	Kind     string    `json:"kind"`
	Text     string    `json:"text"`
	Site     string    `json:"site,omitempty"`
	Proposer string    `json:"proposer"`
	Acting   int       `json:"acting"` // who presides, as a place in the chair line
	Seats    []Seat    `json:"seats"`
	Drafted  time.Time `json:"drafted,omitzero"`
	Opened   time.Time `json:"opened,omitzero"`
	Deadline time.Time `json:"deadline,omitzero"`
	Closed   time.Time `json:"closed,omitzero"`
	Extended bool      `json:"extended,omitempty"`
	Ballots  []Ballot  `json:"ballots"` // the newest of each person, roll call included
	Votes    []Vote    `json:"votes"`   // every one that came, in order
	Final    Tally     `json:"final"`
}

// Tally counts what has come so far.
func (m *Motion) Tally() Tally { return Count(m.Seats, m.Ballots, m.Acting) }

// Over says whether the question is answered or has lapsed.
func (m *Motion) Over() bool { return m.State != MotionDraft && m.State != MotionOpen }

type motionDetail struct {
	Kind     string     `json:"kind,omitempty"`
	Text     string     `json:"text,omitempty"`
	Site     string     `json:"site,omitempty"`
	Acting   int        `json:"acting,omitempty"`
	Seats    []Seat     `json:"seats,omitempty"`
	Deadline *time.Time `json:"deadline,omitempty"`
	Vote     *Vote      `json:"vote,omitempty"`
	Present  []Ballot   `json:"present,omitempty"`
	Code     string     `json:"code,omitempty"` // hash of an offline code that is used up now
	Tally    *Tally     `json:"tally,omitempty"`
}

// Motions holds every question put to the committee.
type Motions struct {
	ledger *Ledger
	times  MotionTimes
	all    map[string]*Motion
	codes  map[string]bool
}

// NewMotions keeps its motions in the ledger.
func NewMotions(l *Ledger, times MotionTimes) *Motions {
	x := &Motions{ledger: l, times: times, all: map[string]*Motion{}, codes: map[string]bool{}}
	l.folds[MachineMotion] = x.fold
	return x
}

// Get finds a motion; nil when there is none. The caller must not change it.
func (x *Motions) Get(id string) *Motion { return x.all[id] }

// All lists every motion in the order they were drafted. The caller must not change them.
func (x *Motions) All() []*Motion {
	all := make([]*Motion, 0, len(x.all))
	for _, m := range x.all {
		all = append(all, m)
	}
	sort.Slice(all, func(a, b int) bool {
		if !all[a].Drafted.Equal(all[b].Drafted) {
			return all[a].Drafted.Before(all[b].Drafted)
		}
		return all[a].ID < all[b].ID
	})
	return all
}

func (x *Motions) fold(t Transition) error {
	d, err := detail[motionDetail](t)
	if err != nil {
		return err
	}
	m := x.all[t.ID]
	if t.Event == evCreate {
		m = &Motion{ID: t.ID, Kind: d.Kind, Text: d.Text, Site: d.Site, Proposer: t.By, Acting: d.Acting, Seats: d.Seats, Drafted: t.At}
		x.all[t.ID] = m
	}
	if m == nil {
		return fmt.Errorf("motion %s: %w", t.ID, ErrNoSuch)
	}
	m.State = t.To
	for _, b := range d.Present {
		if !slices.ContainsFunc(m.Ballots, func(o Ballot) bool { return o.Person == b.Person }) {
			m.Ballots = append(m.Ballots, b)
		}
	}
	if d.Vote != nil && t.Event == evVote {
		m.Ballots = slices.DeleteFunc(m.Ballots, func(o Ballot) bool { return o.Person == d.Vote.Person })
		m.Ballots = append(m.Ballots, d.Vote.Ballot)
		m.Votes = append(m.Votes, *d.Vote)
	}
	if d.Code != "" {
		x.codes[d.Code] = true
	}
	if d.Deadline != nil {
		m.Deadline = *d.Deadline
	}
	switch t.Event {
	case evOpen:
		m.Opened = t.At
	case evExtend:
		m.Extended = true
	}
	if m.Over() && t.From != t.To {
		m.Closed, m.Final = t.At, m.Tally()
	}
	return nil
}

// draft puts a question; the seats are those of now and stay so.
func (x *Motions) draft(now time.Time, f Facts, d Decision, q motionDetail) Decision {
	d.Machine, d.ID, d.Event = MachineMotion, "m"+strconv.Itoa(len(x.all)+1), evCreate
	q.Seats, q.Acting = f.roster().Seats(), max(q.Acting, 1)
	d.Detail = q
	return d.at(now, f)
}

// Propose puts a question to the committee on behalf of one of its members.
func (x *Motions) Propose(now time.Time, f Facts, who Who, kind, text, site string) (Decision, error) {
	d := Decision{By: who.Person}
	if !x.seated(f.roster().Seats(), f, now, who.Person) {
		return d, fmt.Errorf("propose: %q: %w", who.Person, ErrNotMember)
	}
	if text == "" {
		return d, fmt.Errorf("propose: %w: the text of the motion", ErrIncomplete)
	}
	switch kind {
	case MotionDeclare, MotionCancel, MotionStandDown, MotionRatify:
	default:
		return d, fmt.Errorf("propose: motion of kind %q: %w", kind, ErrNoSuch)
	}
	return x.draft(now, f, d, motionDetail{Kind: kind, Text: text, Site: site}), nil
}

func (x *Motions) seated(seats []Seat, f Facts, now time.Time, person string) bool {
	sits := append(f.roster().DelegatesTo(person, now), person)
	return slices.ContainsFunc(seats, func(s Seat) bool { return slices.Contains(sits, s.Person) })
}

// Decide opens drafts, calls the roll, and closes what is settled or late.
func (x *Motions) Decide(now time.Time, f Facts) []Decision {
	var out []Decision
	for _, m := range x.All() {
		if d, ok := x.step(now, m, f); ok {
			out = append(out, d.at(now, f))
		}
	}
	return out
}

func (x *Motions) step(now time.Time, m *Motion, f Facts) (Decision, bool) {
	d := Decision{Machine: MachineMotion, ID: m.ID}
	switch m.State {
	case MotionDraft:
		end := now.Add(x.times.Open)
		if m.Kind == MotionRatify {
			end = now.Add(x.times.Ratify)
		}
		d.Event, d.Detail = evOpen, motionDetail{Deadline: &end}
		for _, s := range m.Seats {
			d.Effects = append(d.Effects, Effect{Kind: EffectPage, To: s.Person, Args: map[string]string{"motion": m.ID}})
		}
		return d, true
	case MotionOpen:
	default:
		return d, false
	}
	if present := x.roll(now, m, f); len(present) > 0 {
		d.Event, d.Detail = evNote, motionDetail{Present: present}
		return d, true
	}
	t := m.Tally()
	late := !now.Before(m.Deadline)
	d.Detail = motionDetail{Tally: &t}
	switch {
	case (t.Settled || late) && t.Result == VoteYes:
		d.Event = evThresholdYes
	case (t.Settled || late) && t.Result == VoteNo:
		d.Event = evThresholdNo
	case late:
		d.Event, d.Why = evDeadline, "no decision within the time"
	default:
		return d, false
	}
	return d, true
}

// roll lists who has joined since and has a seat or sits for somebody.
func (x *Motions) roll(now time.Time, m *Motion, f Facts) []Ballot {
	var present []Ballot
	for person, here := range f.Present {
		known := slices.ContainsFunc(m.Ballots, func(b Ballot) bool { return b.Person == person })
		if here && !known && x.seated(m.Seats, f, now, person) {
			present = append(present, Ballot{Person: person, For: f.roster().DelegatesTo(person, now)})
		}
	}
	sort.Slice(present, func(a, b int) bool { return present[a].Person < present[b].Person })
	return present
}

// Cast is a person's vote; a later one replaces it until the motion closes.
func (x *Motions) Cast(now time.Time, f Facts, id string, who Who, choice, channel string) (Decision, error) {
	m := x.all[id]
	d := Decision{Machine: MachineMotion, ID: id, Event: evVote, By: who.Person}.at(now, f)
	switch {
	case m == nil:
		return d, fmt.Errorf("vote on motion %s: %w", id, ErrNoSuch)
	case choice != VoteYes && choice != VoteNo && choice != VoteAbstain:
		return d, fmt.Errorf("vote on motion %s: %q: %w", id, choice, ErrBadChoice)
	case !x.seated(m.Seats, f, now, who.Person):
		return d, fmt.Errorf("vote on motion %s: %q: %w", id, who.Person, ErrNotMember)
	case m.State != MotionOpen || !now.Before(m.Deadline):
		return d, fmt.Errorf("vote on motion %s: %w", id, ErrClosed)
	}
	b := Ballot{Person: who.Person, For: f.roster().DelegatesTo(who.Person, now), Choice: choice}
	ballots := append(slices.DeleteFunc(slices.Clone(m.Ballots), func(o Ballot) bool { return o.Person == b.Person }), b)
	vote := Vote{Ballot: b, Channel: channel, At: now.UTC(), Tally: Count(m.Seats, ballots, m.Acting)}
	d.Detail = motionDetail{Vote: &vote}
	return d, nil
}

// CastCode is a vote by a code that was issued on paper, named by its hash; each counts once.
func (x *Motions) CastCode(now time.Time, f Facts, id, hash, choice string) (Decision, error) {
	person, ok := f.roster().CodeOwner(hash)
	if !ok {
		return Decision{}, fmt.Errorf("vote on motion %s: the code was issued to nobody: %w", id, ErrNotMember)
	}
	if x.codes[hash] {
		return Decision{}, fmt.Errorf("vote on motion %s: %w", id, ErrCodeUsed)
	}
	d, err := x.Cast(now, f, id, Who{Person: person}, choice, ByCode)
	if err != nil {
		return d, err
	}
	q := d.Detail.(motionDetail)
	q.Code = hash
	d.Detail = q
	return d, nil
}

// Extend gives a motion its time once more; only the chair line may, and only once.
func (x *Motions) Extend(now time.Time, f Facts, id string, who Who) (Decision, error) {
	m := x.all[id]
	d := Decision{Machine: MachineMotion, ID: id, Event: evExtend, By: who.Person}.at(now, f)
	switch {
	case m == nil:
		return d, fmt.Errorf("extend motion %s: %w", id, ErrNoSuch)
	case m.State != MotionOpen || m.Extended || !now.Before(m.Deadline):
		return d, fmt.Errorf("extend motion %s: %w", id, ErrClosed)
	case !slices.Contains(f.roster().Chair, who.Person):
		return d, fmt.Errorf("extend motion %s: %q is not in the chair line: %w", id, who.Person, ErrNotMember)
	}
	end := m.Deadline.Add(x.times.Open)
	d.Detail = motionDetail{Deadline: &end}
	return d, nil
}

// Withdraw takes a question back; only its proposer may.
func (x *Motions) Withdraw(now time.Time, f Facts, id string, who Who) (Decision, error) {
	m := x.all[id]
	d := Decision{Machine: MachineMotion, ID: id, Event: evWithdraw, By: who.Person}.at(now, f)
	switch {
	case m == nil:
		return d, fmt.Errorf("withdraw motion %s: %w", id, ErrNoSuch)
	case m.Over():
		return d, fmt.Errorf("withdraw motion %s: %w", id, ErrClosed)
	case m.Proposer != who.Person:
		return d, fmt.Errorf("withdraw motion %s: only %s may: %w", id, m.Proposer, ErrNotMember)
	}
	return d, nil
}
