package collectors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

func TestExtractFollowsPaths(t *testing.T) {
	cases := []struct {
		payload, path, want string // want is the text found, "" for nothing
	}{
		{`{"v":1.5}`, "v", "1.5"},
		{` { "v" : 1.5 } `, "v", "1.5"},
		{`21.5`, "v", "21.5"},
		{`true`, "v", "true"},
		{`21.5`, "temperature", ""},
		{`{"a":{"b":{"c":-1e3}},"v":2}`, "a.b.c", "-1e3"},
		{`{"a":{"v":1},"v":2}`, "v", "2"},
		{`{"cells":[3.1,3.2,[3.3]]}`, "cells.1", "3.2"},
		{`{"cells":[3.1,3.2,[3.3]]}`, "cells.2.0", "3.3"},
		{`{"cells":[3.1]}`, "cells.1", ""},
		{`{"s":"a\"}b","v":7}`, "v", "7"},
		{`{"\u0076":7}`, "v", "7"},
		{`{"v":{"x":1}}`, "v", `{"x":1}`},
		{`{"V":7}`, "v", ""},
		{`{}`, "v", ""},
		{`[]`, "v", ""},
		{`{"v":[]}`, "v.0", ""},
	}
	for _, c := range cases {
		s := newShape()
		slot := s.add(c.path)
		out := make([]value, s.slots)
		if err := s.extract([]byte(c.payload), out); err != nil {
			t.Errorf("%s: %v", c.payload, err)
		} else if got := string(out[slot].raw); got != c.want {
			t.Errorf("%s at %s: %q, want %q", c.payload, c.path, got, c.want)
		}
	}
}

func TestExtractRefuses(t *testing.T) {
	for _, payload := range []string{
		"", "x", `{"v":1`, `{"v":01}`, `{"v":NaN}`, `{"v":1}}`, `{"a":1,"a":2,"v":1,"v":1}`, `{"v":1}{"v":2}`, `{"v":1,"v":2}`,
		strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
	} {
		s := newShape()
		s.add("v")
		if err := s.extract([]byte(payload), make([]value, s.slots)); !errors.Is(err, errMalformed) {
			t.Errorf("%.40q: %v", payload, err)
		}
	}
}

func TestQualityWords(t *testing.T) {
	cases := map[string]facility.Quality{
		`"GOOD"`: facility.Good, `"good"`: facility.Good, `192`: facility.Good,
		`"OBSCURED"`: facility.Uncertain, `"UNCERTAIN"`: facility.Uncertain, `64`: facility.Uncertain,
		`"BAD"`: facility.Bad, `0`: facility.Bad, `"STALE"`: facility.Stale,
		`"whatever"`: facility.Bad, `true`: facility.Bad, `{}`: facility.Bad,
	}
	for raw, want := range cases {
		if got := qualityWord(value{raw: []byte(raw), kind: kindOf(raw[0])}); got != want {
			t.Errorf("%s: %v, want %v", raw, got, want)
		}
	}
}

func TestKeptMessagesAreJudgedByTheirAge(t *testing.T) {
	def := facility.PointDef{Name: "x", Topic: "x", TimePath: "t", Scan: time.Second, Stale: 5 * time.Second}
	cases := []struct {
		name     string
		age      time.Duration
		retained bool
		since    time.Duration // how long we are connected
		want     string
		at       time.Duration // age the sample is given
	}{
		{"live", 100 * time.Millisecond, false, time.Hour, "1 good", 100 * time.Millisecond},
		{"live with a slow clock", 3 * time.Second, false, time.Hour, "1 uncertain clock-skew", 0},
		{"live with a very slow clock", time.Hour, false, time.Hour, "1 uncertain clock-skew", 0},
		{"live with a fast clock", -3 * time.Second, false, time.Hour, "1 uncertain clock-skew", 0},
		{"retained and recent", 4 * time.Second, true, time.Second, "1 good", 4 * time.Second},
		{"retained and old", 6 * time.Second, true, time.Second, "1 stale stale", 6 * time.Second},
		{"retained from the future", -time.Hour, true, time.Second, "1 uncertain clock-skew", 0},
		{"kept for us while we were away", 6 * time.Second, false, time.Second, "1 stale stale", 6 * time.Second},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newShape()
			p := newMQTTPoint(pointsOf([]facility.PointDef{def})[0], &mqttDevice{}, s)
			vals := make([]value, s.slots)
			payload := `{"v":1,"t":"` + epoch.Add(-c.age).Format(time.RFC3339Nano) + `"}`
			if err := s.extract([]byte(payload), vals); err != nil {
				t.Fatal(err)
			}
			got := p.sample(vals, message{at: epoch, retained: c.retained}, epoch.Add(-c.since))
			if written(got) != c.want || !got.At.Equal(epoch.Add(-c.at)) {
				t.Errorf("got %q of age %v, want %q of age %v", written(got), epoch.Sub(got.At), c.want, c.at)
			}
		})
	}
}

