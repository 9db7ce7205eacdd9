package ui

import (
	"context"
	"net/http"
	"time"

	"bongsu/facility"
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

type actOut struct{ Body actView }

// do hands an act to the field and turns its answer into the API's. by names the first person first;
// nil means the one who asks alone.
func (s *Server) do(ctx context.Context, key string, act facility.Act) (*actOut, error) {
	id, _ := identityOf(ctx)
	if len(act.By) == 0 {
		act.By = []string{id.user}
	}
	act.ID, act.At = actID(id.user, act.Kind+" "+act.Subject, key), time.Now().UTC()
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
	return &actOut{actView{ID: act.ID, Code: res.Code, Detail: res.Detail, Seq: res.Seq}}, nil
}

// confirmed checks that the person typed what the act is about.
func confirmed(given string, want ...string) error {
	for _, w := range want {
		if given == w {
			return nil
		}
	}
	return problem(http.StatusUnprocessableEntity, "To confirm, type exactly %q in confirm.", want[0])
}
