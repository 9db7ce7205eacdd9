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

// historyOptions lets the history of a large site write down less at once, and more often.
func historyOptions(site *facility.Site) historian.Options {
	block := longestBlock
	for block > shortestBlock && samplesPerSecond(site)*block.Seconds() > blockSamples {
		block /= 2
	}
	return historian.Options{Block: block}
}
