package shared

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Members that begin anew end before a node's copy does. The copy is cut back to where they end, what stood behind is
// kept beside, and the members' next entries follow.
func TestACopyIsCutBackToWhereTheMembersBeginAnew(t *testing.T) {
	t.Parallel()
	entries := chained(3*segmentEntries + 10)
	for _, c := range []struct {
		name string
		to   int
	}{
		{"in the middle of a file", segmentEntries + 7}, {"at the end of a file", 2 * segmentEntries}, {"all of it", 0},
		{"only the newest", len(entries) - 1}, {"nothing", len(entries)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "shared")
			a := openArchive(t, dir)
			put(t, a, entries)
			end := Entry{}
			if c.to > 0 {
				end = entries[c.to-1]
			}
			if _, err := CutArchive(dir, end.Seq, end.Hash, nil); err == nil {
				t.Fatal("cut while a desk has it open")
			}
			_ = a.Close()
			got, err := CutArchive(dir, end.Seq, end.Hash, nil)
			if err != nil {
				t.Fatal(err)
			}
			b := openArchive(t, dir)
			if s := b.State(); s.Last != end.Seq || s.Hash != end.Hash || len(s.Holes) > 0 {
				t.Errorf("it goes to %d with holes %v, want %d", s.Last, s.Holes, end.Seq)
			}
			if !slices.Equal(hashes(all(t, b, 500)), hashes(entries[:c.to])) {
				t.Error("what was to stay is another")
			}
			if c.to == len(entries) {
				if got != (Cut{}) {
					t.Errorf("%+v was taken out", got)
				}
				return
			}
			kept := map[uint64]string{}
			if _, err := ReadArchive(got.Kept, func(e Entry) error { kept[e.Seq] = e.Hash; return nil }, nil); err != nil {
				t.Fatal(err)
			}
			for _, e := range entries[c.to:] {
				if kept[e.Seq] != e.Hash {
					t.Fatalf("entry %d was taken out and not kept", e.Seq)
				}
			}
			put(t, b, entries[c.to:])
			if s := b.State(); s.Held() != entries[len(entries)-1].Seq {
				t.Errorf("whole up to %d after more was written", s.Held())
			}
		})
	}
}

// A copy of another history says nothing of the members' and is left to people.
func TestACopyOfAnotherHistoryIsNotCut(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "shared")
	a := openArchive(t, dir)
	put(t, a, chained(50))
	_ = a.Close()
	if _, err := CutArchive(dir, 20, "another", nil); !errors.Is(err, ErrBroken) {
		t.Errorf("%v", err)
	}
	if s := openArchive(t, dir).State(); s.Last != 50 {
		t.Errorf("it goes to %d", s.Last)
	}
	if got, err := CutArchive(filepath.Join(t.TempDir(), "none"), 20, "", nil); err != nil || got != (Cut{}) {
		t.Errorf("a node without a copy: %+v, %v", got, err)
	}
	if beside, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(beside) != 1 {
		t.Errorf("beside it: %v, %v", beside, err)
	}
}

// Old entries have left the members, and these begin anew from a snapshot that ends before the nodes' copies. With the
// copies cut back the journal is whole again: it is read from the first entry, and a request with a key is written.
func TestAfterARestoreOldEntriesAreReadAndNewOnesWritten(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	fillLog(t, openLog(t, dial(t, c.cfgs), Options{Node: "cli"}), 0, 1200)
	dir := filepath.Join(t.TempDir(), "shared")
	a := keep(t, c.cfgs, "a", dir)
	for _, other := range []string{"b", "c"} {
		if _, err := a.client.Put(within(t, patience), a.log.keys.held(other), `{"seq":1200}`); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the oldest have left", func() bool { return a.keeper.Status().Floor == 200 })
	file := filepath.Join(t.TempDir(), "snapshot")
	if _, err := SaveSnapshot(within(t, patience), []Seat{{Name: c.cfgs[0].Name, Client: c.cfgs[0].ClientURL, Up: true}}, nil, file, nil); err != nil {
		t.Fatal(err)
	}
	fillLog(t, a.log, 1200, 20)
	until(t, "the copy goes beyond the snapshot", func() bool { return a.archive.State().Held() == 1220 })
	a.stop()
	c.stops[0]()
	if err := os.Rename(filepath.Join(c.cfgs[0].Dir, "member"), filepath.Join(c.cfgs[0].Dir, "former")); err != nil {
		t.Fatal(err)
	}
	got, err := Restore(RestoreConfig{Snapshot: file, Name: c.cfgs[0].Name, Dir: c.cfgs[0].Dir, Cluster: c.first()})
	if err != nil {
		t.Fatal(err)
	}
	if cut, err := CutArchive(dir, got.Seq, got.Hash, nil); err != nil || cut.From != 1201 || cut.To != 1220 {
		t.Fatalf("%+v, %v", cut, err)
	}
	c.start(t, 0)
	b := keep(t, c.cfgs, "a", dir)
	if e, err := b.log.Append(within(t, patience), Draft{Kind: "note", Key: "1205"}); err != nil || e.Seq != 1201 {
		t.Errorf("a request with a key: %+v, %v", e, err)
	}
	if e, err := b.log.Append(within(t, patience), Draft{Kind: "other", Key: "7"}); err != nil || e.Kind != "note" || e.Seq > 200 {
		t.Errorf("one that has left was written again: %+v, %v", e, err)
	}
	if n := len(wholeLog(t, b.log)); n != 1201 {
		t.Errorf("%d entries are read", n)
	}
	until(t, "the copy goes on", func() bool { return b.archive.State().Held() == 1201 })
}

// A node that comes back without its copy says so, although it had said more before: others let entries go by its word.
func TestANodeThatHasLostItsCopyTakesItsWordBack(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	client, keys := dial(t, c.cfgs), newSpace("")
	if _, err := client.Put(within(t, patience), keys.held("a"), `{"seq":50}`); err != nil {
		t.Fatal(err)
	}
	keep(t, c.cfgs, "a", t.TempDir())
	until(t, "it says that it has nothing", func() bool {
		r, err := client.Get(within(t, patience), keys.held("a"))
		var h holding
		return err == nil && len(r.Kvs) == 1 && json.Unmarshal(r.Kvs[0].Value, &h) == nil && h.Seq == 0
	})
}
