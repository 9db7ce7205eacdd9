package simulators

import (
	"testing"

	"bongsu/facility"
)

const demoSite = "../sites/demo/site.yaml"

func loadDemo(t testing.TB) *facility.Site {
	t.Helper()
	site, faults := facility.Load(demoSite)
	if err := faults.Err(); err != nil {
		t.Fatalf("the demo site does not load:\n%v", err)
	}
	return site
}
