package ui

import (
	"context"
	"net/http"
	"slices"
	"time"

	"bongsu/facility"
)

type commandIn struct {
	Keyed
	Body struct {
		Command facility.CommandID `json:"command" minLength:"1" doc:"a device's id, a slash and the order's name"`
		Reason  string             `json:"reason,omitempty" maxLength:"500"`
		Confirm string             `json:"confirm,omitempty" doc:"the order's id, typed by the person; levels C3 and C4"`
		Second  *credentials       `json:"second,omitempty" doc:"level C4"`
	}
}

type commandOut struct {
	Status int
	Body   commandView
}

// giveCommand asks the field for an order. What it answers is how far the order has come, which is not
// far: only a record in state confirmed means that the field shows it.
func (s *Server) giveCommand(ctx context.Context, in *commandIn) (*commandOut, error) {
	order, ok := s.cfg.Model.site().Commands[in.Body.Command]
	if !ok {
		return nil, unknown("command", string(in.Body.Command))
	}
	if call := s.fireOwned(order.ID); call != "" {
		return nil, problem(http.StatusConflict, "%s belongs to the staged fire response, which checks people and doors first. Use %s.", order.ID, call)
	}
	need := right(order.Def.Level)
	if p := permit(ctx, need); p != nil {
		return nil, p
	}
	act := facility.Act{Kind: "command", Subject: string(order.ID), Reason: in.Body.Reason}
	if need == rightC3 || need == rightC4 {
		if err := confirmed(in.Body.Confirm, string(order.ID)); err != nil {
			return nil, err
		}
	}
	if len(grants[need].second) > 0 {
		if in.Body.Second == nil {
			return nil, problem(http.StatusForbidden, "An order of level %s takes a second person: send second with user and password. It takes the role %s.", need, need.needsSecond())
		}
		by, err := s.bySecond(ctx, need, *in.Body.Second)
		if err != nil {
			return nil, err
		}
		act.By = by
	}
	done, err := s.do(ctx, in.Key, act)
	if err != nil {
		return nil, err
	}
	if c, ok := s.cfg.Model.command(done.Body.ID); ok {
		return &commandOut{http.StatusAccepted, c}, nil
	}
	// The journal's word of it has not arrived yet.
	id, _ := identityOf(ctx)
	return &commandOut{http.StatusAccepted, viewCommand(facility.CommandRecord{
		ID: done.Body.ID, Name: order.Def.Name, Command: order.ID, Asset: order.Asset, By: id.user,
		State: facility.CommandRequested, Requested: time.Now(), Detail: done.Body.Detail,
	})}, nil
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
