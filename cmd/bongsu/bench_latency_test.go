package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bongsu/collectors"
	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules"
)

// The room of a latency run: as many racks behind a gateway as the demo has, five rooms at once.
const (
	latencyRooms   = 5
	latencyRacks   = 8
	latencyRounds  = 2
	roomIO         = 100 // unit of the room's own inputs and outputs
	cameraUnit     = 100 // a rack's camera is this much above its rack
	decidingScan   = 3   // over the limit for the third scan in a row
	normalTenths   = 250 // 25 degrees Celsius
	cellRegister   = 0x210A
	isolateCoil    = 0
	patchCoil      = 3
	isolateTenths  = 610 // over the first threshold, 60 degrees, and under the second
	patchTenths    = 700 // over the second, 68, and under the third
	patienceOfPass = 15 * time.Second
)

// BenchmarkLatency heats one rack after the other in five rooms, over real Modbus on loopback, into a stage. It
// starts to count when the device sends the reading that decides, the third over the limit of the second of two
// channels, and stops when the rules hand the stage to the journal, and when the stage's command arrives at the
// device: reading, decoding, the rest of the scan, judging, the journal's fsync, queueing and writing are in it. What
// each part of that takes stands beside it, and what this machine takes meanwhile for nothing but a timer and a question
// over loopback.
func BenchmarkLatency(b *testing.B) {
	floor := measureFloor(b)
	var all []moment
	for range latencyRounds {
		f := startHotField(b, 0)
		for _, pass := range []struct {
			tenths uint16
			stage  string
			coil   int
		}{{isolateTenths, "S1", isolateCoil}, {patchTenths, "S2", patchCoil}} {
			for rack := 1; rack <= latencyRacks; rack++ {
				f.betweenScans()
				for room := range latencyRooms {
					f.plant.heat(room, rack, pass.tenths)
				}
				_ = sleepFor(b.Context(), time.Second)
			}
			all = append(all, f.moments(b, pass.stage, pass.coil)...)
		}
		f.stop()
	}
	// On a machine that is too busy to scan in time a tick comes at its limit and counts what it had for a scan more.
	early := len(all)
	all = slices.DeleteFunc(all, func(at moment) bool { return at.decided.Before(at.visible) })
	if early -= len(all); early > len(all) {
		b.Fatalf("no figures: %d of %d were decided before the reading that decides", early, early+len(all))
	}
	spans := func(name string, figures map[string]any, span func(moment) time.Duration) []time.Duration {
		var list []time.Duration
		for _, at := range all {
			list = append(list, span(at))
		}
		slices.Sort(list)
		figures[name+"p50_ms"], figures[name+"p99_ms"] = millis(middle(list)), millis(atShare(list, 0.99))
		return list
	}
	stage, command := map[string]any{"bench": "latency.stage"}, map[string]any{"bench": "latency.command"}
	stages := spans("", stage, func(at moment) time.Duration { return at.decided.Sub(at.visible) })
	commands := spans("", command, func(at moment) time.Duration { return at.sent.Sub(at.visible) })
	spans("journalled_", stage, func(at moment) time.Duration { return at.written.Sub(at.visible) })
	spans("rest_of_scan_", stage, func(at moment) time.Duration { return at.scanned.Sub(at.visible) })
	spans("judging_", stage, func(at moment) time.Duration { return at.decided.Sub(at.scanned) })
	spans("writing_", command, func(at moment) time.Duration { return at.written.Sub(at.decided) })
	spans("sending_", command, func(at moment) time.Duration { return at.sent.Sub(at.written) })
	nothing := floor()
	for figures, list := range map[*map[string]any][]time.Duration{&stage: stages, &command: commands} {
		more := map[string]any{"max_ms": millis(list[len(list)-1]), "changes": len(all), "early": early, "racks": latencyRooms * latencyRacks, "racks_per_link": latencyRacks,
			"floor_p50_ms": millis(middle(nothing)), "floor_p99_ms": millis(atShare(nothing, 0.99))}
		maps.Copy(*figures, more)
	}
	printFigures(b, stage)
	printFigures(b, command)
	b.ReportMetric(0, "ns/op")
}

