package messenger

import (
	"time"

	"bongsu/simulators/names"
	"bongsu/simulators/people"
)

// State is GET /sim/v1/messenger: the truth about the messenger and what its users saw.
type State struct {
	Sites []SiteState `json:"sites"`
	MessengerCounts
	Epoch     uint64         `json:"epoch"`     // of messaging, as the users' read-back last saw it
	Connected int            `json:"connected"` // users with a session now
	LastError string         `json:"last_error,omitempty"`
	DNS       []names.State  `json:"dns"`
	Late      float64        `json:"late_after_s"`
	Time      time.Time      `json:"time"`
	Inbox     people.Address `json:"inbox"`

	Region  string        `json:"region,omitempty"`
	Tiers   []TierCounts  `json:"tiers"`
	Clients []ClientState `json:"clients"`
	Demand  DemandState   `json:"demand"`
}

// ClientState is how users fare whose programs find the messenger in one way. Stranded ones have no session.
type ClientState struct {
	Habit     string `json:"habit"` // sound, stale, forever or pinned
	Users     int    `json:"users"`
	Connected int    `json:"connected"`
	Stranded  int    `json:"stranded"`
}

// DemandState is what all users together want now.
type DemandState struct {
	Messages   float64 `json:"messages_per_s"`
	Background float64 `json:"background_per_s"`
}

// SiteState is one data center. Serving means that the public DNS leads there and it takes messages.
type SiteState struct {
	ID      string      `json:"id"`
	Serving bool        `json:"serving"`
	Primary bool        `json:"primary"` // of messaging
	Power   bool        `json:"power"`
	Online  bool        `json:"online"` // its carriers reach the world
	Address string      `json:"address"`
	Detail  adminState  `json:"detail"`
	Users   SiteService `json:"users"`
}

// State reads the whole messenger.
func (w *World) State() State {
	out := State{Late: w.cfg.Late.Seconds(), Time: time.Now().UTC().Truncate(time.Millisecond), Inbox: w.inbox.Addresses()}
	counts, connected, epoch, last, served := w.ledger.state()
	out.MessengerCounts, out.Connected, out.Epoch, out.LastError = counts, connected, epoch, last
	out.Region, out.Tiers, out.Clients, out.Demand = w.cfg.Region, w.tierCounts(counts), w.clientStates(), w.demand()
	var public map[uint16]bool // by the first server that answers
	for _, s := range w.dns {
		out.DNS = append(out.DNS, s.State())
		if leads := s.Leads(); public == nil && leads != nil {
			public = map[uint16]bool{}
			for _, srv := range leads {
				public[srv.Port] = srv.Weight > 0
			}
		}
	}
	for _, s := range w.sites {
		st, online := s.state(), !w.net.isAlone(s.id)
		out.Sites = append(out.Sites, SiteState{ID: s.id, Power: st.Power, Online: online, Primary: st.Power && st.Groups[groupMessaging].Role == rolePrimary,
			Serving: st.Serving && online && public[uint16(port(s.address))], Address: s.address, Detail: st, Users: served[s.id]})
	}
	return out
}

// tierCounts lists the tiers; the first is that of the messages.
func (w *World) tierCounts(c MessengerCounts) []TierCounts {
	now := time.Now()
	out := []TierCounts{{Tier: 1, Sent: c.Sent, Acked: c.Acked, Lost: c.Lost, Duplicated: c.Duplicated, Reordered: c.Reordered, Late: c.Late,
		Unverified: c.Unverified, RPOS: w.ledger.lostSpan()}}
	for _, tier := range tierOrder {
		out = append(out, w.ledger.tier(tier).state(now))
	}
	return out
}

// clientStates counts users by the habit of their program.
func (w *World) clientStates() []ClientState {
	have, connected := map[habit]int{}, map[habit]int{}
	for _, u := range w.users {
		h := u.resolver.is()
		have[h]++
		if u.online.Load() {
			connected[h]++
		}
	}
	out := []ClientState{}
	for _, h := range []habit{habitSound, habitStale, habitForever, habitPinned} {
		if have[h] > 0 {
			out = append(out, ClientState{string(h), have[h], connected[h], have[h] - connected[h]})
		}
	}
	return out
}

func (w *World) demand() DemandState {
	chat, background := w.fleet.wants(time.Now())
	return DemandState{chat * float64(w.fleet.users), background * float64(w.fleet.users)}
}
