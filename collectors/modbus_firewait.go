package collectors

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"bongsu/facility"
)

// FireWait is how long a command of the fire response may wait for what is on the wire of its link, computed from the
// site file alone.
type FireWait struct {
	Link     string
	Framing  string // tcp, rtu or ascii
	Serial   bool   // the link is a serial line of this machine
	Commands int    // that the fire response may give through it
	// Worst is until a command goes out whose endpoint can be reached: the request in flight has its time, whoever it is
	// for, and the line its turnaround. Each command of the fire response before it, at worst to a unit that has died
	// since it last answered, takes as long again. The way to a collector process that serves the link is in it.
	Worst time.Duration
	// Collector is who serves the link before the field itself does, empty for nobody. While its process is lost and the
	// field has not noticed yet, no command goes out: that is not in Worst.
	Collector string
}

// FireWaits computes the longest wait on every Modbus link that the fire response gives commands through, in the order
// of the site file. The error names every link whose points cannot be read as they are described.
func FireWaits(site *facility.Site) ([]FireWait, error) {
	commands := map[string]int{}
	for id := range site.FireCommands() {
		if dev := site.Device(site.Commands[id].Device); dev != nil {
			commands[dev.Link]++
		}
	}
	var out []FireWait
	var faults []error
	for _, link := range site.Links {
		if link.Protocol != "modbus" || commands[link.ID] == 0 {
			continue
		}
		wait, err := fireWait(site, link)
		if err != nil {
			faults = append(faults, fmt.Errorf("link %s: %w", link.ID, err))
			continue
		}
		wait.Commands = commands[link.ID]
		if prefer := site.Seats(link.ID).Prefer; len(prefer) > 0 {
			wait.Collector = prefer[0]
			wait.Worst += AssumedTCP
		}
		out = append(out, wait)
	}
	return out, errors.Join(faults...)
}

func fireWait(site *facility.Site, link facility.Link) (FireWait, error) {
	p, err := newPort(link, nil)
	if err != nil {
		return FireWait{}, err
	}
	units, err := unitSpecs(site, link, devicesOn(site, link.ID))
	if err != nil {
		return FireWait{}, err
	}
	w := FireWait{Link: link.ID, Framing: cmp.Or(link.Framing, "tcp"), Serial: link.OnSerialLine()}
	var gap time.Duration
	for _, u := range units {
		plans, _, err := planUnit(u)
		if err != nil {
			return FireWait{}, fmt.Errorf("unit %d: %w", u.id, err)
		}
		frames := p.wireTime(make([]byte, longestWrite))
		for _, b := range plans {
			frames = max(frames, p.wireTime(readOf(b).pdu()))
		}
		w.Worst = max(w.Worst, frames+min(yieldMost, u.timeout))
		gap = max(gap, u.gap, p.quiet())
	}
	w.Worst += gap
	switch {
	case !p.numbered():
		w.Worst += max(p.quiet(), 5*drainTime) + drainTime // until the line is quiet
	case !p.one:
		w.Worst += AssumedTCP // for another connection
	}
	if p.one {
		w.Worst += reopenPause + AssumedTCP // it may have been silent before, and is left then
	}
	return w, nil
}

// longestWrite is the longest order of ours on the wire: the address, the count and the bytes of a 64-bit number.
const longestWrite = 14
