package facility

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// plant writes files below a new folder and returns the path of its site file.
func plant(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "s", "site.yaml")
}

// townFiles is a site in several files: a list of points, a folder of devices and a profile with a base.
func townFiles() map[string]string {
	return map[string]string{
		"s/site.yaml": `id: town
include: [assets.yaml, "devices/*.yaml", "points/*.yaml", "devices/a.yaml"]
links:
  - {id: l, protocol: modbus, address: "127.0.0.1:502"}
alarms:
  - {id: warm, points: town/*/t, kind: high, limit: 30, priority: 3, class: cooling, text: {ko: 더움, en: Warm}}
`,
		"s/assets.yaml": "assets:\n  - {id: town, kind: site}\n",
		"s/devices/a.yaml": `devices:
  - {id: town/a, asset: town, link: l, unit: 1, profile: cell, base: 100}
`,
		"s/devices/b.yaml": `devices:
  - {id: town/b, asset: town, link: l, unit: 2, profile: cell}
`,
		"s/points/first.yaml": `points:
  - {device: town/a, name: t, label: {ko: 문 앞 온도, en: Door temperature}, range: [-20, 80]}
  - {each: {n: 1-2}, device: town/b, name: "spare-{n}", unit: V, range: [0, 5], scan: 10s, fn: 4, address: "{n*16+48}", type: int16}
limits:
  - {rule: warm, limit: 33.5}
`,
		"profiles/cell.yaml": `profile: cell
protocol: modbus
points:
  - {name: t, unit: degC, range: [-40, 60], scan: 1s, fn: 3, address: 7, type: int16, scale_from: 9}
  - {name: on, kind: binary, unit: "-", scan: 1s, fn: 1, address: 3, type: bool}
commands:
  - {name: stop, level: C1, fn: 5, address: 2, value: 1, feedback: on, equals: 0, deadline: 2s}
`,
	}
}

func TestASiteStandsInSeveralFiles(t *testing.T) {
	site := load(t, plant(t, townFiles()))
	var ids []string
	for _, p := range site.Points {
		ids = append(ids, string(p.ID))
	}
	want := []string{"town/a/t", "town/a/on", "town/b/t", "town/b/on", "town/b/spare-1", "town/b/spare-2"}
	if !slices.Equal(ids, want) {
		t.Fatalf("points %v", ids)
	}
	door, other := point(t, site, "town/a/t"), point(t, site, "town/b/t")
	if door.Name.EN != "Door temperature" || door.Min != -20 || door.Max != 80 || door.Scan != time.Second || door.Unit != "degC" {
		t.Errorf("the listed point is %+v", door)
	}
	if other.Name.EN != "t" || other.Max != 60 {
		t.Errorf("its brother on another device changed with it: %+v", other)
	}
	if *door.Def.Address != 107 || *door.Def.ScaleFrom != 109 || *other.Def.Address != 7 || *other.Def.ScaleFrom != 9 {
		t.Errorf("the base moved %d %d and %d %d", *door.Def.Address, *door.Def.ScaleFrom, *other.Def.Address, *other.Def.ScaleFrom)
	}
	if a, b := site.Commands["town/a/stop"].Def.Address, site.Commands["town/b/stop"].Def.Address; *a != 102 || *b != 2 {
		t.Errorf("the base moved the commands to %d and %d", *a, *b)
	}
	if spare := point(t, site, "town/b/spare-2"); *spare.Def.Address != 80 {
		t.Errorf("2*16+48 became %d", *spare.Def.Address)
	}
	if site.Alarms[0].Limit != 33.5 {
		t.Errorf("the limit is %v", site.Alarms[0].Limit)
	}
}

func TestRevisionFollowsWhatIsIncluded(t *testing.T) {
	file := plant(t, townFiles())
	one := load(t, file).Revision
	path := filepath.Join(filepath.Dir(file), "points", "first.yaml")
	copyFile(t, path, path, "# later\n")
	if two := load(t, file).Revision; two == one {
		t.Error("a changed include left the revision as it was")
	}
}

