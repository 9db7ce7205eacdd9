package control

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"bongsu/bcp"
	"bongsu/facility"
)

// Sign is what a building's own points prove when all of them say so for long enough.
type Sign struct {
	ID       string        `yaml:"id"`
	Kind     string        `yaml:"kind"`     // bcp.EvidencePowerOff or bcp.EvidenceUPSLost
	Facility string        `yaml:"facility"` // whose points they are
	Subject  string        `yaml:"subject"`  // zone or room, empty for the whole site
	For      time.Duration `yaml:"for"`
	All      []SignPoint   `yaml:"all"`
}

// SignPoint is one condition on one point. A point that is not good and fresh proves nothing.
type SignPoint struct {
	Point  facility.PointID `yaml:"point"`
	Equals *float64         `yaml:"equals"`
	Below  *float64         `yaml:"below"`
	Sensor string           `yaml:"sensor"` // kind of sensor: two kinds corroborate each other
}

// CheckSigns reports what is wrong with a list of signs; known tells whether a sign's building has a point.
func CheckSigns(at string, signs []Sign, known func(Sign, facility.PointID) bool, report facility.Report) {
	seen := map[string]bool{}
	for i, s := range signs {
		path := fmt.Sprintf("%s[%d]", at, i)
		if s.ID == "" || seen[s.ID] {
			report(path+".id", "%q: every sign needs an id of its own", s.ID)
		}
		seen[s.ID] = true
		if s.Kind != bcp.EvidencePowerOff && s.Kind != bcp.EvidenceUPSLost {
			report(path+".kind", "%q is neither %s nor %s", s.Kind, bcp.EvidencePowerOff, bcp.EvidenceUPSLost)
		}
		if s.For <= 0 {
			report(path+".for", "a sign needs a time for which it has to hold: one reading is no proof")
		}
		sensors := map[string]bool{}
		for j, p := range s.All {
			sensors[p.Sensor] = true
			if !known(s, p.Point) {
				report(fmt.Sprintf("%s.all[%d].point", path, j), "the site has no point %q", p.Point)
			}
			if (p.Equals == nil) == (p.Below == nil) {
				report(fmt.Sprintf("%s.all[%d]", path, j), "want either equals or below")
			}
			if p.Sensor == "" {
				report(fmt.Sprintf("%s.all[%d].sensor", path, j), "name the kind of sensor")
			}
		}
		if len(sensors) < 2 {
			report(path+".all", "a sign needs two kinds of sensors that agree; one kind may lie alone")
		}
	}
}

// SignWatch follows the signs of one site. It is not safe for concurrent use.
type SignWatch struct {
	signs []Sign
	now   map[string]*signState
}

type signState struct {
	told  bool // anything yet
	holds bool // as last told
	since time.Time
	want  bool // what the points have said since then
	began time.Time
}

// NewSignWatch follows signs that have passed their check.
func NewSignWatch(signs []Sign) *SignWatch {
	return &SignWatch{signs: signs, now: map[string]*signState{}}
}

// Look gives the evidence that is new or has ended. value tells a point's newest value and whether it is
// good and fresh; a point that is not leaves its sign as it was. The first word on each sign is told whatever it
// is: what a desk before this one has told may have ended since.
func (w *SignWatch) Look(now time.Time, value func(facility.PointID) (float64, bool)) []bcp.Evidence {
	var out []bcp.Evidence
	for _, s := range w.signs {
		st := w.now[s.ID]
		if st == nil {
			st = &signState{}
			w.now[s.ID] = st
		}
		holds, known := s.holds(value)
		if !known {
			st.began = time.Time{}
			continue
		}
		if st.began.IsZero() || holds != st.want {
			st.want, st.began = holds, now
		}
		if st.told && st.want == st.holds || now.Sub(st.began) < s.For {
			continue
		}
		st.told, st.holds = true, st.want
		if st.holds || st.since.IsZero() {
			st.since = now
		}
		out = append(out, s.evidence(st.since, !st.holds))
	}
	return out
}

// holds says whether all conditions are met; not known when a point is not good.
func (s Sign) holds(value func(facility.PointID) (float64, bool)) (holds, known bool) {
	holds = true
	for _, p := range s.All {
		v, good := value(p.Point)
		if !good {
			return false, false
		}
		holds = holds && (p.Equals != nil && v == *p.Equals || p.Below != nil && v < *p.Below)
	}
	return holds, true
}

func (s Sign) evidence(since time.Time, gone bool) bcp.Evidence {
	var sensors, points []string
	for _, p := range s.All {
		if !slices.Contains(sensors, p.Sensor) {
			sensors = append(sensors, p.Sensor)
		}
		points = append(points, string(p.Point))
	}
	what := "the points " + strings.Join(points, ", ") + " prove it"
	if gone {
		what = "the points " + strings.Join(points, ", ") + " say otherwise now"
	}
	return bcp.Evidence{ID: fmt.Sprintf(signID+"%s/%s/%d", s.Facility, s.ID, since.UnixMilli()), Kind: s.Kind, Site: s.Facility, Subject: s.Subject,
		Sensors: sensors, At: since.UTC(), Gone: gone, What: s.Kind + ": " + what}
}
