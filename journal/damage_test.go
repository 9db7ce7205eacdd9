package journal

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// locate finds the file and the byte where the text of an entry stands.
func locate(t *testing.T, dir, text string) (path string, at int64) {
	t.Helper()
	list, err := segmentList(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range list {
		path := wlog.SegmentName(dir, k)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if i := strings.Index(string(b), text); i >= 0 {
			return path, int64(i)
		}
	}
	t.Fatalf("%q stands nowhere", text)
	return "", 0
}

func flip(t *testing.T, path string, at int64) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[at] ^= 4
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAFlippedBitInAnOldSegmentIsNamedAndSurvived(t *testing.T) {
	dir := t.TempDir()
	opts := Options{SegmentBytes: 4 << 10}
	fill(t, dir, opts, 60)
	path, at := locate(t, dir, `{"i":7}`)
	flip(t, path, at+5)

	r := verify(t, dir)
	if len(r.Damage) != 1 || r.Entries != 59 || r.Last != 60 {
		t.Fatalf("verify: %+v", r)
	}
	d := r.Damage[0]
	if d.Seq != 8 || d.File != filepath.Base(path) || d.Offset >= at || d.Offset < at-200 {
		t.Errorf("damage %+v, want entry 8 in %s before byte %d", d, filepath.Base(path), at)
	}
	t.Log(d)

	var seen []uint64
	err := Read(dir, 0, func(e Entry) error { seen = append(seen, e.Seq); return nil })
	if !errors.Is(err, ErrDamaged) || len(seen) != 59 || seen[6] != 7 || seen[7] != 9 {
		t.Errorf("read %v: %v", seen, err)
	}

	l := open(t, dir, opts)
	stop := run(t, l)
	if len(l.Damage()) != 1 {
		t.Fatalf("damage told by the open log: %v", l.Damage())
	}
	if e := mustAppend(t, l, 60); e.Seq != 62 {
		t.Errorf("the entry behind the note is %d, want 62", e.Seq)
	}
	page, err := l.After(60, 1)
	if err != nil || page[0].Kind != KindDamage || !strings.Contains(string(page[0].Data), d.File) {
		t.Errorf("note of the damage: %+v %v", page, err)
	}
	if _, err := l.AcceptDamage(t.Context(), "lead", "seen"); err != nil {
		t.Fatal(err)
	}
	stop()
	l = open(t, dir, opts)
	defer l.Close()
	if len(l.Damage()) != 0 || len(l.Report().Damage) != 1 {
		t.Errorf("after acceptance: %v, %+v", l.Damage(), l.Report())
	}
	if r := verify(t, dir); r.Last != 63 || len(r.Damage) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, Options{}, 5)
	path := wlog.SegmentName(dir, 0)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	used := len(strings.TrimRight(string(whole), "\x00"))
	for at := range used {
		for _, bit := range []byte{1, 16, 128} {
			b := append([]byte(nil), whole...)
			b[at] ^= bit
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			r := verify(t, dir)
			if bit == 128 && whole[at] == 1 && len(r.Damage) == 0 && r.Last == 5 {
				continue // the three high bits of a header's first byte mean nothing
			}
			if len(r.Damage) == 0 && r.Torn == 0 {
				t.Fatalf("bit %d of byte %d: nothing noticed: %+v", bit, at, r)
			}
			if r.Torn != 0 {
				t.Fatalf("bit %d of byte %d: a damaged entry is taken for an unfinished one: %+v", bit, at, r)
			}
			if r.Entries < 4 {
				t.Fatalf("bit %d of byte %d: more than one entry is gone: %+v", bit, at, r)
			}
		}
	}
}

func TestATornTailIsCutAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, Options{}, 20)
	path := wlog.SegmentName(dir, 0)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	used := len(strings.TrimRight(string(whole), "\x00"))
	_, start := locate(t, dir, "a19")
	start -= 40 // somewhere in or before its header
	for cut := int(start) + 60; cut < used; cut++ {
		for _, b := range [][]byte{whole[:cut], append(append([]byte(nil), whole[:min(cut, used-16)]...), make([]byte, 4096-min(cut, used-16)%4096)...)} {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			r := verify(t, dir)
			if len(r.Damage) != 0 || r.Torn == 0 || r.Entries != 19 {
				t.Fatalf("cut at %d of %d: %+v", cut, used, r)
			}
		}
	}
	l := open(t, dir, Options{})
	stop := run(t, l)
	if r := l.Report(); r.Torn == 0 || r.Last != 19 {
		t.Errorf("report %+v", r)
	}
	if e := mustAppend(t, l, 0); e.Seq != 20 {
		t.Errorf("goes on with %d", e.Seq)
	}
	stop()
	intact(t, dir, 20)
}

func TestAFlippedBitInTheLastEntryIsNoTornTail(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, Options{}, 5)
	path, at := locate(t, dir, `{"i":4}`)
	flip(t, path, at+5)
	l := open(t, dir, Options{})
	stop := run(t, l)
	if d := l.Damage(); len(d) != 1 || d[0].Seq != 5 || l.Report().Torn != 0 {
		t.Fatalf("damage %v, report %+v", d, l.Report())
	}
	e := mustAppend(t, l, 5)
	if e.Seq < 7 { // 5 is lost, its number is not given again, the note stands before it
		t.Errorf("number %d may have been given before", e.Seq)
	}
	stop()
	if r := verify(t, dir); len(r.Damage) != 1 || r.Last != e.Seq {
		t.Errorf("%+v", r)
	}
}

