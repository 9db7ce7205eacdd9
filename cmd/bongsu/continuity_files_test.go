package main

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/bcp"
	"bongsu/facility"
	"bongsu/rules"
)

func TestWhichFilesDiffer(t *testing.T) {
	node := func(name string, age time.Duration, files map[string]string) bcp.NodeHeard {
		return bcp.NodeHeard{Word: bcp.SiteWord{Node: name, Files: files}, Age: age}
	}
	mine := node("n1", 0, map[string]string{"roster.yaml": "a", "fire.yaml": "b"})
	for what, c := range map[string]struct {
		nodes []bcp.NodeHeard
		want  []string
	}{
		"equal":                      {[]bcp.NodeHeard{mine, node("n2", 0, mine.Word.Files)}, nil},
		"another roster":             {[]bcp.NodeHeard{mine, node("n2", 0, map[string]string{"roster.yaml": "x", "fire.yaml": "b"})}, []string{"roster.yaml @ n2"}},
		"none there":                 {[]bcp.NodeHeard{mine, node("n2", 0, map[string]string{"roster.yaml": "", "fire.yaml": "b"})}, []string{"roster.yaml @ n2"}},
		"a program that tells more":  {[]bcp.NodeHeard{mine, node("n2", 0, map[string]string{"roster.yaml": "a", "fire.yaml": "b", "new": "c"})}, nil},
		"a node that is gone":        {[]bcp.NodeHeard{mine, node("n2", goneAfter, map[string]string{"roster.yaml": "x"})}, nil},
		"a node that is silent":      {[]bcp.NodeHeard{mine, node("n2", time.Minute, map[string]string{"roster.yaml": "x"})}, []string{"roster.yaml @ n2"}},
		"this node was never heard":  {[]bcp.NodeHeard{node("n2", 0, map[string]string{"roster.yaml": "x"})}, nil},
		"two nodes differ from this": {[]bcp.NodeHeard{node("n3", 0, map[string]string{"fire.yaml": "y"}), mine, node("n2", 0, map[string]string{"roster.yaml": "x"})}, []string{"fire.yaml @ n3", "roster.yaml @ n2"}},
	} {
		got, told := differing("n1", c.nodes)
		if !slices.Equal(got, c.want) || told == (what == "this node was never heard") {
			t.Errorf("%s: %v, %v, want %v", what, got, told, c.want)
		}
	}
}

// What the site files say of all sites is compared, and nothing of what is their own buildings'.
func TestWhatOfASiteFileIsOneForAll(t *testing.T) {
	a := &facility.Site{ID: "c1", Members: []facility.Member{{Name: "n1"}}, SecondFactor: []string{"tower", "admin"}}
	b := &facility.Site{ID: "c2", Members: []facility.Member{{Name: "n1"}}, SecondFactor: []string{"admin", "tower"}}
	was, now := siteHashes(a), siteHashes(b)
	for name, hash := range was {
		if now[name] != hash || hash == "" {
			t.Errorf("%s differs between two buildings: %q and %q", name, hash, now[name])
		}
	}
	b.Members = append(b.Members, facility.Member{Name: "n2"})
	if siteHashes(b)["site file: members"] == was["site file: members"] {
		t.Error("another member is not noticed")
	}
}

// Files that differ for a while are an alarm that goes by itself; copying them one after the other is none.
func TestFilesThatDifferAreAnAlarmUntilTheyAreEqual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var files atomic.Pointer[[]string]
		to := &ear{}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- announceFiles(ctx, func() ([]string, bool) {
				known := files.Load()
				if known == nil {
					return nil, false
				}
				return *known, true
			}, to, slog.New(slog.DiscardHandler))
		}()
		time.Sleep(time.Minute)
		if got := to.turns(); len(got) > 0 {
			t.Fatalf("a desk that has heard nobody yet takes an alarm back: %v", got)
		}
		differ := []string{"roster.yaml @ n2"}
		files.Store(&differ)
		time.Sleep(20 * time.Second)
		files.Store(new([]string))
		time.Sleep(time.Minute)
		if got := to.turns(); !slices.Equal(got, []string{"finding.clear " + rules.FoundFiles}) {
			t.Fatalf("while they are copied: %v", got)
		}
		files.Store(&differ)
		time.Sleep(time.Minute)
		raised := to.all()[len(to.all())-1]
		if raised.Kind != "finding.raise" || raised.Args["detail"] != "roster.yaml @ n2" {
			t.Fatalf("after a minute: %+v", raised)
		}
		files.Store(new([]string))
		time.Sleep(time.Minute)
		if last := to.all()[len(to.all())-1]; last.Kind != "finding.clear" || last.Subject != rules.FoundFiles {
			t.Errorf("once they are equal: %+v", last)
		}
		cancel()
		<-done
	})
}
