package bands

import (
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// monday is the first hour of the stories: 00:00 in Seoul.
var monday = time.Date(2026, 3, 1, 15, 0, 0, 0, time.UTC)

// usual is a value that follows a load and the hour, an ordinary working week and some noise.
func usual(at time.Time, load float64, rng *rand.Rand) float64 {
	local := at.UTC().Add(9 * time.Hour)
	v := 20 + .05*load + math.Sin(2*math.Pi*float64(local.Hour())/24)
	if local.Weekday() == time.Sunday {
		v -= 3
	}
	return v + .1*rng.NormFloat64()
}

// learned is a ledger of some hours and the plan it was kept by.
func learned(hours int, odd func(i int) float64) (Plan, *Ledger, time.Time) {
	p := Plan{Point: "x/t", Drivers: []string{"x/load"}, Least: .02, Warmup: 14 * 24 * time.Hour, Zone: "Asia/Seoul"}
	rng := rand.New(rand.NewPCG(1, 2))
	l := &Ledger{Drivers: p.Drivers}
	at := monday
	for i := range hours {
		load := 100 + 40*math.Sin(float64(i)/9) + 10*rng.NormFloat64()
		v := usual(at, load, rng)
		if odd != nil {
			v += odd(i)
		}
		l.Learn(Hour{At: at.Unix() / 3600, Value: float32(v), Drivers: []float32{float32(load)}})
		at = at.Add(time.Hour)
	}
	return p, l, at
}

func TestABandKnowsTheHourAndTheLoad(t *testing.T) {
	p, l, now := learned(5*Week, nil)
	b := Fit(p, l, now)
	if !b.Ready || !b.Weekly {
		t.Fatalf("after five weeks: ready %v, weekly %v", b.Ready, b.Weekly)
	}
	if s := b.Drivers[0].Slope; math.Abs(s-.05) > .007 {
		t.Errorf("slope %.4f, want 0.05 and little more", s)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		name string
		day  int
		hour int
		load float64
	}{{"Tuesday afternoon", 1, 14, 100}, {"at more load", 1, 14, 130}, {"Sunday morning", 6, 6, 80}} {
		at := monday.AddDate(0, 0, 35+c.day).Add(time.Duration(c.hour)*time.Hour + 30*time.Minute)
		x := b.Expect(at, []float64{c.load})
		is := usual(at, c.load, rng)
		if x.State != Ready || math.Abs(x.Off(is)) > 6 {
			t.Errorf("%s: %+v, an ordinary %.2f is %.1f spreads off", c.name, x, is, x.Off(is))
		}
		if x.Spread > .5 {
			t.Errorf("%s: a spread of %.2f for a noise of 0.1 finds nothing", c.name, x.Spread)
		}
		if off := x.Off(is + 2); off < 4 {
			t.Errorf("%s: 2 above what is usual is only %.1f spreads off", c.name, off)
		}
	}
}

func TestWhatABandDoesNotKnowItDoesNotJudge(t *testing.T) {
	p, l, now := learned(5*Week, nil)
	b := Fit(p, l, now)
	if x := b.Expect(now, []float64{900}); x.State != Unfamiliar || x.Driver != "x/load" {
		t.Errorf("with a load never seen: %+v", x)
	}
	p, l, now = learned(10*24, nil)
	b = Fit(p, l, now)
	if x := b.Expect(now, []float64{100}); x.State != Warming {
		t.Errorf("after ten of fourteen days: %+v", x)
	}
	if words := b.Explain(now, b.Expect(now, []float64{100}), 20, 6, 1); words.EN != "still learning: 168 of 336 hours" || !strings.Contains(words.KO, "336시간 중 168시간") {
		t.Errorf("says %+v", words)
	}
	p, l, now = learned(19*24, nil)
	if b = Fit(p, l, now); !b.Ready || b.Weekly {
		t.Errorf("after 16 good days: ready %v, weekly %v; want the hour of the day", b.Ready, b.Weekly)
	}
	if b = Fit(p, &Ledger{}, now); b.Ready || b.Expect(now, []float64{1}).State != Warming {
		t.Error("a band of nothing judges")
	}
}

func TestOddHoursDoNotTeach(t *testing.T) {
	clean, l, now := learned(5*Week, nil)
	want := Fit(clean, l, now)
	p, l, _ := learned(5*Week, func(i int) float64 {
		if i%20 == 3 { // one hour in twenty is far off
			return 30
		}
		return 0
	})
	got := Fit(p, l, now)
	for k := range got.Centre {
		if d := math.Abs(got.Centre[k] - want.Centre[k]); d > .6 {
			t.Fatalf("hour %d moved by %.2f for a few odd ones", k, d)
		}
	}
}

func TestASlowFaultIsTakenOutAgain(t *testing.T) {
	ramp := func(i int) float64 { return max(0, float64(i-4*Week)) * .02 } // from the fifth week on
	p, l, now := learned(4*Week+60, ramp)
	began := now.Add(-20 * time.Hour) // the alarm
	l.Distrust(began)
	if last := l.Hours()[len(l.Hours())-1].At; last >= began.Unix()/3600-Wait {
		t.Fatal("the hours before the alarm stand in the ledger")
	}
	b := Fit(p, l, now)
	x := b.Expect(now, []float64{100})
	rng := rand.New(rand.NewPCG(3, 4))
	if off := x.Off(usual(now, 100, rng) + ramp(4*Week+60)); off < 6 {
		t.Errorf("the fault is %.1f spreads off", off)
	}
}

func TestALedgerTakesAnHourOnceAndForgets(t *testing.T) {
	l := &Ledger{}
	for _, h := range []Hour{{At: 10, Value: 1}, {At: 10, Value: 2}, {At: 9, Value: 3}, {At: 11, Value: float32(math.NaN())}, {At: 12, Value: 4}} {
		l.Learn(h)
	}
	if want := []Hour{{At: 10, Value: 1, Drivers: []float32{}}, {At: 12, Value: 4, Drivers: []float32{}}}; !reflect.DeepEqual(l.Hours(), want) {
		t.Errorf("holds %v, want %v", l.Hours(), want)
	}
	l.Learn(Hour{At: 12 + Memory})
	if n := len(l.Hours()); n != 1 {
		t.Errorf("remembers %d hours after eight weeks", n)
	}
}

func TestWordsSayWhatWasExpected(t *testing.T) {
	p, l, now := learned(5*Week, nil)
	b := Fit(p, l, now)
	at := time.Date(2026, 4, 7, 5, 0, 0, 0, time.UTC) // Tuesday 14:00 in Seoul
	x := Expectation{State: Ready, Centre: 22.65, Spread: .25}
	words := b.Explain(at, x, 26.2, 5, 1)
	if want := "expected 21.4-23.9 at Tue 14:00, is 26.2 (learned from 768 hours 2 Mar to 3 Apr, by hour of the week, with x/load)"; words.EN != want {
		t.Errorf("says %q, want %q", words.EN, want)
	}
	if want := "화 14:00 예상 21.4~23.9, 현재 26.2 (3/2~4/3 768시간 학습, 요일별 시각, 함께 보는 값: x/load)"; words.KO != want {
		t.Errorf("says %q, want %q", words.KO, want)
	}
}

func TestAFileComesBackWholeOrNotAtAll(t *testing.T) {
	p, l, now := learned(4*Week, nil)
	set := Set{Made: now.UTC(), Bands: map[string]*Band{"x/t": Fit(p, l, now)}}
	name := filepath.Join(t.TempDir(), "bands")
	var got Set
	if err := Load(name, &got); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a missing file: %v", err)
	}
	if err := Save(name, set); err != nil {
		t.Fatal(err)
	}
	if err := Load(name, &got); err != nil || got.Get("x/t").Centre != set.Get("x/t").Centre || !got.Made.Equal(set.Made) {
		t.Fatalf("came back as %+v, %v", got.Made, err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(d []byte) []byte{
		"a flipped bit":   func(d []byte) []byte { d[len(d)/2] ^= 4; return d },
		"a torn tail":     func(d []byte) []byte { return d[:len(d)-9] },
		"another version": func(d []byte) []byte { return append([]byte("bongsu-bands 9"), d[14:]...) },
		"another file":    func([]byte) []byte { return []byte("{}") },
		"nothing":         func([]byte) []byte { return nil },
	} {
		if err := Decode(spoil(append([]byte(nil), data...)), &got); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
