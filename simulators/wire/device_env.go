package wire

import (
	"errors"
	"fmt"
	"time"

	"github.com/simonvetter/modbus"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// words32 splits a counter, most significant word first.
func words32(v float64) []uint16 {
	n := uint32(max(0, min(4294967294, v)))
	return []uint16{uint16(n >> 16), uint16(n)}
}

// weatherStation is the instruments on the roof.
type weatherStation struct {
	readOnly
	id string
}

func newWeatherStation(l *world.Layout, dev *facility.Device) (station, error) {
	a, err := l.AssetFor(dev, "weather")
	if err != nil {
		return nil, err
	}
	return weatherStation{id: string(a.ID)}, nil
}

func (s weatherStation) image(w *world.World) (image, error) {
	r, err := w.Weather(s.id)
	if err != nil {
		return image{}, err
	}
	words := []uint16{int16At(r.DryC, 10), int16At(r.WetC, 10), int16At(r.DewC, 10), uint16At(r.HumidityPct, 10), uint16At(r.PressureHPa, 10),
		uint16At(r.WindMS, 10), uint16At(r.GustMS, 10), uint16At(r.WindDeg, 1), uint16At(r.RainMMH, 10)}
	return image{input: []block{{0, append(words, words32(r.RainMM*10)...)}}}, nil
}

// seismicStation is the seismometer with the tilt switches behind it.
type seismicStation struct {
	readOnly
	id string
}

func newSeismicStation(l *world.Layout, dev *facility.Device) (station, error) {
	a, err := l.AssetFor(dev, "seismic")
	if err != nil {
		return nil, err
	}
	return seismicStation{id: string(a.ID)}, nil
}

func (s seismicStation) image(w *world.World) (image, error) {
	r, err := w.Seismic(s.id)
	if err != nil {
		return image{}, err
	}
	words := []uint16{int16At(r.PeakMG[0], 1), int16At(r.PeakMG[1], 1), int16At(r.PeakMG[2], 1), uint16At(r.PeakGal, 10),
		uint16(r.Band), uint16At(float64(r.Tilted), 1)}
	return image{input: []block{{0, append(words, words32(float64(r.Events))...)}}, inputs: []bool{r.Shaking, r.Tilted > 0}}, nil
}

// leakStation is the panel of one leak rope.
type leakStation struct {
	readOnly
	id string
}

func newLeakStation(l *world.Layout, dev *facility.Device) (station, error) {
	a, err := l.AssetFor(dev, "leak-rope")
	if err != nil {
		return nil, err
	}
	return leakStation{id: string(a.ID)}, nil
}

func (s leakStation) image(w *world.World) (image, error) {
	r, err := w.Leak(s.id)
	if err != nil {
		return image{}, err
	}
	return image{
		input:  []block{{0, []uint16{uint16At(r.DistanceM, 10), uint16At(r.LengthM, 10), uint16At(r.CurrentUA, 1)}}},
		inputs: []bool{r.Leak, r.Broken},
	}, nil
}

// switched is a station whose coils are outputs of one asset.
type switched struct {
	id    string
	coils outputs
}

func newSwitched(l *world.Layout, dev *facility.Device, kind string, names ...string) (switched, error) {
	a, err := l.AssetFor(dev, kind)
	if err != nil {
		return switched{}, err
	}
	s := switched{id: string(a.ID)}
	for _, n := range names {
		s.coils = append(s.coils, output{s.id, n})
	}
	return s, nil
}

func (s switched) setCoil(w *world.World, addr uint16, on bool) error {
	return s.coils.set(w, addr, on)
}

func (s switched) setRegister(*world.World, uint16, uint16) error { return modbus.ErrIllegalFunction }

// sumpStation is the pump panel of one basement.
type sumpStation struct{ switched }

func newSumpStation(l *world.Layout, dev *facility.Device) (station, error) {
	s, err := newSwitched(l, dev, "sump", world.FloodBoards, world.SumpPumps)
	return sumpStation{s}, err
}

func (s sumpStation) image(w *world.World) (image, error) {
	r, err := w.Sump(s.id)
	fb, ferr := s.coils.feedbacks(w)
	if err := errors.Join(err, ferr); err != nil {
		return image{}, err
	}
	return image{
		input:  []block{{0, append([]uint16{int16At(r.LevelCm, 10), uint16At(r.PumpM3H, 10)}, words32(float64(r.Starts))...)}},
		coils:  commanded(fb),
		inputs: []bool{r.PumpRuns[0], r.PumpRuns[1], r.PumpFailed[0], r.PumpFailed[1], r.BoardsClosed, fb[1].Confirmed},
	}, nil
}

// drainTankStation is the panel of a contaminated-water tank.
type drainTankStation struct{ switched }

func newDrainTankStation(l *world.Layout, dev *facility.Device) (station, error) {
	s, err := newSwitched(l, dev, "drain-tank", world.TransferPump)
	return drainTankStation{s}, err
}

func (s drainTankStation) image(w *world.World) (image, error) {
	r, err := w.DrainTank(s.id)
	fb, ferr := s.coils.feedbacks(w)
	if err := errors.Join(err, ferr); err != nil {
		return image{}, err
	}
	words := []uint16{uint16At(r.LevelPct, 10)}
	for _, litres := range []float64{r.LevelL, r.SpilledL, r.TransferL} {
		words = append(words, words32(litres)...)
	}
	return image{input: []block{{0, words}}, coils: commanded(fb), inputs: []bool{r.High, r.HighHigh, r.PumpRunning}}, nil
}

// carrierSender is the edge routers' view of one carrier.
type carrierSender struct{ id string }

func newCarrierSender(l *world.Layout, dev *facility.Device) (sender, error) {
	a, err := l.AssetFor(dev, "carrier")
	if err != nil {
		return nil, err
	}
	return carrierSender{string(a.ID)}, nil
}

func (carrierSender) period() time.Duration { return time.Second }

func (s carrierSender) readings(w *world.World, out []reading) []reading {
	r, err := w.Carrier(s.id)
	if err != nil {
		return out
	}
	say := func(point string, v float64) { out = append(out, newReading(point, v, wordGood, "NET")) }
	for i, l := range r.Links {
		m := fmt.Sprintf("m%d-", i+1)
		say(m+"los", float64(oneIf(l.LOS)))
		say(m+"rx", l.RxDBm)
		say(m+"loss", l.LossPercent*10)
		say(m+"rtt", l.RTTMs)
		say(m+"bgp", float64(oneIf(l.BGP)))
	}
	say("carrying", float64(r.Carrying))
	say("reachable", float64(oneIf(r.Reachable)))
	say("common-cause", float64(oneIf(r.CommonCause)))
	say("reroutes", float64(r.Reroutes))
	say("outage", r.OutageS)
	return out
}
