package collectors

import (
	"testing"
	"time"
)

// A clock of poor quartz loses a tenth of a second in a quarter of an hour; it is followed for a month.
// A queue that grows by a hundredth of its time is not.
func TestClockFollowsDriftAndNothingElse(t *testing.T) {
	for name, c := range map[string]struct {
		share float64
		fresh bool
	}{"drift": {100e-6, true}, "queue": {10e-3, false}} {
		k := clock{limit: maxSkew}
		doubted := false
		for at := time.Duration(0); at < 30*24*time.Hour; at += 10 * time.Second {
			behind := time.Hour + time.Duration(float64(at)*c.share)
			_, sure := k.live(epoch.Add(at-behind), epoch.Add(at))
			doubted = doubted || (!sure && at > skewSettles)
		}
		if doubted == c.fresh {
			t.Errorf("%s: doubted %v", name, doubted)
		}
	}
}

func TestClock(t *testing.T) {
	type message struct {
		at, stamp time.Duration // by our clock and by the device's
		age       time.Duration
		sure      bool
	}
	steady := func(behind time.Duration, seconds int) (out []message) {
		for n := range seconds {
			at := time.Duration(n) * time.Second
			m := message{at: at, stamp: at - behind, age: behind}
			if at >= skewSettles {
				m.age, m.sure = 0, true
			}
			out = append(out, m)
		}
		return out
	}
	const hour = time.Hour
	cases := map[string]struct {
		messages []message
		skew     time.Duration
	}{
		"right":                         {[]message{{0, 0, 0, true}, {time.Second, 0, time.Second, true}}, 0},
		"a little ahead":                {[]message{{0, time.Second, 0, true}}, 0},
		"an hour behind":                {steady(hour, 40), -hour},
		"an hour ahead":                 {steady(-hour, 40), hour},
		"not long enough":               {steady(hour, 20), 0},
		"jitter":                        {append(steady(hour, 31), message{40 * time.Second, 41*time.Second - hour, 0, true}), 2*time.Millisecond - hour},
		"put right":                     {append(steady(hour, 31), message{40 * time.Second, 40 * time.Second, 0, true}), 0},
		"an old one between right ones": {[]message{{0, 0, 0, true}, {time.Second, -hour, hour + time.Second, false}, {2 * time.Second, 2 * time.Second, 0, true}}, 0},
		"an old one of a clock that is off": {
			append(steady(hour, 31), message{40 * time.Second, 40*time.Second - hour - time.Minute, time.Minute, false}), -hour},
		// A gateway sends in 40 s what it gathered in 10 minutes.
		"a buffer sent late": {[]message{
			{0, 0, 0, true}, {10 * time.Second, -580 * time.Second, 590 * time.Second, false},
			{20 * time.Second, -400 * time.Second, 420 * time.Second, false},
			{30 * time.Second, -220 * time.Second, 250 * time.Second, false},
			{40 * time.Second, -40 * time.Second, 80 * time.Second, false},
		}, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			k := clock{limit: maxSkew}
			for i, m := range c.messages {
				age, sure := k.live(epoch.Add(m.stamp), epoch.Add(m.at))
				if age != m.age || sure != m.sure {
					t.Fatalf("message %d: age %v, sure %v; want %v, %v", i, age, sure, m.age, m.sure)
				}
			}
			if k.skew() != c.skew {
				t.Errorf("skew %v, want %v", k.skew(), c.skew)
			}
		})
	}
}
