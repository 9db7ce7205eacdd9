package simulators

import (
	"fmt"
	"testing"
	"time"

	"bongsu/simulators/world"
)

// BenchmarkDemo runs the demo's whole plant in virtual time, as fast as it goes on one core: quiet first,
// then with a burning rack, where every step is finer. Nobody polls it and it listens nowhere.
func BenchmarkDemo(b *testing.B) {
	measure := func(burning bool, enough func(moved, took time.Duration) bool) float64 {
		p, err := newPlant(loadDemo(b), Options{Speed: maxSpeed})
		if err != nil {
			b.Fatal(err)
		}
		if burning {
			if _, err := p.Inject(world.Fault{Kind: world.BatteryFire, Target: "demo/b1/r3"}); err != nil {
				b.Fatal(err)
			}
		}
		p.advance(time.Second)
		from, began := p.world.Now(), time.Now()
		for !enough(p.world.Now()-from, time.Since(began)) {
			p.advance(tick)
		}
		return (p.world.Now() - from).Seconds() / time.Since(began).Seconds()
	}
	quiet := measure(false, func(_, took time.Duration) bool { return took >= 3*time.Second })
	burning := measure(true, func(moved, _ time.Duration) bool { return moved >= 20*time.Minute })
	fmt.Printf("\n{\"bench\":\"sim.demo\",\"x_realtime\":%.0f,\"burning_x_realtime\":%.0f}\n", quiet, burning)
	b.ReportMetric(0, "ns/op")
}
