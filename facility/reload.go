package facility

import (
	"fmt"
	"reflect"
	"slices"
)

// ReloadPlan is what must be done to make a running field work by another site, and whether it may be.
type ReloadPlan struct {
	Reach   Reach
	Links   []string // to be closed and opened when the reach is links, sorted
	Rules   []string // alarm rules that come, go or change
	Fire    bool     // something the fire response uses changes
	Refused []string // why nothing of it may be applied now; empty when it may
}

// Plan says how far a change goes and whether it may be applied while some fire rooms are above S0 (or
// where nobody can say that they are not). Then nothing of the fire configuration may change, and
// nothing may be done that would make the fire response let go of its inputs: no link that carries them
// is opened anew, no table of points is rebuilt, no process started. All of a change is refused or none.
func (c Changes) Plan(above []string) ReloadPlan {
	var p ReloadPlan
	for _, x := range c {
		p.Reach = max(p.Reach, x.Reach)
		p.Fire = p.Fire || x.Fire
		if x.Reach == ReachLinks {
			p.Links = append(p.Links, x.Links...)
		}
		if x.What == "alarm" {
			p.Rules = append(p.Rules, x.ID)
		}
		if len(above) == 0 {
			continue
		}
		switch {
		case x.Fire:
			p.Refused = append(p.Refused, fmt.Sprintf("%s: the fire response uses it, and room %s is not at S0", x, above[0]))
		case x.Reach >= ReachTable:
			p.Refused = append(p.Refused, fmt.Sprintf("%s: to apply it the fire response would let go of its inputs, and room %s is not at S0", x, above[0]))
		}
	}
	slices.Sort(p.Links)
	p.Links = slices.Compact(p.Links)
	slices.Sort(p.Rules)
	p.Rules = slices.Compact(p.Rules)
	return p
}

// fireParts names everything the staged response of a site sees or moves, as "kind id".
func fireParts(s *Site) map[string]bool {
	out := map[string]bool{}
	if s.Fire == nil {
		return out
	}
	point := func(id PointID) {
		out["point "+string(id)] = true
		if ref, ok := s.Ref(id); ok {
			s.fireDevice(out, s.Points[ref].Device)
		}
	}
	command := func(id CommandID) {
		out["command "+string(id)] = true
		if cmd, ok := s.Commands[id]; ok {
			point(s.Points[cmd.Feedback].ID)
			s.fireDevice(out, cmd.Device)
		}
	}
	for _, id := range s.Fire.Commands {
		command(id)
	}
	for _, room := range s.Fire.Rooms {
		out["asset "+string(room.Asset)] = true
		for _, id := range room.Points {
			point(id)
		}
		for _, id := range room.Commands {
			command(id)
		}
		for _, rack := range room.Racks {
			out["asset "+string(rack.Asset)] = true
			for _, id := range rack.Points {
				point(id)
			}
			for _, id := range rack.Commands {
				command(id)
			}
		}
	}
	return out
}

func (s *Site) fireDevice(out map[string]bool, id DeviceID) {
	out["device "+string(id)] = true
	if dev := s.Device(id); dev != nil {
		out["link "+dev.Link] = true
	}
}

// fireFields says in which rooms and racks the fire configuration differs.
func fireFields(old, now *FireSite) []string {
	switch {
	case old == nil:
		return []string{"fire response added"}
	case now == nil:
		return []string{"fire response removed"}
	}
	out := fields(*old, *now, "mode", "commands")
	rooms := map[string]FireRoom{}
	for _, r := range old.Rooms {
		rooms[r.ID] = r
	}
	for _, r := range now.Rooms {
		if was, ok := rooms[r.ID]; !ok {
			out = append(out, "room "+r.ID+" added")
		} else if !reflect.DeepEqual(was, r) {
			out = append(out, "room "+r.ID)
		}
		delete(rooms, r.ID)
	}
	for _, r := range old.Rooms {
		if _, left := rooms[r.ID]; left {
			out = append(out, "room "+r.ID+" removed")
		}
	}
	if len(out) == 0 {
		out = []string{"order of the rooms"}
	}
	return out
}
