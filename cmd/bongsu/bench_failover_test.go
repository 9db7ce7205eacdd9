package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"bongsu/bcp"
)

// failoverRounds is how often the messenger is moved, each time in a fresh house.
const failoverRounds = 5

// crossing is one move of the messenger as the shared journal tells it.
type crossing struct {
	evidence   time.Time // the power-cut notice was written
	triggered  time.Time // the run had set off
	authorised time.Time // the standing order allowed it, the old site is about to be fenced
	shifted    time.Time // the full shift was begun
	served     time.Time // the other site had acknowledged and read back client traffic after it
}

// BenchmarkFailoverMessenger moves the demo's messenger to its second data center, real processes over HTTP,
// the demo's own canary hold, and gives how long that takes by the journal's own times.
func BenchmarkFailoverMessenger(b *testing.B) {
	var all []crossing
	var asked []time.Duration
	lost, duplicated, hold := 0, 0, time.Duration(0)
	for n := range failoverRounds {
		ok := b.Run(fmt.Sprintf("round=%d", n+1), func(b *testing.B) {
			h := newHouse(b, houseOptions{})
			hold = h.canaryHold()
			h.ready()
			began := time.Now()
			h.notice()
			h.eventually(4*time.Minute, "client traffic was read back at dc2", func() bool { return !h.run().Served.IsZero() })
			// What is lost shows only when users have looked for what they wrote before.
			before := h.messenger().Acked
			h.eventually(time.Minute, "users go on writing", func() bool { return h.messenger().Acked > before+200 })
			s := h.messenger()
			lost, duplicated = lost+s.Lost, duplicated+s.Duplicated
			c := h.crossing()
			all, asked = append(all, c), append(asked, c.served.Sub(began))
			b.Logf("evidence to served %v, authorised to served %v; the world says %+v", c.served.Sub(c.evidence), c.served.Sub(c.authorised), s)
			b.ReportMetric(0, "ns/op")
		})
		if !ok {
			b.Fatal("no figures: a round has failed")
		}
	}
	slices.Sort(asked)
	whole := spans(all, func(c crossing) (from, to time.Time) { return c.evidence, c.served })
	allowed := spans(all, func(c crossing) (from, to time.Time) { return c.authorised, c.served })
	shift := spans(all, func(c crossing) (from, to time.Time) { return c.authorised, c.shifted })
	printFigures(b, map[string]any{
		"bench": "failover.messenger", "rounds": len(all), "lost": lost, "duplicated": duplicated, "canary_hold_s": hold.Seconds(),
		"evidence_to_served_s_p50": seconds(middle(whole)), "evidence_to_served_s_max": seconds(whole[len(whole)-1]),
		"authorised_to_served_s_p50": seconds(middle(allowed)), "authorised_to_full_shift_s_p50": seconds(middle(shift)),
		"asked_to_served_s_max": seconds(asked[len(asked)-1]),
	})
}

// canaryHold is how long the site's file holds each share of the traffic.
func (h *house) canaryHold() time.Duration {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(h.site), "continuity.yaml"))
	if err != nil {
		h.t.Fatal(err)
	}
	m := regexp.MustCompile(`canary_hold: (\w+)`).FindSubmatch(text)
	if m == nil {
		h.t.Fatal("the site does not say how long it holds the canary")
	}
	d, err := time.ParseDuration(string(m[1]))
	if err != nil {
		h.t.Fatal(err)
	}
	return d
}

// crossing reads the run's story from the shared journal.
func (h *house) crossing() (c crossing) {
	h.t.Helper()
	note := func(at *time.Time, e entry) {
		if at.IsZero() {
			*at = e.Time
		}
	}
	for _, e := range h.commons() {
		var m bcp.Transition
		if e.Kind != bcp.KindMove || json.Unmarshal(e.Data, &m) != nil {
			continue
		}
		var d struct{ Served bool }
		_ = json.Unmarshal(m.Detail, &d)
		switch {
		case m.Machine == bcp.MachineIncident:
			note(&c.evidence, e)
		case m.Machine != bcp.MachineFailover:
		case d.Served:
			note(&c.served, e)
		case m.From == bcp.RunArmed && m.To != bcp.RunArmed:
			note(&c.triggered, e)
		case m.From == bcp.RunAwaitAuth && m.To == bcp.RunFencing:
			note(&c.authorised, e)
		case m.From != m.To && m.To == bcp.RunShiftFull:
			note(&c.shifted, e)
		}
	}
	for _, at := range []time.Time{c.evidence, c.triggered, c.authorised, c.shifted, c.served} {
		if at.IsZero() {
			h.t.Fatalf("the journal does not tell the whole story: %+v", c)
		}
	}
	return c
}

// spans are the times between two moments of each, the shortest first.
func spans[T any](all []T, ends func(T) (from, to time.Time)) []time.Duration {
	var out []time.Duration
	for _, c := range all {
		from, to := ends(c)
		out = append(out, to.Sub(from))
	}
	slices.Sort(out)
	return out
}

// middle is the median of sorted times.
func middle(sorted []time.Duration) time.Duration { return atShare(sorted, 0.5) }

// atShare is the time that a share of the sorted times does not exceed.
func atShare(sorted []time.Duration, share float64) time.Duration {
	return sorted[int(share*float64(len(sorted)-1))]
}

func seconds(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond)) / float64(time.Second)
}

func millis(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}

// printFigures prints one benchmark's figures as a JSON object on a line of its own.
func printFigures(b *testing.B, figures map[string]any) {
	b.Helper()
	text, err := json.Marshal(figures)
	if err != nil {
		b.Fatal(err)
	}
	fmt.Printf("\n%s\n", text)
}
