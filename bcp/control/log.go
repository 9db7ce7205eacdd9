package control

import (
	"context"
	"errors"
	"time"

	"bongsu/journal"
)

// What a Log's errors match.
var (
	// ErrFenced says that another may lead now: nothing was written.
	ErrFenced = errors.New("leadership is over")
	// ErrMaybe says that the entry may stand in the log or may still get there.
	ErrMaybe = errors.New("not known whether the entry was written")
	// ErrRefused says that the log will never take this entry, whatever comes: it is too large. Nothing was written.
	ErrRefused = errors.New("the log takes no such entry")
)

// Entry is one line of the shared journal with where it comes from.
type Entry struct {
	journal.Entry
	Site  string // that wrote it; of a relayed entry the field's
	Node  string
	Epoch uint64 // of the leader that wrote it, 0 for none
	// Told is when a field wrote what a relayed entry repeats; the entry's own time for all others.
	Told time.Time
}

// Log is the shared journal as the loop needs it. Keys are idempotency keys: a second append with the same
// key gives the first entry back.
type Log interface {
	// Append writes an entry that needs no leadership.
	Append(ctx context.Context, d journal.Draft, key string) (Entry, error)
	// AppendAs writes only while the lease holds.
	AppendAs(ctx context.Context, lease Lease, d journal.Draft, key string) (Entry, error)
	// Tail hands out every entry after a number, then each new one, until ctx ends or fn fails.
	Tail(ctx context.Context, after uint64, fn func(Entry) error) error
	// LastSeq is the number of the newest entry as a majority knows it.
	LastSeq(ctx context.Context) (uint64, error)
	// Campaign waits until nobody leads and takes leadership.
	Campaign(ctx context.Context) (Lease, error)
	// Leader names who leads, "" for nobody, as far as a majority can be asked.
	Leader(ctx context.Context) (string, error)
}

// Lease is the right to act for all sites under one epoch. Once lost it stays lost.
type Lease interface {
	Epoch() uint64
	Lost() <-chan struct{}
	Valid(now time.Time) bool
	Resign(ctx context.Context) error
}
