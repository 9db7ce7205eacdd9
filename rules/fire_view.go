package rules

import (
	"math"
	"time"

	"bongsu/facility"
	"bongsu/rules/fire"
)

// rooms draws the engine's picture for people.
func (d *fireDesk) rooms(now time.Time, v facility.View) []facility.FireRoomView {
	view := d.engine.View()
	var out []facility.FireRoomView
	for _, cfg := range d.site.Fire.Rooms {
		for _, r := range view.Rooms {
			if r.Name == cfg.ID {
				out = append(out, d.room(cfg, r, view, now, v))
			}
		}
	}
	return out
}

func (d *fireDesk) room(cfg facility.FireRoom, r fire.RoomView, view fire.View, now time.Time, v facility.View) facility.FireRoomView {
	out := facility.FireRoomView{
		ID: r.Name, Asset: cfg.Asset, Stage: r.Stage.String(), Mode: d.site.Fire.Mode, Control: "automatic",
		Occupied: r.Occupants, LEL: r.LEL, ASD: r.ASD, Holds: []string{},
	}
	if math.IsNaN(out.LEL) {
		out.LEL = 0 // unknown; the detector's own alarm and its point's quality say so
	}
	if view.Authority {
		out.Control = "authority"
	}
	if r.Stage == fire.S5A {
		left := r.Countdown.Seconds()
		out.Countdown = &left
		out.Holds = holds(r.Holds)
	}
	for _, c := range r.Commands {
		out.Commands = append(out.Commands, d.commandView(c, now, v))
	}
	for _, c := range view.Site {
		out.Commands = append(out.Commands, d.commandView(c, now, v))
	}
	for _, rack := range view.Racks {
		if rack.Room != r.Name {
			continue
		}
		out.Racks = append(out.Racks, d.rack(cfg, rack, now, v))
		for _, c := range rack.Commands {
			if c.Action == fire.Water && c.Attempts > 0 {
				if t := d.wall(c.SentAt).UTC(); out.WaterSince == nil || t.Before(*out.WaterSince) {
					out.WaterSince = &t
				}
			}
		}
	}
	out.Drilled = d.drillView(r.Name, view)
	out.Drill = out.Drilled != nil
	d.care.show(&out, d, r, view, now, v)
	return out
}

func (d *fireDesk) rack(cfg facility.FireRoom, r fire.RackView, now time.Time, v facility.View) facility.FireRackView {
	out := facility.FireRackView{ID: r.ID, Asset: d.assets[r.ID], Stage: r.Stage.String(),
		Channels: map[string]facility.FireChannelView{}, Votes: map[string]int{}, Evidence: evidence(r.Evidence)}
	var points map[string]facility.PointID
	for _, rack := range cfg.Racks {
		if rack.ID == r.ID {
			points = rack.Points
		}
	}
	for _, c := range r.Channels {
		cv := facility.FireChannelView{Point: points[c.Channel.String()], State: string(c.State), Over: []int{}}
		if ref, ok := d.site.Ref(cv.Point); ok {
			cv.Quality = v.Sample(ref, now).Quality
		}
		if c.State != fire.ChannelUnknown {
			value := c.ValueC
			cv.Value = &value
		}
		for i, over := range c.Over {
			if over {
				cv.Over = append(cv.Over, int(c.Thresholds.Stage[i]))
			}
		}
		if (c.State == fire.ChannelGood || c.State == fire.ChannelHeld) && (out.Hottest == nil || c.ValueC > *out.Hottest) {
			hottest, rate := c.ValueC, c.RatePerMin
			out.Hottest, out.RatePerMin = &hottest, &rate
		}
		out.Channels[c.Channel.String()] = cv
	}
	for i, name := range []string{"60", "68", "80"} {
		out.Votes[name] = r.Votes[i].Votes
	}
	for _, c := range r.Commands {
		out.Commands = append(out.Commands, d.commandView(c, now, v))
	}
	return out
}

func evidence(e fire.Evidence) []string {
	return trueOnes([]string{"smoke", "off-gas", "arc", "delta", "patch"}, e.Smoke, e.OffGas, e.Arc, e.EV, e.PatchSelfActuated)
}

func holds(h fire.Holds) []string {
	return trueOnes([]string{"occupied", "lel", "abort", "damper"}, h.Occupied, h.LEL, h.Abort, h.Damper)
}

func trueOnes(names []string, has ...bool) []string {
	out := []string{}
	for i, name := range names {
		if has[i] {
			out = append(out, name)
		}
	}
	return out
}

func (d *fireDesk) commandView(c fire.CommandView, now time.Time, v facility.View) facility.FireCommandView {
	cmd := d.commands[c.Name]
	out := facility.FireCommandView{Name: c.Name, State: string(c.State), Attempts: c.Attempts}
	if c.Attempts > 0 {
		t := d.wall(c.SentAt).UTC()
		out.Sent = &t
	}
	if c.State == fire.CommandConfirmed {
		t := d.wall(c.ConfirmedAt).UTC()
		out.Confirmed = &t
	}
	if int(cmd.Feedback) < len(d.site.Points) && cmd.ID != "" {
		s := v.Sample(cmd.Feedback, now)
		out.Point = d.site.Points[cmd.Feedback].ID
		switch {
		case s.Quality != facility.Good:
			out.Feedback = s.Quality.String()
		case s.Value == cmd.Def.Equals:
			out.Feedback = "on"
		default:
			out.Feedback = "off"
		}
	}
	return out
}
