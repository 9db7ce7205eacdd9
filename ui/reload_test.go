package ui

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
)

// fakeField answers one request to reload and remembers it.
type fakeField struct {
	asked  []facility.ReloadRequest
	report facility.Reload
	err    error
}

func (f *fakeField) Reload(_ context.Context, req facility.ReloadRequest) (facility.Reload, error) {
	f.asked = append(f.asked, req)
	return f.report, f.err
}

func TestAReloadIsAnsweredAsTheFieldSays(t *testing.T) {
	torn := facility.Reload{State: facility.ReloadRefused, From: "a", Refused: []string{"the files are faulty"},
		Faults: []facility.ReloadFault{{File: "site.yaml", Line: 7, Col: 3, Text: "unknown key"}, {File: "site.yaml", Line: 9, Col: 1, Text: "odd", Warning: true}}}
	field := &fakeField{}
	h := newHouse(t, func(c *Config) { c.Reloads = field })
	h.as("lead").post("/api/v1/site/reload", nil).problem(403, "admin")
	b := h.as("admin")
	for _, c := range []struct {
		name   string
		body   any
		report facility.Reload
		err    error
		want   int
		says   string
	}{
		{"a plan", map[string]bool{"dry_run": true}, facility.Reload{State: facility.ReloadPlanned, Refused: []string{"no"}}, nil, 200, `"planned"`},
		{"done", nil, facility.Reload{State: facility.ReloadDone, To: "b"}, nil, 200, `"done"`},
		{"a hand-over", map[string]bool{}, facility.Reload{State: facility.ReloadHanded, To: "b"}, nil, 202, `"handed-over"`},
		{"a torn file", nil, torn, nil, 409, "Nothing was changed. the files are faulty; site.yaml:7:3: unknown key"},
		{"no answer", nil, facility.Reload{}, errors.New("away"), 503, "GET site says"},
	} {
		field.report, field.err, field.asked = c.report, c.err, nil
		a := b.post("/api/v1/site/reload", c.body)
		if a.status != c.want || !strings.Contains(string(a.body), c.says) {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
		}
		if len(field.asked) != 1 || field.asked[0].By != "admin" || field.asked[0].Dry != (c.name == "a plan") {
			t.Errorf("%s: the field was asked %+v", c.name, field.asked)
		}
	}
	h2 := newHouse(t)
	h2.as("admin").post("/api/v1/site/reload", nil).problem(503, "once")
}

// The site is replaced under an open stream: the viewer is let go and, coming back with its last id, begins with a
// snapshot; calls, heartbeat and metrics tell the new names and revisions.
func TestViewersBeginAnewWithAChangedSite(t *testing.T) {
	const file = "testdata/house/site.yaml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	old, faults := facility.Load(file)
	if old == nil {
		t.Fatal(faults)
	}
	name := old.Assets[0].Name.KO
	site, faults := facility.LoadFrom(facility.Files{Staged: map[string][]byte{file: []byte(strings.ReplaceAll(string(text), name, name+" 둘"))}}, file)
	if site == nil {
		t.Fatal(faults)
	}
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.model.ApplyStatus(facility.FieldStatus{Time: time.Now(), Node: "n1", Revision: site.Revision})
		h.reads(load, 100)
		b := h.as("operator")
		s := b.open("overview")
		last := s.until("tick").id
		h.model.SetSite(site)
		if _, err := s.next(); err == nil {
			for err == nil {
				_, err = s.next()
			}
		}
		s.close()
		watcher := b.open("overview")
		watcher.until("snap")
		again := b.open("overview", "Last-Event-ID", last)
		if e, err := again.next(); err != nil || e.name != "snap" {
			t.Errorf("a viewer of the former site goes on with %q, %v", e.name, err)
		}
		var hb beat
		again.until("hb").into(t, &hb)
		if hb.Revision != site.Revision || hb.Revision == old.Revision {
			t.Errorf("the heartbeat says revision %q", hb.Revision)
		}
		var asset facility.Asset
		b.get("/api/v1/assets/" + string(site.Assets[0].ID)).want(200).into(&asset)
		if asset.Name.KO != name+" 둘" {
			t.Errorf("the asset is called %q", asset.Name.KO)
		}
		var is siteView
		b.get("/api/v1/site").want(200).into(&is)
		if is.Revision != site.Revision || is.Field != site.Revision {
			t.Errorf("the site is at %q, the field at %q", is.Revision, is.Field)
		}
		a := b.get("/metrics").want(200)
		for _, process := range []string{"desk", "field"} {
			if line := `bongsu_site_revision{process="` + process + `",revision="` + site.Revision + `"} 1`; !strings.Contains(string(a.body), line) {
				t.Errorf("the metrics have no %s", line)
			}
		}
		watcher.close()
		again.close()
	})
}
