package historian

import (
	"context"
	"sync"
	"time"
)

// After an outage the backlog of a spool can take hours to drain. People look at the newest values first, so what
// comes now is written beside the backlog, in a lane of its own that is served before it. The backlog skips what the
// lane has brought when it gets there. The lane is only kept in memory: after a restart the backlog brings its stretch
// again, and a database keeps one value of a point and time.

const (
	behindAfter = time.Minute // older than this, and the newest values overtake
	lanePause   = writeWait   // between two writes of the lane
)

// Newest follows the spool from its newest batch on until ctx ends.
type Newest func(ctx context.Context, take func(Batch) error) error

// lane is the way past a backlog. Its fields are Run's own, but for the queue.
type lane struct {
	newest  Newest
	encoder *encoder
	in      chan Batch
	stop    context.CancelFunc // nil while the lane is closed
	over    <-chan struct{}    // closed when the tail has ended
	running sync.WaitGroup

	first, done uint64 // the stretch of the spool that the lane has brought; first is 0 before its first batch
	wrote       time.Time
}

// Overtake lets the newest values go to the database before a backlog; it must be called before Run.
func (f *Forwarder) Overtake(newest Newest) {
	f.lane = &lane{newest: newest, encoder: &encoder{site: f.encoder.site, of: f.encoder.of}, in: make(chan Batch, 64)}
}

// pace opens the lane when what was delivered is old.
func (f *Forwarder) pace(ctx context.Context, g *group) {
	l := f.lane
	if l == nil || g.seen.IsZero() {
		return
	}
	if l.stop != nil {
		select {
		case <-l.over:
			l.close() // the field went away; a new lane begins behind the hole
		default:
			return
		}
	}
	if time.Since(g.seen) < behindAfter {
		return
	}
	f.log.Info("the newest values go to InfluxDB before the backlog", "backlog_from", g.seen)
	l.open(ctx)
	f.setBehind(true)
}

func (l *lane) open(ctx context.Context) {
	ctx, l.stop = context.WithCancel(ctx)
	over := make(chan struct{})
	l.over, l.first, l.done = over, 0, 0
	l.running.Go(func() {
		defer close(over)
		_ = l.newest(ctx, func(b Batch) error {
			select {
			case l.in <- b:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
}

// close ends the lane. What it had not brought stays in the spool behind done, where the backlog finds it.
func (l *lane) close() {
	if l.stop == nil {
		return
	}
	l.stop()
	l.running.Wait()
	for len(l.in) > 0 {
		<-l.in
	}
	l.stop = nil
}

// serve writes what waits in the lane, if it is time.
func (f *Forwarder) serve(ctx context.Context) error {
	l := f.lane
	if l == nil || l.stop == nil || time.Since(l.wrote) < lanePause {
		return nil
	}
	g := &group{aside: true}
	for len(g.ends) < linesPerWrite && len(l.in) > 0 {
		b := <-l.in
		if l.first == 0 {
			l.first = b.Seq
		}
		l.encoder.add(g, b)
	}
	if len(g.ends) == 0 {
		return nil
	}
	if err := f.deliver(ctx, g); err != nil {
		return err
	}
	l.done, l.wrote = g.upTo, time.Now()
	return nil
}

// brought says whether the lane was faster with a batch of the backlog, and ends the lane behind its last.
func (f *Forwarder) brought(b Batch) bool {
	l := f.lane
	if l == nil || l.stop == nil {
		return false
	}
	another := b.Seq < f.last // another spool, whose numbers mean nothing here
	f.last = b.Seq
	if !another && (l.first == 0 || b.Seq < l.first) {
		return false
	}
	if !another && b.Seq <= l.done {
		return true
	}
	l.close()
	f.setBehind(false)
	f.log.Info("the backlog is in InfluxDB")
	return false
}

func (f *Forwarder) setBehind(behind bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.behind = behind
}
