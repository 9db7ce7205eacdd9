package main

import (
	"testing"
	"time"

	"bongsu/facility"
)

// A small site's history is written down in large pieces, the reference site's in small ones.
func TestHistoryBlocksFollowTheSite(t *testing.T) {
	for _, c := range []struct {
		file string
		want time.Duration
	}{{"../../sites/demo/site.yaml", 2 * time.Hour}, {"../../sites/ansan/site.yaml", 30 * time.Minute}} {
		site, faults := facility.Load(c.file)
		if err := faults.Err(); err != nil {
			t.Fatal(err)
		}
		if got := historyOptions(site).Block; got != c.want {
			t.Errorf("%s brings %.0f values a second and its history writes down %v at once, want %v", c.file, samplesPerSecond(site), got, c.want)
		}
	}
}
