package wire

import (
	"math"
	"time"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// Quality words a sender may put into a payload.
const (
	wordGood     = "GOOD"
	wordBad      = "BAD"
	wordObscured = "OBSCURED"
)

// cameraSender is a thermal camera's region on one battery rack.
type cameraSender struct{ rack string }

func newCameraSender(l *world.Layout, dev *facility.Device) (sender, error) {
	a, err := l.AssetFor(dev, "battery-rack")
	if err != nil {
		return nil, err
	}
	return cameraSender{string(a.ID)}, nil
}

func (cameraSender) period() time.Duration { return time.Second }

func (s cameraSender) readings(w *world.World, out []reading) []reading {
	c, err := w.Camera(s.rack)
	if err != nil {
		return out
	}
	quality := wordGood
	if c.Obscured {
		quality = wordObscured
	}
	return append(out, newReading("max", c.MaxC, quality, "TC"), newReading("mean", c.MeanC, quality, "TC"))
}

// inletSender is the cold-aisle sensor bar and the two cords of one IT rack.
type inletSender struct{ rack string }

func newInletSender(l *world.Layout, dev *facility.Device) (sender, error) {
	a, err := l.AssetFor(dev, "it-rack")
	if err != nil {
		return nil, err
	}
	return inletSender{string(a.ID)}, nil
}

func (inletSender) period() time.Duration { return 10 * time.Second }

func (s inletSender) readings(w *world.World, out []reading) []reading {
	r, err := w.ITRack(s.rack)
	if err != nil {
		return out
	}
	return append(out,
		newReading("inlet-bottom", r.InletBottomC, wordGood, "RI"),
		newReading("inlet-middle", r.InletMiddleC, wordGood, "RI"),
		newReading("inlet-top", r.InletTopC, wordGood, "RI"),
		newReading("kw-a", r.FeedAKW, wordGood, "PM"),
		newReading("kw-b", r.FeedBKW, wordGood, "PM"))
}

// newReading calls a value that does not exist bad, whatever else is known about it.
func newReading(point string, v float64, quality, source string) reading {
	if math.IsNaN(v) {
		quality = wordBad
	}
	return reading{point: point, value: v, quality: quality, source: source}
}
