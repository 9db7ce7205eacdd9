package collectors

import (
	"math"
	"testing"

	"bongsu/facility"
)

func TestTextsMeanTheirLongestMatch(t *testing.T) {
	f, err := newField(pointsOf([]facility.PointDef{{
		Name: "x", Kind: "enum", Enum: map[int]facility.Text{1: {}, 2: {}, 3: {}, 9: {}}, Function: 3, Address: at(0), Type: "string", Length: 4,
		Values: map[string]float64{"ON": 1, "ON*": 2, "ON B*": 3, "": 9, "ODD": 7},
	}})[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	for shown, want := range map[string]string{
		"ON\x00\x00\x00\x00\x00\x00": "1 good",
		"ON LINE\x00":                "2 good",
		"ON BATT ":                   "3 good",
		"        ":                   "9 good",
		"\x00ON     ":                "9 good", // what follows a zero is no text
		"OFF     ":                   "bad range",
		"\xffON     ":                "bad range",
		"ODD     ":                   "7 bad range", // known as a text, but its enum has no name for the value
	} {
		v, q, r := f.value([]byte(shown), nil)
		if got := written(facility.Sample{Value: v, Quality: q, Reason: r}); got != want {
			t.Errorf("%q: got %q, want %q", shown, got, want)
		}
	}
}

// FuzzField decodes any bytes as any type: never a panic, never a good value that is no number or lies
// outside its point's range.
func FuzzField(f *testing.F) {
	types := []string{"bool", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64", "bcd16", "bcd32", "bcd64", "string"}
	orders := []string{"", "ABCD", "CDAB", "BADC", "DCBA"}
	f.Add(uint8(7), uint8(2), uint8(0), uint8(0), []byte{0x7f, 0xc0, 0, 0})
	f.Add(uint8(9), uint8(0), uint8(0), uint8(0), []byte{0x12, 0xa4})
	f.Add(uint8(4), uint8(3), uint8(20), uint8(12), []byte{1, 2, 3, 4})
	f.Add(uint8(12), uint8(3), uint8(0), uint8(0), []byte("NO"))
	f.Fuzz(func(t *testing.T, kind, order, bit, bits uint8, data []byte) {
		def := facility.PointDef{
			Name: "x", Function: 3, Address: at(0), Type: types[int(kind)%len(types)], Order: orders[int(order)%len(orders)],
			Range: []float64{-1e6, 1e6}, Invalid: []int64{-1, 0x8000}, Values: map[string]float64{"ON*": 1, "OFF": 0}, Length: len(data) / 2,
		}
		width := 16 * def.Words()
		if def.Type == "bool" || bit > 0 && def.Type[:1] == "u" {
			first := int(bit) % width
			def.Bit, def.Bits = &first, min(int(bits), width-first)
		}
		if len(data) < 2*def.Words() {
			return
		}
		field, err := newField(pointsOf([]facility.PointDef{def})[0], 0)
		if err != nil {
			t.Fatal(err)
		}
		v, q, r := field.value(data, nil)
		if (q == facility.Good) != (r == facility.NoReason) || q == facility.Good && (math.IsNaN(v) || v < -1e6 || v > 1e6) {
			t.Errorf("%+v of % x is %v %v %v", def, data, v, q, r)
		}
	})
}
