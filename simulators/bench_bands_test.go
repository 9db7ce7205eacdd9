package simulators

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/rules"
	"bongsu/rules/bands"
	"bongsu/simulators/world"
)

const aWeek = 7 * 24 * time.Hour

// bandsFrom is when the months of this benchmark begin: a Monday, 09:00 in Seoul, the hour at which the
// simulated world starts.
var bandsFrom = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// BenchmarkBandsMonth learns four quiet weeks of the demo's cooling and racks in virtual time, watches four more
// quiet weeks for false alarms, and then lets one fault at a time come into a month of its own. What finds it
// first, the learned bands or the demo's fixed limits, is the figure; every alarm goes through the real alarm
// engine. BONGSU_SEED takes other noise and weather.
func BenchmarkBandsMonth(b *testing.B) {
	seed := uint64(7)
	if s := os.Getenv("BONGSU_SEED"); s != "" {
		if _, err := fmt.Sscan(s, &seed); err != nil {
			b.Fatal(err)
		}
	}
	began := time.Now()
	site := loadDemo(b)
	m := newBandMonth(b, site, seed, 0)
	school := bands.NewSchool(bandPlans(site))
	m.school = school
	m.run(4 * aWeek)
	set := school.Fit(m.now())
	m.raised = nil
	m.e.UseBands(set)
	for range 28 { // and learns on every day, as the desk does
		m.run(24 * time.Hour)
		m.e.UseBands(school.Fit(m.now()))
	}
	falseN := 0
	for _, a := range m.raised {
		if strings.HasPrefix(a.Rule, "band-") {
			falseN++
			b.Logf("false: %s %s %s", a.Raised.Format(time.DateTime), a.ID, a.Text.EN)
		}
	}
	results := make([]bandResult, len(bandFaults))
	var all sync.WaitGroup
	slots := make(chan bool, 2)
	for i, f := range bandFaults {
		all.Add(1)
		go func() {
			defer all.Done()
			slots <- true
			defer func() { <-slots }()
			results[i] = watchFault(b, seed, set, f)
		}()
	}
	all.Wait()
	ready := 0 // the inside of one battery rack is played, the others' points are not read
	for _, band := range set.Bands {
		if band.Ready {
			ready++
		}
	}
	before, least, values := 0, math.Inf(1), 0
	for _, r := range results {
		if r.Band >= 0 && (r.Value < 0 || r.Band < r.Value) {
			values++
		}
		if r.Lead > 0 {
			before++
			least = min(least, r.Lead)
		}
	}
	line, err := json.Marshal(map[string]any{
		"bench": "bands.month", "faults": len(results), "found_before_threshold": before, "found_before_value_limit": values,
		"false_alarms_per_week": float64(falseN) / 4, "points": ready, "least_lead_days": least,
		"seed": seed, "each": results, "seconds": math.Round(time.Since(began).Seconds()),
	})
	if err != nil {
		b.Fatal(err)
	}
	fmt.Printf("\n%s\n", line)
	b.ReportMetric(0, "ns/op")
}

// bandFault is one fault that grows, or one that limits do not see.
type bandFault struct {
	name   string
	assets string // prefix of the points on which finding it counts
	step   func(w *world.World, day int) error
	minute func(w *world.World, days float64) error // what goes on by itself between the steps, if anything
}

func bring(w *world.World, kind world.FaultKind, target string, p world.FaultParams) error {
	_, err := w.Inject(world.Fault{Kind: kind, Target: target, Params: p})
	return err
}

// bandFaults are brought into the world at 14:00 on the first day; those without a ramp of their own grow by a
// step on each second day.
var bandFaults = []bandFault{
	{name: "chiller fouling, a quarter of its COP in four weeks", assets: "demo/cw/ch1/", step: func(w *world.World, day int) error {
		if day > 0 {
			return nil
		}
		return bring(w, world.ChillerFouling, "demo/cw/ch1", world.FaultParams{Amount: .25, Seconds: (4 * aWeek).Seconds()})
	}},
	{name: "water valve stuck where it stands", assets: "demo/h1/crah1/", step: func(w *world.World, day int) error {
		if day > 0 {
			return nil
		}
		return bring(w, world.ValveStuck, "demo/h1/crah1", world.FaultParams{})
	}},
	{name: "water valve stuck in the middle of its range", assets: "demo/h1/crah1/", step: func(w *world.World, day int) error {
		if day > 0 {
			return nil
		}
		return bring(w, world.ValveStuck, "demo/h1/crah1", world.FaultParams{Mode: "at", Amount: .87})
	}},
	seizing("demo/h1/crah1"),
	{name: "filter clogs by 2 % every second day", assets: "demo/h1/crah1/", step: func(w *world.World, day int) error {
		if day%2 > 0 {
			return nil
		}
		return bring(w, world.FilterClogged, "demo/h1/crah1", world.FaultParams{Amount: .02})
	}},
	{name: "a rack's inlet warms by 0.25 K every second day", assets: "demo/h1/a5/", step: func(w *world.World, day int) error {
		if day%2 > 0 {
			return nil
		}
		return bring(w, world.HotSpot, "demo/h1/a5", world.FaultParams{Amount: .25})
	}},
	{name: "supply air sensor 0.8 K off", assets: "demo/h1/crah1/", step: func(w *world.World, day int) error {
		if day > 0 {
			return nil
		}
		return bring(w, world.SensorOffset, "demo/h1/crah1", world.FaultParams{Channel: world.ChannelSupply, Amount: .8})
	}},
}

