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
			t.Errorf("%s brings %.0f values a second and its history writes down %v at once, want %v", c.file, site.SampleRate(), got, c.want)
		}
	}
}

// Only a large site's desk pays for its memory with more sweeps.
func TestDeskSweepsFollowTheSite(t *testing.T) {
	for file, want := range map[string]int{"../../sites/demo/site.yaml": gcPercent, "../../sites/ansan/site.yaml": largeSitesSweep} {
		site, faults := facility.Load(file)
		if err := faults.Err(); err != nil {
			t.Fatal(err)
		}
		if got := deskSweep(len(site.Points)); got != want {
			t.Errorf("%s has %d points and its desk's heap may grow by %d %%, want %d", file, len(site.Points), got, want)
		}
	}
}

// What the site file says of the past reaches the store, and what it leaves out keeps its default.
func TestHistoryKeepsWhatTheSiteSays(t *testing.T) {
	site := &facility.Site{History: facility.KeepHistory{Samples: 100 * time.Hour, MaxBytes: 5e9}}
	got := historyOptions(site)
	if got.Retention != 100*time.Hour || got.MaxBytes != 5e9 || got.MinuteRetention != 366*24*time.Hour || got.RollupBytes != 20<<30 {
		t.Errorf("the store is opened with %+v", got)
	}
}

// The spool has the size the site lays down, but never all of its disk: the journal is on it too.
func TestSpoolHasTheSizeTheSiteSays(t *testing.T) {
	const gib = int64(1) << 30
	for _, c := range []struct {
		name       string
		said       int64 // bytes laid down
		free, held int64
		want       int64
	}{
		{"nothing said, small site", 0, 100 * gib, 0, leastSpool},
		{"nothing said, small disk", 0, gib, 0, gib / 2},
		{"what the spool holds already is its own", 0, gib, gib / 2, 3 * gib / 4},
		{"said", 20 * gib, 100 * gib, 0, 20 * gib},
		{"said, more than half of the disk", 80 * gib, 100 * gib, 0, 80 * gib},
		{"said, more than the disk has", 80 * gib, 10 * gib, 0, 9 * gib},
		{"the disk cannot be asked", 80 * gib, -1, 0, 80 * gib},
	} {
		site := &facility.Site{Spool: facility.KeepSpool{MaxBytes: facility.Bytes(c.said)}, Points: []facility.Point{{Scan: time.Second}}}
		if got, _ := spoolSize(site, c.free, c.held); got != c.want {
			t.Errorf("%s: %d bytes, want %d", c.name, got, c.want)
		}
	}
}
