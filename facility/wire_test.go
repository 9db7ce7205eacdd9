package facility

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// A profile that says for which firmware it is has its devices watched without an entry in the alarm list.
func TestFirmwareIsWatchedForEveryDevice(t *testing.T) {
	site := load(t, "testdata/whole/drives.yaml")
	var got []string
	for _, r := range site.Alarms {
		got = append(got, fmt.Sprint(r.ID, " ", r.Points, " ", r.Kind, " ", r.Limit))
	}
	want := []string{
		"firmware-low-x-d1 x/d1/fw low 2.1", "firmware-high-x-d1 x/d1/fw high 3.9",
		"firmware-low-x-d2 x/d2/fw low 2.1", "firmware-high-x-d2 x/d2/fw high 3.9",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if tls := site.Link("b").TLS; tls == nil || *tls != (TLS{"/etc/bongsu/ca.pem", "/etc/bongsu/c.pem", "/etc/bongsu/k.pem", "broker.example"}) {
		t.Errorf("tls %+v", tls)
	}
}

// What is told after the fact goes into the history and never before people or rules as what is so now.
func TestViewTakesNothingOfThePast(t *testing.T) {
	points := []Point{{StaleAfter: time.Hour}}
	now := time.Now()
	for _, c := range []struct {
		name string
		then Sample
		want float64
	}{
		{"a filled gap", Sample{Quality: Good, Flags: Historical, Value: 99}, 20},
		{"a doubtful one", Sample{Quality: Uncertain, Flags: Historical, Value: 99}, 20},
		{"one of now", Sample{Quality: Good, Value: 22}, 22},
	} {
		v := NewLive(points)
		c.then.At, c.then.Seen = now.Add(-time.Minute), now
		v.Apply([]Sample{{Quality: Good, Value: 20, At: now, Seen: now}})
		v.Apply([]Sample{c.then})
		if s := v.Sample(0, now); s.Value != c.want {
			t.Errorf("%s: shows %v %v", c.name, s.Value, s.Quality)
		}
	}
}