func TestAMissingSegmentIsNamed(t *testing.T) {
	dir := t.TempDir()
	opts := Options{SegmentBytes: 4 << 10}
	fill(t, dir, opts, 100)
	path, _ := locate(t, dir, `{"i":50}`)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	l := open(t, dir, opts)
	stop := run(t, l)
	d := l.Damage()
	if len(d) != 1 || !strings.Contains(d[0].What, "missing") {
		t.Fatalf("damage %v", d)
	}
	mustAppend(t, l, 0)
	stop()
	if r := verify(t, dir); r.Last != 102 || len(r.Damage) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestAForgedEntryBreaksTheChain(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, Options{}, 3)
	var entries []Entry
	if err := Read(dir, 0, func(e Entry) error { entries = append(entries, e); return nil }); err != nil {
		t.Fatal(err)
	}
	entries[1].Actor = "nobody" // a well-formed record with right checksums, written in its place
	forged := t.TempDir()
	d := newDisk(forged, discard(), nil)
	if err := d.begin(); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		rec, _ := appendEntry(nil, e, hashBytes(e.Prev))
		if err := d.write(rec); err != nil {
			t.Fatal(err)
		}
	}
	r := verify(t, forged)
	if len(r.Damage) != 1 || r.Damage[0].Seq != 3 || !strings.Contains(r.Damage[0].What, "chain") {
		t.Errorf("%+v", r)
	}
}

// TestMain lets the test program play the writer that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("JOURNAL_TEST_WRITER"); dir != "" {
		writeForever(dir)
	}
	if dir := os.Getenv("SPOOL_TEST_WRITER"); dir != "" {
		spoolForever(dir)
	}
	os.Exit(m.Run())
}

// writeForever appends from many goroutines and prints each number once it is acknowledged.
func writeForever(dir string) {
	l, err := Open(dir, Options{SegmentBytes: 64 << 10})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	go l.Run(context.Background())
	for range 8 {
		go func() {
			for {
				e, err := l.Append(context.Background(), Draft{Kind: "k", Data: strings.Repeat("y", 300)})
				if err != nil {
					fmt.Println("error", err)
					os.Exit(1)
				}
				line, _ := json.Marshal([]any{e.Seq, e.Hash})
				os.Stdout.Write(append(line, '\n'))
			}
		}()
	}
	select {}
}

func TestKillLosesNoAcknowledgedEntry(t *testing.T) {
	dir := t.TempDir()
	acked := map[uint64]string{}
	for round := range 5 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "JOURNAL_TEST_WRITER="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		var first time.Time
		for n := 0; lines.Scan(); n++ {
			if n == 0 {
				first = time.Now()
			}
			if n >= 40+37*round && time.Since(first) > time.Duration(100+37*round)*time.Millisecond { // disks differ
				cmd.Process.Kill()
			}
			var line [2]any
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				if lines.Scan() { // only the last line may be cut short by the kill
					t.Fatalf("writer said %q", lines.Text())
				}
				break
			}
			acked[uint64(line[0].(float64))] = line[1].(string)
		}
		cmd.Wait()
	}
	if len(acked) < 100 {
		t.Fatalf("only %d entries were acknowledged", len(acked))
	}
	l := open(t, dir, Options{}) // cuts what the last kill tore
	l.Close()
	r := verify(t, dir)
	if len(r.Damage) != 0 || uint64(r.Entries) != r.Last {
		t.Fatalf("%+v", r)
	}
	err := Read(dir, 0, func(e Entry) error {
		if want, ok := acked[e.Seq]; ok && want != e.Hash {
			t.Errorf("entry %d is not the one acknowledged", e.Seq)
		}
		delete(acked, e.Seq)
		return nil
	})
	if err != nil || len(acked) != 0 {
		t.Errorf("%d acknowledged entries are lost: %v", len(acked), err)
	}
	t.Logf("%d entries over 5 kills, none lost", r.Entries)
}

// spoolForever appends batches and prints each number once it counts as taken.
func spoolForever(dir string) {
	s, err := OpenSpool(dir, pointList(100), SpoolOptions{SegmentBytes: 64 << 10})
	for err == nil {
		if err = s.Append(block(0, 100, dawn)); err == nil {
			fmt.Println(s.LastSeq())
		}
	}
	fmt.Println("error", err)
	os.Exit(1)
}

func TestKillLosesNoSpooledBatch(t *testing.T) {
	dir := t.TempDir()
	taken := map[uint64]bool{}
	for range 3 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "SPOOL_TEST_WRITER="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			if n == 500 {
				cmd.Process.Kill()
			}
			seq, err := strconv.ParseUint(lines.Text(), 10, 64)
			if err != nil {
				t.Fatalf("writer said %q", lines.Text())
			}
			taken[seq] = true
		}
		cmd.Wait()
	}
	s := openSpool(t, dir, pointList(100), SpoolOptions{})
	put(t, s, block(0, 1, dawn))
	err := s.Tail(t.Context(), 0, func(b Batch) error {
		if b.Gap != nil {
			t.Errorf("gap %+v", b.Gap)
		}
		delete(taken, b.Seq)
		if b.Seq == s.LastSeq() {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) || len(taken) != 0 {
		t.Errorf("%d batches that counted as taken are lost: %v", len(taken), err)
	}
}
