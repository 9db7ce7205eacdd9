package facility

import (
	"fmt"
	"slices"
	"time"
)

// PointID is the hierarchical name of one value, for example "demo/b1/r3/bms/t-max".
type PointID string

// AssetID names a thing with a nameplate, for example "demo/b1/r3".
type AssetID string

// DeviceID names a thing with an address, for example "demo/b1/r3/bms".
type DeviceID string

// CommandID names one order a device takes: its device's id, a slash and the command's name.
type CommandID string

// Ref is a point's index in Site.Points. It is valid for one loaded site only: what is stored
// carries PointIDs (or a dictionary of them) beside it.
type Ref uint32

// Quality says how far a value may be trusted. The zero value is the one nobody may trust.
type Quality uint8

// The one quality enumeration, from never seen to good.
const (
	Unknown Quality = iota
	Good
	Uncertain
	Bad
	Stale
)

var qualityNames = [...]string{"unknown", "good", "uncertain", "bad", "stale"}

// String gives the name used in the API, the journal and the console.
func (q Quality) String() string {
	if int(q) < len(qualityNames) {
		return qualityNames[q]
	}
	return "unknown"
}

// MarshalText writes the quality's name.
func (q Quality) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText reads a quality's name and refuses any other word.
func (q *Quality) UnmarshalText(b []byte) error {
	for i, n := range qualityNames {
		if n == string(b) {
			*q = Quality(i)
			return nil
		}
	}
	return fmt.Errorf("quality %q: want one of %v", b, qualityNames)
}

// Worse returns the less trustworthy of two qualities, for derived values.
func (q Quality) Worse(o Quality) Quality {
	if o.distrust() > q.distrust() {
		return o
	}
	return q
}

func (q Quality) distrust() int {
	if q > Stale {
		q = Unknown
	}
	return [...]int{Unknown: 4, Good: 0, Uncertain: 1, Bad: 3, Stale: 2}[q]
}

// Reason says why a quality is not good.
type Reason uint8

// The reasons a collector or the view can give.
const (
	NoReason    Reason = iota
	CommsLost          // no answer from the device or broker
	OutOfRange         // outside the point's configured range
	Sentinel           // the device's own "no value" pattern
	NotANumber         // NaN or infinity
	Malformed          // a payload that could not be decoded
	Exception          // the device refused the read
	TooOld             // not refreshed within the point's stale-after
	SequenceGap        // messages are missing before this one
	DrillTag           // simulated data offered as real
	ClockSkew          // the payload's own clock is far from arrival
	Lagging            // a reader of the bus lost samples of this point
	DeviceSays         // the device itself reports the value as bad
	Firmware           // the device's firmware is none its profile was made for
	Unserved           // nobody serves its link: the collectors that may are away
)

var reasonNames = [...]string{
	"", "comms", "range", "sentinel", "nan", "malformed", "exception", "stale",
	"sequence", "drill-tag", "clock-skew", "lag", "device", "firmware", "unserved",
}

// String gives the reason's name; empty for none.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return ""
}

// MarshalText writes the reason's name.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a reason's name and refuses any other word.
func (r *Reason) UnmarshalText(b []byte) error {
	for i, n := range reasonNames {
		if n == string(b) {
			*r = Reason(i)
			return nil
		}
	}
	return fmt.Errorf("reason %q: want one of %v", b, reasonNames)
}

// Flags stand beside a quality; a sample can carry several.
type Flags uint8

// What a flag marks.
const (
	Substituted Flags = 1 << iota
	Simulated
	Bypassed
	Obscured
	OutOfService
	Historical // told after the fact: At is when it was so
)

var flagNames = [...]string{"substituted", "simulated", "bypassed", "obscured", "out-of-service", "historical"}

// Names lists the flags that are set, nil for none.
func (f Flags) Names() []string {
	var out []string
	for i, n := range flagNames {
		if f&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return out
}

// ParseFlags reads the names that Names gives and refuses any other word.
func ParseFlags(names []string) (Flags, error) {
	var f Flags
	for _, name := range names {
		i := slices.Index(flagNames[:], name)
		if i < 0 {
			return 0, fmt.Errorf("flag %q: want one of %v", name, flagNames)
		}
		f |= 1 << i
	}
	return f, nil
}

// Sample is one reading of one point, good or not: a failed read is a sample too, so that silence
// is never mistaken for health.
type Sample struct {
	Point   Ref
	Quality Quality
	Reason  Reason
	Flags   Flags
	Value   float64   // in the point's unit; meaningless unless Quality is Good or Uncertain
	At      time.Time // when the device acquired it (wall clock)
	Seen    time.Time // when we took it in; carries the monotonic clock inside the process
}

// Past says whether the sample only fills in the history: nobody may take it for what is so now.
func (s Sample) Past() bool { return s.Flags&Historical != 0 }

// Usable says whether the value may be shown as a number.
func (s Sample) Usable() bool {
	return s.Quality == Good || s.Quality == Uncertain || s.Quality == Stale
}
