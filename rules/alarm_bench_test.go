package rules

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

const (
	largeRules   = 20_000
	largeDevices = 4500
)

// manyKinds are rules that stand for one alarm of each device.
var manyKinds = []string{
	"{id: sum, points: big/*/p20, kind: expression, expr: \"value + b > 150 and c < 90\", inputs: {b: big/*/p21, c: big/*/p22}",
	"{id: mean, points: big/*/p21, kind: expression, expr: \"mean([value, b, c])\", limit: 80, deadband: 1, inputs: {b: big/*/p22, c: big/*/p23}",
	"{id: rise, points: big/*/p22, kind: rate, limit: 500, window: 1m",
	"{id: apart, points: big/*/p23, kind: deviation, limit: 30, deadband: 1, with: [big/*/p24, big/*/p25]",
	"{id: agree, points: big/*/p24, kind: vote, vote: 2, limit: 90, deadband: 1, with: [big/*/p25, big/*/p26]",
	"{id: often, points: big/*/p26, kind: count, side: high, limit: 90, deadband: 1, count: 3, window: 5m",
	"{id: stuck, points: big/*/p27, kind: frozen, window: 10m, with: [big/*/p25, big/*/p26]",
}

// largeSite is 4,500 devices of 28 points on 45 links, a rule for each of 20,000 of these points, and seven
// rules over several points or over time that stand for 31,500 more alarms.
func largeSite(b *testing.B) *facility.Site {
	b.Helper()
	var rules strings.Builder
	for i := range largeRules {
		fmt.Fprintf(&rules, "  - {id: rule-%d, points: big/r%d/p%d, kind: high, limit: 90, deadband: 1%s", i, i%largeDevices, i/largeDevices, plainRule)
	}
	for _, rule := range manyKinds {
		fmt.Fprintf(&rules, "  - %s%s", rule, plainRule)
	}
	return benchSite(b, largeDevices, 28, rules.String())
}

// plainRule is the end of every rule of these sites.
const plainRule = ", on_delay: 5s, off_delay: 5s, priority: 3, class: it, text: {ko: 높음, en: High}}\n"

// mixedKinds are rules of one device each, of every kind but those over learned bands. DEV stands for the device.
var mixedKinds = []string{
	"points: DEV/p0, kind: high, limit: 90, deadband: 1",
	"points: DEV/p1, kind: low, limit: 10, deadband: 1",
	"points: DEV/p2, kind: rate, limit: 500, window: 1m",
	"points: DEV/p3, kind: deviation, limit: 30, deadband: 1, with: [DEV/p13, DEV/p14]",
	"points: DEV/p4, kind: expression, expr: \"value + b > 150 and c < 90\", inputs: {b: DEV/p15, c: DEV/p16}",
	"points: DEV/p5, kind: frozen, window: 10m, with: [DEV/p17, DEV/p18]",
	"points: DEV/p6, kind: vote, vote: 2, limit: 90, deadband: 1, with: [DEV/p19, DEV/p20]",
	"points: DEV/p7, kind: count, side: high, limit: 90, deadband: 1, count: 3, window: 5m",
	"points: DEV/p8, kind: discrepancy, limit: 30, deadband: 1, with: [DEV/p21]",
	"points: DEV/p9, kind: expression, expr: \"mean([value, b, c])\", limit: 80, deadband: 1, inputs: {b: DEV/p22, c: DEV/p23}",
	"points: DEV/p10, kind: stale",
	"points: DEV/p11, kind: high-high, limit: 95, deadband: 1, suppress_when: {expr: \"off > 99\", inputs: {off: DEV/p24}, why: {ko: 정지, en: off}}",
	"points: DEV/p12, kind: low-low, limit: 5, deadband: 1",
}

const (
	mixedRules   = 50_000
	mixedDevices = 4000
)

// mixedSite is 4,000 devices of 25 points on 40 links, and 50,000 rules of 13 kinds, each of which is an entry of its own.
func mixedSite(b *testing.B) *facility.Site {
	b.Helper()
	var rules strings.Builder
	for i := range mixedRules {
		rule := strings.ReplaceAll(mixedKinds[i/mixedDevices], "DEV", fmt.Sprintf("big/r%d", i%mixedDevices))
		fmt.Fprintf(&rules, "  - {id: rule-%d, %s%s", i, rule, plainRule)
	}
	return benchSite(b, mixedDevices, 25, rules.String())
}

