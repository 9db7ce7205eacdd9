package wire

import (
	"math"
	"testing"

	"bongsu/simulators/world"
)

// Each condition sets its own bit of the two alarm words, and nothing else; a value that does not exist sets none.
func TestBMSAlarmBits(t *testing.T) {
	sound := world.RackReading{BMSC: 25, BMSMinC: 24, StringV: 564, SOCPercent: 100, InsulationK: 4000, CellMaxMV: 4155, CellMinMV: 4145}
	nan := math.NaN()
	cases := []struct {
		name     string
		change   func(*world.RackReading)
		one, two uint16
	}{
		{name: "sound", change: func(*world.RackReading) {}},
		{name: "cell high", change: func(r *world.RackReading) { r.CellMaxMV, r.CellMinMV = 4300, 4290 }, one: 1 << 0},
		{name: "cell very high", change: func(r *world.RackReading) { r.CellMaxMV, r.CellMinMV = 4400, 4390 }, one: 1 << 0, two: 1 << 0},
		{name: "string high", change: func(r *world.RackReading) { r.StringV = 580 }, one: 1 << 1},
		{name: "charge current", change: func(r *world.RackReading) { r.CurrentA = -50 }, one: 1 << 2},
		{name: "charge current far too high", change: func(r *world.RackReading) { r.CurrentA = -80 }, one: 1 << 2, two: 1 << 2},
		{name: "cell low", change: func(r *world.RackReading) { r.CellMaxMV, r.CellMinMV = 2990, 2980 }, one: 1 << 3},
		{name: "string low", change: func(r *world.RackReading) { r.StringV = 420 }, one: 1 << 4},
		{name: "string empty", change: func(r *world.RackReading) { r.StringV = 400 }, one: 1 << 4, two: 1 << 4},
		{name: "discharge current", change: func(r *world.RackReading) { r.CurrentA = 430 }, one: 1 << 5},
		{name: "hot on charge", change: func(r *world.RackReading) { r.Charge, r.BMSC, r.BMSMinC = world.Charging, 52, 50 }, one: 1 << 6},
		{name: "cold on charge", change: func(r *world.RackReading) { r.Charge, r.BMSC, r.BMSMinC = world.Charging, 6, 3 }, one: 1 << 7},
		{name: "little charge", change: func(r *world.RackReading) { r.SOCPercent = 80 }, one: 1 << 8},
		{name: "one warm cell", change: func(r *world.RackReading) { r.BMSC = 36 }, one: 1 << 9},
		{name: "cells apart", change: func(r *world.RackReading) { r.CellMinMV = 4050 }, one: 1 << 11},
		{name: "insulation low", change: func(r *world.RackReading) { r.InsulationK = 300 }, one: 1 << 12},
		{name: "insulation gone", change: func(r *world.RackReading) { r.InsulationK = 50 }, one: 1 << 12, two: 1 << 12},
		{name: "hot at rest", change: func(r *world.RackReading) { r.BMSC, r.BMSMinC = 62, 60 }, one: 1 << 14, two: 1 << 14},
		{name: "cold on discharge", change: func(r *world.RackReading) { r.Charge, r.BMSC, r.BMSMinC = world.Discharging, -1, -2 }, one: 1 << 15},
		{name: "no values", change: func(r *world.RackReading) {
			*r = world.RackReading{BMSC: nan, BMSMinC: nan, StringV: nan, CurrentA: nan, SOCPercent: nan, InsulationK: nan, CellMaxMV: nan, CellMinMV: nan}
		}},
	}
	for _, c := range cases {
		r := sound
		c.change(&r)
		if two, one := bmsAlarms(&r); one != c.one || two != c.two {
			t.Errorf("%s: level 1 %#x, level 2 %#x; want %#x and %#x", c.name, one, two, c.one, c.two)
		}
	}
}
