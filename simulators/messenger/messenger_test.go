package messenger

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/miekg/dns"

	"bongsu/simulators/names"
)

// sendFor tries to send a message for a while.
func (r *talkRig) sendFor(c *talkClient, site, id string, d time.Duration) error {
	ctx, stop := context.WithTimeout(r.t.Context(), d)
	defer stop()
	return c.call(ctx, "POST", r.site(site).address, "/v1/messages", talkMessage{ID: id, To: "u001", Body: id}, nil)
}

// holds tells whether a site's log has a message, committed or not.
func (r *talkRig) holds(site, id string) bool {
	s := r.site(site)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.groups[groupMessaging].index[idMessage+id]
	return ok
}

// An acknowledgement means that two of the three stores have the message, whatever dies when.
func TestAcknowledgedMeansMajority(t *testing.T) {
	r := startMessenger(t, 1, 0)
	c := r.probe("dc1")
	if err := r.send(c, "dc1", "with all three"); err != nil {
		t.Fatal(err)
	}
	r.w.setDark("dc2", "test", true)
	eventually(t, "dc2 is off", func() bool { return !r.site("dc2").state().Power })
	if err := r.send(c, "dc1", "with two"); err != nil {
		t.Errorf("two of three are a majority: %v", err)
	}
	// The last other store dies with the record on its way to it.
	r.w.net.setSlow("dc3", time.Hour) // so that it never gets there, however long this machine takes
	done := make(chan error, 1)
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	go func() {
		done <- c.call(ctx, "POST", r.site("dc1").address, "/v1/messages", talkMessage{ID: "alone", To: "u001", Body: "alone"}, nil)
	}()
	eventually(t, "dc1 has written it", func() bool { return r.holds("dc1", "alone") })
	r.w.setDark("dc3", "test", true)
	eventually(t, "dc3 is off", func() bool { return !r.site("dc3").state().Power })
	time.AfterFunc(time.Second, giveUp) // time enough to acknowledge it wrongly
	if err := <-done; err == nil {
		t.Error("a message on one store was acknowledged")
	}
	if r.holds("dc3", "alone") {
		t.Error("dc3 has what never reached it")
	}
	r.w.net.setSlow("dc3", 0)
	r.w.setDark("dc3", "test", false)
	eventually(t, "the message goes through under its own id", func() bool { return r.sendFor(c, "dc1", "alone", time.Second) == nil })
	var back talkMessage
	if err := c.call(t.Context(), "GET", r.site("dc1").address, "/v1/messages/alone", nil, &back); err != nil || back.Seq != 3 {
		t.Errorf("read back %+v, %v; want it once, at 3", back, err)
	}
}

// Orders with an old epoch are refused with their code, at every door.
func TestStaleEpochsAreRefused(t *testing.T) {
	r := startMessenger(t, 1, 0)
	if _, err := r.promote("dc2", map[string]any{"epoch": 5}); err != nil {
		t.Fatal(err)
	}
	var status *refusal
	cases := []struct {
		name, site, order string
		body              map[string]any
		status            int
		code              error
	}{
		{"an old promotion", "dc3", "promote", map[string]any{"epoch": 4}, 409, errStaleEpoch},
		{"another site at this epoch", "dc3", "promote", map[string]any{"epoch": 5}, 409, errEpochClaims},
		{"an old fence", "dc2", "readonly", map[string]any{"epoch": 4}, 409, errStaleEpoch},
		{"an unknown group", "dc2", "readonly", map[string]any{"epoch": 9, "group": "billing"}, 404, errUnknownGroup},
		{"an unknown mode", "dc2", "traffic", map[string]any{"mode": "panic"}, 400, errBadRequest},
		{"a misspelt key", "dc2", "readonly", map[string]any{"epoc": 9}, 400, errBadRequest},
	}
	for _, c := range cases {
		_, err := r.order(c.site, c.order, c.body)
		if !errors.Is(err, c.code) || !errors.As(err, &status) || status.Status != c.status {
			t.Errorf("%s: %v, want %d %s", c.name, err, c.status, c.code)
		}
	}
	if _, err := r.promote("dc2", map[string]any{"epoch": 5}); err != nil {
		t.Errorf("the same promotion again: %v", err)
	}
	eventually(t, "the old primary is a replica", func() bool {
		return r.site("dc1").state().Groups[groupMessaging].Role == roleReplica
	})
	c := r.probe("dc2")
	h := http.Header{"If-Epoch": {"1"}, "Authorization": {"Bearer " + c.session}}
	if err := postJSON(t.Context(), c.http, "POST", "http://"+r.site("dc2").address+"/v1/messages", talkMessage{ID: "x", To: "y"}, nil, h); !errors.As(err, &status) || status.Status != 412 {
		t.Errorf("a write for another epoch: %v, want 412", err)
	}
}

