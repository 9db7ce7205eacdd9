package facility

import (
	"reflect"
	"strings"
	"testing"
)

// A site without collectors is the field's alone; with them each link has its order, and what the fire response
// uses comes back to the field.
func TestSeatsOfLinks(t *testing.T) {
	if got := edited(t).Seats("power"); !reflect.DeepEqual(got, Seats{Field: true}) {
		t.Errorf("without collectors: %+v", got)
	}
	s := edited(t, demoSite, "\ndevices:\n", `
collectors:
  - {name: hall, links: ["pow*", broker], second: [cooling], fire_links: true}
  - {name: yard, links: [cooling], third: [power], out_of_reach: true}
  - {name: spare, links: [building], second: [power]}
devices:
`)
	for link, want := range map[string]Seats{
		"power":    {Prefer: []string{"hall", "spare", "yard"}, Field: true},
		"cooling":  {Prefer: []string{"yard", "hall"}},
		"building": {Prefer: []string{"spare"}, Field: true},
		"broker":   {Prefer: []string{"hall"}, Field: true}, // the cameras' link, with the site's word for it
		"bms":      {Field: true},
		"none":     {Field: true},
	} {
		if got := s.Seats(link); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", link, got, want)
		}
	}
}

// Who serves what is settled when the field starts: another order takes another process, never under a fire.
func TestDiffOfCollectors(t *testing.T) {
	one := edited(t, demoSite, "\ndevices:\n", "\ncollectors: [{name: hall, links: [power]}]\ndevices:\n")
	changes := Diff(edited(t), one)
	plan := changes.Plan(nil)
	if len(changes) != 1 || plan.Reach != ReachTable || !strings.HasPrefix(changes[0].String(), "site changed: collectors") {
		t.Errorf("%v: %+v", changes, plan)
	}
	if len(changes.Plan([]string{"B1"}).Refused) != 1 {
		t.Error("it may be changed in a fire")
	}
}
