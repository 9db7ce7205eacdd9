package facility

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The examples people copy out of the documents are read by the same reader as their files.
func TestExamplesOfTheDocumentsAreRight(t *testing.T) {
	text, err := os.ReadFile("../docs/profiles.md")
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		if !strings.Contains(block[1], "\npoints:") {
			continue
		}
		found = true
		c := newChecker(&Site{}, newDecoder("docs"))
		p := c.readProfile("acme-meter", "docs/profiles.md", []byte(block[1]))
		if faults := c.profiles["acme-meter"].faults; len(faults) > 0 || len(p.Points) != 25 || *p.Points[24].Address != 146 {
			t.Errorf("%v\n%+v", faults, p)
		}
	}
	if !found {
		t.Error("docs/profiles.md has no example profile")
	}
	// A field that is not explained is one nobody can use.
	profile, modbus, mqtt := string(text), read(t, "../docs/modbus.md"), read(t, "../docs/mqtt.md")
	_, keys := newDecoder("").keysOf(typeOfDef)
	for _, key := range keys {
		if !strings.Contains(profile+modbus+mqtt, "`"+key+"`") {
			t.Errorf("no document explains %q", key)
		}
	}
	list := read(t, "../docs/points.md")
	for _, c := range columns {
		if !strings.Contains(list, "`"+c.name+"`") || !strings.Contains(list, c.ko) {
			t.Errorf("docs/points.md does not explain column %s (%s)", c.name, c.ko)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
