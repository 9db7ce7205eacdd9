package simulators_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/rules"
	"bongsu/simulators"
)

// maxSkew is how far the clock of a payload may be off before its value is not believed.
const maxSkew = 2 * time.Second

// scanner reads every device of a site at its points' own scan classes, decoded as the profiles say. It is written
// against the meaning of the profiles' words and not against the collectors, so that each finds out the other.
type scanner struct {
	t       *testing.T
	site    *facility.Site
	plant   *simulators.Plant
	modbus  []polled
	topics  map[string]topic
	lastSeq map[facility.Ref]uint64
	batch   []facility.Sample
	message message
}

// polled is a Modbus device with those of its points that somebody judges by: the others would only cost time.
type polled struct {
	device *facility.Device
	points []*facility.Point
}

// topic is a point that an MQTT device publishes.
type topic struct {
	ref    facility.Ref
	needed bool
}

// watched finds the points that alarm rules and the fire response look at.
func watched(site *facility.Site) map[facility.Ref]bool {
	out := map[facility.Ref]bool{}
	for i := range site.Alarms {
		for _, at := range site.PointsMatching(site.Alarms[i].Points) {
			inputs, _ := site.RuleInputs(&site.Alarms[i], at) // the site was checked
			for _, ref := range append(inputs, at) {
				out[ref] = true
			}
		}
	}
	for _, c := range site.Commands {
		out[c.Feedback] = true
		if ref, ok := site.Ref(facility.PointID(string(c.Device) + "/" + rules.LocalPoint)); ok && c.Guard.Held {
			out[ref] = true
		}
	}
	add := func(points map[string]facility.PointID) {
		for _, id := range points {
			if ref, ok := site.Ref(id); ok {
				out[ref] = true
			}
		}
	}
	for _, m := range site.Fire.Rooms {
		add(m.Points)
		for _, r := range m.Racks {
			add(r.Points)
		}
	}
	return out
}

func newScanner(t *testing.T, site *facility.Site, plant *simulators.Plant) *scanner {
	t.Helper()
	s := &scanner{t: t, site: site, plant: plant, topics: map[string]topic{}, lastSeq: map[facility.Ref]uint64{}}
	needed, protocol := watched(site), map[string]string{}
	for _, l := range site.Links {
		protocol[l.ID] = l.Protocol
	}
	for i := range site.Devices {
		d := &site.Devices[i]
		if !slices.ContainsFunc(d.Refs, func(ref facility.Ref) bool { return needed[ref] }) && len(d.Refs) > 0 {
			needed[d.Refs[0]] = true // or the device would be taken for silent
		}
		if protocol[d.Link] == "modbus" {
			p := polled{device: d}
			for _, ref := range d.Refs {
				if needed[ref] {
					p.points = append(p.points, &site.Points[ref])
				}
			}
			s.modbus = append(s.modbus, p)
			continue
		}
		for _, ref := range d.Refs {
			s.topics[d.Topic+"/"+site.Points[ref].Def.Topic] = topic{ref, needed[ref]}
		}
	}
	return s
}

// scan reads what is due in second n.
func (s *scanner) scan(now time.Time, n int64) []facility.Sample {
	s.batch = make([]facility.Sample, 0, cap(s.batch)) // readers keep a batch
	for _, d := range s.modbus {
		shown, ok := s.plant.Links().Show(d.device.ID)
		for _, p := range d.points {
			if every := int64(p.Scan / time.Second); every > 1 && n%every != 0 {
				continue
			}
			out := facility.Sample{Point: p.Ref, Quality: facility.Bad, Reason: facility.CommsLost, Value: math.NaN(), At: now, Seen: now}
			if ok {
				s.decode(p, d.device.Base, shown, &out)
			}
			s.batch = append(s.batch, out)
		}
	}
	for _, said := range s.plant.Links().Say(now, n) {
		heard, ok := s.topics[said.Topic]
		switch {
		case !ok:
			s.t.Errorf("a device publishes on %s and no point listens", said.Topic)
		case heard.needed:
			s.batch = append(s.batch, s.payload(heard.ref, said.Payload, now))
		}
	}
	return s.batch
}

