package messenger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// The tiers of data beside the messages: what people set up, and what can be made anew.
const (
	tierTwo   = 2
	tierThree = 3
)

var tierOrder = []int{tierTwo, tierThree}

const (
	tierFeedEvery   = 200 * time.Millisecond
	quarantineLimit = 20_000
)

// tierLog is the data of one tier at one site. The site that leads messaging writes alone, answers at once and
// copies later: what it has not copied when it is lost is lost with it. It knows no clock, socket or lock.
type tierLog struct {
	*groupLog
	lag time.Duration // that the copies keep behind

	// quarantined is what this site held and the one that took over did not. It is kept apart for people to
	// compare, and is never served.
	quarantined []record
}

func newTierLog(self string, lag time.Duration) *tierLog {
	return &tierLog{groupLog: newGroupLog(self, ""), lag: lag}
}

// put writes at an epoch; the same id again is the same record.
func (l *tierLog) put(epoch uint64, id, user, body string, now time.Time) int64 {
	if seq, ok := l.index[id]; ok {
		return seq
	}
	r := record{Seq: l.last().Seq + 1, Epoch: epoch, ID: id, From: user, Body: body, At: now.UnixMilli()}
	l.push(r)
	l.committed = r.Seq
	l.trim(r.Seq)
	return r.Seq
}

// due lists what may be copied now: records older than the lag, behind a place.
func (l *tierLog) due(after int64, now time.Time, lag time.Duration) []record {
	out := l.after(max(after, l.base.Seq), pulledAtOnce)
	old := now.Add(-lag).UnixMilli()
	n := 0
	for n < len(out) && out[n].At <= old {
		n++
	}
	return out[:n]
}

// take puts a writer's records in place. What stands against them was never copied: it goes into quarantine.
func (l *tierLog) take(prev position, records []record, reset bool) error {
	shared, ok := l.at(prev.Seq)
	for _, r := range records {
		if !ok || shared != prev {
			break // a gap: nothing is cut yet
		}
		if have, ok := l.at(r.Seq); ok && have.Epoch != r.Epoch && r.Seq > l.base.Seq {
			l.quarantine(l.records[r.Seq-l.base.Seq-1:])
			break
		}
	}
	l.committed = 0 // nothing here is proven before it is copied: extend may cut it
	err := l.extend(prev, records, reset)
	l.committed = l.last().Seq
	l.trim(l.committed)
	return err
}

func (l *tierLog) quarantine(tail []record) {
	l.quarantined = append(l.quarantined, slices.Clone(tail)...)
	if n := len(l.quarantined) - quarantineLimit; n > 0 {
		l.quarantined = slices.Delete(l.quarantined, 0, n)
	}
}

// common is the last place up to which this log may be like another one that has a given position.
func (l *tierLog) common(p position) int64 {
	seq := min(p.Seq, l.last().Seq)
	for seq > l.base.Seq {
		if at, ok := l.at(seq); ok && at.Epoch <= p.Epoch {
			break
		}
		seq--
	}
	return max(seq, l.base.Seq)
}

// back is where to copy from after a gap, for a log that ends at one position and has another, if any, where the
// records should have gone on. It lies before that place, so that trying again comes to an end.
func (l *tierLog) back(last, here position) int64 {
	next := l.common(last)
	if here.Seq > 0 {
		next = min(next, l.common(position{here.Epoch, here.Seq - 1}))
	}
	return next
}

// tierCall copies records of one tier; tierAnswer is what the copy then holds.
type tierCall struct {
	Tier    int      `json:"tier"`
	From    string   `json:"from"`
	Epoch   uint64   `json:"epoch"` // of messaging: an older writer is refused
	Prev    position `json:"prev"`
	Records []record `json:"records,omitempty"`
	Reset   bool     `json:"reset,omitempty"`
}

type tierAnswer struct {
	Code string   `json:"code,omitempty"`
	Last position `json:"last"`
	Here position `json:"here"` // what stands at Prev, for a gap
}

// feedTiers copies what is due to a peer until ctx ends.
func (s *site) feedTiers(ctx context.Context, p *site) {
	clock := time.NewTicker(tierFeedEvery)
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
		for _, tier := range tierOrder {
			for s.copyTier(ctx, p, tier) {
			}
		}
	}
}

// copyTier makes one call if there is something to copy, and tells whether another one is due at once.
func (s *site) copyTier(ctx context.Context, p *site, tier int) bool {
	lag := s.net.tierLag(p.id, tier)
	s.mu.Lock()
	l, m := s.tiers[tier], s.groups[groupMessaging]
	lag = max(lag, l.lag)
	from := min(s.copied[p.id][tier], l.last().Seq)
	call := tierCall{Tier: tier, From: s.id, Epoch: m.promised}
	if from < l.base.Seq {
		from, call.Reset = l.base.Seq, true
	}
	call.Prev, _ = l.at(from)
	call.Records = l.due(from, time.Now(), lag)
	mine := s.on && m.role == rolePrimary
	s.mu.Unlock()
	if !mine || len(call.Records) == 0 {
		return false
	}
	var a tierAnswer
	if err := postJSON(ctx, s.client, "POST", "http://"+p.address+"/replica/v1/tier", call, &a, s.peerHeader()); err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch a.Code {
	case "":
		s.copied[p.id][tier] = call.Prev.Seq + int64(len(call.Records))
		return true
	case errGap.Error():
		next := l.back(a.Last, a.Here)
		again := next < s.copied[p.id][tier]
		s.copied[p.id][tier] = next
		return again
	}
	return false
}

