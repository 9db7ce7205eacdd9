package ui

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bongsu/bcp"
)

// ask is one thing a person may ask of the organisation.
type ask struct {
	path    string // below /api/v1/; what stands in its braces is the subject
	kind    string // of the request, as bcp lists them
	summary string
	fields  []field // of the body; each becomes an argument of the same name
}

// field is one field of a body. The organisation judges what is in it: here only its shape is checked.
type field struct {
	name string
	most int      // characters
	only []string // the values there are, any when empty
	form string   // date-time, or of no form
	doc  string
}

// The fields that need more than to be copied.
const (
	fieldSite     = "site"     // the subject of a request whose path names none
	fieldPlaybook = "playbook" // the same
	fieldCode     = "code"     // turns a vote into one by paper
	fieldRules    = "rules"    // a list
	fieldActions  = "actions"  // a list of work
	fieldGrade    = "grade"    // a number, also as text
)

var (
	askSite   = field{name: fieldSite, most: 64, doc: "id of the data center"}
	askReason = field{name: "reason", most: 500}
	askProof  = field{name: "evidence", most: 4000}
	askWork   = field{name: fieldActions, doc: "what was learnt, as work with an owner and a date"}
)

// asks lists everything a person may ask for. It is the only place to add one.
var asks = []ask{
	{"incidents", "incident.report", "Report what was seen", []field{
		askSite,
		{name: "kind", only: []string{bcp.EvidencePerson, bcp.EvidencePowerCut, bcp.EvidenceUPSLost, bcp.EvidenceAuthority}, doc: "report when absent"},
		{name: "what", most: 500, doc: "one line for people"},
		{name: "subject", most: 200, doc: "room, zone or service"},
		{name: fieldGrade, doc: "as the person sees it: 1 is the gravest"},
		{name: "deadline", form: "date-time", doc: "of a power cut"},
	}},
	{"incidents/{id}/ack", "incident.ack", "Take an incident on", []field{askReason}},
	{"incidents/{id}/dismiss", "incident.dismiss", "Dismiss an incident", []field{askReason}},
	{"incidents/{id}/declare", "incident.declare", "Declare an incident", []field{askReason}},
	{"incidents/{id}/role", "incident.role", "Take a role in an incident", []field{askReason, {name: "role", most: 64}}},
	{"incidents/{id}/note", "incident.note", "Add a line to an incident", []field{askReason, {name: "text", most: 4000}}},
	{"incidents/{id}/lower", "incident.lower", "Lower the grade of an incident; takes two people", []field{askReason}},
	{"incidents/{id}/close", "incident.close", "Close an incident", []field{askReason}},
	{"incidents/{id}/reopen", "incident.reopen", "Open a closed incident again", []field{askReason}},
	{"incidents/{id}/complete", "incident.complete", "Close the retrospective", []field{askReason, askWork}},
	{"incidents/{id}/withdraw", "incident.withdraw", "Take back what was reported", []field{{name: "evidence", most: 200, doc: "its id"}, askReason}},

	{"bcp/motions", "motion.propose", "Put a motion to the committee", []field{
		{name: "kind", only: []string{bcp.MotionDeclare, bcp.MotionCancel, bcp.MotionStandDown, bcp.MotionRatify}}, {name: "text", most: 4000}, askSite,
	}},
	{"bcp/motions/{id}/votes", "motion.vote", "Vote on a motion", []field{
		{name: "choice", only: []string{bcp.VoteYes, bcp.VoteNo, bcp.VoteAbstain}}, {name: fieldCode, most: 64, doc: "from paper; the vote is then its owner's"},
	}},
	{"bcp/motions/{id}/extend", "motion.extend", "Give a motion more time", nil},
	{"bcp/motions/{id}/withdraw", "motion.withdraw", "Take a motion back", nil},
	{"bcp/break-glass", "org.break-glass", "Override rules in an emergency", []field{askSite, {name: fieldRules, doc: "the rules overridden"}, askReason}},
	{"bcp/start", "org.start", "Start the recovery; takes two people", nil},
	{"bcp/end-review", "org.end-review", "End the review", []field{askWork}},
	{"bcp/summons/{call}/ack", "summon.ack", "Say that a call was heard", nil},
	{"bcp/summons/{call}/join", "summon.join", "Join the situation room", nil},
	{"bcp/summons/{call}/decline", "summon.decline", "Decline a call", nil},

	{"runs", "play.start", "Start a playbook; takes two people", []field{{name: fieldPlaybook, most: 64}}},
	{"runs/{id}/stop", "play.stop", "Stop a playbook", []field{askReason}},
	{"runs/{id}/resume", "play.resume", "Let a stopped playbook go on", []field{askReason}},
	{"runs/{id}/steps/{step}/release", "step.release", "Let a step pass its hold point", []field{askReason, askProof}},
	{"runs/{id}/steps/{step}/attest", "step.attest", "Attest that a step is done", []field{askReason, askProof}},
	{"runs/{id}/steps/{step}/skip", "step.skip", "Skip a step", []field{askReason, askProof}},
	{"runs/{id}/steps/{step}/give-up", "step.give-up", "Give a step up", []field{askReason, askProof}},
	{"runs/{id}/steps/{step}/compensate", "step.compensate", "Undo a step", []field{askReason, askProof}},

	{"failover/{group}/order", "failover.order", "Order a planned failover or a failback", []field{{name: "trigger", only: []string{bcp.TriggerOrder, bcp.TriggerFailback}}, askReason}},
	{"failover/{group}/approve", "failover.approve", "Approve a failover", []field{askReason}},
	{"failover/{group}/deny", "failover.deny", "Deny a failover", []field{askReason}},
	{"failover/{group}/resume", "failover.resume", "Let a held failover go on", []field{askReason}},
	{"failover/{group}/override", "failover.override", "Take a failed guard upon oneself; takes two people", []field{askReason}},
	{"failover/{group}/compensate", "failover.compensate", "Take a failover back", []field{askReason}},
	{"failover/{group}/abandon", "failover.abandon", "Give a failover up", []field{askReason}},
	{"failover/{group}/rearm", "failover.rearm", "Make a group ready for the next failover", []field{askReason}},
	{"failover/{group}/end-block", "failover.end-block", "End the rest after a failover", []field{askReason}},
	{"failover/brake/release", "brake.release", "Release the brake on automatic failover", []field{askReason}},
	{"services/{id}/maintain", "service.maintain", "Begin a maintenance of a service", []field{{name: "until", form: "date-time"}, askReason}},
	{"services/{id}/end-maintenance", "service.end-maintenance", "End a maintenance", []field{askReason}},
}

