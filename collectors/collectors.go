package collectors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
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

	Canary time.Duration // between two test messages of our own that prove an MQTT link to carry data; 10 s
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
	if o.Canary <= 0 {
		o.Canary = 10 * time.Second
	}
	return o
}

// Collectors owns every link of a site.
type Collectors struct {
	links    []driver
	byDevice map[facility.DeviceID]driver
}

// New prepares one owner for each link of the site that has devices. It connects nothing; its error
// names everything in the site that cannot be polled.
func New(site *facility.Site, bus *facility.Bus, log *slog.Logger, opts Options) (*Collectors, error) {
	return newOver(new(net.Dialer).DialContext, site, bus, log, opts)
}

// newOver is New with another way to connect.
func newOver(dial dialFunc, site *facility.Site, bus *facility.Bus, log *slog.Logger, opts Options) (*Collectors, error) {
	opts = opts.withDefaults()
	tries := newBudget(opts.Tries)
	c := &Collectors{byDevice: map[facility.DeviceID]driver{}}
	devices := map[string][]*facility.Device{}
	for i := range site.Devices {
		dev := &site.Devices[i]
		devices[dev.Link] = append(devices[dev.Link], dev)
	}
	var faults []error
	for _, link := range site.Links {
		open, ok := drivers[link.Protocol]
		if !ok {
			faults = append(faults, fmt.Errorf("link %s: no driver speaks %q", link.ID, link.Protocol))
			continue
		}
		d, err := open(wire{
			site: site, link: link, devices: devices[link.ID], bus: bus,
			log: log.With("link", link.ID), opts: opts, dial: dial, tries: tries,
		})
		if err != nil {
			faults = append(faults, fmt.Errorf("link %s: %w", link.ID, err))
			continue
		}
		c.links = append(c.links, d)
		for _, dev := range devices[link.ID] {
			c.byDevice[dev.ID] = d
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return c, nil
}

// Run serves all links until ctx ends, and returns once every link has let go of its connection. A
// device or endpoint that is absent never stops it.
func (c *Collectors) Run(ctx context.Context) error {
	epoch := time.Now()
	var owners sync.WaitGroup
	for _, d := range c.links {
		owners.Go(func() { d.run(ctx, epoch) })
	}
	owners.Wait()
	return nil
}

// Status lists the health of every link in the order of the site file. It never waits for the wire.
func (c *Collectors) Status() []facility.LinkStatus {
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
	var out []facility.DeviceStatus
	for _, d := range c.links {
		if c, ok := d.(counter); ok {
			out = append(out, c.deviceStatus()...)
		}
	}
	return out
}
