package shared

import (
	"errors"
	"testing"
	"time"
)

// A leader is called silent only when its own newest pulse has stood unchanged for a whole TTL of the
// candidate's clock.
func TestSilenceIsMeasuredFromTheNewestPulse(t *testing.T) {
	base := time.Now()
	at := func(s float64) time.Time { return base.Add(time.Duration(s * float64(time.Second))) }
	of := func(epoch uint64) pulse { return pulse{Epoch: epoch, TTL: 3000} }
	type look struct {
		s   float64
		rev int64
		p   pulse
	}
	for name, tc := range map[string]struct {
		looks []look
		epoch uint64
		known bool
		left  time.Duration // at 4 s
	}{
		"no pulse was ever seen":                   {nil, 1, false, 0},
		"the first sight counts, not the sending":  {[]look{{3.5, 7, of(1)}}, 1, true, 2500 * time.Millisecond},
		"seen again unchanged, it grows old":       {[]look{{1, 7, of(1)}, {2, 7, of(1)}, {4, 7, of(1)}}, 1, true, 0},
		"each new one begins anew":                 {[]look{{1, 7, of(1)}, {2, 8, of(1)}}, 1, true, time.Second},
		"that of an earlier leader says nothing":   {[]look{{0, 7, of(1)}}, 2, false, 0},
		"one without a time to live says nothing":  {[]look{{0, 7, pulse{Epoch: 1}}}, 1, false, 0},
		"a candidate that slept finds it long ago": {[]look{{-60, 7, of(1)}}, 1, true, -61 * time.Second},
	} {
		var s sighting
		for _, l := range tc.looks {
			s.see(at(l.s), l.rev, l.p)
		}
		left, known := s.silent(at(4), tc.epoch)
		if known != tc.known || left.Round(time.Millisecond) != tc.left {
			t.Errorf("%s: %v left, known %v; want %v, %v", name, left, known, tc.left, tc.known)
		}
	}
}

// A leader that is silent is followed although its lease at the members lives on, and a pulse of its own that
// comes late is refused: it must not take the new one for silent, nor itself for heard.
func TestSilentLeaderIsFollowedBeforeItsLeaseRunsOut(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	client := dial(t, c.cfgs)
	still := time.Now()
	grant, err := client.Grant(within(t, patience), 3600)
	if err != nil {
		t.Fatal(err)
	}
	who := Candidate{Node: "a", Now: func() time.Time { return still }}.withDefaults()
	old := &Lease{client: client, who: who, keys: newSpace(""), epoch: 1, id: grant.ID, ttl: 200 * time.Millisecond, life: time.Hour, renewed: still, kept: still, lost: make(chan struct{})}
	if won, err := old.take(within(t, patience), standing{}); !won || err != nil {
		t.Fatal(won, err)
	}
	eventually(t, "the leader's own pulse", func() error { return old.pulseOnce(within(t, patience)) })
	b := campaign(t, dial(t, c.cfgs), unhurried("b"))
	if b.Epoch() != 2 {
		t.Errorf("epoch %d, want 2", b.Epoch())
	}
	if left, err := client.TimeToLive(within(t, patience), grant.ID); err != nil || left.TTL < 3000 {
		t.Errorf("the old lease was not left alone: %+v, %v", left, err)
	}
	eventually(t, "a late pulse of the old leader is refused", func() error { // once it is answered in its short time
		err := old.pulseOnce(within(t, patience))
		if err == nil {
			t.Fatal("a late pulse of the old leader is taken")
		}
		return unlessFenced(err)
	})
	if !isLost(old) {
		t.Error("the old leader does not know that it is over")
	}
	l := openLog(t, client, Options{})
	if e, err := l.AppendAs(within(t, patience), b, Draft{Kind: "intent"}); err != nil || e.Epoch != 2 {
		t.Errorf("the new leader writes %+v, %v", e, err)
	}
}

func unlessFenced(err error) error {
	if errors.Is(err, ErrFenced) {
		return nil
	}
	return err
}
