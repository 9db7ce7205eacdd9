package rules

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

func TestARestartEndsWhatWasUnderWay(t *testing.T) {
	b := newDeskBench(t)
	b.ask("waits", "d/gas")
	b.ask("runs", "d/pump")
	again := newCommandDesk(b.site)
	for _, r := range b.desk.recent(10) {
		again.restore(r)
	}
	again.orphans(b.now)
	b.desk = again
	if b.state("waits") != facility.CommandExpired || b.state("runs") != facility.CommandFailed {
		t.Errorf("after the restart: %s and %s", b.state("waits"), b.state("runs"))
	}
	if res := b.sign("waits", "lee", "two"); res.Code != http.StatusConflict || len(b.sent) != 1 {
		t.Errorf("signing what expired: %d %s", res.Code, res.Detail)
	}
	if res := b.ask("runs", "d/pump"); res.Code != http.StatusOK || len(b.sent) != 1 {
		t.Errorf("the same key after the restart: %d %s", res.Code, res.Detail)
	}
}

// Whatever people, devices, clocks and restarts do: one end for each order, no more sends than the site allows,
// nothing sent after an order ended, and nothing that takes two sent for one.
func TestOrdersEndOnceWhateverHappens(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		b := newDeskBench(t)
		ends := map[string]facility.CommandState{}
		noted := 0
		check := func() {
			for id, rec := range b.desk.records {
				if was, over := ends[id]; over && rec.State != was {
					t.Fatalf("seed %d: %s ended %s and then %s", seed, id, was, rec.State)
				}
				if ended(rec.State) {
					ends[id] = rec.State
				}
			}
			for ; noted < len(b.sent); noted++ {
				j := b.sent[noted]
				rec := b.desk.records[j.record]
				if rec.Command == "d/gas" && (rec.Second == "" || rec.Second == rec.By || rec.Station == rec.SecondStation) {
					t.Fatalf("seed %d: sent for one person: %+v", seed, rec)
				}
			}
			for _, j := range b.sent {
				if _, over := ends[j.record]; over && !j.dead(b.now) {
					t.Fatalf("seed %d: %s has ended and can still be sent", seed, j.record)
				}
			}
		}
		for step := range 80 {
			some := fmt.Sprint(r.IntN(step/4 + 1))
			switch r.IntN(9) {
			case 0, 1:
				id := []string{"pump", "open", "set", "valve", "gas"}[r.IntN(5)]
				b.ask(some, "d/"+id, func(a *facility.Act) {
					if id == "set" {
						a.Args = map[string]string{"value": fmt.Sprint(r.IntN(20))}
					}
				})
			case 2:
				b.sign(some, []string{"kim", "lee"}[r.IntN(2)], []string{"one", "two", ""}[r.IntN(3)])
			case 3:
				b.abort(some, "park")
			case 4, 5:
				if len(b.sent) > 0 {
					j := b.sent[r.IntN(len(b.sent))]
					err := []error{nil, nil, errors.New("refused"), ErrOutcomeUnknown}[r.IntN(4)]
					b.desk.answered(answer{job: j, err: err, receipt: Receipt{Sent: b.now, Accepted: b.now}}, b.now)
				}
			case 6:
				b.shows(facility.Ref(r.IntN(6)), float64(r.IntN(2)))
			case 7:
				b.bars = []error{nil, nil, errors.New("interlock")}[r.IntN(3)]
			case 8:
				if r.IntN(4) == 0 {
					again := newCommandDesk(b.site)
					for _, rec := range b.desk.recent(maxRecords) {
						again.restore(rec)
					}
					for _, j := range b.sent { // the process is gone, and its lanes with it
						if j.stop != nil {
							j.stop.Store(true)
						}
					}
					b.desk = again
					again.orphans(b.now)
				}
			}
			b.after(time.Duration(r.IntN(20)) * time.Second)
			check()
		}
		b.after(time.Hour)
		for len(b.desk.open) > 0 {
			b.after(time.Minute)
		}
		check()
		sends := map[string]int{}
		for _, j := range b.sent {
			if rec := b.desk.records[j.record]; j.cmd.ID == rec.Command {
				sends[j.record]++
			}
		}
		for id, n := range sends {
			if most := max(b.site.Commands[b.desk.records[id].Command].Guard.Sends, 1); n > most {
				t.Fatalf("seed %d: %s was sent %d times, the site allows %d", seed, id, n, most)
			}
		}
		for id, rec := range b.desk.records {
			if !ended(rec.State) {
				t.Fatalf("seed %d: %s never ended: %s", seed, id, rec.State)
			}
		}
	}
}

