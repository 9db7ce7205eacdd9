package collectors

import (
	"errors"
	"fmt"
	"time"

	"bongsu/facility"
)

// What a device is taken to need for an answer, beside the time on a serial line: a report at
// configuration time cannot measure it.
const (
	AssumedTCP    = 5 * time.Millisecond  // a device on the network
	AssumedSerial = 10 * time.Millisecond // a unit on a serial line
)

// LinkLoad is what polling one Modbus link costs, computed from the site file alone.
type LinkLoad struct {
	Link      string
	Framing   string // tcp, rtu or ascii
	Baud      int    // of its serial line, 0 where none is known
	Units     int
	Points    int
	Requests  int // to read everything once
	Registers int // read with them, those of scale factors too
	Coils     int // and discrete inputs

	PerSecond float64       // requests a second over all scan classes
	Load      float64       // of the link's time; 1 is full, above it scans are missed
	Cycle     time.Duration // until all is read when everything falls due at once and every unit answers
	Worst     time.Duration // the same for the last unit while all others fall silent at once
}

// Loads computes the cost of every Modbus link of a site, in the order of the site file. It opens
// nothing. The error names every link whose points cannot be read as they are described.
func Loads(site *facility.Site) ([]LinkLoad, error) {
	devices := map[string][]*facility.Device{}
	for i := range site.Devices {
		dev := &site.Devices[i]
		devices[dev.Link] = append(devices[dev.Link], dev)
	}
	var out []LinkLoad
	var faults []error
	for _, link := range site.Links {
		if link.Protocol != "modbus" {
			continue
		}
		load, err := loadOf(site, link, devices[link.ID])
		if err != nil {
			faults = append(faults, fmt.Errorf("link %s: %w", link.ID, err))
			continue
		}
		out = append(out, load)
	}
	return out, errors.Join(faults...)
}

func loadOf(site *facility.Site, link facility.Link, devices []*facility.Device) (LinkLoad, error) {
	p, err := newPort(link, nil)
	if err != nil {
		return LinkLoad{}, err
	}
	out := LinkLoad{Link: link.ID, Framing: link.Framing}
	if out.Framing == "" {
		out.Framing = "tcp"
	}
	latency := AssumedTCP
	if !p.numbered() {
		latency = AssumedSerial
	}
	if p.char > 0 {
		out.Baud = link.Serial.Baud
	}
	units, err := unitSpecs(site, link, devices)
	if err != nil {
		return LinkLoad{}, err
	}
	var silence, shortest, longest time.Duration
	for i, u := range units {
		plans, _, err := planUnit(u)
		if err != nil {
			return LinkLoad{}, fmt.Errorf("unit %d: %w", u.id, err)
		}
		for _, b := range plans {
			out.add(b, latency+max(u.gap, p.quiet())+p.wireTime(readOf(b).pdu()))
		}
		out.Points += len(u.points)
		if i == 0 || u.timeout < shortest {
			shortest = u.timeout
		}
		silence, longest = silence+u.timeout, max(longest, u.timeout)
	}
	out.Units = len(units)
	out.Worst = out.Cycle + silence - shortest
	if len(units) > 2 {
		out.Worst += longest // the second silence in a row is asked once more
	}
	return out, nil
}

// add counts one request of the schedule that takes a time.
func (l *LinkLoad) add(b blockPlan, cost time.Duration) {
	l.Requests++
	if b.fn <= 2 {
		l.Coils += int(b.count)
	} else {
		l.Registers += int(b.count)
	}
	l.Cycle += cost
	if b.every > 0 {
		l.PerSecond += 1 / b.every.Seconds()
		l.Load += cost.Seconds() / b.every.Seconds()
	}
}

// pdu is the question as it stands on the wire, without its frame.
func (r readRequest) pdu() []byte {
	return []byte{r.fn, byte(r.address >> 8), byte(r.address), byte(r.count >> 8), byte(r.count)}
}
