package bcp

import (
	"slices"
	"sort"
	"time"

	"bongsu/facility"
)

// Picture is everything a situation room looks at, as one value. Whoever runs the loop adds what only it
// knows: who leads, and how the world looks.
type Picture struct {
	At        time.Time      `json:"at"`
	Control   Control        `json:"control"`
	Org       Org            `json:"org"`
	Incidents []IncidentView `json:"incidents"` // newest first
	Motions   []MotionView   `json:"motions"`   // newest first
	Summons   []*Summon      `json:"summons"`   // of the newest call
	Groups    []GroupView    `json:"groups"`
	Brake     Brake          `json:"brake"`
	Plays     []*Play        `json:"plays"` // newest first
	Services  []ServiceView  `json:"services"`
	Playbooks []Playbook     `json:"playbooks"`
	Waiting   []Request      `json:"waiting"` // signed by the first of two people
	Doubts    []ActRecord    `json:"doubts"`  // acts of unknown outcome
	Sites     []SiteView     `json:"sites"`
	Names     []NamesView    `json:"names"`
	Orders    []OrderView    `json:"orders"`
	People    []PersonView   `json:"people"`
	Teams     []Team         `json:"teams"`
	Place     Place          `json:"place"`
}

// Control is who decides for all sites now, and whether it can.
type Control struct {
	Node   string    `json:"node"`   // this one
	Leader string    `json:"leader"` // "" when nobody leads
	Leads  bool      `json:"leads"`  // this node does
	Epoch  uint64    `json:"epoch"`
	Quorum bool      `json:"quorum"` // the shared journal takes writes; without it everything global is read only
	Seq    uint64    `json:"seq"`    // newest entry taken up
	Since  time.Time `json:"since,omitzero"`
	Why    string    `json:"why,omitempty"` // what is wrong, in words
	// Readiness is the newest actionless run: every login, key and endpoint tried from the target with the
	// source left out.
	Readiness   Tri       `json:"readiness"`
	ReadinessAt time.Time `json:"readiness_at,omitzero"`
	Missing     []string  `json:"missing,omitempty"` // what it could not prove
}

// IncidentView is a case with its clocks.
type IncidentView struct {
	*Incident
	Clocks Clocks   `json:"clocks"`
	Can    []string `json:"can"` // events people may ask for now
}

// MotionView is a motion with its count.
type MotionView struct {
	*Motion
	Tally Tally `json:"tally"`
}

// GroupView is a failover group with its run.
type GroupView struct {
	ID       string        `json:"id"`
	Tier     int           `json:"tier"`
	Services []string      `json:"services"`
	Target   time.Duration `json:"target_ns"` // recovery time objective
	*Run
	Guard   string      `json:"guard,omitempty"` // what the present state waits for
	Pending []ActRecord `json:"pending"`         // acts of the present state and how far they are
	Steps   []string    `json:"path"`            // the states a run goes through, in order
}

// ServiceView is a service with its state.
type ServiceView struct {
	Service
	State  string    `json:"state"`
	Since  time.Time `json:"since,omitzero"`
	Reason string    `json:"reason,omitempty"`
	Roots  []string  `json:"roots"` // it is out because of these
}

// SiteView is one data center as the messenger itself tells.
type SiteView struct {
	ID       string         `json:"id"`
	Name     facility.Text  `json:"name"`
	Alive    Tri            `json:"alive"`
	Seen     time.Time      `json:"seen,omitzero"` // last answer
	Power    Tri            `json:"power"`
	Serving  bool           `json:"serving"` // public names lead there and it leads messaging
	Share    int            `json:"share"`   // of the public names, percent
	Traffic  string         `json:"traffic,omitempty"`
	Frozen   bool           `json:"frozen,omitempty"`
	Sessions int            `json:"sessions"`
	Capacity float64        `json:"capacity"` // requests a second
	Load     float64        `json:"load"`
	Services []SiteService  `json:"services"`
	Stages   map[string]int `json:"stages,omitempty"` // fire stage by room, of the facility
}

// SiteService is one service at one site.
type SiteService struct {
	ID    string `json:"id"`
	Role  string `json:"role"` // primary, replica, read-only
	Epoch uint64 `json:"epoch"`
	Lag   int64  `json:"lag"` // records behind
}

// NamesView is what one name server says.
type NamesView struct {
	Server string         `json:"server"`
	Error  string         `json:"error,omitempty"`
	Serial uint32         `json:"serial"`
	Epoch  uint64         `json:"epoch"`
	Shares map[string]int `json:"shares"` // percent by site
}

// OrderView is a standing order and whether it holds now.
type OrderView struct {
	StandingOrder
	Valid bool     `json:"valid"`
	Names []string `json:"names"` // whose signatures count
}

// PersonView is somebody on the roster as a screen needs them.
type PersonView struct {
	ID       string        `json:"id"`
	Name     facility.Text `json:"name"`
	Seat     *Seat         `json:"seat,omitempty"`
	Roles    []string      `json:"roles"` // incident roles whose line they are in
	Channels []string      `json:"channels"`
	Deputies []string      `json:"deputies"`
}

// keptViews is how many cases, motions and playbooks a picture shows.
const keptViews = 20

// runPath is the way of a run, for progress on a screen.
var runPath = []string{RunConfirmed, RunPrecheck, RunAwaitAuth, RunFencing, RunDataGate, RunPromoting, RunVerifyTarget, RunShed,
	RunShiftCanary, RunShiftFull, RunVerifyPublic, RunComplete}

