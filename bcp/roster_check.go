package bcp

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"bongsu/facility"
)

var clock = regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d$`)

// maxDeputies is how many stand behind a holder; more would never be reached in time.
const maxDeputies = 3

// LoadRoster reads a roster from strict YAML text and reports everything wrong with it at once. The
// roster is nil when a fault is not a warning.
func LoadRoster(file string, text []byte) (*Roster, facility.Faults) {
	r := &Roster{}
	faults := facility.DecodeFile(file, text, r, r.check)
	if faults.Err() != nil {
		return nil, faults
	}
	return r, faults
}

func (r *Roster) check(report facility.Report) {
	if _, err := time.LoadLocation(r.Timezone); err != nil || r.Timezone == "" {
		report("timezone", "unknown time zone %q; write one like Asia/Seoul", r.Timezone)
	}
	r.checkPeople(report)
	r.checkTeams(report)
	if len(r.Chair) < 2 {
		report("chair", "the chair line needs the chair and at least one deputy")
	}
	r.names(report, "chair", r.Chair)
	if len(r.Ladder) == 0 {
		report("ladder", "the escalation ladder is empty: nobody would be paged")
	}
	for i, rung := range r.Ladder {
		at := fmt.Sprintf("ladder[%d]", i)
		r.names(report, at+".people", rung.People)
		if (rung.From != "" || rung.To != "") && (!clock.MatchString(rung.From) || !clock.MatchString(rung.To)) {
			report(at+".from", "hours need both ends, like 08:00 to 20:00")
		}
	}
	for _, role := range roles {
		line := r.Roles[role]
		if len(line) == 0 || len(line) > 1+maxDeputies {
			report("roles", "role %s needs a holder and up to %d deputies", role, maxDeputies)
		}
		r.names(report, "roles."+role, line)
	}
	for role := range r.Roles {
		if !slices.Contains(roles, role) {
			report("roles."+role, "unknown role %q; known: %v", role, roles)
		}
	}
	r.checkPapers(report)
}

func (r *Roster) checkPeople(report facility.Report) {
	seen := map[string]bool{}
	for i, p := range r.People {
		at := fmt.Sprintf("people[%d]", i)
		if p.ID == "" || seen[p.ID] {
			report(at+".id", "id %q is missing or given twice", p.ID)
		}
		seen[p.ID] = true
		if !slices.ContainsFunc(p.Channels, func(c Channel) bool { return !c.Protected }) {
			report(at+".channels", "%s has no channel outside the protected messenger and could not be reached when it is down", p.ID)
		}
		ids := map[string]bool{}
		for j, c := range p.Channels {
			if c.ID == "" || ids[c.ID] || c.Domain == "" || c.Address == "" {
				report(fmt.Sprintf("%s.channels[%d]", at, j), "a channel needs an id of its own, a failure domain and an address")
			}
			ids[c.ID] = true
		}
		if len(p.Deputies) > maxDeputies || slices.Contains(p.Deputies, p.ID) {
			report(at+".deputies", "up to %d deputies, none of them %s", maxDeputies, p.ID)
		}
		r.names(report, at+".deputies", p.Deputies)
	}
}

func (r *Roster) checkTeams(report facility.Report) {
	recovery := 0
	seen := map[string]bool{}
	for i, t := range r.Teams {
		at := fmt.Sprintf("teams[%d]", i)
		if t.ID == "" || seen[t.ID] {
			report(at+".id", "id %q is missing or given twice", t.ID)
		}
		seen[t.ID] = true
		if t.Kind != TeamRecovery && t.Kind != TeamSupport {
			report(at+".kind", "%q is neither recovery nor support", t.Kind)
		}
		if t.Kind == TeamRecovery {
			recovery++
		}
		r.names(report, at+".lead", []string{t.Lead})
		if t.Deputy != "" {
			r.names(report, at+".deputy", []string{t.Deputy})
		}
	}
	if recovery == 0 {
		report("teams", "without a recovery team the committee never has a quorum")
	}
}

func (r *Roster) checkPapers(report facility.Report) {
	for i, d := range r.Delegations {
		at := fmt.Sprintf("delegations[%d]", i)
		r.names(report, at, []string{d.From, d.To})
		if d.From == d.To || !d.Until.After(d.Since) {
			report(at, "a delegation goes to somebody else and has an end after its beginning")
		}
	}
	for i, o := range r.Orders {
		at := fmt.Sprintf("standing_orders[%d]", i)
		if o.ID == "" || o.Text == "" || len(o.Sites) == 0 {
			report(at, "a standing order needs an id, its text and its sites")
		}
		for j, s := range o.Signed {
			r.names(report, fmt.Sprintf("%s.signed[%d]", at, j), []string{s.Person})
		}
	}
	for i, x := range r.Exclusions {
		at := fmt.Sprintf("exclusions[%d]", i)
		if x.Subject == "" || x.Reason == "" || x.Until.IsZero() {
			report(at, "an exclusion needs a subject, a reason and an end")
		}
		r.names(report, at+".owner", []string{x.Owner})
	}
}

func (r *Roster) names(report facility.Report, at string, people []string) {
	for _, id := range people {
		if r.Person(id) == nil {
			report(at, "nobody called %q is on the roster", id)
		}
	}
}
