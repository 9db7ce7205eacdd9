package bcp

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bongsu/journal"
)

// The kinds of journal entries of people's requests: what was asked, at any site, and what the leader
// answered.
const (
	KindRequest = "bcp.request"
	KindReply   = "bcp.reply"
)

// Request is what a person asks of the organisation. Its id makes it idempotent: asked twice it is done
// once. By names one person, or two where the act takes two and both are at hand.
type Request struct {
	ID      string            `json:"id"`
	Kind    string            `json:"kind"`              // of RequestKinds
	Subject string            `json:"subject,omitempty"` // incident, motion, group, play, play/step, call, service
	By      []Who             `json:"by"`
	Args    map[string]string `json:"args,omitempty"`
	Actions []Action          `json:"actions,omitempty"` // lessons that became work
	At      time.Time         `json:"at,omitzero"`
}

// Reply is what became of a request. Code is 200 done, 202 waiting for the second person, 400 and above
// refused, with the same meaning as in HTTP.
type Reply struct {
	ID      string   `json:"id"`
	Code    int      `json:"code"`
	Detail  string   `json:"detail"`
	Waiting *Request `json:"waiting,omitempty"` // of the first person, when the second is awaited
}

// requestKind is one thing a person may ask for.
type requestKind struct {
	two  bool // takes two people on two stations; the second may ask later, from elsewhere
	late bool // stays valid however long the leader was away
	make func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error)
}

func (r Request) who() Who { return r.By[0] }
func (r Request) arg(name string) string {
	return strings.TrimSpace(r.Args[name])
}

