package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// KindSetting is the journal's entry of a commanded value that moved without an order of ours.
const KindSetting = "setting" // SettingChange

// SettingChange says that a value which moves by orders alone has moved by none: somebody at the device's own panel,
// or another master on the wire, or a controller that lost its settings.
type SettingChange struct {
	Point  facility.PointID `json:"point"`
	Link   string           `json:"link"` // the wire that it was written over, if it was
	Was    float64          `json:"was"`
	Is     float64          `json:"is"`
	Unit   string           `json:"unit"`
	Local  bool             `json:"local"`           // the device says that it is operated at its own panel
	Stood  time.Time        `json:"stood"`           // when it was last read as it was
	Seen   time.Time        `json:"seen"`            // when it was first read as it is
	Order  string           `json:"order,omitempty"` // our newest order to it: id of the record
	By     string           `json:"by,omitempty"`    // who gave that
	Second string           `json:"second,omitempty"`
}

// settlingTime is how long after its deadline an order may still be moving what it ordered.
const settlingTime = 5 * time.Second

// setting is one value that moves by orders alone, and where it should stand. The zero value knows nothing yet.
type setting struct {
	point    facility.Ref
	local    facility.Ref // noRef: the device does not say who operates it
	link     string
	commands []facility.Command // those that show on the point

	known   bool
	value   float64 // where it should stand
	stood   time.Time
	target  *float64 // of our newest order, until it is reached
	busy    time.Time
	blind   bool // what is under way writes the same register and shows elsewhere: any value may come of it
	order   string
	by      [2]string
	localAt time.Time // when the device last said that it is operated at its panel

	suspect   time.Time // stamp of the first reading that stands elsewhere; zero when none does
	suspected float64
	astray    *float64 // where it stands unexplained
}

// verdict is what a reading of a setting came to.
type settingVerdict int

const (
	settingStands  settingVerdict = iota // as it should, or nobody can say
	settingBack                          // again, after it was astray
	settingAtPanel                       // moved by somebody at the device
	settingAstray                        // moved by nobody we know
)

// same says whether two values are one for this setting: devices round what they are sent.
func (s *setting) same(a, b float64) bool {
	return slices.ContainsFunc(s.commands, func(c facility.Command) bool { c.Def.Equals = b; return c.Def.Shows(a) })
}

// ordered notes an order on its way. One that shows on the point gives it its target.
func (s *setting) ordered(j job, r *facility.CommandRecord, feedback bool, now time.Time) {
	s.busy = now.Add(maxSend + j.cmd.Def.Deadline + settlingTime)
	s.blind = !feedback
	if feedback {
		v := j.cmd.Def.Equals
		s.target = &v
	}
	s.order, s.by = j.record, [2]string{}
	if r != nil {
		s.by = [2]string{r.By, r.Second}
	}
}

// judge holds one reading against what was ordered. A change counts when a second reading shows it, and where the
// device says who operates it, when that was read again as well.
func (s *setting) judge(now time.Time, v, local facility.Sample) settingVerdict {
	if local.Quality == facility.Good && local.Value != 0 {
		s.localAt = local.At
	}
	if v.Quality != facility.Good {
		return settingStands
	}
	switch {
	case !s.known:
		s.stand(v)
		return s.returned(v)
	case s.same(v.Value, s.value):
		return s.returned(v)
	case s.target != nil && s.same(v.Value, *s.target), s.blind && now.Before(s.busy):
		s.stand(v)
		return s.returned(v)
	case now.Before(s.busy), s.astray != nil && s.same(v.Value, *s.astray):
		return settingStands
	case s.suspect.IsZero() || !s.same(v.Value, s.suspected):
		s.suspect, s.suspected = v.At, v.Value
		return settingStands
	case !v.At.After(s.suspect) || (local.Quality == facility.Good && !local.At.After(s.suspect)):
		return settingStands
	case s.localAt.After(s.stood):
		return settingAtPanel
	}
	return settingAstray
}

// stand takes a reading for where the setting should be.
func (s *setting) stand(v facility.Sample) {
	s.known, s.value, s.stood = true, v.Value, v.At
}

// returned notes that the setting stands where it should.
func (s *setting) returned(v facility.Sample) settingVerdict {
	was := s.astray
	s.stood, s.suspect, s.astray = v.At, time.Time{}, nil
	if s.target != nil && s.same(v.Value, *s.target) {
		s.target, s.busy = nil, time.Time{}
	}
	if was != nil {
		return settingBack
	}
	return settingStands
}

