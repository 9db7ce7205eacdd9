package shared

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// first is the cluster as the site file names it.
func (c *running) first() map[string]string { return c.cfgs[0].Cluster }

// eventually repeats a look until it is content, on a machine that is busy with something else.
func eventually(t *testing.T, what string, look func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = look(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

// One of three sites is lost with its data. It is taken out, made room for anew, comes up with an empty folder, and
// has every entry; the cluster takes writes all the time.
func TestLostMemberIsReplaced(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 3)
	client := dial(t, c.cfgs)
	l := openLog(t, client, Options{})
	appendN(t, l, 20)
	c.stops[2]()
	ctx := within(t, 2*patience)
	a, err := Admit(ctx, endpoints(c.cfgs), nil, "dc3", c.first())
	if err == nil || !strings.Contains(err.Error(), "bongsu member replace dc3") {
		t.Fatalf("a member without its data is let in: %+v, %v", a, err)
	}
	if err := AddMember(ctx, client, c.cfgs[2].PeerURL); !errors.Is(err, ErrMembership) {
		t.Errorf("it is added twice: %v", err)
	}
	if err := RemoveMember(ctx, client, "dc9"); !errors.Is(err, ErrMembership) {
		t.Errorf("somebody unknown is removed: %v", err)
	}
	if err := RemoveMember(ctx, client, "dc3"); err != nil {
		t.Fatal(err)
	}
	if _, err := Admit(ctx, endpoints(c.cfgs), nil, "dc3", c.first()); err == nil || !strings.Contains(err.Error(), "bongsu member add dc3") {
		t.Errorf("one that was removed is let in: %v", err)
	}
	if err := AddMember(ctx, client, c.cfgs[2].PeerURL); err != nil {
		t.Fatal(err)
	}
	if err := AddMember(ctx, client, c.cfgs[2].PeerURL); err != nil {
		t.Errorf("asked again before it was started: %v", err)
	}
	appendN(t, l, 20)
	if a, err = Admit(ctx, endpoints(c.cfgs), nil, "dc3", c.first()); err != nil || !a.Join || len(a.Cluster) != 3 {
		t.Fatalf("the new one is not waited for: %+v, %v", a, err)
	}
	c.cfgs[2].Dir, c.cfgs[2].Join, c.cfgs[2].Cluster = t.TempDir(), true, a.Cluster
	c.start(t, 2)
	eventually(t, "the new member has every entry", func() error {
		own, err := Dial(endpoints(c.cfgs[2:]), nil, nil)
		if err != nil {
			return err
		}
		defer own.Close()
		r, err := own.Get(within(t, time.Second), newSpace("").head(), clientv3.WithSerializable())
		if err != nil {
			return err
		}
		if h, err := decodeHead(r); err != nil || h.Seq < 40 {
			return errors.Join(errors.New("it is behind"), err)
		}
		return nil
	})
	eventually(t, "all three are there", func() error {
		seats, sure, err := Seats(within(t, patience), client)
		if err != nil || !sure || len(seats) != 3 || slices.ContainsFunc(seats, func(s Seat) bool { return !s.Up || !s.Started() }) {
			return fmt.Errorf("%+v, %v, %w", seats, sure, err)
		}
		return nil
	})
	if n := len(wholeLog(t, l)); n < 40 {
		t.Errorf("%d entries are left of 40", n)
	}
}

// Two of three are lost for ever. From a snapshot three new ones begin with every entry of it and a higher epoch,
// and one of the lost that comes back after all is not taken for one of theirs.
func TestThreeBeginAnewFromASnapshot(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 3)
	client := dial(t, c.cfgs)
	l := openLog(t, client, Options{})
	lease := campaign(t, client, Candidate{Node: "dc1"})
	epoch := lease.Epoch()
	if err := lease.Resign(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	appendN(t, l, 30)
	file := filepath.Join(t.TempDir(), "sites.snapshot")
	seats, _, err := Seats(within(t, patience), client)
	if err != nil {
		t.Fatal(err)
	}
	saved, err := SaveSnapshot(within(t, patience), seats, nil, file, nil)
	if err != nil || saved.Seq < 30 {
		t.Fatalf("%+v, %v", saved, err)
	}
	if _, err := SaveSnapshot(within(t, patience), seats, nil, file, nil); err == nil {
		t.Error("a snapshot is overwritten")
	}
	if _, err := Restore(RestoreConfig{Snapshot: file, Name: "dc1", Dir: c.cfgs[0].Dir, Cluster: c.first()}); err == nil || !strings.Contains(err.Error(), "another process uses it") {
		t.Errorf("a folder in use is restored into: %v", err)
	}
	for _, stop := range c.stops {
		stop()
	}
	if _, err := Restore(RestoreConfig{Snapshot: file, Name: "dc1", Dir: c.cfgs[0].Dir, Cluster: c.first()}); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("a folder with data is restored into: %v", err)
	}
	old := c.cfgs[2]
	for i := range c.cfgs {
		c.cfgs[i].Dir = t.TempDir()
		got, err := Restore(RestoreConfig{Snapshot: file, Name: c.cfgs[i].Name, Dir: c.cfgs[i].Dir, Cluster: c.first()})
		if err != nil || got.Seq < 30 || got.Epoch <= epoch {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	c.start(t, 0)
	c.start(t, 1)
	<-c.members[0].Ready()
	again := openLog(t, dial(t, c.cfgs), Options{})
	appendN(t, again, 5)
	if n := len(wholeLog(t, again)); n < 35 {
		t.Errorf("%d entries, want the 30 of before and 5", n)
	}
	if next := campaign(t, dial(t, c.cfgs), Candidate{Node: "dc2"}); next.Epoch() <= epoch+1 {
		t.Errorf("epoch %d could have been given before, %d was", next.Epoch(), epoch)
	}
	// The old third member comes back with its old data: the new ones refuse it.
	lost := startProcess(t, old)
	eventually(t, "a member of the lost cluster is refused", func() error {
		if out := lost.out.String(); !strings.Contains(out, "cluster ID mismatch") {
			return errors.New(out)
		}
		return nil
	})
	appendN(t, again, 5)
}

// A snapshot that was cut short or touched is not restored from.
func TestTornSnapshotIsRefused(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	client := dial(t, c.cfgs)
	appendN(t, openLog(t, client, Options{}), 3)
	seats, _, err := Seats(within(t, patience), client)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "whole")
	if _, err := SaveSnapshot(within(t, patience), seats, nil, file, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte(nil), text...)
	flipped[len(flipped)/2] ^= 1
	for name, b := range map[string][]byte{"flipped": flipped, "cut": text[:len(text)-100], "empty": nil} {
		bad := filepath.Join(dir, name)
		if err := os.WriteFile(bad, b, 0o600); err != nil {
			t.Fatal(err)
		}
		at := filepath.Join(dir, name+"-data")
		if _, err := Restore(RestoreConfig{Snapshot: bad, Name: "dc1", Dir: at, Cluster: c.first()}); err == nil || !strings.Contains(err.Error(), "torn") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(at, "member")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: something was left behind: %v", name, err)
		}
	}
}

