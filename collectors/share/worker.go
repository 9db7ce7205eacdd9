package share

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"bongsu/collectors"
	"bongsu/facility"
)

// Wire is what serves links: collectors.Collectors, or a stand-in in tests of loops.
type Wire interface {
	Run(ctx context.Context) error
	Take(link string) error
	Drop(link string)
	Execute(ctx context.Context, cmd facility.Command, value ...int) (collectors.Receipt, error)
	Status() []facility.LinkStatus
	Devices() []facility.DeviceStatus
}

// WorkerConfig is what a collector needs. Zero Limits and MostSamples take the defaults.
type WorkerConfig struct {
	Name  string
	Build string
	// Dial connects to the field's door, encrypted where that is asked for.
	Dial func(ctx context.Context) (net.Conn, error)
	// Site gives the site to work by: any for "", else the one of that revision, which the field works by. Asked again
	// for the same it has it at hand.
	Site   func(ctx context.Context, revision string) (*facility.Site, error)
	Wire   collectors.Options
	Limits Limits
	// MostSamples that are kept while the field is not reached; 1,000,000, some 70 MB.
	MostSamples int
	Clock       func() time.Duration
	Log         *slog.Logger

	// open prepares the wire; collectors.New but in tests of loops.
	open func(site *facility.Site, bus *facility.Bus, opts collectors.Options) (Wire, error)
}

// Worker is a collector: it serves the links that the field grants it.
type Worker struct {
	cfg      WorkerConfig
	instance string
	beats    uint64 // the last one sent
	out      *outbox
}

// How a collector comes back to a field that is away or does not let it in.
const (
	returnFirst = 50 * time.Millisecond
	returnMost  = 250 * time.Millisecond // a lease must outlive the start of another field process
	askAgain    = time.Second            // after a refusal, which a person must see to
)

// NewWorker prepares a collector. It connects nothing.
func NewWorker(cfg WorkerConfig) *Worker {
	if cfg.Limits == (Limits{}) {
		cfg.Limits = Usual()
	}
	if cfg.MostSamples <= 0 {
		cfg.MostSamples = 1_000_000
	}
	if cfg.Clock == nil {
		cfg.Clock = NewClock()
	}
	if cfg.open == nil {
		cfg.open = func(site *facility.Site, bus *facility.Bus, opts collectors.Options) (Wire, error) {
			return collectors.New(site, bus, cfg.Log, opts)
		}
	}
	return &Worker{cfg: cfg, instance: rand.Text(), out: newOutbox(cfg.MostSamples)}
}

// otherSite is the field's refusal of a collector that works by another site than it does.
type otherSite struct{ revision string }

func (e otherSite) Error() string {
	return "the field works by revision " + e.revision + " of the site"
}

// Run serves until ctx ends, and returns once every link is let go of and the field was told so. A field that is
// away, or that works by another revision of the site, is tried again.
func (w *Worker) Run(ctx context.Context) error {
	revision, wait, told := "", returnFirst, ""
	for ctx.Err() == nil {
		site, err := w.cfg.Site(ctx, revision)
		if err == nil {
			wait = returnFirst
			err = w.work(ctx, site)
		}
		var other otherSite
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &other):
			revision = other.revision
		case err != nil:
			if site != nil {
				return err // the site cannot be worked by at all
			}
			if err.Error() != told {
				told = err.Error()
				w.cfg.Log.Warn("the site cannot be had", "revision", revision, "cause", err)
			}
		}
		sleep(ctx, wait)
		wait = min(2*wait, returnMost)
	}
	return nil
}

// work serves by one site until ctx ends or the field works by another one.
func (w *Worker) work(ctx context.Context, site *facility.Site) error {
	s := newShift(w, site)
	opts := w.cfg.Wire
	opts.Aside = func(*facility.Site, string) bool { return true }
	opts.May = s.may
	var err error
	if s.wire, err = w.cfg.open(site, s.bus, opts); err != nil {
		return fmt.Errorf("prepare the wire: %w", err)
	}
	w.out.restart() // its batches name links by their place in the former site
	own, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.parts.Go(func() { _ = s.wire.Run(own) })
	s.parts.Go(func() { s.pump(own) })
	s.parts.Go(func() { s.watch(own) })
	err = s.follow(ctx)
	if other := (otherSite{}); errors.As(err, &other) {
		w.cfg.Log.Warn("refused: the field works by another revision of the site", "field", other.revision, "ours", site.Revision)
		_, _ = w.cfg.Site(ctx, other.revision) // had now, it is at hand then: while the leases run the links are served on
	}
	s.leaveAll()
	stop()
	s.parts.Wait()
	return err
}

// follow keeps a connection with the field until ctx ends or the field works by another site.
func (s *shift) follow(ctx context.Context) error {
	wait, told := returnFirst, ""
	for ctx.Err() == nil {
		began := s.clock()
		err := s.session(ctx)
		var other otherSite
		if errors.As(err, &other) {
			return err
		}
		if ctx.Err() != nil {
			break
		}
		if s.clock()-began > s.limits.Life {
			wait, told = returnFirst, ""
		}
		if err != nil && err.Error() != told {
			told = err.Error()
			s.log.Warn("the field is not reached", "cause", err)
		}
		if errors.Is(err, errRefused) {
			wait = askAgain
		}
		sleep(ctx, wait)
		wait = min(2*wait, returnMost)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
