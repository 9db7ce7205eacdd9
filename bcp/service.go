package bcp

import (
	"errors"
	"fmt"
	"time"
)

// ErrPastEnd refuses a maintenance that would end before it begins.
var ErrPastEnd = errors.New("the end has passed")

// The results of a probe.
const (
	ProbeOK       = "ok"
	ProbeDegraded = "degraded"
	ProbeFailed   = "failed"
)

// ProbeTimes judge the probes of a service.
type ProbeTimes struct {
	Silent  time.Duration `yaml:"silent"`  // without a probe until the state is not known
	Unknown time.Duration `yaml:"unknown"` // not known until it counts as down
	Fails   int           `yaml:"fails"`   // in a row until it is down
}

// DefaultProbeTimes suit probes every 5 s.
func DefaultProbeTimes() ProbeTimes {
	return ProbeTimes{Silent: 20 * time.Second, Unknown: time.Minute, Fails: 3}
}

// ProbeView is what the probes of one service have said: the newest and how often in a row.
type ProbeView struct {
	Result string
	Row    int
	At     time.Time
	What   string
}

// FoldProbe takes one probe into the view. One that is older than the newest is dropped.
func FoldProbe(v ProbeView, result, what string, at time.Time) ProbeView {
	if at.Before(v.At) {
		return v
	}
	if v.Result != result {
		v.Row = 0
	}
	return ProbeView{Result: result, Row: v.Row + 1, At: at, What: what}
}

// Span is a time a service spent in one state.
type Span struct {
	State string    `json:"state"`
	From  time.Time `json:"from,omitzero"`
}

// ServiceRun is the state of one service, folded from its entries.
type ServiceRun struct {
	ID     string    `json:"id"`
	State  string    `json:"state"`
	Since  time.Time `json:"since,omitzero"`
	Until  time.Time `json:"until,omitzero"` // of a maintenance
	Reason string    `json:"reason,omitempty"`
	Spans  []Span    `json:"spans"` // oldest first
}

// keptSpans is how many changes of a service are remembered: a month of one every five minutes.
const keptSpans = 10_000

type serviceDetail struct {
	Until *time.Time `json:"until,omitempty"`
}

// Services holds the state of every service.
type Services struct {
	ledger *Ledger
	times  ProbeTimes
	graph  *Graph
	all    map[string]*ServiceRun
}

// NewServices keeps the machines of the graph's services in the ledger.
func NewServices(l *Ledger, times ProbeTimes, graph *Graph) *Services {
	x := &Services{ledger: l, times: times, graph: graph, all: map[string]*ServiceRun{}}
	l.folds[MachineService] = x.fold
	return x
}

// Get finds the state of a service; nil before the first turn. The caller must not change it.
func (x *Services) Get(id string) *ServiceRun { return x.all[id] }

func (x *Services) fold(t Transition) error {
	d, err := detail[serviceDetail](t)
	if err != nil {
		return err
	}
	s := x.all[t.ID]
	if t.Event == evCreate {
		s = &ServiceRun{ID: t.ID}
		x.all[t.ID] = s
	}
	if s == nil {
		return fmt.Errorf("service %s: %w", t.ID, ErrNoSuch)
	}
	if t.From != t.To {
		s.Since, s.Reason = t.At, t.Why
		s.Spans = append(s.Spans, Span{State: t.To, From: t.At})
		if len(s.Spans) > keptSpans {
			s.Spans = s.Spans[1:]
		}
	}
	s.State = t.To
	if d.Until != nil {
		s.Until = *d.Until
	}
	return nil
}

// Decide moves the services by their probes and the time.
func (x *Services) Decide(now time.Time, f Facts) []Decision {
	var out []Decision
	for _, id := range sortedKeys(x.graph.services) {
		d := Decision{Machine: MachineService, ID: id, Event: evCreate}
		if s := x.all[id]; s != nil {
			event, why := x.judge(now, s, f.Probes[id])
			if event == "" {
				continue
			}
			d.Event, d.Why = event, why
			if s.State != ServiceDown && event == evFail || event == evUnknownTimeout {
				d.Effects = x.inform(id, f)
			}
		}
		out = append(out, d.at(now, f))
	}
	return out
}

// judge is the event that a service's newest probes mean. A probe from before the present maintenance
// ended does not count: its end asks for a fresh measurement.
func (x *Services) judge(now time.Time, s *ServiceRun, p ProbeView) (event, why string) {
	if s.State == ServiceMaintenance {
		if !s.Until.IsZero() && !now.Before(s.Until) {
			return evMaintOverrun, "the maintenance has run over its end"
		}
		return "", ""
	}
	fresh := now.Sub(p.At) < x.times.Silent && !p.At.IsZero()
	if s.State == ServiceUnknown && p.At.Before(s.Since) {
		fresh = false
	}
	if !fresh {
		switch {
		case s.State == ServiceUnknown && !now.Before(s.Since.Add(x.times.Unknown)):
			return evUnknownTimeout, "nothing is known for too long"
		case s.State == ServiceUp || s.State == ServiceWarning:
			return evNoData, "no probe"
		}
		return "", ""
	}
	switch {
	case p.Result == ProbeOK && s.State != ServiceUp:
		return evOk, ""
	case p.Result == ProbeFailed && p.Row >= x.times.Fails && s.State != ServiceDown:
		return evFail, p.What
	case p.Result == ProbeFailed && s.State == ServiceUp, p.Result == ProbeDegraded && s.State != ServiceWarning:
		return evDegrade, p.What
	}
	return "", ""
}

