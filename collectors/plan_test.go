package collectors

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

func TestPlanJoinsWhatIsNamedAndNothingElse(t *testing.T) {
	def := func(name string, fn, address int, kind string, scan time.Duration) facility.PointDef {
		return facility.PointDef{Name: name, Function: fn, Address: at(address), Type: kind, Scan: scan}
	}
	const s, m = time.Second, time.Minute
	cases := []struct {
		name   string
		words  int
		holes  [][2]int
		points []facility.PointDef
		want   string // fn:address+count@scan, in order
	}{
		{"neighbours share a request", 125, nil,
			[]facility.PointDef{def("b", 3, 11, "uint16", s), def("a", 3, 10, "uint16", s)}, "3:10+2@1s"},
		{"an unnamed register is never bridged", 125, nil,
			[]facility.PointDef{def("a", 3, 10, "uint16", s), def("b", 3, 12, "uint16", s)}, "3:10+1@1s 3:12+1@1s"},
		{"a register another class names is bridged", 125, nil,
			[]facility.PointDef{def("a", 3, 10, "uint16", s), def("b", 3, 11, "uint16", m), def("c", 3, 12, "uint16", s)},
			"3:10+3@1s 3:11+1@1m0s"},
		{"a register another function names is not", 125, nil,
			[]facility.PointDef{def("a", 3, 10, "uint16", s), def("b", 4, 11, "uint16", m), def("c", 3, 12, "uint16", s)},
			"3:10+1@1s 3:12+1@1s 4:11+1@1m0s"},
		{"a declared hole ends a request even where a point stands in it", 125, [][2]int{{11, 11}},
			[]facility.PointDef{def("a", 3, 10, "uint16", s), def("b", 3, 11, "uint16", s), def("c", 3, 12, "uint16", s)},
			"3:10+1@1s 3:11+1@1s 3:12+1@1s"},
		{"holes are of registers, not of coils", 125, [][2]int{{0, 9}},
			[]facility.PointDef{def("a", 1, 0, "bool", s), def("b", 1, 1, "bool", s)}, "1:0+2@1s"},
		{"the device's own limit cuts", 2, nil,
			[]facility.PointDef{def("a", 3, 0, "uint16", s), def("b", 3, 1, "uint16", s), def("c", 3, 2, "uint16", s)},
			"3:0+2@1s 3:2+1@1s"},
		{"a wide value is never cut in two", 3, nil,
			[]facility.PointDef{def("a", 3, 0, "float32", s), def("b", 3, 2, "float32", s)}, "3:0+2@1s 3:2+2@1s"},
		{"bits of one register are one register", 125, nil,
			[]facility.PointDef{
				{Name: "a", Function: 3, Address: at(7), Type: "bool", Bit: at(0), Scan: s},
				{Name: "b", Function: 3, Address: at(7), Type: "bool", Bit: at(9), Scan: s},
			}, "3:7+1@1s"},
		{"quick classes come first", 125, nil,
			[]facility.PointDef{def("a", 3, 0, "uint16", m), def("b", 4, 0, "uint16", 100*time.Millisecond)},
			"4:0+1@100ms 3:0+1@1m0s"},
		{"a scale register is read in its point's class, before what needs it", 2, nil,
			[]facility.PointDef{{Name: "a", Function: 3, Address: at(0), Type: "int32", ScaleFrom: at(2), Scan: s}},
			"3:2+1@1s 3:0+2@1s"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			plans, _, err := planUnit(unitSpec{maxWords: c.words, holes: c.holes, points: pointsOf(c.points)})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			fields := 0
			for _, p := range plans {
				got = append(got, fmt.Sprintf("%d:%d+%d@%v", p.fn, p.address, p.count, p.every))
				fields += len(p.fields)
			}
			if joined := strings.Join(got, " "); joined != c.want {
				t.Errorf("got  %s\nwant %s", joined, c.want)
			}
			if fields != len(c.points) {
				t.Errorf("%d fields for %d points", fields, len(c.points))
			}
		})
	}
}

func pointsOf(defs []facility.PointDef) []*facility.Point {
	site := buildSite(nil, []facility.Device{{ID: "d", Points: defs}})
	var out []*facility.Point
	for i := range site.Points {
		out = append(out, &site.Points[i])
	}
	return out
}

func TestPlanRefusesWhatCannotBeRead(t *testing.T) {
	cases := map[string]struct {
		words int
		def   facility.PointDef
		want  string
	}{
		"no address":     {125, facility.PointDef{Name: "x", Function: 3, Type: "uint16"}, "no address"},
		"unknown type":   {125, facility.PointDef{Name: "x", Function: 3, Address: at(0), Type: "uint24"}, "unknown type"},
		"bit missing":    {125, facility.PointDef{Name: "x", Function: 3, Address: at(0), Type: "bool"}, "needs its bit"},
		"over the limit": {2, facility.PointDef{Name: "x", Function: 3, Address: at(0), Type: "float64"}, "answers 2 at most"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.def.Scan = time.Second
			_, _, err := planUnit(unitSpec{maxWords: c.words, points: pointsOf([]facility.PointDef{c.def})})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one about %q", err, c.want)
			}
		})
	}
}

