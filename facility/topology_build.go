package facility

import (
	"fmt"
	"slices"
	"strings"
)

// Supply draws the power paths of the site. What hangs where gives most of it:
//
//	feed, generator - breaker - bus of the site - breaker - UPS zone - output - panel - branch - IT rack
//	                                     battery rack - isolators - DC bus - trip - UPS zone
//
// and the topology's words the rest. A hall without words has no supply here: nothing is guessed.
func (s *Site) Supply() *Supply {
	b := &supplyBuilder{site: s, words: s.Topology, out: &Supply{byID: map[string]int{}, members: map[AssetID][]int{}},
		devices: map[AssetID][]*Device{}, used: map[AssetID]int{}}
	if b.words == nil {
		b.words = &Topology{}
	}
	for i := range s.Devices {
		b.devices[s.Devices[i].Asset] = append(b.devices[s.Devices[i].Asset], &s.Devices[i])
	}
	b.intake()
	b.zones()
	b.strings()
	b.panels()
	b.racks()
	b.loads()
	b.gather()
	return b.out
}

type supplyBuilder struct {
	site    *Site
	words   *Topology
	out     *Supply
	bus     int
	devices map[AssetID][]*Device
	used    map[AssetID]int       // branches taken, by panel
	panelOf map[[2]AssetID][]pane // panels by hall (or zone, twice) and zone
}

// pane is a panel and the device that meters it, nil for none.
type pane struct {
	id    AssetID
	node  int
	meter *Device
}

// PanelBranches is how many branches a panel has.
const PanelBranches = 42

func (b *supplyBuilder) add(n SupplyNode) int {
	i := len(b.out.Nodes)
	b.out.byID[n.ID] = i
	b.out.Nodes = append(b.out.Nodes, n)
	return i
}

func (b *supplyBuilder) asset(a *Asset) SupplyNode {
	return SupplyNode{ID: string(a.ID), Asset: a.ID, Kind: a.Kind, Name: a.Name}
}

func (b *supplyBuilder) each(kind string, do func(a *Asset)) {
	for i := range b.site.Assets {
		if b.site.Assets[i].Kind == kind {
			do(&b.site.Assets[i])
		}
	}
}

// intake joins feeds and generators to the bus of the site.
func (b *supplyBuilder) intake() {
	site := &Asset{ID: AssetID(b.site.ID), Kind: "site", Name: b.site.Name}
	b.each("site", func(a *Asset) { site = a })
	b.bus = b.add(b.asset(site))
	for _, kind := range []string{"feed", "generator"} {
		b.each(kind, func(a *Asset) {
			n := b.asset(a)
			n.Source = true
			sw := SupplySwitch{Kind: SwitchIncomer, Asset: a.ID, From: b.add(n), To: b.bus, Automatic: true}
			if kind == "generator" {
				sw.Kind = SwitchGenerator
			}
			for _, h := range b.words.Automatic {
				if ref, ok := b.site.Ref(h.Point); ok && slices.Contains(h.For, a.ID) {
					sw.Holds = append(sw.Holds, SupplyHold{Point: ref, Off: h.Off})
				}
			}
			b.cubicle(&sw, a)
			b.join(sw)
		})
	}
	for _, beyond := range b.words.Beyond {
		b.out.byID[Output(beyond.ID)] = b.add(SupplyNode{ID: string(beyond.ID), Kind: "beyond", Name: beyond.Name, Source: true})
	}
}

// cubicle gives a switch the breaker that hangs under an asset, if the site lists one.
func (b *supplyBuilder) cubicle(sw *SupplySwitch, of *Asset) {
	b.each("switchgear", func(a *Asset) {
		if a.Parent == of.ID && sw.Name == (Text{}) {
			sw.Asset, sw.Name = a.ID, a.Name
			b.breaker(sw, a.ID)
		}
	})
}

// breaker finds the device that shows and opens a switch.
func (b *supplyBuilder) breaker(sw *SupplySwitch, at AssetID) *Device {
	for _, dev := range b.devices[at] {
		for _, m := range b.words.Breakers {
			if m.Profile != dev.Profile {
				continue
			}
			sw.State, sw.HasState = b.site.Ref(PointID(string(dev.ID) + "/" + m.State))
			sw.Open, sw.Closed = m.Open, m.Closed
			if _, ok := b.site.Commands[CommandID(string(dev.ID)+"/"+m.Command)]; ok {
				sw.Command = CommandID(string(dev.ID) + "/" + m.Command)
			}
			return dev
		}
	}
	return nil
}

// join adds a switch; what it is called and where a person opens it follow from its kind when nothing was said.
func (b *supplyBuilder) join(sw SupplySwitch) {
	if sw.ID == "" {
		sw.ID = sw.Kind + ":" + string(sw.Asset)
	}
	of := Text{KO: string(sw.Asset), EN: string(sw.Asset)}
	if a := b.site.Asset(sw.Asset); a != nil {
		of = a.Name
	}
	if sw.Name == (Text{}) {
		k := switchNames[sw.Kind]
		sw.Name = Text{KO: of.In("ko") + " " + k.KO, EN: k.EN + " of " + of.In("en")}
	}
	if sw.Place == (Text{}) {
		sw.Place = of
	}
	for _, h := range b.words.ByHand {
		if h.At == sw.Asset {
			sw.Place = h.Place
		}
	}
	b.out.Switches = append(b.out.Switches, sw)
}

