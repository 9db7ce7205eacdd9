package ui

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"bongsu/facility"
)

const (
	viewBattery = "battery"
	viewPoints  = "points"

	mostNarrowed = 200              // narrowed views at once: each costs a tick a second
	mostPicked   = 100              // points one may pick for a view
	linksEvery   = 10 * time.Second // the counters of links are told this often
)

// roomsTold is how much of the battery rooms a view tells.
type roomsTold int

const (
	fewRacks roomsTold = iota // of each room the racks that need eyes
	allRacks
)

// narrowing is what one viewer wants of a view: one room of it, or some points only; and its alarms in pieces or at once.
type narrowing struct {
	room   string
	ids    []string
	pieces bool
}

func (n narrowing) asks() bool { return n.room != "" || len(n.ids) > 0 }

// narrowed is a view that shows a part. All who ask for the same part share it; it ends when the last has
// been gone for a while.
type narrowed struct {
	key  string
	room string // whose racks are all told
	refs []facility.Ref
}

// narrowError says what is wrong with a narrowing, in words for whoever asked.
type narrowError struct {
	status int
	advice string
}

// Error tells the advice.
func (e *narrowError) Error() string { return e.advice }

// narrowed finds or begins the part of a view that a viewer asks for.
func (h *hub) narrowed(of *view, n narrowing) (*view, error) {
	slices.Sort(n.ids)
	n.ids = slices.Compact(n.ids)
	part := &narrowed{room: n.room}
	switch {
	case of.name == viewBattery && n.room != "" && len(n.ids) == 0:
		part.key = of.name + "\nroom\n" + n.room
	case of.name == viewPoints && n.room == "":
		part.key = of.name + "\nids\n" + strings.Join(n.ids, "\n")
	default:
		return nil, &narrowError{http.StatusUnprocessableEntity, "room narrows the view battery, ids the view points; no other view can be narrowed."}
	}
	if v := h.views[part.key]; v != nil {
		return v, nil
	}
	if len(h.views) >= mostNarrowed+len(screenViews) {
		return nil, errViewersFull
	}
	var err error
	if n.room != "" {
		part.refs, err = refsOfRoom(h.site, n.room)
	} else {
		part.refs, err = refsOfIDs(h.site, n.ids)
	}
	if err != nil {
		return nil, err
	}
	sv := of.screenView
	sv.narrow = part
	v := newView(h.site, sv, firstSeq())
	h.views[part.key] = v
	return v, nil
}

func refsOfIDs(site *facility.Site, ids []string) ([]facility.Ref, error) {
	if len(ids) > mostPicked {
		return nil, &narrowError{http.StatusUnprocessableEntity, fmt.Sprintf("%d points were asked for; a view shows %d at most.", len(ids), mostPicked)}
	}
	var refs []facility.Ref
	for _, id := range ids {
		// A point that is gone since its address was saved leaves the others to be seen.
		if ref, ok := site.Ref(facility.PointID(id)); ok {
			refs = append(refs, ref)
		}
	}
	return refs, nil
}

// refsOfRoom lists what the screen of one battery room shows: the room's own points, the channels and
// evidence of its racks, and what proves their orders. Cells and modules are found under trends.
func refsOfRoom(site *facility.Site, id string) ([]facility.Ref, error) {
	if site.Fire == nil {
		return nil, &narrowError{http.StatusNotFound, "This site has no battery rooms."}
	}
	at := slices.IndexFunc(site.Fire.Rooms, func(r facility.FireRoom) bool { return r.ID == id })
	if at < 0 {
		return nil, &narrowError{http.StatusNotFound, fmt.Sprintf("There is no battery room %q. fire/rooms lists them.", id)}
	}
	room := site.Fire.Rooms[at]
	wanted, orders := map[facility.Ref]bool{}, map[facility.CommandID]bool{}
	take := func(points map[string]facility.PointID, commands map[string]facility.CommandID) {
		for _, p := range points {
			if ref, ok := site.Ref(p); ok {
				wanted[ref] = true
			}
		}
		for _, c := range commands {
			orders[c] = true
		}
	}
	take(room.Points, room.Commands)
	for _, rack := range room.Racks {
		take(rack.Points, rack.Commands)
	}
	for _, c := range site.Commands {
		if orders[c.ID] {
			wanted[c.Feedback] = true
		}
	}
	var refs []facility.Ref
	for i := range site.Points {
		if p := &site.Points[i]; p.Asset == room.Asset || wanted[p.Ref] {
			refs = append(refs, p.Ref)
		}
	}
	return refs, nil
}

// allRacksOf says whether the view tells every rack of a room.
func (v *view) allRacksOf(room string) bool {
	if v.narrow != nil {
		return v.narrow.room == room
	}
	return v.screenView.rooms == allRacks
}

// roomFor is a room as the view tells it.
func (v *view) roomFor(r roomView) roomView {
	if v.allRacksOf(r.ID) {
		return r
	}
	return briefly(r)
}

// briefly leaves of a room's racks those that need eyes: the hottest, those past the normal stage, and those
// whose temperature is not known. A site of two hundred racks would else fill every screen's stream.
func briefly(r roomView) roomView {
	hottest := -1
	for i, rack := range r.Racks {
		if rack.Hottest != nil && (hottest < 0 || *rack.Hottest > *r.Racks[hottest].Hottest) {
			hottest = i
		}
	}
	few := []rackView{}
	for i, rack := range r.Racks {
		if i == hottest || rack.Hottest == nil || rack.Stage != "S0" {
			rack.Commands = []outputView{}
			few = append(few, rack)
		}
	}
	r.Racks, r.Commands = few, []outputView{}
	return r
}

func roomEvent(r roomView) outgoing {
	return outgoing{name: "fire", room: r.ID, data: []byte(text(r)), brief: []byte(text(briefly(r)))}
}

// linksTold is what the heartbeats last said of the links.
type linksTold struct {
	at   time.Time
	look string
}

// linksNow returns the links when one of them came, went or fails otherwise than before, and now and then for
// their counters; nil leaves what was told standing.
func (h *hub) linksNow(now time.Time) []linkView {
	links := h.model.links()
	var look strings.Builder
	for _, l := range links {
		fmt.Fprintf(&look, "%s %t %s\n", l.ID, l.Connected, l.Error)
	}
	if look.String() == h.linksTold.look && now.Sub(h.linksTold.at) < linksEvery {
		return nil
	}
	h.linksTold = linksTold{now, look.String()}
	return links
}

// listedIDs reads ids set apart by commas.
func listedIDs(text string) []string {
	return slices.DeleteFunc(strings.Split(text, ","), func(id string) bool { return id == "" })
}
