package historian

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	"github.com/influxdata/influxdb-client-go/v2/api"

	"bongsu/facility"
)

// How the forwarder groups and retries.
const (
	linesPerWrite = 5_000
	writeWait     = 500 * time.Millisecond // a group that is not full goes out after this
	writeTimeout  = 10 * time.Second
	retryFirst    = 500 * time.Millisecond
	retryMost     = 30 * time.Second
)

// Forwarder brings the spool's batches to InfluxDB, or to what takes its writes, in order. A batch
// counts as delivered only when the database confirmed its write; until then the spool keeps it,
// however long that takes. A line the database will never take is set aside and counted.
type Forwarder struct {
	cfg     facility.Influx
	site    string
	token   string
	dir     string
	log     *slog.Logger
	client  influxdb2.Client
	encoder *encoder
	in      chan Batch
	write   func(ctx context.Context, lines string) error // the client's; tests play a database here
	lane    *lane                                         // nil: everything goes in order
	last    uint64                                        // newest position looked at while the lane is open

	mu        sync.Mutex
	delivered uint64
	points    uint64
	refused   uint64
	refusedAt time.Time // when a refused line was last told
	lastErr   error
	probeErr  error
	behind    bool
	newest    time.Time
	reached   time.Time
}

// Health is how the delivery does.
type Health struct {
	Points  uint64    // delivered since the start
	Refused uint64    // lines the database will never take, set aside since the start
	Behind  bool      // a backlog is being drained; the newest values go before it
	Newest  time.Time // when the newest delivered value was taken in; zero before the first
	Reached time.Time // up to when everything is delivered, by when it was taken in; zero while that is not known
	Err     error     // what stands in the way now: a write that fails, or a value that could not be read back
}

// NewForwarder prepares the delivery to the database a site names; it connects to nothing yet.
// dir keeps the position up to which the database confirmed, and the lines it refused.
func NewForwarder(site *facility.Site, dir string, log *slog.Logger) (*Forwarder, error) {
	cfg := *site.Influx
	f := &Forwarder{cfg: cfg, site: site.ID, dir: dir, log: log, encoder: newEncoder(site), in: make(chan Batch, 64)}
	if cfg.TokenFile != "" {
		b, err := os.ReadFile(cfg.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("read the InfluxDB token: %w", err)
		}
		f.token = strings.TrimSpace(string(b))
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make the forwarder's folder: %w", err)
	}
	f.delivered = readPosition(f.positionFile())
	opts := influxdb2.DefaultOptions().SetHTTPRequestTimeout(uint(writeTimeout.Seconds())).SetUseGZip(true).
		SetPrecision(time.Millisecond)
	f.client = influxdb2.NewClientWithOptions(cfg.URL, f.token, opts)
	f.write = blocking(f.client.WriteAPIBlocking(cfg.Org, cfg.Bucket))
	return f, nil
}

func blocking(w api.WriteAPIBlocking) func(context.Context, string) error {
	return func(ctx context.Context, lines string) error { return w.WriteRecord(ctx, lines) }
}

func (f *Forwarder) positionFile() string { return filepath.Join(f.dir, "influx.position") }

// Position is the newest spool position the database has confirmed.
func (f *Forwarder) Position() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.delivered
}

// Health tells how the delivery does.
func (f *Forwarder) Health() Health {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Health{Points: f.points, Refused: f.refused, Behind: f.behind, Newest: f.newest, Reached: f.reached, Err: errors.Join(f.lastErr, f.probeErr)}
}

// Take queues a batch. It blocks while the database is behind: the reader of the spool waits, the
// spool keeps the rest, and acquisition notices nothing.
func (f *Forwarder) Take(ctx context.Context, b Batch) error {
	select {
	case f.in <- b:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run writes groups of batches and proves the database by a probe, until ctx ends.
func (f *Forwarder) Run(ctx context.Context) error {
	defer f.client.Close()
	var probing sync.WaitGroup
	probing.Go(func() { f.probeUntil(ctx) })
	defer probing.Wait()
	if f.lane != nil {
		defer f.lane.close()
	}
	for {
		if err := f.serve(ctx); err != nil {
			return nil
		}
		group, err := f.collect(ctx)
		if err != nil {
			return nil
		}
		if err := f.deliver(ctx, group); err != nil {
			return nil
		}
		f.pace(ctx, group)
	}
}

// collect waits for a first batch and takes what follows within writeWait.
func (f *Forwarder) collect(ctx context.Context) (*group, error) {
	var full <-chan time.Time
	g := &group{}
	for len(g.ends) < linesPerWrite {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-full:
			return g, nil
		case b := <-f.in:
			if f.brought(b) {
				g.upTo = b.Seq
			} else {
				f.encoder.add(g, b)
			}
			if full == nil {
				full = time.After(writeWait)
			}
		}
	}
	return g, nil
}

// deliver tries until the database has confirmed or refused every line.
func (f *Forwarder) deliver(ctx context.Context, g *group) error {
	wait := retryFirst
	for {
		err := f.trusted()
		if err == nil {
			err = f.send(ctx, g, 0, len(g.ends))
		}
		f.note(err, g)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(max(jittered(wait), asked(err))):
		}
		wait = min(2*wait, retryMost)
	}
}

// jittered spreads the tries of several desks that lost one database.
func jittered(d time.Duration) time.Duration {
	return d - time.Duration(rand.Int64N(int64(d)/4))
}

// note keeps how it went. It logs when the state changes, not on every try.
func (f *Forwarder) note(err error, g *group) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		if f.lastErr == nil {
			f.log.Warn("InfluxDB takes no writes; the spool keeps them", "cause", err)
		}
		f.lastErr = err
		if f.reached.IsZero() && !g.aside {
			f.reached = g.seen // no more than this is known to be missing
		}
		return
	}
	if f.lastErr != nil {
		f.log.Info("InfluxDB takes writes again")
	}
	f.lastErr = nil
	f.points += uint64(g.live())
	if g.seen.After(f.newest) {
		f.newest = g.seen
	}
	if g.aside {
		return
	}
	// A number lower than before means another spool; its position counts.
	f.delivered = g.upTo
	if !g.seen.IsZero() {
		f.reached = g.seen
	}
	if err := writePosition(f.positionFile(), f.delivered); err != nil {
		f.log.Warn("the delivered position could not be saved; a restart delivers twice", "cause", err)
	}
}
