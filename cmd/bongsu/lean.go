package main

import (
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
