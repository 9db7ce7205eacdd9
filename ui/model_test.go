package ui

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

func TestTheNewerRevisionOfAnAlarmWins(t *testing.T) {
	h := newHouse(t)
	for seq, c := range []struct {
		revision uint64
		state    facility.AlarmState
		want     facility.AlarmState
	}{
		{1, facility.AlarmUnacked, facility.AlarmUnacked},
		{3, facility.AlarmAcked, facility.AlarmAcked},
		{2, facility.AlarmReturned, facility.AlarmAcked},
		{3, facility.AlarmReturned, facility.AlarmAcked},
		{4, facility.AlarmNormal, facility.AlarmNormal},
	} {
		a := hotAlarm(c.revision)
		a.State = c.state
		h.writes(uint64(seq+1), KindAlarm, a)
		if got, _ := h.model.alarm(hot); got.State != c.want {
			t.Errorf("after revision %d the alarm is %s, want %s", c.revision, got.State, c.want)
		}
	}
	if open := h.model.alarmsWhere(isOpen); len(open) != 0 {
		t.Errorf("a normal alarm is open: %+v", open)
	}
}

func TestEntriesAreTakenOnceAndNeverHidden(t *testing.T) {
	h := newHouse(t)
	h.writes(5, "note", "x")
	h.writes(5, "note", "again")
	h.writes(4, "note", "late")
	err := h.model.ApplyEntry(Entry{Seq: 6, Kind: KindAlarm, Data: []byte(`{"id":7}`)})
	if !errors.Is(err, ErrEntry) {
		t.Errorf("an alarm that is none gives %v", err)
	}
	got := h.model.newest(10)
	if len(got) != 2 || got[0].Seq != 5 || got[1].Seq != 6 {
		t.Errorf("the tail is %+v, want entries 5 and 6", got)
	}
}

func TestRunningCommandsStayInSight(t *testing.T) {
	l := commandLog{records: map[string]facility.CommandRecord{}}
	l.put(facility.CommandRecord{ID: "running", State: facility.CommandSent})
	for i := range 2 * keptCommands {
		l.put(facility.CommandRecord{ID: fmt.Sprint(i), State: facility.CommandConfirmed})
	}
	if len(l.records) != keptCommands || len(l.order) != keptCommands {
		t.Errorf("%d records are kept, want %d", len(l.records), keptCommands)
	}
	if _, ok := l.records["running"]; !ok {
		t.Error("a running command was forgotten")
	}
	if last := l.last(1)[0].ID; last != fmt.Sprint(2*keptCommands-1) {
		t.Errorf("the newest is %s", last)
	}
}

func TestAFastPointDoesNotFlickerAndAClockAheadDoesNotKeepItFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		now := time.Now()
		batch := []facility.Sample{{Point: 0, Quality: facility.Good, Value: 1, At: now, Seen: now.Add(time.Hour)}}
		h.model.ApplySamples(batch)
		if !batch[0].Seen.Equal(now.Add(time.Hour)) {
			t.Error("a batch that is shared with others was changed")
		}
		time.Sleep(2900 * time.Millisecond)
		if q := h.model.live.Sample(0, time.Now()).Quality; q != facility.Good {
			t.Errorf("after 2.9 s the value is %v", q)
		}
		time.Sleep(200 * time.Millisecond)
		if q := h.model.live.Sample(0, time.Now()).Quality; q != facility.Stale {
			t.Errorf("after 3.1 s the value is %v", q)
		}
	})
	site := *newHouse(t).site
	site.Points = []facility.Point{{StaleAfter: 300 * time.Millisecond}, {StaleAfter: time.Minute}}
	m := NewModel(&site, "en")
	if m.site().points[0].StaleAfter != staleFloor || m.site().points[1].StaleAfter != time.Minute || site.Points[0].StaleAfter != 300*time.Millisecond {
		t.Errorf("stale after %v and %v on screen, %v at the rules", m.site().points[0].StaleAfter, m.site().points[1].StaleAfter, site.Points[0].StaleAfter)
	}
}

func TestARoomsStageIsTheHighestOfItsRacksUntilGas(t *testing.T) {
	for _, c := range []struct {
		room    string
		changes []facility.StageChange
		want    string
	}{
		{"S0", []facility.StageChange{{Rack: "R1", To: "S2"}, {Rack: "R2", To: "S1"}}, "S2"},
		{"S2", []facility.StageChange{{Rack: "R1", To: "S3"}, {Rack: "R1", To: "S0"}}, "S0"},
		{"S5A", []facility.StageChange{{Rack: "R2", To: "S4"}}, "S5A"},
		{"S4", []facility.StageChange{{To: "S5B"}}, "S5B"},
		{stageUnknown, []facility.StageChange{{Rack: "R1", To: "SP"}}, "SP"},
	} {
		v := facility.FireRoomView{Stage: c.room, Racks: []facility.FireRackView{{ID: "R1", Stage: "S0"}, {ID: "R2", Stage: "S0"}}}
		for _, change := range c.changes {
			climb(&v, change)
		}
		if v.Stage != c.want {
			t.Errorf("from %s with %+v the room is %s, want %s", c.room, c.changes, v.Stage, c.want)
		}
	}
}