// paperVote is the kind of a vote whose voter is known by a code from paper.
const paperVote = "motion.code"

var inBraces = regexp.MustCompile(`\{([a-z]+)\}`)

func askRoutes(table []ask) (out []route) {
	for _, a := range table {
		out = append(out, route{http.MethodPost, "/api/v1/" + a.path, rightAsk, a.summary, a.mount})
	}
	return out
}

// mount describes the body by the row's fields and its path's parts, and hands what comes to the organisation.
func (a ask) mount(s *Server, need right, op huma.Operation) {
	for _, m := range inBraces.FindAllStringSubmatch(a.path, -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: m[1], In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	known := s.api.OpenAPI().Components.Schemas
	op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Schema: a.schema(known)}}}
	op.Responses = map[string]*huma.Response{"202": {
		Description: "Signed by the first of two people: waiting for the second",
		Content:     map[string]*huma.MediaType{"application/json": {Schema: huma.SchemaFromType(known, reflect.TypeFor[askView]())}},
	}}
	typed(func(s *Server, ctx context.Context, in *askIn) (*askOut, error) { return s.ask(ctx, a, in) })(s, need, op)
}

// schema is what the body may hold.
func (a ask) schema(known huma.Registry) *huma.Schema {
	body := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, AdditionalProperties: false}
	for _, f := range a.fields {
		body.Properties[f.name] = f.schema(known)
	}
	return body
}

func (f field) schema(known huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Description: f.doc, Format: f.form}
	if f.most > 0 {
		s.MaxLength = &f.most
	}
	for _, v := range f.only {
		s.Enum = append(s.Enum, v)
	}
	most, one, three := 50, 1.0, 3.0
	switch f.name {
	case fieldRules:
		s.Type, s.MaxItems, s.Items = huma.TypeArray, &most, &huma.Schema{Type: huma.TypeString}
	case fieldActions:
		s = huma.SchemaFromType(known, reflect.TypeFor[[]bcp.Action]())
		s.Description, s.MaxItems = f.doc, &most
	case fieldGrade:
		s.Type = ""
		s.OneOf = []*huma.Schema{{Type: huma.TypeInteger, Minimum: &one, Maximum: &three}, {Type: huma.TypeString, Enum: []any{"", "1", "2", "3"}}}
	}
	return s
}