// settingDesk holds every commanded value of a site against our orders.
type settingDesk struct {
	site     *facility.Site
	settings []*setting
	last     time.Time
	looked   bool // alarms that a former process or site left behind have been looked through
}

// settingsEvery is how often the settings are looked at: none is read more often.
const settingsEvery = time.Second

// LocalPoint is the point by which a device says that it is operated at its own panel.
const LocalPoint = "local"

func newSettingDesk(site *facility.Site) *settingDesk {
	d := &settingDesk{site: site}
	at := map[facility.Ref]*setting{}
	for _, id := range heldCommands(site) {
		c := site.Commands[id]
		if at[c.Feedback] != nil {
			continue
		}
		s := &setting{point: c.Feedback, local: noRef}
		if dev := site.Device(c.Device); dev != nil {
			s.link = dev.Link
		}
		if ref, ok := site.Ref(facility.PointID(string(c.Device) + "/" + LocalPoint)); ok {
			s.local = ref
		}
		for _, other := range site.Commands {
			if other.Feedback == c.Feedback && other.Device == c.Device {
				s.commands = append(s.commands, other)
			}
		}
		// The set-point first: it knows by how much devices round.
		slices.SortFunc(s.commands, func(a, b facility.Command) int {
			if a.Def.Analog() != b.Def.Analog() {
				return map[bool]int{true: -1, false: 1}[a.Def.Analog()]
			}
			return compareIDs(a.ID, b.ID)
		})
		at[c.Feedback] = s
		d.settings = append(d.settings, s)
	}
	return d
}

