package rules

import (
	"math"
	"slices"
	"time"

	"bongsu/facility"
	"bongsu/rules/fire"
)

// Delta evidence: a rack's surface that is this much hotter than its peers, or a second thermistor
// that is this much hotter than its rack, supports a temperature vote. A rack's air stays cool until
// the first cell vents, so without it the second vote would come minutes too late.
const (
	cameraDeltaK   = 8.0
	cameraDeltaFor = 10 * time.Second
	sensorDeltaK   = 10.0
)

// staleOccupancy is how old the count of people may be before the room is taken as occupied.
const staleOccupancy = 60 * time.Second

// rackRefs are the points one rack is watched by; a missing one is noRef.
type rackRefs struct {
	channels                 [fire.Channels]facility.Ref
	bm2, median, sm, og, arc facility.Ref
	seen                     [fire.Channels]time.Time // of the sample the last tick used
	smoke, offgas, arcing    bool                     // last good evidence
	cameraOver               time.Time                // since when the camera is over its peers
	room                     int
}

// roomRefs are the points one room is watched by.
type roomRefs struct {
	asd, lel, occ, abort, station, partner, zoneA, zoneB, bankLow facility.Ref
	last                                                          fire.RoomInputs // last good values
}

// lelSeen is the flammable gas, in percent of its lower limit, that is still believed when its detector is lost.
const lelSeen = 10.0

const noRef = facility.Ref(1<<32 - 1)

// fireInputs turns points into what the fire engine looks at. What each lost input means is written
// in docs/decisions/0003.
type fireInputs struct {
	racks    []rackRefs
	rooms    []roomRefs
	feedback []feedbackRef
	firstC   float64 // threshold of stage 1, degrees Celsius
	scanned  []bool  // by Ref: a channel that Modbus reads each second
	scans    int     // how many there are: a scan is complete when all of them are new
}

type feedbackRef struct {
	name   string
	ref    facility.Ref
	equals float64
}

