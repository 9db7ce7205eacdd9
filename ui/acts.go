package ui

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bongsu/facility"
	"bongsu/rules"
)

// Keyed is what the request of every act carries beside its body.
type Keyed struct {
	Key string `header:"Idempotency-Key" maxLength:"128" doc:"the same key twice is one act"`
}

type actView struct {
	ID     string `json:"id" doc:"of the act; a command's record has the same"`
	Code   int    `json:"code"`
	Detail string `json:"detail"`
	Seq    uint64 `json:"seq" doc:"journal entry of the act"`
}

type actOut struct {
	Status int
	Body   actView
}

// Proof is what a person shows for an act that takes more than a press: that they know what it is done to, and
// that it is them.
type Proof struct {
	Confirm  string `json:"confirm,omitempty" doc:"what the act is done to, typed by the person: a rack, an output, a room or an order's id"`
	Password string `json:"password,omitempty" maxLength:"256" doc:"the person's own, again, for this act"`
}

// do hands an act to the field and turns its answer into the API's. by names the first person first;
// nil means the one who asks alone.
func (s *Server) do(ctx context.Context, key string, act facility.Act) (*actOut, error) {
	id, _ := identityOf(ctx)
	if len(act.By) == 0 {
		act.By = []string{id.user}
	}
	act.ID, act.At, act.Station = actID(id.user, act.Kind+" "+act.Subject, key), time.Now().UTC(), id.station
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ActTimeout)
	defer cancel()
	res, err := s.cfg.Acts.Do(ctx, act)
	if err != nil {
		s.log.Warn("an act did not reach the field", "kind", act.Kind, "subject", act.Subject, "by", act.By, "cause", err)
		return nil, problem(http.StatusServiceUnavailable,
			"The field process did not answer, so it is not known that this was done. Watch the actual state; act on site if it is urgent; then try again with the same key.")
	}
	markReached(ctx)
	if res.Code >= 400 {
		return nil, problem(res.Code, "%s", res.Detail)
	}
	return &actOut{max(res.Code, http.StatusOK), actView{ID: act.ID, Code: res.Code, Detail: res.Detail, Seq: res.Seq}}, nil
}

// proven checks a person's proof: what was typed first, so that a slip there does not cost a password.
func (s *Server) proven(ctx context.Context, p Proof, want ...string) error {
	if err := confirmed(p.Confirm, want...); err != nil {
		return err
	}
	return s.same(ctx, p.Password)
}

// same checks that the person at the console is still the one who logged in.
func (s *Server) same(ctx context.Context, password string) error {
	id, _ := identityOf(ctx)
	if id.token {
		return problem(http.StatusForbidden, "This takes persons at a console. An API token cannot be one of them: log in.")
	}
	if password == "" {
		return problem(http.StatusForbidden, "This act takes your password again: send it in password.")
	}
	again, ok, refusal := s.prove(ctx, credentials{User: id.user, Password: password})
	if refusal != nil {
		return refusal
	}
	if !ok || again.user != id.user {
		return problem(http.StatusForbidden, "The password is wrong. Nothing was done. Enter it again.")
	}
	place, known := s.placeIn(ctx)
	s.limiter.passed(id.user, place, known)
	return nil
}

// tried has the field note a try that was refused here, so that the journal has every one, and gives the refusal
// back. That it could not be noted is no reason to say anything else.
func (s *Server) tried(ctx context.Context, act facility.Act, refusal error) error {
	id, known := identityOf(ctx)
	var p huma.StatusError
	if refusal == nil || !known || !errors.As(refusal, &p) {
		return refusal
	}
	note := facility.Act{
		ID: actID(id.user, rules.ActRefused, ""), Kind: rules.ActRefused, Subject: act.Subject, By: []string{id.user}, Station: id.station,
		Reason: act.Reason, At: time.Now().UTC(), Args: map[string]string{"kind": act.Kind, "code": strconv.Itoa(p.GetStatus()), "detail": p.Error()},
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), triedPatience)
	defer cancel()
	if _, err := s.cfg.Acts.Do(ctx, note); err != nil {
		s.log.Warn("a refused try could not be noted", "kind", act.Kind, "subject", act.Subject, "by", id.user, "cause", err)
	}
	return refusal
}

// triedPatience is how long a refusal waits for being noted.
const triedPatience = time.Second

// confirmed checks that the person typed what the act is about.
func confirmed(given string, want ...string) error {
	for _, w := range want {
		if given == w {
			return nil
		}
	}
	return problem(http.StatusUnprocessableEntity, "To confirm, type exactly %q in confirm.", want[0])
}
