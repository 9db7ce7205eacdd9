package rules

import (
	"slices"
	"strings"
	"time"

	"bongsu/facility"
)

// mostPanels is how many panels are drawn one by one; more are folded by hall and zone.
const mostPanels = 16

// Rows of the drawing, from the sources down.
const (
	rowSource = iota
	rowBus
	rowUPS
	rowOutput
	rowPanel
	rowLoad
)

// LineDrawer draws the single line of a site. What it needs of the site it makes once; it is safe for concurrent use.
type LineDrawer struct {
	site      *facility.Site
	planner   *Planner
	boxes     []lineBox
	joins     []lineJoin
	transfers []lineTransfer
	volts     [][]facility.Ref // by node, what shows its voltage
	touching  [][]int          // by node, its switches
	readings  map[facility.AssetID][]facility.Ref
	byID      map[string]int
	battery   map[facility.AssetID]facility.Ref // by zone, what says that it runs on battery
	homes     map[facility.AssetID]string       // the box of each asset that is drawn
	strings   map[facility.AssetID][]int        // by battery rack, its switches
}

type lineBox struct {
	LineBox
	nodes             []int
	counts            int // of what is counted, where it is not the nodes
	kw, load, minutes []facility.Ref
}

type lineJoin struct {
	LineJoin
	switches []int
}

// NewLineDrawer folds the supply of a site into boxes.
func NewLineDrawer(site *facility.Site) *LineDrawer {
	p := NewPlanner(site)
	d := &LineDrawer{site: site, planner: p, byID: map[string]int{}, readings: map[facility.AssetID][]facility.Ref{}, battery: map[facility.AssetID]facility.Ref{}, homes: map[facility.AssetID]string{},
		volts: make([][]facility.Ref, len(p.supply.Nodes)), touching: make([][]int, len(p.supply.Nodes))}
	for i := range site.Points {
		d.readings[site.Points[i].Asset] = append(d.readings[site.Points[i].Asset], facility.Ref(i))
	}
	of := make([]int, len(p.supply.Nodes))
	if site.Topology != nil {
		for _, g := range site.Topology.Batteries {
			if ref, ok := site.Ref(g.On); ok {
				d.battery[g.Zone] = ref
			}
		}
	}
	panels := 0
	for i := range p.supply.Nodes {
		if p.supply.Nodes[i].Kind == "pdu" {
			panels++
		}
	}
	zones := d.zonesOf()
	d.strings = d.stringsOf()
	for i := range p.supply.Nodes {
		of[i] = d.place(i, panels > mostPanels, zones)
		d.volts[i] = d.voltsAt(i)
	}
	d.connect(of)
	d.measure()
	d.settle()
	for i := range site.Assets {
		if a := &site.Assets[i]; a.Kind == "ats" {
			d.transfers = append(d.transfers, lineTransfer{asset: a, position: d.named(a.ID, "position"), mode: d.named(a.ID, "mode")})
		}
	}
	return d
}

// zonesOf names what feeds each node directly, the first switch's other end.
func (d *LineDrawer) zonesOf() map[int][]int {
	out := map[int][]int{}
	for i, sw := range d.planner.supply.Switches {
		out[sw.To] = append(out[sw.To], sw.From)
		d.touching[sw.From] = append(d.touching[sw.From], i)
		d.touching[sw.To] = append(d.touching[sw.To], i)
	}
	return out
}

