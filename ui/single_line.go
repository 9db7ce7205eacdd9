package ui

import (
	"cmp"
	"context"
	"slices"
	"time"

	"bongsu/facility"
	"bongsu/rules"
)

// singleLineView is the single line with the alarms on each box.
type singleLineView struct {
	rules.SingleLine
	Alarms []boxAlarms `json:"alarms"`
}

// boxAlarms is what calls on one box.
type boxAlarms struct {
	Box     string `json:"box"`
	Worst   int    `json:"worst" doc:"most urgent priority"`
	Count   int    `json:"count"`
	Unacked int    `json:"unacked"`
}

type singleLineIn struct {
	Of string `query:"of" doc:"the box whose members are told one by one"`
}

func (s *Server) singleLine(_ context.Context, in *singleLineIn) (*struct{ Body singleLineView }, error) {
	return &struct{ Body singleLineView }{s.supply.singleLine(in.Of, time.Now())}, nil
}

// drawnFor is how long a drawing serves all who look: many look, and a large site takes ten milliseconds to draw.
const drawnFor = time.Second

// mostDrawn bounds how many drawings are kept, one for each box whose members somebody looks at.
const mostDrawn = 64

func (d *supplyDesk) singleLine(of string, now time.Time) singleLineView {
	drawer := d.drawer()
	d.mu.Lock()
	defer d.mu.Unlock()
	if drawn, ok := d.drawn[of]; ok && d.line == drawer && now.Sub(drawn.Time).Abs() < drawnFor {
		return drawn
	}
	if d.drawn == nil || len(d.drawn) >= mostDrawn {
		d.drawn = map[string]singleLineView{}
	}
	d.drawn[of] = singleLineView{SingleLine: drawer.Read(now, d.model.live, of), Alarms: d.model.alarmsOn(drawer.BoxOf)}
	return d.drawn[of]
}

// drawer draws the site that the desk follows.
func (d *supplyDesk) drawer() *rules.LineDrawer {
	d.turn(time.Now())
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.line == nil {
		d.line = rules.NewLineDrawer(d.of.Site)
	}
	return d.line
}

// alarmsOn counts what calls by the box it is drawn in. What is hidden or only of the past calls nobody.
func (m *Model) alarmsOn(box func(facility.AssetID) string) []boxAlarms {
	by := map[facility.AssetID]*boxAlarms{}
	m.mu.RLock()
	for _, a := range m.alarms {
		switch a.State {
		case facility.AlarmNormal, facility.AlarmShelved, facility.AlarmSuppressed, facility.AlarmOutOfService:
			continue
		}
		n := by[a.Asset]
		if n == nil {
			n = &boxAlarms{Worst: a.Priority}
			by[a.Asset] = n
		}
		n.add(boxAlarms{Worst: a.Priority, Count: 1})
		if unacked(a.State) {
			n.Unacked++
		}
	}
	m.mu.RUnlock()
	out := []boxAlarms{}
	for asset, n := range by { // in any order: boxes are sorted
		id := box(asset)
		i := slices.IndexFunc(out, func(o boxAlarms) bool { return o.Box == id })
		switch {
		case id == "":
		case i < 0:
			n.Box = id
			out = append(out, *n)
		default:
			out[i].add(*n)
		}
	}
	slices.SortFunc(out, func(a, b boxAlarms) int { return cmp.Compare(a.Box, b.Box) })
	return out
}

func (n *boxAlarms) add(o boxAlarms) {
	n.Worst, n.Count, n.Unacked = min(n.Worst, o.Worst), n.Count+o.Count, n.Unacked+o.Unacked
}
