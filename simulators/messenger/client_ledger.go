package messenger

import (
	"context"
	"sync"
	"time"

	"bongsu/facility"
)

const (
	ledgerSize  = 30_000
	auditEvery  = 400 * time.Millisecond
	auditBatch  = 2000
	readBackAge = 100 * time.Millisecond
	settleTime  = time.Second
)

// entry is the life of one message as its users saw it.
type entry struct {
	id       string
	sent     time.Time
	acked    time.Time // zero: not acknowledged
	seq      int64     // where it was delivered; 0: not yet
	verified uint64    // epoch under which it was last read back
	missing  time.Time // since when the serving site says that it is not there
	lost     bool
}

// ledger counts what the users saw. A message is lost when it was acknowledged and the site that serves
// says for five seconds, under one epoch, that it is not there; should it reappear, it is lost no more.
// It is duplicated when one id was delivered from two places of the log, and late when its delivery came
// later than the stated time after it was first sent.
type ledger struct {
	late     time.Duration
	patience time.Duration // for what the serving site says is not there

	mu        sync.Mutex
	entries   map[string]*entry
	order     []*entry
	counts    MessengerCounts
	connected int
	lastError string
	epoch     uint64 // that the auditor saw last
	served    map[string]*SiteService
	tiers     map[int]*tierLedger
}

// MessengerCounts is what the users of the messenger saw so far.
type MessengerCounts struct {
	Sent       int `json:"sent"`
	Acked      int `json:"acked"`
	Delivered  int `json:"delivered"`
	Lost       int `json:"lost"`
	Duplicated int `json:"duplicated"`
	Late       int `json:"late"`
	Unverified int `json:"unverified"` // acknowledged over a second ago and not yet read back from the site that serves now

	Reordered   int `json:"reordered"`   // delivered after one that was stored later
	Repeated    int `json:"repeated"`    // pushed again, and noticed by the program
	Undelivered int `json:"undelivered"` // acknowledged longer ago than the stated time, not lost, and not with their reader
	Reads       int `json:"reads"`       // of one's own message after its acknowledgement
	StaleReads  int `json:"stale_reads"` // that did not find it
	Background  int `json:"background"`  // presence and pictures
	Shed        int `json:"shed"`        // background work and reads that were turned away
}

// SiteService is what users got from one site, for measuring how long a move took.
type SiteService struct {
	Acked        int       `json:"acked"`
	FirstAck     time.Time `json:"first_ack"`
	LastAck      time.Time `json:"last_ack"`
	LastReadBack time.Time `json:"last_read_back"` // of a message acknowledged to a user
}

func newLedger(late time.Duration, tiers facility.MessengerTiers) *ledger {
	return &ledger{late: late, patience: lostAfter, entries: map[string]*entry{}, served: map[string]*SiteService{},
		tiers: map[int]*tierLedger{tierTwo: newTierLedger(tierTwo, late, tiers.Two), tierThree: newTierLedger(tierThree, late, tiers.Three)}}
}

func (l *ledger) site(id string) *SiteService {
	if l.served[id] == nil {
		l.served[id] = &SiteService{}
	}
	return l.served[id]
}

func (l *ledger) sending(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &entry{id: id, sent: time.Now()}
	l.entries[id] = e
	l.order = append(l.order, e)
	l.counts.Sent++
	if len(l.order) > ledgerSize {
		delete(l.entries, l.order[0].id)
		l.order[0] = nil
		l.order = l.order[1:]
	}
}

func (l *ledger) acknowledged(id, site string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	s := l.site(site)
	if s.Acked++; s.FirstAck.IsZero() {
		s.FirstAck = now
	}
	s.LastAck = now
	l.counts.Acked++
	if e := l.entries[id]; e != nil {
		e.acked = now
	}
}

// deliver counts a message that reached its reader; behind is one that was stored later.
func (l *ledger) deliver(id string, seq int64, behind bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[id]
	if e == nil {
		return // from outside the swarm, or too long ago
	}
	if e.seq != 0 {
		l.counts.Duplicated++
		return
	}
	e.seq = seq
	l.counts.Delivered++
	if behind {
		l.counts.Reordered++
	}
	if time.Since(e.sent) > l.late {
		l.counts.Late++
	}
}

func (l *ledger) connect(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.connected += n
}

func (l *ledger) repeated() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.Repeated++
}

func (l *ledger) turnedAway() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.Shed++
}

// read counts a look for one's own message.
func (l *ledger) read(found bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.Reads++
	if !found {
		l.counts.StaleReads++
	}
}

func (l *ledger) cut(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.lastError = err.Error()
	}
}

// due lists acknowledged messages that were not read back under this epoch.
func (l *ledger) due(now time.Time, epoch uint64) (ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return dueOf(l.order, now, epoch)
}

