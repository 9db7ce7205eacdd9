package notify

import (
	"slices"
	"strings"
	"time"

	"bongsu/bcp"
)

// everyone is the addressee of a word to all; so is none.
const everyone = "everyone"

// Plan gives the messages an effect asks for, the most wanted of each person first. It is pure. An effect
// that calls nobody gives none.
func Plan(e bcp.Effect, r *bcp.Roster, now time.Time) []Message {
	subject, text := wording(e, r, now)
	base := Message{Ref: e.Key, Subject: subject, Text: text, Ask: asks(e)}
	var out []Message
	switch e.Kind {
	case bcp.EffectSend:
		return []Message{one(e, r, base)}
	case bcp.EffectPage, bcp.EffectAlarm:
		for _, p := range pagees(e, r) {
			out = append(out, page(p, base)...)
		}
	case bcp.EffectTell:
		base.Urgency = UrgencyTell
		for _, p := range listeners(e.To, r) {
			out = append(out, tell(p, base)...)
		}
	case bcp.EffectStatus:
		base.Urgency = UrgencyStatus
		for _, kind := range []string{KindBoard, KindWebhook} {
			m := base
			m.Kind = kind
			out = append(out, m)
		}
	}
	// First everybody's first message: a lane that is full reaches all before it reaches anybody twice.
	slices.SortStableFunc(out, func(a, b Message) int { return a.Turn - b.Turn })
	return out
}

// Nightly gives one message to each channel of each person, to learn which of them work. The keys carry the
// day and the channel; delivery, where a channel tells it, comes back under test/DAY/CHANNEL.
func Nightly(r *bcp.Roster, now time.Time) []Message {
	var out []Message
	day := "test/" + localTime(r, now).Format(time.DateOnly) + "/"
	base := Message{Urgency: UrgencyStatus}
	base.Subject, base.Text = testWording()
	for _, p := range r.People {
		for i, c := range p.Channels {
			base.Ref = day + c.ID
			out = append(out, base.to(p, c, i))
		}
	}
	slices.SortStableFunc(out, func(a, b Message) int { return a.Turn - b.Turn })
	return out
}

func (m Message) to(p bcp.Person, c bcp.Channel, turn int) Message {
	m.Person, m.Channel, m.Kind, m.Domain, m.Address, m.Protected, m.Turn = p.ID, c.ID, c.Kind, c.Domain, c.Address, c.Protected, turn
	return m
}

// one is exactly the channel that the summons has chosen.
func one(e bcp.Effect, r *bcp.Roster, base Message) Message {
	base.Person, base.Channel, base.Kind, base.Address = e.To, e.Args["channel"], e.Args["kind"], e.Args["address"]
	if p := r.Person(e.To); p != nil {
		for _, c := range p.Channels {
			if c.ID == base.Channel {
				base.Domain, base.Protected = c.Domain, c.Protected
			}
		}
	}
	return base
}

// page is every channel of a person that fails on its own.
func page(p bcp.Person, base Message) []Message {
	var out []Message
	for i, c := range apart(p.Channels) {
		out = append(out, base.to(p, c, i))
	}
	return out
}

// tell is the first channel outside the protected messenger, with the others for when it fails.
func tell(p bcp.Person, base Message) []Message {
	out := page(p, base)
	if outside := slices.DeleteFunc(slices.Clone(out), func(m Message) bool { return m.Protected }); len(outside) > 0 {
		out = outside
	}
	for i := range out {
		out[i].Turn, out[i].Any = i, true
	}
	return out
}

// apart keeps the first channel of each failure domain. The protected messenger comes once at most and never
// first, so two messages in a row never go through it.
func apart(channels []bcp.Channel) []bcp.Channel {
	var out []bcp.Channel
	for _, protected := range []bool{false, true} {
		for _, c := range channels {
			known := func(o bcp.Channel) bool { return o.Domain == c.Domain || o.Protected && c.Protected }
			if c.Protected == protected && !slices.ContainsFunc(out, known) {
				out = append(out, c)
			}
		}
	}
	if len(out) > 1 && out[len(out)-1].Protected {
		// Second, not last: while it works it is the one people look at.
		last := out[len(out)-1]
		out = slices.Insert(out[:len(out)-1], 1, last)
	}
	return out
}

// pagees are the people behind a name. Where it leads to nobody with a channel, the control tower hears of
// it: a page to nobody would be lost time.
func pagees(e bcp.Effect, r *bcp.Roster) []bcp.Person {
	names := behind(e.To, r)
	if e.Kind == bcp.EffectAlarm && strings.HasPrefix(e.Key, bcp.MachineSummon+"/") {
		// It is about somebody who cannot be reached: told to them alone it would reach nobody.
		names = append(slices.Clone(names), r.Roles[bcp.RoleTower]...)
	}
	if found := people(r, names); len(found) > 0 {
		return found
	}
	if tower := people(r, r.Roles[bcp.RoleTower]); len(tower) > 0 {
		return tower
	}
	return people(r, r.Chair)
}

// listeners are everyone on the roster, or those behind a name.
func listeners(to string, r *bcp.Roster) []bcp.Person {
	if to == "" || to == everyone {
		return r.People
	}
	return people(r, behind(to, r))
}

// behind resolves a person, team, role, or a service that a team recovers.
func behind(to string, r *bcp.Roster) []string {
	if r.Person(to) != nil {
		return []string{to}
	}
	if t := r.Team(to); t != nil {
		return []string{t.Lead, t.Deputy}
	}
	if line := r.Roles[to]; len(line) > 0 {
		return line
	}
	var out []string
	for _, t := range r.Teams {
		if slices.Contains(t.Services, to) {
			out = append(out, t.Lead, t.Deputy)
		}
	}
	return out
}

// people are those of the names that have a channel, each once.
func people(r *bcp.Roster, names []string) []bcp.Person {
	var out []bcp.Person
	for _, name := range names {
		p := r.Person(name)
		if p != nil && len(p.Channels) > 0 && !slices.ContainsFunc(out, func(o bcp.Person) bool { return o.ID == name }) {
			out = append(out, *p)
		}
	}
	return out
}

// asks is what a reader is to answer.
func asks(e bcp.Effect) []string {
	switch {
	case e.Kind == bcp.EffectSend:
		return []string{AskAck, AskJoin}
	case e.Kind == bcp.EffectPage && e.Args["motion"] != "":
		return []string{AskAck, AskVote}
	case e.Kind == bcp.EffectPage || e.Kind == bcp.EffectAlarm:
		return []string{AskAck}
	}
	return nil
}
