// Package simulators plays a whole facility: a site file, scenarios and faults enter, and the devices of the facility,
// the messenger and the control API stand open on real sockets. Its parts are packages of their own: world is the
// physics, wire the devices, messenger the services that fail over, with names (DNS) and people. It is never a part of
// the program that guards a real site.
package simulators

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"bongsu/facility"
	"bongsu/simulators/messenger"
	"bongsu/simulators/wire"
	"bongsu/simulators/world"
)

const (
	tick     = 100 * time.Millisecond // wall time between two steps of the world
	maxSpeed = 100
	// longestTick bounds what is made up for after the machine slept: the world does not leap.
	longestTick = time.Second
)

// Options are the choices of one run of the simulated facility.
type Options struct {
	AnyPort  bool    // listen on free ports instead of those of the site file, for tests
	Control  string  // host:port of the control API instead of the site's; with AnyPort port 0 unless given
	Speed    float64 // 1 to 100; 0 means 1
	Scenario string  // to start with, empty for none
	Nodes    string  // folder through which the demo's nodes are stopped and started, empty for none
	Log      *slog.Logger
}

// Plant is a running simulated facility: one world, the devices that show it, their links and the control API.
type Plant struct {
	site      *facility.Site
	layout    *world.Layout
	log       *slog.Logger
	links     *wire.Links
	scenarios map[string]*Scenario
	control   string
	nodes     string
	messenger *messenger.World // nil for a site without one

	mu         sync.Mutex // guards all below
	world      *world.World
	gen        uint64        // rises with every change of the world
	past       time.Duration // simulated time of the worlds before this one
	asked      float64       // speed asked for
	paused     bool          // time stands still but for a step
	stepLeft   time.Duration // simulated time that a paused world may still run
	play       *playing
	injected   map[string]*plantFault // of the wire and of the messenger
	injections int

	running sync.WaitGroup
	failed  chan error
	resume  chan struct{} // the world was restored
}

// Start builds the world of a site, opens every link and the control API, and keeps them running until ctx
// ends. When it returns without error, everything listens. Its error names what could not be opened.
func Start(ctx context.Context, site *facility.Site, o Options) (*Plant, error) {
	p, err := newPlant(site, o)
	if err != nil {
		return nil, err
	}
	listener, err := p.open(o)
	if err != nil {
		return nil, err
	}
	if o.Scenario != "" {
		if err := p.StartScenario(o.Scenario); err != nil {
			p.links.Close()
			p.closeMessenger()
			return nil, errors.Join(err, listener.Close())
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	server := &http.Server{Handler: p.handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	p.running.Go(func() { p.run(ctx) })
	p.startMessenger(ctx, cancel)
	p.running.Go(func() { p.links.Run(ctx) })
	p.running.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			p.failed <- fmt.Errorf("control API: %w", err)
			cancel()
		}
	})
	p.running.Go(func() {
		<-ctx.Done()
		cancel()
		grace, stop := context.WithTimeout(context.Background(), time.Second)
		defer stop()
		if server.Shutdown(grace) != nil {
			_ = server.Close()
		}
		p.links.Close()
	})
	return p, nil
}

// Run is Start and Wait in one.
func Run(ctx context.Context, site *facility.Site, o Options) error {
	p, err := Start(ctx, site, o)
	if err != nil {
		return err
	}
	return p.Wait()
}

// Wait blocks until the context given to Start has ended and everything has stopped.
func (p *Plant) Wait() error {
	p.running.Wait()
	select {
	case err := <-p.failed:
		return err
	default:
		return nil
	}
}

func newPlant(site *facility.Site, o Options) (*Plant, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Speed == 0 {
		o.Speed = 1
	}
	if err := checkSpeed(o.Speed); err != nil {
		return nil, err
	}
	l, err := world.NewLayout(site)
	if err != nil {
		return nil, err
	}
	p := &Plant{site: site, layout: l, log: o.Log, nodes: o.Nodes, injected: map[string]*plantFault{},
		world: world.New(l.Config), gen: 1, asked: o.Speed, failed: make(chan error, 2), resume: make(chan struct{}, 1)}
	p.links, err = wire.New(site, l, house{p}, o.Log)
	if err := errors.Join(err, p.addMessenger()); err != nil {
		return nil, fmt.Errorf("site %s cannot be simulated: %w", site.ID, err)
	}
	if site.Sim.Scenarios != "" {
		found, bad := LoadScenarios(filepath.Join(filepath.Dir(site.File), site.Sim.Scenarios), site)
		if err := bad.Err(); err != nil {
			return nil, err
		}
		p.scenarios = found
	}
	return p, nil
}

