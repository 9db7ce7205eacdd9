package rules

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules/bands"
)

// Recording is where a replay reads the past from. Each function hands out what there is, in order; Turns and
// Journal may be nil.
type Recording struct {
	Turns   func(fn func(block []byte) error) (journal.Past, error)
	Samples func(fn func(journal.Batch) error) (journal.Past, error)
	Journal func(fn func(journal.Entry) error) error
	Bands   func(name string) (*bands.Set, error) // learned bands by their name; nil: none were kept
}

// Replay runs a recording through one configuration, and through a second one beside it. Sites are those the
// recording may name by their revision; the first serves where it names another.
type Replay struct {
	Recording Recording
	Sites     []*facility.Site
	WhatIf    *facility.Site                // nil: only the first run
	To        time.Time                     // zero: to the end
	Decided   func(whatIf bool, d Decision) // may be nil

	report ReplayReport
	base   *Replayer
	sides  []*Replayer
	check  *comparison
	wait   waitingSamples
	list   pointList  // of the newest samples
	spool  *spoolFeed // nil before the first samples are wanted
	taken  []takenRun // by the turn
	own    [][]facility.Sample
}

// ReplayReport is what a replay found. Times are of the recording.
type ReplayReport struct {
	Rule      string    `json:"rule"` // "turns" or "seen"
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Turns     int       `json:"turns"`
	Samples   int       `json:"samples"`
	Missing   int       `json:"samples_missing"`     // that turns took and the spool does not have
	Untaken   int       `json:"samples_untaken"`     // that the spool has and no turn took
	Foreign   int       `json:"samples_of_no_point"` // of points that the site does not have
	Lives     int       `json:"lives"`               // processes that recorded
	Warm      bool      `json:"warm_start"`          // the beginning of the first is gone
	Dropped   int       `json:"notes_dropped"`       // blocks of turns that the recorder could not keep
	Unread    int       `json:"unreadable_places"`
	Holes     []string  `json:"holes,omitempty"`
	Steps     int       `json:"clock_steps"`               // how often the wall clock was set
	Learned   int       `json:"learned_bands"`             // how often learned bands came in force
	Unlearned int       `json:"learned_bands_missing"`     // of them, those that the recording does not have: band rules were blind
	Revisions []string  `json:"revisions"`                 // of the sites it was recorded with
	Other     []string  `json:"other_revisions,omitempty"` // of them, those no given site has
	Verdict
}

// errEnough ends a replay at its To.
var errEnough = errors.New("enough")

// Run replays. An error means that it could not be done; what the recording lacks is told in the report.
func (p *Replay) Run() (ReplayReport, error) {
	if len(p.Sites) == 0 {
		return p.report, errors.New("replay: no site is given")
	}
	p.check = newComparison(p.Recording.Journal)
	defer p.check.close()
	p.base = NewReplayer(p.Sites[0], func(d Decision) { p.decided(false, d) })
	p.sides = []*Replayer{p.base}
	if p.WhatIf != nil {
		other := NewReplayer(p.WhatIf, func(d Decision) { p.decided(true, d) })
		other.own = true
		p.sides = append(p.sides, other)
	}
	p.report.Rule = "seen"
	found, err := p.bySeen, error(nil)
	if p.Recording.Turns != nil {
		found, p.report.Rule = p.byTurns, "turns"
	}
	if err = found(); err != nil && !errors.Is(err, errEnough) {
		return p.report, err
	}
	if err == nil { // what comes after an asked-for end is not missing
		p.check.end(0, p.report.To)
	}
	p.report.Verdict = p.check.verdict(p.report.Rule)
	p.report.Foreign = p.base.Foreign
	return p.report, nil
}

func (p *Replay) decided(whatIf bool, d Decision) {
	if !whatIf {
		p.check.replayed(d)
	}
	if p.Decided != nil {
		p.Decided(whatIf, d)
	}
}

// tell takes over what reading a log found.
func (p *Replay) tell(log string, past journal.Past) {
	p.report.Unread += past.Unread
	for _, h := range past.Holes {
		p.report.Holes = append(p.report.Holes, fmt.Sprintf("%s, file %s at byte %d: %s", log, h.File, h.Offset, h.What))
	}
}

// byTurns takes the turns that were noted.
func (p *Replay) byTurns() error {
	p.wait.next = p.nextBatch
	noted, err := p.Recording.Turns(p.block)
	if err == nil {
		for b, ok := p.nextBatch(); ok; b, ok = p.nextBatch() { // only to count them
			p.report.Untaken += len(b.samples)
			b.block.release(len(b.samples))
		}
	}
	p.report.Untaken += p.wait.expired + p.wait.size
	p.tell("turns", noted)
	if p.spool == nil {
		return err
	}
	p.spool.close()
	p.tell("spool", p.spool.past)
	if unread := p.spool.err; unread != nil && !errors.Is(unread, errEnough) {
		return fmt.Errorf("read the recorded samples: %w", unread)
	}
	return err
}

// nextBatch reads the spool on. It begins with it when the first turn wants samples and not before: of a node that is
// writing, what the turns took must be in the spool by the time this looks how long it is.
func (p *Replay) nextBatch() (recordedBatch, bool) {
	if p.spool == nil {
		p.spool = newSpoolFeed(p.Recording.Samples)
	}
	return p.spool.next()
}

