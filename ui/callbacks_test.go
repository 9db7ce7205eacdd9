package ui

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/bcp"
)

func TestAPhonesAnswerIsTakenWithoutASession(t *testing.T) {
	h, org := newOrgHouse(t)
	provider := h.browser()
	provider.post("callbacks/ours", `{"event": "acked"}`).want(204)
	if len(org.heard) != 1 || org.heard[0] != `{"event": "acked"}` {
		t.Errorf("the organisation heard %q", org.heard)
	}
	provider.post("callbacks/ours", "event=acked", "Content-Type", "application/x-www-form-urlencoded").problem(415, "application/json")
	provider.post("callbacks/ours", `{"event"`).want(400)
	provider.post("callbacks/ours", nil).want(400)
	provider.post("callbacks/ours", `{"x":"`+strings.Repeat("x", callbackMost)+`"}`).want(413)
	provider.get("callbacks/ours").problem(405, "GET")
	if len(org.heard) != 1 {
		t.Errorf("the organisation heard %q", org.heard)
	}
}

func TestWhyACallbackIsRefused(t *testing.T) {
	h, org := newOrgHouse(t)
	for _, c := range []struct {
		err    error
		status int
		says   string
	}{
		{ErrToken, 403, "no token of this house"},
		{fmt.Errorf("ack of call c1: %w", bcp.ErrUnknownPerson), 403, bcp.ErrUnknownPerson.Error()},
		{fmt.Errorf("vote on motion m1: %w", bcp.ErrClosed), 400, bcp.ErrClosed.Error()},
		{fmt.Errorf("unknown event %q", "dance"), 400, "dance"},
		{fmt.Errorf("append: %w", ErrUnwritten), 503, "Post it again"},
		{fmt.Errorf("move: %w", bcp.ErrDoubt), 503, "Post it again"},
	} {
		org.callback = func(string, []byte) error { return c.err }
		h.browser().post("callbacks/t", "{}").problem(c.status, c.says)
	}
}

func TestGuessingTokensGetsSlowButOursAreAlwaysTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, org := newOrgHouse(t)
		provider := h.browser()
		for range freeFailures {
			provider.post("callbacks/guess", "{}").problem(403, "no token of this house")
		}
		a := provider.post("callbacks/guess", "{}")
		a.problem(429, "Wait 1 s")
		if a.header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
		}
		for range 20 {
			provider.post("callbacks/ours", "{}").want(204)
		}
		if len(org.heard) != 20 {
			t.Errorf("%d answers were heard", len(org.heard))
		}
		time.Sleep(time.Second)
		provider.post("callbacks/guess", "{}").problem(403, "no token of this house")
		provider.post("callbacks/guess", "{}").problem(429, "Wait 2 s")
		h.as("operator")
	})
}
