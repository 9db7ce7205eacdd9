package ui

import (
	"context"
	"errors"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

var codeSpan = regexp.MustCompile("`((?:GET|POST|PUT|DELETE) [a-z{}/-]+)`")

func TestTheDescriptionListsEveryCallOfTheContract(t *testing.T) {
	text, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	var spec struct {
		OpenAPI string
		Paths   map[string]map[string]any

		Components struct {
			Schemas map[string]struct{ Properties map[string]any }
		}
	}
	h.browser().get("/api/openapi.json").want(200).into(&spec)
	if !strings.HasPrefix(spec.OpenAPI, "3.1") {
		t.Errorf("the description is OpenAPI %s", spec.OpenAPI)
	}
	for name, s := range spec.Components.Schemas {
		if len(s.Properties) == 0 {
			t.Errorf("the description of %s is empty", name)
		}
	}
	promised := map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		first, _, _ := strings.Cut(line[2:], " | ")
		for _, m := range codeSpan.FindAllStringSubmatch(first, -1) {
			method, path, _ := strings.Cut(m[1], " ")
			promised[method+" /api/v1/"+path] = true
			if spec.Paths["/api/v1/"+path][strings.ToLower(method)] == nil {
				t.Errorf("the description lacks %s", m[1])
			}
		}
	}
	if len(promised) < 30 {
		t.Errorf("only %d calls were found in the contract: its table changed its form", len(promised))
	}
	for path, calls := range spec.Paths {
		for method := range calls {
			if call := strings.ToUpper(method) + " " + path; !promised[call] {
				t.Errorf("%s is served but not in the contract", call)
			}
		}
	}
}

func TestEveryCallButThoseOfStrangersNeedsASession(t *testing.T) {
	h := newHouse(t)
	for _, r := range routes {
		path := inBraces.ReplaceAllString(strings.Replace(r.path, "{path}", "state", 1), "x")
		a := h.browser().do(r.method, path, nil)
		open := r.need == rightNone
		if open != (a.status != http.StatusUnauthorized) {
			t.Errorf("%s %s without a session: %d", r.method, path, a.status)
		}
		if open && path != sessionPath && path != "/api/v1/site" && r.path != callbackPath {
			t.Errorf("%s %s is open to anyone", r.method, path)
		}
	}
}

func TestUnknownPathsBelowTheAPIAreProblems(t *testing.T) {
	h := newHouse(t)
	b := h.as("operator")
	for _, path := range []string{"/api", "/api/", "/api/v1", "/api/v1/nothing", "/api/v2/points", "/api/v1/alarms/x/dance", "/api/docs", "/api/v1/points/"} {
		b.get(path).problem(404, "openapi.json")
	}
	b.do("PUT", "site", "{}").problem(405, "PUT")
	h.browser().get("/api/v1/nothing").problem(404, "openapi.json")
}

func TestTheSiteAndItsAssets(t *testing.T) {
	h := newHouse(t)
	var site siteView
	h.browser().get("site").want(200).into(&site)
	if site.ID != "house" || site.Name.KO != "시험장" || site.Node != "n1" || site.Build != "test-1" || !site.Demo || site.Lang != "ko" || site.Drill {
		t.Errorf("the site is %+v", site)
	}
	h.model.ApplyStatus(facility.FieldStatus{Rooms: []facility.FireRoomView{{ID: "B1", Stage: "S0", Drill: true, Drilled: &facility.FireDrill{By: "safety", Stage: "S2",
		Alarms: []facility.FireDrillAlarm{{Key: "STAGE2:R3", Priority: 1, Text: facility.Text{KO: "2단계", EN: "Stage 2"}}}}}}})
	hb := string(h.server.hub.heartbeat(time.Now(), nil))
	if !strings.Contains(hb, `"drills":[{"room":"B1","by":"safety"`) || !strings.Contains(hb, `"alarms":[{"key":"STAGE2:R3","priority":1,`) {
		t.Errorf("the beat does not tell of the drill: %s", hb)
	}
	h.browser().get("site").want(200).into(&site)
	if !site.Drill {
		t.Error("a drill in a room is not marked")
	}
	b := h.as("member")
	var assets struct{ Items []facility.Asset }
	b.get("assets").want(200).into(&assets)
	if len(assets.Items) != len(h.site.Assets) {
		t.Errorf("%d assets, want %d", len(assets.Items), len(h.site.Assets))
	}
	for _, path := range []string{"assets/house/b1/r1", "assets/house%2Fb1%2Fr1"} {
		var a facility.Asset
		b.get(path).want(200).into(&a)
		if a.ID != "house/b1/r1" || a.Kind != "battery-rack" || a.Col != 1 {
			t.Errorf("%s is %+v", path, a)
		}
	}
	b.get("assets/house/b9").problem(404, "house/b9")
}

func TestPointsShowTheirNewestValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.reads("house/b1/r1/bms/rt", 25.3)
		ref, _ := h.site.Ref("house/b1/r1/bms/bm")
		h.model.ApplySamples([]facility.Sample{{Point: ref, Quality: facility.Bad, Reason: facility.CommsLost, Flags: facility.Bypassed, Value: 7, At: time.Now(), Seen: time.Now()}})
		b := h.as("operator")
		var p struct {
			ID, Name, Asset, Unit, Quality, Reason, Kind string
			Value                                        *float64
			Time                                         *string
			Flags                                        []string
			Digits                                       int
		}
		b.get("points/house/b1/r1/bms/rt").want(200).into(&p)
		if p.ID != "house/b1/r1/bms/rt" || p.Value == nil || *p.Value != 25.3 || p.Quality != "good" || p.Unit != "degC" || p.Time == nil || p.Digits != 1 || p.Kind != "analog" {
			t.Errorf("a good point is %+v", p)
		}
		b.get("points/house%2Fb1%2Fr1%2Fbms%2Fbm").want(200).into(&p)
		if p.Value != nil || p.Quality != "bad" || p.Reason != "comms" || len(p.Flags) != 1 || p.Flags[0] != "bypassed" {
			t.Errorf("a bad point is %+v", p)
		}
		b.get("points/house/b1/r1/bms/tc").want(200).into(&p)
		if p.Value != nil || p.Quality != "unknown" || p.Time != nil {
			t.Errorf("a point never read is %+v", p)
		}
		b.get("points/house/b1/r1/bms/none").problem(404, "house/b1/r1/bms/none")
	})
}

func TestPointsAreListedInPages(t *testing.T) {
	h := newHouse(t)
	b := h.as("operator")
	type page struct {
		Items []struct{ ID string }
		Next  string
	}
	var whole page
	b.get("points?prefix=house/b1/").want(200).into(&whole)
	if len(whole.Items) != 17 || whole.Next != "" {
		t.Errorf("the room and its racks have %d points, next %q", len(whole.Items), whole.Next)
	}
	var got []string
	for after := ""; ; {
		var p page
		b.get("points?limit=4&prefix=house/b1/&after=" + after).want(200).into(&p)
		for _, i := range p.Items {
			got = append(got, i.ID)
		}
		if after = p.Next; after == "" {
			break
		}
	}
	for i, p := range whole.Items {
		if i >= len(got) || got[i] != p.ID {
			t.Fatalf("in pages the points are %v", got)
		}
	}
	b.get("points?after=none").problem(404, "none")
	b.get("points?limit=0").problem(422, "limit")
}

type fakeHistory struct {
	buckets []Bucket
	err     error
	asked   []any
}

func (f *fakeHistory) Query(_ context.Context, p facility.PointID, from, to time.Time, most int) ([]Bucket, error) {
	f.asked = []any{p, from, to, most}
	return f.buckets, f.err
}

func TestHistory(t *testing.T) {
	at := time.Date(2026, 3, 2, 5, 0, 0, 0, time.UTC)
	past := &fakeHistory{buckets: []Bucket{{T: at, Min: 1, Max: 3, Last: 2, Quality: facility.Good}}}
	h := newHouse(t, func(c *Config) { c.Historian = past })
	b := h.as("operator")
	a := b.get("points/" + load + "/history?from=2026-03-02T05:00:00Z&to=2026-03-02T06:00:00%2B00:00&max=10").want(200)
	want := `{"point":"house/ups/a/load","from":"2026-03-02T05:00:00.000Z","to":"2026-03-02T06:00:00.000Z","buckets":[{"t":"2026-03-02T05:00:00.000Z","min":1,"max":3,"last":2,"quality":"good"}]}`
	if got := strings.TrimSpace(string(a.body)); got != want {
		t.Errorf("history is\n%s, want\n%s", got, want)
	}
	if past.asked[0] != facility.PointID(load) || !past.asked[1].(time.Time).Equal(at) || past.asked[3] != 10 {
		t.Errorf("the historian was asked %v", past.asked)
	}
	b.get("points/house%2Fups%2Fa%2Fload/history").want(200)
	b.get("points/none/history").problem(404, "none")
	b.get("points/"+load+"/history?from=2026-03-02T06:00:00Z&to=2026-03-02T05:00:00Z").problem(422, "before")
	b.get("points/"+load+"/history?from=yesterday").problem(422, "from")
	b.get("points/"+load+"/history?max=0").problem(422, "max")
	past.err = errors.New("disk on fire")
	b.get("points/"+load+"/history").problem(503, "live values are not affected")
	h = newHouse(t)
	h.as("operator").get("points/"+load+"/history").problem(503, "keeps no history")
}