// requests lists everything a person may ask for. It is the only place to add one.
var requests = map[string]requestKind{
	"incident.report": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		e, err := r.evidence()
		if err != nil {
			return Decision{}, err
		}
		return o.Incidents.Report(now, f, r.who(), e)
	}},
	"incident.withdraw": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Incidents.Withdraw(now, f, r.Subject, r.who(), r.arg("evidence"), r.arg("reason"))
	}},
	"incident.ack": {late: true, make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Incidents.Ack(now, f, r.Subject, r.who())
	}},
	"incident.dismiss": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Incidents.Dismiss(now, f, r.Subject, r.who(), r.arg("reason"))
	}},
	"incident.declare": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Incidents.Declare(now, f, r.Subject, r.who())
	}},
	"incident.role": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Incidents.TakeRole(now, f, r.Subject, r.who(), r.arg("role"))
	}},
	"incident.note": {late: true, make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Incidents.Note(now, f, r.Subject, r.who(), r.arg("text"))
	}},
	"incident.lower": {two: true, make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Incidents.Lower(now, f, r.Subject, r.By[0], r.By[1])
	}},
	"incident.close": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Incidents.Close(now, f, r.Subject, r.who())
	}},
	"incident.reopen": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Incidents.Reopen(now, f, r.Subject, r.who(), r.arg("reason"))
	}},
	"incident.complete": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Incidents.Complete(now, f, r.Subject, r.who(), r.Actions)
	}},
	"motion.propose": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Motions.Propose(now, f, r.who(), r.arg("kind"), r.arg("text"), r.Subject)
	}},
	"motion.vote": {late: true, make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		channel := ByConsole
		if r.arg("channel") == ByAuxiliary {
			channel = ByAuxiliary
		}
		return o.Motions.Cast(now, f, r.Subject, r.who(), r.arg("choice"), channel)
	}},
	"motion.code": {late: true, make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Motions.CastCode(now, f, r.Subject, r.arg("code_hash"), r.arg("choice"))
	}},
	"motion.extend": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Motions.Extend(now, f, r.Subject, r.who())
	}},
	"motion.withdraw": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Motions.Withdraw(now, f, r.Subject, r.who())
	}},
	"org.break-glass": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Committee.BreakGlass(now, f, r.who(), r.Subject, splitList(r.arg("rules")), r.arg("reason"))
	}},
	"org.start": {two: true, make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Committee.StartPlaybook(now, f, r.By[0], r.By[1])
	}},
	"org.end-review": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Committee.EndReview(now, f, r.who(), r.Actions)
	}},
	"summon.ack": {late: true, make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Summons.Ack(now, f, r.Subject, r.who())
	}},
	"summon.join": {late: true, make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Summons.Join(now, f, r.Subject, r.who())
	}},
	"summon.decline": {late: true, make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Summons.Decline(now, f, r.Subject, r.who())
	}},
	"failover.order": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Runs.Order(now, f, r.Subject, r.who(), r.arg("trigger"))
	}},
	"failover.approve": {late: true, make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Runs.Approve(now, f, r.Subject, r.who(), true)
	}},
	"failover.deny": {late: true, make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Runs.Approve(now, f, r.Subject, r.who(), false)
	}},
	"failover.resume": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Runs.Resume(now, f, o.mandateOf(now, f, r.Subject), r.Subject, r.By, "")
	}},
	"failover.override": {two: true, make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		if r.arg("reason") == "" {
			return Decision{}, fmt.Errorf("override: %w", ErrNoReason)
		}
		return o.Runs.Resume(now, f, o.mandateOf(now, f, r.Subject), r.Subject, r.By, r.arg("reason"))
	}},
	"failover.compensate": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Runs.Compensate(now, f, r.Subject, r.who(), r.arg("reason"))
	}},
	"failover.abandon": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Runs.Abandon(now, f, r.Subject, r.who(), r.arg("reason"))
	}},
	"failover.rearm": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Runs.Rearm(now, f, r.Subject, r.who())
	}},
	"failover.end-block": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Runs.EndBlock(now, f, r.Subject, r.By)
	}},
	"brake.release": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Runs.Release(now, f, r.who(), r.arg("reason"))
	}},
	"play.start": {two: true, make: (*Organisation).startByPeople},
	"play.stop": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Plays.Stop(now, f, r.Subject, r.who(), r.arg("reason"))
	}},
	"play.resume": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Plays.Resume(now, f, r.Subject, r.who(), r.arg("reason"))
	}},
	"step.release": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Plays.Release(now, f, r.Subject, r.who())
	}},
	"step.attest": {late: true, make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Plays.Attest(now, f, r.Subject, r.who(), r.arg("evidence"))
	}},
	"step.skip": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Plays.Skip(now, f, r.Subject, r.who(), r.arg("reason"))
	}},
	"step.give-up": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Plays.GiveUp(now, f, r.Subject, r.who(), r.arg("reason"))
	}},
	"step.compensate": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Plays.Compensate(now, f, r.Subject, r.who(), r.arg("reason"))
	}},
	"service.maintain": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		until, err := time.Parse(time.RFC3339, r.arg("until"))
		if err != nil {
			return Decision{}, fmt.Errorf("maintenance of %s: until %q is no time like 2006-01-02T15:04:05Z: %w", r.Subject, r.arg("until"), ErrIncomplete)
		}
		return o.Services.Maintain(now, f, r.Subject, r.who(), until, r.arg("reason"))
	}},
	"service.end-maintenance": {make: func(o *Organisation, now time.Time, f Facts, r Request) (Decision, error) {
		return o.Services.EndMaintenance(now, f, r.Subject, r.who())
	}},
}

// RequestKinds names everything a person may ask for, sorted.
func RequestKinds() []string { return slices.Sorted(maps.Keys(requests)) }

