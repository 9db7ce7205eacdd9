package wire

import (
	"log/slog"
	"strings"
	"testing"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// A profile that reads more of another device's unit needs that device, of the same asset, on that unit.
func TestMoreOfAUnitNeedsTheUnit(t *testing.T) {
	cells := facility.Device{ID: "demo/b1/r2/cells", Asset: "demo/b1/r2", Profile: "sim-bms-cells", Link: "bms", Unit: 2}
	for _, c := range []struct {
		name   string
		change func(*facility.Device)
		want   string
	}{
		{"beside its rack's BMS", func(*facility.Device) {}, ""},
		{"on another rack's unit", func(d *facility.Device) { d.Unit = 3 }, "name that one first"},
		{"on a unit that nobody is", func(d *facility.Device) { d.Unit = 99 }, "name that one first"},
		{"on the fire controller's unit", func(d *facility.Device) { d.Link = "fire-io" }, "name that one first"},
	} {
		site := loadSite(t)
		dev := cells
		c.change(&dev)
		site.Devices = append(site.Devices, dev)
		at, err := world.NewLayout(site)
		if err != nil {
			t.Fatal(err)
		}
		_, err = New(site, at, &bench{t: t, site: site, world: world.New(at.Config), gen: 1}, slog.New(slog.DiscardHandler))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// A rack's long tables are encoded when somebody reads into them, and only what was read.
func TestLongTablesAreEncodedWhenRead(t *testing.T) {
	encoded := map[uint16]int{}
	table := func(start, count uint16) slowBlock {
		return slowBlock{start, count, func() []uint16 {
			encoded[start]++
			return make([]uint16, count)
		}}
	}
	m := image{holding: []block{{0x100, []uint16{7}}}, slow: []slowBlock{table(0x200, 16), table(0x300, 16)}}
	for _, c := range []struct {
		name        string
		addr, n     uint16
		first, last int
	}{
		{"elsewhere", 0x100, 1, 0, 0},
		{"up to the table", 0x1F0, 16, 0, 0},
		{"its last register", 0x20F, 1, 1, 0},
		{"the same again", 0x200, 16, 1, 0},
		{"behind the other", 0x310, 16, 1, 0},
		{"all there is", 0, 0xFFFF, 1, 1},
	} {
		if m.encode(c.addr, c.n); encoded[0x200] != c.first || encoded[0x300] != c.last {
			t.Errorf("%s: encoded %d and %d times, want %d and %d", c.name, encoded[0x200], encoded[0x300], c.first, c.last)
		}
	}
	if words, ok := readWords(m.holding, 0x300, 16); !ok || len(words) != 16 || len(m.slow) != 0 {
		t.Errorf("read %d words (%v), %d tables left", len(words), ok, len(m.slow))
	}
}
