package ui

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"bongsu/facility"
)

const (
	gather     = 20 * time.Millisecond // a storm of events is sent in pieces this far apart
	mostOutbox = 50_000                // events waiting to be sent; beyond it viewers begin anew
	frameMost  = 256 << 10             // bytes of events in one frame
)

// The reasons a viewer is refused or let go.
var (
	errViewUnknown = errors.New("unknown view")
	errViewersFull = errors.New("too many viewers")
	errTooSlow     = errors.New("viewer too slow")
)

// hub builds each view's frames once and lets any number of viewers read them. A viewer holds only its
// place in the view's ring: a slow one costs no memory and is let go when its place is overwritten.
type hub struct {
	site  *facility.Site
	model *Model
	build string
	most  int
	log   *slog.Logger
	late  func(time.Duration)
	done  chan struct{} // closed when streams must end

	mu    sync.Mutex
	views map[string]*view
	count int

	inbox   sync.Mutex // never held while taking another lock
	changes []change
	flooded bool
	ring    chan struct{}
	easel   chan struct{} // rings when there is a new picture of the organisation

	linksTold linksTold
}

func newHub(cfg Config, late func(time.Duration)) *hub {
	h := &hub{
		site: cfg.Site, model: cfg.Model, build: cfg.Build, most: cfg.MaxViewers, log: cfg.Log, late: late,
		done: make(chan struct{}), views: map[string]*view{}, ring: make(chan struct{}, 1), easel: make(chan struct{}, 1),
	}
	for _, sv := range screenViews {
		h.views[sv.name] = newView(cfg.Site, sv, firstSeq())
	}
	cfg.Model.watch(h.take, h.anew)
	return h
}

// firstSeq goes on rising over a restart and from one life of a view to the next, so that an id of a former
// one is never taken for one of this; ids stay below 2^53, which is all a browser can count.
func firstSeq() uint64 { return uint64(time.Now().Unix()) << 20 }

// anew lets every viewer begin with a snapshot: the names, units and digits of its points may be others now.
func (h *hub) anew() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, v := range h.views {
		if !v.whole {
			v.rest()
			v.seq++ // whoever has seen everything so far has not seen this
		}
	}
}

// take notes a change. The model is locked meanwhile, so this only puts it down and returns.
func (h *hub) take(c change) {
	if c.name == eventContinuity {
		ringUp(h.easel)
		return
	}
	h.inbox.Lock()
	if len(h.changes) < mostOutbox {
		h.changes = append(h.changes, c)
	} else {
		h.flooded = true
	}
	h.inbox.Unlock()
	ringUp(h.ring)
}

func ringUp(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// run tells changes at once and values once a second until ctx ends; then every stream ends.
func (h *hub) run(ctx context.Context) {
	defer close(h.done)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	var wait, dry <-chan time.Time // set while events gather, and while a picture is too fresh for the next
	for {
		ring, easel := h.ring, h.easel
		if wait != nil {
			ring = nil
		}
		if dry != nil {
			easel = nil
		}
		select {
		case <-ctx.Done():
			return
		case <-ring:
			h.flush()
			wait = time.After(gather)
		case <-wait:
			wait = nil
		case <-easel:
			h.paint(time.Now())
			dry = time.After(pictureEvery)
		case <-dry:
			dry = nil
		case due := <-second.C:
			h.beat(time.Now())
			h.late(time.Since(due))
		}
	}
}

// flush sends the noted changes to every view that someone watches.
func (h *hub) flush() {
	h.inbox.Lock()
	changes, flooded := h.changes, h.flooded
	h.changes, h.flooded = nil, false
	h.inbox.Unlock()
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	if flooded {
		h.log.Warn("more events than could be sent: viewers begin anew", "kept", mostOutbox)
		for _, v := range h.views {
			if !v.whole {
				v.rest()
			}
		}
		return
	}
	if !h.anyActive() {
		return
	}
	var piece []outgoing
	size := 0
	for _, c := range changes {
		e, ok := h.outgoing(c, now)
		if !ok {
			continue
		}
		piece, size = append(piece, e), size+len(e.data)
		if size > frameMost {
			h.send(piece, now)
			piece, size = nil, 0
		}
	}
	h.send(piece, now)
}

func (h *hub) anyActive() bool {
	for _, v := range h.views {
		if v.active && !v.whole {
			return true
		}
	}
	return false
}

func (h *hub) send(events []outgoing, now time.Time) {
	for _, v := range h.views {
		if v.active && !v.whole && len(events) > 0 {
			v.send(events, now)
		}
	}
}

func (h *hub) outgoing(c change, now time.Time) (outgoing, bool) {
	data := c.data
	if c.name == "fire" {
		r, ok := h.model.roomAt(c.room, now)
		return roomEvent(r), ok
	}
	b, err := json.Marshal(data)
	if err != nil {
		h.log.Error("a record cannot be sent", "event", c.name, "cause", err)
		return outgoing{}, false
	}
	return outgoing{name: c.name, room: c.room, data: b}, true
}

// beat sends each view what changed in a second, then the heartbeat.
func (h *hub) beat(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var newest []facility.Sample
	var rooms []outgoing
	var hb []byte
	for _, v := range h.views {
		if v.active && v.viewers == 0 && now.Sub(v.leftAt) > idleAfter {
			v.rest()
			if v.narrow != nil {
				delete(h.views, v.narrow.key)
			}
		}
		if !v.active {
			continue
		}
		if newest == nil {
			newest = h.model.live.All(now)
			rooms = h.roomEvents(now)
			hb = appendEvent(nil, 0, "hb", h.heartbeat(now, h.linksNow(now)))
		}
		if !v.whole {
			v.send(rooms, now)
			v.tick(h.model, newest, now)
		}
		v.push(&frame{plain: hb, made: now})
	}
}

func (h *hub) roomEvents(now time.Time) (out []outgoing) {
	for _, r := range h.model.roomsAt(now) {
		out = append(out, roomEvent(r))
	}
	return out
}

func (h *hub) heartbeat(now time.Time, links []linkView) []byte {
	m := h.model
	return []byte(text(beat{
		T: now.UnixMilli(), Build: h.build, Revision: m.site().Revision, LagMS: m.lag(now), Drill: m.drill(), Drills: m.drills(), Field: m.health(now), Links: links,
	}))
}

func (h *hub) viewers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count
}

// viewersOf counts the viewers of each view.
func (h *hub) viewersOf() map[string]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[string]int{}
	for _, v := range h.views {
		out[v.name] += v.viewers
	}
	return out
}

// paint shows the newest picture to those who watch. It is encoded before the hub is locked.
func (h *hub) paint(now time.Time) {
	h.mu.Lock()
	watched := h.views[viewContinuity].active
	h.mu.Unlock()
	if !watched {
		return
	}
	p := h.model.painted()
	body, err := p.event()
	if err != nil {
		h.log.Error("the picture of the organisation cannot be sent", "cause", err)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if v := h.views[viewContinuity]; v.active {
		v.show(p, body, now)
	}
}

// leave gives the place up.
func (at *viewer) leave() {
	h := at.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count--
	at.view.viewers--
	at.view.leftAt = time.Now()
}

// read returns the frames that are new, or a channel that closes when there are some.
func (at *viewer) read() ([]*frame, <-chan struct{}, error) {
	at.hub.mu.Lock()
	defer at.hub.mu.Unlock()
	frames, ok := at.view.since(at.next)
	if !ok {
		return nil, nil, errTooSlow
	}
	at.next = at.view.end()
	return frames, at.view.wake, nil
}
