package ui

import (
	"encoding/json"
	"slices"
	"time"

	"bongsu/facility"
)

// The bounds of what a view keeps for viewers that lag or come back.
const (
	ringFrames = 600      // a few minutes of a calm view
	ringBytes  = 32 << 20 // or this much of a stormy one
	idleAfter  = 2 * time.Minute
)

// screenView says which points and entries one kind of screen gets.
type screenView struct {
	name    string
	shows   func(assetKind string) bool // points by the kind of their asset
	entries bool
	rooms   roomsTold
	whole   bool // shows the newest picture of the organisation and nothing else: older ones are dropped
	narrow  *narrowed
}

const (
	viewContinuity  = "continuity"
	eventContinuity = "continuity"
)

// screenViews lists every view of the stream. It is the only place to add one.
var screenViews = []screenView{
	{name: "overview", shows: func(kind string) bool { return kind == "feed" || kind == "ups" || kind == "battery-room" }, entries: true},
	{name: viewBattery, shows: func(kind string) bool { return kind == "battery-room" || kind == "battery-rack" }, entries: true, rooms: allRacks},
	{name: "rooms", shows: noPoints, entries: true, rooms: allRacks},
	{name: "alarms", shows: noPoints},
	{name: "journal", shows: noPoints, entries: true},
	{name: "all", shows: func(string) bool { return true }, entries: true, rooms: allRacks},
	{name: viewPoints, shows: noPoints},
	{name: viewContinuity, shows: noPoints, whole: true},
}

func noPoints(string) bool { return false }

// view is one kind of screen: what was told last and the newest frames, kept once for all its viewers.
// Its fields are guarded by the hub.
type view struct {
	screenView
	refs  []facility.Ref // their order is the index ticks use
	seq   uint64         // id of the last event
	last  []told
	rooms map[string]string // each room as last told

	frames  []*frame
	first   uint64 // number of frames[0]
	bytes   int
	wake    chan struct{} // closed and replaced at every new frame
	viewers int
	active  bool      // told what changes; begins with the first viewer
	leftAt  time.Time // when the last viewer went

	snap   *frame // snapshot as of snapAt, if still of use
	snapAt uint64
	snapOf *painting // what snap shows in a view of the whole
}

func newView(site *facility.Site, sv screenView, seq uint64) *view {
	kinds := make(map[facility.AssetID]string, len(site.Assets))
	for _, a := range site.Assets {
		kinds[a.ID] = a.Kind
	}
	v := &view{screenView: sv, seq: seq, wake: make(chan struct{})}
	if sv.narrow != nil {
		v.refs = sv.narrow.refs
		return v
	}
	for _, p := range site.Points {
		if sv.shows(kinds[p.Asset]) {
			v.refs = append(v.refs, p.Ref)
		}
	}
	return v
}

// begin takes the present as told, so that the first tick says only what is new.
func (v *view) begin(m *Model, newest []facility.Sample, rooms []roomView) {
	v.last = make([]told, len(v.refs))
	points := m.site().points
	for i, ref := range v.refs {
		v.last[i] = tell(points[ref], newest[ref])
	}
	v.rooms = make(map[string]string, len(rooms))
	for _, r := range rooms {
		v.rooms[r.ID] = text(v.roomFor(r))
	}
	v.active = true
}

// rest forgets everything. Whoever still reads is let go and, like whoever comes next, begins with a
// snapshot.
func (v *view) rest() {
	v.first = v.end() + 1
	v.frames, v.bytes, v.last, v.rooms, v.snap, v.snapOf, v.active = nil, 0, nil, nil, nil, nil, false
	v.call()
}

// tick tells what changed of the view's points.
func (v *view) tick(m *Model, newest []facility.Sample, now time.Time) {
	var t tick
	points := m.site().points
	for i, ref := range v.refs {
		p := points[ref]
		is := tell(p, newest[ref])
		if !is.sameValue(v.last[i]) {
			t.value(i, is, p.Digits)
		}
		if is.quality != v.last[i].quality {
			t.quality(i, is.quality)
		}
		v.last[i] = is
	}
	v.seq++
	v.push(&frame{plain: appendEvent(nil, v.seq, "tick", t.json(v.seq, now.UnixMilli())), marks: []mark{{v.seq, 0}}, made: now})
}

