package ui

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bongsu/facility"
	"bongsu/rules"
)

var alarmStates = []facility.AlarmState{
	facility.AlarmNormal, facility.AlarmUnacked, facility.AlarmAcked, facility.AlarmReturned, facility.AlarmLatchedUnacked,
	facility.AlarmLatchedAcked, facility.AlarmShelved, facility.AlarmSuppressed, facility.AlarmOutOfService,
}

type alarmsIn struct {
	State string `query:"state" doc:"one displayed state, or open for all but normal; every alarm when absent"`
}

// match says which alarms are asked for.
func (in alarmsIn) match() (func(facility.Alarm) bool, huma.StatusError) {
	switch state := facility.AlarmState(in.State); {
	case in.State == "open":
		return isOpen, nil
	case slices.Contains(alarmStates, state):
		return func(a facility.Alarm) bool { return a.State == state }, nil
	case in.State != "":
		return nil, problem(http.StatusUnprocessableEntity, "There is no alarm state %q. Use open, or one of %v.", in.State, alarmStates)
	}
	return func(facility.Alarm) bool { return true }, nil
}

func (s *Server) listAlarms(_ context.Context, in *alarmsIn) (*listOut[alarmView], error) {
	match, p := in.match()
	if p != nil {
		return nil, p
	}
	return all(s.cfg.Model.alarmsWhere(match)), nil
}

type reasonBody struct {
	Reason string `json:"reason,omitempty" maxLength:"500"`
}

type alarmActIn struct {
	ByID
	Keyed
	Body *reasonBody
}

// alarmAct is an act on an alarm that takes no more than a reason.
func alarmAct(kind string) func(*Server, context.Context, *alarmActIn) (*actOut, error) {
	return func(s *Server, ctx context.Context, in *alarmActIn) (*actOut, error) {
		if _, ok := s.cfg.Model.alarm(in.ID); !ok {
			return nil, unknown("alarm", in.ID)
		}
		act := facility.Act{Kind: kind, Subject: in.ID}
		if in.Body != nil {
			act.Reason = in.Body.Reason
		}
		return s.do(ctx, in.Key, act)
	}
}

// shelveLeast is the shortest time an alarm may be hidden.
const shelveLeast = time.Minute

type shelveIn struct {
	ByID
	Keyed
	Body struct {
		Reason  string `json:"reason" minLength:"1" maxLength:"500"`
		Seconds int    `json:"seconds" minimum:"60" maximum:"43200"`
	}
}

func (s *Server) shelveAlarm(ctx context.Context, in *shelveIn) (*actOut, error) {
	a, ok := s.cfg.Model.alarm(in.ID)
	if !ok {
		return nil, unknown("alarm", in.ID)
	}
	id, _ := identityOf(ctx)
	act := facility.Act{Kind: "alarm.shelve", Subject: in.ID, Reason: in.Body.Reason, Args: map[string]string{"seconds": strconv.Itoa(in.Body.Seconds)}}
	d, most := time.Duration(in.Body.Seconds)*time.Second, facility.LongestShelf(a.Class, a.Priority)
	switch {
	case most == 0:
		return nil, problem(http.StatusConflict, "Alarms of the class %s are never shelved. Acknowledge it, or have the channel bypassed by two persons.", a.Class)
	case a.Priority == 1 && id.token:
		return nil, s.tried(ctx, act, problem(http.StatusForbidden, twoPersonsOnly))
	case a.Priority == 1 && !rightUrgent.may(id.roles):
		return nil, s.tried(ctx, act, problem(http.StatusForbidden, "Shelving a priority 1 alarm is asked for by the role %s only.", rightUrgent.needs()))
	case d < shelveLeast || d > most:
		return nil, problem(http.StatusUnprocessableEntity, "An alarm of priority %d is shelved for %d to %d seconds.", a.Priority, int(shelveLeast.Seconds()), int(most.Seconds()))
	}
	if rightUrgent.may(id.roles) {
		act.Args["role"] = "lead"
	}
	return s.do(ctx, in.Key, act)
}

// twoPersonsOnly is said to a token that asks for what two persons do.
const twoPersonsOnly = "This takes persons at a console. An API token cannot be one of them: log in."

type outOfServiceIn struct {
	ByID
	Keyed
	Body struct {
		WorkOrder string `json:"work_order" minLength:"1" maxLength:"80"`
		Reason    string `json:"reason" minLength:"1" maxLength:"500" doc:"the compensating measure: what watches over the equipment meanwhile"`
	}
}

// outOfService takes an alarm out of service, or has the field wait for a second person where the class takes two.
func (s *Server) outOfService(ctx context.Context, in *outOfServiceIn) (*actOut, error) {
	a, ok := s.cfg.Model.alarm(in.ID)
	if !ok {
		return nil, unknown("alarm", in.ID)
	}
	act := facility.Act{
		Kind: "alarm.out-of-service", Subject: in.ID, Reason: in.Body.Reason, Args: map[string]string{"work_order": in.Body.WorkOrder},
	}
	if id, _ := identityOf(ctx); id.token && (a.Class == "fire" || a.Class == "safety") {
		return nil, s.tried(ctx, act, problem(http.StatusForbidden, twoPersonsOnly))
	}
	return s.do(ctx, in.Key, act)
}

type inServiceIn struct {
	ByID
	Keyed
	Body struct {
		FunctionTest string `json:"function_test" minLength:"1" maxLength:"500" doc:"what was tested, how, and with what result"`
	}
}

func (s *Server) inService(ctx context.Context, in *inServiceIn) (*actOut, error) {
	if _, ok := s.cfg.Model.alarm(in.ID); !ok {
		return nil, unknown("alarm", in.ID)
	}
	return s.do(ctx, in.Key, facility.Act{
		Kind: "alarm.in-service", Subject: in.ID, Reason: in.Body.FunctionTest, Args: map[string]string{"function_test": in.Body.FunctionTest},
	})
}

type noteIn struct {
	ByID
	Keyed
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"500" doc:"what the next person should know, in at most 500 characters"`
	}
}

// noteAlarm writes a note beside an alarm. The text is looked at here too, so that a slip costs no entry in the journal.
func (s *Server) noteAlarm(ctx context.Context, in *noteIn) (*actOut, error) {
	if _, ok := s.cfg.Model.alarm(in.ID); !ok {
		return nil, unknown("alarm", in.ID)
	}
	text, err := facility.NoteText(in.Body.Text)
	if err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "%s.", sentenceOf(err))
	}
	return s.do(ctx, in.Key, facility.Act{Kind: rules.ActNote, Subject: in.ID, Args: map[string]string{"text": text}})
}

// sentenceOf gives an error's words as a person reads them.
func sentenceOf(err error) string {
	words := err.Error()
	return strings.ToUpper(words[:1]) + words[1:]
}
