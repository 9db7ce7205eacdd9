package rules

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules/fire"
)

// Exchange is another site, ready to take the place of the running one. NewExchange prepares it, Engine.Exchange
// puts it in place.
type Exchange struct {
	By   string                                   // who asks; signs what becomes of the alarms
	Why  string                                   // the reason that alarms of removed rules end with
	Plan func(above []string) facility.ReloadPlan // judged again at the last moment, against the rooms above S0 then
	Hand bool                                     // only ask leave: another process takes over with the new site

	site   *facility.Site
	alarms *Alarms
	desk   *fireDesk // to see that a new process could take the fire response up, nil without one
}

// NewExchange prepares the rules for another site. It touches nothing that runs; its error says why no engine
// could work by that site.
func NewExchange(site *facility.Site) (*Exchange, error) {
	x := &Exchange{site: site}
	var err error
	if x.alarms, err = NewAlarms(site); err != nil {
		return nil, err
	}
	if site.Fire != nil {
		if x.desk, err = newFireDesk(site, time.Now()); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// exchangeRequest waits for the loop.
type exchangeRequest struct {
	x        *Exchange
	answer   chan []string
	accepted bool // it is in place
}

// Exchange puts another site in place between two turns of the loop, or answers why not: then nothing has
// changed. The points must be the same unless x.Hand. An error means that the loop did not take it in time.
func (e *Engine) Exchange(ctx context.Context, x *Exchange) (refused []string, err error) {
	r := exchangeRequest{x: x, answer: make(chan []string, 1)}
	select {
	case e.exchanges <- r:
		return <-r.answer, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("the rules did not take the new site: %w", ctx.Err())
	}
}

// exchange runs on the loop. Nothing in it waits but the journal, at most as long as for a command.
func (e *Engine) exchange(now time.Time, r *exchangeRequest) {
	x := r.x
	plan := x.Plan(e.above(now))
	refused := append(plan.Refused, e.underWay(plan.Reach)...)
	if x.Hand && len(refused) == 0 && x.desk != nil && e.fire != nil {
		if err := x.desk.takeUp(fireState{Wall: now, State: e.fire.engine.Snapshot()}, now); err != nil {
			refused = append(refused, "the fire response could not be taken up again: "+err.Error())
		}
	}
	if len(refused) > 0 || x.Hand {
		r.answer <- refused
		return
	}
	r.accepted = true
	e.place(now, x)
	r.answer <- nil
}

// place puts the other site in place.
func (e *Engine) place(now time.Time, x *Exchange) {
	records, look := x.alarms.TakeOver(now, e.alarms, x.Why)
	x.alarms.shelf = e.shelf
	e.alarms, e.cfg.Site = x.alarms, x.site
	e.commands.redefine(x.site)
	e.changed = append(e.changed, look...)
	e.ride.redefine(x.site)
	e.settings.redefine(x.site)
	e.cfg.Live.Redefine(x.site.Points)
	e.lanes.redefine(x.site)
	if e.fire != nil {
		e.fire.redefine(x.site)
	}
	e.notes.life.Revision = x.site.Revision
	drafts := make([]journal.Draft, 0, len(records))
	for _, a := range records {
		drafts = append(drafts, alarmDraft(a, x.By))
	}
	e.write(drafts, fsyncPatience)
}

// above names the fire rooms that are not at S0.
func (e *Engine) above(now time.Time) (rooms []string) {
	if e.fire == nil {
		return nil
	}
	for _, room := range e.fire.rooms(now, e.view) {
		if room.Stage != fire.S0.String() {
			rooms = append(rooms, room.ID)
		}
	}
	return rooms
}

// Above names the fire rooms that are not at S0; an error means that nobody can say.
func (e *Engine) Above(ctx context.Context) ([]string, error) {
	p, err := e.Picture(ctx)
	if err != nil {
		return nil, err
	}
	var rooms []string
	for _, room := range p.Rooms {
		if room.Stage != fire.S0.String() {
			rooms = append(rooms, room.ID)
		}
	}
	return rooms, nil
}

// underWay names people's orders whose outcome a change of the wire would leave unknown.
func (e *Engine) underWay(reach facility.Reach) (refused []string) {
	if reach < facility.ReachLinks {
		return nil
	}
	for _, id := range e.commands.order {
		if e.commands.open[id] != nil {
			refused = append(refused, fmt.Sprintf("the order %s is under way: try again when it has ended", e.commands.records[id].Name))
		}
	}
	return refused
}

// RetireMissing ends the alarms whose rules, points or devices are not in the site any more, after a hand-over
// that a person ordered. It is called after Restore and before Run.
func (e *Engine) RetireMissing(by, why string) {
	e.notes.begin()
	now := e.clock.now()
	e.notes.note(blockLeft, retireNote{At: now.Round(0), By: by, Why: why})
	e.retire(now, by, why)
}

func (e *Engine) retire(now time.Time, by, why string) {
	var drafts []journal.Draft
	for _, a := range e.alarms.Retire(now, why) {
		drafts = append(drafts, alarmDraft(a, by))
	}
	e.write(drafts, time.Second)
}

// redefine takes a site over whose fire configuration is the same; what the points are read from may differ.
func (d *fireDesk) redefine(site *facility.Site) {
	d.site = site
	for name, c := range d.commands {
		d.commands[name] = site.Commands[c.ID]
	}
	d.inputs.scans = 0
	for i := range d.inputs.racks {
		for _, c := range d.inputs.racks[i].channels[:2] {
			d.inputs.scanned[c] = site.Points[c].Def.Function != 0
			if d.inputs.scanned[c] {
				d.inputs.scans++
			}
		}
	}
}

// takeUp restores the stages. Racks and rooms that left the site are left out if nothing was amiss there; else
// the error says so.
func (d *fireDesk) takeUp(saved fireState, now time.Time) error {
	s := saved.State
	s.Real = d.fitted(s.Real)
	if s.Drill != nil {
		drill := d.fitted(*s.Drill)
		s.Drill = &drill
	}
	if err := d.engine.Restore(s, max(now.Sub(saved.Wall), 0), now.Sub(d.began)); err != nil {
		return fmt.Errorf("take up the fire stages: %w", err)
	}
	return nil
}

func (d *fireDesk) fitted(w fire.WorldState) fire.WorldState {
	racks := map[string]string{} // to its room
	var rooms []string
	for _, room := range d.site.Fire.Rooms {
		rooms = append(rooms, room.ID)
		for _, rack := range room.Racks {
			racks[rack.ID] = room.ID
		}
	}
	w.Racks = slices.DeleteFunc(slices.Clone(w.Racks), func(r fire.RackState) bool {
		return r.Stage == fire.S0 && racks[r.ID] != r.Room
	})
	w.Rooms = slices.DeleteFunc(slices.Clone(w.Rooms), func(r fire.RoomState) bool {
		return r.Gas == fire.S0 && !slices.Contains(rooms, r.Name)
	})
	return w
}

// redefine sends to where the devices stand now. The queue of a link that is gone empties itself: its jobs
// find no device and come back refused.
func (l *lanes) redefine(site *facility.Site) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.site = site
	for _, link := range site.Links {
		if l.queues[link.ID] == nil {
			l.open(link.ID)
		}
	}
}
