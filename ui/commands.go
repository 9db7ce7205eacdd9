package ui

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"bongsu/facility"
	"bongsu/rules"
)

type commandIn struct {
	Keyed
	Body struct {
		Command facility.CommandID `json:"command" minLength:"1" doc:"a device's id, a slash and the order's name"`
		Value   *float64           `json:"value,omitempty" doc:"of a set-point, in the unit of its feedback"`
		Reason  string             `json:"reason,omitempty" maxLength:"500" doc:"needed for levels C3 and C4"`
		Proof
	}
}

type commandOut struct {
	Status int
	Body   commandView
}

// giveCommand asks the field for an order. What it answers is how far the order has come, which is not
// far: only a record in state confirmed means that the field shows it. One of level C4 waits for a second person.
func (s *Server) giveCommand(ctx context.Context, in *commandIn) (*commandOut, error) {
	order, ok := s.cfg.Model.site().Commands[in.Body.Command]
	if !ok {
		return nil, unknown("command", string(in.Body.Command))
	}
	act := facility.Act{Kind: "command", Subject: string(order.ID), Reason: in.Body.Reason}
	if in.Body.Value != nil {
		act.Args = map[string]string{"value": strconv.FormatFloat(*in.Body.Value, 'g', -1, 64)}
	}
	if err := s.mayOrder(ctx, order, in.Body.Proof, in.Body.Reason); err != nil {
		return nil, s.tried(ctx, act, err)
	}
	done, err := s.do(ctx, in.Key, act)
	if err != nil {
		return nil, err
	}
	id, _ := identityOf(ctx)
	return s.recordOf(done.Body.ID, facility.CommandRecord{
		ID: done.Body.ID, Name: order.Def.Name, Command: order.ID, Asset: order.Asset, By: id.user, Station: id.station,
		State: facility.CommandRequested, Requested: time.Now(), Detail: done.Body.Detail,
	}), nil
}

// mayOrder says why a person may not give an order, nil if they may.
func (s *Server) mayOrder(ctx context.Context, order facility.Command, given Proof, reason string) error {
	if call := s.fireOwned(order.ID); call != "" {
		return problem(http.StatusConflict, "%s belongs to the staged fire response, which checks people and doors first. Use %s.", order.ID, call)
	}
	need := right(order.Def.Level)
	if p := permit(ctx, need); p != nil {
		return p
	}
	if need != rightC3 && need != rightC4 {
		return nil
	}
	if strings.TrimSpace(reason) == "" {
		return problem(http.StatusUnprocessableEntity, "An order of level %s takes a reason: send one in reason.", need)
	}
	return s.proven(ctx, given, string(order.ID))
}

// recordOf gives an order's record, or what is known of it while the journal's word has not arrived.
func (s *Server) recordOf(id string, meanwhile facility.CommandRecord) *commandOut {
	if c, ok := s.cfg.Model.command(id); ok {
		return &commandOut{http.StatusAccepted, c}
	}
	return &commandOut{http.StatusAccepted, viewCommand(meanwhile)}
}

type signIn struct {
	ByID
	Keyed
	Body struct {
		Confirm string `json:"confirm" doc:"what the act is done to, typed by the second person"`
	}
}

// signCommand is the second person's agreement. Whether they are another person at another station, and in time,
// is judged by the field; here their role is, and what they typed.
func (s *Server) signCommand(ctx context.Context, in *signIn) (*commandOut, error) {
	rec, ok := s.cfg.Model.command(in.ID)
	if !ok {
		return nil, unknown("command record", in.ID)
	}
	act := facility.Act{Kind: rules.ActSign, Subject: rec.ID}
	if err := s.maySign(ctx, rec.CommandRecord, in.Body.Confirm); err != nil {
		return nil, s.tried(ctx, act, err)
	}
	if _, err := s.do(ctx, in.Key, act); err != nil {
		return nil, err
	}
	return s.recordOf(in.ID, rec.CommandRecord), nil
}

func (s *Server) maySign(ctx context.Context, rec facility.CommandRecord, typed string) error {
	id, _ := identityOf(ctx)
	need := s.rightOf(rec)
	switch {
	case id.token:
		return problem(http.StatusForbidden, "This takes persons at a console. An API token cannot be one of them: log in.")
	case rec.By == id.user:
		return problem(http.StatusForbidden, "The second person must be someone else than %s.", rec.By)
	case rec.Station == id.station:
		return problem(http.StatusForbidden, "The second person must sign at another station than the first.")
	case !need.maySecond(id.roles):
		return problem(http.StatusForbidden, "%s may not be the second person here. It takes the role %s.", id.user, strings.ReplaceAll(need.needsSecond(), ", ", " or "))
	}
	return confirmed(typed, toType(rec))
}

// rightOf is what it takes to ask for the act behind a record.
func (s *Server) rightOf(rec facility.CommandRecord) right {
	switch rec.Kind {
	case "alarm.shelve":
		return rightUrgent
	case "alarm.out-of-service":
		return rightService
	}
	if name, ok := strings.CutPrefix(rec.Kind, "fire."); ok {
		return right(name)
	}
	return right(s.cfg.Model.site().Commands[rec.Command].Def.Level)
}

// toType is what a person types to confirm: what the act is done to.
func toType(rec facility.CommandRecord) string {
	switch rec.Kind {
	case "":
		return string(rec.Command)
	case "fire.bypass", "fire.reset":
		return rec.Args["rack"]
	case "fire.inhibit":
		return rec.Args["command"]
	case "alarm.shelve", "alarm.out-of-service":
		if rec.Asset != "" {
			return string(rec.Asset) // what falls silent; the alarm's own id is too long to type
		}
	}
	return strings.TrimPrefix(rec.Name, rec.Kind+" ")
}

type cancelIn struct {
	ByID
	Keyed
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"500"`
	}
}

// cancelCommand aborts an order. It takes no second person and no proof: stopping is the safe direction.
func (s *Server) cancelCommand(ctx context.Context, in *cancelIn) (*commandOut, error) {
	rec, ok := s.cfg.Model.command(in.ID)
	if !ok {
		return nil, unknown("command record", in.ID)
	}
	if _, err := s.do(ctx, in.Key, facility.Act{Kind: rules.ActCancel, Subject: in.ID, Reason: in.Body.Reason}); err != nil {
		return nil, err
	}
	out := s.recordOf(in.ID, rec.CommandRecord)
	out.Status = http.StatusOK
	return out, nil
}

// fireOwned names the call that must be used for orders only the fire response may give, empty for others.
func (s *Server) fireOwned(id facility.CommandID) string {
	fire := s.cfg.Model.site().Fire
	if fire == nil {
		return ""
	}
	switch id {
	case fire.Commands["POWER_CUT"]:
		return "POST fire/rooms/{id}/power-cut"
	case fire.Commands["AUTHORITY_HANDOVER"]:
		return "POST fire/rooms/{id}/takeover"
	}
	for _, room := range fire.Rooms {
		if id == room.Commands["GAS_RELEASE"] || id == room.Commands["GAS_RESERVE"] {
			return "POST fire/rooms/" + room.ID + "/release"
		}
	}
	return ""
}

func (s *Server) listCommands(context.Context, *struct{}) (*listOut[commandView], error) {
	found := s.cfg.Model.lastCommands(keptCommands)
	slices.Reverse(found)
	return all(found), nil
}

func (s *Server) getCommand(_ context.Context, in *ByID) (*struct{ Body commandView }, error) {
	c, ok := s.cfg.Model.command(in.ID)
	if !ok {
		return nil, unknown("command record", in.ID)
	}
	return &struct{ Body commandView }{c}, nil
}