func TestChannelsOfASilentFieldGoStaleWithTheirPoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		rt := facility.PointID("house/b1/r1/bms/rt")
		v := 25.0
		h.reads(rt, v)
		h.model.ApplyStatus(facility.FieldStatus{Rooms: []facility.FireRoomView{{ID: "B1", Stage: "S0", Racks: []facility.FireRackView{{
			ID: "R1", Stage: "S0", Channels: map[string]facility.FireChannelView{"RT": {Point: rt, Value: &v, State: "good", Quality: facility.Good}},
		}}}}})
		see := func() (channelView, bool) {
			r, _ := h.model.roomAt("B1", time.Now())
			return r.Racks[0].Channels["RT"], r.Stale
		}
		if ch, stale := see(); ch.Quality != facility.Good || stale {
			t.Errorf("while the field speaks the channel is %+v, stale %v", ch, stale)
		}
		time.Sleep(4 * time.Second)
		if ch, stale := see(); ch.Quality != facility.Stale || ch.State != "stale" || !stale || *ch.Value != 25 {
			t.Errorf("after 4 s of silence the channel is %+v, stale %v", ch, stale)
		}
	})
}

func TestFramesShareOneCompressionWhereverAViewerBegins(t *testing.T) {
	var frames []*frame
	var plain []byte
	for i := range 20 {
		f := &frame{plain: bytes.Repeat([]byte(fmt.Sprintf("event %d\n", i)), 100)}
		frames = append(frames, f)
		plain = append(plain, f.plain...)
	}
	for _, from := range []int{0, 7, 19} {
		stream := append([]byte(nil), gzipHeader...)
		for _, f := range frames[from:] {
			stream = append(stream, f.deflated()...)
		}
		r, err := gzip.NewReader(bytes.NewReader(stream))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		want := plain[len(plain)-lengthOf(frames[from:]):]
		if !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.Equal(got, want) {
			t.Errorf("from frame %d: %d bytes, %v, want %d and an open end", from, len(got), err, len(want))
		}
		if len(stream) > len(want)/5 {
			t.Errorf("from frame %d: %d bytes of %d are left, it was not compressed", from, len(stream), len(want))
		}
	}
	if a, b := frames[0].deflated(), frames[0].deflated(); &a[0] != &b[0] {
		t.Error("a frame was compressed twice")
	}
}

func lengthOf(frames []*frame) (n int) {
	for _, f := range frames {
		n += len(f.plain)
	}
	return n
}

func TestAFrameIsCutWhereAViewerStopped(t *testing.T) {
	f := &frame{plain: []byte("aabbcc"), marks: []mark{{5, 0}, {6, 2}, {7, 4}}}
	for seq, want := range map[uint64]string{4: "aabbcc", 5: "bbcc", 6: "cc"} {
		if got := f.after(seq); got == nil || string(got.plain) != want {
			t.Errorf("after %d: %v, want %s", seq, got, want)
		}
	}
	if got := f.after(7); got != nil {
		t.Errorf("after its last event a frame has %q left", got.plain)
	}
}

func TestTooManyEventsMakeViewersBeginAnew(t *testing.T) {
	h := newHouse(t)
	hub := newHub(h.server.cfg, func(time.Duration) {}) // one whose loop stands still
	at, _, err := hub.join("alarms", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer at.leave()
	for range mostOutbox + 1 {
		hub.take(change{name: "entry", data: 1})
	}
	if n := len(hub.changes); n != mostOutbox {
		t.Errorf("%d events wait, want %d", n, mostOutbox)
	}
	hub.flush()
	if _, _, err := at.read(); !errors.Is(err, errTooSlow) {
		t.Errorf("reading on gives %v, want %v", err, errTooSlow)
	}
	again, first, err := hub.join("journal", 0)
	if err != nil || !bytes.Contains(first[0].plain, []byte("event: snap")) {
		t.Fatalf("beginning anew gives %v, %v", first, err)
	}
	defer again.leave()
	hub.take(change{name: "entry", data: 7})
	hub.flush()
	if frames, _, err := again.read(); err != nil || len(frames) != 1 || !bytes.Contains(frames[0].plain, []byte("data: 7")) {
		t.Errorf("after the flood the next event gives %v, %v", frames, err)
	}
}
