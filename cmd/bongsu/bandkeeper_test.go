package main

import (
	"encoding/json"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/historian"
	"bongsu/journal"
	"bongsu/rules"
	"bongsu/rules/bands"
)

// bandPoint is a banded point of the demo that no other point drives.
const bandPoint = facility.PointID("demo/h1/crah1/ctl/supply")

func newTestKeeper(t *testing.T, dir string) *bandKeeper {
	t.Helper()
	site, err := facility.Load("../../sites/demo/site.yaml")
	if len(err) > 0 {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	store, openErr := historian.Open(filepath.Join(dir, "history"), historian.Options{}, log)
	if openErr != nil {
		t.Fatal(openErr)
	}
	t.Cleanup(func() { _ = store.Close() })
	field := &fieldLink{log: log}
	field.site.Store(site)
	return newBandKeeper(options{data: dir}, site, store, field, log)
}

func alarmEntry(t *testing.T, seq uint64, at time.Time, a facility.Alarm) journal.Entry {
	t.Helper()
	data, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return journal.Entry{Seq: seq, Time: at, Kind: rules.KindAlarm, Data: data}
}

func TestTheDeskLearnsFromItsHistoryButNotFromAlarms(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "desk"), 0o750); err != nil {
		t.Fatal(err)
	}
	k := newTestKeeper(t, dir)
	end := time.Now().UTC().Truncate(time.Hour)
	first := end.Add(-12 * time.Hour)
	var samples []facility.Sample
	ref, _ := k.site.Ref(bandPoint)
	for at := first; at.Before(end); at = at.Add(time.Minute) {
		s := facility.Sample{Point: ref, Quality: facility.Good, Value: 24, At: at, Seen: at}
		if at.Hour() == first.Add(3*time.Hour).Hour() { // one bad hour
			s.Quality = facility.Bad
		}
		samples = append(samples, s)
	}
	ids := make([]facility.PointID, len(k.site.Points))
	for i, p := range k.site.Points {
		ids[i] = p.ID
	}
	if err := k.store.Append(t.Context(), historian.Batch{Seq: 1, Points: ids, Samples: samples}, end); err != nil {
		t.Fatal(err)
	}
	raised := first.Add(5*time.Hour + 10*time.Minute)
	a := facility.Alarm{ID: "other@x", Rule: "other", Point: bandPoint, Active: true, Raised: &raised}
	k.take(alarmEntry(t, 7, raised, a))
	a.Active = false
	k.take(alarmEntry(t, 8, raised.Add(time.Hour), a))
	if err := k.learn(t.Context(), end.Add(bandLag)); err != nil {
		t.Fatal(err)
	}
	hours := k.state.School.Ledgers[string(bandPoint)].Hours()
	if len(hours) != 9 { // twelve, without the bad one and the two the alarm stood in
		t.Fatalf("learned %d hours: %v", len(hours), hours)
	}
	for _, h := range hours {
		if math.Abs(float64(h.Value)-24) > 1e-3 {
			t.Errorf("hour %v has %g", time.Unix(h.At*3600, 0).UTC(), h.Value)
		}
	}
	k.fit(end)
	_ = k.store.Close()
	again := newTestKeeper(t, filepath.Join(dir, "elsewhere"))
	again.name = k.name
	var kept bandState
	if err := bands.Load(k.name, &kept); err != nil || len(kept.School.Ledgers[string(bandPoint)].Hours()) != 9 || kept.After != 8 {
		t.Errorf("kept %+v, %v", kept.After, err)
	}
}

// A desk that was away for days learns all of them, a day's worth after the other, and none twice.
func TestAPauseIsLearnedDayByDay(t *testing.T) {
	dir := t.TempDir()
	k := newTestKeeper(t, dir)
	end := time.Now().UTC().Truncate(time.Hour)
	ref, _ := k.site.Ref(bandPoint)
	var samples []facility.Sample
	for at := end.Add(-60 * time.Hour); at.Before(end); at = at.Add(5 * time.Minute) {
		samples = append(samples, facility.Sample{Point: ref, Quality: facility.Good, Value: float64(at.Unix() / 3600 % 100), At: at, Seen: at})
	}
	ids := make([]facility.PointID, len(k.site.Points))
	for i, p := range k.site.Points {
		ids[i] = p.ID
	}
	if err := k.store.Append(t.Context(), historian.Batch{Seq: 1, Points: ids, Samples: samples}, end); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := k.learn(t.Context(), end.Add(bandLag)); err != nil {
			t.Fatal(err)
		}
	}
	hours := k.state.School.Ledgers[string(bandPoint)].Hours()
	if len(hours) != 60 {
		t.Fatalf("learned %d hours of 60", len(hours))
	}
	for i, h := range hours {
		if h.At != end.Unix()/3600-60+int64(i) || h.Value != float32(h.At%100) {
			t.Errorf("hour %d is %+v", i, h)
		}
	}
}

