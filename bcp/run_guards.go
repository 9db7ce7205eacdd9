package bcp

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Answer is what a guard says: Yes passes, No fails, Unseen waits until its time is up. Why is for people.
type Answer struct {
	Is  Tri
	Why string
}

func pass(why string) Answer { return Answer{Yes, why} }
func fail(why string) Answer { return Answer{No, why} }
func wait(why string) Answer { return Answer{Unseen, why} }

// Vantage is how a place sees the site that serves.
type Vantage struct {
	ID     string
	Domain string // places in one failure domain are one witness
	Dead   Tri
	At     time.Time
}

// freshSight is how old a vantage's word may be.
const freshSight = 10 * time.Second

// Permissions is the newest actionless run: every login, key and endpoint tried from the target, the
// source black-holed.
type Permissions struct {
	OK Tri
	At time.Time
}

// freshPermissions is how old an actionless run may be.
const freshPermissions = 10 * time.Minute

// capacityMargin is how much more the target must carry than the foreground load of now.
const capacityMargin = 1.3

// PrecheckFacts is what is known of the target before anything is asked or moved.
type PrecheckFacts struct {
	TargetAlive  Tri
	Capacity     float64 // requests a second the target can carry, 0 when not known
	Foreground   float64 // requests a second of people waiting for an answer, 0 when not known
	Permissions  Permissions
	NoDrift      Tri // configuration of both sides is the same
	ServingAfter int // sites that would serve once the run is through
}

// FenceFacts is what proves that the old site cannot write.
type FenceFacts struct {
	Epoch         uint64 // of the group, committed by a majority
	LeaseExpired  Tri
	ReadOnlyEpoch uint64 // at which the old store itself answers read-only, 0 when it does not answer
	PowerOff      Tri    // the facility's own feedback, not the silence of the hosts
	PortShut      Tri    // the switch port, administratively and read back
}

// DataFacts is what is known of one service's data.
type DataFacts struct {
	SourceKnown bool // SourceLast is the last committed record, not a guess
	SourceLast  uint64
	TargetLast  uint64
	Synchronous Tri    // proof that nothing is acknowledged before both sites have it
	Restored    Tri    // tier 2, from tier 1
	Unavailable bool   // tier 2, declared out until the source returns
	OwnerTold   Tri    // of that
	Source      string // where the evidence comes from
}

// Carried is what the source carried when it was last seen to serve. A run keeps it in the journal: whoever
// leads later may never have seen the source alive.
type Carried struct {
	At       time.Time `json:"at,omitzero"`
	Load     float64   `json:"load"`   // requests a second
	Failed   float64   `json:"failed"` // of those
	Sessions int       `json:"sessions"`
	Config   string    `json:"config,omitempty"` // version of its configuration
}

// GroupFacts is what is known of one failover group.
type GroupFacts struct {
	// Source is whom the facts are about; empty for the site that serves. Roles may swap while facts stand.
	Source      string
	Carried     *Carried  // by the source, nil when it was not seen to serve lately
	Epoch       uint64    // the newest any store has promised to anybody, 0 when not known
	ServedBy    string    // the site that is primary for all services at the newest epoch, "" when mixed or not known
	ServedSince time.Time // by it without a break, as whoever runs the loop has seen
	Misses      int       // probes of the source missed in a row, one a second
	Alive       Tri       // the source answers again
	Vantages    []Vantage
	Dependents  Tri // what depends on the source fails too
	Stalled     Tri // replication from the source does not advance
	Maintenance bool
	Precheck    PrecheckFacts
	Fence       FenceFacts
	Data        map[string]DataFacts
	Target      map[string]Tri // login, send, receive, push, read: by host override at the target
	ErrorsLow   Tri            // errors of the share at the target below twice the normal
	ErrorsSince time.Time      // low without a break since
	ErrorsWhy   string         // what is wrong where they are not low, or cannot be judged
	NamesAgree  Tri            // every authoritative server answers the target
	Resolvers   int            // resolvers that answer the target
	Outside     []Check        // synthetic users outside
	OldSessions Tri            // long-lived client sessions on the old site are closed
	Reconnected Tri            // clients came back through the connection-information service
	StormOver   Tri            // the login storm was survived
	ReadBack    Tri            // the target has acknowledged and read back client traffic
	Healthy24h  Tri            // failback: the side to return to
	Reseeded    Tri            // failback: its data is reseeded and verified
	Diffed      Tri            // failback: what it had not replicated is quarantined and compared
}

// about is what is known of the run's own direction. Facts gathered before the roles were swapped are those of
// another: that the old site is dead says nothing of the new one.
func (r *Run) about(f GroupFacts) GroupFacts {
	if f.Source != "" && f.Source != r.Source {
		return GroupFacts{Epoch: f.Epoch, Maintenance: f.Maintenance}
	}
	return f
}

