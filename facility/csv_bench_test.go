package facility

import (
	"bytes"
	"strings"
	"testing"
)

// A list of a large site goes out and comes back while a person waits for it.
func BenchmarkList126kPoints(b *testing.B) {
	site := load(b, writeLargeSite(b, 2000))
	for b.Loop() {
		var out bytes.Buffer
		if err := WritePoints(&out, site, ListOptions{}); err != nil {
			b.Fatal(err)
		}
		edited := strings.Replace(out.String(), ",V,analog,0,100,", ",V,analog,0,120,", 1000)
		plan, faults := PlanImport(site, "list.csv", []byte(edited))
		if plan == nil || len(plan.Changes) != 1000 {
			b.Fatalf("%v", faults)
		}
	}
}

func BenchmarkDiff126kPoints(b *testing.B) {
	file := writeLargeSite(b, 2000)
	old, now := load(b, file), load(b, file)
	for b.Loop() {
		if changes := Diff(old, now); len(changes) != 0 {
			b.Fatal(changes)
		}
	}
}
