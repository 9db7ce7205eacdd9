package wire

import (
	"slices"
	"testing"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// A faulty instrument writes registers as its profile reads them, whatever their type and the order of their words.
func TestBentRegistersKeepTheirForm(t *testing.T) {
	three, four := 3, 4
	cases := []struct {
		name  string
		def   facility.PointDef
		words []uint16
		kind  world.FaultKind
		by    float64
		want  []uint16
	}{
		{"tenths", facility.PointDef{Type: "int16", Scale: .1}, []uint16{250}, PointWrong, -30, []uint16{0xFFCE}},
		{"below what it can show", facility.PointDef{Type: "uint16"}, []uint16{5}, PointWrong, -30, []uint16{0}},
		{"two words", facility.PointDef{Type: "uint32"}, []uint16{1, 2}, PointWrong, 65536, []uint16{2, 2}},
		{"two words, the low one first", facility.PointDef{Type: "uint32", Order: "CDAB"}, []uint16{2, 1}, PointWrong, 65536, []uint16{2, 2}},
		{"four words", facility.PointDef{Type: "int64"}, []uint16{0, 0, 0, 7}, PointWrong, -8, []uint16{0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}},
		{"float", facility.PointDef{Type: "float32"}, []uint16{0x3F80, 0}, PointWrong, 1, []uint16{0x4000, 0}},
		{"float without a value", facility.PointDef{Type: "float32"}, []uint16{0x3F80, 0}, PointNaN, 0, []uint16{0x7FC0, 0}},
		{"a declared sentinel", facility.PointDef{Type: "int16", Invalid: []int64{0x8000}}, []uint16{25}, PointSentinel, 0, []uint16{0x8000}},
		{"the usual sentinel", facility.PointDef{Type: "int16"}, []uint16{25}, PointSentinel, 0, []uint16{0x7FFF}},
		{"one bit of a word", facility.PointDef{Kind: "binary", Type: "uint16", Bit: &three}, []uint16{0xF0}, PointWrong, 0, []uint16{0xF8}},
		{"some bits of a word", facility.PointDef{Type: "uint16", Bit: &four, Bits: 4}, []uint16{0x0A2B}, PointWrong, 5, []uint16{0x0A7B}},
		{"some bits without a value", facility.PointDef{Type: "uint16", Bit: &four, Bits: 4}, []uint16{0x0A2B}, PointNaN, 0, []uint16{0x0AFB}},
	}
	for _, c := range cases {
		b, err := newBend(&facility.Point{ID: "p", Def: &c.def}, world.Fault{Kind: c.kind, Params: world.FaultParams{Amount: c.by}}, "x", 1)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if b.rewrite(c.words, 10); !slices.Equal(c.words, c.want) {
			t.Errorf("%s: %#x, want %#x", c.name, c.words, c.want)
		}
	}
}
