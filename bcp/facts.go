package bcp

import (
	"slices"
	"time"
)

// Tri is an answer that may be missing. What is missing is never taken for a yes.
type Tri int

// The three answers; the zero value is the one not to trust.
const (
	Unseen Tri = iota
	Yes
	No
)

// TriOf is Yes or No.
func TriOf(b bool) Tri {
	if b {
		return Yes
	}
	return No
}

// The kinds of evidence.
const (
	EvidenceFire      = "fire-stage"       // a stage of the battery fire response
	EvidencePowerCut  = "power-cut"        // a notice that power will be cut, with its deadline
	EvidenceUPSLost   = "ups-lost"         // a UPS zone is gone
	EvidenceAuthority = "site-control"     // control of the site was handed to the authority
	EvidencePowerOff  = "power-off"        // the facility's own feedback proves that its servers have no power
	EvidenceWarning   = "facility-warning" // worth a look, no incident by itself
	EvidenceService   = "service-down"     // a service is down
	EvidenceBrake     = "brake"            // automatic failover has stopped itself
	EvidencePerson    = "report"           // a person says so
	EvidenceSilent    = "site-silent"      // nothing is heard of a site any more
)

// Evidence is one fact that may open an incident. It is handed in again, unchanged or grown, for as long
// as it holds.
type Evidence struct {
	ID       string    `json:"id"` // of the occurrence: the same for as long as it lasts
	Kind     string    `json:"kind"`
	Site     string    `json:"site"`
	Subject  string    `json:"subject,omitempty"` // room, zone or service
	Stage    int       `json:"stage,omitempty"`   // of a fire, from 1; pre-alarm is 0
	Votes    int       `json:"votes,omitempty"`   // channels and corroborators that agree
	Sensors  []string  `json:"sensors,omitempty"` // kinds of sensors that say so
	Person   string    `json:"person,omitempty"`  // who attests it
	Grade    int       `json:"grade,omitempty"`   // 1 to 3 as the source sees it, 0 for no opinion
	At       time.Time `json:"at,omitzero"`
	Deadline time.Time `json:"deadline,omitzero"`   // of a power cut
	UpSince  time.Time `json:"up_since,omitzero"`   // of a service that answers again
	EverDown bool      `json:"ever_down,omitempty"` // the service was Down, not merely unsure
	Gone     bool      `json:"gone,omitempty"`      // the condition has ended
	Backed   string    `json:"backed,omitempty"`    // what in a silent site's last word says that it is being lost
	What     string    `json:"what,omitempty"`      // one line for people
}

// Facility says whether the evidence is about a building rather than a service.
func (e Evidence) Facility() bool {
	switch e.Kind {
	case EvidenceFire, EvidencePowerCut, EvidenceUPSLost, EvidencePowerOff, EvidenceAuthority, EvidenceSilent:
		return true
	}
	return false
}

// Critical says whether the evidence declares an incident of grade 1 by itself: a fire stage with two
// votes, a notice of a power cut, or a lost UPS zone seen by two kinds of sensors or a person. A stage
// entered on one channel never does, and neither does silence alone.
func (e Evidence) Critical() bool {
	switch e.Kind {
	case EvidenceFire:
		return e.Stage >= 1 && e.Votes >= 2
	case EvidencePowerCut:
		return true
	case EvidenceUPSLost, EvidencePowerOff:
		return e.attested()
	case EvidenceSilent:
		return e.Backed != ""
	}
	return false
}

// Notice says whether the evidence starts failover runs of its site: a fire at stage 3 with two votes,
// a notice of a power cut, a lost UPS zone, the site in the hands of the authority, or its silence after a last word that
// says one of these.
func (e Evidence) Notice() bool {
	switch e.Kind {
	case EvidenceFire:
		return e.Stage >= 3 && e.Votes >= 2
	case EvidencePowerCut, EvidenceAuthority:
		return true
	case EvidenceUPSLost, EvidencePowerOff:
		return e.attested()
	case EvidenceSilent:
		return e.Backed != ""
	}
	return false
}

func (e Evidence) attested() bool {
	kinds := slices.Compact(slices.Sorted(slices.Values(e.Sensors)))
	return len(kinds) >= 2 || e.Person != ""
}

// grew says whether newer evidence tells more than what is written down.
func (e Evidence) grew(old Evidence) bool {
	return e.Stage > old.Stage || e.Critical() != old.Critical() || e.Notice() != old.Notice() || e.Gone != old.Gone ||
		!e.Deadline.Equal(old.Deadline) || e.EverDown != old.EverDown
}

// Check is how a synthetic user fares at one vantage.
type Check struct {
	Vantage string
	Row     int       // passes in a row, 0 after a failure
	Failing bool      // the newest run of a core check failed
	At      time.Time // of the newest run
}

// freshCheck is how old a synthetic result may be and still count.
const freshCheck = time.Minute

// Facts is what is known at a moment. Whoever runs the loop gathers it; nothing in it is remembered.
type Facts struct {
	Epoch       uint64
	Roster      *Roster
	Unreachable map[string]bool // people with no working channel or not answering
	Evidence    []Evidence
	Checks      []Check         // of the whole company's core services
	Core        map[string]Tri  // account, api, messaging: verified at the site that serves
	RTOBreach   bool            // a recovery target will be missed by forecast
	SiteLost    map[string]Tri  // site loss confirmed
	Present     map[string]bool // joined the situation room
	Groups      map[string]GroupFacts
	Probes      map[string]ProbeView
	Receipts    map[string]Tri // messages that arrived, by the key of the act

	moving map[string]bool // sites that a run is under way from; filled by the organisation itself
}
