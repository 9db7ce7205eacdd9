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
		backlog  bool // the broker may have kept it while we were away
		want     string
		at       time.Duration // age the sample is given
	}{
		{"live", 100 * time.Millisecond, false, false, "1 good", 100 * time.Millisecond},
		{"live with a slow clock", 3 * time.Second, false, false, "1 uncertain clock-skew", 0},
		{"live with a very slow clock", time.Hour, false, false, "1 uncertain clock-skew", 0},
		{"live with a fast clock", -3 * time.Second, false, false, "1 uncertain clock-skew", 0},
		{"retained and recent", 4 * time.Second, true, true, "1 good", 4 * time.Second},
		{"retained and old", 6 * time.Second, true, false, "1 stale stale", 6 * time.Second},
		{"retained from the future", -time.Hour, true, false, "1 uncertain clock-skew", 0},
		{"kept for us while we were away", 6 * time.Second, false, true, "1 stale stale", 6 * time.Second},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			payload := `{"v":1,"t":"` + epoch.Add(-c.age).Format(time.RFC3339Nano) + `"}`
			got := decodeOne(t, newTestRoute(t, def), message{payload: []byte(payload), at: epoch, retained: c.retained, backlog: c.backlog})
			if written(got) != c.want || !got.At.Equal(epoch.Add(-c.at)) {
				t.Errorf("got %q of age %v, want %q of age %v", written(got), epoch.Sub(got.At), c.want, c.at)
			}
		})
	}
}

func TestOlderStampsNeverReplaceNewerOnes(t *testing.T) {
	type arrival struct {
		at, stamp time.Duration
		backlog   bool
		again     bool
		taken     bool
	}
	const s = time.Second
	for name, arrivals := range map[string][]arrival{
		"in order":                   {{0, 0, false, false, true}, {s, s, false, false, true}},
		"overtaken":                  {{s, s, false, false, true}, {2 * s, 0, false, false, false}, {3 * s, 3 * s, false, false, true}},
		"sent twice":                 {{s, s, false, false, true}, {2 * s, s, false, true, false}},
		"the same time twice":        {{s, s, false, false, true}, {s, s, false, false, true}},
		"a backlog out of order":     {{60 * s, 9 * s, true, false, true}, {60 * s, 8 * s, true, false, false}, {61 * s, 61 * s, false, false, true}},
		"a buffer between live ones": {{s, s, false, false, true}, {2 * s, -60 * s, false, false, false}, {3 * s, 3 * s, false, false, true}, {12 * s, -50 * s, false, false, false}},
		// Nothing newer for a while: the point must not freeze until the clock is where it was.
		"a clock set back":              {{s, s, false, false, true}, {5 * s, -3595 * s, false, false, false}, {12 * s, -3588 * s, false, false, true}, {13 * s, -3587 * s, false, false, true}},
		"a clock set back in a backlog": {{60 * s, 9 * s, true, false, true}, {80 * s, 8 * s, true, false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTestRoute(t, facility.PointDef{Name: "x", Topic: "x", TimePath: "t", Scan: s, Stale: time.Minute})
			for i, a := range arrivals {
				payload := fmt.Sprintf(`{"v":1,"t":%q}`, epoch.Add(a.stamp).Format(time.RFC3339Nano))
				out, order := r.decode(message{payload: []byte(payload), at: epoch.Add(a.at), backlog: a.backlog, again: a.again}, nil)
				if left := order >= tooLate; (len(out) == 1) != a.taken || left == a.taken {
					t.Errorf("message %d: %d samples, order %v", i, len(out), order)
				}
			}
		})
	}
}

