package shared

import (
	"encoding/json"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// pulse is a leader's sign of life. Others judge by it and not by the lease at the members alone: when the
// members change their own leader, the next one begins every lease anew, and a leader that was lost with
// etcd's would be waited for twice as long.
type pulse struct {
	Epoch uint64 `json:"epoch"`
	TTL   int64  `json:"ttl_ms"` // how long the leader holds itself valid after it was sent, and more
	Sent  int64  `json:"sent"`   // by the leader's clock, Unix milliseconds; only to make pulses differ
}

func (l *Lease) pulse(now time.Time) string {
	b, _ := json.Marshal(pulse{Epoch: l.epoch, TTL: l.ttl.Milliseconds(), Sent: now.UnixMilli()}) // numbers only: never fails
	return string(b)
}

// sighting is the newest pulse a candidate knows and when it first knew it, by its own clock. A leader was
// heard by a majority at most when the answer came, so its own clock gives the lease up before a candidate's
// says that it is silent.
type sighting struct {
	rev   int64
	epoch uint64
	ttl   time.Duration
	at    time.Time
}

// see takes what was read up to now and says whether it is a pulse not known before.
func (s *sighting) see(now time.Time, rev int64, p pulse) (fresh bool) {
	if rev == s.rev {
		return false
	}
	*s = sighting{rev: rev, epoch: p.Epoch, ttl: time.Duration(p.TTL) * time.Millisecond, at: now}
	return true
}

// silent says how long the leader of an epoch may yet be silent; nothing left means that it is over. A leader
// without pulses is judged by its lease at the members alone (false).
func (s *sighting) silent(now time.Time, epoch uint64) (left time.Duration, known bool) {
	if s.rev == 0 || s.epoch != epoch || s.ttl <= 0 {
		return 0, false
	}
	return s.at.Add(s.ttl).Sub(now), true
}

// heir is what a transaction compares to follow a silent leader: neither it nor anybody else has moved since.
func (s standing) heir(keys space) []clientv3.Cmp {
	return []clientv3.Cmp{
		clientv3.Compare(clientv3.ModRevision(keys.leader()), "=", s.leaderRev),
		clientv3.Compare(clientv3.ModRevision(keys.pulse()), "=", s.pulseRev),
		clientv3.Compare(clientv3.ModRevision(keys.epoch()), "=", s.epochRev),
	}
}