var switchNames = map[string]Text{
	SwitchIncomer:   {KO: "인입 차단기", EN: "Incomer"},
	SwitchGenerator: {KO: "발전기 차단기", EN: "Breaker"},
	SwitchZoneInput: {KO: "입력 차단기", EN: "Input breaker"},
	SwitchZoneDC:    {KO: "DC 차단", EN: "DC trip"},
	SwitchUPSOutput: {KO: "출력 차단기", EN: "Output breaker"},
	SwitchString:    {KO: "랙 차단기", EN: "Isolator"},
	SwitchBackup:    {KO: "예비 차단기", EN: "Backup isolator"},
	SwitchPanel:     {KO: "주 차단기", EN: "Main breaker"},
	SwitchBranch:    {KO: "분기 차단기", EN: "Branch breaker"},
	SwitchLoad:      {KO: "전원 개폐기", EN: "Supply switch"},
}

// zones draws each UPS with its input, its DC bus and its output.
func (b *supplyBuilder) zones() {
	b.each("ups-zone", func(a *Asset) {
		ups := b.add(b.asset(a))
		dc := b.add(SupplyNode{ID: DCBus(a.ID), Asset: a.ID, Kind: "bus", Name: Text{KO: a.Name.In("ko") + " 배터리 모선", EN: "Battery bus of " + a.Name.In("en")}})
		out := b.add(SupplyNode{ID: Output(a.ID), Asset: a.ID, Kind: "bus", Name: Text{KO: a.Name.In("ko") + " 출력", EN: "Output of " + a.Name.In("en")}})
		in := SupplySwitch{Kind: SwitchZoneInput, Asset: a.ID, From: b.bus, To: ups}
		b.cubicle(&in, a)
		b.join(in)
		trip := SupplySwitch{Kind: SwitchZoneDC, Asset: a.ID, From: dc, To: ups, BothWays: true}
		if b.site.Fire != nil {
			for _, room := range b.site.Fire.Rooms {
				if r := b.site.Asset(room.Asset); r != nil && r.Parent == a.ID && trip.Command == "" {
					b.shownBy(&trip, room.Commands["ZONE_DC_TRIP"])
				}
			}
		}
		b.join(trip)
		b.join(SupplySwitch{Kind: SwitchUPSOutput, Asset: a.ID, From: ups, To: out})
	})
}

// shownBy gives a switch the command that opens it; its feedback shows that it did.
func (b *supplyBuilder) shownBy(sw *SupplySwitch, id CommandID) {
	if cmd, ok := b.site.Commands[id]; ok {
		sw.Command, sw.State, sw.HasState, sw.Open = id, cmd.Feedback, true, []float64{cmd.Def.Equals}
	}
}

// strings hangs every battery rack on the bus of its zone through its isolator and, where there is one, the backup.
func (b *supplyBuilder) strings() {
	fire := map[AssetID]*FireRack{}
	if b.site.Fire != nil {
		for i := range b.site.Fire.Rooms {
			for k := range b.site.Fire.Rooms[i].Racks {
				rack := &b.site.Fire.Rooms[i].Racks[k]
				fire[rack.Asset] = rack
			}
		}
	}
	b.each("battery-rack", func(a *Asset) {
		dc, ok := b.out.byID[DCBus(b.zoneOver(a))]
		if !ok {
			return
		}
		n := b.asset(a)
		n.Source, n.Battery = true, true
		from := b.add(n)
		main := SupplySwitch{Kind: SwitchString, Asset: a.ID, From: from, To: dc, BothWays: true}
		if rack := fire[a.ID]; rack != nil {
			b.shownBy(&main, rack.Commands["ISOLATE"])
			if _, ok := b.site.Commands[rack.Commands["ISOLATE_BKP"]]; ok {
				main.To = b.add(SupplyNode{ID: string(a.ID) + " link", Asset: a.ID, Kind: "bus", Name: a.Name})
				backup := SupplySwitch{Kind: SwitchBackup, Asset: a.ID, From: main.To, To: dc, BothWays: true}
				b.shownBy(&backup, rack.Commands["ISOLATE_BKP"])
				b.join(backup)
			}
		}
		b.join(main)
	})
}

// zoneOver is the UPS zone that an asset hangs under, at any height.
func (b *supplyBuilder) zoneOver(a *Asset) AssetID {
	for range len(b.site.Assets) {
		if a = b.site.Asset(a.Parent); a == nil || a.Kind == "ups-zone" {
			break
		}
	}
	if a == nil {
		return ""
	}
	return a.ID
}

