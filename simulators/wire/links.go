// Package wire is the devices of the simulated facility with their links: Modbus TCP endpoints and MQTT brokers. Reads
// and orders of real clients enter, readings of the world and its actuators' proof leave. It decides nothing: the
// world moves, and is lent by the house the devices stand in.
package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// House is where the devices stand. It lends the world, and with it what faults do to the devices, to one at a time.
type House interface {
	// Look lends the world as it is; the generation rises with every change of it.
	Look(use func(w *world.World, generation uint64))
	// Order lends the world to somebody who gives orders, and is told whether any were taken.
	Order(use func(w *world.World) (changed bool))
}

// Links are all endpoints of a site with their devices.
type Links struct {
	site *facility.Site
	byID map[string]endpoint
	down map[string]string // fault by link; belongs to the lock of the house

	misleading int // faults on instruments of battery rooms; lock of the house
}

// New builds the endpoints of a site; they listen nowhere yet. Its error names every device that cannot be played.
func New(site *facility.Site, l *world.Layout, h House, log *slog.Logger) (*Links, error) {
	all := &Links{site: site, byID: map[string]endpoint{}, down: map[string]string{}}
	var faults []error
	for _, link := range site.Links {
		switch {
		case link.Protocol == "modbus" && (link.Framing == "" || link.Framing == "tcp") && !link.OnSerialLine():
			all.byID[link.ID] = newModbusLink(h, l, link, log)
		case link.Protocol == "mqtt":
			all.byID[link.ID] = newMQTTLink(h, l, link, log)
		default:
			faults = append(faults, fmt.Errorf("link %s: only Modbus TCP and MQTT are simulated, not %s %s on %s", link.ID, link.Protocol, link.Framing, link.Address))
		}
	}
	for i := range site.Devices {
		dev := &site.Devices[i]
		if l := all.byID[dev.Link]; l != nil {
			faults = append(faults, l.add(dev))
		}
	}
	return all, errors.Join(faults...)
}

// Open binds every endpoint, or none; with anyPort on free ports.
func (all *Links) Open(anyPort bool) error {
	for _, l := range all.site.Links {
		if err := all.byID[l.ID].open(anyPort); err != nil {
			all.Close()
			return fmt.Errorf("link %s: %w (is another bongsu-sim running, or is the address in the site file not this machine's?)", l.ID, err)
		}
	}
	return nil
}

// Run lets the devices that publish by themselves do so until ctx ends.
func (all *Links) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, l := range all.byID {
		if m, ok := l.(*mqttLink); ok {
			running.Go(func() { m.run(ctx) })
		}
	}
	running.Wait()
}

// Close gives back every port.
func (all *Links) Close() {
	for _, l := range all.byID {
		l.close()
	}
}

// IDs lists the links in alphabetical order.
func (all *Links) IDs() []string { return sortedKeys(all.byID) }

// States describes every link, in the order of the site.
func (all *Links) States() (out []LinkState) {
	for _, l := range all.site.Links {
		out = append(out, all.byID[l.ID].state())
	}
	return out
}
