package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// listOf writes a list of samples in which rack R3 heats up, two sensors of it, from 40 degrees by half a degree a
// second.
func listOf(t *testing.T, seconds int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("time,point,value,quality\n")
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for i := range seconds {
		for _, p := range []string{"demo/b1/r3/io/rt", "demo/b1/r3/bms/t-max", "demo/gone/since"} {
			fmt.Fprintf(&b, "%s,%s,%g,good\n", at.Add(time.Duration(i)*time.Second).Format(time.RFC3339), p, 40+float64(i)/2)
		}
	}
	file := filepath.Join(t.TempDir(), "samples.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func replayOf(path string, o replayOptions) (out, said string, err error) {
	var a, b bytes.Buffer
	if o.format == "" {
		o.format = "text"
	}
	if o.lang == "" {
		o.lang = "en"
	}
	err = runReplay(path, o, &a, &b)
	return a.String(), b.String(), err
}

const demoFile = "../../sites/demo/site.yaml"

// A list of samples goes through the rules: the stages come where the heat says, and it is said that there is nothing
// to compare with and which points are unknown.
func TestListOfSamplesIsReplayed(t *testing.T) {
	out, _, err := replayOf(listOf(t, 90), replayOptions{sites: []string{demoFile}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"B1 R3 SP -> S1", "S2 -> S3", "identical: not judged", "90 samples are of points the site does not have", "hash "} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in what is printed", want)
		}
	}
	if t.Failed() {
		t.Log(tail(out, 3000))
	}
	again, _, _ := replayOf(listOf(t, 90), replayOptions{sites: []string{demoFile}})
	if hashIn(out) == "" || hashIn(out) != hashIn(again) {
		t.Errorf("the same list gives %q and %q", hashIn(out), hashIn(again))
	}
}

func hashIn(out string) string {
	_, h, _ := strings.Cut(out, "\nhash ")
	return strings.TrimSpace(h)
}

// What if rack R3 were watched more closely? The table says so in both languages, and the first run stays as it is.
func TestWhatIfPrintsTheDifference(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "sites"), os.DirFS("../../sites")); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "sites", "demo", "site.yaml")
	files, err := filepath.Glob(filepath.Join(filepath.Dir(other), "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		changed(t, f, func(text string) string {
			return strings.Replace(text, "          id: \"R{n}\"\n", "          id: \"R{n}\"\n          thresholds: {RT: [45, 50, 58, 70], BM: [45, 50, 58, 70]}\n", 1)
		})
	}
	list := listOf(t, 90)
	for lang, want := range map[string]string{"en": "s earlier", "ko": "초 빠름"} {
		out, said, err := replayOf(list, replayOptions{sites: []string{demoFile}, whatIf: other, lang: lang})
		if err != nil {
			t.Fatal(err, said)
		}
		if !strings.Contains(out, want) || !strings.Contains(out, "R3 -> S1") {
			t.Errorf("%s: the difference is missing:\n%s", lang, tail(out, 3000))
		}
	}
}

// Everything that is wrong with a list is said at once, with its line, and nothing is replayed.
func TestFaultyListIsRefusedWhole(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bad.csv")
	text := `time,point,value,quality
2026-11-22T10:00:00Z,demo/a,1,good
yesterday,demo/a,1,good
2026-11-22T10:00:05Z,demo/a,hot,good
2026-11-22T10:00:01Z,,1,splendid
2026-11-22T10:00:06Z,demo/a,,bad
2026-11-22T10:00:07Z,demo/a,NaN,good
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, said, err := replayOf(file, replayOptions{sites: []string{demoFile}})
	if !errors.Is(err, errReported) || out != "" {
		t.Errorf("it was replayed: %v %s", err, out)
	}
	for _, want := range []string{":3: time \"yesterday\"", ":4: value \"hot\"", ":5: it is earlier", "quality \"splendid\"", "the point is missing", ":7: value \"NaN\"", "4 faults in 7 lines"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not said:\n%s", want, said)
		}
	}
	if strings.Contains(said, ":6:") {
		t.Error("a bad sample needs no value")
	}
}

// What is asked for wrongly is refused with all that is wrong about it, and a folder without a recording with what is
// missing in it.
func TestReplayRefusesClearly(t *testing.T) {
	for _, tt := range []struct {
		name string
		path string
		o    replayOptions
		want []string
	}{
		{"options", ".", replayOptions{from: "noon", format: "xml", lang: "fr"}, []string{"--from", "--format", "--lang"}},
		{"order", ".", replayOptions{from: "2026-01-02T00:00:00Z", to: "2026-01-01T00:00:00Z"}, []string{"--from is not before --to"}},
		{"folder", t.TempDir(), replayOptions{}, []string{"no data folder", "spool"}},
		{"nothing", filepath.Join(t.TempDir(), "gone"), replayOptions{}, []string{"open the recording"}},
		{"list without site", listOf(t, 1), replayOptions{}, []string{"--site"}},
	} {
		_, _, err := replayOf(tt.path, tt.o)
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q in it", tt.name, err, want)
			}
		}
	}
}
