package ui

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"bongsu/facility"
)

func (s *Server) listRooms(context.Context, *struct{}) (*listOut[roomView], error) {
	return all(s.cfg.Model.roomsAt(time.Now())), nil
}

func (s *Server) getRoom(_ context.Context, in *ByID) (*struct{ Body roomView }, error) {
	r, err := s.room(in.ID)
	return &struct{ Body roomView }{r}, err
}

func (s *Server) room(id string) (roomView, error) {
	r, ok := s.cfg.Model.roomAt(id, time.Now())
	if !ok {
		return r, unknown("battery room", id)
	}
	return r, nil
}

func (s *Server) rackOf(room, rack string) error {
	r, err := s.room(room)
	if err == nil && !slices.ContainsFunc(r.Racks, func(v rackView) bool { return v.ID == rack }) {
		return unknown("rack", rack)
	}
	return err
}

// fireAct asks for an act on a room that takes two persons: it waits in the field until somebody else signs at
// another station.
func (s *Server) fireAct(ctx context.Context, in Keyed, given Proof, act facility.Act, typed ...string) (*actOut, error) {
	if err := s.proven(ctx, given, typed...); err != nil {
		return nil, s.tried(ctx, act, err)
	}
	return s.do(ctx, in.Key, act)
}

type bypassIn struct {
	ByID
	Keyed
	Body struct {
		Rack    string `json:"rack" minLength:"1"`
		Channel string `json:"channel" enum:"RT,BM,TC"`
		Seconds int    `json:"seconds" minimum:"1" maximum:"28800" doc:"at most eight hours"`
		Reason  string `json:"reason,omitempty" maxLength:"500"`
		Proof
	}
}

func (s *Server) bypass(ctx context.Context, in *bypassIn) (*actOut, error) {
	if err := s.rackOf(in.ID, in.Body.Rack); err != nil {
		return nil, err
	}
	return s.fireAct(ctx, in.Keyed, in.Body.Proof, facility.Act{
		Kind: "fire.bypass", Subject: in.ID, Reason: in.Body.Reason,
		Args: map[string]string{"rack": in.Body.Rack, "channel": in.Body.Channel, "seconds": strconv.Itoa(in.Body.Seconds)},
	}, in.Body.Rack)
}

type inhibitIn struct {
	ByID
	Keyed
	Body struct {
		Command string `json:"command" minLength:"1" doc:"an output of the ladder, like R3.WATER"`
		Reason  string `json:"reason,omitempty" maxLength:"500"`
		Proof
	}
}

func (s *Server) inhibit(ctx context.Context, in *inhibitIn) (*actOut, error) {
	if _, err := s.room(in.ID); err != nil {
		return nil, err
	}
	return s.fireAct(ctx, in.Keyed, in.Body.Proof, facility.Act{
		Kind: "fire.inhibit", Subject: in.ID, Reason: in.Body.Reason, Args: map[string]string{"command": in.Body.Command},
	}, in.Body.Command)
}

type endBypassIn struct {
	ByID
	Keyed
	Body struct {
		Rack    string `json:"rack" minLength:"1"`
		Channel string `json:"channel" enum:"RT,BM,TC"`
		Reason  string `json:"reason,omitempty" maxLength:"500"`
	}
}

func (s *Server) endBypass(ctx context.Context, in *endBypassIn) (*actOut, error) {
	if err := s.rackOf(in.ID, in.Body.Rack); err != nil {
		return nil, err
	}
	return s.do(ctx, in.Key, facility.Act{
		Kind: "fire.end-bypass", Subject: in.ID, Reason: in.Body.Reason, Args: map[string]string{"rack": in.Body.Rack, "channel": in.Body.Channel},
	})
}

type endInhibitIn struct {
	ByID
	Keyed
	Body struct {
		Command string `json:"command" minLength:"1" doc:"an output of the ladder, like R3.WATER"`
		Reason  string `json:"reason,omitempty" maxLength:"500"`
	}
}

func (s *Server) endInhibit(ctx context.Context, in *endInhibitIn) (*actOut, error) {
	if _, err := s.room(in.ID); err != nil {
		return nil, err
	}
	return s.do(ctx, in.Key, facility.Act{
		Kind: "fire.end-inhibit", Subject: in.ID, Reason: in.Body.Reason, Args: map[string]string{"command": in.Body.Command},
	})
}

type releaseIn struct {
	ByID
	Keyed
	Body struct {
		ICConfirm bool   `json:"ic_confirm,omitempty" doc:"the incident commander confirms although people may be inside"`
		Reason    string `json:"reason" minLength:"1" maxLength:"500"`
		Proof
	}
}

func (s *Server) releaseGas(ctx context.Context, in *releaseIn) (*actOut, error) {
	if _, err := s.room(in.ID); err != nil {
		return nil, err
	}
	return s.fireAct(ctx, in.Keyed, in.Body.Proof, facility.Act{
		Kind: "fire.release", Subject: in.ID, Reason: in.Body.Reason,
		Args: map[string]string{"ic_confirm": strconv.FormatBool(in.Body.ICConfirm)},
	}, in.ID)
}

type resetIn struct {
	ByID
	Keyed
	Body struct {
		Rack      string `json:"rack" minLength:"1"`
		Inspected bool   `json:"inspected"`
		Reason    string `json:"reason,omitempty" maxLength:"500"`
		Proof
	}
}

func (s *Server) resetRack(ctx context.Context, in *resetIn) (*actOut, error) {
	if err := s.rackOf(in.ID, in.Body.Rack); err != nil {
		return nil, err
	}
	if !in.Body.Inspected {
		return nil, problem(http.StatusUnprocessableEntity, "A stage is lifted only after the rack was inspected. Inspect it, then send inspected as true.")
	}
	return s.fireAct(ctx, in.Keyed, in.Body.Proof, facility.Act{
		Kind: "fire.reset", Subject: in.ID, Reason: in.Body.Reason, Args: map[string]string{"rack": in.Body.Rack, "inspected": "true"},
	}, in.Body.Rack)
}

type authorityIn struct {
	ByID
	Keyed
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"500"`
		Proof
	}
}

// cutPower asks for it; it takes two of the fire authority.
func (s *Server) cutPower(ctx context.Context, in *authorityIn) (*actOut, error) {
	if _, err := s.room(in.ID); err != nil {
		return nil, err
	}
	return s.fireAct(ctx, in.Keyed, in.Body.Proof, facility.Act{Kind: "fire.power-cut", Subject: in.ID, Reason: in.Body.Reason}, in.ID, s.cfg.Model.site().ID)
}