func TestBacklogOutOfOrderEndsWithTheNewest(t *testing.T) {
	r := newTestRoute(facility.PointDef{Name: "x", Topic: "x", TimePath: "t", Scan: time.Second, Stale: time.Minute})
	take := func(v, second int, since time.Duration) int {
		payload := fmt.Sprintf(`{"v":%d,"t":%q}`, v, epoch.Add(time.Duration(second)*time.Second).Format(time.RFC3339))
		return len(r.decode(message{payload: []byte(payload), at: epoch.Add(10 * time.Second)}, epoch.Add(10*time.Second-since), nil))
	}
	if take(1, 9, time.Second) != 1 || take(2, 8, time.Second) != 0 {
		t.Error("an older message of the backlog replaced a newer one")
	}
	if take(3, 7, time.Minute) != 1 {
		t.Error("a live message was dropped because its device's clock stepped back")
	}
}

func newTestRoute(def facility.PointDef) *route {
	r := &route{shape: newShape(), seqAt: -1}
	r.points = []mqttPoint{newMQTTPoint(pointsOf([]facility.PointDef{def})[0], &mqttDevice{}, r.shape)}
	r.vals = make([]value, r.shape.slots)
	return r
}

func TestSimulatedDataIsNeverTakenForReal(t *testing.T) {
	def := facility.PointDef{Name: "x", Topic: "x", SimPath: "sim", Scan: time.Second}
	cases := map[string]string{
		`{"v":1}`: "1 good", `{"v":1,"sim":false}`: "1 good", `{"v":1,"sim":0}`: "1 good",
		`{"v":1,"sim":true}`: "bad drill-tag", `{"v":1,"sim":1}`: "bad drill-tag",
		`{"v":1,"sim":"yes"}`: "bad drill-tag", `{"sim":true}`: "bad drill-tag",
	}
	for payload, want := range cases {
		s := newShape()
		p := newMQTTPoint(pointsOf([]facility.PointDef{def})[0], &mqttDevice{}, s)
		vals := make([]value, s.slots)
		if err := s.extract([]byte(payload), vals); err != nil {
			t.Fatal(err)
		}
		if got := p.sample(vals, message{at: epoch}, epoch); written(got) != want {
			t.Errorf("%s: %q, want %q", payload, written(got), want)
		}
	}
}

// unmarshal decodes JSON with numbers as they are written: what does not fit a float is still JSON.
func unmarshal(text []byte, out *any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(out)
}

// FuzzPayload holds the path walker against the standard decoder: it must find what that finds, and
// nothing where that finds nothing.
func FuzzPayload(f *testing.F) {
	for _, seed := range []string{`{"v":1.5,"q":"GOOD","a":[{"b":2}]}`, `{"a":[1,{"b":{"v":3}}]}`, `{"\u0076":1}`, `NaN`, `[]`, `1`, `{"v":1,"v":2}`, `{"a":[1,{"b":2}],"a":3}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		s := newShape()
		v, b := s.add("v"), s.add("a.1.b")
		out := make([]value, s.slots)
		if err := s.extract(payload, out); err != nil {
			return
		}
		var whole any
		if err := unmarshal(payload, &whole); err != nil {
			t.Fatalf("took what is no JSON: %q", payload)
		}
		top, _ := whole.(map[string]any)
		same := func(found value, want any, has bool) {
			if found.kind == 0 {
				if has {
					t.Errorf("%q: did not find %v", payload, want)
				}
				return
			}
			var got any
			if err := unmarshal(found.raw, &got); err != nil {
				t.Fatalf("%q: found %q", payload, found.raw)
			}
			a, _ := json.Marshal(got)
			w, _ := json.Marshal(want)
			if string(a) != string(w) {
				t.Errorf("%q: found %s, want %s", payload, a, w)
			}
			found.number()
		}
		if top == nil {
			return
		}
		want, has := top["v"]
		same(out[v], want, has)
		if list, _ := top["a"].([]any); len(list) > 1 {
			inner, _ := list[1].(map[string]any)
			want, has = inner["b"]
			same(out[b], want, has)
		}
	})
}