// askIn is a request of any row. Its body was checked against the row's schema.
type askIn struct {
	Keyed
	Body *map[string]json.RawMessage

	place []string // what stands for the path's braces
}

// Resolve takes the parts of the path that the row's braces name.
func (in *askIn) Resolve(ctx huma.Context) []error {
	for _, m := range inBraces.FindAllStringSubmatch(ctx.Operation().Path, -1) {
		in.place = append(in.place, ctx.Param(m[1]))
	}
	return nil
}

type askView struct {
	ID     string `json:"id" doc:"of the request"`
	Code   int    `json:"code" doc:"200 done, 202 waiting for a second person"`
	Detail string `json:"detail"`
}

type askOut struct {
	Status int
	Body   askView
}

// ask hands a request to the organisation and turns its answer into the API's.
func (s *Server) ask(ctx context.Context, a ask, in *askIn) (*askOut, error) {
	if s.cfg.Continuity == nil {
		return nil, noContinuity()
	}
	r, err := a.request(in)
	if err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "Correct this and send it again: %v", err)
	}
	id, _ := identityOf(ctx)
	r.By = []bcp.Who{{Person: id.user, Station: id.station}}
	r.ID, r.At = actID(id.user, r.Kind+" "+r.Subject, in.Key), time.Now().UTC()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ActTimeout)
	defer cancel()
	reply, err := s.cfg.Continuity.Ask(ctx, r)
	if errors.Is(err, ErrNoQuorum) {
		return nil, problem(http.StatusServiceUnavailable,
			"No quorum: read only (정족수 없음: 읽기 전용). This node reaches no majority of the sites, so nothing global can be decided here. Safety on site goes on by itself. Ask at another site, or ask again with the same key when the sites reach each other: it counts once.")
	}
	if err != nil {
		s.log.Warn("a request was not answered by the organisation", "kind", r.Kind, "subject", r.Subject, "by", id.user, "cause", err)
		return nil, problem(http.StatusServiceUnavailable,
			"The organisation did not answer, so it is not known whether this counts. It is answered as soon as a node leads: watch the situation room, then ask again with the same key.")
	}
	markReached(ctx)
	switch {
	case reply.Code == http.StatusOK || reply.Code == http.StatusAccepted:
		return &askOut{reply.Code, askView{ID: r.ID, Code: reply.Code, Detail: reply.Detail}}, nil
	case reply.Code >= 400 && reply.Code < 600:
		return nil, problem(reply.Code, "%s", reply.Detail)
	}
	return nil, problem(http.StatusInternalServerError, "The organisation answered with a code that has no meaning, %d: %s", reply.Code, reply.Detail)
}

// request is what a body asks for: the fields with something in them become arguments.
func (a ask) request(in *askIn) (bcp.Request, error) {
	r := bcp.Request{Kind: a.kind, Subject: strings.Join(in.place, "/"), Args: map[string]string{}}
	if in.Body == nil {
		return r, nil
	}
	for _, name := range slices.Sorted(maps.Keys(*in.Body)) {
		raw := (*in.Body)[name]
		if name == fieldActions {
			if err := json.Unmarshal(raw, &r.Actions); err != nil {
				return r, fmt.Errorf("%s: %w", name, err)
			}
			continue
		}
		text, err := argument(name, raw)
		switch {
		case err != nil:
			return r, fmt.Errorf("%s: %w", name, err)
		case text == "":
		case name == fieldSite || name == fieldPlaybook:
			r.Subject = text
		default:
			r.Args[name] = text
		}
	}
	if r.Args[fieldCode] != "" {
		r.Kind = paperVote
	}
	return r, nil
}

// argument is a field's value as text, lists with a line each.
func argument(name string, raw json.RawMessage) (string, error) {
	switch {
	case name == fieldRules:
		var list []string
		err := json.Unmarshal(raw, &list)
		return strings.TrimSpace(strings.Join(list, "\n")), err
	case name == fieldGrade && raw[0] != '"':
		return string(raw), nil
	}
	var text string
	err := json.Unmarshal(raw, &text)
	return strings.TrimSpace(text), err
}
