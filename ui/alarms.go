package ui

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"bongsu/facility"
)

var alarmStates = []facility.AlarmState{
	facility.AlarmNormal, facility.AlarmUnacked, facility.AlarmAcked, facility.AlarmReturned, facility.AlarmLatchedUnacked,
	facility.AlarmLatchedAcked, facility.AlarmShelved, facility.AlarmSuppressed, facility.AlarmOutOfService,
}

type alarmsIn struct {
	State string `query:"state" doc:"one displayed state, or open for all but normal; every alarm when absent"`
}

func (s *Server) listAlarms(_ context.Context, in *alarmsIn) (*listOut[alarmView], error) {
	match := func(facility.Alarm) bool { return true }
	switch state := facility.AlarmState(in.State); {
	case in.State == "open":
		match = isOpen
	case slices.Contains(alarmStates, state):
		match = func(a facility.Alarm) bool { return a.State == state }
	case in.State != "":
		return nil, problem(http.StatusUnprocessableEntity, "There is no alarm state %q. Use open, or one of %v.", in.State, alarmStates)
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

// How long an alarm may be hidden, and the shorter time of the most urgent ones.
const (
	shelveLeast  = time.Minute
	shelveMost   = 12 * time.Hour
	shelveMostP1 = time.Hour
)

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
	d := time.Duration(in.Body.Seconds) * time.Second
	switch {
	case a.Class == "fire" || a.Class == "safety":
		return nil, problem(http.StatusConflict, "Alarms of the class %s are never shelved. Acknowledge it, or have the channel bypassed by two persons.", a.Class)
	case a.Priority == 1 && !slices.Contains(id.roles, "lead"):
		return nil, problem(http.StatusForbidden, "A priority 1 alarm is shelved by the role lead only.")
	case a.Priority == 1 && d > shelveMostP1:
		return nil, problem(http.StatusUnprocessableEntity, "A priority 1 alarm is shelved for at most %d seconds.", int(shelveMostP1.Seconds()))
	case d < shelveLeast || d > shelveMost:
		return nil, problem(http.StatusUnprocessableEntity, "An alarm is shelved for %d to %d seconds.", int(shelveLeast.Seconds()), int(shelveMost.Seconds()))
	}
	return s.do(ctx, in.Key, facility.Act{
		Kind: "alarm.shelve", Subject: in.ID, Reason: in.Body.Reason,
		Args: map[string]string{"seconds": strconv.Itoa(in.Body.Seconds)},
	})
}