// outgoing is one event ready to be sent: its record as JSON.
type outgoing struct {
	name  string
	room  string // of a fire event
	data  []byte
	brief []byte // of a fire event: the room for views that do not show each of its racks
}

// send puts events into one frame, so that a storm of them costs a viewer few writes.
func (v *view) send(events []outgoing, now time.Time) {
	f := &frame{made: now}
	for _, e := range events {
		if e.name == "entry" && !v.entries {
			continue
		}
		data := e.data
		if e.name == "fire" {
			if !v.allRacksOf(e.room) {
				data = e.brief
			}
			if v.rooms[e.room] == string(data) {
				continue
			}
			v.rooms[e.room] = string(data)
		}
		v.seq++
		f.marks = append(f.marks, mark{v.seq, len(f.plain)})
		f.plain = appendEvent(f.plain, v.seq, e.name, data)
	}
	if len(f.marks) > 0 {
		v.push(f)
	}
}

// show tells the newest picture; who has not taken an older one yet does not get it any more.
func (v *view) show(p *painting, body []byte, now time.Time) {
	v.seq++
	f := &frame{plain: appendEvent(nil, v.seq, eventContinuity, body), marks: []mark{{v.seq, 0}}, made: now}
	v.snap, v.snapAt, v.snapOf = f, v.seq, p
	v.push(f)
}

func (v *view) push(f *frame) {
	if v.whole {
		v.supersede(f)
	}
	v.frames = append(v.frames, f)
	v.bytes += len(f.plain)
	for len(v.frames) > 1 && (len(v.frames) > ringFrames || v.bytes > ringBytes) {
		v.bytes -= len(v.frames[0].plain)
		v.frames[0] = nil
		v.frames = v.frames[1:]
		v.first++
	}
	v.call()
}

// supersede drops the frame of the same kind before f. The places of dropped frames stay, so that the
// numbers viewers hold go on counting.
func (v *view) supersede(f *frame) {
	for i, old := range v.frames {
		if old != nil && (len(old.marks) > 0) == (len(f.marks) > 0) {
			v.bytes -= len(old.plain)
			v.frames[i] = nil
		}
	}
	for len(v.frames) > 0 && v.frames[0] == nil {
		v.frames = v.frames[1:]
		v.first++
	}
}

// call wakes everyone who waits for a frame.
func (v *view) call() {
	close(v.wake)
	v.wake = make(chan struct{})
}

// since returns the frames from a number on; ok is false when some of them are gone that were not replaced.
func (v *view) since(next uint64) (frames []*frame, ok bool) {
	if v.whole {
		next = max(next, v.first)
	}
	if next < v.first {
		return nil, false
	}
	frames = slices.Clone(v.frames[min(next-v.first, uint64(len(v.frames))):])
	return slices.DeleteFunc(frames, func(f *frame) bool { return f == nil }), true
}

// end is the number the next frame will get.
func (v *view) end() uint64 { return v.first + uint64(len(v.frames)) }

// resume returns what a viewer that has seen everything up to seq misses; ok is false when that is not
// known any more.
func (v *view) resume(seq uint64) (missed []*frame, ok bool) {
	if !v.active || seq > v.seq {
		return nil, false
	}
	known := seq == v.seq
	for _, f := range v.frames {
		if len(f.marks) == 0 {
			continue // an old heartbeat would only say that now is then
		}
		if f.marks[0].seq <= seq+1 {
			known = true
		}
		if rest := f.after(seq); rest != nil {
			missed = append(missed, rest)
		}
	}
	return missed, known
}

// text is a room or a heartbeat as JSON. Neither can fail to be written: their numbers went through finite.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}
