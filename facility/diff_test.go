package facility

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const demoFile = "../sites/demo/site.yaml"

// edited loads the demo site with texts of its files replaced; the files stay as they are.
func edited(t testing.TB, edits ...string) *Site {
	t.Helper()
	staged := map[string][]byte{}
	for i := 0; i+2 < len(edits); i += 3 {
		path := filepath.Clean(filepath.Join("../sites", edits[i]))
		text := staged[path]
		if text == nil {
			var err error
			if text, err = os.ReadFile(path); err != nil {
				t.Fatal(err)
			}
		}
		if !strings.Contains(string(text), edits[i+1]) {
			t.Fatalf("%s does not contain %q", path, edits[i+1])
		}
		staged[path] = []byte(strings.Replace(string(text), edits[i+1], edits[i+2], 1))
	}
	site, faults := LoadFrom(Files{Staged: staged}, demoFile)
	if site == nil {
		t.Fatal(faults)
	}
	return site
}

const (
	demoSite  = "demo/site.yaml"
	meter     = "profiles/sim-meter.yaml"
	roomIO    = "profiles/sim-room-io.yaml"
	oneDevice = "  - {id: demo/feed-b/meter, asset: demo/feed-b, profile: sim-meter, link: power, unit: 2}\n"
)

func TestDiffSaysWhatChangesAndHowFarItGoes(t *testing.T) {
	old := edited(t)
	for name, tt := range map[string]struct {
		edits []string
		want  []string // lines, the first few where there are many
		plan  ReloadPlan
		above int // how many reasons there are against it while a room is above S0
	}{
		"nothing": {nil, nil, ReloadPlan{}, 0},
		"a comment and a default written out": {
			[]string{demoSite, "comms: {after: 10s, priority: 3}", "# the same\ncomms: {priority: 3}"}, nil, ReloadPlan{}, 0,
		},
		"the name of the site": {
			[]string{demoSite, "en: Bongsu demo center}\ntimezone", "en: Bongsu}\ntimezone"},
			[]string{`site changed: name: "Bongsu demo center" -> "Bongsu"`}, ReloadPlan{Reach: ReachWords}, 0,
		},
		"the limit of an alarm": {
			[]string{demoSite, "limit: 35\n", "limit: 33\n"},
			[]string{"alarm inlet-35 changed: limit: 35 -> 33"}, ReloadPlan{Reach: ReachRules, Rules: []string{"inlet-35"}}, 0,
		},
		"an alarm of the fire class": {
			[]string{demoSite, `en: "Rack smoke pre-alarm"}`, `en: "Smoke in a rack"}`},
			[]string{`alarm smoke-pre changed: text: "Rack smoke pre-alarm" -> "Smoke in a rack"`},
			ReloadPlan{Reach: ReachRules, Rules: []string{"smoke-pre"}, Fire: true}, 1,
		},
		"the label of a point": {
			[]string{meter, "en: Frequency", "en: Mains frequency"},
			[]string{`point demo/feed-a/meter/hz changed: label: "Frequency" -> "Mains frequency"`, `point demo/feed-b/meter/hz changed: label: "Frequency" -> "Mains frequency"`},
			ReloadPlan{Reach: ReachWords}, 0,
		},
		"the unit of a device": {
			[]string{demoSite, "link: power, unit: 2}", "link: power, unit: 3}"},
			[]string{"device demo/feed-b/meter changed: unit: 2 -> 3"}, ReloadPlan{Reach: ReachLinks, Links: []string{"power"}}, 0,
		},
		"a device goes to another link": {
			[]string{demoSite, "profile: sim-meter, link: power, unit: 2}", "profile: sim-meter, link: bms, unit: 2}"},
			[]string{"device demo/feed-b/meter changed: link: power -> bms"},
			ReloadPlan{Reach: ReachLinks, Links: []string{"bms", "power"}, Fire: true}, 1, // bms carries channels of the fire response
		},
		"a device is gone": {
			[]string{demoSite, oneDevice, ""},
			[]string{"device demo/feed-b/meter removed"}, ReloadPlan{Reach: ReachTable}, 16,
		},
		"devices change places": {
			[]string{demoSite, oneDevice, "", demoSite, "  - {id: demo/b1/io,", oneDevice + "  - {id: demo/b1/io,"},
			[]string{"point demo/feed-b/meter/a1 moved"}, ReloadPlan{Reach: ReachTable}, 1,
		},
		"a fire command's deadline": {
			[]string{roomIO, "deadline: ", "deadline: 1"},
			[]string{"command demo/b1/io/"}, ReloadPlan{Reach: ReachLinks, Links: []string{"fire-io"}, Fire: true}, 1,
		},
		"who drives the outputs": {
			[]string{demoSite, "mode: executor", "mode: supervisor"},
			[]string{"fire changed: mode: executor -> supervisor"}, ReloadPlan{Reach: ReachTable, Fire: true}, 1,
		},
		"an input of a room": {
			[]string{demoSite, "        PARTNER_OK: demo/b1/io/partner-ok\n", ""},
			[]string{"fire changed: room B1"}, ReloadPlan{Reach: ReachTable, Fire: true}, 1,
		},
		"how long the past stays": {
			[]string{demoSite, "timezone:", "history: {samples: 168h, max_bytes: 5GB}\nspool: {max_bytes: 2GiB}\ntimezone:"},
			[]string{"site changed: history.samples: 720h -> 168h, history.max_bytes: 10GiB -> 5GB", "site changed: spool.max_bytes: none -> 2GiB"},
			ReloadPlan{Reach: ReachProcess}, 2,
		},
		"the time zone": {
			[]string{demoSite, "timezone: Asia/Seoul", "timezone: UTC"},
			[]string{"site changed: timezone: Asia/Seoul -> UTC"}, ReloadPlan{Reach: ReachProcess}, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			changes := Diff(old, edited(t, tt.edits...))
			for i, want := range tt.want {
				if i >= len(changes) || !strings.HasPrefix(changes[i].String(), want) {
					t.Fatalf("change %d is not %q in %v", i, want, changes)
				}
			}
			if len(tt.want) == 0 && len(changes) > 0 {
				t.Fatalf("got %v", changes)
			}
			if plan := changes.Plan(nil); !reflect.DeepEqual(plan, tt.plan) {
				t.Errorf("the plan is %+v, want %+v", plan, tt.plan)
			}
			if refused := changes.Plan([]string{"B1"}).Refused; len(refused) != tt.above {
				t.Errorf("with room B1 above S0 there are %d reasons against it: %v", len(refused), refused)
			}
		})
	}
}

// What one comparison calls added the other way round is removed, and nothing differs from itself.
func TestDiffIsTheSameFromBothSides(t *testing.T) {
	a, b := edited(t), edited(t, demoSite, oneDevice, "", demoSite, "limit: 35\n", "limit: 33\n", roomIO, "deadline: ", "deadline: 1")
	if own := Diff(b, b); len(own) != 0 {
		t.Errorf("a site differs from itself: %v", own)
	}
	there, back := Diff(a, b), Diff(b, a)
	opposite := map[string]string{"added": "removed", "removed": "added", "changed": "changed"}
	seen := map[string]bool{}
	for _, c := range there {
		seen[c.What+c.ID+opposite[c.How]] = true
	}
	if len(there) != len(back) {
		t.Errorf("%d changes there, %d back", len(there), len(back))
	}
	for _, c := range back {
		if !seen[c.What+c.ID+c.How] {
			t.Errorf("only on the way back: %v", c)
		}
	}
}