func TestABandAlarmTakesBackWhatCameBefore(t *testing.T) {
	dir := t.TempDir()
	k := newTestKeeper(t, dir)
	now := time.Now().UTC().Truncate(time.Hour)
	l := k.state.School.Ledgers[string(bandPoint)]
	for h := now.Add(-10 * 24 * time.Hour); h.Before(now); h = h.Add(time.Hour) {
		l.Learn(bands.Hour{At: h.Unix() / 3600, Value: 24})
	}
	k.take(alarmEntry(t, 1, now, facility.Alarm{ID: "a", Rule: k.plans[bandPoint].Rule.ID, Point: bandPoint, Active: true, Raised: &now}))
	if n := len(l.Hours()); n != 7*24 {
		t.Errorf("%d hours left, want the seven days before the three that are in doubt", n)
	}
	if !k.doubtful(string(bandPoint), now.Add(48*time.Hour)) {
		t.Error("a standing alarm does not stop the learning")
	}
}

func TestAnAcceptedNormalIsLearnedFromItsMomentOn(t *testing.T) {
	k := newTestKeeper(t, t.TempDir())
	now := time.Now().UTC().Truncate(time.Hour)
	l := k.state.School.Ledgers[string(bandPoint)]
	for h := now.Add(-30 * 24 * time.Hour); h.Before(now); h = h.Add(time.Hour) {
		l.Learn(bands.Hour{At: h.Unix() / 3600, Value: 24})
	}
	k.fit(now)
	if b := k.set.Load().Get(string(bandPoint)); !b.Ready {
		t.Fatalf("not ready after a month: %+v", b)
	}
	act, err := json.Marshal(facility.Act{Kind: rules.ActAcceptBand, Subject: string(bandPoint), Reason: "set point raised", By: []string{"lee"}})
	if err != nil {
		t.Fatal(err)
	}
	k.take(journal.Entry{Seq: 9, Time: now.Add(20 * time.Minute), Kind: rules.KindAct, Actor: "lee", Subject: string(bandPoint), Data: act})
	select {
	case <-k.anew:
	default:
		t.Fatal("nobody is told to learn anew")
	}
	k.fit(now.Add(21 * time.Minute))
	b := k.set.Load().Get(string(bandPoint))
	if b.Ready || b.Since == nil || !b.Since.Equal(now.Add(20*time.Minute)) || k.state.Accepted[string(bandPoint)].By != "lee" {
		t.Errorf("after the act: %+v, %+v", b, k.state.Accepted)
	}
	if next := k.state.School.Next(string(bandPoint), now.Add(-time.Hour)); !next.Equal(now.Add(time.Hour)) {
		t.Errorf("learns from %v on, want the hour after the act's", next)
	}
}

func TestTheFieldKeepsTheBandsItWasGiven(t *testing.T) {
	var used *bands.Set
	dir := t.TempDir()
	f := fieldBands{name: filepath.Join(dir, "bands"), kept: keptBands(filepath.Join(dir, bandsDir)), use: func(s *bands.Set) { used = s }, log: slog.New(slog.DiscardHandler)}
	f.takeUp()
	if used != nil {
		t.Fatal("bands out of nothing")
	}
	body, err := bands.Encode(bands.Set{Bands: map[string]*bands.Band{"x": {Point: "x", Hours: 5}}})
	if err != nil {
		t.Fatal(err)
	}
	put := func(body string) int {
		w := httptest.NewRecorder()
		f.put(w, httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/bands", strings.NewReader(body)))
		return w.Code
	}
	if code := put(string(body)); code != http.StatusNoContent || used.Get("x") == nil {
		t.Fatalf("whole bands: %d", code)
	}
	good := used
	if code := put(strings.Replace(string(body), `"hours":5`, `"hours":6`, 1)); code != http.StatusBadRequest || used != good {
		t.Errorf("bands with another checksum: %d", code)
	}
	used = nil
	f.takeUp()
	if used.Get("x") == nil || used.Get("x").Hours != 5 {
		t.Errorf("after a restart: %+v", used)
	}
	if again, err := f.kept.get(used.Name()); err != nil || again.Name() != used.Name() {
		t.Errorf("a replay does not find them: %v", err)
	}
}