// place finds or makes the box of a node.
func (d *LineDrawer) place(i int, foldPanels bool, fedBy map[int][]int) int {
	n := &d.planner.supply.Nodes[i]
	asset := d.site.Asset(n.Asset)
	box := LineBox{ID: n.ID, Kind: n.Kind, Asset: n.Asset, Name: n.Name}
	switch {
	case n.Battery || n.Kind == "bus" && n.ID != facility.Output(n.Asset):
		zone := n.Asset
		if n.ID != facility.DCBus(n.Asset) {
			zone = d.zoneOver(n.Asset)
		}
		box = LineBox{ID: "battery " + string(zone), Kind: "battery", Asset: d.batteryAsset(zone), Name: d.nameOf(zone, "배터리", "Batteries of"), Row: rowUPS}
	case n.Source:
		box.Row = rowSource
	case n.Kind == "site":
		box.Row = rowBus
	case n.Kind == "ups-zone":
		box.Row = rowUPS
	case n.Kind == "bus":
		box.Row = rowOutput
	case n.Kind == "pdu":
		box.Row = rowPanel
		if foldPanels && asset != nil {
			zone := d.planner.supply.Nodes[fedBy[i][0]].Asset
			box.ID, box.Kind, box.Asset = "panels "+string(asset.Parent)+" "+string(zone), "panels", asset.Parent
			box.Name = d.nameOf(asset.Parent, "분전반", "Panels of")
		}
	case n.Kind == "it-rack" && asset != nil:
		box = LineBox{ID: "racks " + string(asset.Parent), Kind: "racks", Asset: asset.Parent, Name: d.nameOf(asset.Parent, "랙", "Racks of"), Row: rowLoad}
	default:
		box.Row = rowLoad
		if len(fedBy[i]) > 0 && d.planner.supply.Nodes[fedBy[i][0]].Kind == "site" {
			box.Row = rowOutput
		}
		box.ID = n.Kind
		for _, from := range fedBy[i] {
			box.ID += " " + d.planner.supply.Nodes[from].ID
		}
	}
	at, known := d.byID[box.ID]
	if !known {
		at = len(d.boxes)
		d.byID[box.ID] = at
		d.boxes = append(d.boxes, lineBox{LineBox: box})
	}
	b := &d.boxes[at]
	b.nodes = append(b.nodes, i)
	if n.Battery {
		b.counts++
	}
	if n.Asset != "" && !slices.Contains(b.Assets, n.Asset) {
		b.Assets = append(b.Assets, n.Asset)
	}
	return at
}

func (d *LineDrawer) zoneOver(id facility.AssetID) facility.AssetID {
	for a := d.site.Asset(id); a != nil; a = d.site.Asset(a.Parent) {
		if a.Kind == "ups-zone" {
			return a.ID
		}
	}
	return ""
}

// batteryAsset is the one battery room under a zone, or the zone where there are several.
func (d *LineDrawer) batteryAsset(zone facility.AssetID) facility.AssetID {
	room := facility.AssetID("")
	for i := range d.site.Assets {
		if a := &d.site.Assets[i]; a.Kind == "battery-room" && a.Parent == zone {
			if room != "" {
				return zone
			}
			room = a.ID
		}
	}
	if room == "" {
		return zone
	}
	return room
}

func (d *LineDrawer) nameOf(id facility.AssetID, ko, en string) facility.Text {
	name := facility.Text{KO: string(id), EN: string(id)}
	if a := d.site.Asset(id); a != nil {
		name = a.Name
	}
	return facility.Text{KO: name.In("ko") + " " + ko, EN: en + " " + name.In("en")}
}

// BoxOf finds the box in which an asset is drawn, or what it hangs under; empty where neither is.
func (d *LineDrawer) BoxOf(id facility.AssetID) string {
	for a := d.site.Asset(id); a != nil; a = d.site.Asset(a.Parent) {
		if home, ok := d.homes[a.ID]; ok {
			return home
		}
	}
	return ""
}

// settle notes where each asset is drawn. A zone is drawn at its UPS, a room at what is its own.
func (d *LineDrawer) settle() {
	for i := range d.boxes {
		if b := &d.boxes[i]; b.Row != rowOutput || b.Kind != "bus" {
			for _, id := range append(slices.Clone(b.Assets), b.Asset) {
				if home, taken := d.homes[id]; !taken || d.boxes[d.byID[home]].Kind == "battery" {
					d.homes[id] = b.ID
				}
			}
		}
	}
}

// connect folds the switches between two boxes into one line.
func (d *LineDrawer) connect(of []int) {
	known := map[[2]int]int{}
	for k, sw := range d.planner.supply.Switches {
		key := [2]int{of[sw.From], of[sw.To]}
		if key[0] == key[1] {
			continue
		}
		at, ok := known[key]
		if !ok {
			at = len(d.joins)
			known[key] = at
			d.joins = append(d.joins, lineJoin{LineJoin: LineJoin{From: d.boxes[key[0]].ID, To: d.boxes[key[1]].ID, Kind: sw.Kind, Name: sw.Name, BothWays: sw.BothWays}})
		}
		d.joins[at].switches = append(d.joins[at].switches, k)
	}
}

