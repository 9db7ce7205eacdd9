package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

// subjects is a state that shows every entry that was folded.
func subjects(state json.RawMessage, entries func(func(Entry) error) error) (json.RawMessage, error) {
	var all []string
	if state != nil {
		if err := json.Unmarshal(state, &all); err != nil {
			return nil, err
		}
	}
	err := entries(func(e Entry) error { all = append(all, e.Subject); return nil })
	if err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

// taken is all that a start has of a log: the state of its checkpoint, and what stands behind.
func taken(t *testing.T, l *Log) (all []string, read int) {
	t.Helper()
	if state := l.State(); state != nil {
		if err := json.Unmarshal(state, &all); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Rest(func(e Entry) error { all, read = append(all, e.Subject), read+1; return nil }); err != nil && !errors.Is(err, ErrDamaged) {
		t.Fatal(err)
	}
	return all, read
}

func everySubject(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprint("a", i))
	}
	return out
}

// small makes a log of many files.
var small = Options{SegmentBytes: pageSize}

// fillQuickly writes n entries, a hundred with each fsync, and ends the log.
func fillQuickly(t *testing.T, dir string, n int) {
	t.Helper()
	l := open(t, dir, small)
	stop := run(t, l)
	for i := 0; i < n; i += 100 {
		var drafts []Draft
		for k := range min(100, n-i) {
			drafts = append(drafts, Draft{Kind: "alarm.raise", Actor: "rules", Subject: fmt.Sprint("a", i+k), Data: map[string]int{"i": i + k}})
		}
		if _, err := l.AppendWithin(time.Minute, drafts...); err != nil {
			t.Fatal(err)
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

// A log is opened from its checkpoint with the same state, numbers, chain and marks as one that is read whole.
func TestOpeningFromACheckpointIsOpeningTheWhole(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "checkpoint")
	fillQuickly(t, dir, 900)
	if n, err := Advance(dir, file, 300, 1, subjects); n != 300 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := Advance(dir, file, 700, 1, subjects); n != 400 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := Advance(dir, file, 720, 100, subjects); n != 0 || err != nil {
		t.Fatalf("what is not worth it: %d, %v", n, err)
	}
	opts := small
	opts.Checkpoint = file
	l := open(t, dir, opts)
	all, read := taken(t, l)
	if read != 200 || !slices.Equal(all, everySubject(900)) {
		t.Fatalf("%d entries were read, and the state has %d", read, len(all))
	}
	if r := l.Report(); r.First != 1 || r.Last != 900 || r.Entries != 900 || l.LastSeq() != 900 {
		t.Errorf("report %+v, newest %d", r, l.LastSeq())
	}
	stop := run(t, l)
	if e := mustAppend(t, l, 900); e.Seq != 901 {
		t.Errorf("the next entry is %d", e.Seq)
	}
	for _, after := range []uint64{0, 299, 650, 899} { // a reader finds what stands before the checkpoint too
		var first uint64
		err := l.Tail(t.Context(), after, func(e Entry) error { first = e.Seq; return errFarEnough })
		if first != after+1 || !errors.Is(err, errFarEnough) {
			t.Errorf("a reader behind entry %d begins with %d, %v", after, first, err)
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if r, err := Verify(dir); err != nil || len(r.Damage) > 0 || r.Entries != 901 {
		t.Errorf("%+v, %v", r, err)
	}
}

// Whatever does not fit has the whole log read: the state is never that of another log or of other entries.
func TestACheckpointThatDoesNotFitIsNotUsed(t *testing.T) {
	write := func(t *testing.T, file, text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, spoil := range map[string]func(t *testing.T, dir, file string){
		"none":  func(t *testing.T, _, file string) { _ = os.Remove(file) },
		"empty": func(t *testing.T, _, file string) { write(t, file, "") },
		"half of it": func(t *testing.T, _, file string) {
			text, _ := os.ReadFile(file)
			write(t, file, string(text[:len(text)/2]))
		},
		"a flipped bit": func(t *testing.T, _, file string) {
			text, _ := os.ReadFile(file)
			write(t, file, strings.Replace(string(text), `"a7"`, `"a8"`, 1))
		},
		"a file is missing": func(t *testing.T, dir, _ string) { _ = os.Remove(wlog.SegmentName(dir, 0)) },
		"a file is shorter": func(t *testing.T, dir, _ string) { _ = os.Truncate(wlog.SegmentName(dir, 0), pageSize/2) },
		"another log": func(t *testing.T, dir, file string) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(dir, 0o750); err != nil {
				t.Fatal(err)
			}
			fillQuickly(t, dir, 600)
		},
		"a shorter log": func(t *testing.T, dir, _ string) {
			list, _ := segmentList(dir)
			for _, k := range list[1:] {
				_ = os.Remove(wlog.SegmentName(dir, k))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, file := filepath.Join(t.TempDir(), "journal"), filepath.Join(t.TempDir(), "checkpoint")
			if err := os.Mkdir(dir, 0o750); err != nil {
				t.Fatal(err)
			}
			fillQuickly(t, dir, 600)
			if _, err := Advance(dir, file, 500, 1, subjects); err != nil {
				t.Fatal(err)
			}
			spoil(t, dir, file)
			opts := small
			opts.Checkpoint = file
			l := open(t, dir, opts)
			defer l.Close()
			if l.State() != nil {
				t.Fatal("it is used")
			}
			want, err := Verify(dir)
			if err != nil {
				t.Fatal(err)
			}
			if _, read := taken(t, l); read != want.Entries || l.Report().Last != want.Last {
				t.Errorf("%d entries were read, newest %d; there are %d, newest %d", read, l.Report().Last, want.Entries, want.Last)
			}
		})
	}
}

// A bit that flips before the checkpoint is found while the process works, told as at a start, and the next start reads
// everything.
func TestDamageBeforeTheCheckpointIsFoundLater(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "checkpoint")
	fillQuickly(t, dir, 600)
	if _, err := Advance(dir, file, 500, 1, subjects); err != nil {
		t.Fatal(err)
	}
	path, at := locate(t, dir, `{"i":40}`)
	flip(t, path, at+5)
	synctest.Test(t, func(t *testing.T) {
		opts := small
		opts.Checkpoint = file
		l := open(t, dir, opts)
		if len(l.Damage()) > 0 || l.State() == nil {
			t.Fatal("the start has read what stands before the checkpoint")
		}
		stop := run(t, l)
		time.Sleep(restAfter + time.Minute)
		if d := l.Damage(); len(d) != 1 || d[0].Seq != 41 {
			t.Errorf("damage: %v", d)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	})
	if _, err := os.Stat(file); err == nil {
		t.Error("the checkpoint of a damaged log stays")
	}
	l := open(t, dir, small)
	defer l.Close()
	told := 0
	if _, read := taken(t, l); read != 600 { // one is lost, one tells of it
		t.Errorf("%d entries", read)
	}
	_ = Read(dir, 0, func(e Entry) error {
		if e.Kind == KindDamage {
			told++
		}
		return nil
	})
	if told != 1 {
		t.Errorf("the damage is written down %d times", told)
	}
	if _, err := Advance(dir, file, 590, 1, subjects); !errors.Is(err, ErrDamaged) {
		t.Errorf("a damaged log gets a checkpoint: %v", err)
	}
}