// inform tells the owners of what depends on a service that is down, nearest first.
func (x *Services) inform(id string, f Facts) []Effect {
	var out []Effect
	told := map[string]bool{}
	for _, s := range append([]string{id}, x.graph.Blast(id)...) {
		service, _ := x.graph.Service(s)
		owner := service.Owner
		if t := f.roster().Team(owner); t != nil {
			owner = t.Lead
		}
		if owner != "" && !told[owner] {
			told[owner] = true
			out = append(out, Effect{Kind: EffectPage, To: owner, Args: map[string]string{"service": id, "affects": s}})
		}
	}
	return out
}

// Maintain takes a service out of alerting until a time; probes go on.
func (x *Services) Maintain(now time.Time, f Facts, id string, who Who, until time.Time, reason string) (Decision, error) {
	u := until.UTC()
	d, err := x.ask(now, f, id, who, evMaintStart)
	d.Why, d.Detail = reason, serviceDetail{Until: &u}
	switch {
	case err != nil:
		return d, err
	case reason == "":
		return d, fmt.Errorf("maintenance of %s: %w", id, ErrNoReason)
	case !until.After(now):
		return d, fmt.Errorf("maintenance of %s until %s: %w", id, until.Format(time.RFC3339), ErrPastEnd)
	}
	return d, nil
}

// EndMaintenance asks for a fresh measurement.
func (x *Services) EndMaintenance(now time.Time, f Facts, id string, who Who) (Decision, error) {
	return x.ask(now, f, id, who, evMaintEnd)
}

func (x *Services) ask(now time.Time, f Facts, id string, who Who, event string) (Decision, error) {
	d := Decision{Machine: MachineService, ID: id, Event: event, By: who.Person}.at(now, f)
	s := x.all[id]
	if s == nil {
		return d, fmt.Errorf("service %s: %w", id, ErrNoSuch)
	}
	if f.roster().Person(who.Person) == nil {
		return d, fmt.Errorf("service %s: %q: %w", id, who.Person, ErrUnknownPerson)
	}
	if _, ok := tables[MachineService].To(s.State, event); !ok {
		return d, fmt.Errorf("service %s: %s from %s: %w", id, event, s.State, ErrNotAllowed)
	}
	return d, nil
}

// Roots lists the services that a service is out because of, transitively by their real states: itself,
// when nothing it depends on is down. Empty when it is not down and nothing below it is.
func (x *Services) Roots(id string) []string {
	var roots []string
	seen := map[string]bool{}
	var walk func(string) bool
	walk = func(id string) bool {
		if seen[id] {
			return false
		}
		seen[id] = true
		below := false
		s, _ := x.graph.Service(id)
		for _, d := range s.DependsOn {
			below = walk(d) || below
		}
		down := x.all[id] != nil && x.all[id].State == ServiceDown
		if down && !below {
			roots = append(roots, id)
		}
		return down || below
	}
	walk(id)
	return roots
}

// Alerting says whether a service that is down is worth an alert of its own. One that fails because of
// another, or is in maintenance, is not; it is still measured, and its recovery is still told.
func (x *Services) Alerting(id string) bool {
	s := x.all[id]
	if s == nil || s.State != ServiceDown {
		return false
	}
	roots := x.Roots(id)
	return len(roots) == 1 && roots[0] == id
}

// Availability is a service's month.
type Availability struct {
	Up, Down, Unknown, Maintenance time.Duration
	Ratio                          float64       // up (degraded included) of what was promised, 1 when nothing was
	BudgetLeft                     time.Duration // of the error budget, below zero when it is used up
}

// Month adds up a service's states over a time. Maintenance is not promised; what is not known counts
// against the service.
func (x *Services) Month(id string, from, to time.Time, sla float64) Availability {
	var a Availability
	s := x.all[id]
	if s == nil || !to.After(from) {
		return a
	}
	for i, span := range s.Spans {
		end := to
		if i+1 < len(s.Spans) {
			end = s.Spans[i+1].From
		}
		begin := later(span.From, from)
		if end.After(to) {
			end = to
		}
		took := max(end.Sub(begin), 0)
		switch span.State {
		case ServiceUp, ServiceWarning:
			a.Up += took
		case ServiceDown:
			a.Down += took
		case ServiceMaintenance:
			a.Maintenance += took
		default:
			a.Unknown += took
		}
	}
	promised := a.Up + a.Down + a.Unknown
	a.Ratio = 1
	if promised > 0 {
		a.Ratio = float64(a.Up) / float64(promised)
	}
	a.BudgetLeft = time.Duration((1-sla)*float64(promised)) - a.Down - a.Unknown
	return a
}
