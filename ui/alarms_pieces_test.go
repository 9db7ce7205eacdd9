package ui

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

type pieceJSON struct {
	Alarms []struct {
		ID       string
		Priority int
		State    string
		Revision uint64
	}
	Tally []alarmTally
	Whole bool
}

// openMany has the model hold n open alarms of two priorities, a third of them acknowledged.
func (h *house) openMany(n int) {
	h.t.Helper()
	for i := range n {
		a := hotAlarm(1)
		a.ID, a.Priority = fmt.Sprintf("a%04d", i), 2+i%2
		if i%3 == 0 {
			a.State = facility.AlarmAcked
		}
		h.writes(uint64(i+1), KindAlarm, a)
	}
}

func TestAScreenGetsItsFirstAlarmsWithTheCountsOfAllAndThenTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.alive()
		const n = pieceAlarms + firstAlarms + 1
		h.openMany(n)
		time.Sleep(time.Second) // told to nobody
		s := h.as("operator").open("alarms&alarms=pieces")
		var snap, piece pieceJSON
		first := s.until("snap").into(t, &snap)
		counted, hb := 0, s.until("hb")
		for _, c := range snap.Tally {
			counted += c.N
		}
		if len(snap.Alarms) != firstAlarms || counted != n || first.id != "" || hb.id != "" {
			t.Fatalf("the snapshot %q has %d alarms and counts %d of %d", first.id, len(snap.Alarms), counted, n)
		}
		var order, whole []string
		for _, a := range snap.Alarms {
			order = append(order, a.ID)
		}
		pieces, last := 0, event{}
		for !piece.Whole {
			piece = pieceJSON{}
			last = s.until("alarms").into(t, &piece)
			pieces++
			for _, a := range piece.Alarms {
				order = append(order, a.ID)
			}
		}
		for _, a := range h.server.cfg.Model.alarmsWhere(isOpen) {
			whole = append(whole, a.ID)
		}
		if strings.Join(order, " ") != strings.Join(whole, " ") || pieces != 3 {
			t.Errorf("%d pieces brought %d alarms, or not in the order of the list", pieces, len(order))
		}
		// The number comes with the last piece, and what follows counts on from it.
		if tick := s.until("tick"); tick.id != fmt.Sprint(number(t, last.id)+1) {
			t.Errorf("the last piece is %q, the tick after it %q", last.id, tick.id)
		}
	})
}

func TestWhoLosesTheStreamBetweenPiecesBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.alive()
		h.openMany(firstAlarms + 1)
		b := h.as("operator")
		s := b.open("alarms&alarms=pieces")
		id := s.until("tick").id
		s.close()
		again := b.open("alarms&alarms=pieces", "Last-Event-ID", id)
		if e, err := again.next(); err != nil || e.name == "snap" {
			t.Errorf("whoever had everything resumes with %q, %v", e.name, err)
		}
		fresh := b.open("alarms&alarms=pieces", "Last-Event-ID", "")
		if e, err := fresh.next(); err != nil || e.name != "snap" || e.id != "" {
			t.Errorf("whoever was cut off before the last piece begins with %q %q, %v", e.name, e.id, err)
		}
	})
}

func TestPiecesAreCutAnewWhenAnAlarmOrItsWordsChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.alive()
		h.openMany(firstAlarms + 1)
		m := h.server.cfg.Model
		cut := m.alarmsInPieces()
		if m.alarmsInPieces() != cut {
			t.Error("the same alarms are cut twice")
		}
		a := hotAlarm(2)
		a.ID, a.State = "a0001", facility.AlarmNormal
		h.writes(5000, KindAlarm, a)
		after := m.alarmsInPieces()
		if after == cut || len(after.all) != firstAlarms || len(after.rest) != 0 {
			t.Errorf("an alarm ended, and %d stand", len(after.all))
		}
		// What fits the first piece comes whole, with the snapshot's number, as it does for whoever asks for no pieces.
		for _, view := range []string{"alarms&alarms=pieces", "alarms"} {
			var snap pieceJSON
			if e := h.as("operator").open(view).until("snap").into(t, &snap); e.id == "" || len(snap.Alarms) != firstAlarms || snap.Tally != nil {
				t.Errorf("%s: snapshot %q has %d alarms, tally %v", view, e.id, len(snap.Alarms), snap.Tally)
			}
		}
		m.SetSite(m.site().Site)
		if m.alarmsInPieces() == after {
			t.Error("the site's words changed, and the pieces are the old ones")
		}
		time.Sleep(time.Second)
	})
}
