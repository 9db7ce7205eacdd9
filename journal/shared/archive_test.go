package shared

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// chained makes n entries that follow each other; every third has a key of its own.
func chained(n int) []Entry {
	out := make([]Entry, n)
	prev := ""
	for i := range out {
		e := Entry{Version: entryVersion, Seq: uint64(i) + 1, Time: time.UnixMilli(int64(i)).UTC(), Kind: "note", Actor: "test",
			Data: json.RawMessage(fmt.Sprintf(`{"n":%d}`, i)), Key: fmt.Sprintf("%sx/%d", ownKey, i), Site: "dc1", Node: "a", Prev: prev}
		if i%3 == 0 {
			e.Key = fmt.Sprintf("key-%d", i+1)
		}
		e.Hash = e.sum()
		out[i], prev = e, e.Hash
	}
	return out
}

func openArchive(t testing.TB, dir string) *Archive {
	t.Helper()
	a, err := OpenArchive(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func put(t testing.TB, a *Archive, entries []Entry) {
	t.Helper()
	if err := a.put(entries); err != nil {
		t.Fatal(err)
	}
}

func hashes(entries []Entry) []string {
	var out []string
	for _, e := range entries {
		out = append(out, e.Hash)
	}
	return out
}

// all reads a whole archive page by page.
func all(t testing.TB, a *Archive, page int) []Entry {
	t.Helper()
	var out []Entry
	for {
		got, err := a.After(uint64(len(out)), page)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			return out
		}
		out = append(out, got...)
	}
}

// What was put is there after each restart, goes on without gap or repeat, and is found by number and key.
func TestArchiveGoesOnAfterRestarts(t *testing.T) {
	dir, entries := t.TempDir(), chained(2*segmentEntries+100)
	for at := 0; at < len(entries); {
		a := openArchive(t, dir)
		if s := a.State(); s.Last != uint64(at) || s.Held() != uint64(at) || len(s.Holes) != 0 {
			t.Fatalf("after a restart at %d: %+v", at, s)
		}
		put(t, a, entries[max(at-5, 0):min(at+700, len(entries))]) // some of them again
		at = min(at+700, len(entries))
		if _, err := OpenArchive(dir, nil); err == nil {
			t.Fatal("two have it open")
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	a := openArchive(t, dir)
	if got := all(t, a, 333); !slices.Equal(hashes(got), hashes(entries)) {
		t.Fatalf("%d entries came back of %d", len(got), len(entries))
	}
	if e, found, err := a.find("key-1", 2000); err != nil || !found || e.Hash != entries[0].Hash {
		t.Errorf("first key: %+v, %v, %v", e, found, err)
	}
	if _, found, err := a.find("key-2", 2000); err != nil || found {
		t.Errorf("a key nobody had: %v, %v", found, err)
	}
	if _, _, err := a.find("key-2", 5000); !errors.Is(err, ErrAway) {
		t.Errorf("a key that may be in entries the archive has not: %v", err)
	}
	files, _ := segments(dir)
	if len(files) != 3 {
		t.Errorf("%d files, want 3", len(files))
	}
}

// Entries that do not follow are refused and leave nothing behind.
func TestArchiveRefusesAnotherHistory(t *testing.T) {
	a, entries := openArchive(t, t.TempDir()), chained(10)
	put(t, a, entries[:5])
	other := entries[5]
	other.Prev = strings.Repeat("0", 64)
	if err := a.put([]Entry{other}); !errors.Is(err, ErrBroken) {
		t.Errorf("%v", err)
	}
	put(t, a, entries[5:])
	if got := all(t, a, 100); len(got) != 10 {
		t.Errorf("%d entries", len(got))
	}
}

// Whatever single bit of an archive is flipped: no entry is ever handed out other than it was, all others are,
// and what is missing is known, so that it can be put back.
func TestArchiveNamesEveryFlippedBit(t *testing.T) {
	dir, entries := t.TempDir(), chained(3)
	a := openArchive(t, dir)
	put(t, a, entries)
	_ = a.Close()
	file := filepath.Join(dir, segmentName(1))
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		bad := bytes.Clone(whole)
		bad[i] ^= 1 << (i % 8)
		if err := os.WriteFile(file, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := OpenArchive(dir, nil)
		if err != nil {
			t.Fatalf("byte %d: %v", i, err)
		}
		s := a.State()
		missing := uint64(len(entries)) - s.Last
		for _, h := range s.Holes {
			missing += h.To - h.From + 1
		}
		if missing == 0 || missing > 2 { // a lost line end takes two
			t.Fatalf("byte %d: %d entries missing, %+v", i, missing, s)
		}
		for _, e := range entries {
			got, err := a.entry(e.Seq)
			if err == nil && got.Hash != e.Hash {
				t.Fatalf("byte %d: entry %d is another", i, e.Seq)
			}
		}
		if i%100 == 0 { // syncs take their time
			for _, h := range s.Holes {
				if err := a.mend(entries[h.From-1 : h.To]); err != nil {
					t.Fatalf("byte %d: mend %+v: %v", i, h, err)
				}
			}
			put(t, a, entries[s.Last:])
			if got := all(t, a, 100); !slices.Equal(hashes(got), hashes(entries)) {
				t.Fatalf("byte %d: after mending %d entries", i, len(got))
			}
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// An archive that begins in the middle is filled from its oldest entry backwards, and takes nothing that the
// entry behind does not name.
func TestArchiveIsFilledBackwards(t *testing.T) {
	dir, entries := t.TempDir(), chained(segmentEntries+200)
	a := openArchive(t, dir)
	from := segmentEntries + 50
	put(t, a, entries[from:])
	want := Span{1, uint64(from)}
	if s := a.State(); len(s.Holes) != 1 || s.Holes[0] != want || s.Held() != 0 {
		t.Fatalf("%+v", s)
	}
	if _, err := a.After(0, 10); !errors.Is(err, ErrAway) {
		t.Errorf("what is missing was read: %v", err)
	}
	forged := slices.Clone(entries[from-10 : from])
	forged[9].Data = json.RawMessage(`{"n":0}`)
	forged[9].Hash = forged[9].sum()
	if err := a.mend(forged); !errors.Is(err, ErrBroken) {
		t.Errorf("a forged entry was taken: %v", err)
	}
	if err := a.mend(entries[:10]); err == nil {
		t.Error("entries that end nowhere were taken")
	}
	for end := from; end > 0; end -= 200 {
		if err := a.mend(entries[max(end-200, 0):end]); err != nil {
			t.Fatal(err)
		}
	}
	if s := a.State(); len(s.Holes) != 0 || s.Held() != uint64(len(entries)) {
		t.Errorf("%+v", s)
	}
	_ = a.Close()
	if got := all(t, openArchive(t, dir), 500); !slices.Equal(hashes(got), hashes(entries)) {
		t.Errorf("%d entries", len(got))
	}
}

// A line that was begun when the power went is cut off, and what had stood in it is written anew.
func TestArchiveCutsATornEnd(t *testing.T) {
	entries := chained(3)
	var text []byte
	for _, e := range entries {
		text, _ = appendLine(text, e)
	}
	for cut := 0; cut < len(text); cut += 29 {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, segmentName(1)), text[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		a := openArchive(t, dir)
		n := a.State().Last
		if lines := bytes.Count(text[:cut], []byte{'\n'}); n != uint64(lines) {
			t.Fatalf("cut at %d: %d entries of %d lines", cut, n, lines)
		}
		put(t, a, entries[n:])
		if got := all(t, a, 10); !slices.Equal(hashes(got), hashes(entries)) {
			t.Fatalf("cut at %d: %d entries", cut, len(got))
		}
		_ = a.Close()
	}
}

// Damage that comes while the archive is open is found by whoever reads, and put back.
func TestArchiveFindsDamageWhileOpen(t *testing.T) {
	dir, entries := t.TempDir(), chained(20)
	a := openArchive(t, dir)
	put(t, a, entries)
	file := filepath.Join(dir, segmentName(1))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(text, []byte(`"n":9}`))
	text[at+4] = '8'
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := a.After(0, 100); err != nil || len(got) != 9 {
		t.Fatalf("%d entries before the damage, %v", len(got), err)
	}
	if _, err := a.After(9, 100); !errors.Is(err, ErrAway) {
		t.Errorf("the damaged one: %v", err)
	}
	if got, err := a.After(10, 100); err != nil || len(got) != 10 {
		t.Errorf("%d entries behind it, %v", len(got), err)
	}
	if s := a.State(); !slices.Equal(s.Holes, []Span{{10, 10}}) || s.Held() != 9 {
		t.Fatalf("%+v", s)
	}
	if _, _, err := a.find("key-2", 20); !errors.Is(err, ErrAway) {
		t.Errorf("nobody can say that a key is new: %v", err)
	}
	if err := a.mend(entries[9:10]); err != nil {
		t.Fatal(err)
	}
	if got := all(t, a, 100); !slices.Equal(hashes(got), hashes(entries)) {
		t.Errorf("%d entries after mending", len(got))
	}
}

func FuzzArchiveLine(f *testing.F) {
	for _, e := range chained(2) {
		text, _ := appendLine(nil, e)
		f.Add(text[:len(text)-1])
	}
	f.Add([]byte("00000000 1 0000000000000000 {}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := parseLine(b)
		if err != nil {
			return
		}
		e, err := l.entry()
		if err != nil {
			return
		}
		again, err := appendLine(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		m, err := parseLine(again[:len(again)-1])
		if err != nil || m.seq != l.seq || m.key != l.key {
			t.Fatalf("%q came back as %q: %v", b, again, err)
		}
	})
}

func FuzzLoan(f *testing.F) {
	text, _ := json.Marshal(loan{By: "b", To: 3, Entries: chained(3)})
	f.Add(text)
	f.Add([]byte(`{"to":1,"entries":[{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := decodeLoan(b)
		if err != nil {
			return
		}
		for i, e := range l.Entries {
			if e.sum() != e.Hash || e.Seq != l.To-uint64(len(l.Entries)-1-i) {
				t.Fatalf("a loan that does not prove itself was taken: %+v", e)
			}
		}
	})
}

// Verifying names the first bad entry with its file, hands out all others and marks the gaps where they stand.
func TestVerifyNamesWhatIsWrong(t *testing.T) {
	entries := chained(segmentEntries + 20)
	forged := entries[499]
	forged.Data = json.RawMessage(`{"n":0}`)
	forged.Hash = forged.sum()
	for name, tc := range map[string]struct {
		spoil func(lines []string) []string
		want  []Flaw
		left  int
	}{
		"whole":         {func(l []string) []string { return l }, nil, len(entries)},
		"a bit":         {func(l []string) []string { l[9] = strings.Replace(l[9], `"n":9}`, `"n":8}`, 1); return l }, []Flaw{{Span{10, 10}, segmentName(1), "missing, or its checksum does not match"}}, len(entries) - 1},
		"a line is out": {func(l []string) []string { return slices.Delete(l, 100, 103) }, []Flaw{{Span{101, 103}, segmentName(1), "missing, or its checksum does not match"}}, len(entries) - 3},
		"forged with its checksum": {func(l []string) []string {
			text, _ := appendLine(nil, forged)
			l[499] = string(text)
			return l
		}, []Flaw{{Span{501, 501}, segmentName(1), "it does not follow the entry before it as that stands here"}}, len(entries)},
		"the first file is gone": {func([]string) []string { return nil }, []Flaw{{Span{1, segmentEntries}, segmentName(1), "missing, or its checksum does not match"}}, 20},
	} {
		dir := t.TempDir()
		a := openArchive(t, dir)
		put(t, a, entries)
		_ = a.Close()
		file := filepath.Join(dir, segmentName(1))
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := tc.spoil(strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n"))
		if n := len(lines); n > 0 && !strings.HasSuffix(lines[n-1], "\n") {
			lines[n-1] += "\n"
		}
		if err := os.WriteFile(file, []byte(strings.Join(lines, "")), 0o600); err != nil {
			t.Fatal(err)
		}
		var got []Flaw
		read := 0
		r, err := ReadArchive(dir, func(Entry) error { read++; return nil }, func(f Flaw) error { got = append(got, f); return nil })
		if err != nil || read != tc.left || int(r.Entries) != tc.left || r.Last != uint64(len(entries)) || r.Hash != entries[len(entries)-1].Hash || r.Flaws != len(got) {
			t.Errorf("%s: %d entries, %+v, %v", name, read, r, err)
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: found %+v, want %+v", name, got, tc.want)
		}
	}
}

// A write that fails half-way leaves nothing behind: the same entries are written again behind the last good one.
func TestArchiveGoesOnAfterAFailedWrite(t *testing.T) {
	dir, entries := t.TempDir(), chained(10)
	a := openArchive(t, dir)
	put(t, a, entries[:4])
	if _, err := a.tail.WriteAt([]byte(strings.Repeat("half a line", 9)), a.size); err != nil { // what a full disk has left
		t.Fatal(err)
	}
	_ = a.tail.Close()
	if err := a.put(entries[4:]); err == nil {
		t.Fatal("a write to a closed file went well")
	}
	if s := a.State(); s.Last != 4 {
		t.Fatalf("%+v", s)
	}
	put(t, a, entries[4:])
	_ = a.Close()
	if got := all(t, openArchive(t, dir), 100); !slices.Equal(hashes(got), hashes(entries)) {
		t.Errorf("%d entries", len(got))
	}
}