// bandResult is what found a fault, in days after it began; -1 for never within the month.
type bandResult struct {
	Fault string  `json:"fault"`
	Band  float64 `json:"band_days"`
	Limit float64 `json:"threshold_days"`
	Lead  float64 `json:"lead_days"` // up to the end of the month where no limit found it
	By    string  `json:"by"`
	Other string  `json:"threshold_by,omitempty"`
	Value float64 `json:"value_limit_days"` // limits on measured values alone, without what a controller says of itself
}

// watchFault gives a learned site a month with one fault.
func watchFault(b *testing.B, seed uint64, set *bands.Set, f bandFault) bandResult {
	m := newBandMonth(b, loadDemo(b), seed, 8*aWeek)
	m.e.UseBands(set)
	m.run(29 * time.Hour) // to 14:00 of the second day
	start := m.now()
	m.raised = nil
	if f.minute != nil {
		m.also = func() error { return f.minute(m.w, m.now().Sub(start).Hours()/24) }
	}
	r := bandResult{Fault: f.name, Band: -1, Limit: -1, Value: -1}
	const month = 28
	for day := 0; day < month && (r.Band < 0 || r.Value < 0); day++ {
		if err := f.step(m.w, day); err != nil {
			b.Error(err)
			return r
		}
		m.run(24 * time.Hour)
		for _, a := range m.raised {
			days := math.Round(100*a.Raised.Sub(start).Hours()/24) / 100
			switch banded := strings.HasPrefix(a.Rule, "band-"); {
			case !strings.HasPrefix(string(a.Point), f.assets) && (banded || !strings.HasPrefix(string(a.Point), "demo/h1/")):
			case banded && r.Band < 0:
				r.Band, r.By = days, a.ID
				b.Logf("%s: %s: %s", f.name, a.ID, a.Text.EN)
			case !banded:
				if r.Limit < 0 {
					r.Limit, r.Other = days, a.ID
				}
				if r.Value < 0 && m.measured(a.Point) {
					r.Value = days
				}
			}
		}
		m.raised = nil
	}
	switch {
	case r.Band < 0:
		r.Lead = -1
	case r.Limit < 0:
		r.Lead = month - r.Band
	default:
		r.Lead = r.Limit - r.Band
	}
	r.Lead = math.Round(100*r.Lead) / 100
	return r
}

// bandMonth is the demo's world with the alarm engine beside it, in virtual time.
type bandMonth struct {
	b      *testing.B
	site   *facility.Site
	w      *world.World
	shift  time.Duration
	live   *facility.Live
	e      *rules.Alarms
	reads  []bandRead
	rng    *rand.Rand
	sky    string
	sheds  []string
	raised []facility.Alarm
	school *bands.School
	sums   map[string]bandMean
	stands map[string]bool
	also   func() error // every minute
}

type bandMean struct {
	sum float64
	n   int
}

