package facility

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Each faulty file says all its faults at once, each at the place where a person must go.
func TestFaultsOfFaultyFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/faulty/*.yaml")
	if err != nil || len(files) < 20 {
		t.Fatalf("found %d faulty files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			site, faults := Load(file)
			if (site == nil) != (faults.Err() != nil) {
				t.Errorf("site is nil: %v, but the faults say %v", site == nil, faults.Err())
			}
			if len(faults) == 0 {
				t.Fatal("no fault was found")
			}
			got := faults.Error() + "\n"
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%swant:\n%s", got, want)
			}
		})
	}
}

func TestMissingFileIsOneFault(t *testing.T) {
	site, faults := Load("testdata/nowhere.yaml")
	if site != nil || len(faults) != 1 || !strings.Contains(faults[0].Text, "no such file") {
		t.Fatalf("got %v", faults)
	}
}

func TestWholeSiteLoads(t *testing.T) {
	site := load(t, "testdata/whole/site.yaml")
	var ids []string
	for i, p := range site.Points {
		ids = append(ids, string(p.ID))
		if ref, ok := site.Ref(p.ID); !ok || ref != Ref(i) || p.Ref != ref {
			t.Errorf("point %d %s has Ref %d, is found as %d %v", i, p.ID, p.Ref, ref, ok)
		}
	}
	want := []string{
		"whole/r1/meter/volts", "whole/r1/meter/amps", "whole/r1/meter/closed",
		"whole/r2/meter/volts", "whole/r2/meter/amps", "whole/r2/meter/closed",
		"whole/r1/inlet/temp", "whole/r2/inlet/temp",
		"whole/r1/cells/cell-1", "whole/r1/cells/cell-2", "whole/r1/cells/cell-3",
		"whole/r2/cells/cell-1", "whole/r2/cells/cell-2", "whole/r2/cells/cell-3",
	}
	if !slices.Equal(ids, want) {
		t.Errorf("points are\n%s", strings.Join(ids, "\n"))
	}
	cell := point(t, site, "whole/r2/cells/cell-3")
	if *cell.Def.Address != 0x103 || cell.Name != (Text{KO: "셀 2.3", EN: "Cell 2.3"}) || cell.StaleAfter != 40*time.Second || cell.Kind != "analog" {
		t.Errorf("cell is %+v", cell)
	}
	volts := point(t, site, "whole/r1/meter/volts")
	if *volts.Def.Address != 16 || volts.StaleAfter != 3*time.Second || volts.Min != 0 || volts.Max != 500 || volts.Name.KO != "volts" {
		t.Errorf("volts is %+v", volts)
	}
	if d := site.Device("whole/r2/cells"); d == nil || d.Unit != 12 || len(d.Refs) != 3 || site.Points[d.Refs[0]].ID != "whole/r2/cells/cell-1" {
		t.Errorf("the cells of rack 2 are %+v", d)
	}
	if a := site.Asset("whole/r2"); a == nil || a.Col != 2 || a.Name.EN != "Rack 2" {
		t.Errorf("rack 2 is %+v", a)
	}
	if l := site.Link("7"); l == nil || l.Timeout != 2*time.Second || l.MaxBackoff != 30*time.Second || l.Client != "bongsu-7" {
		t.Errorf("link 7 is %+v", l)
	}
	if site.Device("nobody") != nil || site.Asset("nobody") != nil || site.Link("nobody") != nil {
		t.Error("something was found that does not exist")
	}
	cmd, ok := site.Commands["whole/r1/meter/open"]
	if !ok || site.Points[cmd.Feedback].ID != "whole/r1/meter/closed" || cmd.Asset != "whole/r1" {
		t.Errorf("the command is %+v", cmd)
	}
	if site.Timezone != "Asia/Seoul" || site.Comms != (CommsRule{After: 10 * time.Second, Priority: 3}) {
		t.Errorf("defaults are %q %+v", site.Timezone, site.Comms)
	}
	if r := site.Alarms[0]; r.OnDelay != 5*time.Second || r.OffDelay != 10*time.Second || r.Deadband != 5 || r.Text.EN != "Voltage high" {
		t.Errorf("the rule is %+v", r)
	}
}

func TestRevisionFollowsTheProfiles(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"site", "profiles"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	copyFile(t, "testdata/whole/site.yaml", filepath.Join(dir, "site", "site.yaml"), "")
	copyFile(t, "testdata/profiles/meter.yaml", filepath.Join(dir, "profiles", "meter.yaml"), "")
	copyFile(t, "testdata/profiles/inlet.yaml", filepath.Join(dir, "profiles", "inlet.yaml"), "")
	before := load(t, filepath.Join(dir, "site", "site.yaml")).Revision
	if again := load(t, filepath.Join(dir, "site", "site.yaml")).Revision; again != before {
		t.Errorf("revision %s, then %s of the same files", before, again)
	}
	copyFile(t, "testdata/profiles/inlet.yaml", filepath.Join(dir, "profiles", "inlet.yaml"), "# changed\n")
	if after := load(t, filepath.Join(dir, "site", "site.yaml")).Revision; after == before {
		t.Error("a changed profile left the revision as it was")
	}
}

func TestPatternsMatchWholeWords(t *testing.T) {
	site := load(t, "testdata/whole/site.yaml")
	for pattern, want := range map[string]string{
		"whole/r1/meter/volts": "whole/r1/meter/volts",
		"whole/*/meter/volts":  "whole/r1/meter/volts whole/r2/meter/volts",
		"*/*/*/temp":           "whole/r1/inlet/temp whole/r2/inlet/temp",
		"*/r2/cells/*":         "whole/r2/cells/cell-1 whole/r2/cells/cell-2 whole/r2/cells/cell-3",
		"whole/r1/meter":       "",
		"whole/r1/meter/volt":  "",
		"whole/r1/*":           "",
		"*/*/*/*/*":            "",
		"":                     "",
	} {
		t.Run(pattern, func(t *testing.T) {
			var got []string
			for _, ref := range site.PointsMatching(pattern) {
				got = append(got, string(site.Points[ref].ID))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("got %v, want %s", got, want)
			}
		})
	}
	if n := len(site.PointsMatching("*/*/*/*")); n != len(site.Points) {
		t.Errorf("all stars match %d of %d points", n, len(site.Points))
	}
}