func sleepFor(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hotField is the field's parts, wired as the field process wires them, on a plant whose racks can be heated.
type hotField struct {
	plant *hotPlant
	tap   *stageTap
	stop  func()
}

func startHotField(b *testing.B, more int) *hotField {
	b.Helper()
	plant := startHotPlant(b, 2*latencyRooms+more)
	site := hotSite(b, plant.addresses())
	plant.learn(site)
	dir, log := b.TempDir(), slog.New(slog.NewTextHandler(io.Discard, nil))
	book, err := journal.Open(filepath.Join(dir, "journal"), journal.Options{Logger: log})
	if err != nil {
		b.Fatal(err)
	}
	ids := make([]facility.PointID, len(site.Points))
	for i, p := range site.Points {
		ids[i] = p.ID
	}
	spool, err := journal.OpenSpool(filepath.Join(dir, "spool"), ids, journal.SpoolOptions{Logger: log})
	if err != nil {
		b.Fatal(err)
	}
	bus, live, room := facility.NewBus(), facility.NewLive(site.Points), 8*len(site.Points)+10_000
	wire, err := collectors.New(site, bus, log, collectors.Options{})
	if err != nil {
		b.Fatal(err)
	}
	filler := newSpooler(bus.Subscribe("spool", facility.KeepOrder, room), spool, log)
	tap := &stageTap{to: book, seen: map[string]stageMoment{}}
	engine, err := rules.NewEngine(rules.EngineConfig{Site: site, Live: live, Reader: bus.Subscribe("rules", facility.KeepOrder, room), Journal: tap,
		Gap: func() bool { _, gap := book.Gap(); return gap }, Commander: commander{wire}, Report: func([]facility.FireRoomView) {}, Node: "bench", Log: log})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	for _, run := range []func(context.Context) error{book.Run, spool.Run, filler.run, wire.Run, engine.Run} {
		parts.Go(func() {
			if err := run(ctx); err != nil {
				b.Error(err)
			}
		})
	}
	f := &hotField{plant: plant, tap: tap, stop: sync.OnceFunc(func() {
		cancel()
		parts.Wait()
		_ = book.Close()
		_ = spool.Close()
		plant.close()
	})}
	b.Cleanup(f.stop)
	_ = sleepFor(b.Context(), 5*time.Second) // the channels are healthy only after some scans
	return f
}

// betweenScans waits for the middle between two scans, so that both channels of a rack get hot in the same one.
func (f *hotField) betweenScans() {
	for {
		wait := time.Until(f.plant.lastScan().Add(500 * time.Millisecond))
		if wait > 0 {
			time.Sleep(wait)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// moment is one change on its way.
type moment struct {
	visible       time.Time // the device sends the reading that decides
	scanned       time.Time // and the last one of the scan, which is judged as a whole
	decided       time.Time // the rules hand the stage to the journal
	written, sent time.Time // the journal has it; the command arrives at the device
}

// moments gathers the changes of every rack into a stage; each must have come through.
func (f *hotField) moments(b *testing.B, stage string, coil int) (out []moment) {
	b.Helper()
	for room := range latencyRooms {
		for rack := 1; rack <= latencyRacks; rack++ {
			name := fmt.Sprintf("B%d-R%d", room+1, rack)
			var at moment
			eventually(b, patienceOfPass, name+" reaches "+stage+" and its command is on the wire", func() bool {
				seen, ok := f.tap.moment(name, stage)
				at.decided, at.written = seen.decided, seen.written
				var hot, sent bool
				at.visible, hot = f.plant.decided(room, rack)
				at.sent, sent = f.plant.commanded(room, rack, coil)
				at.scanned = f.plant.scanned(at.decided)
				return ok && hot && sent
			})
			out = append(out, at)
		}
	}
	return out
}

// stageTap notes when stages are handed to the journal and when it has them.
type stageTap struct {
	to     *journal.Log
	mu     sync.Mutex
	seen   map[string]stageMoment
	alarms int // entries of alarm rules
}

func (s *stageTap) flooded() int { s.mu.Lock(); defer s.mu.Unlock(); return s.alarms }

type stageMoment struct{ decided, written time.Time }

// AppendWithin hands everything on.
func (s *stageTap) AppendWithin(limit time.Duration, drafts ...journal.Draft) ([]journal.Entry, error) {
	decided := time.Now()
	entries, err := s.to.AppendWithin(limit, drafts...)
	written := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range drafts {
		var c struct{ Rack, To string }
		if d.Kind == rules.KindAlarm && strings.HasPrefix(d.Subject, "over-") {
			s.alarms++
		}
		if d.Kind != rules.KindStage {
			continue
		}
		if text, err := json.Marshal(d.Data); err == nil && json.Unmarshal(text, &c) == nil && c.Rack != "" {
			s.seen[c.Rack+" "+c.To] = stageMoment{decided, written}
		}
	}
	return entries, err
}

func (s *stageTap) moment(rack, stage string) (stageMoment, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.seen[rack+" "+stage]
	return m, ok
}

// hotSite is a site of battery rooms, per room a gateway of the cells and one of the fire inputs and outputs; what
// addresses are left carry a flood.
func hotSite(b *testing.B, addresses []string) *facility.Site {
	b.Helper()
	dir := b.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "profiles"), os.DirFS("../../sites/profiles")); err != nil {
		b.Fatal(err)
	}
	var assets, links, devices, rooms strings.Builder
	for n := range latencyRooms {
		fmt.Fprintf(&assets, "  - {id: hot/b%[1]d, kind: battery-room, name: {ko: B%[1]d, en: B%[1]d}, parent: hot/z}\n", n+1)
		fmt.Fprintf(&links, "  - {id: bms%d, protocol: modbus, address: %q, timeout: 500ms, max_backoff: 2s}\n  - {id: io%d, protocol: modbus, address: %q, timeout: 500ms, max_backoff: 2s}\n",
			n+1, addresses[2*n], n+1, addresses[2*n+1])
		fmt.Fprintf(&assets, "  - {each: {n: 1-%[2]d}, id: \"hot/b%[1]d/r{n}\", kind: battery-rack, name: {ko: \"R{n}\", en: \"R{n}\"}, parent: hot/b%[1]d, row: 1, col: \"{n}\"}\n", n+1, latencyRacks)
		fmt.Fprintf(&devices, "  - {id: hot/b%[1]d/io, asset: hot/b%[1]d, profile: sim-room-io, link: io%[1]d, unit: %[2]d}\n", n+1, roomIO)
		for rack := 1; rack <= latencyRacks; rack++ {
			fmt.Fprintf(&devices, "  - {id: hot/b%[1]d/r%[2]d/bms, asset: hot/b%[1]d/r%[2]d, profile: sim-bms, link: bms%[1]d, unit: %[2]d}\n"+
				"  - {id: hot/b%[1]d/r%[2]d/io, asset: hot/b%[1]d/r%[2]d, profile: sim-rack-io, link: io%[1]d, unit: %[2]d}\n"+
				"  - {id: hot/b%[1]d/r%[2]d/cam, asset: hot/b%[1]d/r%[2]d, link: bms%[1]d, unit: %[3]d, points: "+
				"[{name: max, label: {ko: c, en: c}, unit: degC, range: [-40, 200], scan: 1s, digits: 1, fn: 4, address: 0, type: int16, scale: 0.1}]}\n", n+1, rack, cameraUnit+rack)
		}
		fmt.Fprintf(&rooms, hotRoom, n+1, latencyRacks)
	}
	moreLinks, moreDevices, alarms := floodSite(addresses[2*latencyRooms:])
	text := "id: hot\nname: {ko: 뜨거운 곳, en: Hot}\ncomms: {after: 10s, priority: 3}\nassets:\n  - {id: hot, kind: site, name: {ko: H, en: H}}\n  - {id: hot/z, kind: ups-zone, name: {ko: Z, en: Z}, parent: hot}\n" +
		assets.String() + "links:\n" + links.String() + moreLinks + "devices:\n" + devices.String() + moreDevices + alarms +
		"fire:\n  mode: executor\n  commands: {FD_CALL: hot/b1/io/fd-call, AUTHORITY_HANDOVER: hot/b1/io/authority-handover, POWER_CUT: hot/b1/io/power-cut}\n  rooms:\n" + rooms.String()
	file := filepath.Join(dir, "hot", "site.yaml")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	site, faults := facility.Load(file)
	if err := faults.Err(); err != nil {
		b.Fatal(err)
	}
	return site
}

// hotRoom is one room of the fire response; its racks are named after it, since rooms share no names.
const hotRoom = `    - id: B%[1]d
      asset: hot/b%[1]d
      points: {ASD: hot/b%[1]d/io/asd-stage, LEL: hot/b%[1]d/io/lfl, OCC: hot/b%[1]d/io/occupancy, ABORT: hot/b%[1]d/io/abort, MANUAL_STATION: hot/b%[1]d/io/manual-station, PARTNER_OK: hot/b%[1]d/io/partner-ok}
      commands: {EVAC_ALARM: hot/b%[1]d/io/evac-alarm, HVAC_STOP: hot/b%[1]d/io/hvac-stop, DRAIN_TO_TANK: hot/b%[1]d/io/drain-to-tank, ZONE_DC_TRIP: hot/b%[1]d/io/zone-dc-trip, EXHAUST_ON: hot/b%[1]d/io/exhaust-on, EXHAUST_OFF: hot/b%[1]d/io/exhaust-off, DAMPER_CLOSE: hot/b%[1]d/io/damper-close, GAS_PRE_ALARM: hot/b%[1]d/io/gas-pre-alarm, GAS_RELEASE: hot/b%[1]d/io/gas-release, GAS_RESERVE: hot/b%[1]d/io/gas-reserve}
      racks:
        - each: {n: 1-%[2]d}
          id: "B%[1]d-R{n}"
          asset: "hot/b%[1]d/r{n}"
          points: {RT: "hot/b%[1]d/r{n}/io/rt", BM: "hot/b%[1]d/r{n}/bms/t-max", TC: "hot/b%[1]d/r{n}/cam/max", BM2: "hot/b%[1]d/r{n}/bms/t-second", MED: "hot/b%[1]d/r{n}/bms/t-median", SM: "hot/b%[1]d/r{n}/io/smoke-alarm", OG: "hot/b%[1]d/r{n}/io/offgas-alarm", ARC: "hot/b%[1]d/r{n}/bms/short"}
          commands: {CHG_STOP: "hot/b%[1]d/r{n}/io/chg-stop", ISOLATE: "hot/b%[1]d/r{n}/io/isolate", ISOLATE_BKP: "hot/b%[1]d/r{n}/io/isolate-bkp", CURTAIN: "hot/b%[1]d/r{n}/io/curtain", PATCH: "hot/b%[1]d/r{n}/io/patch", NOZZLE: "hot/b%[1]d/r{n}/io/nozzle", WATER: "hot/b%[1]d/r{n}/io/water", WATER_BKP: "hot/b%[1]d/r{n}/io/water-bkp"}
`
