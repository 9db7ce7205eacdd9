package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// usage is the processors' time since the start of the machine, in ticks.
type usage struct{ busy, all float64 }

// used reads the machine's use; it is known on Linux only.
func used() (usage, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return usage{}, fmt.Errorf("read the machine's use: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(first)
	if len(fields) < 9 || fields[0] != "cpu" {
		return usage{}, fmt.Errorf("read the machine's use: %q", first)
	}
	var u usage
	// user nice system idle iowait irq softirq steal; the guests' time is in the first two already.
	for i, f := range fields[1:9] {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return usage{}, fmt.Errorf("read the machine's use: %w", err)
		}
		u.all += v
		if i != 3 && i != 4 {
			u.busy += v
		}
	}
	return u, nil
}

// share is the part of all processors that was busy between two readings.
func share(from, to usage) float64 {
	if to.all <= from.all {
		return 0
	}
	return (to.busy - from.busy) / (to.all - from.all)
}

// noise watches the machine for a while before a benchmark starts.
func noise(span time.Duration) (busy float64, err error) {
	from, err := used()
	if err != nil {
		return 0, err
	}
	time.Sleep(span)
	to, err := used()
	return share(from, to), err
}
