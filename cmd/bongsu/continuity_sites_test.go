package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bongsu/bcp"
	"bongsu/bcp/control"
	"bongsu/facility"
	"bongsu/journal/shared"
	"bongsu/ui"
)

// deafSites is the ear of center 3 without a board: what it hears is handed to it.
func deafSites(t *testing.T) *sites {
	t.Helper()
	file := &continuityFile{dir: t.TempDir(), name: "continuity.yaml", Roster: "roster.yaml", Playbooks: []string{"../playbooks/fire.yaml"},
		Times: continuityTimes{Site: bcp.DefaultSiteTimes()}, Sites: []continuitySite{{ID: "dc1", Facility: "c1"}, {ID: "dc2", Facility: "c2"}, {ID: "dc3", Facility: "c3"}, {ID: "dc4"}}}
	field := &fieldLink{}
	field.site.Store(&facility.Site{ID: "c3"})
	return newSites(options{node: "n3"}, file, nil, nil, nil, field, slog.New(slog.DiscardHandler))
}

func TestWordsThatCannotBeReadArePassedOver(t *testing.T) {
	words := heardWords([]shared.Note{
		{Name: "site/c1/n1", Value: []byte(`{"site":"c1","node":"n1","seq":4,"something new":{}}`)},
		{Name: "site/c2/n2", Value: []byte(`{"site":`)},
		{Name: "site/c3/n3", Value: []byte(`{}`)},
	}, slog.New(slog.DiscardHandler))
	if len(words) != 1 || words[0].Node != "n1" || words[0].Seq != 4 {
		t.Errorf("%+v", words)
	}
}

// A file that must be the same everywhere is known by its hash; one that is missing has none, and that differs too.
func TestFilesOfASiteAreHashed(t *testing.T) {
	s := deafSites(t)
	if err := os.WriteFile(filepath.Join(s.file.dir, "roster.yaml"), []byte("people: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	first := s.file.hashes()
	if len(first) != 3 || first["roster.yaml"] == "" || first["continuity.yaml"] != "" || first["fire.yaml"] != "" {
		t.Errorf("%v", first)
	}
	if err := os.WriteFile(filepath.Join(s.file.dir, "roster.yaml"), []byte("people: [x]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if now := s.file.hashes(); now["roster.yaml"] == first["roster.yaml"] {
		t.Error("a changed roster has the same hash")
	}
}

// The newest entries of a site are kept for when it falls silent; what stood in the journal before says nothing of who
// speaks now.
func TestTheLastEntriesOfASiteAreKept(t *testing.T) {
	s := deafSites(t)
	now := time.Now().Add(-30 * time.Second)
	word := bcp.SiteWord{Site: "c1", Node: "n1", Boot: "b", Seq: 1}
	for range 30 { // silent: the same word all along
		s.watch.Hear(now, []bcp.SiteWord{word})
		now = now.Add(time.Second)
	}
	s.watch.Hear(now, []bcp.SiteWord{word})
	for n := range 130 {
		s.take(shared.Entry{Seq: uint64(n + 1), Site: "c1", Kind: control.KindStage, Origin: &shared.Origin{Field: "n1"}}, false)
	}
	s.take(shared.Entry{Seq: 131, Site: "c1", Kind: bcp.KindMove}, false)
	at := func(id string) (out ui.CenterHeard) {
		for _, c := range s.Heard(now).Centers {
			if c.ID == id {
				out = c
			}
		}
		return out
	}
	c := at("dc1")
	if c.Silent != bcp.Yes || c.Says == "" || len(c.Nodes) != 1 {
		t.Errorf("%v %q %d nodes", c.Silent, c.Says, len(c.Nodes))
	}
	if len(c.Entries) != lastEntries || c.Entries[0].Seq != 130 {
		t.Errorf("%d entries, the newest %d", len(c.Entries), c.Entries[0].Seq)
	}
	if at("dc3").Silent != bcp.No || at("dc4").Silent != bcp.Unseen || at("dc2").Silent != bcp.Unseen {
		t.Errorf("its own %v, without a node %v, never heard %v", at("dc3").Silent, at("dc4").Silent, at("dc2").Silent)
	}
	s.take(shared.Entry{Seq: 132, Site: "c1", Kind: control.KindStage, Origin: &shared.Origin{Field: "n1"}}, true)
	if is := at("dc1").Silent; is != bcp.No {
		t.Errorf("a site whose entries come: %v", is)
	}
}
