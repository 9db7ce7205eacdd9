package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The flood: links, devices behind each, watched registers of each, and what they go to and come back to.
const (
	floodLinks     = 20
	floodUnits     = 5
	floodRegisters = 100
	floodOver      = 95
	floodCalm      = 50
)

// BenchmarkLatencyInAFlood is BenchmarkLatency with ten thousand alarms in the very scan that decides: they rise with
// one rack of each room and go with the next.
func BenchmarkLatencyInAFlood(b *testing.B) {
	f := startHotField(b, floodLinks)
	over := false
	for rack := 1; rack <= latencyRacks; rack++ {
		f.betweenScans()
		for room := range latencyRooms {
			f.plant.heat(room, rack, isolateTenths)
		}
		_ = sleepFor(b.Context(), 1500*time.Millisecond)
		f.betweenScans() // two scans were hot, the third decides
		over = !over
		f.plant.flood(over)
		_ = sleepFor(b.Context(), time.Second)
	}
	var stages, commands []time.Duration
	for _, at := range f.moments(b, "S1", isolateCoil) {
		stages, commands = append(stages, at.decided.Sub(at.visible)), append(commands, at.sent.Sub(at.visible))
	}
	alarms := f.tap.flooded()
	f.stop()
	slices.Sort(stages)
	slices.Sort(commands)
	const each = floodLinks * floodUnits * floodRegisters
	if stages[0] < 0 || commands[0] < 0 || alarms < each*(latencyRacks-1) {
		b.Fatalf("no figures: decided %v before the reading was sent, or commanded %v before; %d alarms of %d in %d floods", stages[0], commands[0], alarms, each, latencyRacks)
	}
	printFigures(b, map[string]any{"bench": "latency.flood", "changes": len(stages), "alarms": each,
		"stage_p50_ms": millis(middle(stages)), "stage_p99_ms": millis(atShare(stages, 0.99)),
		"command_p50_ms": millis(middle(commands)), "command_p99_ms": millis(atShare(commands, 0.99)), "command_max_ms": millis(commands[len(commands)-1])})
	b.ReportMetric(0, "ns/op")
}

// flood moves every watched register over its limit, or back.
func (p *hotPlant) flood(over bool) {
	value := uint16(floodCalm)
	if over {
		value = floodOver
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for link := 2 * latencyRooms; link < len(p.ln); link++ {
		for unit := 1; unit <= floodUnits; unit++ {
			for address := range floodRegisters {
				p.value[cell{link, unit, 3, address}] = value
			}
		}
	}
}

// floodSite is what a site has beside its battery rooms for a flood: links, devices and alarm rules.
func floodSite(addresses []string) (links, devices, alarms string) {
	var l, d, a strings.Builder
	for link, address := range addresses {
		fmt.Fprintf(&l, "  - {id: flood%d, protocol: modbus, address: %q, timeout: 500ms, max_backoff: 2s}\n", link, address)
		for unit := 1; unit <= floodUnits; unit++ {
			fmt.Fprintf(&d, "  - id: flood/l%[1]d-u%[2]d\n    asset: hot\n    link: flood%[1]d\n    unit: %[2]d\n    points:\n", link, unit)
			for n := range floodRegisters {
				fmt.Fprintf(&d, "      - {name: p%[1]d, unit: V, range: [0, 100], scan: 1s, fn: 3, address: %[1]d, type: uint16}\n", n)
			}
		}
	}
	if len(addresses) == 0 {
		return "", "", ""
	}
	a.WriteString("alarms:\n")
	for n := range floodRegisters {
		fmt.Fprintf(&a, "  - {id: over-%[1]d, points: \"flood/*/p%[1]d\", kind: high, limit: 90, deadband: 1, priority: 3, class: power, text: {ko: 높음, en: High}}\n", n)
	}
	return l.String(), d.String(), a.String()
}