// open binds every endpoint, or none.
func (p *Plant) open(o Options) (net.Listener, error) {
	if err := p.links.Open(o.AnyPort); err != nil {
		return nil, err
	}
	if p.messenger != nil {
		if err := p.messenger.Open(o.AnyPort); err != nil {
			p.links.Close()
			return nil, fmt.Errorf("%w (is another bongsu-sim running?)", err)
		}
	}
	address := o.Control
	switch {
	case address == "" && o.AnyPort:
		address = "127.0.0.1:0"
	case address == "":
		address = p.site.Sim.Control
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		p.links.Close()
		p.closeMessenger()
		return nil, fmt.Errorf("control API: %w (is another bongsu-sim running? give another address with --listen)", err)
	}
	p.control = listener.Addr().String()
	return listener, nil
}

// house lends the plant's world to its devices, under the plant's lock.
type house struct{ plant *Plant }

// Look lends the world as it is.
func (h house) Look(use func(w *world.World, generation uint64)) {
	h.plant.mu.Lock()
	defer h.plant.mu.Unlock()
	use(h.plant.world, h.plant.gen)
}

// Order lends the world to somebody who may change it.
func (h house) Order(use func(w *world.World) (changed bool)) {
	h.plant.mu.Lock()
	defer h.plant.mu.Unlock()
	if use(h.plant.world) {
		h.plant.gen++
	}
}

// run steps the world in wall time until ctx ends.
func (p *Plant) run(ctx context.Context) {
	clock := time.NewTicker(tick)
	defer clock.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
		now := time.Now()
		p.advance(min(now.Sub(last), longestTick))
		last = now
	}
}

// advance moves the world on by a span of wall time. The speed asked for holds only while no rack is at
// pre-alarm or above: from there the world runs at 1, since whoever judges it counts in wall time.
func (p *Plant) advance(wall time.Duration) {
	for wall > 0 {
		p.mu.Lock()
		if p.paused && p.stepLeft <= 0 {
			p.mu.Unlock()
			return
		}
		speed := p.speed()
		// Sub-second pieces keep the rule exact: the world slows down within a second of getting hot.
		step := min(time.Duration(float64(wall)*speed), time.Second)
		step = max(1, p.untilEvent(step))
		if p.paused {
			step = min(step, p.stepLeft)
			p.stepLeft -= step
		}
		p.world.Step(step)
		p.gen++
		p.playEvents()
		p.followPower()
		p.mu.Unlock()
		wall -= max(1, time.Duration(math.Ceil(float64(step)/speed)))
	}
}

// speed is the one that holds now; the lock is held.
func (p *Plant) speed() float64 {
	if p.asked > 1 && (p.world.HotAnywhere() || p.links.Misled()) {
		return 1
	}
	return p.asked
}

func checkSpeed(s float64) error {
	if !(s >= 1 && s <= maxSpeed) {
		return fmt.Errorf("speed %g: want 1 to %d", s, maxSpeed)
	}
	return nil
}

// Addresses gives the actual address of every link, by link id.
func (p *Plant) Addresses() map[string]string {
	out := map[string]string{}
	for _, l := range p.links.States() {
		out[l.ID] = l.Address
	}
	return out
}

// Control is the actual address of the control API.
func (p *Plant) Control() string { return p.control }

// Rewire writes the actual addresses into a site, so that whoever polls it finds this plant.
func (p *Plant) Rewire(site *facility.Site) {
	addresses := p.Addresses()
	for i := range site.Links {
		if at := addresses[site.Links[i].ID]; at != "" {
			site.Links[i].Address = at
		}
	}
	site.Sim.Control = p.control
	if p.messenger != nil && site.Sim.Messenger != nil {
		site.Sim.Messenger = p.messenger.Rewire()
	}
}

// World lends the world to a function while nothing else moves. The function must not keep it: a restored
// plant has a new one.
func (p *Plant) World(use func(*world.World)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	use(p.world)
	p.gen++
}

// Inject starts a fault of the world or of the wire and returns its id.
func (p *Plant) Inject(f world.Fault) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inject(f)
}

// Clear ends a fault; ErrUnknownFault when there is none with this id.
func (p *Plant) Clear(id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.remove(id)
}

// renew puts another world in place of this one, with what its machines were told last; the lock is held.
func (p *Plant) renew(cfg world.Config) {
	was := p.world
	p.past += was.Now()
	p.world = world.New(cfg)
	p.world.KeepOrders(was)
	p.gen++
}

// restore ends every fault and puts a new, healthy world in place of this one; the lock is held.
func (p *Plant) restore() error {
	var errs []error
	for _, id := range slices.Sorted(maps.Keys(p.injected)) {
		errs = append(errs, p.remove(id))
	}
	p.renew(p.layout.Config)
	p.play = nil
	p.paused, p.stepLeft = false, 0
	p.followPower()
	select {
	case p.resume <- struct{}{}:
	default:
	}
	return errors.Join(errs...)
}
