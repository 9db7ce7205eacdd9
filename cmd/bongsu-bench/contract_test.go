package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	tree = "../.."
	page = "../../docs/benchmarks.md"
)

func TestALineMustFitTheList(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"bench":"fire.eval","cases_per_s":12000.5,"cases":80}`, ""},
		{`{"bench":"replay","x_realtime":400,"identical":true}`, ""},
		{`{"bench":"fire.eval"}`, `no figure "cases_per_s"`},
		{`{"bench":"fire.eval","cases_per_s":null}`, "want a number"},
		{`{"bench":"fire.eval","cases_per_s":"many"}`, "want a number"},
		{`{"bench":"fire.evil","cases_per_s":1}`, "not in the list"},
	} {
		name, l, is := readLine([]byte(c.text))
		if !is {
			t.Errorf("%s is not taken for a line", c.text)
			continue
		}
		err := hold(name, l)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
	for _, other := range []string{"PASS", "goos: linux", "{}", `{"bench":7}`, "[1]", ""} {
		if _, _, is := readLine([]byte(other)); is {
			t.Errorf("%q is taken for a line", other)
		}
	}
}

func TestOnlyWantedLinesThatFitAreCollected(t *testing.T) {
	said := "goos: linux\n" + `{"bench":"sim.demo","x_realtime":80}` + "\n" + `{"bench":"fire.eval","cases_per_s":1}` + "\nPASS\n"
	lines, unfit := benchmark{}.collect(strings.NewReader(said), "fire.eval", io.Discard)
	if len(lines) != 1 || unfit != nil {
		t.Errorf("%v %v", lines, unfit)
	}
	lines, unfit = benchmark{}.collect(strings.NewReader(`{"bench":"fire.eval"}`+"\n"), ".", io.Discard)
	if len(lines) != 0 || unfit == nil {
		t.Errorf("a line without its figure: %v %v", lines, unfit)
	}
}

func TestTheMachineStandsBesideTheFigures(t *testing.T) {
	_, l, _ := readLine([]byte(`{"bench":"fire.eval","cases_per_s":1}`))
	var out bytes.Buffer
	if err := put(&out, []line{l}, figures{Busy: 0.25, Others: 0.5, CPUs: 2}); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), `{"bench":"fire.eval","cases_per_s":1,"cpu_busy":0.25,"cpu_busy_others":0.5,"cpus":2}`+"\n"; got != want {
		t.Errorf("got %s want %s", got, want)
	}
}

// Who prints what is read from the source: directly, through another function, or in a whole line.
func TestBenchmarksAreFoundByWhatTheyPrint(t *testing.T) {
	dir := t.TempDir()
	source := "package p\nfunc BenchmarkA(b *testing.B) { put(\"bench\", \"fire.eval\") }\n" +
		"func BenchmarkB(b *testing.B) { v.told() }\nfunc (v) told() { fmt.Println(`{\"bench\":\"replay\"}`) }\n" +
		"func BenchmarkC(b *testing.B) { b.Log(\"replay\") }\n"
	if err := os.WriteFile(filepath.Join(dir, "a_test.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := find(dir)
	if err != nil || len(got) != 2 || got[0].fn != "BenchmarkA" || got[0].lines[0] != "fire.eval" || got[1].fn != "BenchmarkB" || got[1].lines[0] != "replay" {
		t.Errorf("%+v %v", got, err)
	}
}

// Every line of the list is printed by exactly one benchmark or said to be missing, and the figures last
// measured, which stand on the page about benchmarks, fit the list.
func TestThePageAndTheBenchmarksAgree(t *testing.T) {
	found, err := find(tree)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, missing, ok := strings.Cut(string(text), "\n## Missing\n")
	if !ok {
		t.Fatal("the page does not say what is missing")
	}
	said := map[string]bool{}
	for _, item := range regexp.MustCompile("(?m)^- (`[a-z.]+`[,:] ?)+").FindAllString(missing, -1) {
		for _, name := range regexp.MustCompile("[a-z.]+").FindAllString(item, -1) {
			said[name] = true
			if contract[name] == nil {
				t.Errorf("%s is said to be missing and is no line", name)
			}
		}
	}
	all := printable(found)
	for _, name := range names() {
		switch has := slices.Contains(all, name); {
		case has && said[name]:
			t.Errorf("%s is printed now: take it off the page's list of what is missing, and say there what it measures", name)
		case !has && !said[name]:
			t.Errorf("%s is printed by no benchmark, and the page does not say that it is missing", name)
		}
	}
	measured := 0
	for raw := range strings.Lines(string(text)) {
		if !strings.HasPrefix(raw, "{") {
			continue
		}
		measured++
		name, l, is := readLine([]byte(raw))
		if !is {
			t.Errorf("not a line: %s", raw)
			continue
		}
		if err := hold(name, l); err != nil {
			t.Error(err)
		}
		for _, f := range []string{"cpus", "cpu_busy"} {
			if l[f] == nil {
				t.Errorf("%s does not say %s", name, f)
			}
		}
	}
	if measured == 0 {
		t.Error("the page has no figures")
	}
}

// Every figure of a line is named in the package that prints it, so that a figure renamed there fails
// here and not in the next long run.
func TestEveryFigureIsNamedWhereItIsPrinted(t *testing.T) {
	found, err := find(tree)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range found {
		files, err := filepath.Glob(filepath.Join(b.dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
		for _, name := range b.lines {
			for _, f := range contract[name] {
				if !regexp.MustCompile(`["\x60]` + f + `\\?["\x60]`).MatchString(all.String()) {
					t.Errorf("%s: %s prints %s and nothing here names its figure %q", b.dir, b.fn, name, f)
				}
			}
		}
	}
}
