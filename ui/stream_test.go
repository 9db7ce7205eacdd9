package ui

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

type snapJSON struct {
	Seq    uint64
	T      int64
	Points []struct {
		ID string
		V  *float64
		Q  string
		R  string
		T  *int64
	}
	Alarms []struct{ ID, State, Text string }
	Rooms  []struct {
		ID, Stage string
		Stale     bool
	}
	Cmds  []struct{ ID string }
	Links []struct{ ID string }
}

type tickJSON struct {
	S uint64
	T int64
	I []int
	V []*float64
	Q map[string]string
}

func (s snapJSON) index(t *testing.T, id string) int {
	t.Helper()
	for i, p := range s.Points {
		if p.ID == id {
			return i
		}
	}
	t.Fatalf("the snapshot has no point %s", id)
	return -1
}

const load = "house/ups/a/load"

func TestAStreamBeginsWithASnapshotAndThenTellsOnlyChanges(t *testing.T) {
	for _, packed := range []bool{false, true} {
		t.Run(fmt.Sprintf("gzip %v", packed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				h.alive()
				h.reads(load, 120.04)
				b := h.as("operator")
				b.client.Transport.(*http.Transport).DisableCompression = !packed
				s := b.open("overview")
				var snap snapJSON
				first, err := s.next()
				if err != nil || first.name != "snap" {
					t.Fatalf("first came %q, %v", first.name, err)
				}
				first.into(t, &snap)
				i := snap.index(t, load)
				if p := snap.Points[i]; p.V == nil || *p.V != 120 || p.Q != "good" || p.T == nil {
					t.Errorf("the snapshot shows %+v, want 120.0 good with its time", p)
				}
				if p := snap.Points[snap.index(t, "house/ups/a/minutes")]; p.V != nil || p.Q != "unknown" {
					t.Errorf("a point never read is %+v, want unknown without a value", p)
				}
				h.reads(load, 120.03) // below the display precision: no news
				var tick tickJSON
				s.until("tick").into(t, &tick)
				if len(tick.I) != 0 || len(tick.Q) != 0 || tick.S <= snap.Seq {
					t.Errorf("nothing changed, yet the tick says %+v", tick)
				}
				h.reads(load, 130.57)
				s.until("tick").into(t, &tick)
				if len(tick.I) != 1 || tick.I[0] != i || *tick.V[0] != 130.6 || len(tick.Q) != 0 {
					t.Errorf("the load rose to 130.6, the tick says %+v", tick)
				}
			})
		})
	}
}

func TestAnAlarmIsOnTheScreenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.alive()
		s := h.as("operator").open("alarms")
		s.until("tick")
		time.Sleep(300 * time.Millisecond) // well before the next tick
		began := time.Now()
		h.writes(1, KindAlarm, hotAlarm(1))
		var a struct {
			ID, Text string
			Revision uint64
			Raised   string
		}
		s.until("alarm").into(t, &a)
		if took := time.Since(began); took > 100*time.Millisecond {
			t.Errorf("the alarm took %v", took)
		}
		if a.ID != hot || a.Text != "고온" || a.Revision != 1 || !strings.HasSuffix(a.Raised, "Z") || len(a.Raised) != len("2006-01-02T15:04:05.000Z") {
			t.Errorf("the alarm says %+v", a)
		}
		time.Sleep(5 * time.Millisecond) // while the next events gather
		began = time.Now()
		h.writes(2, KindAlarm, hotAlarm(2))
		if s.until("alarm").into(t, &a); a.Revision != 2 || time.Since(began) > 100*time.Millisecond {
			t.Errorf("the next one, %+v, took %v", a, time.Since(began))
		}
	})
}

func TestAStormOfAlarmsReachesTheScreenWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.alive()
		s := h.as("operator").open("alarms")
		s.until("hb")
		const storm = 10_000
		for i := range storm {
			a := hotAlarm(1)
			a.ID = fmt.Sprintf("a%d", i)
			h.writes(uint64(i+1), KindAlarm, a)
		}
		began := time.Now()
		seen := map[string]bool{}
		for len(seen) < storm {
			var a struct{ ID string }
			s.until("alarm").into(t, &a)
			seen[a.ID] = true
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("the storm took %v of virtual time", took)
		}
	})
}

func TestAReturningBrowserMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.alive()
		h.reads(load, 100)
		b := h.as("operator")
		s := b.open("overview")
		snap := s.until("snap")
		last := s.until("tick").id
		s.close()
		h.writes(1, KindAlarm, hotAlarm(1))
		h.reads(load, 200)
		time.Sleep(3 * time.Second)
		h.writes(2, KindAlarm, hotAlarm(2))
		time.Sleep(100 * time.Millisecond)

		s = b.open("overview", "Last-Event-ID", last)
		var alarms, ticks, want = 0, 0, number(t, last) + 1
		for alarms < 2 || ticks < 3 {
			e, err := s.next()
			if err != nil {
				t.Fatal(err)
			}
			if e.name == "snap" {
				t.Fatal("a short gap was answered with a snapshot")
			}
			if e.id == "" {
				continue
			}
			if got := number(t, e.id); got != want {
				t.Fatalf("event %s has id %d, want %d: something is lost or doubled", e.name, got, want)
			}
			want++
			switch e.name {
			case "alarm":
				alarms++
			case "tick":
				ticks++
			}
		}
		s.close()

		for name, id := range map[string]string{"of before everything": "1", "of a former process": fmt.Sprint(number(t, snap.id) - 1000), "of the future": fmt.Sprint(number(t, last) + 1_000_000), "that is none": "x"} {
			again := b.open("overview", "Last-Event-ID", id)
			if e, err := again.next(); err != nil || e.name != "snap" {
				t.Errorf("an id %s was answered with %q, %v, want a snapshot", name, e.name, err)
			}
			again.close()
		}
	})
}

func number(t *testing.T, id string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEventIDsFitABrowsersNumbers(t *testing.T) {
	h := newHouse(t)
	e := h.as("chair").open("journal").until("snap")
	if n := number(t, e.id); n > 1<<53 {
		t.Errorf("event id %d is above 2^53", n)
	}
}

func TestHeartbeatsComeEvenWhenNothingElseDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		s := h.as("operator").open("journal")
		var hb beat
		s.until("hb").into(t, &hb)
		if hb.Field.Connected || hb.Field.AgeMS != -1 || hb.Build != "test-1" {
			t.Errorf("before the field's first word the heartbeat says %+v", hb)
		}
		h.alive()
		began := time.Now()
		for range 5 {
			s.until("hb").into(t, &hb)
		}
		if took := time.Since(began).Round(time.Second); took != 5*time.Second {
			t.Errorf("five heartbeats took %v", took)
		}
		if hb.Field.Connected || hb.Field.AgeMS < 4000 {
			t.Errorf("after 5 s of silence the field is %+v", hb.Field)
		}
	})
}

func TestValuesGoStaleWhenTheFieldDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.alive()
		h.reads(load, 100)
		b := h.as("operator")
		s := b.open("overview")
		var snap snapJSON
		s.until("snap").into(t, &snap)
		i := strconv.Itoa(snap.index(t, load))
		h.model.FieldLost(time.Now())
		began := time.Now()
		for {
			var tick tickJSON
			s.until("tick").into(t, &tick)
			if q := tick.Q[i]; q == "stale" {
				break
			} else if q != "" || time.Since(began) > 10*time.Second {
				t.Fatalf("after %v the load is %q", time.Since(began), q)
			}
		}
		if after := time.Since(began); after < 3*time.Second || after > 5*time.Second {
			t.Errorf("the load went stale after %v, want just above 3 s", after)
		}
		var p struct {
			Value   *float64
			Quality string
			Reason  string
		}
		b.get("points/" + load).want(200).into(&p)
		if p.Quality != "stale" || p.Reason != "stale" || p.Value == nil || *p.Value != 100 {
			t.Errorf("the point says %+v, want its last value marked stale", p)
		}
		h.alive()
		h.reads(load, 101)
		var tick tickJSON
		s.until("tick").into(t, &tick)
		if tick.Q[i] != "good" || *tick.V[0] != 101 {
			t.Errorf("the field is back, the tick says %+v", tick)
		}
	})
}

