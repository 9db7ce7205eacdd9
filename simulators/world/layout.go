package world

import (
	"fmt"
	"slices"

	"bongsu/facility"
)

// normalLoad is the share of its rating a UPS zone carries on an ordinary day. Two zones of a pair must
// be able to stand in for each other below 95 %, so it stays well under a half.
const normalLoad = .40

// Layout is a site as the physics needs it: which asset belongs to which, and the world's configuration.
type Layout struct {
	Config   Config
	assets   map[facility.AssetID]*facility.Asset
	RoomZone map[string]string
	Partner  map[string]string

	// Only what the site itself names, in its order: not the unseen partner zones.
	Racks, Rooms, Zones, Feeds []string
}

// NewLayout reads the assets of a site. A battery room hangs under the UPS zone its racks feed; the first
// feed is the normal source. Zones stand in pairs, and a zone without a partner gets an unseen one with a
// battery room like its own: the rest of the building, which carries the second cord of every IT rack.
func NewLayout(site *facility.Site) (*Layout, error) {
	l := &Layout{Config: DefaultConfig(), assets: map[facility.AssetID]*facility.Asset{},
		RoomZone: map[string]string{}, Partner: map[string]string{}}
	l.Config.Site, l.Config.Seed = site.ID, uint64(site.Sim.Seed)
	children := map[facility.AssetID][]string{}
	var halls []string
	racksIn := map[string][]string{}
	for i := range site.Assets {
		a := &site.Assets[i]
		id := string(a.ID)
		l.assets[a.ID] = a
		switch a.Kind {
		case "site":
			l.Config.Site = id
		case "feed":
			l.Feeds = append(l.Feeds, id)
			l.Config.Feeds = append(l.Config.Feeds, FeedConfig{ID: id})
		case "ups-zone":
			l.Zones = append(l.Zones, id)
		case "battery-room", "ups-room":
			l.Rooms = append(l.Rooms, id)
		case "battery-rack":
			l.Racks = append(l.Racks, id)
			children[a.Parent] = append(children[a.Parent], id)
		case "it-hall":
			halls = append(halls, id)
		case "it-rack":
			racksIn[string(a.Parent)] = append(racksIn[string(a.Parent)], id)
		}
	}
	for _, room := range l.Rooms {
		zone := ""
		if p := l.assets[l.assets[facility.AssetID(room)].Parent]; p != nil && p.Kind == "ups-zone" {
			zone = string(p.ID)
		}
		l.RoomZone[room] = zone
		l.Config.Rooms = append(l.Config.Rooms, RoomConfig{ID: room, Zone: zone, Racks: children[facility.AssetID(room)]})
	}
	pairs := l.pairZones()
	l.placeITRacks(halls, racksIn, pairs)
	l.placeCooling(site)
	l.addEnvironment(site)
	if err := l.addGrid(site, halls, pairs); err != nil {
		return nil, fmt.Errorf("site %s as a world: %w", site.ID, err)
	}
	if err := l.Config.Validate(); err != nil {
		return nil, fmt.Errorf("site %s as a world: %w", site.ID, err)
	}
	return l, nil
}

// pairZones makes every zone's partner and adds the unseen ones.
func (l *Layout) pairZones() [][2]string {
	var pairs [][2]string
	for i := 0; i < len(l.Zones); i += 2 {
		a := l.Zones[i]
		b := a + "/partner"
		if i+1 < len(l.Zones) {
			b = l.Zones[i+1]
		} else {
			l.addUnseen(a, b)
		}
		l.Partner[a], l.Partner[b] = b, a
		pairs = append(pairs, [2]string{a, b})
		l.Config.Zones = append(l.Config.Zones, ZoneConfig{ID: a, Partner: b}, ZoneConfig{ID: b, Partner: a})
	}
	return pairs
}

func (l *Layout) addUnseen(zone, partner string) {
	room := RoomConfig{ID: partner + "/room", Zone: partner}
	for i := range l.racksOf(zone) {
		room.Racks = append(room.Racks, fmt.Sprintf("%s/r%d", room.ID, i+1))
	}
	l.Config.Rooms = append(l.Config.Rooms, room)
}

// racksOf counts the battery racks that feed a zone.
func (l *Layout) racksOf(zone string) int {
	n := 0
	for _, r := range l.Config.Rooms {
		if r.Zone == zone {
			n += len(r.Racks)
		}
	}
	return n
}

// placeITRacks gives every IT rack its two cords, hall by hall over the pairs of zones, and tops the zones
// up with load that is not modelled rack by rack.
func (l *Layout) placeITRacks(halls []string, racksIn map[string][]string, pairs [][2]string) {
	it := l.Config.IT
	itKW := map[string]float64{}
	for i, hall := range halls {
		var pair [2]string
		if len(pairs) > 0 {
			pair = pairs[i%len(pairs)]
		}
		for _, id := range racksIn[hall] {
			l.Config.ITRacks = append(l.Config.ITRacks, ITRackConfig{ID: id, ZoneA: pair[0], ZoneB: pair[1], Hall: hall})
			half := it.RackKW * (it.IdleShare + it.MeanUse*(1-it.IdleShare)) / 2
			itKW[pair[0]] += half
			itKW[pair[1]] += half
		}
	}
	for i := range l.Config.Zones {
		z := &l.Config.Zones[i]
		rated := l.Config.Power.RackKW * float64(max(1, l.racksOf(z.ID)))
		z.OtherLoadKW = max(0, normalLoad*rated-itKW[z.ID])
	}
}

// Dark tells whether the servers of the facility are without power: all of it was cut, no UPS zone carries
// load, or those of the site file are out while no feed is there. The unseen partner zones are the rest
// of the building's; alone they do not carry the messenger's hall.
func (l *Layout) Dark(w *World) bool {
	if w.acts[l.Config.Site][PowerCut].operated() {
		return true
	}
	anyZone, ownZone, anyFeed := false, len(l.Zones) == 0, len(l.Feeds) == 0
	for id, z := range w.zones {
		anyZone = anyZone || z.alive()
		for _, own := range l.Zones {
			ownZone = ownZone || own == id && z.alive()
		}
	}
	for _, f := range w.feeds {
		anyFeed = anyFeed || f.pu >= .9
	}
	return len(w.zones) > 0 && !anyZone || !ownZone && !anyFeed
}

// AssetFor checks that a device hangs on the kind of asset its firmware measures.
func (l *Layout) AssetFor(dev *facility.Device, kinds ...string) (*facility.Asset, error) {
	a := l.assets[dev.Asset]
	if a == nil || !slices.Contains(kinds, a.Kind) {
		return nil, fmt.Errorf("device %s: a %s measures a %v, and asset %q is none", dev.ID, dev.Profile, kinds, dev.Asset)
	}
	return a, nil
}