// Before anybody has served, all first members begin together, also where the first of them listens and waits for
// its majority without a word.
func TestFirstMembersBeginTogether(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	cfgs := configs(t, 3)
	o.secure(t, cfgs)
	config, err := o.issue(t, t.TempDir(), paper{name: "dc2"}).Client(nil)
	if err != nil {
		t.Fatal(err)
	}
	first := cfgs[0].Cluster
	a, err := Admit(within(t, patience), endpoints(cfgs), config, "dc2", first)
	if err != nil || a.Join || len(a.Cluster) != 3 {
		t.Errorf("nobody is there: %+v, %v", a, err)
	}
	startProcess(t, cfgs[0]) // alone it has no majority
	eventually(t, "the first one listens", func() error {
		_, err := Reach(within(t, ReachPatience), strings.Replace(cfgs[0].ClientURL, "https:", "http:", 1), nil)
		return err
	})
	if a, err = Admit(within(t, patience), endpoints(cfgs), config, "dc2", first); err != nil || a.Join || len(a.Cluster) != 3 {
		t.Errorf("one has begun: %+v, %v", a, err)
	}
}

// Two of three are lost for ever and there is no snapshot: the one that is left begins anew with what it holds.
func TestTheLastMemberIsRescued(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 3)
	l := openLog(t, dial(t, c.cfgs), Options{})
	appendN(t, l, 25)
	c.stops[1]()
	c.stops[2]()
	if _, err := Rescue(within(t, patience), c.cfgs[0]); err == nil || !strings.Contains(err.Error(), "another process uses it") {
		t.Fatalf("a member that runs is rescued: %v", err)
	}
	c.stops[0]()
	got, err := Rescue(within(t, 2*patience), c.cfgs[0])
	if err != nil || got.Seq < 25 || got.Epoch < restoredEpochs {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, kept := range []string{got.Snapshot, got.Former} {
		if _, err := os.Stat(kept); err != nil {
			t.Error(err)
		}
	}
	c.start(t, 0)
	<-c.members[0].Ready()
	alone := openLog(t, dial(t, c.cfgs[:1]), Options{})
	appendN(t, alone, 5)
	if n := len(wholeLog(t, alone)); n < 30 {
		t.Errorf("%d entries, want 30", n)
	}
	if err := AddMember(within(t, patience), dial(t, c.cfgs[:1]), c.cfgs[1].PeerURL); err != nil {
		t.Fatal(err)
	}
	a, err := Admit(within(t, patience), endpoints(c.cfgs), nil, "dc2", c.first())
	if err != nil || !a.Join || len(a.Cluster) != 2 {
		t.Fatalf("the second of two is not waited for: %+v, %v", a, err)
	}
	c.cfgs[1].Dir, c.cfgs[1].Join, c.cfgs[1].Cluster = t.TempDir(), true, a.Cluster
	c.start(t, 1)
	await(t, c.members[1])
	appendN(t, alone, 5)
}
