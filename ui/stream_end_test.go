package ui

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func TestASlowBrowserIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(c *Config) { c.SlowAfter = 5 * time.Second })
		h.alive()
		b := h.as("operator")
		conn, err := h.network.dial()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		_, err = fmt.Fprintf(conn, "GET /api/v1/live?view=all HTTP/1.1\r\nHost: console.test\r\nCookie: bongsu_n1=%s\r\n\r\n", b.cookie())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if n := h.server.hub.viewers(); n != 1 {
			t.Fatalf("%d viewers, want the one that does not read", n)
		}
		time.Sleep(10 * time.Second)
		if n := h.server.hub.viewers(); n != 0 {
			t.Errorf("%d viewers after the slow one took nothing for 10 s", n)
		}
	})
}

func TestAViewerWhosePlaceIsOverwrittenIsLetGo(t *testing.T) {
	h := newHouse(t)
	at, _, err := h.server.hub.join("alarms", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer at.leave()
	hub := h.server.hub
	hub.mu.Lock()
	for range ringFrames + 5 {
		at.view.push(&frame{plain: []byte("x")})
	}
	hub.mu.Unlock()
	if _, _, err := at.read(); !errors.Is(err, errTooSlow) {
		t.Errorf("reading on gives %v, want %v", err, errTooSlow)
	}
}

func TestAViewNobodyWatchesKeepsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		b := h.as("operator")
		s := b.open("overview")
		last := s.until("tick").id
		s.close()
		time.Sleep(idleAfter + 3*time.Second)
		hub := h.server.hub
		hub.mu.Lock()
		kept, active := len(hub.views["overview"].frames), hub.views["overview"].active
		hub.mu.Unlock()
		if kept != 0 || active {
			t.Errorf("%d frames are kept, active %v", kept, active)
		}
		if e, err := b.open("overview", "Last-Event-ID", last).next(); err != nil || e.name != "snap" {
			t.Errorf("whoever comes back gets %q, %v, want a snapshot", e.name, err)
		}
	})
}

func TestStreamsEndAtOnceWhenTheServerStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		s := h.as("operator").open("overview")
		s.until("hb")
		began := time.Now()
		ended := make(chan error, 1)
		go func() {
			for {
				if _, err := s.next(); err != nil {
					ended <- err
					return
				}
			}
		}()
		h.stop()
		if err := <-ended; err == nil || time.Since(began) > time.Second {
			t.Errorf("the stream ended with %v after %v", err, time.Since(began))
		}
	})
}

func TestAStreamEndsWithItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		b := h.as("operator")
		s := b.open("overview")
		s.until("hb")
		b.do("DELETE", "session", nil).want(204)
		began := time.Now()
		for {
			_, err := s.next()
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if time.Since(began) > 15*time.Second {
				t.Fatal("15 s after the log-out the stream still tells")
			}
		}
	})
}

func TestStreamsAreRefusedWhereTheyMustBe(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.MaxViewers = 1 })
	h.browser().get("live").problem(401, "Log in")
	b := h.as("operator")
	b.get("live?view=nowhere").problem(404, "overview")
	s := b.open("alarms")
	s.until("snap")
	b.get("live?view=alarms").problem(503, "Close other tabs")
}