func TestRecordsUnderWayAreNeverForgotten(t *testing.T) {
	b := newDeskBench(t)
	b.ask("first", "d/pump")
	for i := range maxRecords + 10 {
		b.desk.add(facility.CommandRecord{ID: fmt.Sprint(i), State: facility.CommandConfirmed})
	}
	if b.desk.records["first"] == nil || len(b.desk.order) != maxRecords {
		t.Errorf("%d records are kept; the one under way: %v", len(b.desk.order), b.desk.records["first"])
	}
	b.after(time.Minute)
	if b.state("first") != facility.CommandExpired {
		t.Errorf("it is %s", b.state("first"))
	}
}

func TestInterlocksTellTheirLiveValues(t *testing.T) {
	limit := 10.0
	site := &facility.Site{Points: []facility.Point{{Ref: 0, ID: "d/run", Unit: "-"}, {Ref: 1, ID: "d/level", Unit: "%"}}}
	cmd := facility.Command{ID: "d/start", Feedback: 0, Guard: facility.CommandGuard{Interlocks: []facility.GuardPoint{
		{Ref: 1, Interlock: facility.Interlock{Above: &limit, Text: facility.Text{EN: "the tank holds water"}}},
	}}}
	good := facility.Sample{Quality: facility.Good}
	for _, c := range []struct {
		what       string
		run, level facility.Sample
		says       string
	}{
		{"all is well", good, facility.Sample{Quality: facility.Good, Value: 11}, ""},
		{"too low", good, facility.Sample{Quality: facility.Good, Value: 4}, "the tank holds water (d/level is 4 %, want > 10)"},
		{"stale", good, facility.Sample{Quality: facility.Stale, Value: 40}, "d/level is stale"},
		{"feedback lost", facility.Sample{Quality: facility.Bad}, facility.Sample{Quality: facility.Good, Value: 40}, "d/run is bad"},
		{"never seen", good, facility.Sample{}, "d/level is unknown"},
	} {
		b := &deskBench{seen: map[facility.Ref]facility.Sample{0: c.run, 1: c.level}}
		err := interlock(Checks(time.Time{}, cmd, site, b, nil))
		if (err == nil) != (c.says == "") || (err != nil && (!errors.Is(err, ErrInterlock) || !strings.Contains(err.Error(), c.says))) {
			t.Errorf("%s: %v, want %q", c.what, err, c.says)
		}
	}
}

// A field that restarts while somebody is waited for lets the request expire and never acts on it.
func TestTheFieldKeepsRequestsOverItsRestartOnlyToEndThem(t *testing.T) {
	book := &paper{}
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, book)
		time.Sleep(5 * time.Second)
		ask := facility.Act{ID: "r1", Kind: "fire.release", Subject: "B1", By: []string{"kim"}, Station: "one", Reason: "drill"}
		if res := h.engine.Do(t.Context(), ask); res.Code != http.StatusAccepted {
			t.Errorf("%d %s", res.Code, res.Detail)
		}
		h.ends()
	})
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, book)
		time.Sleep(5 * time.Second)
		res := h.engine.Do(t.Context(), facility.Act{ID: "r2", Kind: ActSign, Subject: "r1", By: []string{"lee"}, Station: "two"})
		if res.Code != http.StatusConflict || !strings.Contains(res.Detail, "expired") {
			t.Errorf("signing after the restart: %d %s", res.Code, res.Detail)
		}
		if n := len(h.wire.times("demo/b1/io/gas-release")); n != 0 {
			t.Error("gas was released")
		}
		refusals := slices.DeleteFunc(book.all(), func(e journal.Entry) bool { return e.Kind != KindRefusal })
		if len(refusals) != 1 || refusals[0].Actor != "lee" || !strings.Contains(string(refusals[0].Data), "two") {
			t.Errorf("the refused signature is not in the journal: %+v", refusals)
		}
		h.ends()
	})
}

func TestTwoPersonsReleaseGasAtTwoStations(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		res := h.do(facility.Act{ID: "r1", Kind: "fire.release", Subject: "B1", By: []string{"kim", "lee"}, Reason: "smoke seen"})
		if res.Code != http.StatusOK {
			t.Fatalf("%d %s", res.Code, res.Detail)
		}
		time.Sleep(time.Minute) // the pre-discharge alarm goes before
		if n := len(h.wire.times("demo/b1/io/gas-release")); n != 1 {
			t.Errorf("gas was released %d times", n)
		}
		states, _ := commandsIn(h.book.all(), "fire.release B1")
		if !slices.Equal(states, []facility.CommandState{facility.CommandRequested, facility.CommandJournaled, facility.CommandConfirmed}) {
			t.Errorf("the request went %v", states)
		}
	})
}