func TestARoomIsToldAtOnceWhenItsStageClimbs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		room := facility.FireRoomView{ID: "B1", Stage: "S0", Racks: []facility.FireRackView{{ID: "R1", Stage: "S0"}, {ID: "R2", Stage: "S0"}}}
		h.model.ApplyStatus(facility.FieldStatus{JournalSeq: 1, Rooms: []facility.FireRoomView{room}})
		s := h.as("operator").open("battery")
		s.until("tick")
		time.Sleep(200 * time.Millisecond)
		began := time.Now()
		h.writes(2, KindStage, facility.StageChange{Room: "B1", Rack: "R1", From: "S0", To: "S1"})
		var told struct{ Stage string }
		s.until("fire").into(t, &told)
		if told.Stage != "S1" || time.Since(began) > 100*time.Millisecond {
			t.Errorf("after %v the room is %+v", time.Since(began), told)
		}
		// A status from before the change must not take it back.
		h.model.ApplyStatus(facility.FieldStatus{JournalSeq: 1, Rooms: []facility.FireRoomView{room}})
		if r, _ := h.model.roomAt("B1", time.Now()); r.Stage != "S1" || r.Racks[0].Stage != "S1" {
			t.Errorf("an older status took the stage back to %s", r.Stage)
		}
		h.model.ApplyStatus(facility.FieldStatus{JournalSeq: 2, Rooms: []facility.FireRoomView{room}})
		if r, _ := h.model.roomAt("B1", time.Now()); r.Stage != "S0" {
			t.Errorf("a newer status says S0, the room is %s", r.Stage)
		}
	})
}

func TestEachViewShowsItsOwnPoints(t *testing.T) {
	h := newHouse(t)
	b := h.as("member")
	for view, want := range map[string]struct {
		has, hasNot string
		all         bool
	}{
		"overview": {has: load, hasNot: "house/b1/r1/bms/rt"},
		"battery":  {has: "house/b1/r1/bms/rt", hasNot: load},
		"all":      {has: "house/b1/r1/bms/rt"},
		"alarms":   {hasNot: load},
	} {
		var snap snapJSON
		s := b.open(view)
		s.until("snap").into(t, &snap)
		s.close()
		shown := map[string]bool{}
		for _, p := range snap.Points {
			shown[p.ID] = true
		}
		if want.has != "" && !shown[want.has] || shown[want.hasNot] {
			t.Errorf("view %s shows %d points, %s: %v, %s: %v", view, len(shown), want.has, shown[want.has], want.hasNot, shown[want.hasNot])
		}
		if len(snap.Rooms) != 1 || snap.Rooms[0].Stage != stageUnknown || !snap.Rooms[0].Stale {
			t.Errorf("view %s: before the field's first word the rooms are %+v", view, snap.Rooms)
		}
	}
}

func TestNumbersThatAreNoneNeverBreakAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		nan := math.NaN()
		h.model.ApplyStatus(facility.FieldStatus{Rooms: []facility.FireRoomView{{ID: "B1", Stage: "S0", LEL: nan, Countdown: &nan,
			Racks: []facility.FireRackView{{ID: "R1", Hottest: &nan, Channels: map[string]facility.FireChannelView{"RT": {Value: &nan}}}}}}})
		h.reads(load, math.Inf(1))
		var snap snapJSON
		h.as("operator").open("overview").until("snap").into(t, &snap)
		if p := snap.Points[snap.index(t, load)]; p.V != nil {
			t.Errorf("infinity is shown as %v", *p.V)
		}
		h.as("operator").get("fire/rooms/B1").want(200)
	})
}
