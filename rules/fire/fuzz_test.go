package fire

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"
)

// FuzzCases feeds the case loader anything at all: it may refuse, but never panic, and a case it
// accepts runs and gives a line of JSON.
func FuzzCases(f *testing.F) {
	for _, file := range []string{"testdata/fire_cases.json", "testdata/own_cases.json"} {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		raws, err := readCases(bytes.NewReader(data))
		if err != nil {
			f.Fatal(err)
		}
		for _, raw := range raws[:12] {
			f.Add([]byte("[" + string(raw) + "]"))
		}
	}
	f.Add([]byte(`[{"id":"X","steps":[{"t_s":0,"set":{"R1.SM":{"v":null}}}]}]`))
	f.Add([]byte(`[null,1,{}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		raws, err := readCases(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, raw := range raws {
			run, _, err := parseCase(raw)
			if err != nil || run.end > 2000 || len(run.racks) > 8 {
				continue
			}
			if _, err := json.Marshal(evalOne(raw)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzRestore feeds anything as a snapshot: what is accepted is written back the same, and the
// engine goes on from it.
func FuzzRestore(f *testing.F) {
	cfg := threeRacks()
	for seed := range uint64(12) {
		p := newPlant(&testing.T{}, seed, cfg)
		for range 150 * int(seed+1) {
			p.step()
			p.tick()
		}
		text, err := json.Marshal(p.engine.Snapshot())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, int64(7*time.Second))
	}
	f.Fuzz(func(t *testing.T, text []byte, down int64) {
		var s Snapshot
		if json.Unmarshal(text, &s) != nil {
			return
		}
		first := restored(t, cfg, s, time.Duration(down))
		if first == nil {
			return
		}
		kept := first.Snapshot()
		second := restored(t, cfg, kept, 0)
		if second == nil {
			t.Fatal("its own snapshot is refused")
		}
		want, err := json.Marshal(kept)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := json.Marshal(second.Snapshot()); !bytes.Equal(got, want) {
			t.Fatalf("written back as\n%s\nwant\n%s", got, want)
		}
		in := second.NewInputs()
		for i := range 20 {
			second.Tick(time.Hour+time.Duration(i)*time.Second, time.Time{}, in)
			second.View()
		}
	})
}

func restored(t *testing.T, cfg Config, s Snapshot, down time.Duration) *Engine {
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if e.Restore(s, down, time.Hour) != nil {
		return nil
	}
	return e
}
