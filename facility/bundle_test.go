package facility

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What was loaded can be loaded again word for word, also after somebody has broken and removed the files.
func TestABundleOutlivesItsFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../sites")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "demo", "site.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	more := "alarms:\n  - {id: more, points: demo/b1/*/bms/t-max, kind: high, limit: 99, priority: 3, class: power, text: {ko: 가, en: a}, consequence: {ko: 가, en: a}, action: {ko: 가, en: a}, respond: 10m}\n"
	if err := os.WriteFile(filepath.Join(dir, "demo", "more.yaml"), []byte(more), 0o600); err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), "\ncomms:", "\ninclude: [\"mor*.yaml\"]\ncomms:", 1))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	site, bundle, faults := LoadBundle(file)
	if site == nil || bundle.Revision != site.Revision {
		t.Fatal(faults)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	again, err := bundle.Load()
	if err != nil {
		t.Fatal(err)
	}
	if changes := Diff(site, again); len(changes) > 0 || again.Revision != site.Revision {
		t.Errorf("the bundle gives another site: %v", changes)
	}
	bundle.Texts[file] += "\n# torn\n"
	if _, err := bundle.Load(); err == nil {
		t.Error("a bundle that was changed is taken for the site it names")
	}
	if _, err := (Bundle{File: file}).Load(); err == nil {
		t.Error("an empty bundle gives a site")
	}
}
