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
}

// SiteState is one data center. Serving means that the public DNS leads there and it takes messages.
type SiteState struct {
	ID      string      `json:"id"`
	Serving bool        `json:"serving"`
	Primary bool        `json:"primary"` // of messaging
	Power   bool        `json:"power"`
	Address string      `json:"address"`
	Detail  adminState  `json:"detail"`
	Users   SiteService `json:"users"`
}

// State reads the whole messenger.
func (w *World) State() State {
	out := State{Late: w.cfg.Late.Seconds(), Time: time.Now().UTC().Truncate(time.Millisecond), Inbox: w.inbox.Addresses()}
	counts, connected, epoch, last, served := w.ledger.state()
	out.MessengerCounts, out.Connected, out.Epoch, out.LastError = counts, connected, epoch, last
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
		st := s.state()
		out.Sites = append(out.Sites, SiteState{ID: s.id, Power: st.Power, Primary: st.Power && st.Groups[groupMessaging].Role == rolePrimary,
			Serving: st.Serving && public[uint16(port(s.address))], Address: s.address, Detail: st, Users: served[s.id]})
	}
	return out
}
