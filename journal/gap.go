package journal

import (
	"fmt"
	"time"
)

// gap is the current stretch of acts whose entries are not proven on disk.
type gap struct {
	since   time.Time
	first   string // name of the first entry of it
	waiting int    // late entries still in memory
	late    int    // all late entries of this gap
	lost    int    // entries the queue could not hold
	cause   string
}

func (g *gap) isOpen() bool { return g.late > 0 || g.lost > 0 }

// open adds items whose callers have been told. The caller holds the log's mu.
func (g *gap) open(items []*pending) {
	for _, p := range items {
		if p.late {
			continue
		}
		g.begin(p.entry.Time, p)
		p.late = true
		g.waiting++
		g.late++
	}
}

func (g *gap) lose(items []*pending, now time.Time) {
	g.begin(now, items[0])
	g.lost += len(items)
}

func (g *gap) begin(at time.Time, p *pending) {
	if !g.isOpen() {
		g.since, g.first = at, p.name()
	}
}

// gapNote is the data of an entry of KindGap: these entries were written late or not at all.
type gapNote struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Late  int       `json:"late"`
	Lost  int       `json:"lost"`
	Cause string    `json:"cause"`
}

// Gap tells in words which acts are not proven written at the moment; false when there are none.
func (l *Log) Gap() (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := &l.gap
	if !g.isOpen() {
		return "", false
	}
	text := fmt.Sprintf("%d entries since %s are not proven written, the first is %s: %v",
		g.waiting, g.since.UTC().Format("15:04:05.000Z"), g.first, l.cause())
	if g.lost > 0 {
		text += fmt.Sprintf("; %d entries were lost", g.lost)
	}
	return text, true
}

// Healthy says whether entries reach the disk: it runs, no gap is open, the last disk operation
// succeeded and none has been under way for a second.
func (l *Log) Healthy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	stuck := !l.busy.IsZero() && time.Since(l.busy) > time.Second
	return l.running && !l.closed && l.sick == nil && !l.gap.isOpen() && !stuck
}

// healed counts written items off the gap and queues its note when it is closed. The caller holds mu.
func (l *Log) healed(batch []*pending) {
	g := &l.gap
	if !g.isOpen() {
		return
	}
	for _, p := range batch {
		if p.late {
			g.waiting--
		}
	}
	if g.waiting > 0 {
		return
	}
	note := gapNote{From: g.since.UTC(), To: time.Now().UTC().Truncate(time.Millisecond), Late: g.late, Lost: g.lost, Cause: g.cause}
	l.gap = gap{}
	l.log.Warn("journal gap is closed", "since", note.From, "late", note.Late, "lost", note.Lost, "cause", note.Cause)
	items, err := prepare([]Draft{{Kind: KindGap, Actor: "journal", Subject: "gap", Data: note}}, true)
	if err != nil {
		l.log.Error("journal gap cannot be noted", "err", err)
		return
	}
	l.enqueue(items)
}
