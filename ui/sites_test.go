package ui

import (
	"encoding/json"
	"testing"
	"time"

	"bongsu/bcp"
	"bongsu/facility"
)

// heardSites is what a desk of the third data center hears.
type heardSites struct{ h SitesHeard }

func (s *heardSites) Heard(time.Time) SitesHeard { return s.h }

type sitesBody struct {
	Quorum, Alone bool
	Leader        string
	Centers       []struct {
		ID, State, Says string
		Own, Burning    bool
		HeardMS         *int64 `json:"heard_ms"`
		Nodes           []struct{ Node string }
		Alarms          [2]int
		Entries         []struct{ Seq uint64 }
	}
	Differences []struct {
		File  string
		Nodes map[string]string
	}
}

func TestASiteOfItsOwnShowsItself(t *testing.T) {
	h := newHouse(t)
	var got sitesBody
	h.as("operator").get("sites").into(&got)
	if !got.Alone || !got.Quorum || len(got.Centers) != 1 || !got.Centers[0].Own || got.Centers[0].State != "speaks" {
		t.Fatalf("%+v", got)
	}
}

func TestEverySiteIsShownAsItIsHeard(t *testing.T) {
	burning := bcp.SiteWord{Site: "c1", Node: "n1", Seq: 9, Rooms: []bcp.RoomWord{{Room: "c1/b1", Stage: "S3", Votes: 2}}, Alarms: [2]int{4, 2}, Files: map[string]string{"roster.yaml": "aaaa"}}
	well := bcp.SiteWord{Site: "c2", Node: "n2", Seq: 9, Files: map[string]string{"roster.yaml": "bbbb"}}
	entry := func(seq uint64) SharedEntry {
		return SharedEntry{Entry: Entry{Seq: seq, Time: time.Now(), Kind: KindStage, Data: json.RawMessage(`{}`)}, Site: "c1"}
	}
	heard := func(able time.Duration) SitesHeard {
		return SitesHeard{Able: able, SilentAfter: 10 * time.Second, Centers: []CenterHeard{
			{ID: "dc1", Facility: "c1", Name: facility.Text{EN: "Center 1"}, Silent: bcp.Yes, Says: "dc1 is silent", Nodes: []bcp.NodeHeard{{Word: burning, Age: 12 * time.Second}}, Entries: []SharedEntry{entry(8), entry(7)}},
			{ID: "dc2", Facility: "c2", Silent: bcp.No, Nodes: []bcp.NodeHeard{{Word: well, Age: time.Second}}},
			{ID: "dc3"},
		}}
	}
	ear := &heardSites{heard(time.Hour)}
	h := newHouse(t, func(c *Config) { c.Sites = ear })
	var got sitesBody
	h.as("operator").get("sites").into(&got)
	if got.Alone || !got.Quorum || len(got.Centers) != 3 {
		t.Fatalf("%+v", got)
	}
	first := got.Centers[0]
	if first.State != "silent" || !first.Burning || *first.HeardMS != 12_000 || first.Alarms != [2]int{4, 2} || first.Says == "" || first.Entries[0].Seq != 8 {
		t.Errorf("the burning one: %+v", first)
	}
	if got.Centers[1].State != "speaks" || got.Centers[2].State != "unheard" || got.Centers[2].HeardMS != nil {
		t.Errorf("the others: %+v", got.Centers[1:])
	}
	if len(got.Differences) != 1 || got.Differences[0].Nodes["n1"] != "aaaa" || got.Differences[0].Nodes["n2"] != "bbbb" {
		t.Errorf("the rosters differ: %+v", got.Differences)
	}
	ear.h = heard(0)
	h.as("operator").get("sites").into(&got)
	if got.Quorum {
		t.Error("one that hears no majority says that it has one")
	}
}

// What a node says of its rooms keeps the votes that carried a stage: the sensors that gave them burn.
func TestTheLastWordKeepsTheVotes(t *testing.T) {
	h := newHouse(t)
	room := h.model.rooms.order[0]
	rack := h.model.rooms.byID[room].Racks[0].ID
	stage := func(seq uint64, to string, votes int) {
		data, _ := json.Marshal(facility.StageChange{Room: room, Rack: rack, To: to, Votes: votes})
		if err := h.model.ApplyEntry(Entry{Seq: seq, Time: time.Now(), Kind: KindStage, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	word := func() bcp.RoomWord { return h.model.SiteWord(time.Now()).Rooms[0] }
	next := uint64(1 << 40)
	stage(next, "S3", 2)
	stage(next+1, "S4", 0)
	if w := word(); w.Stage != "S4" || w.Votes != 2 {
		t.Errorf("%+v", w)
	}
	stage(next+2, "S0", 0)
	if w := word(); w.Stage != "S0" || w.Votes != 0 {
		t.Errorf("after the fire: %+v", w)
	}
}
