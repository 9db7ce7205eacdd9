package ui

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/bcp"
)

type pictureJSON struct {
	Picture struct{ Control struct{ Seq uint64 } }
}

func seqOf(t *testing.T, e event) uint64 {
	t.Helper()
	var p pictureJSON
	e.into(t, &p)
	return p.Picture.Control.Seq
}

func TestTheSituationRoomShowsTheNewestPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := newOrgHouse(t)
		h.alive()
		alarms := h.as("operator").open("alarms")
		s := h.as("chair").open("continuity")
		if e, err := s.next(); err != nil || e.name != "hb" {
			t.Fatalf("before the first picture came %q, %v", e.name, err)
		}
		h.model.SetContinuity(situation(1))
		began := time.Now()
		first := s.until("continuity")
		if seq := seqOf(t, first); seq != 1 || time.Since(began) > 50*time.Millisecond {
			t.Errorf("after %v came picture %d", time.Since(began), seq)
		}
		h.writes(1, KindAlarm, hotAlarm(1))
		alarms.until("alarm")
		for range 2 {
			if e, err := s.next(); err != nil || e.name != "hb" {
				t.Errorf("the view told %q, %v", e.name, err)
			}
		}
		late := h.as("tower").open("continuity", "Last-Event-ID", first.id)
		if e, err := late.next(); err != nil || e.name != "continuity" || seqOf(t, e) != 1 {
			t.Errorf("who comes back is told %q first, %v", e.name, err)
		}
		h.model.SetContinuity(situation(2))
		for _, viewer := range []*stream{s, late} {
			e := viewer.until("continuity")
			if seqOf(t, e) != 2 || number(t, e.id) != number(t, first.id)+1 {
				t.Errorf("then came %d as event %s after %s", seqOf(t, e), e.id, first.id)
			}
		}
	})
}

func TestPicturesAreConflated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := newOrgHouse(t)
		h.model.SetContinuity(situation(0))
		s := h.as("chair").open("continuity")
		s.until("continuity")
		began := time.Now()
		go func() {
			for i := range uint64(100) {
				h.model.SetContinuity(situation(i + 1))
				time.Sleep(10 * time.Millisecond)
			}
		}()
		shown, last := 0, uint64(0)
		for last < 100 {
			seq := seqOf(t, s.until("continuity"))
			if seq <= last {
				t.Errorf("picture %d came after %d", seq, last)
			}
			last = seq
			shown++
		}
		if took := time.Since(began); shown > 5 || took > 1500*time.Millisecond {
			t.Errorf("100 pictures in a second were shown as %d in %v", shown, took)
		}
	})
}

func TestAPictureIsEncodedOnceAndOldOnesAreDropped(t *testing.T) {
	h, _ := newOrgHouse(t)
	hub := newHub(h.server.cfg, func(time.Duration) {}) // one whose loop stands still
	hub.paint(time.Now())
	h.model.SetContinuity(situation(1))
	hub.paint(time.Now())
	if v := hub.views[viewContinuity]; len(v.frames) != 0 || h.model.painted().text != nil {
		t.Error("a picture was encoded although nobody watches")
	}
	one, first, err := hub.join(viewContinuity, 0)
	if err != nil {
		t.Fatal(err)
	}
	two, again, err := hub.join(viewContinuity, 0)
	if err != nil || first[0] != again[0] {
		t.Fatalf("the second viewer begins with a frame of its own, %v", err)
	}
	for i := range uint64(2000) {
		if i%4 == 0 {
			hub.beat(time.Now())
		}
		h.model.SetContinuity(situation(i + 2))
		hub.paint(time.Now())
		if i == 1000 { // more than is kept of other views
			for range mostOutbox + 1 {
				hub.take(change{name: "entry", data: 1})
			}
			hub.flush()
		}
	}
	mine, _, err := one.read()
	if err != nil || len(mine) != 2 {
		t.Fatalf("a viewer that slept reads %d frames, %v, want the newest picture and heartbeat", len(mine), err)
	}
	if text := string(mine[0].plain) + string(mine[1].plain); !strings.Contains(text, `"seq":2001`) || !strings.Contains(text, "event: hb") {
		t.Errorf("it reads %s", text)
	}
	theirs, _, err := two.read()
	if err != nil || len(theirs) != 2 || mine[0] != theirs[0] || mine[1] != theirs[1] {
		t.Errorf("the other viewer reads frames of its own, %v", err)
	}
	if v := hub.views[viewContinuity]; len(v.frames) > 10 || v.bytes != len(mine[0].plain)+len(mine[1].plain) {
		t.Errorf("%d frames and %d bytes are kept", len(v.frames), v.bytes)
	}
	if frames, wake, err := one.read(); err != nil || len(frames) != 0 || wake == nil {
		t.Errorf("reading on gives %d frames, %v", len(frames), err)
	}
	one.leave()
	two.leave()
	hub.views[viewContinuity].leftAt = time.Now().Add(-2 * idleAfter)
	hub.beat(time.Now())
	if v := hub.views[viewContinuity]; v.active || v.snap != nil || v.snapOf != nil {
		t.Error("a view nobody watches keeps a picture")
	}
}

func TestAPictureThatCannotBeWrittenBreaksNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := newOrgHouse(t)
		h.model.SetContinuity(situation(1))
		s := h.as("chair").open("continuity")
		s.until("continuity")
		broken := situation(2)
		broken.Sites = []bcp.SiteView{{ID: "house", Load: math.NaN()}}
		h.model.SetContinuity(broken)
		s.until("hb")
		h.model.SetContinuity(situation(3))
		if seq := seqOf(t, s.until("continuity")); seq != 3 {
			t.Errorf("after a broken picture came %d", seq)
		}
	})
}
