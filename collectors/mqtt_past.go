package collectors

import (
	"time"

	"bongsu/facility"
)

const (
	// keptOfADevice and keptOfALink bound the old values that wait until the clock that dates them is known to be
	// right; each takes some 80 bytes.
	keptOfADevice = 4096
	keptOfALink   = 1 << 18
)

// past is what a device said after the fact: values it had stored, that the broker had kept, or that others
// overtook. They are for the history, at their own time. That time is believed when a message that comes as
// it is sent agrees with the device's clock: a clock that was set back makes values of now look old.
type past struct {
	kept   []facility.Sample
	offset time.Duration // of the clock that dates them
	room   *int          // how many are kept on the whole link, nil: as many as this device may have
}

// keep puts a value with the sender's time by for the history. What is not usable is no history.
func (d *mqttDevice) keep(s facility.Sample, stamp time.Time) {
	if s.Quality != facility.Good && s.Quality != facility.Uncertain {
		return
	}
	d.historical.Add(1)
	h := &d.past
	if len(h.kept) == 0 {
		h.offset = d.clock.offset
	}
	if len(h.kept) >= keptOfADevice || h.room != nil && *h.room >= keptOfALink {
		d.forgotten.Add(1)
		return
	}
	s.At, s.Flags = stamp.Add(d.clock.offset), s.Flags|facility.Historical
	h.kept = append(h.kept, s)
	if h.room != nil {
		*h.room++
	}
}

// settle gives the kept values to the history, behind out, once their clock has proved right at now; when it
// proved to be another one, they are forgotten.
func (d *mqttDevice) settle(now time.Time, out []facility.Sample) []facility.Sample {
	h := &d.past
	switch {
	case len(h.kept) == 0:
		return out
	case d.clock.offset != h.offset && (d.clock.offset-h.offset).Abs() > d.clock.limit:
		d.forgotten.Add(uint64(len(h.kept)))
	case d.clock.sure.Equal(now):
		out = append(out, h.kept...)
	default:
		return out
	}
	if h.room != nil {
		*h.room -= len(h.kept)
	}
	h.kept = nil
	return out
}