// dueOf lists what is to be read back, the newest first.
func dueOf(order []*entry, now time.Time, epoch uint64) (ids []string) {
	for i := len(order) - 1; i >= 0 && len(ids) < auditBatch; i-- {
		if e := order[i]; !e.acked.IsZero() && e.verified != epoch && now.Sub(e.acked) >= readBackAge {
			ids = append(ids, e.id)
		}
	}
	return ids
}

// judge takes the serving site's word on a batch.
func (l *ledger) judge(now time.Time, ids []string, a checkAnswer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	anew := a.Epoch != l.epoch
	l.epoch = a.Epoch
	if judgeEntries(l.entries, l.order, ids, a, judging{now, anew, l.patience}) {
		l.site(a.Site).LastReadBack = now
	}
}

// lostAfter is how long a message has to be missing.
const lostAfter = 5 * time.Second

// judging is when entries are judged, whether under another epoch than before, and how patiently.
type judging struct {
	now      time.Time
	anew     bool
	patience time.Duration
}

// judgeEntries notes what a site says about entries, and tells whether it has any of them. A new epoch is asked
// anew. What a site cannot say now is judged another time.
func judgeEntries(entries map[string]*entry, order []*entry, ids []string, a checkAnswer, j judging) (found bool) {
	said := map[string]bool{}
	for _, id := range a.Missing {
		said[id] = true
	}
	unknown := map[string]bool{}
	for _, id := range a.Unknown {
		unknown[id] = true
	}
	if j.anew {
		for _, e := range order {
			e.missing = time.Time{}
		}
	}
	for _, id := range ids {
		e := entries[id]
		switch {
		case e == nil || unknown[id]:
		case !said[id]:
			e.verified, e.missing, e.lost, found = a.Epoch, time.Time{}, false, true
		default:
			if e.missing.IsZero() {
				e.missing = j.now
			}
			e.lost = e.lost || j.now.Sub(e.missing) >= j.patience
		}
	}
	return found
}

// state is what the ledger says now.
func (l *ledger) state() (counts MessengerCounts, connected int, epoch uint64, lastError string, served map[string]SiteService) {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts = l.counts
	now := time.Now()
	for _, e := range l.order {
		if e.lost {
			counts.Lost++
		}
		if !e.acked.IsZero() && e.verified != l.epoch && now.Sub(e.acked) > settleTime {
			counts.Unverified++
		}
		if !e.acked.IsZero() && e.seq == 0 && !e.lost && now.Sub(e.acked) > l.late {
			counts.Undelivered++
		}
	}
	served = map[string]SiteService{}
	for id, s := range l.served {
		served[id] = *s
	}
	return counts, l.connected, l.epoch, l.lastError, served
}

// lostSpan is the time between the oldest and the newest acknowledgement of what is lost, in seconds.
func (l *ledger) lostSpan() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, span := lostOf(l.order)
	return span
}

// lostOf counts what is lost, and how far it reaches back from the newest of it in seconds.
func lostOf(order []*entry) (n int, span float64) {
	var first, last time.Time
	for _, e := range order {
		if !e.lost {
			continue
		}
		if n++; first.IsZero() || e.acked.Before(first) {
			first = e.acked
		}
		if e.acked.After(last) {
			last = e.acked
		}
	}
	return n, last.Sub(first).Seconds()
}

// auditor reads back what was acknowledged, from whichever site serves.
type auditor struct {
	client   talkClient
	resolver *talkResolver
	ledger   *ledger
}

func (a *auditor) run(ctx context.Context) {
	clock := time.NewTicker(auditEvery)
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
			if err := a.round(ctx); err != nil && ctx.Err() == nil {
				a.ledger.cut(err)
			}
		}
	}
}

// round asks once. The answer counts only from a primary: another site may lag.
func (a *auditor) round(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	targets, err := a.resolver.lookup(ctx)
	if err != nil {
		return err
	}
	at, err := a.client.connection(ctx, choose(targets).address)
	if err != nil {
		return err
	}
	ids := a.ledger.due(time.Now(), at.Epoch)
	var answer checkAnswer
	if err := a.client.call(ctx, "POST", at.Address, "/v1/messages/check", checkCall{ids}, &answer); err != nil {
		return err
	}
	if answer.Role == rolePrimary {
		a.ledger.judge(time.Now(), ids, answer)
	}
	return a.tiers(ctx, at)
}

// tiers reads back what was acknowledged of the lower tiers.
func (a *auditor) tiers(ctx context.Context, at connectionAnswer) error {
	for _, tier := range tierOrder {
		l := a.ledger.tier(tier)
		ids := l.due(time.Now(), at.Epoch)
		if len(ids) == 0 && l.asked(at.Epoch) {
			continue
		}
		var answer checkAnswer
		if err := a.client.call(ctx, "POST", at.Address, tierPathOf(tier), checkCall{ids}, &answer); err != nil {
			return err
		}
		if answer.Role == rolePrimary {
			l.judge(time.Now(), ids, answer)
		}
	}
	return nil
}
