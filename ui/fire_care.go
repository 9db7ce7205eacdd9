package ui

import (
	"context"
	"slices"
	"strconv"
	"time"

	"bongsu/facility"
	"bongsu/rules"
)

// handOver writes the sheet for the fire authority: the room that was asked for first, then what else is above normal.
func (s *Server) handOver(_ context.Context, in *ByID) (*struct{ Body facility.HandOverPack }, error) {
	if _, err := s.room(in.ID); err != nil {
		return nil, err
	}
	m, now := s.cfg.Model, time.Now()
	rooms, fresh := m.roomsKnown(now)
	p := rules.HandOver(m.site().Site, rooms, now)
	p.Stale, p.Notes = !fresh, rules.HandOverNotes(m.site().Site, rooms, m.noted())
	p.Rooms = slices.DeleteFunc(p.Rooms, func(r facility.HandOverRoom) bool { return r.ID != in.ID && len(r.Burning) == 0 && r.Stage == "S0" })
	slices.SortStableFunc(p.Rooms, func(a, b facility.HandOverRoom) int { return -compareBool(a.ID == in.ID, b.ID == in.ID) })
	if p.Control == "authority" {
		for _, c := range slices.Backward(m.lastCommands(keptCommands)) {
			if c.Kind == "fire.takeover" && c.State == facility.CommandConfirmed && !c.Drill {
				p.Handed = rules.HandedOver(c.CommandRecord)
				break
			}
		}
	}
	return &struct{ Body facility.HandOverPack }{p}, nil
}

// noted lists the open alarms that somebody wrote a note on.
func (m *Model) noted() (out []facility.Alarm) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, a := range m.alarms { // in any order: the sheet sorts the notes
		if isOpen(a) && len(a.Notes) > 0 {
			out = append(out, a)
		}
	}
	return out
}

// roomsKnown gives the rooms as the field last showed them, and whether that is fresh.
func (m *Model) roomsKnown(now time.Time) (list []facility.FireRoomView, fresh bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	fresh = m.healthLocked(now).Connected
	for _, id := range m.rooms.order {
		r := *m.rooms.byID[id]
		fresh = fresh && m.rooms.known[id]
		if !m.rooms.known[id] {
			r.Occupied = 1 // a room nobody can see into may hold somebody
		}
		list = append(list, r)
	}
	return list, fresh
}

type takeOverIn struct {
	ByID
	Keyed
	Body struct {
		From    string `json:"from,omitempty" maxLength:"100" doc:"who hands over, by name"`
		Officer string `json:"officer,omitempty" maxLength:"100" doc:"who takes over, by name and unit"`
		People  string `json:"people,omitempty" maxLength:"500" doc:"who is accounted for and who is not"`
		Reason  string `json:"reason,omitempty" maxLength:"500"`
		Proof
	}
}

// takeOver hands control to the fire authority; the names of both sides go onto the sheet.
func (s *Server) takeOver(ctx context.Context, in *takeOverIn) (*actOut, error) {
	if _, err := s.room(in.ID); err != nil {
		return nil, err
	}
	act := facility.Act{Kind: "fire.takeover", Subject: in.ID, Reason: in.Body.Reason, Args: map[string]string{}}
	for name, v := range map[string]string{"from": in.Body.From, "officer": in.Body.Officer, "people": in.Body.People} {
		if v != "" {
			act.Args[name] = v
		}
	}
	return s.fireAct(ctx, in.Keyed, in.Body.Proof, act, in.ID, s.cfg.Model.site().ID)
}

type drillIn struct {
	ByID
	Keyed
	Body struct {
		Minutes int     `json:"minutes" minimum:"1" maximum:"240"`
		Rack    string  `json:"rack,omitempty" doc:"which heats up in the drill; absent: nothing is simulated"`
		Rise    float64 `json:"rise,omitempty" minimum:"1" maximum:"60" doc:"K/min, 12 when absent"`
		Reason  string  `json:"reason,omitempty" maxLength:"500"`
	}
}

// beginDrill begins a drill: one person, as it reaches nothing.
func (s *Server) beginDrill(ctx context.Context, in *drillIn) (*actOut, error) {
	if _, err := s.room(in.ID); err != nil {
		return nil, err
	}
	act := facility.Act{Kind: "fire.drill-on", Subject: in.ID, Reason: in.Body.Reason, Args: map[string]string{"minutes": strconv.Itoa(in.Body.Minutes)}}
	if in.Body.Rack != "" {
		if err := s.rackOf(in.ID, in.Body.Rack); err != nil {
			return nil, err
		}
		act.Args["rack"] = in.Body.Rack
	}
	if in.Body.Rise > 0 {
		act.Args["rise"] = strconv.FormatFloat(in.Body.Rise, 'g', -1, 64)
	}
	return s.do(ctx, in.Key, act)
}

