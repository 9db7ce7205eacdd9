package collectors

import "time"

// oddity is something in a device's messages that harms nobody but that somebody should look into.
type oddity uint8

const (
	sendsCopies oddity = iota
	sendsOutOfOrder
	sendsOld
	oddities
)

// episode is one oddity of one device: when it last happened, zero for not of late, and whether it was logged.
type episode struct {
	last time.Time
	told bool
}

// calmAfter is how long an oddity must not have happened to be over.
const calmAfter = time.Minute

var oddWords = [oddities]string{"copies", "out of order", "old values"}

// ordered counts a message that was not taken as live for its place among the others.
func (d *mqttDevice) ordered(v verdict, at time.Time) {
	switch v {
	case aCopy:
		d.copied.Add(1)
		d.happened(sendsCopies, at)
	case tooLate:
		d.late.Add(1)
		d.happened(sendsOutOfOrder, at)
	}
}

// happened notes an oddity.
func (d *mqttDevice) happened(what oddity, at time.Time) {
	d.odd[what].last, d.strange = at, true
}

// tellOddities logs each oddity of each device when it begins and when it is over.
func (l *mqttLink) tellOddities(now time.Time) {
	for _, d := range l.devices {
		if !d.strange {
			continue
		}
		d.strange = false
		for what := range d.odd {
			switch o := &d.odd[what]; {
			case o.last.IsZero():
				continue
			case now.Sub(o.last) >= calmAfter:
				o.last, o.told = time.Time{}, false
				l.log.Info("a device no longer sends messages that are not taken as live", "device", d.id, "what", oddWords[what], "copies", d.copied.Load(), "out_of_order", d.late.Load(), "old", d.stale.Load())
				continue
			case !o.told:
				o.told = true
				l.log.Warn("a device sends messages that are counted and not taken as live", "device", d.id, "what", oddWords[what])
			}
			d.strange = true
		}
	}
}
