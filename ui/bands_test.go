package ui

import (
	"context"
	"testing"
	"time"

	"bongsu/facility"
)

// oneBand knows what is usual for one point.
type oneBand struct{ point facility.PointID }

func (o oneBand) Band(_ context.Context, point facility.PointID, from, _ time.Time, _ int) (Band, bool, error) {
	if point != o.point {
		return Band{}, false, nil
	}
	return Band{State: "ready", Spreads: 6, Learned: from, Hours: 700, Needs: 336, Weekly: true,
		Said: facility.Text{KO: "예상 21~23, 현재 26", EN: "expected 21-23, is 26"}, Edges: []BandEdge{{T: from, Low: 21, Centre: 22, High: 23}}}, true, nil
}

func TestTheLeadAcceptsANewNormal(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Bands = oneBand{load} })
	path := "points/" + load + "/band/accept"
	why := map[string]string{"reason": "the load was moved"}
	h.as("operator").post(path, why).problem(403, "lead")
	h.as("lead").post(path, map[string]string{}).problem(422, "reason")
	h.as("lead").post("points/none/band/accept", why).problem(404, "none")
	h.as("lead").post(path, why).want(200)
}

func TestABandIsToldWithWhatItWasLearnedFrom(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Bands = oneBand{load} })
	b := h.as("operator")
	var got struct {
		State string
		Texts facility.Text
		From  *string
		Edges []struct{ Low, Centre, High float64 }
	}
	b.get("points/" + load + "/band?from=2026-03-02T05:00:00Z&to=2026-03-02T06:00:00Z").want(200).into(&got)
	if got.State != "ready" || got.Texts.EN != "expected 21-23, is 26" || got.Texts.KO == "" || got.From != nil || len(got.Edges) != 1 || got.Edges[0].High != 23 {
		t.Errorf("the band is %+v", got)
	}
	b.get("points/none/band").problem(404, "none")
	b.get("points/"+load+"/band?from=2026-03-02T06:00:00Z&to=2026-03-02T05:00:00Z").problem(422, "before")
	newHouse(t, func(c *Config) { c.Bands = oneBand{"other"} }).as("operator").get("points/" + load + "/band").want(200).into(&got)
	if got.State != "none" || len(got.Edges) != 0 {
		t.Errorf("a point that no rule learns: %+v", got)
	}
	newHouse(t).as("operator").get("points/"+load+"/band").problem(503, "no bands")
}