// panels hangs each pdu on its zone: the one it stands under, or its hall's two zones in turn.
func (b *supplyBuilder) panels() {
	b.panelOf = map[[2]AssetID][]pane{}
	inHall := map[AssetID]int{}
	b.each("pdu", func(a *Asset) {
		zone, under := a.Parent, a.Parent
		if h := b.hallFeed(a.Parent); h != nil {
			zone = h.A
			if inHall[a.Parent]%2 == 1 && h.B != "" {
				zone = h.B
			}
			inHall[a.Parent]++
		}
		out, ok := b.out.byID[Output(zone)]
		if !ok {
			return
		}
		n := b.add(b.asset(a))
		sw := SupplySwitch{Kind: SwitchPanel, Asset: a.ID, From: out, To: n}
		meter := b.breaker(&sw, a.ID)
		b.join(sw)
		key := [2]AssetID{under, zone}
		b.panelOf[key] = append(b.panelOf[key], pane{id: a.ID, node: n, meter: meter})
	})
}

func (b *supplyBuilder) hallFeed(hall AssetID) *HallFeed {
	for i := range b.words.Halls {
		if slices.Contains(b.words.Halls[i].Halls, hall) {
			return &b.words.Halls[i]
		}
	}
	return nil
}

// racks plugs each cord into the next free branch: of its hall's panels first, then of the zone's own, then the zone.
func (b *supplyBuilder) racks() {
	b.each("it-rack", func(a *Asset) {
		h := b.hallFeed(a.Parent)
		if h == nil {
			return
		}
		n := b.asset(a)
		n.Load = true
		to := b.add(n)
		for i, zone := range []AssetID{h.A, h.B} {
			if zone != "" {
				b.cord(a, to, zone, string(rune('A'+i)))
			}
		}
	})
}

func (b *supplyBuilder) cord(a *Asset, to int, zone AssetID, side string) {
	for _, key := range [][2]AssetID{{a.Parent, zone}, {zone, zone}} {
		for _, p := range b.panelOf[key] {
			if b.used[p.id] >= PanelBranches {
				continue
			}
			b.used[p.id]++
			n := b.used[p.id]
			name := b.site.Asset(p.id).Name
			sw := SupplySwitch{ID: fmt.Sprintf("branch:%s/%d", p.id, n), Kind: SwitchBranch, Asset: p.id, From: p.node, To: to,
				Name: Text{KO: fmt.Sprintf("%s 분기 %d (%s 코드 %s)", name.In("ko"), n, a.Name.In("ko"), side),
					EN: fmt.Sprintf("Branch %d of %s (cord %s of %s)", n, name.In("en"), side, a.Name.In("en"))}}
			b.branchState(&sw, p.meter, n)
			b.join(sw)
			return
		}
	}
	b.join(SupplySwitch{ID: fmt.Sprintf("cord:%s/%s", a.ID, side), Kind: SwitchLoad, Asset: a.ID, From: b.out.byID[Output(zone)], To: to,
		Name: Text{KO: a.Name.In("ko") + " 코드 " + side, EN: "Cord " + side + " of " + a.Name.In("en")}})
}

func (b *supplyBuilder) branchState(sw *SupplySwitch, meter *Device, n int) {
	if meter == nil {
		return
	}
	for _, m := range b.words.Breakers {
		if m.Profile == meter.Profile && m.Branch != "" {
			point := strings.ReplaceAll(m.Branch, "*", fmt.Sprint(n))
			sw.State, sw.HasState = b.site.Ref(PointID(string(meter.ID) + "/" + point))
			sw.Open, sw.Closed = []float64{0}, []float64{1}
		}
	}
}

// loads hangs machines on the zones, or on the intake.
func (b *supplyBuilder) loads() {
	for _, l := range b.words.Loads {
		turn := 0
		for i := range b.site.Assets {
			a := &b.site.Assets[i]
			if a.Kind != l.Kind && !slices.Contains(l.Assets, a.ID) {
				continue
			}
			to, known := b.out.byID[string(a.ID)]
			if !known {
				n := b.asset(a)
				n.Load = true
				to = b.add(n)
			}
			zones := l.Zones
			if len(l.InTurn) > 0 {
				zones = []AssetID{l.InTurn[turn%len(l.InTurn)]}
				turn++
			}
			for _, zone := range zones {
				from, ok := b.out.byID[Output(zone)]
				if !ok {
					from = b.bus
				}
				b.join(SupplySwitch{ID: fmt.Sprintf("load:%s<%s", a.ID, zone), Kind: SwitchLoad, Asset: a.ID, From: from, To: to})
			}
		}
	}
}

// gather notes for each asset the nodes under it.
func (b *supplyBuilder) gather() {
	for i, n := range b.out.Nodes {
		for id, left := n.Asset, len(b.site.Assets); id != "" && left >= 0; left-- {
			b.out.members[id] = append(b.out.members[id], i)
			a := b.site.Asset(id)
			if a == nil {
				break
			}
			id = a.Parent
		}
	}
}