// Picture is the organisation's part. It shares memory with the organisation: encode it before the next
// turn.
func (o *Organisation) Picture(now time.Time, f Facts) Picture {
	known := o.known(f)
	org := o.Committee.Org()
	p := Picture{At: now.UTC(), Org: org, Brake: o.Runs.Brake(), Waiting: o.Waiting(now), Playbooks: o.playbooks,
		Incidents: []IncidentView{}, Motions: []MotionView{}, Summons: []*Summon{}, Groups: []GroupView{}, Services: []ServiceView{}, Doubts: []ActRecord{}}
	for _, i := range newest(o.Incidents.All()) {
		clocks, _ := o.Clocks(now, i.ID)
		p.Incidents = append(p.Incidents, IncidentView{i, clocks, asked(MachineIncident, i.State)})
	}
	for _, m := range newest(o.Motions.All()) {
		p.Motions = append(p.Motions, MotionView{m, m.Tally()})
	}
	for _, s := range o.Summons.All() {
		if s.Call == callID(org.Call) {
			p.Summons = append(p.Summons, s)
		}
	}
	for _, g := range o.Runs.groups {
		p.Groups = append(p.Groups, o.Runs.view(now, known, g, func(site string) Mandate { return o.Mandate(now, known, site) }))
	}
	p.Plays = newest(o.Plays.All())
	for _, id := range sortedKeys(o.Graph.services) {
		v := ServiceView{Service: o.Graph.services[id], State: ServiceUnknown, Roots: o.Services.Roots(id)}
		if s := o.Services.Get(id); s != nil {
			v.State, v.Since, v.Reason = s.State, s.Since, s.Reason
		}
		p.Services = append(p.Services, v)
	}
	for _, a := range o.Ledger.Open() {
		if a.State == ActUnknown {
			p.Doubts = append(p.Doubts, a)
		}
	}
	p.roster(now, f.roster())
	return p
}

// newest gives the last few of a list, the newest first.
func newest[T any](all []T) []T {
	out := slices.Clone(all[max(0, len(all)-keptViews):])
	slices.Reverse(out)
	return out
}

// asked lists the events of a table's state, for buttons.
func asked(table, state string) []string {
	out := []string{}
	for _, e := range tables[table].Edges {
		if e.From == state && !slices.Contains(out, e.Event) {
			out = append(out, e.Event)
		}
	}
	sort.Strings(out)
	return out
}

// view is one group with what its run waits for.
func (x *Runs) view(now time.Time, f Facts, g Group, mandate func(string) Mandate) GroupView {
	v := GroupView{ID: g.ID, Tier: g.Tier, Services: g.Services, Target: g.RTO, Run: x.all[g.ID], Steps: runPath, Pending: []ActRecord{}}
	if v.Run == nil {
		return v
	}
	t := runTurn{x: x, now: now, f: f, facts: v.about(f.Groups[g.ID]), group: g, run: v.Run, mandate: mandate(v.Source)}
	v.Guard = t.awaits()
	for _, key := range v.Run.Acts {
		if a, ok := x.ledger.Act(key); ok {
			v.Pending = append(v.Pending, a)
		}
	}
	return v
}

// awaits says in words what the present state waits for.
func (t runTurn) awaits() string {
	var a Answer
	switch t.run.State {
	case RunArmed, RunAborted, RunFailed, RunComplete:
		return ""
	case RunSuspect:
		a = Confirmed(t.now, t.run.Source, t.facts, t.f.Evidence)
	case RunConfirmed:
		return t.blocked()
	case RunAwaitAuth:
		a = Authority(t.run, t.group.Tier, t.mandate)
	case RunPromoting, RunCompensating:
		a = t.x.acts(t.run)
	case RunShiftCanary:
		a = t.x.acts(t.run)
		if a.Is == Yes {
			a = wait("the share at the target has to stay quiet")
		}
	case RunHold:
		if t.run.Hold != nil {
			return t.run.Hold.Why
		}
	default:
		a, _, _, _ = t.linear()
	}
	return a.Why
}

// roster adds who there is.
func (p *Picture) roster(now time.Time, r *Roster) {
	p.Teams, p.Place = r.Teams, r.Place
	p.People, p.Orders = []PersonView{}, []OrderView{}
	seats := r.Seats()
	for _, who := range r.People {
		v := PersonView{ID: who.ID, Name: who.Name, Roles: []string{}, Channels: []string{}, Deputies: who.Deputies}
		if i := slices.IndexFunc(seats, func(s Seat) bool { return s.Person == who.ID }); i >= 0 {
			v.Seat = &seats[i]
		}
		for _, role := range roles {
			if slices.Contains(r.Roles[role], who.ID) {
				v.Roles = append(v.Roles, role)
			}
		}
		for _, c := range who.Channels {
			v.Channels = append(v.Channels, c.Kind)
		}
		p.People = append(p.People, v)
	}
	for _, o := range r.Orders {
		v := OrderView{StandingOrder: o, Names: []string{}}
		for _, site := range o.Sites {
			if found, names, ok := r.Order(site, now); ok && found.ID == o.ID {
				v.Valid, v.Names = true, names
			}
		}
		p.Orders = append(p.Orders, v)
	}
}

// MarshalText writes an answer that may be missing as yes, no or unknown.
func (t Tri) MarshalText() ([]byte, error) {
	switch t {
	case Yes:
		return []byte("yes"), nil
	case No:
		return []byte("no"), nil
	}
	return []byte("unknown"), nil
}

// UnmarshalText reads it back; anything else is unknown.
func (t *Tri) UnmarshalText(text []byte) error {
	switch string(text) {
	case "yes":
		*t = Yes
	case "no":
		*t = No
	default:
		*t = Unseen
	}
	return nil
}
