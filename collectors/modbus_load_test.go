package collectors

import (
	"math"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

func TestLoadOfALinkIsKnownBeforeItIsPolled(t *testing.T) {
	points := []facility.PointDef{register("a", 0, time.Second), register("b", 1, time.Second), register("c", 9, 10*time.Second),
		{Name: "d", Kind: "binary", Function: 1, Address: at(0), Type: "bool", Scan: 100 * time.Millisecond}}
	unit := func(id, link string, n int) facility.Device {
		return facility.Device{ID: facility.DeviceID(id), Link: link, Unit: n, Points: points}
	}
	nine := &facility.SerialLine{Baud: 9600, DataBits: 8, StopBits: 1, Parity: "even"}
	site := buildSite([]facility.Link{
		{ID: "net", Protocol: "modbus", Address: "127.0.0.1:502", Timeout: 200 * time.Millisecond},
		{ID: "line", Protocol: "modbus", Address: "/dev/ttyS0", Framing: "rtu", Turnaround: 25 * time.Millisecond, Serial: nine},
		{ID: "text", Protocol: "modbus", Address: "127.0.0.1:503", Framing: "ascii", Serial: nine},
		{ID: "broker", Protocol: "mqtt"},
		{ID: "idle", Protocol: "modbus", Address: "127.0.0.1:504"},
	}, []facility.Device{unit("n1", "net", 1), unit("l1", "line", 1), unit("l2", "line", 2), unit("l3", "line", 3), unit("t1", "text", 1)})
	loads, err := Loads(site)
	if err != nil {
		t.Fatal(err)
	}
	// A character of 11 bits at 9600 baud takes 1.145833 ms. A question is 8 characters in RTU and 17 in
	// ASCII; an answer of one register 7 and 15, of two 9 and 19, of one coil 6 and 13.
	char := func(n float64) float64 { return n * 11 / 9600 }
	perUnit := 0.035 + char(8+9) + 0.1*(0.035+char(8+7)) + 10*(0.035+char(8+6))
	cycle := 3*0.035 + char(8+9+8+7+8+6)
	ascii := 3*0.010 + char(3*(17+3.5)+19+15+13) // without a gap of its own: the silence between two frames
	want := []LinkLoad{
		{Link: "net", Framing: "tcp", Units: 1, Points: 4, Requests: 3, Registers: 3, Coils: 1, PerSecond: 11.1, Load: 0.0555,
			Cycle: 15 * time.Millisecond, Worst: 15 * time.Millisecond},
		{Link: "line", Framing: "rtu", Baud: 9600, Units: 3, Points: 12, Requests: 9, Registers: 9, Coils: 3, PerSecond: 33.3, Load: 3 * perUnit,
			Cycle: seconds(3 * cycle), Worst: seconds(3*cycle + 3*0.5)},
		{Link: "text", Framing: "ascii", Baud: 9600, Units: 1, Points: 4, Requests: 3, Registers: 3, Coils: 1, PerSecond: 11.1,
			Load: 0.010 + char(20.5+19) + 0.1*(0.010+char(20.5+15)) + 10*(0.010+char(20.5+13)), Cycle: seconds(ascii), Worst: seconds(ascii)},
		{Link: "idle", Framing: "tcp"},
	}
	if len(loads) != len(want) {
		t.Fatalf("%d links, want %d", len(loads), len(want))
	}
	for i, got := range loads {
		w := want[i]
		near := math.Abs(got.PerSecond-w.PerSecond) < 1e-9 && math.Abs(got.Load-w.Load) < 1e-4 &&
			(got.Cycle-w.Cycle).Abs() < 50*time.Microsecond && (got.Worst-w.Worst).Abs() < 50*time.Microsecond
		got.PerSecond, got.Load, got.Cycle, got.Worst = w.PerSecond, w.Load, w.Cycle, w.Worst
		if !near || got != w {
			t.Errorf("got  %+v\nwant %+v", loads[i], w)
		}
	}
}

// What a fire command waits for follows from the link alone: a timeout where it is short, else the bound; the frames,
// the turnaround and the quiet of a slow line beside it.
func TestTheWaitOfFireCommandsIsKnownBefore(t *testing.T) {
	profile := &facility.Profile{Name: "io", Points: []facility.PointDef{register("x", 0, time.Second)},
		Commands: []facility.CommandDef{{Name: "set", Function: 6, Address: at(10), Feedback: "x"}}}
	slow := &facility.SerialLine{Baud: 300, DataBits: 8, StopBits: 1, Parity: "even"}
	site := buildSite([]facility.Link{
		{ID: "net", Protocol: "modbus", Address: "127.0.0.1:502", Timeout: 3 * time.Second},
		{ID: "quick", Protocol: "modbus", Address: "127.0.0.1:503", Timeout: 200 * time.Millisecond, OneConnection: true},
		{ID: "line", Protocol: "modbus", Address: "/dev/ttyS0", Framing: "rtu", Turnaround: 25 * time.Millisecond, Serial: slow},
		{ID: "without", Protocol: "modbus", Address: "127.0.0.1:504"},
		{ID: "broker", Protocol: "mqtt"},
	}, []facility.Device{{ID: "n", Profile: "io", Link: "net", Unit: 1}, {ID: "q", Profile: "io", Link: "quick", Unit: 1},
		{ID: "s", Profile: "io", Link: "line", Unit: 1}, {ID: "w", Profile: "io", Link: "without", Unit: 1}}, profile)
	if waits, err := FireWaits(site); err != nil || len(waits) != 0 {
		t.Fatalf("without a fire response: %v %v", waits, err)
	}
	site.Fire = &facility.FireSite{Commands: map[string]facility.CommandID{"FD_CALL": "n/set"},
		Rooms: []facility.FireRoom{{Commands: map[string]facility.CommandID{"EVAC_ALARM": "q/set"}, Racks: []facility.FireRack{{Commands: map[string]facility.CommandID{"WATER": "s/set"}}}}}}
	waits, err := FireWaits(site)
	if err != nil || len(waits) != 3 {
		t.Fatalf("%v %v", waits, err)
	}
	// A character of 11 bits at 300 baud takes 37 ms; the longest order of ours is 17 of them in RTU, its answer 8.
	char := 11.0 / 300
	want := []FireWait{
		{Link: "net", Framing: "tcp", Commands: 1, Worst: yieldMost + AssumedTCP},
		{Link: "quick", Framing: "tcp", Commands: 1, Worst: 200*time.Millisecond + reopenPause + AssumedTCP},
		{Link: "line", Framing: "rtu", Serial: true, Commands: 1, Worst: seconds(0.5+char*(17+8)+2*char*3.5) + drainTime},
	}
	for i, w := range waits {
		if (w.Worst - want[i].Worst).Abs() > 50*time.Microsecond {
			t.Errorf("link %s: %v, want %v", w.Link, w.Worst, want[i].Worst)
		}
		if w.Worst = want[i].Worst; w != want[i] {
			t.Errorf("got  %+v\nwant %+v", w, want[i])
		}
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func TestLoadNamesEveryLinkThatCannotBeRead(t *testing.T) {
	wide := register("wide", 0, time.Second)
	wide.Type = "float64"
	site := buildSite([]facility.Link{
		{ID: "small", Protocol: "modbus", Address: "127.0.0.1:502"},
		{ID: "frames", Protocol: "modbus", Address: "127.0.0.1:503", Framing: "x"},
		{ID: "fine", Protocol: "modbus", Address: "127.0.0.1:504"},
	}, []facility.Device{{ID: "d", Link: "small", Unit: 1, Profile: "two"}}, &facility.Profile{Name: "two", MaxWords: 2, Points: []facility.PointDef{wide}})
	loads, err := Loads(site)
	if err == nil || len(loads) != 1 || !strings.Contains(err.Error(), "link small: unit 1: point d/wide") || !strings.Contains(err.Error(), "link frames") {
		t.Errorf("%d links, %v", len(loads), err)
	}
}
