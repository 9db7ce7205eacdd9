package messenger

import (
	"context"
	"fmt"
	"sync"

	"bongsu/bcp"
)

// keptKeys is how many acts are remembered. The messenger's own epochs make a repeated order harmless; this
// memory only saves asking.
const keptKeys = 512

// keyring remembers acts by their keys, and the newest epoch of a leader that has ordered anything.
type keyring struct {
	mu     sync.Mutex
	newest uint64
	acts   map[string]*remembered
	order  []string // of the keys, oldest first
}

type remembered struct {
	over    chan struct{} // closed when it is
	ok      bool
	undoing bool // somebody has tried to take it back since
	receipt bcp.Receipt
}

// once acts for a key unless that was done before, one at a time for each key. An act that failed may be tried
// again: the order is the same.
func (k *keyring) once(ctx context.Context, key string, epoch uint64, act func() (bcp.Receipt, error)) (bcp.Receipt, error) {
	mine, err := k.claim(ctx, key, epoch)
	if err != nil {
		return nil, err
	}
	if mine.ok {
		return mine.receipt, nil
	}
	defer close(mine.over) // whatever happens: nobody may wait for ever
	receipt, err := act()
	k.mu.Lock()
	mine.ok, mine.receipt = err == nil, receipt
	k.mu.Unlock()
	return receipt, err
}

// claim gives the finished act of a key, or makes the caller the one who acts for it.
func (k *keyring) claim(ctx context.Context, key string, epoch uint64) (*remembered, error) {
	for {
		k.mu.Lock()
		if epoch < k.newest {
			newest := k.newest
			k.mu.Unlock()
			return nil, fmt.Errorf("a leader of epoch %d has ordered since, this is %d: %w: %w", newest, epoch, bcp.ErrStale, bcp.ErrNotDone)
		}
		k.newest = epoch
		other := k.acts[key]
		if other == nil || other.finished() && !other.ok {
			mine := k.begin(key)
			k.mu.Unlock()
			return mine, nil
		}
		k.mu.Unlock()
		select {
		case <-other.over:
			if other.ok {
				return other, nil
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("act %s is under way: %w", key, ctx.Err())
		}
	}
}

// begin notes a key; the lock is held.
func (k *keyring) begin(key string) *remembered {
	if k.acts == nil {
		k.acts = map[string]*remembered{}
	}
	if k.acts[key] == nil {
		k.order = append(k.order, key)
	}
	if len(k.order) > keptKeys {
		delete(k.acts, k.order[0])
		k.order = k.order[1:]
	}
	mine := &remembered{over: make(chan struct{})}
	k.acts[key] = mine
	return mine
}

// undo notes that an act is being taken back: from now on only the world can tell what became of it.
func (k *keyring) undo(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if a := k.acts[key]; a != nil {
		a.undoing = true
	}
}

// look gives the receipt of an act that this process saw done, and whether one is under way.
func (k *keyring) look(key string) (receipt bcp.Receipt, done, running bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	a := k.acts[key]
	if a == nil {
		return nil, false, false
	}
	return a.receipt, a.ok && !a.undoing, !a.finished()
}

func (r *remembered) finished() bool {
	select {
	case <-r.over:
		return true
	default:
		return false
	}
}
