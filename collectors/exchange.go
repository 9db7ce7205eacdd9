package collectors

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"bongsu/facility"
)

// Exchange is another site, ready to be collected from.
type Exchange struct {
	c        *Collectors
	site     *facility.Site
	links    []*owner
	byDevice map[facility.DeviceID]driver
	opened   []*owner // those that did not run before
}

// Prepare makes ready what another site with the same points needs: the links named, and those that are new.
// It connects nothing and touches nothing that runs; its error names everything that cannot be polled. Every
// other link keeps its owner, so nothing that differs on it may be left unnamed.
func (c *Collectors) Prepare(site *facility.Site, anew []string) (*Exchange, error) {
	c.mu.RLock()
	running := slices.Clone(c.links)
	c.mu.RUnlock()
	return c.prepare(site, func(link facility.Link) *owner {
		i := slices.IndexFunc(running, func(o *owner) bool { return o.link.ID == link.ID })
		if i < 0 || slices.Contains(anew, link.ID) {
			return nil
		}
		return running[i]
	})
}

// prepare takes the owner of a link that stays, and opens one for each other link.
func (c *Collectors) prepare(site *facility.Site, stays func(facility.Link) *owner) (*Exchange, error) {
	x := &Exchange{c: c, site: site, byDevice: map[facility.DeviceID]driver{}}
	devices := map[string][]*facility.Device{}
	for i := range site.Devices {
		dev := &site.Devices[i]
		devices[dev.Link] = append(devices[dev.Link], dev)
	}
	var faults []error
	for _, link := range site.Links {
		o := stays(link)
		if o == nil {
			var err error
			if o, err = c.open(site, link, devices[link.ID]); err != nil {
				faults = append(faults, fmt.Errorf("link %s: %w", link.ID, err))
				continue
			}
			x.opened = append(x.opened, o)
		}
		x.links = append(x.links, o)
		for _, dev := range devices[link.ID] {
			x.byDevice[dev.ID] = o.driver
		}
	}
	return x, errors.Join(faults...)
}

func (c *Collectors) open(site *facility.Site, link facility.Link, devices []*facility.Device) (*owner, error) {
	open, ok := drivers[link.Protocol]
	if !ok {
		return nil, fmt.Errorf("no driver speaks %q", link.Protocol)
	}
	w := wire{
		site: site, link: link, devices: devices, bus: c.bus,
		log: c.log.With("link", link.ID), opts: c.opts, dial: c.dial, tries: c.tries,
		urgent: c.urgent,
	}
	if c.opts.May != nil {
		w.may = c.opts.May(link.ID)
	}
	d, err := open(w)
	return &owner{driver: d, link: link}, err
}

// Apply puts the other site in place: links that go or are opened anew let go of their connections, then the
// new owners begin, reading everything at once and then in the rhythm of before. Links that stay do not notice.
// It returns when all of that is done: after the longest request that was under way. Orders on a link that is
// opened anew wait for it.
func (x *Exchange) Apply() {
	c := x.c
	c.mu.Lock()
	var going []*owner
	for _, o := range c.links {
		if !slices.Contains(x.links, o) {
			going = append(going, o)
		}
	}
	for _, o := range x.opened {
		if c.ownerOf(o.link.ID) == nil {
			c.leave(x.site, o.link.ID)
		}
	}
	c.links, c.byDevice, c.site = x.links, x.byDevice, x.site
	c.press(x.site)
	c.mu.Unlock()
	for _, o := range going {
		if o.stop != nil {
			o.stop()
		}
	}
	var changes sync.WaitGroup
	for _, o := range x.opened {
		changes.Go(func() {
			for _, former := range going { // an endpoint may take one connection only
				if former.link.ID == o.link.ID || former.link.Address == o.link.Address {
					former.ended()
					if d, ok := o.driver.(successor); ok && former.done != nil {
						d.succeed(time.Now())
					}
				}
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			c.start(o)
		})
	}
	changes.Wait()
	for _, o := range going {
		o.ended()
	}
}

// successor is a driver that minds when the endpoint was let go of by another.
type successor interface{ succeed(closed time.Time) }

func (l *modbusLink) succeed(closed time.Time) { l.port.closed = closed }

// ended waits until a stopped link has let go of its connection.
func (o *owner) ended() {
	if o.done != nil {
		<-o.done
	}
}