// evidence is what a person reports: an observation, a notice that power will be cut with its time, a lost
// UPS zone, or that the site is in the hands of the authority.
func (r Request) evidence() (Evidence, error) {
	e := Evidence{ID: "report-" + r.ID, Kind: EvidencePerson, Site: r.Subject, Subject: r.arg("subject"), Grade: gradeOf(r.arg("grade")), What: r.arg("what")}
	switch kind := r.arg("kind"); kind {
	case "", EvidencePerson:
	case EvidencePowerCut:
		at, err := time.Parse(time.RFC3339, r.arg("deadline"))
		if err != nil {
			return e, fmt.Errorf("report: deadline %q is no time like 2006-01-02T15:04:05Z: %w", r.arg("deadline"), ErrIncomplete)
		}
		e.Kind, e.Deadline = kind, at.UTC()
	case EvidenceUPSLost, EvidenceAuthority:
		e.Kind = kind
	default:
		return e, fmt.Errorf("report: %q is none of %s, %s, %s, %s: %w", kind, EvidencePerson, EvidencePowerCut, EvidenceUPSLost, EvidenceAuthority, ErrIncomplete)
	}
	return e, nil
}

func gradeOf(text string) int {
	switch text {
	case "1", "2", "3":
		return int(text[0] - '0')
	}
	return 0
}

func splitList(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == '\n' })
}

// requestLife is how long a request waits for a leader. A vote counts later too, an order does not: who
// gave it has long done something else.
const requestLife = time.Minute

// secondLife is how long the first of two people waits for the second.
const secondLife = 10 * time.Minute

// Ask judges a request. A decision comes with an answer of 200, which counts once the move is written;
// every other answer is final. Asked again after its move was written, the answer is 200 and nothing is
// decided.
func (o *Organisation) Ask(now time.Time, f Facts, r Request) (*Decision, Reply) {
	f = o.known(f)
	answer := func(code int, format string, args ...any) Reply {
		return Reply{ID: r.ID, Code: code, Detail: fmt.Sprintf(format, args...)}
	}
	kind, ok := requests[r.Kind]
	switch {
	case o.Ledger.requests[r.ID]:
		return nil, answer(200, "done before")
	case !ok:
		return nil, answer(400, "%q cannot be asked for; known: %s", r.Kind, strings.Join(RequestKinds(), ", "))
	case len(r.By) == 0 || r.By[0].Person == "" && r.Kind != "motion.code":
		return nil, answer(400, "nobody asks")
	case !kind.late && now.Sub(r.At) > requestLife:
		return nil, answer(408, "nobody led for %s: ask again if it still holds", now.Sub(r.At).Round(time.Second))
	}
	if kind.two && len(r.By) == 1 {
		first := o.waiting[r.place()]
		if first == nil || now.Sub(first.At) > secondLife || !maps.Equal(first.Args, r.Args) || !different(first.By[0], r.By[0]) {
			if why := o.mayAsk(f, r.By[0]); why != nil {
				return nil, answer(RefusalCode(why), "%v", why)
			}
			a := answer(202, "waiting for a second person on another station, until %s", r.At.Add(secondLife).UTC().Format("15:04:05Z"))
			a.Waiting = &r
			return nil, a
		}
		r.By = []Who{first.By[0], r.By[0]}
	}
	d, err := kind.make(o, now, f, r)
	if err != nil {
		return nil, answer(RefusalCode(err), "%v", err)
	}
	d.Request = r.ID
	return &d, answer(200, "done")
}

// place is what a second person has to agree to.
func (r Request) place() string { return r.Kind + " " + r.Subject }

func (o *Organisation) mayAsk(f Facts, who Who) error {
	if f.roster().Person(who.Person) == nil {
		return fmt.Errorf("%q: %w", who.Person, ErrUnknownPerson)
	}
	return nil
}

// mandateOf is the mandate for a group's run.
func (o *Organisation) mandateOf(now time.Time, f Facts, group string) Mandate {
	if r := o.Runs.Get(group); r != nil {
		return o.Mandate(now, f, r.Source)
	}
	return Mandate{}
}