// A message without a time or number of its own is as old as it may be.
func TestMessagesOfUnknownAge(t *testing.T) {
	def := facility.PointDef{Name: "x", Topic: "x", Format: "plain", Scan: time.Second}
	for want, m := range map[string]message{
		"5 good":            {},
		"5 stale stale":     {retained: true},
		"5 uncertain stale": {backlog: true},
	} {
		m.payload, m.at = []byte("5"), epoch
		if got := written(decodeOne(t, newTestRoute(t, def), m)); got != want {
			t.Errorf("%+v: %s, want %s", m, got, want)
		}
	}
	again := message{payload: []byte("5"), at: epoch, again: true}
	if got := written(decodeOne(t, newTestRoute(t, def), again)); got != "5 uncertain stale" {
		t.Errorf("a message sent again: %s", got)
	}
}

func TestPlainPayloads(t *testing.T) {
	def := facility.PointDef{Name: "x", Topic: "x", Format: "plain", Range: []float64{-10, 1000}, Scan: time.Second, Values: map[string]float64{"ON": 1, "OFF": 0, "FAULT*": 7}}
	for payload, want := range map[string]string{
		"21.5": "21.5 good", " 21.5\r\n": "21.5 good", "+3": "3 good", "007": "7 good", "1e2": "100 good", "ON": "1 good", "OFF": "0 good",
		"FAULT 12": "7 good", "on": "bad malformed", "": "bad malformed", " ": "bad malformed", "0x10": "bad malformed", "1_000": "bad malformed",
		"12,5": "bad malformed", "nan": "bad nan", "-Infinity": "bad nan", "1e999": "bad range", "1001": "1001 bad range", `{"v":1}`: "bad malformed",
		"\xff\x00": "bad malformed",
	} {
		if got := written(decodeOne(t, newTestRoute(t, def), message{payload: []byte(payload), at: epoch})); got != want {
			t.Errorf("%q: %s, want %s", payload, got, want)
		}
	}
}

func TestTimesOfPayloads(t *testing.T) {
	want := time.Date(2026, 3, 1, 12, 0, 0, 500e6, time.UTC)
	for raw, ok := range map[string]bool{
		`"2026-03-01T12:00:00.5Z"`: true, `"2026-03-01T21:00:00.5+09:00"`: true, `1772366400.5`: true, `1772366400500`: true,
		`1772366400500000`: true, `1772366400500000000`: true, `"1772366400.5"`: false, `"2026-03-01 12:00:00"`: false, `-1`: false, `1e300`: false, `true`: false,
	} {
		v := value{raw: []byte(raw), kind: kindOf(raw[0])}
		if got, readable := v.stamp(); readable != ok || (ok && !got.Equal(want)) {
			t.Errorf("%s: %v %v", raw, got, readable)
		}
	}
}

func newTestRoute(t testing.TB, def facility.PointDef) *route {
	t.Helper()
	r := newRoute("x")
	if err := r.add(pointsOf([]facility.PointDef{def})[0], &mqttDevice{clock: &clock{limit: maxSkew}}); err != nil {
		t.Fatal(err)
	}
	return r
}

func decodeOne(t *testing.T, r *route, m message) facility.Sample {
	t.Helper()
	out, _ := r.decode(m, nil)
	if len(out) != 1 {
		t.Fatalf("%d samples of %q", len(out), m.payload)
	}
	return out[0]
}

func TestSimulatedDataIsNeverTakenForReal(t *testing.T) {
	def := facility.PointDef{Name: "x", Topic: "x", SimPath: "sim", Scan: time.Second}
	cases := map[string]string{
		`{"v":1}`: "1 good", `{"v":1,"sim":false}`: "1 good", `{"v":1,"sim":0}`: "1 good",
		`{"v":1,"sim":true}`: "bad drill-tag", `{"v":1,"sim":1}`: "bad drill-tag",
		`{"v":1,"sim":"yes"}`: "bad drill-tag", `{"sim":true}`: "bad drill-tag",
	}
	for payload, want := range cases {
		if got := decodeOne(t, newTestRoute(t, def), message{payload: []byte(payload), at: epoch}); written(got) != want {
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
