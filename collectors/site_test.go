package collectors

import (
	"path/filepath"
	"testing"

	"bongsu/facility"
)

// TestShippedSitesCanBePolled prepares every site of this repository: each point must have found its
// place in exactly one request or topic.
func TestShippedSitesCanBePolled(t *testing.T) {
	files, err := filepath.Glob("../sites/*/site.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no site files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			site, faults := facility.Load(file)
			if err := faults.Err(); err != nil {
				t.Fatal(err)
			}
			c, err := New(site, facility.NewBus(), slogDiscard(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			read := map[facility.Ref]int{}
			for _, d := range c.links {
				switch l := d.driver.(type) {
				case *modbusLink:
					for _, b := range l.blocks {
						for _, f := range b.fields {
							read[f.ref]++
						}
					}
				case *mqttLink:
					for _, r := range l.routes {
						for _, p := range r.points {
							read[p.ref]++
						}
					}
				}
			}
			for i, p := range site.Points {
				if read[facility.Ref(i)] != 1 {
					t.Errorf("point %s is read by %d requests", p.ID, read[facility.Ref(i)])
				}
			}
		})
	}
}