// takeTier is the copy's side.
func (s *site) takeTier(d *json.Decoder) (any, error) {
	var c tierCall
	if err := d.Decode(&c); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadRequest, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.tiers[c.Tier]
	if l == nil || !s.on {
		return nil, fmt.Errorf("tier %d: %w", c.Tier, errUnknownGroup)
	}
	m := s.groups[groupMessaging]
	if c.Epoch < m.promised || c.Epoch == m.promised && m.promisedTo != "" && m.promisedTo != c.From {
		return tierAnswer{Code: errStaleEpoch.Error(), Last: l.last()}, nil
	}
	err := l.take(c.Prev, c.Records, c.Reset)
	out := tierAnswer{Code: codeOf(err), Last: l.last()}
	if errors.Is(err, errGap) {
		out.Here, _ = l.at(c.Prev.Seq)
	}
	return out, nil
}

// keep stores data of a lower tier. It is acknowledged at once: its copies come later.
func (s *site) keep(tier int, user, id, body string) (int64, error) {
	if id == "" || len(id) > 200 || len(body) > 16<<10 {
		return 0, fmt.Errorf("%w: data needs an id and at most 16 KiB", errBadRequest)
	}
	c := classTier2
	background := (*bucket)(nil)
	if tier == tierThree {
		c, background = classTier3, &s.receipts
	}
	if err := s.admit(c, background); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.groups[groupMessaging]; !s.on || m.role != rolePrimary {
		return 0, fmt.Errorf("%w: tier %d at epoch %d", errNotPrimary, tier, m.promised)
	}
	return s.tiers[tier].put(s.groups[groupMessaging].promised, id, user, body, time.Now()), nil
}

// tierState is what an operator sees of one tier at one site.
type tierState struct {
	Last        int64              `json:"last"`
	LagS        float64            `json:"lag_s"`              // that the copies keep behind by their settings
	Behind      map[string]float64 `json:"behind_s,omitempty"` // by peer, while this site writes: age of the oldest record not copied
	Missing     map[string]int64   `json:"missing,omitempty"`  // by peer: how many are not copied
	Quarantined int                `json:"quarantined"`
}

// tierStates describes all tiers; the lock is held.
func (s *site) tierStates(now time.Time) map[string]tierState {
	out := map[string]tierState{}
	for _, tier := range tierOrder {
		l := s.tiers[tier]
		st := tierState{Last: l.last().Seq, LagS: l.lag.Seconds(), Quarantined: len(l.quarantined)}
		if s.on && s.groups[groupMessaging].role == rolePrimary {
			st.Behind, st.Missing = map[string]float64{}, map[string]int64{}
			for _, p := range s.peers {
				at := s.copied[p.id][tier]
				st.Missing[p.id] = max(0, l.last().Seq-at)
				if rest := l.after(max(at, l.base.Seq), 1); len(rest) > 0 {
					st.Behind[p.id] = max(0, now.Sub(time.UnixMilli(rest[0].At)).Seconds())
				}
			}
		}
		out[fmt.Sprint(tier)] = st
	}
	return out
}

// postTierCheck reads back by id: POST /v1/data/{tier}/check.
func (s *site) postTierCheck(r *http.Request) (any, error) {
	if _, err := s.userOf(r); err != nil {
		return nil, err
	}
	var c checkCall
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadRequest, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.tiers[tierOf(r)]
	if l == nil {
		return nil, fmt.Errorf("tier %q: %w", r.PathValue("tier"), errNotFound)
	}
	m := s.groups[groupMessaging]
	out := checkAnswer{Site: s.id, Role: m.role, Epoch: m.promised, Missing: []string{}}
	for _, id := range c.IDs {
		if _, ok := l.index[id]; !ok {
			out.Missing = append(out.Missing, id)
		}
	}
	return out, nil
}

// postData stores data of a tier for an outside caller: POST /v1/data/{tier}.
func (s *site) postData(r *http.Request) (any, error) {
	user, err := s.userOf(r)
	if err != nil {
		return nil, err
	}
	tier := tierOf(r)
	if !slices.Contains(tierOrder, tier) {
		return nil, fmt.Errorf("tier %q: %w", r.PathValue("tier"), errNotFound)
	}
	var m talkMessage
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadRequest, err)
	}
	if m.Seq, err = s.keep(tier, user, m.ID, m.Body); err != nil {
		return nil, err
	}
	m.From, m.Site = user, s.id
	return m, nil
}

func tierOf(r *http.Request) int {
	for _, t := range tierOrder {
		if r.PathValue("tier") == fmt.Sprint(t) {
			return t
		}
	}
	return 0
}
