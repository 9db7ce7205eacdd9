package main

import (
	"os"
	"runtime/debug"
	"time"

	"bongsu/facility"
	"bongsu/historian"
)

// How much of the past the history holds in memory before it writes it down.
const (
	longestBlock  = 2 * time.Hour
	shortestBlock = 30 * time.Minute
	blockSamples  = 100e6 // writing down 280 million at once was measured to take 1.4 GiB for a moment, 70 million 0.6
)

// historyOptions keeps what the site says, and lets the history of a large one write down less at once, and more often.
func historyOptions(site *facility.Site) historian.Options {
	block := longestBlock
	for block > shortestBlock && site.SampleRate()*block.Seconds() > blockSamples {
		block /= 2
	}
	keep := site.History.InUse()
	return historian.Options{Retention: keep.Samples, MinuteRetention: keep.Minutes, HourRetention: keep.Hours,
		MaxBytes: int64(keep.MaxBytes), RollupBytes: int64(keep.RollupBytes), Block: block}
}

// What a large site's desk lets its heap grow by before it is swept. It holds some 2 KiB a point for good and makes
// little that is new, so a sweep every few seconds is hundredths of a core, and each tenth not grown by is 20 MiB.
const (
	largeSite       = 50_000 // points
	largeSitesSweep = 25     // percent
)

// deskSweep is by how many percent the desk's heap may grow between two sweeps.
func deskSweep(points int) int {
	if points < largeSite {
		return gcPercent
	}
	return largeSitesSweep
}

// sweepForSite has this process sweep its heap as deskSweep says. GOGC goes before it.
func sweepForSite(site *facility.Site) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(deskSweep(len(site.Points)))
	}
}