// newBandMonth builds the world without the inside of its battery rooms, which no band looks at and which would
// cost most of the time. The rated power of the UPS zones is what all racks would give.
func newBandMonth(b *testing.B, site *facility.Site, seed uint64, shift time.Duration) *bandMonth {
	layout, err := world.NewLayout(site)
	if err != nil {
		b.Fatal(err)
	}
	cfg := layout.Config
	cfg.Seed = seed
	for i := range cfg.Zones {
		cfg.Zones[i].RatedKW = 8 * cfg.Power.RackKW
	}
	for i := range cfg.Rooms {
		cfg.Rooms[i].Racks = cfg.Rooms[i].Racks[:min(1, len(cfg.Rooms[i].Racks))]
	}
	m := &bandMonth{b: b, site: site, w: world.New(cfg), shift: shift, live: facility.NewLive(site.Points),
		rng: rand.New(rand.NewPCG(seed, uint64(shift))), sums: map[string]bandMean{}, stands: map[string]bool{}}
	m.reads = bandReads(m.w, site)
	site.Alarms = slices.DeleteFunc(slices.Clone(site.Alarms), func(r facility.AlarmRule) bool { // of what nobody reads here
		return !slices.ContainsFunc(site.PointsMatching(r.Points), func(ref facility.Ref) bool {
			return slices.ContainsFunc(m.reads, func(rd bandRead) bool { return rd.ref == ref })
		})
	})
	if m.e, err = rules.NewAlarms(site); err != nil {
		b.Fatal(err)
	}
	return m
}

func (m *bandMonth) measured(id facility.PointID) bool {
	ref, ok := m.site.Ref(id)
	return ok && m.site.Points[ref].Kind == "analog"
}

func (m *bandMonth) now() time.Time { return bandsFrom.Add(m.shift + m.w.Now()) }

// run moves on minute by minute. Every point is read once a minute, rounded as its profile says.
func (m *bandMonth) run(d time.Duration) {
	until := m.w.Now() + d
	for m.w.Now() < until {
		if m.w.Now()%time.Hour == 0 {
			m.hour()
		}
		m.w.Step(time.Minute)
		if m.also != nil {
			m.must(m.also())
		}
		now := m.now()
		batch, refs := make([]facility.Sample, 0, len(m.reads)), make([]facility.Ref, 0, len(m.reads))
		for _, r := range m.reads {
			v := r.get()
			if step := m.site.Points[r.ref].Def.Scale; step > 0 {
				v = math.Round(v/step) * step
			}
			batch = append(batch, facility.Sample{Point: r.ref, Quality: facility.Good, Value: v, At: now, Seen: now})
			refs = append(refs, r.ref)
			id := string(m.site.Points[r.ref].ID)
			s := m.sums[id]
			m.sums[id] = bandMean{s.sum + v, s.n + 1}
		}
		m.live.Apply(batch)
		for _, a := range m.e.Eval(now, m.live, refs) {
			if a.Point == "" || a.Rule == "comms" || a.Rule == "sensor" {
				continue
			}
			if a.Active && a.Raised != nil && a.Raised.Equal(now) {
				m.raised = append(m.raised, a)
				if m.school != nil {
					m.school.Distrust(string(a.Point), now)
				}
			}
			m.stands[string(a.Point)] = a.Active
		}
	}
	m.hour()
}

// hour teaches what the last one showed, and lets weather and work week go on: another warm front on most days,
// a seventh of the load less at weekends, coming and going within three hours.
func (m *bandMonth) hour() {
	if m.school != nil {
		m.school.Teach(m.now(), bands.Lesson{
			Mean: func(point string, _ time.Time) (float64, bool) {
				s := m.sums[point]
				return s.sum / float64(s.n), s.n >= 55
			},
			Doubtful: func(point string, _ time.Time) bool { return m.stands[point] },
		})
	}
	clear(m.sums)
	local := m.now().Add(9 * time.Hour)
	if local.Hour() == 6 || local.Hour() == 18 {
		if m.sky != "" {
			m.must(m.w.Clear(m.sky))
		}
		m.sky = ""
		if m.rng.Float64() < .7 {
			id, err := m.w.Inject(world.Fault{Kind: world.HeatWave, Target: "demo", Params: world.FaultParams{Amount: 21 + 6*m.rng.Float64(), Seconds: 6 * 3600}})
			m.must(err)
			m.sky = id
		}
	}
	switch day := local.Weekday(); {
	case day == time.Friday && local.Hour() >= 20 && local.Hour() < 23:
		id, err := m.w.Inject(world.Fault{Kind: world.LoadShed, Target: "demo", Params: world.FaultParams{Amount: 1 - .05*float64(local.Hour()-19)}})
		m.must(err)
		m.sheds = append(m.sheds, id)
	case day == time.Monday && local.Hour() >= 6 && local.Hour() < 9 && len(m.sheds) > 0:
		m.must(m.w.Clear(m.sheds[len(m.sheds)-1]))
		m.sheds = m.sheds[:len(m.sheds)-1]
	}
}

func (m *bandMonth) must(err error) {
	if err != nil {
		m.b.Error(err)
	}
}
