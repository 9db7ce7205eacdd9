package ui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

func idsOf(t *testing.T, b *browser, path string) (ids []string, next string) {
	t.Helper()
	var page struct {
		Items []struct{ ID string }
		Next  string
	}
	b.get(path).want(200).into(&page)
	for _, i := range page.Items {
		ids = append(ids, i.ID)
	}
	return ids, page.Next
}

func TestAScreenGetsOnlyThePartsOfTheSiteItAsksFor(t *testing.T) {
	b := newHouse(t).as("operator")
	for path, want := range map[string][]string{
		"assets?kinds=battery-room,ups":                               {"house/b1", "house/ups/a"},
		"assets?ids=house/b1/r2,house/gone":                           {"house/b1/r2"},
		"points?ids=house/b1/r1/bms/rt,house/gone,house/b1/r2/bms/rt": {"house/b1/r1/bms/rt", "house/b1/r2/bms/rt"},
		"points?assets=house/b1/r1&words=%EB%9E%99%201%20RT":          {"house/b1/r1/bms/rt"},
		"points?words=RACK%20bms/rt":                                  {"house/b1/r1/bms/rt", "house/b1/r2/bms/rt"},
		"points?words=nowhere":                                        nil,
	} {
		if got, _ := idsOf(t, b, path); !slices.Equal(got, want) {
			t.Errorf("%s gives %v, want %v", path, got, want)
		}
	}
	first, next := idsOf(t, b, "assets?limit=2")
	rest, end := idsOf(t, b, "assets?after="+next)
	if len(first) != 2 || next != first[1] || len(rest) != 3 || end != "" {
		t.Errorf("assets come as %v, next %q, then %v, next %q", first, next, rest, end)
	}
	b.get("assets?after=house/gone").problem(404, "house/gone")
}

func TestANarrowedViewShowsItsPartAndEndsWhenNobodyWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		b := h.as("operator")
		picked := b.open("points&ids=house/b1/r1/bms/rt,house/gone")
		var snap snapJSON
		picked.until("snap").into(t, &snap)
		if len(snap.Points) != 1 || snap.Points[0].ID != "house/b1/r1/bms/rt" {
			t.Errorf("a view of one point shows %+v", snap.Points)
		}
		room := b.open("battery&room=B1")
		room.until("snap").into(t, &snap)
		for _, p := range snap.Points {
			if !strings.HasPrefix(p.ID, "house/b1/") {
				t.Errorf("the view of a room shows %s", p.ID)
			}
		}
		views := func() int {
			h.server.hub.mu.Lock()
			defer h.server.hub.mu.Unlock()
			return len(h.server.hub.views)
		}
		if n := views(); n != len(screenViews)+2 {
			t.Errorf("%d views stand, want two narrowed ones", n)
		}
		picked.close()
		room.close()
		time.Sleep(idleAfter + 3*time.Second)
		if n := views(); n != len(screenViews) {
			t.Errorf("%d views stand after all have gone, want %d", n, len(screenViews))
		}
	})
}

func TestANarrowingThatCannotBeIsRefusedInWords(t *testing.T) {
	b := newHouse(t).as("operator")
	b.get("live?view=battery&room=B9").problem(404, "B9")
	b.get("live?view=overview&room=B1").problem(422, "room narrows")
	many := make([]string, mostPicked+1)
	for i := range many {
		many[i] = fmt.Sprintf("p%d", i)
	}
	b.get("live?view=points&ids="+strings.Join(many, ",")).problem(422, "at most")
}

func TestABriefRoomTellsTheRacksThatNeedEyes(t *testing.T) {
	at := func(c float64) *float64 { return &c }
	rack := func(id, stage string, hottest *float64) rackView {
		return rackView{FireRackView: facility.FireRackView{ID: id, Stage: stage}, Hottest: hottest, Commands: []outputView{{}}}
	}
	brief := briefly(roomView{Racks: []rackView{
		rack("calm", "S0", at(25)), rack("hot", "S0", at(31)), rack("staged", "S1", at(29)), rack("blind", "S0", nil),
	}})
	var ids []string
	for _, r := range brief.Racks {
		ids = append(ids, r.ID)
		if len(r.Commands) != 0 {
			t.Errorf("rack %s keeps its commands", r.ID)
		}
	}
	if want := []string{"hot", "staged", "blind"}; !slices.Equal(ids, want) {
		t.Errorf("a brief room tells %v, want %v", ids, want)
	}
}

func TestTheHottestInletThatCanBeKnownStandsForItsRack(t *testing.T) {
	now := time.Now()
	points := make([]facility.Point, 3)
	for i := range points {
		points[i] = facility.Point{Ref: facility.Ref(i), StaleAfter: time.Minute}
	}
	live := facility.NewLive(points)
	good := func(ref int, v float64) facility.Sample {
		return facility.Sample{Point: facility.Ref(ref), Quality: facility.Good, Value: v, At: now, Seen: now}
	}
	live.Apply([]facility.Sample{good(0, 22), good(1, 26), {Point: 2, Quality: facility.Bad, Value: 90, At: now, Seen: now}})
	if s := hottestInlet(live, []facility.Ref{0, 1, 2}, now); s.Value != 26 || s.Quality != facility.Good {
		t.Errorf("the hottest is %v, %v", s.Value, s.Quality)
	}
	if s := hottestInlet(live, []facility.Ref{2}, now); letterOf(s.Quality) != 'b' || shown(s) != nil {
		t.Errorf("a blind rack reads %v, %v", s.Value, s.Quality)
	}
}

func TestHeartbeatsSayTheLinksOnlyWhenTheyChange(t *testing.T) {
	h := newHouse(t)
	link := facility.LinkStatus{ID: "field", Connected: true}
	say := func() { h.model.ApplyStatus(facility.FieldStatus{Links: []facility.LinkStatus{link}}) }
	hub, now := newHub(h.server.cfg, func(time.Duration) {}), time.Now()
	say()
	if got := hub.linksNow(now); len(got) != 1 {
		t.Fatalf("first the links are %v", got)
	}
	link.Requests++
	say()
	if got := hub.linksNow(now.Add(time.Second)); got != nil {
		t.Errorf("for a counter the links are told: %v", got)
	}
	link.Connected = false
	say()
	if got := hub.linksNow(now.Add(2 * time.Second)); len(got) != 1 || got[0].Connected {
		t.Errorf("a link that went is told as %v", got)
	}
	if got := hub.linksNow(now.Add(2*time.Second + linksEvery)); len(got) != 1 {
		t.Error("the counters never come")
	}
}
