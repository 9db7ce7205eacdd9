package ui

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bongsu/bcp"
)

const (
	callbackPath = "/api/v1/callbacks/{token}"
	callbackMost = 16 << 10 // bytes
	// callbackUser stands for whoever answers without a token of ours; no account can have this name.
	callbackUser = "(callback)"
)

type callbackIn struct {
	Token string          `path:"token" maxLength:"2048" doc:"as handed out with the message"`
	Body  json.RawMessage `doc:"the provider's event"`
}

func mountCallback(s *Server, need right, op huma.Operation) {
	op.MaxBodyBytes = callbackMost
	op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{
		Type: huma.TypeObject, Description: "the provider's event", AdditionalProperties: true,
	}}}}
	typed((*Server).callback)(s, need, op)
}

// callback takes what a provider answers. The token is proven first and only bad ones are slowed down: an
// answer that may save a minute is never turned away because somebody else at its address guesses.
func (s *Server) callback(ctx context.Context, in *callbackIn) (*struct{}, error) {
	if s.cfg.Continuity == nil {
		return nil, noContinuity()
	}
	wait, done := context.WithTimeout(ctx, s.cfg.ActTimeout)
	defer done()
	err := s.cfg.Continuity.Callback(wait, in.Token, in.Body)
	if err == nil {
		return nil, nil
	}
	address, _ := ctx.Value(addressKey).(string)
	s.log.Debug("a callback was refused", "address", address, "cause", err)
	code := bcp.RefusalCode(err)
	switch {
	case errors.Is(err, ErrToken):
		return nil, s.strange(address)
	case errors.Is(err, ErrUnwritten), errors.Is(err, context.DeadlineExceeded), code == http.StatusServiceUnavailable:
		return nil, problem(http.StatusServiceUnavailable, "The answer could not be written down. Post it again in a few seconds.")
	case code == http.StatusForbidden:
		return nil, problem(code, "Refused: %v.", err)
	}
	return nil, problem(http.StatusBadRequest, "Refused: %v.", err)
}

// strange answers a token that is not ours, and slows its sender down.
func (s *Server) strange(address string) error {
	wait, _ := s.limiter.begin(callbackUser, placeOf(address), true, time.Now())
	if wait == 0 {
		return problem(http.StatusForbidden, "This is no token of this house. Answer to the address that came with the message.")
	}
	seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
	return huma.ErrorWithHeaders(problem(http.StatusTooManyRequests, "Too many answers without a token of this house from here. Wait %s s, then try again.", seconds),
		http.Header{"Retry-After": {seconds}})
}