// targetChecks lists what a user does, in this order, before any traffic moves.
var targetChecks = []string{"login", "send", "receive", "push", "read"}

// Confirmed says whether a site is dead: two vantages in different failure domains say so and something
// behind it agrees, or the building says so. What could as well be a partition is not confirmed.
func Confirmed(now time.Time, site string, g GroupFacts, evidence []Evidence) Answer {
	for _, e := range evidence {
		if e.Site == site && e.Notice() && !e.Gone {
			return pass("facility: " + e.Kind + " " + e.Subject)
		}
	}
	domains := map[string]bool{}
	for _, v := range g.Vantages {
		if v.Dead == Yes && now.Sub(v.At) <= freshSight && !v.At.After(now) {
			domains[v.Domain] = true
		}
	}
	switch {
	case len(domains) < 2:
		return wait(fmt.Sprintf("%d of 2 failure domains see it dead", len(domains)))
	case g.Dependents == Yes:
		return pass("seen dead from " + strings.Join(sortedKeys(domains), " and ") + "; its dependents fail")
	case g.Stalled == Yes:
		return pass("seen dead from " + strings.Join(sortedKeys(domains), " and ") + "; replication stands")
	}
	return wait("nothing behind it agrees: this may be a partition")
}

// Precheck says whether the target can take over at all.
func Precheck(now time.Time, p PrecheckFacts) Answer {
	var bad, missing []string
	judge := func(t Tri, what string) {
		switch t {
		case No:
			bad = append(bad, what)
		case Unseen:
			missing = append(missing, what)
		}
	}
	judge(p.TargetAlive, "target not alive")
	switch {
	case p.Capacity <= 0 || p.Foreground <= 0:
		missing = append(missing, "capacity or load not measured")
	case p.Capacity < p.Foreground*capacityMargin:
		bad = append(bad, fmt.Sprintf("capacity %.0f/s is below 1.3 x %.0f/s", p.Capacity, p.Foreground))
	}
	permitted := p.Permissions.OK
	if permitted == Yes && now.Sub(p.Permissions.At) > freshPermissions {
		permitted = Unseen
	}
	judge(permitted, "permissions not proven within ten minutes")
	judge(p.NoDrift, "configuration differs")
	if p.ServingAfter < 1 {
		bad = append(bad, "no site would serve")
	}
	switch {
	case len(bad) > 0:
		return fail(strings.Join(append(bad, missing...), "; "))
	case len(missing) > 0:
		return wait(strings.Join(missing, "; "))
	}
	return pass("target ready")
}

// Mandate is what the organisation has decided about a site.
type Mandate struct {
	Grade    int    // of the worst open incident there, 0 for none
	Declared bool   // a disaster, by the committee
	Order    string // valid standing order, "" for none
	Signers  []string
}

// Authority says whether a run may act: a standing order at once, a declared disaster, nobody for data
// that can be rebuilt, one person at grade 2, two at grade 1 and for whatever people ordered themselves.
func Authority(r *Run, tier int, m Mandate) Answer {
	var yes []Who
	for _, a := range r.Approvals {
		if !a.Yes {
			return Answer{No, "denied by " + a.Person}
		}
		yes = append(yes, a.Who)
	}
	two := func() Answer {
		for i, a := range yes {
			for _, b := range yes[i+1:] {
				if different(a, b) {
					return pass("two persons: " + a.Person + " and " + b.Person)
				}
			}
		}
		return wait("two persons on two stations have to agree")
	}
	switch {
	case r.Trigger == TriggerOrder || r.Trigger == TriggerDrill || r.Trigger == TriggerFailback:
		return two()
	case m.Order != "" && len(m.Signers) >= 2:
		return pass("standing order " + m.Order + ", signed by " + strings.Join(m.Signers, " and "))
	case m.Declared:
		return pass("declared disaster")
	case tier == 3:
		return pass("automatic: the data can be rebuilt")
	case m.Grade == 2:
		if len(yes) > 0 {
			return pass("one person: " + yes[0].Person)
		}
		return wait("one person has to agree")
	}
	return two()
}

// Fenced says whether the old site provably cannot write: the next epoch is committed, its lease is over
// and its own store, the building or the switch proves it. That nobody can reach it proves nothing.
func Fenced(want uint64, f FenceFacts) Answer {
	switch {
	case f.Epoch < want:
		return wait(fmt.Sprintf("epoch %d is not committed", want))
	case f.LeaseExpired != Yes:
		return wait("its lease has not expired")
	case f.ReadOnlyEpoch >= want:
		return pass(fmt.Sprintf("its store is read-only at epoch %d", f.ReadOnlyEpoch))
	case f.PowerOff == Yes:
		return pass("its power is off by the facility's own feedback")
	case f.PortShut == Yes:
		return pass("its switch port is shut and read back")
	}
	return wait("nothing proves that it cannot write; unreachable is no proof")
}