// Every fault of every file comes at once, each in the file where it was written.
func TestFaultsNameTheFileTheyStandIn(t *testing.T) {
	files := townFiles()
	files["s/site.yaml"] = strings.Replace(files["s/site.yaml"], "include: [", "include: [nowhere.yaml, site.yaml, ", 1)
	files["s/devices/b.yaml"] += "  - {id: town/b, asset: nobody, link: l, unit: 2, profile: cell, base: 65530, hue: red}\nfire: {}\n"
	files["s/points/first.yaml"] = `points:
  - {device: town/a, name: t, range: [80, -20]}
  - {device: town/z, name: t}
  - {device: town/b, name: on, address: 9}
  - {device: town/b, name: on, address: 10}
  - {device: town/b, name: twin, unit: "-", kind: binary, scan: 1s, fn: 1, address: 9, type: bool}
  - {device: town/b, unit: V}
limits:
  - {rule: cold, limit: 1}
  - {rule: warm, limit: 1}
  - {rule: warm, limit: 2}
  - {rule: warm}
`
	file := plant(t, files)
	site, faults := Load(file)
	if site != nil {
		t.Fatal("the site loaded")
	}
	dir := filepath.Dir(file) + string(filepath.Separator)
	got := strings.ReplaceAll(faults.Error(), dir, "")
	want := `devices/b.yaml:3:5: devices[2]: point town/b/t exists twice
devices/b.yaml:3:5: devices[2]: point town/b/on exists twice
devices/b.yaml:3:5: devices[2]: point town/b/twin exists twice
devices/b.yaml:3:6: devices[2].id: device "town/b" exists twice
devices/b.yaml:3:18: devices[2].asset: unknown asset "nobody"
devices/b.yaml:3:66: devices[2].base: base 65530 puts point "t" at address 65537: the last one is 65535
devices/b.yaml:3:79: devices[2].hue: unknown key "hue"; known here: id, asset, profile, link, unit, topic, status, base, points, timeout, max_skew
devices/b.yaml:4:1: fire: unknown key "fire"; known here: assets, links, devices, points, limits, alarms
points/first.yaml:2:31: points[0].range: the range must rise from lowest to highest
points/first.yaml:3:6: points[1].device: unknown device "town/z"
points/first.yaml:5:22: points[3].name: point town/b/on stands in the point list twice
points/first.yaml:6:76: points[4].address: duplicate register: fn 1 address 9 of unit 2 on l is already town/b/on
points/first.yaml:7:5: points[5]: the entry needs the name of its point
points/first.yaml:9:6: limits[0].rule: unknown alarm rule "cold"
points/first.yaml:11:6: limits[2].rule: rule "warm" is given two limits
points/first.yaml:12:6: limits[3].rule: rule "warm" is given two limits
site.yaml:2:11: include[0]: there is no file nowhere.yaml`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestATornIncludeIsTheOnlyFault(t *testing.T) {
	files := townFiles()
	files["s/devices/b.yaml"] = "devices:\n  - {id: town/b, asset: [\n"
	_, faults := Load(plant(t, files))
	if len(faults) != 1 || !strings.HasSuffix(faults[0].File, "b.yaml") {
		t.Errorf("what is missing because a file is torn was reported: %v", faults)
	}
}

// What is staged is checked as if it stood on the disk; the disk stays as it is.
func TestStagedFilesAreCheckedWithoutBeingWritten(t *testing.T) {
	file := plant(t, townFiles())
	staged := filepath.Join(filepath.Dir(file), "points", "second.yaml")
	site, faults := LoadFrom(Files{Staged: map[string][]byte{
		staged: []byte("points:\n  - {device: town/b, name: t, scan: 10s}\n"),
	}}, file)
	if site == nil {
		t.Fatal(faults)
	}
	if p := point(t, site, "town/b/t"); p.Scan != 10*time.Second || p.StaleAfter != 30*time.Second {
		t.Errorf("the staged point is %+v", p)
	}
	if p := point(t, load(t, file), "town/b/t"); p.Scan != time.Second {
		t.Errorf("staging changed the site on the disk: %+v", p)
	}
}

// A listed point must go with the device's others, as if it stood among them.
func TestAListedPointFitsItsDevice(t *testing.T) {
	files := townFiles()
	files["s/more.yaml"] = `links:
  - {id: m, protocol: mqtt, address: "127.0.0.1:1883"}
devices:
  - {id: town/c, asset: town, link: m, topic: c, points: [{name: t, unit: degC, range: [0, 50], scan: 1s, topic: t}]}
points:
  - {device: town/c, name: raw, unit: degC, range: [0, 50], scan: 1s, topic: t, format: plain}
`
	files["s/site.yaml"] = strings.Replace(files["s/site.yaml"], "include: [", "include: [more.yaml, ", 1)
	_, faults := Load(plant(t, files))
	if len(faults) != 1 || faults[0].Line != 6 || !strings.Contains(faults[0].Text, "plain for one point and JSON for another") {
		t.Errorf("got %v", faults)
	}
}

func TestVariablesReckon(t *testing.T) {
	for text, want := range map[string]string{
		"{n}": "3", "{n+1}": "4", "{n-1}": "2", "{n*16}": "48", "{n*16+48}": "96", "{n*2-10}": "-4",
		"a{n}b{n*2}": "a3b6", "{m+1}": "{m+1}", "{n+}": "{n+}", "{n*n}": "{n*n}", "{ n }": "{ n }", "{n+1": "{n+1",
	} {
		d := newDecoder("f")
		d.vars = map[string]string{"n": "3"}
		if got := d.expand(text); got != want {
			t.Errorf("%s became %s, want %s", text, got, want)
		}
	}
}

func TestAProfileIsCheckedAlone(t *testing.T) {
	site, faults := LoadProfile("testdata/profiles/meter.yaml")
	if site == nil || len(site.Devices) != 1 || len(site.Devices[0].Refs) != 3 || site.Devices[0].Profile != "meter" {
		t.Fatalf("got %+v, %v", site, faults)
	}
	if _, faults := LoadProfile("testdata/profiles/careless.yaml"); faults.Err() == nil {
		t.Error("a careless profile passed")
	}
	if _, faults := LoadProfile("testdata/profiles/nowhere.yaml"); len(faults) != 1 {
		t.Errorf("a missing profile gave %v", faults)
	}
}