// A site that lacks what was acknowledged is not promoted, unless somebody insists.
func TestPromoteRefusesAHole(t *testing.T) {
	r := startMessenger(t, 1, 0)
	c := r.probe("dc1")
	if err := r.send(c, "dc1", "everywhere"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "dc2 has it", func() bool { return r.site("dc2").state().Groups[groupMessaging].Committed == 1 })
	r.w.net.setCut("dc1", "dc2", true)
	r.w.net.setCut("dc2", "dc3", true)
	if err := r.send(c, "dc1", "not at dc2"); err != nil {
		t.Fatal(err)
	}
	// The news of the commit reached dc2, the record did not.
	s := r.site("dc2")
	s.mu.Lock()
	s.groups[groupMessaging].known = 2
	s.mu.Unlock()
	r.w.setDark("dc1", "test", true)
	if _, err := r.order("dc2", "promote", map[string]any{"epoch": 2, "group": groupMessaging}); !errors.Is(err, errHole) {
		t.Fatalf("promotion over a hole: %v", err)
	}
	r.w.net.setCut("dc2", "dc3", false)
	// Until dc3 has answered in time, dc2 sees the hole still.
	eventually(t, "a dry run with the record in reach", func() bool {
		_, err := r.order("dc2", "promote", map[string]any{"epoch": 2, "dry_run": true})
		return err == nil
	})
	if g := r.site("dc2").state().Groups[groupMessaging]; g.Role == rolePrimary {
		t.Errorf("after a dry run it leads: %+v", g)
	}
	eventually(t, "promotion with the record in reach", func() bool {
		_, err := r.order("dc2", "promote", map[string]any{"epoch": 2})
		return err == nil
	})
	if !r.holds("dc2", "not at dc2") {
		t.Error("the record was not pulled before the promotion")
	}
}

// Alone, a site cannot know what the others have acknowledged.
func TestPromoteNeedsAMajority(t *testing.T) {
	r := startMessenger(t, 1, 0)
	for _, other := range []string{"dc1", "dc3"} {
		r.w.net.setCut("dc2", other, true)
	}
	// A call that was under way when the cut came would carry the new epoch back to dc1: it is given up by then.
	time.Sleep(replicaCall + heartbeat)
	if _, err := r.order("dc2", "promote", map[string]any{"epoch": 2}); !errors.Is(err, errNoMajority) {
		t.Errorf("promotion alone: %v", err)
	}
	if g := r.site("dc2").state().Groups[groupAccount]; g.Role == rolePrimary || g.LastEpoch == 2 {
		t.Errorf("it leads all the same: %+v", g)
	}
	if err := r.send(r.probe("dc1"), "dc1", "still served"); err != nil {
		t.Errorf("the majority stopped serving: %v", err)
	}
}