type registers interface {
	Words(function int, addr uint16, n int) ([]uint16, bool)
	Bit(function int, addr uint16) (on, ok bool)
}

// decode turns registers into a value as the point's profile says.
func (s *scanner) decode(p *facility.Point, base int, shown registers, out *facility.Sample) {
	def := p.Def
	addr := uint16(base + *def.Address)
	if def.Function <= 2 {
		on, ok := shown.Bit(def.Function, addr)
		if !ok {
			out.Reason = facility.Exception
			return
		}
		s.judge(p, oneIf(on), out)
		return
	}
	if def.Order != "" && def.Order != "ABCD" || def.ScaleFrom != nil {
		s.t.Errorf("point %s: this house cannot read such words", p.ID)
		return
	}
	words, ok := shown.Words(def.Function, addr, def.Words())
	if !ok {
		out.Reason = facility.Exception
		return
	}
	var raw uint64
	for _, w := range words {
		raw = raw<<16 | uint64(w)
	}
	mask := uint64(math.MaxUint64) >> (64 - 16*len(words))
	if def.InvalidMask != nil {
		mask &= uint64(*def.InvalidMask)
	}
	for _, pattern := range def.Invalid {
		if uint64(pattern)&mask == raw&mask {
			out.Reason = facility.Sentinel
			return
		}
	}
	if def.Bit != nil {
		s.judge(p, float64(raw>>*def.Bit&(1<<max(def.Bits, 1)-1)), out)
		return
	}
	scale := def.Scale
	if scale == 0 {
		scale = 1
	}
	s.judge(p, number(def.Type, raw)*scale+def.Offset, out)
}

func number(kind string, raw uint64) float64 {
	switch kind {
	case "int16":
		return float64(int16(raw))
	case "int32":
		return float64(int32(raw))
	case "int64":
		return float64(int64(raw))
	case "float32":
		return float64(math.Float32frombits(uint32(raw)))
	case "float64":
		return math.Float64frombits(raw)
	}
	return float64(raw)
}

func oneIf(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

// judge says whether a number can be, as the point's range and words say.
func (s *scanner) judge(p *facility.Point, v float64, out *facility.Sample) {
	out.Value, out.Quality, out.Reason = v, facility.Good, facility.NoReason
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		out.Quality, out.Reason = facility.Bad, facility.NotANumber
	case p.Min < p.Max && (v < p.Min || v > p.Max):
		out.Quality, out.Reason = facility.Bad, facility.OutOfRange
	case p.Kind == "enum":
		if _, known := p.Enum[int(v)]; !known {
			out.Quality, out.Reason = facility.Bad, facility.OutOfRange
		}
	}
}

// message is what a device of the simulator publishes.
type message struct {
	V   *float64
	Q   string
	T   time.Time
	Seq uint64
	Sim bool
}

// payload reads one MQTT message. A replayed or drilled value offered as real is refused, and so is one whose clock
// is far off.
func (s *scanner) payload(ref facility.Ref, text []byte, now time.Time) facility.Sample {
	out := facility.Sample{Point: ref, Quality: facility.Bad, Reason: facility.Malformed, Value: math.NaN(), At: now, Seen: now}
	m := &s.message
	*m = message{}
	if err := json.Unmarshal(text, m); err != nil {
		return out
	}
	last, known := s.lastSeq[ref]
	s.lastSeq[ref] = m.Seq
	switch skew := now.Sub(m.T).Abs(); {
	case m.Sim:
		out.Reason = facility.DrillTag
	case skew > maxSkew:
		out.Reason = facility.ClockSkew
	case m.V == nil || strings.EqualFold(m.Q, "BAD"):
		out.Reason = facility.DeviceSays
	default:
		s.judge(&s.site.Points[ref], *m.V, &out)
		if out.Quality == facility.Good && known && m.Seq != last+1 {
			out.Quality, out.Reason = facility.Uncertain, facility.SequenceGap
		}
		if strings.EqualFold(m.Q, "OBSCURED") {
			out.Flags |= facility.Obscured
		}
	}
	return out
}