// benchSite loads a site of devices of one profile, a hundred on each link.
func benchSite(b *testing.B, devices, points int, rules string) *facility.Site {
	b.Helper()
	dir := b.TempDir()
	var p, s strings.Builder
	p.WriteString("profile: rack\nprotocol: modbus\npoints:\n")
	for i := range points {
		fmt.Fprintf(&p, "  - {name: p%d, unit: V, range: [0, 100], scan: 5s, fn: 3, address: %d, type: uint16}\n", i, i)
	}
	s.WriteString("id: big\nassets: [{id: big, kind: site}]\nlinks:\n")
	for l := range (devices + 99) / 100 {
		fmt.Fprintf(&s, "  - {id: l%d, protocol: modbus, address: \"127.0.0.1:%d\"}\n", l, 20000+l)
	}
	s.WriteString("devices:\n")
	for n := range devices {
		fmt.Fprintf(&s, "  - {id: big/r%d, asset: big, profile: rack, link: l%d, unit: %d}\n", n, n/100, n%100+1)
	}
	s.WriteString("alarms:\n" + rules)
	for _, d := range []string{"big", "profiles"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			b.Fatal(err)
		}
	}
	file := filepath.Join(dir, "big", "site.yaml")
	for name, text := range map[string]string{file: s.String(), filepath.Join(dir, "profiles", "rack.yaml"): p.String()} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	site, faults := facility.Load(file)
	if site == nil {
		b.Fatal(faults)
	}
	return site
}

// A site of 126,000 points is polled every 5 s, which is 25,200 changes a second, in batches of one
// device; one value in a hundred swings over its limit and back. Reported is how much of
// a core that takes.
func BenchmarkAlarms(b *testing.B) {
	measureAlarms(b, largeSite(b), largeRules+len(manyKinds)*largeDevices)
}

// The same with 100,000 points and 50,000 rules of every kind.
func BenchmarkAlarmsOfEveryKind(b *testing.B) { measureAlarms(b, mixedSite(b), mixedRules) }

func measureAlarms(b *testing.B, site *facility.Site, rules int) {
	e, err := NewAlarms(site)
	if err != nil {
		b.Fatal(err)
	}
	live := facility.NewLive(site.Points)
	now := time.Now()
	batches := make([][]facility.Sample, len(site.Devices))
	refs := make([][]facility.Ref, len(site.Devices))
	for d := range site.Devices {
		refs[d] = site.Devices[d].Refs
		batches[d] = make([]facility.Sample, len(refs[d]))
	}
	step := 5 * time.Second / time.Duration(len(site.Devices))
	records, changes := 0, 0
	var spent time.Duration
	round := func(n int) {
		for d := range batches {
			now = now.Add(step)
			for i := range batches[d] {
				v := 50.0
				if (int(refs[d][i])+n/3)%100 == 0 {
					v = 95
				}
				batches[d][i] = facility.Sample{Point: refs[d][i], Quality: facility.Good, Value: v, Seen: now, At: now}
			}
			live.Apply(batches[d])
			began := time.Now()
			records += len(e.Eval(now, live, refs[d]))
			spent += time.Since(began)
			changes += len(refs[d])
		}
	}
	round(0)
	records, changes, spent = 0, 0, 0
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		round(n)
	}
	perChange := float64(spent.Nanoseconds()) / float64(changes)
	b.ReportMetric(perChange, "ns/change")
	perSecond := float64(len(site.Points)) / 5
	b.ReportMetric(float64(records)/float64(n), "records/round")
	fmt.Printf("\n{\"bench\":\"alarms.rules\",\"points\":%d,\"rules\":%d,\"cores\":%.4f,\"changes_per_s\":%.0f,\"ns_per_change\":%.0f}\n",
		len(site.Points), rules, perChange*perSecond/1e9, perSecond, perChange)
}

// Ten thousand alarms at once: one link after the other reports every watched value over its limit.
func BenchmarkAlarmBurst(b *testing.B) {
	site := largeSite(b)
	live := facility.NewLive(site.Points)
	now := time.Now()
	var refs []facility.Ref
	var over []facility.Sample
	for i := range 10_000 {
		ref, _ := site.Ref(facility.PointID(fmt.Sprintf("big/r%d/p%d", i%4500, i/4500)))
		refs = append(refs, ref)
		over = append(over, facility.Sample{Point: ref, Quality: facility.Good, Value: 95, Seen: now, At: now})
	}
	for b.Loop() {
		b.StopTimer()
		e, err := NewAlarms(site)
		if err != nil {
			b.Fatal(err)
		}
		live.Apply(over)
		e.Eval(now, live, refs)
		b.StartTimer()
		if n := len(e.Eval(now.Add(5*time.Second), live, nil)); n != 10_000 {
			b.Fatalf("%d records of 10,000 alarms", n)
		}
	}
}
