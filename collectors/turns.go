package collectors

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"bongsu/facility"
)

// ErrElsewhere is a command for a link that another process serves: nothing was sent.
var ErrElsewhere = errors.New("another process serves this link: nothing was sent")

// errNotOurs is a request that was not sent because the right to the link had ended before it.
var errNotOurs = errors.New("the right to this link has ended")

// Take begins to serve a link that was left aside; it changes nothing for one that is served. Like every start of a
// link it connects nothing by itself. The calls for one link come one after the other.
func (c *Collectors) Take(link string) error {
	c.mu.RLock()
	site, aside := c.site, c.aside[link]
	o := c.ownerOf(link)
	c.mu.RUnlock()
	switch {
	case o == nil:
		return fmt.Errorf("take link %s: the site has none of that name", link)
	case !aside:
		return nil
	}
	next := o
	if o.done != nil { // an owner serves once
		var err error
		if next, err = c.open(site, o.link, devicesOn(site, link)); err != nil {
			return fmt.Errorf("take link %s: %w", link, err)
		}
	}
	if d, ok := next.driver.(successor); ok {
		d.succeed(time.Now()) // whoever had it has only just closed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.links, o)
	if i < 0 {
		return fmt.Errorf("take link %s: the site has changed", link)
	}
	if next != o {
		c.links[i] = next
		for _, dev := range devicesOn(site, link) {
			c.byDevice[dev.ID] = next.driver
		}
	}
	delete(c.aside, link)
	c.start(next)
	return nil
}

// Drop lets go of a link and leaves it aside. It returns when the link's connection is closed: after the request
// that is under way, at most. Orders that wait for the link are told that they were not sent.
func (c *Collectors) Drop(link string) {
	c.mu.Lock()
	o := c.ownerOf(link)
	if o != nil {
		c.aside[link] = true
	}
	c.mu.Unlock()
	if o == nil || o.stop == nil {
		return
	}
	o.stop()
	o.ended()
}

// ownerOf is a link's owner, nil for none. It is called with mu held.
func (c *Collectors) ownerOf(link string) *owner {
	i := slices.IndexFunc(c.links, func(o *owner) bool { return o.link.ID == link })
	if i < 0 {
		return nil
	}
	return c.links[i]
}

// leave puts a link that is new aside where another process is to say who serves it. It is called with mu held, or
// before anything runs.
func (c *Collectors) leave(site *facility.Site, link string) {
	if c.opts.Aside != nil && c.opts.Aside(site, link) {
		c.aside[link] = true
	}
}

func devicesOn(site *facility.Site, link string) (out []*facility.Device) {
	for i := range site.Devices {
		if site.Devices[i].Link == link {
			out = append(out, &site.Devices[i])
		}
	}
	return out
}

// right says whether this process may use the link now.
func (w *wire) right() bool { return w.may == nil || w.may() }
