package messenger

import (
	"testing"
	"time"

	"bongsu/bcp"
)

// The checks of the promoted target failed at first, and the share comes at once: the site's own figures still tell of
// that for seconds, at whichever desk leads by then. That is waited for; a target that goes on failing is told of.
func TestFailuresOfBeforeTheShareAreNotTheShares(t *testing.T) {
	watching(t, "verify fails at first", func(t *testing.T, f *fakeTalk, w *Watcher) {
		promoted := func(failed float64) func() {
			return func() {
				f.sites["dc1"].down = true
				f.sites["dc2"].failed = failed
				for _, l := range f.sites["dc2"].stores {
					l.Role = rolePrimary
				}
			}
		}
		pass(10 * time.Second)
		f.with(promoted(0.6))
		w.set(func(g *GroupWatch) { g.State, g.Since, g.Begun = bcp.RunShiftCanary, time.Now(), time.Now() })
		for i := range 20 {
			pass(time.Second)
			if i == 4 {
				f.with(promoted(0))
			}
			if g := w.talk(); g.ErrorsLow == bcp.No || i > 6 && g.ErrorsLow != bcp.Yes {
				t.Fatalf("after %d s: errors low %v, %s", i+1, g.ErrorsLow, g.ErrorsWhy)
			}
		}
		f.with(promoted(0.6))
		pass(8 * time.Second)
		if g := w.talk(); g.ErrorsLow != bcp.Unseen || g.ErrorsWhy == "" {
			t.Errorf("it fails for a few seconds: low %v, %q", g.ErrorsLow, g.ErrorsWhy)
		}
		pass(8 * time.Second)
		if g := w.talk(); g.ErrorsLow != bcp.No || g.ErrorsWhy == "" {
			t.Errorf("it goes on failing: low %v, %q", g.ErrorsLow, g.ErrorsWhy)
		}
	})
}
