package shared

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bongsu/journal"
)

// Options of a Log. Site and Node are written into its entries.
type Options struct {
	Prefix string // empty means DefaultPrefix
	Site   string
	Node   string
	Logger *slog.Logger
	Now    func() time.Time // nil means time.Now
	// Archive is this node's own copy; nil for a process without one, which can read no more than the members have.
	Archive *Archive
}

// Log is one process's hand on the shared log. All methods may be called from any goroutine; drafts
// that wait at the same time share a transaction.
type Log struct {
	client *clientv3.Client
	opts   Options
	keys   space
	log    *slog.Logger
	writer string        // tells entries of this Log from equal ones of another
	count  atomic.Uint64 // drafts without a key so far
	states states
	slots  chan struct{} // bounds the queue
	ctx    context.Context
	cancel context.CancelFunc
	wait   sync.WaitGroup // the flusher

	mu       sync.Mutex
	queue    []*request
	flushing bool
	closed   bool
	tip      head // newest entry this Log knows of; the flusher's alone
	floor    head // newest entry that has left the members; the flusher's alone
	tipKnown bool // and the floor
}

// request is what one caller wants written together.
type request struct {
	entries []Entry // prepared; then as they stand in the log
	fence   *Lease
	mark    *mark
	err     error
	done    chan struct{}
	taken   bool        // by the flusher: from then on its outcome is its own
	gone    atomic.Bool // the caller has given up
}

// mark is a key that moves in the same transaction as the entries.
type mark struct {
	key   string
	value string
	rev   int64 // of the value it replaces, 0 for none; then of the new one
}

const (
	// queueLimit bounds the callers that wait.
	queueLimit = 4096
	// batchLimit keeps a transaction below etcd's bound of 128 operations: two puts an entry.
	batchLimit = 48
	batchBytes = 512 << 10
)

// Open gives a Log over client. It connects to nothing yet.
func Open(client *clientv3.Client, opts Options) *Log {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Log{
		client: client, opts: opts, keys: newSpace(opts.Prefix), log: opts.Logger.With("room", "shared"),
		writer: rand.Text()[:12], slots: make(chan struct{}, queueLimit), ctx: ctx, cancel: cancel,
	}
}

// Keep lets the log read what has left the members from this node's archive. It is called before anything else.
func (l *Log) Keep(a *Archive) { l.opts.Archive = a }

// Tell takes the hash of the state that all entries up to a number add up to, for a Keeper to compare with
// other nodes'.
func (l *Log) Tell(seq uint64, state string) { l.states.tell(seq, state) }

// Close ends the appends under way with ErrUnknown and waits for the writer. The client is not closed.
func (l *Log) Close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.cancel()
	l.wait.Wait()
}

// Append writes d behind the newest entry and returns once a majority has it on disk. While no
// majority can be reached it tries on until ctx ends. The error matches ErrUnknown if the entry was
// on its way by then, ErrFull, ErrTooLarge or the context's own error if nothing was written; ErrAway if its key
// may be that of an entry which has left the members and which this node's archive lacks: nothing was written.
func (l *Log) Append(ctx context.Context, d Draft) (Entry, error) {
	return l.one(ctx, d, nil)
}

// AppendAs is Append for the leader: the transaction itself proves that lease still leads, else the
// error matches ErrFenced, also if an entry with the draft's key exists. An entry returned with an
// epoch other than the lease's was written by an earlier leader.
func (l *Log) AppendAs(ctx context.Context, lease *Lease, d Draft) (Entry, error) {
	if lease == nil {
		return Entry{}, fmt.Errorf("append %s: %w: no lease", d.Kind, ErrFenced)
	}
	return l.one(ctx, d, lease)
}

func (l *Log) one(ctx context.Context, d Draft, fence *Lease) (Entry, error) {
	if strings.HasPrefix(d.Key, ownKey) {
		return Entry{}, fmt.Errorf("append %s: a key must not begin with %q", d.Kind, ownKey)
	}
	e, err := l.prepare(d)
	if err != nil {
		return Entry{}, err
	}
	r := &request{entries: []Entry{e}, fence: fence}
	if err := l.submit(ctx, r); err != nil {
		return Entry{}, fmt.Errorf("append %s %s: %w", d.Kind, d.Subject, err)
	}
	return r.entries[0], nil
}

// submit queues r and waits until it is written, refused or ctx ends.
func (l *Log) submit(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.done = make(chan struct{})
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-l.slots }()
	if err := l.enqueue(r); err != nil {
		return err
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
	}
	l.mu.Lock()
	r.gone.Store(true)
	taken := r.taken
	l.mu.Unlock()
	if !taken {
		return ctx.Err()
	}
	select {
	case <-r.done:
		return r.err
	default:
		return fmt.Errorf("%w: %w", ErrUnknown, ctx.Err())
	}
}

func (l *Log) enqueue(r *request) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return journal.ErrClosed
	}
	l.queue = append(l.queue, r)
	if !l.flushing {
		l.flushing = true
		l.wait.Add(1)
		go l.flush()
	}
	return nil
}

// flush writes what waits and ends when nothing does. It is a goroutine of its own so that a caller
// whose time is up need not wait for a transaction that others share.
func (l *Log) flush() {
	defer l.wait.Done()
	for {
		b := l.take()
		if b == nil {
			return
		}
		l.commit(b)
	}
}

// take removes the requests of one transaction from the front of the queue: those with the same
// fence, or a single one with a mark, each key once.
func (l *Log) take() *batch {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &batch{keys: map[string]bool{}}
	i := 0
	for ; i < len(l.queue); i++ {
		r := l.queue[i]
		if r.gone.Load() {
			continue
		}
		if !b.fits(r) {
			break
		}
		r.taken = true
		b.add(r)
	}
	l.queue = l.queue[i:]
	if len(b.requests) == 0 {
		l.queue, l.flushing = nil, false
		return nil
	}
	return b
}
