package ui

import (
	"time"
)

// viewer is one open stream's place.
type viewer struct {
	hub  *hub
	view *view
	next uint64 // number of the next frame
	rest *alarmPieces
	at   uint64 // of the snapshot that rest belongs to
}

// join opens a stream of a view, narrowed or not. seen is the last event the browser has, 0 for none; what comes first is what it
// missed, or a snapshot, and a heartbeat; then, of a viewer that takes alarms in pieces, what restOf gives.
func (h *hub) join(name string, seen uint64, wanted ...narrowing) (*viewer, []*frame, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	v := h.views[name]
	if v == nil {
		return nil, nil, errViewUnknown
	}
	var want narrowing
	if len(wanted) > 0 {
		want = wanted[0]
	}
	if want.asks() {
		narrow, err := h.narrowed(v, want)
		if err != nil {
			return nil, nil, err
		}
		v = narrow
	}
	if h.count >= h.most {
		return nil, nil, errViewersFull
	}
	now := time.Now()
	at := &viewer{hub: h, view: v}
	first, err := h.opening(at, seen, want.pieces, now)
	if err != nil {
		return nil, nil, err
	}
	v.viewers++
	h.count++
	at.next = v.end()
	return at, append(first, &frame{plain: appendEvent(nil, 0, "hb", h.heartbeat(now, h.model.links())), made: now}), nil
}

// opening is what a stream begins with.
func (h *hub) opening(at *viewer, seen uint64, pieces bool, now time.Time) ([]*frame, error) {
	v := at.view
	if v.whole {
		return h.newestPicture(v, now)
	}
	if seen > 0 {
		if missed, known := v.resume(seen); known {
			return missed, nil
		}
	}
	if !v.active {
		v.begin(h.model, h.model.live.All(now), h.model.roomsAt(now))
	}
	cut := h.model.alarmsInPieces()
	if pieces && len(cut.rest) > 0 {
		at.rest, at.at = cut, v.seq
		f, err := h.snapshot(v, snapRest{Alarms: cut.first, Tally: cut.tally}, now)
		return []*frame{f}, err
	}
	if v.snap == nil || v.snapAt != v.seq {
		f, err := h.snapshot(v, snapRest{Alarms: h.model.viewAlarms(cut.all)}, now)
		if err != nil {
			return nil, err
		}
		v.snap, v.snapAt = f, v.seq
	}
	return []*frame{v.snap}, nil
}

// newestPicture is what there is to see, nothing before the first picture.
func (h *hub) newestPicture(v *view, now time.Time) ([]*frame, error) {
	v.active = true
	p := h.model.painted()
	if p == nil {
		return nil, nil
	}
	if v.snapOf != p {
		body, err := p.event()
		if err != nil {
			return nil, err
		}
		v.snap, v.snapAt, v.snapOf = &frame{plain: appendEvent(nil, v.seq, eventContinuity, body), made: now}, v.seq, p
	}
	return []*frame{v.snap}, nil
}

// snapshot is what the view has told so far, not what is known now: the next tick says only what differs
// from what was told. Whoever resumes where it stands has missed nothing, so it has no id while alarms are yet to come.
func (h *hub) snapshot(v *view, rest snapRest, now time.Time) (*frame, error) {
	rest.Rooms = h.model.roomsAt(now)
	for i := range rest.Rooms {
		rest.Rooms[i] = v.roomFor(rest.Rooms[i])
	}
	rest.Cmds, rest.Links = h.model.lastCommands(keptCommands/5), h.model.links()
	body, err := snapshot(v.seq, now.UnixMilli(), h.model.site().points, v.refs, v.last, rest)
	if err != nil {
		return nil, err
	}
	id := v.seq
	if rest.Tally != nil {
		id = 0
	}
	return &frame{plain: appendEvent(nil, id, "snap", body), made: now}, nil
}
