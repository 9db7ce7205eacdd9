package bcp

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"bongsu/facility"
)

// Channel is one way to reach a person. Channels that fail together share a failure domain.
type Channel struct {
	ID        string `yaml:"id" json:"id"`
	Kind      string `yaml:"kind" json:"kind"` // sms, voice, email, messenger, board, webhook
	Domain    string `yaml:"domain" json:"domain"`
	Protected bool   `yaml:"protected" json:"protected,omitempty"` // the messenger this system protects
	Receipt   bool   `yaml:"receipt" json:"receipt,omitempty"`     // tells when a message was delivered
	Address   string `yaml:"address" json:"address"`
}

// Person is somebody on the roster.
type Person struct {
	ID       string        `yaml:"id" json:"id"`
	Name     facility.Text `yaml:"name" json:"name"`
	Channels []Channel     `yaml:"channels" json:"channels"`
	Deputies []string      `yaml:"deputies" json:"deputies,omitempty"` // up to three, in order
	Codes    []string      `yaml:"codes" json:"-"`                     // SHA-256 of one-time offline voting codes, hex
}

// Team recovers services or supports those who do.
type Team struct {
	ID       string        `yaml:"id" json:"id"`
	Name     facility.Text `yaml:"name" json:"name"`
	Kind     string        `yaml:"kind" json:"kind"` // recovery or support
	Lead     string        `yaml:"lead" json:"lead"`
	Deputy   string        `yaml:"deputy" json:"deputy,omitempty"`
	Duties   []string      `yaml:"duties" json:"duties,omitempty"`
	Services []string      `yaml:"services" json:"services,omitempty"`
}

// The kinds of teams.
const (
	TeamRecovery = "recovery"
	TeamSupport  = "support"
)

// The four roles of an incident.
const (
	RoleTower        = "tower"        // control tower: decides
	RoleOperator     = "operator"     // hands on the systems
	RoleCommunicator = "communicator" // users, press, authorities
	RoleOperations   = "operations"   // operations manager: people, places, the clock
)

// roles lists the four incident roles in the order they are filled.
var roles = []string{RoleTower, RoleOperator, RoleCommunicator, RoleOperations}

// Rung is one step of the escalation ladder: whom to page, and in which hours of the day.
type Rung struct {
	People []string `yaml:"people" json:"people"`
	From   string   `yaml:"from" json:"from,omitempty"` // "08:00", empty for always
	To     string   `yaml:"to" json:"to,omitempty"`
}

// Delegation lets one person sit for another for a time.
type Delegation struct {
	From   string    `yaml:"from" json:"from"`
	To     string    `yaml:"to" json:"to"`
	Since  time.Time `yaml:"since" json:"since"`
	Until  time.Time `yaml:"until" json:"until"`
	Reason string    `yaml:"reason" json:"reason,omitempty"`
}

// Signature is one name under a document.
type Signature struct {
	Person string    `yaml:"person" json:"person"`
	At     time.Time `yaml:"at" json:"at"`
}

// StandingOrder authorises the declaration and the failover of the named sites in advance.
type StandingOrder struct {
	ID      string      `yaml:"id" json:"id"`
	Text    string      `yaml:"text" json:"text"`
	Sites   []string    `yaml:"sites" json:"sites"`
	Signed  []Signature `yaml:"signed" json:"signed"`
	Revoked bool        `yaml:"revoked" json:"revoked,omitempty"`
}

// Exclusion keeps a service or group out of failover. It goes on after its end, with an alarm: an
// exclusion that lapses silently would change what the next disaster does.
type Exclusion struct {
	Subject string    `yaml:"subject" json:"subject"`
	Reason  string    `yaml:"reason" json:"reason"`
	Owner   string    `yaml:"owner" json:"owner"`
	Until   time.Time `yaml:"until" json:"until"`
}

// Place is where people meet when they are summoned.
type Place struct {
	Bridge    string `yaml:"bridge" json:"bridge"`
	Room      string `yaml:"room" json:"room"`
	Alternate string `yaml:"alternate" json:"alternate,omitempty"`
	Remote    string `yaml:"remote" json:"remote,omitempty"` // the remote-work order
}