func (p *Replay) block(block []byte) error {
	if len(block) == 0 {
		return nil
	}
	text := block[1:]
	switch block[0] {
	case blockLife, blockMark:
		var life lifeNote
		if err := json.Unmarshal(text, &life); err != nil {
			return p.badBlock(err)
		}
		if block[0] == blockLife {
			return p.live(life, false)
		}
		if p.report.Lives == 0 {
			return p.live(life, true)
		}
	case blockLeft:
		var n retireNote
		if err := json.Unmarshal(text, &n); err != nil {
			return p.badBlock(err)
		}
		for _, s := range p.running() {
			s.at = n.At
			s.engine.retire(n.At, n.By, n.Why)
		}
	case blockGap:
		p.report.Dropped++
	case blockTurns:
		if p.report.Lives == 0 {
			return nil // what was before the first mark
		}
		err := readTurns(text, p.turn)
		if errors.Is(err, errTurns) {
			return p.badBlock(err)
		}
		return err
	}
	return nil
}

func (p *Replay) badBlock(err error) error {
	p.report.Unread++
	p.report.Holes = append(p.report.Holes, fmt.Sprintf("turns: a block cannot be read: %v", err))
	return nil
}

func (p *Replay) running() []*Replayer {
	if p.report.Lives == 0 {
		return nil
	}
	return p.sides
}

// live begins a process of the past.
func (p *Replay) live(life lifeNote, warm bool) error {
	if p.report.Lives > 0 {
		p.check.end(life.Seq, p.report.To)
	}
	p.site(life.Revision)
	p.report.Warm = p.report.Warm || warm
	if p.report.Lives++; p.report.From.IsZero() {
		p.report.From = life.Restored
	}
	if err := p.check.begin(life, warm, p.base.banded()); err != nil {
		return err
	}
	for _, s := range p.sides {
		if !s.own || s.engine == nil {
			s.fold = p.check.taken()
		}
		s.began = warm
		if err := s.begin(life); err != nil {
			return err
		}
		s.began = warm
	}
	if warm && life.Bands != "" {
		p.learn(life.Bands)
	}
	return nil
}

// site picks the given site of a revision for the run that is compared.
func (p *Replay) site(revision string) *facility.Site {
	p.report.Revisions = append(p.report.Revisions, revision)
	for _, s := range p.Sites {
		if s.Revision == revision {
			if p.base.site != s {
				p.base.site, p.base.names = s, map[string]translation{}
			}
			return s
		}
	}
	p.report.Other = append(p.report.Other, revision)
	return nil
}

func (p *Replay) turn(t *turnNote) error {
	if !p.To.IsZero() && t.now.After(p.To) {
		return errEnough
	}
	p.report.Turns++
	p.report.To = t.now
	if t.stepped {
		p.report.Steps++
	}
	if t.learned {
		p.learn(t.bands)
	}
	p.take(t.runs)
	p.wait.forget(t.now.UnixMicro())
	if t.exchange != nil {
		p.exchange(t)
	}
	for _, s := range p.sides {
		s.turn(t.now, p.event(s, t))
	}
	for _, b := range p.taken {
		b.block.release(len(b.samples))
	}
	return nil
}

// take gets a turn's samples from the spool.
func (p *Replay) take(runs []sampleRun) {
	p.taken = p.taken[:0]
	for _, run := range runs {
		b, ok := p.wait.take(run)
		if !ok {
			p.report.Missing += run.n
			continue
		}
		p.list = b.list
		p.report.Samples += run.n
		for i, seen := 0, time.UnixMicro(run.seen+run.off).UTC(); i < len(b.samples); i++ {
			if b.samples[i].Seen != seen {
				b.samples[i].Seen = seen
			}
		}
		p.taken = append(p.taken, b)
	}
}

// learn puts the bands of the past in force. Without them no band judges.
func (p *Replay) learn(name string) {
	p.report.Learned++
	var set *bands.Set
	if name != "" && p.Recording.Bands != nil {
		var err error
		if set, err = p.Recording.Bands(name); err != nil {
			p.report.Holes = append(p.report.Holes, fmt.Sprintf("learned bands %s: %v", name, err))
		}
	}
	if set == nil {
		p.report.Unlearned++
	}
	for _, s := range p.sides {
		s.engine.UseBands(set)
	}
}

// exchange puts the site in place that the past put in place, where it was given.
func (p *Replay) exchange(t *turnNote) {
	was := p.base.site
	site := p.site(t.exchange.Revision)
	if site == nil || site == was {
		return
	}
	x, err := NewExchange(site)
	if err != nil {
		return // NewEngine would have refused it too; the report names the first difference
	}
	x.By, x.Why = t.exchange.By, t.exchange.Why
	p.base.at = t.now
	p.base.engine.place(t.now, x)
}

// event is a recorded turn as one side takes it. It is valid until the next one.
func (p *Replay) event(s *Replayer, t *turnNote) event {
	p.own = p.own[:0]
	for _, b := range p.taken {
		if own := s.ours(b.list, b.samples); len(own) > 0 {
			p.own = append(p.own, own)
		}
	}
	ev := event{batches: p.own}
	if len(t.lost) > 0 {
		ev.lost = map[facility.Ref]int{}
		for _, ref := range t.lost {
			for _, own := range s.ours(p.list, []facility.Sample{{Point: ref}}) {
				ev.lost[own.Point] = 1
			}
		}
	}
	if t.act != nil {
		ev.act = actEvent(*t.act).act
	}
	if t.answer != nil {
		ev.answer = s.answerFor(*t.answer)
	}
	return ev
}
