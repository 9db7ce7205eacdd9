package collectors

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"bongsu/facility"
)

// Options are the bounds of the queues on each link. Zero values take the defaults.
type Options struct {
	CommandQueue int    // commands waiting for one link; 16
	MessageQueue int    // MQTT messages waiting to be decoded on one link; 32768
	MaxPayload   int    // largest MQTT payload taken, bytes; 65536
	StatusTopic  string // MQTT topic our own last will stands below; "bongsu/collectors"

	Tries int // connections a second to endpoints that were lost, all links together; 50

	// Where several processes share the links of a site: Aside names those that are not served before Take, and May
	// gives for a link what is asked before each request on it. Both nil: this process serves all of them, always.
	Aside func(site *facility.Site, link string) bool
	May   func(link string) func() bool

	backlog time.Duration // after connecting, in which a broker may still hand over what it kept; backlogFor
	Canary  time.Duration // between two test messages of our own that prove an MQTT link to carry data; 10 s
}

func (o Options) withDefaults() Options {
	if o.CommandQueue <= 0 {
		o.CommandQueue = 16
	}
	if o.MessageQueue <= 0 {
		o.MessageQueue = 32768
	}
	if o.MaxPayload <= 0 {
		o.MaxPayload = 64 << 10
	}
	if o.StatusTopic == "" {
		o.StatusTopic = "bongsu/collectors"
	}
	if o.Tries <= 0 {
		o.Tries = 50
	}
	if o.backlog <= 0 {
		o.backlog = backlogFor
	}
	if o.Canary <= 0 {
		o.Canary = 10 * time.Second
	}
	return o
}

// Collectors owns every link of a site.
type Collectors struct {
	bus   *facility.Bus
	log   *slog.Logger
	opts  Options
	dial  dialFunc
	tries *budget
	fire  atomic.Pointer[map[facility.CommandID]bool] // commands of the fire response

	mu       sync.RWMutex
	links    []*owner // in the order of the site file
	byDevice map[facility.DeviceID]driver
	aside    map[string]bool // links that another process serves, or nobody
	site     *facility.Site
	ctx      context.Context // of Run, nil before and after it
	epoch    time.Time
	owners   sync.WaitGroup
}

// owner is one link's driver and its way to an end.
type owner struct {
	driver
	link facility.Link
	stop context.CancelFunc
	done chan struct{} // nil until it is started
}

// New prepares one owner for each link of the site that has devices. It connects nothing; its error
// names everything in the site that cannot be polled.
func New(site *facility.Site, bus *facility.Bus, log *slog.Logger, opts Options) (*Collectors, error) {
	return newOver(new(net.Dialer).DialContext, site, bus, log, opts)
}

// newOver is New with another way to connect.
func newOver(dial dialFunc, site *facility.Site, bus *facility.Bus, log *slog.Logger, opts Options) (*Collectors, error) {
	opts = opts.withDefaults()
	c := &Collectors{bus: bus, log: log, opts: opts, dial: dial, tries: newBudget(opts.Tries), aside: map[string]bool{}, site: site}
	x, err := c.prepare(site, func(facility.Link) *owner { return nil })
	if err != nil {
		return nil, err
	}
	c.links, c.byDevice = x.links, x.byDevice
	c.press(site)
	for _, o := range c.links {
		c.leave(site, o.link.ID)
	}
	return c, nil
}

// press takes up which commands go before all others.
func (c *Collectors) press(site *facility.Site) {
	commands := site.FireCommands()
	c.fire.Store(&commands)
}

func (c *Collectors) urgent(id facility.CommandID) bool { return (*c.fire.Load())[id] }

// Run serves all links until ctx ends, and returns once every link has let go of its connection. A
// device or endpoint that is absent never stops it.
func (c *Collectors) Run(ctx context.Context) error {
	c.mu.Lock()
	c.ctx, c.epoch = ctx, time.Now()
	for _, o := range c.links {
		c.start(o)
	}
	c.mu.Unlock()
	<-ctx.Done()
	c.mu.Lock()
	c.ctx = nil // no link is started any more
	c.mu.Unlock()
	c.owners.Wait()
	return nil
}

// start serves a link on a goroutine of its own. It is called with mu held and does nothing unless Run runs.
func (c *Collectors) start(o *owner) {
	if c.ctx == nil || c.aside[o.link.ID] {
		return
	}
	ctx, cancel := context.WithCancel(c.ctx)
	o.stop, o.done = cancel, make(chan struct{})
	epoch := c.epoch
	c.owners.Go(func() { defer close(o.done); o.run(ctx, epoch) })
}

// Status lists the health of every link in the order of the site file. It never waits for the wire.
func (c *Collectors) Status() []facility.LinkStatus {
	c.mu.RLock()
	defer c.mu.RUnlock()
	out := make([]facility.LinkStatus, len(c.links))
	for i, d := range c.links {
		out[i] = d.status()
	}
	return out
}

// counter is a driver that counts what comes from each of its devices.
type counter interface {
	deviceStatus() []facility.DeviceStatus
}

// Devices lists what has come from each device that counts it (those behind MQTT brokers), link by link
// in the order of the site file. It never waits for the wire.
func (c *Collectors) Devices() []facility.DeviceStatus {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var out []facility.DeviceStatus
	for _, o := range c.links {
		if c, ok := o.driver.(counter); ok {
			out = append(out, c.deviceStatus()...)
		}
	}
	return out
}
