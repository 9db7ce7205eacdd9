package shared

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Check is what a node says of itself: which entry it has under a number, and what all entries up to one added
// up to.
type Check struct {
	Seq      uint64    `json:"seq"`
	Hash     string    `json:"hash"`
	StateSeq uint64    `json:"state_seq,omitempty"` // 0 while no state was told
	State    string    `json:"state,omitempty"`     // hash of the state after that entry
	At       time.Time `json:"at"`                  // by the node's clock
}

// Peer is a node of the site as it was last compared.
type Peer struct {
	Node   string `json:"node"`
	Held   uint64 `json:"held"` // up to here its archive is whole
	Check  Check  `json:"check"`
	Agrees bool   `json:"agrees"` // its checkpoint is this node's history too
	Upto   uint64 `json:"upto"`   // newest entry at which both agreed
	State  string `json:"state"`  // same, other, or unknown while both have not stood at one entry
	Why    string `json:"why,omitempty"`
}

// What a comparison of states has given.
const (
	SameState    = "same"
	OtherState   = "other"
	UnknownState = "unknown"
)

const (
	// checkAfter is after how many entries a node tells its checkpoint at the latest, and checkAge after what time
	// if there are any.
	checkAfter = 256
	checkAge   = 30 * time.Second
	// keptStates is how many of its own state hashes a node remembers.
	keptStates = 128
)

// states remembers what this node has told of its own state. The zero value is ready.
type states struct {
	mu    sync.Mutex
	by    map[uint64]string // by entry number
	order []uint64          // of those, oldest first
}

func (s *states) tell(seq uint64, state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = map[uint64]string{}
	}
	if _, known := s.by[seq]; !known {
		s.order = append(s.order, seq)
	}
	s.by[seq] = state
	for len(s.order) > keptStates {
		delete(s.by, s.order[0])
		s.order = s.order[1:]
	}
}

func (s *states) at(seq uint64) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state, known := s.by[seq]
	return state, known
}

// newest is the one told last, of number 0 before the first.
func (s *states) newest() (uint64, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.order) == 0 {
		return 0, ""
	}
	seq := s.order[len(s.order)-1]
	return seq, s.by[seq]
}

// checkpoint is what this node has to tell now.
func (k *Keeper) checkpoint(now time.Time) Check {
	s := k.archive.State()
	c := Check{Seq: s.Last, Hash: s.Hash, At: now.UTC().Truncate(time.Millisecond)}
	c.StateSeq, c.State = k.log.states.newest()
	return c
}

// due says whether a checkpoint is worth telling after the one told last.
func (c Check) due(last Check) bool {
	if c.Seq == 0 || c.Seq == last.Seq && c.StateSeq == last.StateSeq && c.State == last.State {
		return false
	}
	return c.Seq >= last.Seq+checkAfter || c.At.Sub(last.At) >= checkAge || c.Seq == c.StateSeq
}

// compare tells this node's checkpoint and looks at the others'.
func (k *Keeper) compare(ctx context.Context) error {
	now := time.Now()
	k.mu.Lock()
	var last Check
	if k.status.State != nil {
		last = *k.status.State
	}
	k.mu.Unlock()
	if c := k.checkpoint(now); c.due(last) && k.archive.State().Why == "" {
		if err := k.say(ctx, k.log.keys.check(k.cfg.Node), c); err != nil {
			return err
		}
		k.mu.Lock()
		k.status.State = &c
		k.mu.Unlock()
	}
	try, cancel := context.WithTimeout(ctx, attemptMost)
	defer cancel()
	keys := k.log.keys
	r, err := k.log.client.Txn(try).Then(
		clientv3.OpGet(keys.check(""), clientv3.WithPrefix(), clientv3.WithSerializable()),
		clientv3.OpGet(keys.held(""), clientv3.WithPrefix(), clientv3.WithSerializable()),
	).Commit()
	if err != nil {
		return fmt.Errorf("read the other nodes' checkpoints: %w", err)
	}
	checks, held := map[string]Check{}, map[string]holding{}
	for _, kv := range answer(r, 0).Kvs {
		var c Check
		if err := json.Unmarshal(kv.Value, &c); err == nil {
			checks[strings.TrimPrefix(string(kv.Key), keys.check(""))] = c
		}
	}
	for _, kv := range answer(r, 1).Kvs {
		var h holding
		if err := json.Unmarshal(kv.Value, &h); err == nil {
			held[strings.TrimPrefix(string(kv.Key), keys.held(""))] = h
		}
	}
	k.judge(checks, held)
	return nil
}

// judge compares each node of the site with this one, and says what has changed.
func (k *Keeper) judge(checks map[string]Check, held map[string]holding) {
	k.mu.Lock()
	was := k.status.Peers
	k.mu.Unlock()
	var peers []Peer
	for _, n := range k.cfg.Nodes {
		p := Peer{Node: n, State: UnknownState}
		if i := slices.IndexFunc(was, func(p Peer) bool { return p.Node == n }); i >= 0 {
			p = was[i]
		}
		before := p.Why
		p.Held = held[n].Seq
		if c, told := checks[n]; told {
			k.judgeOne(&p, c)
		}
		if p.Why != before {
			k.tell(p)
		}
		peers = append(peers, p)
	}
	k.mu.Lock()
	k.status.Peers = peers
	k.mu.Unlock()
}

func (k *Keeper) judgeOne(p *Peer, c Check) {
	e, err := k.archive.entry(c.Seq)
	switch {
	case err != nil: // not here yet, or not any more
	case e.Hash != c.Hash:
		p.Agrees, p.Why = false, fmt.Sprintf("node %s has another history: it differs between entries %d and %d", p.Node, p.Upto+1, c.Seq)
	default:
		p.Agrees, p.Upto, p.Why = true, max(p.Upto, c.Seq), ""
	}
	p.Check = c
	own, known := k.log.states.at(c.StateSeq)
	if known && c.StateSeq > 0 {
		if p.State = SameState; own != c.State {
			p.State = OtherState
		}
	}
	if p.State == OtherState && p.Why == "" {
		p.Why = fmt.Sprintf("node %s makes another state of the same entries, at entry %d", p.Node, c.StateSeq)
	}
}

// tell says loudly that a node differs, and that it does no longer.
func (k *Keeper) tell(p Peer) {
	if p.Why == "" {
		k.logger.Info("shared journal: a node agrees again", "node", p.Node, "entry", p.Upto)
		return
	}
	k.logger.Error("shared journal: nodes do not agree; nothing is mended by itself: verify the archives of both and compare them with the third's", "node", p.Node, "cause", p.Why)
}
