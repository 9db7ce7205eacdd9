package main

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrows are the rooms each room may import. A new arrow is a decision, not an accident.
var arrows = map[string][]string{
	"bongsu/facility":         {},
	"bongsu/journal":          {"bongsu/facility"},
	"bongsu/journal/shared":   {"bongsu/facility", "bongsu/journal"},
	"bongsu/collectors":       {"bongsu/facility"},
	"bongsu/collectors/share": {"bongsu/collectors", "bongsu/facility"},
	"bongsu/historian":        {"bongsu/facility", "bongsu/journal"},
	"bongsu/rules":            {"bongsu/facility", "bongsu/journal", "bongsu/rules/bands", "bongsu/rules/fire"},
	"bongsu/rules/bands":      {},
	"bongsu/rules/fire":       {},
	"bongsu/bcp":              {"bongsu/facility", "bongsu/journal"},
	"bongsu/bcp/messenger":    {"bongsu/facility", "bongsu/bcp"},
	"bongsu/bcp/names":        {"bongsu/facility", "bongsu/bcp"},
	"bongsu/bcp/notify":       {"bongsu/facility", "bongsu/bcp"},
	"bongsu/bcp/control":      {"bongsu/facility", "bongsu/journal", "bongsu/bcp"},
	"bongsu/simulators":       {"bongsu/facility", "bongsu/simulators/messenger", "bongsu/simulators/people", "bongsu/simulators/wire", "bongsu/simulators/world"},

	"bongsu/simulators/world":     {"bongsu/facility"},
	"bongsu/simulators/berth":     {},
	"bongsu/simulators/wire":      {"bongsu/facility", "bongsu/simulators/berth", "bongsu/simulators/world"},
	"bongsu/simulators/names":     {},
	"bongsu/simulators/people":    {"bongsu/facility"},
	"bongsu/simulators/messenger": {"bongsu/facility", "bongsu/simulators/berth", "bongsu/simulators/names", "bongsu/simulators/people", "bongsu/simulators/world"},

	"bongsu/simulators/chart":         {},
	"bongsu/simulators/chart/physics": {"bongsu/simulators/chart", "bongsu/simulators/world"},

	"bongsu/ui":               {"bongsu/bcp", "bongsu/rules", "bongsu/historian", "bongsu/journal", "bongsu/facility"},
	"bongsu/cmd/bongsu-bench": {},
	"bongsu/cmd/bongsu-sim":   {"bongsu/facility", "bongsu/simulators"},
	"bongsu/cmd/bongsu": {"bongsu/ui", "bongsu/bcp", "bongsu/bcp/control", "bongsu/bcp/messenger", "bongsu/bcp/names", "bongsu/bcp/notify", "bongsu/rules", "bongsu/rules/bands", "bongsu/rules/fire", "bongsu/historian", "bongsu/journal", "bongsu/journal/shared",
		"bongsu/facility", "bongsu/collectors", "bongsu/collectors/share"},
}

// The field process must survive what these parts may do: exit on a full disk, grow, panic.
var fieldRooms = []string{"bongsu/facility", "bongsu/journal", "bongsu/collectors", "bongsu/collectors/share", "bongsu/rules", "bongsu/rules/bands", "bongsu/rules/fire"}

var notInTheField = []string{"go.etcd.io/etcd", "github.com/gin-gonic", "github.com/danielgtaylor/huma"}

// The write-ahead log is the one part of the time-series database that the field uses; its store
// (head, blocks, compaction) belongs to the desk.
const storeOfTheDesk = "github.com/prometheus/prometheus/tsdb"

type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func list(t *testing.T, args ...string) []listed {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,Deps"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p listed
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// TestArrowsPointOneWay keeps the rooms from growing into one another.
func TestArrowsPointOneWay(t *testing.T) {
	pkgs := list(t, "bongsu/...")
	if len(pkgs) < 5 {
		t.Fatalf("only %d packages found: the test looks in the wrong place", len(pkgs))
	}
	for _, p := range pkgs {
		allowed, known := arrows[p.ImportPath]
		if !known {
			t.Errorf("%s: a new package needs its line in this test", p.ImportPath)
		}
		for _, imp := range p.Imports {
			if strings.HasPrefix(imp, "bongsu/") && !slices.Contains(allowed, imp) {
				t.Errorf("%s imports %s: that arrow is not allowed", p.ImportPath, imp)
			}
		}
	}
}

// TestFieldStaysSmall keeps consensus, web framework and store out of the fire engine's process.
func TestFieldStaysSmall(t *testing.T) {
	for _, p := range list(t, fieldRooms...) {
		for _, dep := range p.Deps {
			for _, bad := range notInTheField {
				if strings.HasPrefix(dep, bad) {
					t.Errorf("%s reaches %s, which must not run in the field process", p.ImportPath, dep)
				}
			}
			if dep == storeOfTheDesk {
				t.Errorf("%s reaches the embedded store %s", p.ImportPath, dep)
			}
		}
	}
}

// TestProductionNeverSimulates: the program that guards a real site holds no simulator.
func TestProductionNeverSimulates(t *testing.T) {
	for _, p := range list(t, "bongsu/cmd/bongsu") {
		for _, dep := range p.Deps {
			if dep == "bongsu/simulators" || strings.HasPrefix(dep, "bongsu/simulators/") {
				t.Errorf("bongsu reaches %s", dep)
			}
		}
	}
}