// Words that points of meters, panels, generators and UPS have for what is drawn, the best first.
var (
	wordsKW   = []string{"load-kw", "kw"}
	wordsLoad = []string{"load", "load-l1", "load-l2", "load-l3", "load-a", "load-b", "load-c"}
)

// measure finds what tells the power, the load and the minutes of each box.
func (d *LineDrawer) measure() {
	for i := range d.boxes {
		b := &d.boxes[i]
		if b.Kind == "bus" || b.Kind == "site" || b.Kind == "battery" {
			continue // their UPS and their sources tell it
		}
		for _, id := range d.meteredAssets(b) {
			if ref := d.named(id, wordsKW...); ref >= 0 {
				b.kw = append(b.kw, facility.Ref(ref))
			}
			b.load = append(b.load, d.allNamed(id, "%", wordsLoad)...)
		}
		if len(b.kw) < len(b.nodes) && len(b.nodes) > 1 {
			b.kw = nil // a part of a sum is no sum
		}
		if b.Kind != "ups-zone" || d.site.Topology == nil {
			continue
		}
		for _, g := range d.site.Topology.Batteries {
			if ref, ok := d.site.Ref(g.Minutes); ok && g.Zone == b.Asset {
				b.minutes = append(b.minutes, ref)
			}
		}
	}
}

// meteredAssets are those whose meters tell of a box: for a zone its UPS.
func (d *LineDrawer) meteredAssets(b *lineBox) []facility.AssetID {
	if b.Kind != "ups-zone" {
		return b.Assets
	}
	var out []facility.AssetID
	for i := range d.site.Assets {
		if a := &d.site.Assets[i]; a.Kind == "ups" && a.Parent == b.Asset {
			out = append(out, a.ID)
		}
	}
	return out
}

// voltsAt finds what shows the voltage at a node: of a UPS its input does not count, since it lives without.
func (d *LineDrawer) voltsAt(i int) []facility.Ref {
	n := &d.planner.supply.Nodes[i]
	prefix := "v-"
	ids := []facility.AssetID{n.Asset}
	switch {
	case n.Kind == "bus" && n.ID == facility.Output(n.Asset):
		prefix = "out-v"
		ids = d.meteredAssets(&lineBox{LineBox: LineBox{Kind: "ups-zone", Asset: n.Asset}})
	case n.Kind != "feed" && n.Kind != "generator" && n.Kind != "pdu":
		return nil
	}
	var out []facility.Ref
	for _, id := range ids {
		for _, ref := range d.readings[id] {
			if p := &d.site.Points[ref]; p.Unit == "V" && strings.HasPrefix(lastWord(p.ID), prefix) {
				out = append(out, ref)
			}
		}
	}
	return out
}

func lastWord(id facility.PointID) string {
	return string(id[strings.LastIndexByte(string(id), '/')+1:])
}

// named finds an asset's point by the last word of its id, earlier words first; -1 for none.
func (d *LineDrawer) named(id facility.AssetID, words ...string) int {
	for _, w := range words {
		for _, ref := range d.readings[id] {
			if lastWord(d.site.Points[ref].ID) == w {
				return int(ref)
			}
		}
	}
	return -1
}

func (d *LineDrawer) allNamed(id facility.AssetID, unit string, words []string) (out []facility.Ref) {
	for _, ref := range d.readings[id] {
		if p := &d.site.Points[ref]; p.Unit == unit && slices.Contains(words, lastWord(p.ID)) {
			out = append(out, ref)
		}
	}
	return out
}

type lineTransfer struct {
	asset          *facility.Asset
	position, mode int // points, -1 for none
}

func (t lineTransfer) read(site *facility.Site, now time.Time, v facility.View) LineTransfer {
	out := LineTransfer{Asset: t.asset.ID, Name: t.asset.Name, Quality: facility.Good}
	word := func(ref int) facility.Text {
		if ref < 0 {
			return facility.Text{}
		}
		s := v.Sample(facility.Ref(ref), now)
		out.Quality = out.Quality.Worse(s.Quality)
		if !usable(s) {
			return facility.Text{}
		}
		return site.Points[ref].Enum[int(s.Value)]
	}
	out.Position, out.Mode = word(t.position), word(t.mode)
	return out
}
