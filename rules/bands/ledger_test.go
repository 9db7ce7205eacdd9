package bands

import (
	"cmp"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// What was learned in weeks must not be lost for another way of writing it down: the lists of hours that files had before
// are read, too.
func TestALedgerIsReadFromBothKindsOfFiles(t *testing.T) {
	want := []Hour{{At: 495000, Value: 21.25, Drivers: []float32{80.1}}, {At: 495003, Value: -.5, Drivers: []float32{0}}}
	listed := `{"drivers":["x/load"],"hours":[{"t":495000,"v":21.25,"d":[80.1]},{"t":495003,"v":-0.5,"d":[0]}],"until":495004,"since":9}`
	var old Ledger
	if err := json.Unmarshal([]byte(listed), &old); err != nil {
		t.Fatal(err)
	}
	written, err := json.Marshal(&old)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(written), "495000") {
		t.Errorf("written as a list: %s", written)
	}
	var again Ledger
	if err := json.Unmarshal(written, &again); err != nil {
		t.Fatal(err)
	}
	for name, l := range map[string]*Ledger{"a list": &old, "numbers": &again} {
		if !reflect.DeepEqual(l.Hours(), want) || l.Until != 495004 || l.Since != 9 || !slices.Equal(l.Drivers, []string{"x/load"}) {
			t.Errorf("from %s: %+v, until %d, since %d", name, l.Hours(), l.Until, l.Since)
		}
	}
	for name, text := range map[string]string{
		"a part of an hour": `{"drivers":["x/load"],"hours":"AAAAAAAAAAA=","until":1}`,
		"other letters":     `{"drivers":[],"hours":"??","until":1}`,
		"another shape":     `{"drivers":[],"hours":{},"until":1}`,
	} {
		if err := json.Unmarshal([]byte(text), &again); err == nil {
			t.Errorf("%s was read as %+v", name, again.Hours())
		}
	}
	for _, text := range []string{`{"drivers":null,"hours":null,"until":1}`, `{"drivers":[],"hours":"","until":1}`, `{"until":1}`} {
		if err := json.Unmarshal([]byte(text), &again); err != nil || len(again.Hours()) != 0 || again.Until != 1 {
			t.Errorf("nothing learned, %s: %+v, %v", text, again.Hours(), err)
		}
	}
}

// A site has thousands of ledgers: what one sets aside is paid for thousands of times.
func TestALedgerOfEightWeeksIsSmall(t *testing.T) {
	l := &Ledger{Drivers: []string{"a", "b"}}
	for h := range int64(3 * Memory) {
		l.Learn(Hour{At: 495000 + h, Value: 1, Drivers: []float32{2, 3}})
	}
	if n := len(l.Hours()); n != Memory {
		t.Fatalf("holds %d hours", n)
	}
	if bytes := 4*cap(l.at) + 4*cap(l.rows); bytes > 16*Memory*5/4 {
		t.Errorf("%d bytes for %d hours of three numbers", bytes, Memory)
	}
	text, err := json.Marshal(l)
	if err != nil || len(text) > 16*Memory*3/2 {
		t.Errorf("%d bytes in the file, %v", len(text), err)
	}
}

// A set point that nobody touched is the same for weeks. Its mean of an hour, 22.3 rounded to single precision in the
// ledger and not where it is judged, must not pass for a set point that was never seen.
func TestADriverThatStandsStillIsNoStranger(t *testing.T) {
	p := Plan{Point: "x/t", Drivers: []string{"x/set"}, Least: .05, Warmup: 48 * time.Hour, Zone: "Asia/Seoul"}
	l, at, rng := &Ledger{Drivers: p.Drivers}, monday, rand.New(rand.NewPCG(1, 2))
	for range 4 * Week {
		l.Learn(Hour{At: at.Unix() / 3600, Value: float32(24 + .1*rng.NormFloat64()), Drivers: []float32{22.3}})
		at = at.Add(time.Hour)
	}
	b := Fit(p, l, at)
	if x := b.Expect(at, []float64{22.3}); x.State != Ready {
		t.Errorf("at the set point it has always had: %+v", x)
	}
	if x := b.Expect(at, []float64{22.4}); x.State != Unfamiliar {
		t.Errorf("at another set point: %+v", x)
	}
}

// slowMedian sorts, as one would by hand.
func slowMedian(all []weighted) float64 {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b weighted) int { return cmp.Compare(a.v, b.v) })
	sum, below := 0.0, 0.0
	for _, x := range all {
		sum += x.w
	}
	for i, x := range all {
		below += x.w
		if below == sum/2 && i+1 < len(all) {
			return (x.v + all[i+1].v) / 2
		}
		if below > sum/2 {
			return x.v
		}
	}
	return 0
}

func TestTheMedianIsThatOfASortedList(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		all := make([]weighted, rng.IntN(40))
		for i := range all {
			all[i] = weighted{float64(rng.IntN(12)), float64(1+rng.IntN(4)) / 2} // many equal ones, halves that meet exactly
		}
		want := slowMedian(all)
		if got := median(slices.Clone(all)); got != want {
			t.Fatalf("%v: %g, want %g", all, got, want)
		}
	}
}
