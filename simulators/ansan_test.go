package simulators_test

import (
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/simulators"
	"bongsu/simulators/world"
)

// ansan reads the reference site once for all tests: it is large, and none of them changes it.
var ansan = sync.OnceValues(func() (*facility.Site, error) {
	site, faults := facility.Load("../sites/ansan/site.yaml")
	return site, faults.Err()
})

func loadAnsan(t testing.TB) *facility.Site {
	t.Helper()
	site, err := ansan()
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// The reference site is what the figures of the whole are held against: its size is part of the contract.
func TestReferenceSiteHasItsSize(t *testing.T) {
	site := loadAnsan(t)
	if n := len(site.Points); n < 120_000 || n > 132_000 {
		t.Errorf("%d points, want about 126,000", n)
	}
	kinds := map[string]int{}
	for i := range site.Assets {
		kinds[site.Assets[i].Kind]++
	}
	for kind, want := range map[string]int{"battery-rack": 224, "it-rack": 4000, "ups-zone": 4, "feed": 2, "battery-room": 8, "ups-room": 4} {
		if kinds[kind] != want {
			t.Errorf("%d of kind %s, want %d", kinds[kind], kind, want)
		}
	}
	ports := map[int]string{}
	for _, l := range site.Links {
		host, text, err := net.SplitHostPort(l.Address)
		port, perr := strconv.Atoi(text)
		if err != nil || perr != nil || host != "127.0.0.1" || ports[port] != "" ||
			(port < 20000 || port > 24999) && (l.Protocol != "mqtt" || port != 11883) {
			t.Errorf("link %s stands at %s, which %q has or which is none of the simulator's", l.ID, l.Address, ports[port])
		}
		ports[port] = l.ID
	}
}

// Nothing hangs in the air: each IT rack has two cords on two zones, each battery rack its three channels and its
// place in the fire response of its own room, each room a zone, each device's asset a parent up to the site.
func TestReferenceSiteIsClosed(t *testing.T) {
	site := loadAnsan(t)
	for i := range site.Assets {
		a := &site.Assets[i]
		for up := a; up.ID != "ansan"; {
			if up = site.Asset(up.Parent); up == nil {
				t.Fatalf("%s leads nowhere", a.ID)
			}
		}
	}
	l, err := world.NewLayout(site)
	if err != nil {
		t.Fatal(err)
	}
	cords := map[string]world.ITRackConfig{}
	for _, r := range l.Config.ITRacks {
		cords[r.ID] = r
		if r.ZoneA == "" || r.ZoneB == "" || r.ZoneA == r.ZoneB || l.Partner[r.ZoneA] != r.ZoneB {
			t.Errorf("rack %s has its cords on %q and %q", r.ID, r.ZoneA, r.ZoneB)
		}
	}
	fire := map[facility.AssetID]facility.FireRack{}
	rooms := map[facility.AssetID]facility.FireRoom{}
	for _, room := range site.Fire.Rooms {
		rooms[room.Asset] = room
		for _, rack := range room.Racks {
			fire[rack.Asset] = rack
			if site.Asset(rack.Asset).Parent != room.Asset {
				t.Errorf("rack %s stands in %s and answers to room %s", rack.ID, site.Asset(rack.Asset).Parent, room.ID)
			}
		}
	}
	for i := range site.Assets {
		a := &site.Assets[i]
		switch a.Kind {
		case "it-rack":
			if cords[string(a.ID)].ID == "" {
				t.Errorf("rack %s has no cords", a.ID)
			}
		case "battery-room", "ups-room":
			if up := site.Asset(a.Parent); up.Kind != "ups-zone" || a.Kind == "battery-room" && rooms[a.ID].ID == "" {
				t.Errorf("room %s hangs under %s and has the fire entry %q", a.ID, up.ID, rooms[a.ID].ID)
			}
		case "battery-rack":
			if r := fire[a.ID]; len(r.Points) != 8 || len(r.Commands) != 8 {
				t.Errorf("rack %s has %d inputs and %d outputs in the fire response", a.ID, len(r.Points), len(r.Commands))
			}
			for _, point := range fire[a.ID].Points {
				if !strings.HasPrefix(string(point), string(a.ID)+"/") {
					t.Errorf("rack %s is judged by %s", a.ID, point)
				}
			}
		}
	}
}

// Every device of every profile is played, and every one of its points reads as its profile says, within its range.
func TestReferenceSiteIsPlayed(t *testing.T) {
	site := loadAnsan(t)
	plant, err := simulators.NewStill(site)
	if err != nil {
		t.Fatal(err)
	}
	plant.Advance(3 * time.Second)
	s := &scanner{t: t, site: site, plant: plant}
	heard, now := map[string][]byte{}, time.Now()
	for _, said := range plant.Links().Say(now, 0) {
		heard[said.Topic] = said.Payload
	}
	s.lastSeq = map[facility.Ref]uint64{}
	for i := range site.Devices {
		dev := &site.Devices[i]
		shown, ok := plant.Links().Show(dev.ID)
		for _, ref := range dev.Refs {
			p, out := &site.Points[ref], facility.Sample{}
			switch {
			case dev.Topic != "":
				out = s.payload(ref, heard[dev.Topic+"/"+p.Def.Topic], now)
			case ok:
				s.decode(p, dev.Base, shown, &out)
			}
			if out.Quality != facility.Good {
				t.Errorf("%s reads %v %v %v", p.ID, out.Value, out.Quality, out.Reason)
			}
		}
		if t.Failed() {
			t.FailNow() // the other devices of this profile would say the same
		}
	}
}