func load(t testing.TB, file string) *Site {
	t.Helper()
	site, faults := Load(file)
	if site == nil {
		t.Fatalf("%s does not load:\n%v", file, faults)
	}
	return site
}

func point(t *testing.T, site *Site, id PointID) Point {
	t.Helper()
	ref, ok := site.Ref(id)
	if !ok {
		t.Fatalf("there is no point %s", id)
	}
	return site.Points[ref]
}

func copyFile(t *testing.T, from, to, more string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, append(text, more...), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSerialLinesTakeTheDefaultsOfModbus(t *testing.T) {
	site := load(t, "testdata/whole/lines.yaml")
	for id, want := range map[string]struct {
		turnaround time.Duration
		serial     SerialLine
		bits       int
		local      bool
	}{
		"line":    {25 * time.Millisecond, SerialLine{Baud: 19200, DataBits: 8, StopBits: 1, Parity: "even"}, 11, true},
		"old":     {5 * time.Millisecond, SerialLine{Baud: 1200, DataBits: 7, StopBits: 2, Parity: "none"}, 10, true},
		"gateway": {25 * time.Millisecond, SerialLine{Baud: 9600, DataBits: 8, StopBits: 1, Parity: "even"}, 11, false},
	} {
		l := site.Link(id)
		if l.Turnaround != want.turnaround || *l.Serial != want.serial || l.Serial.CharBits() != want.bits || l.OnSerialLine() != want.local {
			t.Errorf("%s is %+v with %+v", id, l, l.Serial)
		}
	}
	if l := site.Link("one"); l.Serial != nil || l.Turnaround != 0 || !l.OneConnection {
		t.Errorf("a network endpoint is %+v", l)
	}
	state := point(t, site, "lines/d/state").Def
	if d := site.Device("lines/d"); d.Timeout != 80*time.Millisecond || state.Words() != 3 || state.Values["ON*"] != 1 {
		t.Errorf("device %+v, state %+v", d, state)
	}
	if load := point(t, site, "lines/d/load").Def; *load.InvalidMask != 0xFF00 {
		t.Errorf("mask %+v", load)
	}
}
