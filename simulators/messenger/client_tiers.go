package messenger

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// TierCounts is what the users saw of one tier of data: 1 the messages, 2 profiles and lists, 3 analytics.
type TierCounts struct {
	Tier       int     `json:"tier"`
	Sent       int     `json:"sent"`
	Acked      int     `json:"acked"`
	Lost       int     `json:"lost"`
	Duplicated int     `json:"duplicated"`
	Reordered  int     `json:"reordered"`
	Late       int     `json:"late"`       // acknowledged later than the stated time
	Unverified int     `json:"unverified"` // acknowledged over a second ago and not yet read back from the site that serves now
	RPOS       float64 `json:"rpo_s"`      // how far what is lost reaches back from the newest of it
	LagS       float64 `json:"lag_s"`      // that the copies keep behind by the site file; 0 for tier 1
}

const tierLedgerSize = 20_000

// tierLedger counts what users saw of one lower tier. What counts as lost is as with messages: acknowledged, and
// not there for five seconds under one epoch.
type tierLedger struct {
	tier     int
	late     time.Duration
	patience time.Duration

	mu      sync.Mutex
	entries map[string]*entry
	order   []*entry
	counts  TierCounts
	newest  map[string]int64 // by user: where the last change was stored
	epoch   uint64
}

func newTierLedger(tier int, late, lag time.Duration) *tierLedger {
	return &tierLedger{tier: tier, late: late, patience: lostAfter, entries: map[string]*entry{}, newest: map[string]int64{}, counts: TierCounts{Tier: tier, LagS: lag.Seconds()}}
}

func (l *tierLedger) sending(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &entry{id: id, sent: time.Now()}
	l.entries[id] = e
	l.order = append(l.order, e)
	l.counts.Sent++
	if len(l.order) > tierLedgerSize {
		delete(l.entries, l.order[0].id)
		l.order = slices.Delete(l.order, 0, 1)
	}
}

// acknowledged takes the place where a change was stored. A later change stored before an earlier one is out
// of order, and one stored at two places is there twice.
func (l *tierLedger) acknowledged(id, user string, seq int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[id]
	switch {
	case e == nil:
		return
	case !e.acked.IsZero():
		if e.seq != seq {
			l.counts.Duplicated++
		}
		return
	}
	e.acked, e.seq = time.Now(), seq
	l.counts.Acked++
	if e.acked.Sub(e.sent) > l.late {
		l.counts.Late++
	}
	if seq < l.newest[user] {
		l.counts.Reordered++
	}
	l.newest[user] = seq
}

func (l *tierLedger) due(now time.Time, epoch uint64) (ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return dueOf(l.order, now, epoch)
}

func (l *tierLedger) judge(now time.Time, ids []string, a checkAnswer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	anew := a.Epoch != l.epoch
	if anew {
		l.epoch = a.Epoch
		clear(l.newest) // another site writes: its places begin where its copy ended
	}
	judgeEntries(l.entries, l.order, ids, a, judging{now, anew, l.patience})
}

// asked tells whether the epoch is known here.
func (l *tierLedger) asked(epoch uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epoch == epoch
}

func (l *tierLedger) state(now time.Time) TierCounts {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.counts
	out.Lost, out.RPOS = lostOf(l.order)
	for _, e := range l.order {
		if !e.acked.IsZero() && e.verified != l.epoch && now.Sub(e.acked) > settleTime {
			out.Unverified++
		}
	}
	return out
}

// tier is the ledger of a lower tier.
func (l *ledger) tier(n int) *tierLedger { return l.tiers[n] }

// kept takes the answer to background work: where it was stored, if it was to be.
func (l *ledger) kept(f frame, user string) {
	if tier, ok := tierOfWork[f.To]; ok {
		l.tiers[tier].acknowledged(f.ID, user, f.Seq)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.Background++
}

// tierOfWork is where background work is stored.
var tierOfWork = map[string]int{"profile": tierTwo, "event": tierThree}

// tierPathOf is where a tier is read back.
func tierPathOf(tier int) string {
	return strings.Join([]string{"/v1/data", fmt.Sprint(tier), "check"}, "/")
}
