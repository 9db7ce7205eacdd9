package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bongsu/facility"
)

// One continuity file serves three nodes: each has its own door for answers, watches its own building's signs, and does
// not stumble over points that only another building has.
func TestOneContinuityFileForThreeNodes(t *testing.T) {
	for _, tc := range []struct {
		node, door string
		signs      []string
	}{
		{"n1", ":8080/", []string{"cut", "blackout", "ups-a"}},
		{"n2", ":8081/", []string{"blackout-c2"}},
		{"n3", ":8082/", []string{"blackout-c3"}},
	} {
		site, faults := facility.Load("../../sites/three/" + tc.node + ".yaml")
		if site == nil {
			t.Fatal(faults)
		}
		c, faults := loadContinuity(site)
		if c == nil {
			t.Fatal(faults)
		}
		if door := c.notifyOf(tc.node).Callback; !strings.Contains(door, tc.door) {
			t.Errorf("%s asks for answers at %s", tc.node, door)
		}
		var ids []string
		for _, s := range c.signsOf(site.ID) {
			ids = append(ids, s.ID)
		}
		if strings.Join(ids, " ") != strings.Join(tc.signs, " ") {
			t.Errorf("%s watches for %v, want %v", tc.node, ids, tc.signs)
		}
	}
}

// What is wrong with it is said at the node where it can be known, or at every node.
func TestAContinuityFileOfSeveralNodesIsChecked(t *testing.T) {
	for name, tc := range map[string]struct{ node, old, new, want string }{
		"a point that the own building lacks": {"n2", "c2/feed-a/meter/available", "c2/feed-z/meter/available", `the site has no point "c2/feed-z/meter/available"`},
		"a building that no center stands in": {"n1", "facility: c2, name", "facility: c9, name", `no data center stands in the building "c2"`},
		"a door of nobody":                    {"n1", `n3: "http`, `n4: "http`, `no member is called "n4"`},
		"a key of each node's own":            {"n3", "  callback_secret_file: callback.key\n", "", "several nodes need one key"},
		"no door at all":                      {"n3", `  n3: "http://127.0.0.1:8082/api/v1/callbacks"` + "\n", "", "answers of people could not come back"},
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS("../../sites")); err != nil {
			t.Fatal(err)
		}
		changed(t, filepath.Join(dir, "three", "continuity.yaml"), func(s string) string { return strings.Replace(s, tc.old, tc.new, 1) })
		site, faults := facility.Load(filepath.Join(dir, "three", tc.node+".yaml"))
		if site == nil {
			t.Fatal(faults)
		}
		if c, faults := loadContinuity(site); c != nil || !strings.Contains(faults.Err().Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, faults, tc.want)
		}
	}
}