func TestAlarmsAreListedByStateAndUrgency(t *testing.T) {
	h := newHouse(t)
	base := time.Now()
	add := func(seq int, id string, priority int, state facility.AlarmState, ago time.Duration) {
		raised := base.Add(-ago)
		h.writes(uint64(seq), KindAlarm, facility.Alarm{ID: id, Revision: 1, Priority: priority, State: state, Raised: &raised})
	}
	add(1, "p2-acked-new", 2, facility.AlarmAcked, time.Minute)
	add(2, "p2-unacked-old", 2, facility.AlarmUnacked, time.Hour)
	add(3, "p2-returned", 2, facility.AlarmReturned, 2*time.Minute)
	add(4, "p1-acked", 1, facility.AlarmAcked, time.Hour)
	add(5, "p4-unacked", 4, facility.AlarmUnacked, 0)
	add(6, "p3-normal", 3, facility.AlarmNormal, 0)
	b := h.as("chair")
	for query, want := range map[string]string{
		"?state=open":           "p1-acked p2-returned p2-unacked-old p2-acked-new p4-unacked",
		"":                      "p1-acked p2-returned p2-unacked-old p2-acked-new p3-normal p4-unacked",
		"?state=acknowledged":   "p1-acked p2-acked-new",
		"?state=out-of-service": "",
	} {
		var l struct{ Items []struct{ ID string } }
		b.get("alarms" + query).want(200).into(&l)
		var ids []string
		for _, a := range l.Items {
			ids = append(ids, a.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("alarms%s: %s, want %s", query, got, want)
		}
	}
	b.get("alarms?state=loud").problem(422, "loud")
}

type fakeJournal struct{ entries []Entry }

func (f fakeJournal) After(after uint64, limit int) ([]Entry, error) {
	var out []Entry
	for _, e := range f.entries {
		if e.Seq > after && len(out) < limit {
			out = append(out, e)
		}
	}
	if f.entries == nil {
		return nil, errors.New("torn")
	}
	return out, nil
}

func TestTheJournalIsPagedInOrder(t *testing.T) {
	var all []Entry
	for i := range uint64(3 * tailEntries) {
		all = append(all, Entry{Seq: i + 1, Kind: "note", Data: []byte(`{"n":1}`)})
	}
	h := newHouse(t, func(c *Config) { c.Journal = fakeJournal{all} })
	for _, e := range all[tailEntries:] {
		if err := h.model.ApplyEntry(e); err != nil {
			t.Fatal(err)
		}
	}
	b := h.as("member")
	type page struct {
		Items []struct{ Seq uint64 }
		Next  string
	}
	var p page
	next, want := "0", uint64(1)
	for next != "" {
		p = page{}
		b.get("journal?limit=1000&after=" + next).want(200).into(&p)
		for _, e := range p.Items {
			if e.Seq != want {
				t.Fatalf("after entry %d came %d", want-1, e.Seq)
			}
			want++
		}
		next = p.Next
	}
	if want != uint64(len(all))+1 {
		t.Errorf("the journal ended before entry %d of %d", want, len(all))
	}
	b.get("journal?limit=3").want(200).into(&p)
	if len(p.Items) != 3 || p.Items[2].Seq != uint64(len(all)) {
		t.Errorf("the newest entries are %+v", p.Items)
	}
	b.get("journal?after=x").problem(422, "after")
	h = newHouse(t, func(c *Config) { c.Journal = fakeJournal{} })
	h.as("member").get("journal?after=0").problem(503, "journal verify")
}

func TestNodesTellTheirHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		var l struct {
			Items []struct {
				Node, Role string
				Health     *fieldHealth
				Links      []struct{ ID, Error string }
				Viewers    *int
			}
		}
		good := time.Now()
		h.model.ApplyStatus(facility.FieldStatus{Node: "n1", JournalOK: true, Collecting: true, Links: []facility.LinkStatus{{ID: "field", Error: "refused", LastGood: &good}}})
		h.as("admin").get("nodes").want(200).into(&l)
		if len(l.Items) != 2 || !l.Items[0].Health.Connected || l.Items[0].Links[0].Error != "refused" || *l.Items[1].Viewers != 0 {
			t.Errorf("the nodes are %+v", l.Items)
		}
	})
}