func newFireInputs(site *facility.Site, racks, rooms []string) *fireInputs {
	in := &fireInputs{firstC: fire.DefaultLimits().Thresholds.Stage[0], racks: make([]rackRefs, len(racks)), rooms: make([]roomRefs, len(rooms)),
		scanned: make([]bool, len(site.Points))}
	ref := func(points map[string]facility.PointID, name string) facility.Ref {
		if r, ok := site.Ref(points[name]); ok {
			return r
		}
		return noRef
	}
	for _, room := range site.Fire.Rooms {
		ri := slices.Index(rooms, room.ID)
		in.rooms[ri] = roomRefs{
			asd: ref(room.Points, "ASD"), lel: ref(room.Points, "LEL"), occ: ref(room.Points, "OCC"),
			abort: ref(room.Points, "ABORT"), station: ref(room.Points, "MANUAL_STATION"), partner: ref(room.Points, "PARTNER_OK"),
			zoneA: ref(room.Points, "ZONE_A"), zoneB: ref(room.Points, "ZONE_B"), bankLow: ref(room.Points, "BANK_LOW"),
		}
		in.addFeedback(site, room.ID, room.Commands)
		for _, rack := range room.Racks {
			r := &in.racks[slices.Index(racks, rack.ID)]
			*r = rackRefs{
				channels: [fire.Channels]facility.Ref{ref(rack.Points, "RT"), ref(rack.Points, "BM"), ref(rack.Points, "TC")},
				bm2:      ref(rack.Points, "BM2"), median: ref(rack.Points, "MED"),
				sm: ref(rack.Points, "SM"), og: ref(rack.Points, "OG"), arc: ref(rack.Points, "ARC"), room: ri,
			}
			for _, c := range r.channels[:2] {
				if site.Points[c].Def.Function != 0 {
					in.scans++
					in.scanned[c] = true
				}
			}
			in.addFeedback(site, rack.ID, rack.Commands)
		}
	}
	in.addFeedback(site, "SITE", site.Fire.Commands)
	slices.SortFunc(in.feedback, func(a, b feedbackRef) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	return in
}

func (in *fireInputs) addFeedback(site *facility.Site, scope string, commands map[string]facility.CommandID) {
	for name, id := range commands {
		c := site.Commands[id]
		in.feedback = append(in.feedback, feedbackRef{name: scope + "." + name, ref: c.Feedback, equals: c.Def.Equals})
	}
}

// fill writes the newest values into what the engine's tick takes.
func (in *fireInputs) fill(to *fire.Inputs, now time.Time, v facility.View) {
	medians := in.cameraMedians(now, v)
	for i := range in.racks {
		in.fillRack(&in.racks[i], &to.Racks[i], now, v, medians[in.racks[i].room])
	}
	for i := range in.rooms {
		in.fillRoom(&in.rooms[i], &to.Rooms[i], now, v)
	}
	to.Confirmed = to.Confirmed[:0]
	for _, f := range in.feedback {
		if s := v.Sample(f.ref, now); s.Quality == facility.Good && s.Value == f.equals {
			to.Confirmed = append(to.Confirmed, f.name)
		}
	}
}

func (in *fireInputs) fillRack(r *rackRefs, to *fire.RackInputs, now time.Time, v facility.View, peers peerCamera) {
	for c, ref := range r.channels {
		s := sampleOf(v, ref, now)
		// A stale sample is handed on as it is, not refreshed: the engine has its own limit for each channel.
		to.Channels[c] = fire.Reading{
			Value: s.Value, Good: s.Quality != facility.Bad && s.Quality != facility.Unknown,
			Refreshed: s.Quality != facility.Unknown && !s.Seen.Equal(r.seen[c]),
		}
		r.seen[c] = s.Seen
	}
	keep(v, r.sm, now, &r.smoke)
	keep(v, r.og, now, &r.offgas)
	keep(v, r.arc, now, &r.arcing)
	to.Smoke, to.OffGas, to.Arc = r.smoke, r.offgas, r.arcing
	to.EV = in.deltaEvidence(r, now, v, peers)
}

func (in *fireInputs) deltaEvidence(r *rackRefs, now time.Time, v facility.View, peers peerCamera) bool {
	second, median := sampleOf(v, r.bm2, now), sampleOf(v, r.median, now)
	// A lamp before the lens must not support the camera's own vote: what the camera sees beyond its
	// peers counts only where a sensor of another kind is over the first threshold.
	other := false
	for _, ref := range []facility.Ref{r.channels[fire.RT], r.channels[fire.BM]} {
		s := sampleOf(v, ref, now)
		other = other || (s.Quality == facility.Good && s.Value >= in.firstC)
	}
	hot := second.Quality == facility.Good && median.Quality == facility.Good && second.Value >= median.Value+sensorDeltaK
	cam := sampleOf(v, r.channels[fire.TC], now)
	if cam.Quality == facility.Good && peers.n >= 2 && cam.Value >= peers.median+cameraDeltaK {
		if r.cameraOver.IsZero() {
			r.cameraOver = now
		}
	} else {
		r.cameraOver = time.Time{}
	}
	return hot || (other && !r.cameraOver.IsZero() && now.Sub(r.cameraOver) >= cameraDeltaFor)
}

// peerCamera is what the camera sees of a room's racks.
type peerCamera struct {
	median float64 // degrees Celsius
	n      int
}

// cameraMedians gives each room's median. One hot rack of several hardly moves it, so it may stay in.
func (in *fireInputs) cameraMedians(now time.Time, v facility.View) []peerCamera {
	values := make([][]float64, len(in.rooms))
	for i := range in.racks {
		if s := sampleOf(v, in.racks[i].channels[fire.TC], now); s.Quality == facility.Good {
			values[in.racks[i].room] = append(values[in.racks[i].room], s.Value)
		}
	}
	out := make([]peerCamera, len(in.rooms))
	for i, vs := range values {
		if len(vs) > 0 {
			slices.Sort(vs)
			out[i] = peerCamera{median: (vs[(len(vs)-1)/2] + vs[len(vs)/2]) / 2, n: len(vs)}
		}
	}
	return out
}

func (in *fireInputs) fillRoom(r *roomRefs, to *fire.RoomInputs, now time.Time, v facility.View) {
	if s := sampleOf(v, r.asd, now); s.Quality == facility.Good {
		r.last.ASD = int(s.Value)
	}
	if s := sampleOf(v, r.lel, now); s.Quality == facility.Good {
		r.last.LEL = s.Value
	} else if !(r.last.LEL >= lelSeen) {
		r.last.LEL = math.NaN() // no proof of clean air for a reset, and no reason to hold the gas
	}
	keep(v, r.abort, now, &r.last.Abort)
	keep(v, r.station, now, &r.last.ManualStation)
	keep(v, r.zoneA, now, &r.last.ZoneA)
	keep(v, r.zoneB, now, &r.last.ZoneB)
	keep(v, r.bankLow, now, &r.last.BankFault)
	occ := sampleOf(v, r.occ, now)
	switch {
	case occ.Quality == facility.Good && occ.Value >= 0:
		r.last.Occupants = int(occ.Value)
	case occ.Seen.IsZero() || occ.Quality == facility.Bad || now.Sub(occ.Seen) > staleOccupancy:
		r.last.Occupants = max(r.last.Occupants, 1) // a room nobody can see into may hold somebody
	}
	r.last.PartnerOK = fire.Refused
	if s := sampleOf(v, r.partner, now); s.Quality == facility.Good && s.Value == 1 {
		r.last.PartnerOK = fire.Permitted
	}
	*to = r.last
}

func sampleOf(v facility.View, ref facility.Ref, now time.Time) facility.Sample {
	if ref == noRef {
		return facility.Sample{}
	}
	return v.Sample(ref, now)
}

// keep takes a good binary value and leaves the last one otherwise.
func keep(v facility.View, ref facility.Ref, now time.Time, last *bool) {
	if s := sampleOf(v, ref, now); s.Quality == facility.Good {
		*last = s.Value != 0
	}
}
