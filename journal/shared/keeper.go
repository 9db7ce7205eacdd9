package shared

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bongsu/journal"
)

// DefaultKeep is how many of the newest entries stay with the members.
const DefaultKeep = 20_000

// leastKeep leaves the members what an append under way may yet have to recognise itself by.
const leastKeep = 1000

// KeeperConfig says whose archive a Keeper keeps.
type KeeperConfig struct {
	Log    *Log // with the archive
	Node   string
	Nodes  []string // all that keep an archive by the site's configuration: entries leave the members once each of them has them
	Keep   uint64   // of the newest entries stay with the members; 0 means DefaultKeep
	Logger *slog.Logger
}

// Keeper carries the shared log into this node's archive, lets old entries leave the members once every node
// has them, fetches what is missing from other nodes and lends to them, and compares histories with theirs.
type Keeper struct {
	cfg     KeeperConfig
	log     *Log
	archive *Archive
	logger  *slog.Logger

	mu     sync.Mutex
	status KeeperStatus
}

// KeeperStatus is how the archive does, for display.
type KeeperStatus struct {
	ArchiveState
	Floor uint64 `json:"floor"` // newest entry that has left the members
	Tip   uint64 `json:"tip"`   // newest entry the members had when they were last asked
	Peers []Peer `json:"peers"` // the nodes of the site, this one included
	State *Check `json:"state"` // this node's own newest checkpoint, nil before the first
	Err   string `json:"err,omitempty"`
	Lends uint64 `json:"lends"` // pages lent to others
	Took  uint64 `json:"took"`  // entries fetched from others
}

// NewKeeper prepares a keeper; Run does its work.
func NewKeeper(cfg KeeperConfig) (*Keeper, error) {
	if cfg.Log == nil || cfg.Log.opts.Archive == nil || cfg.Node == "" {
		return nil, errors.New("keep archive: a log with an archive and the node's name are needed")
	}
	if cfg.Keep == 0 {
		cfg.Keep = DefaultKeep
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Keeper{cfg: cfg, log: cfg.Log, archive: cfg.Log.opts.Archive, logger: cfg.Logger.With("part", "archive")}, nil
}

// Status is how the archive does now.
func (k *Keeper) Status() KeeperStatus {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.status
	s.ArchiveState, s.Peers = k.archive.State(), slices.Clone(s.Peers)
	return s
}

// How often a keeper turns to what nobody waits for.
const (
	tidyEvery = 2 * time.Second
	againMin  = 200 * time.Millisecond
	againMost = 10 * time.Second
)

// Run works until ctx ends. It returns nil: whatever fails is tried again and told by Status.
func (k *Keeper) Run(ctx context.Context) error {
	var parts sync.WaitGroup
	for _, part := range []struct {
		what string
		do   func(context.Context) error
	}{{"follow", k.follow}, {"tidy", k.tidy}, {"lend", k.lend}, {"fetch", k.fetch}} {
		parts.Go(func() { k.again(ctx, part.what, part.do) })
	}
	parts.Wait()
	return nil
}

// again does one part until ctx ends, with a pause after each failure.
func (k *Keeper) again(ctx context.Context, what string, do func(context.Context) error) {
	pause, told := againMin, ""
	for ctx.Err() == nil {
		began := time.Now()
		err := do(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > againMost {
			pause = againMin
		}
		if text := fmt.Sprint(err); err != nil && text != told {
			k.logger.Warn("shared journal: the archive waits", "what", what, "err", err)
			told = text
		}
		k.failed(what, err)
		if sleep(ctx, pause) != nil {
			return
		}
		pause = min(2*pause, againMost)
	}
}

func (k *Keeper) failed(what string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.status.Err = ""; err != nil {
		k.status.Err = what + ": " + err.Error()
	}
}

// follow writes what the members have behind the archive's end into it, for as long as nothing fails.
func (k *Keeper) follow(ctx context.Context) error {
	bell := newBell(k.log.client, k.log.keys.head())
	defer bell.stop()
	misses := 0
	at, err := k.begin(ctx)
	if err != nil {
		return err
	}
	for {
		page, err := k.log.follow(ctx, at, &misses, k.log.common)
		switch {
		case errors.Is(err, ErrBroken), errors.Is(err, journal.ErrAhead):
			k.archive.disown(err.Error())
			return err
		case err != nil:
			return err
		case len(page) > 0:
			if err := k.archive.put(page); err != nil {
				return err
			}
			at = behind(page)
			bell.heard()
			continue
		}
		k.failed("", nil)
		if err := bell.wait(ctx); err != nil {
			return err
		}
	}
}

// begin is the place to follow from: the archive's end, or where the members' entries begin if they begin
// behind it.
func (k *Keeper) begin(ctx context.Context) (place, error) {
	s := k.archive.State()
	if s.Why != "" {
		return place{}, errors.New("it is of another history: " + s.Why)
	}
	try, cancel := context.WithTimeout(ctx, attemptMost)
	defer cancel()
	r, err := k.log.client.Get(try, k.log.keys.floor())
	if err != nil {
		return place{}, fmt.Errorf("ask where the members' entries begin: %w", err)
	}
	f, err := decodeHead(r)
	if err != nil {
		return place{}, err
	}
	k.mu.Lock()
	k.status.Floor = f.Seq
	k.mu.Unlock()
	if f.Seq > s.Last {
		return place{f.Seq, f.Hash}, nil
	}
	return place{s.Last, s.Hash}, nil
}

// holding is what a node says of its archive: that it has all entries up to this one, and which that is.
type holding struct {
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
}

// tidy says how far this archive goes, compares with what others say and lets old entries go.
func (k *Keeper) tidy(ctx context.Context) error {
	var said *holding // nothing yet: what this node said before it may have lost its disk must not stand
	for {
		h, err := k.holding()
		if err != nil {
			return err
		}
		if (said == nil || h != *said) && k.archive.State().Why == "" {
			if err := k.say(ctx, k.log.keys.held(k.cfg.Node), h); err != nil {
				return err
			}
			said = &h
		}
		if err := k.compare(ctx); err != nil {
			return err
		}
		if err := k.prune(ctx); err != nil {
			return err
		}
		k.failed("", nil)
		if sleep(ctx, tidyEvery) != nil {
			return nil
		}
	}
}

// holding is up to where this archive is whole.
func (k *Keeper) holding() (holding, error) {
	s := k.archive.State()
	switch n := s.Held(); n {
	case s.Last:
		return holding{s.Last, s.Hash}, nil
	case 0:
		return holding{}, nil
	default:
		e, err := k.archive.entry(n)
		return holding{n, e.Hash}, err
	}
}

// say writes a value under a key.
func (k *Keeper) say(ctx context.Context, key string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	try, cancel := context.WithTimeout(ctx, attemptMost)
	defer cancel()
	if _, err := k.log.client.Put(try, key, string(text)); err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return nil
}

// answer is one answer of a transaction that only reads.
func answer(r *clientv3.TxnResponse, i int) *clientv3.GetResponse {
	return (*clientv3.GetResponse)(r.Responses[i].GetResponseRange())
}