// refusals says which kind of refusal an error is. It is the only place to add one.
var refusals = []struct {
	err  error
	code int
}{
	{ErrNotMember, 403}, {ErrUnknownPerson, 403}, {ErrNotTower, 403}, {ErrTwoPersons, 403}, {ErrNoSigning, 403},
	{ErrNoSuch, 404}, {ErrNoReason, 422}, {ErrIncomplete, 422}, {ErrBadChoice, 422}, {ErrPastEnd, 422},
	{ErrNotAllowed, 409}, {ErrTooEarly, 409}, {ErrTooLate, 409}, {ErrClosed, 409}, {ErrCodeUsed, 409}, {ErrRunning, 409}, {ErrMoved, 409},
	{ErrNotReady, 409}, {ErrGuard, 409}, {ErrUnratified, 409}, {ErrDoubt, 503}, {ErrStale, 503},
}

// RefusalCode is the code of a refusal, as in HTTP.
func RefusalCode(err error) int {
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			return r.code
		}
	}
	return 422
}

// RequestDraft is a request as a journal entry. Its id is the entry's key, so it stands there once.
func RequestDraft(r Request) journal.Draft {
	actor := ""
	if len(r.By) > 0 {
		actor = r.By[0].Person
	}
	return journal.Draft{Kind: KindRequest, Actor: actor, Subject: r.Kind + " " + r.Subject, Data: r}
}

// ReplyDraft is an answer as a journal entry.
func ReplyDraft(a Reply) journal.Draft {
	return journal.Draft{Kind: KindReply, Actor: byRule, Subject: a.ID, Data: a}
}

// byRule is who answers a request.
const byRule = "rule"

// foldRequest takes up a request or its answer.
func (o *Organisation) foldRequest(e journal.Entry) error {
	if e.Kind == KindRequest {
		var r Request
		if err := json.Unmarshal(e.Data, &r); err != nil {
			return fmt.Errorf("entry %d: %w", e.Seq, err)
		}
		if _, answered := o.answers[r.ID]; !answered && !slices.ContainsFunc(o.asked, func(q Request) bool { return q.ID == r.ID }) {
			o.asked = append(o.asked, r)
		}
		return nil
	}
	var a Reply
	if err := json.Unmarshal(e.Data, &a); err != nil {
		return fmt.Errorf("entry %d: %w", e.Seq, err)
	}
	if _, before := o.answers[a.ID]; before {
		return nil
	}
	i := slices.IndexFunc(o.asked, func(q Request) bool { return q.ID == a.ID })
	if i >= 0 {
		r := o.asked[i]
		o.asked = slices.Delete(o.asked, i, i+1)
		if a.Code == 200 {
			delete(o.waiting, r.place())
		}
	}
	delete(o.Ledger.requests, a.ID) // from now on the answer says that it is done
	if w := a.Waiting; w != nil {
		maps.DeleteFunc(o.waiting, func(_ string, old *Request) bool { return w.At.Sub(old.At) > secondLife })
		o.waiting[w.place()] = w
	}
	o.answers[a.ID] = a
	o.answered = append(o.answered, a.ID)
	if len(o.answered) > keptAnswers {
		delete(o.answers, o.answered[0])
		o.answered = o.answered[1:]
	}
	return nil
}

// keptAnswers is how many answers are remembered for those who ask twice.
const keptAnswers = 10_000

// Asked lists the requests nobody has answered, oldest first.
func (o *Organisation) Asked() []Request { return slices.Clone(o.asked) }

// Answered finds what was answered; false when nothing was yet.
func (o *Organisation) Answered(id string) (Reply, bool) {
	a, ok := o.answers[id]
	return a, ok
}

// Waiting lists what the first of two people has signed, oldest first.
func (o *Organisation) Waiting(now time.Time) []Request {
	out := []Request{}
	for _, r := range o.waiting {
		if now.Sub(r.At) <= secondLife {
			out = append(out, *r)
		}
	}
	slices.SortFunc(out, func(a, b Request) int { return a.At.Compare(b.At) })
	return out
}
