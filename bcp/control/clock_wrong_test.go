package control

import (
	"testing"
	"time"

	"bongsu/bcp"
)

// A clock is wrong where most of those that speak say so. Ahead is what the nodes' clocks show beyond the true time; the
// first is the listener's own.
func TestAWrongClockIsOutvoted(t *testing.T) {
	for _, tc := range []struct {
		name  string
		ahead []time.Duration
		dead  time.Duration // how old the word of one more node is that says nothing any more, 0 for none
		want  time.Duration
	}{
		{"all agree", []time.Duration{0, 0, 0}, 0, 0},
		{"its own is ahead", []time.Duration{5 * time.Minute, 0, 0}, 0, 5 * time.Minute},
		{"its own is behind", []time.Duration{-5 * time.Minute, 0, time.Second}, 0, -5 * time.Minute},
		{"another's is ahead", []time.Duration{0, 5 * time.Minute, 0}, 0, 0},
		{"they differ by what a word takes", []time.Duration{4 * time.Second, 0, 0}, 0, 0},
		{"two that differ", []time.Duration{5 * time.Minute, 0}, 0, 0},
		{"two that differ, and a dead one", []time.Duration{5 * time.Minute, 0}, time.Hour, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := NewSiteWatch("a", nil, bcp.SiteTimes{Silent: 10 * time.Second})
			now := time.Now()
			for second := range 3 {
				now = now.Add(time.Second)
				var words []bcp.SiteWord
				for i, ahead := range tc.ahead {
					words = append(words, bcp.SiteWord{Site: "s", Node: string(rune('a' + i)), Seq: uint64(second), At: now.Round(0).Add(ahead)})
				}
				if tc.dead > 0 {
					words = append(words, bcp.SiteWord{Site: "s", Node: "dead", Seq: 7, At: now.Round(0).Add(-tc.dead)})
				}
				w.Hear(now.Add(tc.ahead[0]), words) // as the listener's clock has it
			}
			if got := w.Wrong(now.Add(tc.ahead[0] + time.Second)).Round(time.Second); got != tc.want {
				t.Errorf("wrong by %v, want %v", got, tc.want)
			}
		})
	}
}