// What a maker says to be without gaps is read at once, and can still be read apart where a device disagrees.
func TestPlanBridgesWhatIsDefined(t *testing.T) {
	words := func(fn int, addresses ...int) (out []facility.PointDef) {
		for _, a := range addresses {
			p := register(fmt.Sprint("x", a), a, time.Second)
			p.Function = fn
			out = append(out, p)
		}
		return out
	}
	cases := []struct {
		name    string
		defined [][2]int
		holes   [][2]int
		points  []facility.PointDef
		want    string // fn:address+count, then the parts in brackets
	}{
		{"within one range", [][2]int{{0, 20}}, nil, words(3, 0, 5, 20), "3:0+21[3:0+1 3:5+1 3:20+1]"},
		{"all named", [][2]int{{0, 20}}, nil, words(3, 0, 1), "3:0+2[]"},
		{"not out of its range", [][2]int{{2, 20}}, nil, words(3, 0, 5, 7), "3:0+1[] 3:5+3[3:5+1 3:7+1]"},
		{"not from one range into the next", [][2]int{{0, 3}, {4, 9}}, nil, words(3, 2, 6), "3:2+1[] 3:6+1[]"},
		{"not over a hole of another profile of the unit", [][2]int{{0, 20}}, [][2]int{{3, 3}}, words(3, 0, 5), "3:0+1[] 3:5+1[]"},
		{"not over more than is worth it", [][2]int{{0, 99}}, nil, words(3, 0, 21, 43), "3:0+22[3:0+1 3:21+1] 3:43+1[]"},
		{"registers, not coils", [][2]int{{0, 20}}, nil, []facility.PointDef{
			{Name: "a", Function: 1, Address: at(0), Type: "bool", Scan: time.Second}, {Name: "b", Function: 1, Address: at(2), Type: "bool", Scan: time.Second},
		}, "1:0+1[] 1:2+1[]"},
	}
	for _, c := range cases {
		plans, _, err := planUnit(unitSpec{maxWords: 125, defined: c.defined, holes: c.holes, points: pointsOf(c.points)})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range plans {
			text := fmt.Sprintf("%d:%d+%d", p.fn, p.address, p.count)
			var parts []string
			for _, part := range p.parts {
				parts = append(parts, fmt.Sprintf("%d:%d+%d", part.fn, part.address, part.count))
				if len(part.fields) == 0 {
					t.Errorf("%s: a part without a point", c.name)
				}
			}
			got = append(got, text+fmt.Sprint(parts))
		}
		if joined := strings.Join(got, " "); joined != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, joined, c.want)
		}
	}
}

// FuzzPlan plans any points under any limits. Every point must be read by exactly one request, whole; no
// request may be longer than the device answers or touch a register that nobody named.
func FuzzPlan(f *testing.F) {
	f.Add(uint8(10), uint16(12), uint8(2), []byte{0, 0, 1, 1, 2, 2, 9, 0, 7, 3, 0, 0})
	f.Add(uint8(125), uint16(0), uint8(0), []byte{3, 200, 3, 4, 201, 2, 5, 202, 1})
	f.Add(uint8(1), uint16(3), uint8(9), []byte{1, 1, 1})
	types := []string{"uint16", "int32", "float64", "bool", "string"}
	f.Fuzz(func(t *testing.T, words uint8, holeAt uint16, holeLen uint8, script []byte) {
		var defs []facility.PointDef
		named := map[[2]int]bool{}
		for i := 0; i+2 < len(script) && i < 300; i += 3 {
			def := facility.PointDef{Name: fmt.Sprint(i), Type: types[int(script[i])%len(types)], Function: 3 + int(script[i]>>7), Address: at(int(script[i+1])), Length: 3,
				Scan: time.Duration(1+script[i+2]%3) * time.Second}
			switch {
			case def.Type == "bool" && script[i+2] > 127:
				def.Function = 1
			case def.Type == "bool":
				def.Bit = at(int(script[i+2]) % 16)
			case script[i+2]%5 == 0:
				def.ScaleFrom = at(int(script[i+2]))
			}
			for _, s := range spansOf(def) {
				for a := s.lo; a < s.hi; a++ {
					named[[2]int{def.Function, a}] = true
				}
			}
			defs = append(defs, def)
		}
		spec := unitSpec{maxWords: int(words), holes: [][2]int{{int(holeAt), int(holeAt) + int(holeLen)}}, points: pointsOf(defs)}
		plans, slots, err := planUnit(spec)
		if err != nil {
			return
		}
		read := map[facility.Ref]int{}
		for _, p := range plans {
			if limit := max(spec.maxWords, 1); p.fn >= 3 && int(p.count) > limit || p.count == 0 {
				t.Errorf("%d registers where the device answers %d", p.count, limit)
			}
			for a := int(p.address); a < int(p.address)+int(p.count); a++ {
				if !named[[2]int{int(p.fn), a}] {
					t.Errorf("function %d reads %d, which nobody named", p.fn, a)
				}
			}
			p.decode(make([]byte, p.bytes()), make([]scale, slots), time.Now())
			for _, field := range p.fields {
				read[field.ref]++
			}
		}
		for ref := range defs {
			if read[facility.Ref(ref)] != 1 {
				t.Errorf("point %d is read by %d requests", ref, read[facility.Ref(ref)])
			}
		}
	})
}
