package collectors

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/simulators"
	physics "bongsu/simulators/world"
)

// simulatedEdge is one rack whose inlets are told by the simulator's Sparkplug node, with us as its host.
const simulatedEdge = `id: hall
assets:
  - {id: hall, kind: site}
  - {id: hall/feed-a, kind: feed, parent: hall}
  - {id: hall/ups-a, kind: ups-zone, parent: hall}
  - {id: hall/b1, kind: battery-room, parent: hall/ups-a}
  - {id: hall/b1/r1, kind: battery-rack, parent: hall/b1}
  - {id: hall/h1, kind: it-hall, parent: hall}
  - {id: hall/h1/a1, kind: it-rack, parent: hall/h1}
links:
  - {id: plant, protocol: mqtt, address: "127.0.0.1:1883", sparkplug_host: bongsu, max_backoff: 100ms}
devices:
  - {id: hall/h1/a1/env, asset: hall/h1/a1, profile: sim-rack-inlet-edge, link: plant, topic: spBv1.0/hall/gw/a1}
`

// startPlant plays a site written here.
func startPlant(t *testing.T, text string) (*facility.Site, *simulators.Plant) {
	t.Helper()
	profiles, err := filepath.Abs("../sites/profiles")
	dir := t.TempDir()
	file := filepath.Join(dir, "site", "site.yaml")
	for _, err := range []error{err, os.Symlink(profiles, filepath.Join(dir, "profiles")), os.Mkdir(filepath.Dir(file), 0o755),
		os.WriteFile(file, []byte(text), 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	site, faults := facility.Load(file)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	plant, err := simulators.Start(ctx, site, simulators.Options{AnyPort: true, Log: slogDiscard()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = plant.Wait() // it was told to end
		awaitNothingLeft(t)
	})
	plant.Rewire(site)
	return site, plant
}

// A node that shares no code with us is born for its host, shows its values, and leaves nothing good behind when it
// dies; born again it is good again.
func TestTheSimulatorsEdgeNodeIsUnderstood(t *testing.T) {
	site, plant := startPlant(t, simulatedEdge)
	stop, tap := startAlone(t, site)
	t.Cleanup(stop)
	ref, ok := site.Ref("hall/h1/a1/env/inlet-middle")
	if !ok {
		t.Fatal("no point for the inlet")
	}
	s := tap.await(t, "a good inlet", of(ref, isGood))
	if s.Value < 15 || s.Value > 35 || time.Since(s.At) > time.Minute {
		t.Errorf("the inlet is %.1f degC, %v old", s.Value, time.Since(s.At))
	}
	id, err := plant.Inject(physics.Fault{Kind: "gateway-lost", Target: "hall/h1/a1/env"})
	if err != nil {
		t.Fatal(err)
	}
	dead := tap.await(t, "the death", of(ref, func(s facility.Sample) bool { return s.Quality == facility.Stale }))
	if dead.Value < 15 || dead.Reason != facility.CommsLost {
		t.Errorf("its death left %s", written(dead))
	}
	if err := plant.Clear(id); err != nil {
		t.Fatal(err)
	}
	tap.await(t, "the inlet of the node that came back", of(ref, isGood))
}
