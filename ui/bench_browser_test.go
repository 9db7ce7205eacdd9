package ui

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"bongsu/facility"
)

const benchAlarms = 10_000

// BenchmarkBrowser opens the reference site's battery room in Chromium while every one of its 125,000 points
// changes each second, then the alarm list with 10,000 open alarms, and prints what the browser needs for a
// second of the one and to open the other. It needs Chromium, Node.js and a built console.
func BenchmarkBrowser(b *testing.B) {
	if _, err := os.Stat("web/node_modules/playwright-core"); err != nil {
		b.Skip("the console's npm packages are not installed")
	}
	site, faults := facility.Load("../sites/ansan/site.yaml")
	if site == nil {
		b.Fatal(faults)
	}
	users, err := OpenUsers(filepath.Join(b.TempDir(), "users.json"), true)
	if err != nil {
		b.Fatal(err)
	}
	model := NewModel(site, "ko")
	s, err := New(Config{Node: "n1", Build: "bench", Site: site, Model: model, Users: users, Acts: &fakeActs{}, Web: Embedded()})
	if err != nil {
		b.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { _ = s.Serve(ctx, ln) })
	parts.Go(func() { changeEverything(ctx, model, site) })
	defer parts.Wait()
	defer cancel()
	model.ApplyOpening(manyAlarms(site, benchAlarms), nil)

	cmd := exec.CommandContext(ctx, "node", "e2e/tick.mjs", "http://"+ln.Addr().String())
	cmd.Dir, cmd.Stderr = "web", os.Stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("the browser did not finish: %v", err)
	}
	var got struct{ P50, Max, Open, Asked, Server, Transfer, Draw, Whole, Script, Render float64 }
	if err := json.Unmarshal(out, &got); err != nil {
		b.Fatalf("the browser said %q: %v", out, err)
	}
	fmt.Printf("{\"bench\":\"ui.tick\",\"ms_p50\":%.1f,\"ms_max\":%.1f,\"points\":%d}\n", got.P50, got.Max, len(site.Points))
	// The medians of several openings: when the stream is asked for, its head, its first event, the first rows, and every row;
	// script and render are the main thread's, to the last row.
	fmt.Printf("{\"bench\":\"ui.alarms\",\"ms_open\":%.0f,\"asked_ms\":%.0f,\"server_ms\":%.0f,\"transfer_ms\":%.0f,\"draw_ms\":%.0f,\"whole_ms\":%.0f,\"script_ms\":%.0f,\"render_ms\":%.0f,\"alarms\":%d}\n",
		got.Open, got.Asked, got.Server, got.Transfer, got.Draw, got.Whole, got.Script, got.Render, benchAlarms)
	for b.Loop() {
		cancel() // what was measured above does not repeat
	}
}

// changeEverything has each point read another value every second, and each room's racks with them.
func changeEverything(ctx context.Context, model *Model, site *facility.Site) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for round := 0; ; round++ {
		model.ApplySamples(allNew(site, round))
		model.ApplyStatus(facility.FieldStatus{Node: "n1", Collecting: true, JournalOK: true, Rooms: warmRooms(site, round)})
		select {
		case <-ctx.Done():
			return
		case <-second.C:
		}
	}
}

func warmRooms(site *facility.Site, round int) (out []facility.FireRoomView) {
	for _, room := range site.Fire.Rooms {
		v := facility.FireRoomView{ID: room.ID, Asset: room.Asset, Stage: "S0", Mode: site.Fire.Mode}
		for i, rack := range room.Racks {
			hot, rate := 25+float64((i+round)%30)/10, 0.1
			channels := map[string]facility.FireChannelView{}
			for _, name := range []string{"RT", "BM", "TC"} {
				channels[name] = facility.FireChannelView{Point: rack.Points[name], Value: &hot, State: "good", Quality: facility.Good}
			}
			v.Racks = append(v.Racks, facility.FireRackView{ID: rack.ID, Asset: rack.Asset, Stage: "S0", Channels: channels, Hottest: &hot, RatePerMin: &rate})
		}
		out = append(out, v)
	}
	return out
}

func manyAlarms(site *facility.Site, n int) []facility.Alarm {
	now := time.Now()
	out := make([]facility.Alarm, n)
	for i := range out {
		p := site.Points[i*len(site.Points)/n]
		raised := now.Add(-time.Duration(i) * time.Second)
		out[i] = facility.Alarm{
			ID: fmt.Sprintf("bench/%d", i), Point: p.ID, Asset: p.Asset, Priority: 1 + i%4, State: facility.AlarmUnacked,
			Text: facility.Text{KO: "시험 경보", EN: "Test alarm"}, Raised: &raised, Active: true, Revision: 1,
		}
	}
	return out
}