// DataGate says whether no acknowledged record is lost by promoting these services. Missing evidence is a
// gap, never a pass.
func DataGate(services []Service, data map[string]DataFacts) Answer {
	var gaps, noted []string
	for _, s := range services {
		d := data[s.ID]
		switch {
		case s.Tier == 3:
			noted = append(noted, s.ID+" is rebuilt")
		case s.Tier == 2 && d.Restored == Yes:
			noted = append(noted, s.ID+" is restored")
		case s.Tier == 2 && d.Unavailable && d.OwnerTold == Yes:
			noted = append(noted, s.ID+" is out, its owner knows")
		case s.Tier == 2:
			gaps = append(gaps, s.ID+" is neither restored nor declared out")
		case d.Synchronous == Yes:
			noted = append(noted, s.ID+" is replicated before it is acknowledged")
		case d.SourceKnown && d.TargetLast >= d.SourceLast:
			noted = append(noted, fmt.Sprintf("%s has record %d", s.ID, d.SourceLast))
		case d.SourceKnown:
			gaps = append(gaps, fmt.Sprintf("%s has record %d of %d", s.ID, d.TargetLast, d.SourceLast))
		default:
			gaps = append(gaps, s.ID+": the last record of the source is not known")
		}
	}
	if len(gaps) > 0 {
		return wait(strings.Join(gaps, "; "))
	}
	return pass(strings.Join(noted, "; "))
}

// verifyTarget says whether a user at the target can do what users do.
func verifyTarget(target map[string]Tri) Answer {
	for _, c := range targetChecks {
		if target[c] != Yes {
			return wait(c + " does not work at the target")
		}
	}
	return pass("a user can " + strings.Join(targetChecks, ", "))
}

// verifyPublic says whether the world has followed: names, sessions, clients, users outside.
func verifyPublic(now time.Time, r *Run, ttl time.Duration, g GroupFacts) Answer {
	outside := 0
	for _, c := range g.Outside {
		if c.Row >= 5 && !c.Failing && now.Sub(c.At) <= freshCheck && !c.At.Before(r.Since) {
			outside++
		}
	}
	switch {
	case now.Before(r.Since.Add(max(ttl, time.Minute))):
		return wait("the old names may still be cached")
	case g.Resolvers < 2:
		return wait("several resolvers have to answer the target")
	case outside < 1:
		return wait("no user outside has passed five times in a row")
	case g.OldSessions != Yes:
		return wait("clients still hold to the old site")
	case g.Reconnected != Yes || g.StormOver != Yes:
		return wait("clients are still coming back")
	}
	return pass("the world has followed")
}

// Acts says how far the acts of a run's present state are. A doubt that three looks could not lift is a
// failure for people.
func (x *Runs) acts(r *Run) Answer {
	open := 0
	for _, key := range r.Acts {
		a, ok := x.ledger.Act(key)
		switch {
		case !ok || a.State == ActIntended:
			open++
		case a.State == ActNotDone:
			return fail(a.Kind + " " + a.To + " had no effect: " + a.Detail)
		case a.State == ActUnknown && a.Probes >= 3:
			return fail(a.Kind + " " + a.To + ": its outcome cannot be found out")
		case a.State == ActUnknown:
			open++
		}
	}
	if open > 0 {
		return wait(fmt.Sprintf("%d acts without an outcome", open))
	}
	return pass("acts done")
}

// both is the first answer that is not a pass.
func both(answers ...Answer) Answer {
	for _, a := range answers {
		if a.Is != Yes {
			return a
		}
	}
	return answers[len(answers)-1]
}

// unsettled lists the services of the present wave whose promotion is not done, and whether one is of
// unknown outcome.
func (x *Runs) unsettled(r *Run) (left []string, doubt bool) {
	if r.Wave >= len(r.Waves) {
		return nil, false
	}
	left = slices.Clone(r.Waves[r.Wave])
	for key := range x.ledger.open {
		if a := x.ledger.open[key]; a.Kind == EffectPromote && a.Args["group"] == r.Group {
			doubt = true
		}
	}
	left = slices.DeleteFunc(left, func(s string) bool { return x.promoted(r, s) })
	return left, doubt
}

// promoted says whether a service was promoted in this run.
func (x *Runs) promoted(r *Run, service string) bool {
	for _, a := range x.ledger.acts {
		if a.Kind == EffectPromote && a.To == service && a.Args["group"] == r.Group && a.State == ActDone && !a.Intended.Before(r.Triggered) {
			return true
		}
	}
	return false
}