// Roster is who does what: people, teams, committee, ladder, roles and what was signed in advance.
type Roster struct {
	Timezone    string              `yaml:"timezone" json:"timezone"`
	Place       Place               `yaml:"place" json:"place"`
	People      []Person            `yaml:"people" json:"people"`
	Teams       []Team              `yaml:"teams" json:"teams"`
	Chair       []string            `yaml:"chair" json:"chair"` // the CEO first, then the deputies in order
	Ladder      []Rung              `yaml:"ladder" json:"ladder"`
	Roles       map[string][]string `yaml:"roles" json:"roles"` // holder and up to three deputies
	Delegations []Delegation        `yaml:"delegations" json:"delegations"`
	Orders      []StandingOrder     `yaml:"standing_orders" json:"standing_orders"`
	Exclusions  []Exclusion         `yaml:"exclusions" json:"exclusions"`
	Holidays    []string            `yaml:"holidays" json:"holidays"` // 2022-10-03
}

// Person finds somebody by id; nil when nobody has it.
func (r *Roster) Person(id string) *Person {
	if i := slices.IndexFunc(r.People, func(p Person) bool { return p.ID == id }); i >= 0 {
		return &r.People[i]
	}
	return nil
}

// Team finds a team by id; nil when there is none.
func (r *Roster) Team(id string) *Team {
	if i := slices.IndexFunc(r.Teams, func(t Team) bool { return t.ID == id }); i >= 0 {
		return &r.Teams[i]
	}
	return nil
}

// HashCode is how an offline voting code is kept and compared.
func HashCode(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}

// CodeOwner is the person the offline code with a hash was issued to; false when it was issued to nobody.
func (r *Roster) CodeOwner(hash string) (person string, ok bool) {
	for _, p := range r.People {
		if slices.Contains(p.Codes, hash) {
			return p.ID, true
		}
	}
	return "", false
}

// DelegatesTo lists whom a person sits for at a time.
func (r *Roster) DelegatesTo(person string, now time.Time) []string {
	var from []string
	for _, d := range r.Delegations {
		if d.To == person && !now.Before(d.Since) && now.Before(d.Until) {
			from = append(from, d.From)
		}
	}
	return from
}

// location is the roster's zone, UTC where it names none that exists.
func (r *Roster) location() *time.Location {
	if loc, err := time.LoadLocation(r.Timezone); err == nil {
		return loc
	}
	return time.UTC
}

// OnRung lists who is to be paged on a rung now: those in their hours and not known to be unreachable.
func (r *Roster) OnRung(i int, now time.Time, unreachable map[string]bool) []string {
	rung := r.Ladder[i]
	if rung.From != "" && rung.To != "" {
		hour := now.In(r.location()).Format("15:04")
		inside := hour >= rung.From && hour < rung.To
		if rung.To <= rung.From { // a night shift
			inside = hour >= rung.From || hour < rung.To
		}
		if !inside {
			return nil
		}
	}
	return slices.DeleteFunc(slices.Clone(rung.People), func(p string) bool { return unreachable[p] })
}

// Order finds a standing order that covers a site: not revoked, under it two different names of the
// roster, each within the last twelve months.
func (r *Roster) Order(site string, now time.Time) (StandingOrder, []string, bool) {
	for _, o := range r.Orders {
		if o.Revoked || !slices.Contains(o.Sites, site) {
			continue
		}
		var names []string
		for _, s := range o.Signed {
			if s.At.After(now) || !s.At.AddDate(1, 0, 0).After(now) || r.Person(s.Person) == nil || slices.Contains(names, s.Person) {
				continue
			}
			names = append(names, s.Person)
		}
		if len(names) >= 2 {
			return o, names, true
		}
	}
	return StandingOrder{}, nil, false
}

// Excluded finds the exclusion of a subject; expired tells that its end has passed and it must be
// renewed or lifted by its owner.
func (r *Roster) Excluded(subject string, now time.Time) (e Exclusion, expired, ok bool) {
	for _, x := range r.Exclusions {
		if x.Subject == subject {
			return x, !now.Before(x.Until), true
		}
	}
	return Exclusion{}, false, false
}

// workdaysAfter is the same hour n working days later, weekends and holidays passed over.
func (r *Roster) workdaysAfter(now time.Time, n int) time.Time {
	day := now.In(r.location())
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		free := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday || slices.Contains(r.Holidays, day.Format(time.DateOnly))
		if !free {
			n--
		}
	}
	return day.UTC()
}
