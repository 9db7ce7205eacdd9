package rules

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// noteOn writes a note as one person would, with an id of its own.
func (r *room) noteOn(alarm, act, text string) facility.ActResult {
	records, res := r.e.Act(r.now, facility.Act{ID: act, Kind: ActNote, Subject: alarm, By: []string{"kim"}, Station: "s1", Args: map[string]string{"text": text}})
	r.took(records)
	return res
}

func TestANoteChangesNothingButIsKept(t *testing.T) {
	const id = "temp-high@x/bms/temp"
	r := newRoom(t)
	if res := r.noteOn(id, "n0", "too early"); res.Code != http.StatusNotFound {
		t.Errorf("a note on an alarm that never was: %+v", res)
	}
	r.set("x/bms/temp", 70)
	r.pass(6 * time.Second)
	before, _ := r.e.Get(id)
	if res := r.noteOn(id, "n1", "  밸브를 열어 두었음  "); res.Code != 200 {
		t.Fatalf("the note was refused: %+v", res)
	}
	after, _ := r.e.Get(id)
	want := facility.AlarmNote{Act: "n1", N: 1, At: r.now, By: "kim", Station: "s1", Occurrence: 1, Revision: before.Revision + 1, Text: "밸브를 열어 두었음"}
	if len(after.Notes) != 1 || after.Notes[0] != want {
		t.Errorf("the record has %+v", after.Notes)
	}
	if after.Revision != want.Revision || after.State != before.State || after.Acked != nil || after.Count != before.Count || after.Reason != "" {
		t.Errorf("the note changed the alarm from %+v to %+v", before, after)
	}
	if res := r.noteOn(id, "n1", "밸브를 열어 두었음"); res.Code != 200 {
		t.Errorf("the same act, asked again: %+v", res)
	}
	if res := r.noteOn(id, "n2", " "); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Detail, "empty") {
		t.Errorf("an empty note: %+v", res)
	}
	if again, _ := r.e.Get(id); again.Revision != want.Revision || len(again.Notes) != 1 {
		t.Errorf("a repeated and an empty note gave %+v", again.Notes)
	}
}

func TestNotesOutliveTheOccurrenceTheProcessAndTheSite(t *testing.T) {
	const id = "temp-high@x/bms/temp"
	r := newRoom(t)
	r.set("x/bms/temp", 70)
	r.pass(6 * time.Second)
	r.noteOn(id, "n1", "first time")
	r.act("alarm.ack", id)
	r.set("x/bms/temp", 20)
	r.pass(11 * time.Second)
	r.want(id, facility.AlarmNormal)
	if res := r.noteOn(id, "n2", "it was the fan"); res.Code != 200 {
		t.Errorf("a note afterwards: %+v", res)
	}
	r.want(id, facility.AlarmNormal)
	r.restart()
	r.set("x/bms/temp", 70)
	r.pass(6 * time.Second)
	r.noteOn(id, "n3", "again")
	next := engineOf(t, siteOf(t, alarmSite))
	next.TakeOver(r.now, r.e, "another site file")
	a, _ := next.Get(id)
	var told []string
	for _, n := range a.Notes {
		told = append(told, fmt.Sprintf("%d in %d: %s", n.N, n.Occurrence, n.Text))
	}
	if want := []string{"1 in 1: first time", "2 in 1: it was the fan", "3 in 2: again"}; !slices.Equal(told, want) {
		t.Errorf("the record tells %q, want %q", told, want)
	}
}

func TestTheOldestNoteLeavesTheRecordAndTheCountGoesOn(t *testing.T) {
	const id = "breaker-open@x/bms/breaker"
	r := newRoom(t)
	r.set("x/bms/breaker", 0)
	for i := range facility.NotesKept + 3 {
		if res := r.noteOn(id, fmt.Sprint("n", i), fmt.Sprint("note ", i+1)); res.Code != 200 {
			t.Fatalf("note %d: %+v", i+1, res)
		}
	}
	told := slices.DeleteFunc(slices.Clone(r.log), func(a facility.Alarm) bool { return a.ID != id || len(a.Notes) == 0 })
	if len(told) != facility.NotesKept+3 {
		t.Errorf("%d records of %d notes", len(told), facility.NotesKept+3)
	}
	for i, rec := range told { // no record is changed by the notes that come after it
		if n := rec.Notes[len(rec.Notes)-1]; n.N != i+1 || n.Text != fmt.Sprint("note ", i+1) || len(rec.Notes) != min(i+1, facility.NotesKept) {
			t.Errorf("record %d carries %d notes up to %+v", i, len(rec.Notes), n)
		}
	}
}

// The act stands in the journal before the record it brought, and both name who wrote it.
func TestANoteIsInTheJournalBeforeItIsShown(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		h.set("demo/ups-a/ups/ctl/on-battery", 1)
		time.Sleep(10 * time.Second)
		const id = "ups-on-battery@demo/ups-a/ups/ctl/on-battery"
		res := h.do(facility.Act{ID: "n", Kind: ActNote, Subject: id, By: []string{"park"}, Args: map[string]string{"text": "한전 통보 받음"}})
		if res.Code != http.StatusOK {
			t.Fatalf("the note: %+v", res)
		}
		var told []string
		for _, e := range h.book.all() {
			if e.Subject == id && e.Actor == "park" && strings.Contains(string(e.Data), "한전 통보 받음") {
				told = append(told, e.Kind)
			}
		}
		if !slices.Equal(told, []string{KindAct, KindAlarm}) {
			t.Errorf("the journal has it as %v", told)
		}
	})
}

func TestTheSheetForTheFireAuthorityHasTheNotesThatMatterToIt(t *testing.T) {
	site := demoSite(t)
	at := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	alarm := func(id, class string, asset facility.AssetID, notes ...facility.AlarmNote) facility.Alarm {
		return facility.Alarm{ID: id, Class: class, Asset: asset, Occurrence: 2, Text: txt(id, id), Notes: notes}
	}
	note := func(minute int, occurrence uint64, text string) facility.AlarmNote {
		return facility.AlarmNote{At: at.Add(time.Duration(minute) * time.Minute), By: "kim", Occurrence: occurrence, Text: text}
	}
	got := HandOverNotes(site, []facility.FireRoomView{{ID: "B1", Asset: "demo/b1"}}, []facility.Alarm{
		alarm("cell", "power", "demo/b1/r3", note(1, 2, "swollen since Monday"), note(0, 1, "of another day")),
		alarm("leak", "safety", "demo/leak-1", note(5, 2, "water off at the main")),
		alarm("inlet", "cooling", "demo/h1/a1", note(9, 2, "fan ordered")),
	})
	var told []string
	for _, n := range got {
		told = append(told, n.Text+" at "+n.Where.EN)
	}
	if want := []string{"water off at the main at Leak rope of hall H1", "swollen since Monday at Battery rack R3"}; !slices.Equal(told, want) {
		t.Errorf("the sheet has %q, want %q", told, want)
	}
}
