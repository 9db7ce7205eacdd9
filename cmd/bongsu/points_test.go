package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bongsu/facility"
)

// told runs a command line and returns what it prints.
func told(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := command()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

// smallSite writes a site of one meter and returns its file.
func smallSite(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"profiles/m.yaml": "profile: m\nprotocol: modbus\npoints:\n  - {name: v, unit: V, range: [0, 500], scan: 1s, fn: 3, address: 1, type: uint16}\n",
		"s/site.yaml": `id: s
assets: [{id: s, kind: site}]
links: [{id: l, protocol: modbus, address: "127.0.0.1:502"}]
devices: [{id: s/m, asset: s, profile: m, link: l, unit: 1}]
alarms:
  - {id: high, points: s/*/v, kind: high, limit: 250, priority: 3, class: power, text: {ko: 높음, en: High}}
`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "s", "site.yaml")
}

// An engineer takes the list out, changes it in a spreadsheet, looks at what that would do, and does it.
func TestAListGoesOutAndComesBack(t *testing.T) {
	site := smallSite(t)
	list, err := told(t, "export", "points", "--site", site, "--bom", "--korean")
	if err != nil || !strings.HasPrefix(list, "\ufeff포인트,") {
		t.Fatal(err, list)
	}
	sheet := filepath.Join(t.TempDir(), "list.csv")
	edited := strings.Replace(strings.Replace(list, "v,v,s,", "주 전압,v,s,", 1), "high high 250 P3", "high high 240 P3", 1)
	if err := os.WriteFile(sheet, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(site)
	out, err := told(t, "import", "points", "--site", site, sheet)
	if err != nil || !strings.Contains(out, "alarm high changed: limit: 250 -> 240") || !strings.Contains(out, "2 changes; nothing is written without --write") {
		t.Fatal(err, out)
	}
	if after, _ := os.ReadFile(site); !bytes.Equal(before, after) {
		t.Fatal("looking changed the site")
	}
	if out, err = told(t, "import", "points", "--site", site, sheet, "--write"); err != nil {
		t.Fatal(err, out)
	}
	now, _ := told(t, "export", "points", "--site", site, "--bom", "--korean")
	if now != edited {
		t.Errorf("the site says\n%s\nthe list said\n%s", now, edited)
	}
	if info, err := os.Stat(site); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the site file's mode became %v, %v", info.Mode(), err)
	}
	if out, err = told(t, "import", "points", "--site", site, sheet, "--write"); err != nil || !strings.Contains(out, "nothing to change") {
		t.Error(err, out)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(site), "*", ".bongsu-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAFaultyListChangesNothing(t *testing.T) {
	site := smallSite(t)
	sheet := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(sheet, []byte("id,high,scan\ns/m/v,600,3s\ns/m/v,x,1s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := told(t, "import", "points", "--site", site, sheet, "--write")
	if err == nil || !strings.Contains(out, "list.csv:3:1: A3: point s/m/v stands in line 2 already") || !strings.Contains(out, `list.csv:3:7: B3: high: "x" is no number`) || !strings.Contains(out, "nothing was changed") {
		t.Error(err, out)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(site), facility.ListedFile)); err == nil {
		t.Error("a file was written")
	}
}

// Two people import at the same time: the second one's plan was worked out from a file that is gone.
func TestAFileThatChangedMeanwhileIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := replaceFile(facility.StagedFile{Path: path, Text: []byte("one")}); err != nil {
		t.Fatal(err)
	}
	for _, was := range [][]byte{nil, []byte("other")} {
		if err := replaceFile(facility.StagedFile{Path: path, Was: was, Text: []byte("two")}); err == nil {
			t.Errorf("it was written over what was not %q", was)
		}
	}
	if text, _ := os.ReadFile(path); string(text) != "one" {
		t.Errorf("it holds %q", text)
	}
	if err := replaceFile(facility.StagedFile{Path: path, Was: []byte("one"), Text: []byte("two")}); err != nil {
		t.Error(err)
	}
}

func TestCheckReadsAProfileAlone(t *testing.T) {
	out, err := told(t, "check", "--profile", "../../sites/profiles/sunspec-804.yaml")
	if err != nil {
		t.Fatal(err, out)
	}
	for _, want := range []string{"SunSpec lithium-ion string (804) (modbus)", "to check against the manual: the address of the model", "t-max ", "x 10^(register 44)", "0x8000", "4 requests for 291 registers"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if _, err := told(t, "check"); err == nil {
		t.Error("check without anything to check passed")
	}
	if _, err := told(t, "check", "--profile", "x.yaml", "y.yaml"); err == nil {
		t.Error("check with two things to check passed")
	}
}

func TestCheckSaysWhatAReloadWouldDo(t *testing.T) {
	old := smallSite(t)
	now := smallSite(t)
	text, _ := os.ReadFile(now)
	if err := os.WriteFile(now, bytes.Replace(text, []byte("unit: 1"), []byte("unit: 2"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := told(t, "check", now, "--from", old)
	if err != nil || !strings.Contains(out, "device s/m changed: unit: 1 -> 2") || !strings.Contains(out, "1 changes; reach: links (l)") || !strings.Contains(out, "profile m: s/m, each 1 points (1 every 1s) in 1 requests for 1 registers") {
		t.Error(err, out)
	}
	if out, err := told(t, "check", old, "--from", old); err != nil || !strings.Contains(out, "nothing changes") {
		t.Error(err, out)
	}
}