type saidIn struct {
	ByID
	Keyed
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"500"`
	}
}

func (s *Server) endDrill(ctx context.Context, in *saidIn) (*actOut, error) {
	if _, err := s.room(in.ID); err != nil {
		return nil, err
	}
	return s.do(ctx, in.Key, facility.Act{Kind: "fire.drill-off", Subject: in.ID, Reason: in.Body.Reason})
}

// proofTestView is one kind of proof test.
type proofTestView struct {
	ID      string        `json:"id"`
	Names   facility.Text `json:"names"`
	Days    int           `json:"days" doc:"the interval"`
	PerRack bool          `json:"per_rack" doc:"else of a room"`
	OnRack  bool          `json:"on_rack" doc:"of a room, but done on one of its racks"`
	Expect  []string      `json:"expect" doc:"what must be seen for it to pass; empty: judged by eye"`
}

func (s *Server) listProofTests(context.Context, *struct{}) (*listOut[proofTestView], error) {
	var out []proofTestView
	for _, t := range rules.ProofTests() {
		out = append(out, proofTestView{ID: t.ID, Names: facility.Text{KO: t.KO, EN: t.EN}, Days: int(t.Interval.Hours() / 24),
			PerRack: t.PerRack, OnRack: t.OnRack, Expect: listed(t.Expect)})
	}
	return all(out), nil
}

type proofIn struct {
	ByID
	Keyed
	Body struct {
		Subject string `json:"subject" minLength:"1" doc:"a rack of the room, or the room"`
		Test    string `json:"test" minLength:"1"`
		Rack    string `json:"rack,omitempty" doc:"on which a test of the room is done"`
	}
}

func (s *Server) beginProof(ctx context.Context, in *proofIn) (*actOut, error) {
	if err := s.ofRoom(in.ID, in.Body.Subject); err != nil {
		return nil, err
	}
	return s.do(ctx, in.Key, facility.Act{Kind: "fire.proof-begin", Subject: in.ID,
		Args: map[string]string{"subject": in.Body.Subject, "test": in.Body.Test, "rack": in.Body.Rack}})
}

// ofRoom refuses what is neither the room nor one of its racks.
func (s *Server) ofRoom(room, subject string) error {
	if subject == room {
		_, err := s.room(room)
		return err
	}
	return s.rackOf(room, subject)
}

type proofDoneIn struct {
	ByID
	Keyed
	Body struct {
		Subject string `json:"subject" minLength:"1"`
		Test    string `json:"test" minLength:"1"`
		Result  string `json:"result" enum:"passed,failed"`
		Note    string `json:"note" minLength:"1" maxLength:"500" doc:"with what it was done and what was seen"`
	}
}

func (s *Server) recordProof(ctx context.Context, in *proofDoneIn) (*actOut, error) {
	if err := s.ofRoom(in.ID, in.Body.Subject); err != nil {
		return nil, err
	}
	return s.do(ctx, in.Key, facility.Act{Kind: "fire.proof-test", Subject: in.ID, Reason: in.Body.Note,
		Args: map[string]string{"subject": in.Body.Subject, "test": in.Body.Test, "result": in.Body.Result}})
}

type roundIn struct {
	ByID
	Keyed
	Body struct {
		Seen string `json:"seen" enum:"clear,sign" doc:"sign: smoke, heat or smell; the watch begins anew"`
		Note string `json:"note,omitempty" maxLength:"500"`
	}
}

func (s *Server) watchRound(ctx context.Context, in *roundIn) (*actOut, error) {
	if _, err := s.room(in.ID); err != nil {
		return nil, err
	}
	return s.do(ctx, in.Key, facility.Act{Kind: "fire.watch-round", Subject: in.ID, Reason: in.Body.Note, Args: map[string]string{"seen": in.Body.Seen}})
}

// bankReady declares that a spent bank has been refilled and weighed: who weighed it asks, who answers for it signs.
func (s *Server) bankReady(ctx context.Context, in *authorityIn) (*actOut, error) {
	if _, err := s.room(in.ID); err != nil {
		return nil, err
	}
	return s.fireAct(ctx, in.Keyed, in.Body.Proof, facility.Act{Kind: "fire.bank-ready", Subject: in.ID, Reason: in.Body.Reason}, in.ID)
}