// A store behind a fence reads and does not write, and its sessions are sent away.
func TestReadOnlyReads(t *testing.T) {
	r := startMessenger(t, 2, 20)
	c := r.probe("dc1")
	if err := r.send(c, "dc1", "before"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "sessions", func() bool { return r.site("dc1").state().Sessions == 2 })
	st, err := r.order("dc1", "readonly", map[string]any{"epoch": 2})
	if err != nil || st.Groups[groupMessaging].Role != roleReadOnly || st.Serving {
		t.Fatalf("fence: %v, %+v", err, st)
	}
	if err := r.send(c, "dc1", "after"); !errors.Is(err, errReadOnly) {
		t.Errorf("a write behind the fence: %v", err)
	}
	if err := c.call(t.Context(), "GET", r.site("dc1").address, "/v1/messages/before", nil, nil); err != nil {
		t.Errorf("a read behind the fence: %v", err)
	}
	eventually(t, "the sessions are gone", func() bool { return r.site("dc1").state().Sessions == 0 })
	if _, err := r.promote("dc1", map[string]any{"epoch": 3}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the users are back", func() bool { return r.site("dc1").state().Sessions == 2 })
}

// Emergency mode holds background work back and lets messages pass; draining and closing send clients away.
func TestTrafficModesAndSessions(t *testing.T) {
	r := startMessenger(t, 3, 30)
	c := r.probe("dc1")
	if _, err := r.order("dc1", "traffic", map[string]any{"mode": "emergency"}); err != nil {
		t.Fatal(err)
	}
	// One after the other they might come slower than the share of logins is filled up again.
	eventually(t, "a storm of logins is throttled", func() bool {
		storm := make(chan error, 5*emergencyLogins)
		for range cap(storm) {
			go func() { storm <- outsider().login(t.Context(), r.site("dc1").address) }()
		}
		throttled := 0
		for range cap(storm) {
			if errors.Is(<-storm, errThrottled) {
				throttled++
			}
		}
		return throttled > 0
	})
	if err := r.send(c, "dc1", "foreground"); err != nil {
		t.Errorf("a message in emergency mode: %v", err)
	}
	eventually(t, "the users have sessions", func() bool { return r.site("dc1").state().Sessions == 3 })
	before := r.w.State()
	if _, err := r.order("dc1", "sessions/close", nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "they came back and write", func() bool { return r.w.State().Connected == 3 && r.w.State().Acked > before.Acked+10 })
	if st, err := r.order("dc1", "drain", nil); err != nil || !st.Draining || st.Serving {
		t.Errorf("drain: %v, %+v", err, st)
	}
	eventually(t, "nobody is left", func() bool { return r.site("dc1").state().Sessions == 0 })
	if _, err := r.order("dc1", "drain", map[string]any{"on": false}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "they came back", func() bool { return r.site("dc1").state().Sessions == 3 })
}

// The front answers for the public names only, whatever address it is called at.
func TestHostOverride(t *testing.T) {
	r := startMessenger(t, 1, 0)
	for host, want := range map[string]int{"api.talk.test": 200, "API.talk.test:443": 200, "127.0.0.1:1": 200, "bank.example": 421} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+r.site("dc1").address+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := r.probe("dc1").http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", host, resp.StatusCode, want)
		}
	}
	for _, site := range []string{"dc2", "dc3"} {
		err := r.probe("dc1").call(t.Context(), "POST", r.site(site).address, "/synthetic/v1/send", nil, nil)
		if var503 := new(refusal); !errors.As(err, &var503) || var503.Code != "check-failed" {
			t.Errorf("a check of the replica %s passed: %v", site, err)
		}
	}
}

// An interrupted primary writes on after the world was restored, and clients find it through a DNS of which
// one server is dead.
func TestResumeAndDeadNameServer(t *testing.T) {
	r := startMessenger(t, 4, 20)
	if _, err := r.w.server("ns1").Fail(names.Silent); err != nil {
		t.Fatal(err)
	}
	r.w.setDark("dc1", "test", true)
	eventually(t, "nobody serves", func() bool { s := r.w.State(); return !s.Sites[0].Power && s.Connected == 0 })
	soa := new(dns.Msg).SetQuestion("talk.test.", dns.TypeSOA)
	if _, _, err := (&dns.Client{Timeout: 300 * time.Millisecond}).Exchange(soa, r.w.dns[0].Address()); err == nil {
		t.Error("a silent server answered")
	}
	r.w.setDark("dc1", "test", false)
	eventually(t, "the power is back", r.w.allUp)
	if s := r.w.State(); s.Sites[0].Primary {
		t.Error("it came back as the primary by itself")
	}
	before := r.w.State().Acked
	r.w.resume(t.Context())
	eventually(t, "it serves again", func() bool { s := r.w.State(); return s.Sites[0].Serving && s.Acked > before+5 })
	if s := r.settled(before+5, 1); s.Lost != 0 || s.Duplicated != 0 {
		t.Errorf("%+v", s.MessengerCounts)
	}
}