func compareIDs(a, b facility.CommandID) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// heldCommands lists the commands whose feedback moves by orders alone, in order.
func heldCommands(site *facility.Site) []facility.CommandID {
	var out []facility.CommandID
	for id, c := range site.Commands {
		if c.Guard.Held && !ownedByFire(site, id) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// redefine takes up another site with what is known of the settings that both have.
func (d *settingDesk) redefine(site *facility.Site) {
	old := map[facility.PointID]*setting{}
	for _, s := range d.settings {
		old[d.site.Points[s.point].ID] = s
	}
	next := newSettingDesk(site)
	for i, s := range next.settings {
		if was := old[site.Points[s.point].ID]; was != nil {
			kept := *was
			kept.point, kept.local, kept.link, kept.commands = s.point, s.local, s.link, s.commands
			next.settings[i] = &kept
		}
	}
	d.site, d.settings, d.last, d.looked = next.site, next.settings, time.Time{}, false
}

// sent notes that an order of ours, people's or the fire response's, is on its way.
func (d *settingDesk) sent(now time.Time, j job, r *facility.CommandRecord) {
	for _, s := range d.settings {
		if s.commands[0].Device != j.cmd.Device {
			continue
		}
		feedback := slices.ContainsFunc(s.commands, func(c facility.Command) bool { return c.ID == j.cmd.ID })
		if feedback || slices.ContainsFunc(s.commands, func(c facility.Command) bool { return overlap(c.Def, j.cmd.Def) }) {
			s.ordered(j, r, feedback, now)
		}
	}
}

// overlap says whether two commands of one device write any coil or register in common.
func overlap(a, b facility.CommandDef) bool {
	span := func(d facility.CommandDef) (coil bool, from, to int) {
		switch d.Function {
		case 5:
			return true, *d.Address, *d.Address + 1
		case 15:
			return true, *d.Address, *d.Address + max(d.Count, 1)
		}
		return false, *d.Address, *d.Address + max(d.Words(), 1)
	}
	if a.Address == nil || b.Address == nil { // on a broker each command has a topic of its own
		return false
	}
	ca, fa, ta := span(a)
	cb, fb, tb := span(b)
	return ca == cb && fa < tb && fb < ta
}

// step looks at every setting and gives what must be written.
func (d *settingDesk) step(now time.Time, v facility.View, alarms *Alarms) []journal.Draft {
	if since := now.Sub(d.last); since >= 0 && since < settingsEvery {
		return nil
	}
	d.last = now
	var out []journal.Draft
	add := func(list []facility.Alarm) {
		for _, a := range list {
			out = append(out, alarmDraft(a, "rules"))
		}
	}
	for _, id := range d.leftBehind(alarms) {
		add(alarms.Clear(now, id))
	}
	for _, s := range d.settings {
		reading := v.Sample(s.point, now)
		verdict := s.judge(now, reading, sampleOf(v, s.local, now))
		id := settingPrefix + string(d.site.Points[s.point].ID)
		switch verdict {
		case settingAtPanel:
			out = append(out, d.draft(s, reading, true))
			s.stand(reading)
			s.returned(reading)
			add(alarms.Clear(now, id))
		case settingAstray:
			out = append(out, d.draft(s, reading, false))
			value := reading.Value
			s.astray, s.suspect = &value, time.Time{}
			add(alarms.Raise(now, d.finding(s, value)))
		case settingBack:
			add(alarms.Clear(now, id))
		case settingStands:
			if s.astray != nil { // one that a former process raised is claimed
				add(alarms.Raise(now, d.finding(s, *s.astray)))
			}
		}
	}
	return out
}

// leftBehind names, once, the alarms of settings that this site does not have. Those of the others stand until the
// setting is read where it should be.
func (d *settingDesk) leftBehind(alarms *Alarms) (ids []string) {
	if d.looked {
		return nil
	}
	d.looked = true
	for id, a := range alarms.open {
		name, ok := strings.CutPrefix(id, settingPrefix)
		ref, known := d.site.Ref(facility.PointID(name))
		if !ok || !a.active() {
			continue
		}
		i := slices.IndexFunc(d.settings, func(s *setting) bool { return known && s.point == ref })
		if i < 0 {
			ids = append(ids, id)
		} else if s := d.settings[i]; s.astray == nil {
			v := a.value
			s.astray = &v
		}
	}
	slices.Sort(ids)
	return ids
}

const settingPrefix = "setting:"

func (d *settingDesk) draft(s *setting, r facility.Sample, local bool) journal.Draft {
	p := &d.site.Points[s.point]
	return journal.Draft{Kind: KindSetting, Actor: "rules", Subject: string(p.ID), Data: SettingChange{
		Point: p.ID, Link: s.link, Was: s.value, Is: r.Value, Unit: p.Unit, Local: local,
		Stood: s.stood.UTC(), Seen: s.suspect.UTC(), Order: s.order, By: s.by[0], Second: s.by[1],
	}}
}

func (d *settingDesk) finding(s *setting, is float64) External {
	p := &d.site.Points[s.point]
	return External{
		ID: settingPrefix + string(p.ID), Rule: "setting", Point: p.ID, Asset: p.Asset, Class: "system", Priority: 2,
		Value: is, Limit: s.value, Unit: p.Unit,
		Text: txt(fmt.Sprintf("우리 지령 없이 설정이 바뀜 (보안): %s %g에서 %g", p.Name.KO, s.value, is),
			fmt.Sprintf("A setting moved without an order of ours (security): %s from %g to %g", p.Name.EN, s.value, is)),
		Consequence: txt("다른 주체가 이 설비를 조작하고 있거나, 제어기가 설정을 잃었습니다.",
			"Somebody else operates this equipment, or its controller has lost its settings."),
		Action: txt("현장에 전화해 조작자를 확인하고, 아무도 아니면 제어망을 분리한 뒤 값을 다시 지령하십시오. 맞는 값이면 같은 값을 지령하십시오.",
			"Phone the site and ask who did it; if nobody did, cut the control network off and order the value again. If it is right, order the same value."),
	}
}

// restore takes up where the settings should stand from what a former process wrote.
func (d *settingDesk) restore(h history) {
	for _, s := range d.settings {
		var since time.Time
		for _, r := range h.commands {
			c, ok := d.site.Commands[r.Command]
			if !ok || c.Feedback != s.point || r.Sent == nil {
				continue
			}
			v := c.Def.Equals
			if r.Value != nil {
				v = *r.Value
			}
			s.order, s.by = r.ID, [2]string{r.By, r.Second}
			if r.Confirmed == nil {
				s.target = &v
			} else if r.Confirmed.After(since) {
				since, s.known, s.value, s.stood, s.target = *r.Confirmed, true, v, *r.Confirmed, nil
			}
		}
		x, ok := h.settings[d.site.Points[s.point].ID]
		if !ok || x.Seen.Before(since) {
			continue
		}
		s.known, s.value, s.stood = true, x.Was, x.Stood
		if x.Local {
			s.value, s.stood = x.Is, x.Seen
		} else {
			s.astray = &x.Is
		}
	}
}
