package main

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// blankBook takes every entry.
type blankBook struct{}

func (blankBook) Append(context.Context, journal.Draft) (journal.Entry, error) {
	return journal.Entry{Seq: 1}, nil
}

// Two people ask within a moment. The first one's reload is handed over: the second is refused, and the process
// leaves once.
func TestAProcessThatHandsOverTakesNoOtherReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reloader{log: slog.New(slog.DiscardHandler), book: blankBook{}, site: &facility.Site{ID: "x", Revision: "one"}, leave: make(chan struct{}), gone: true}
		r.handOver()
		out := r.reload(t.Context(), facility.ReloadRequest{By: "lee"})
		if out.State != facility.ReloadRefused || len(out.Refused) != 1 || !strings.Contains(out.Refused[0], "another process") {
			t.Errorf("%s: %v", out.State, out.Refused)
		}
		r.handOver()
		time.Sleep(time.Second)
		select {
		case <-r.leave:
		default:
			t.Error("the process stays")
		}
	})
}
