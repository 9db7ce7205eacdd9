package facility

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const reviewedSite = `
id: x
assets: [{id: x, kind: site}]
links: [{id: l, protocol: modbus, address: "127.0.0.1:502"}]
devices:
  - each: {n: 1-4}
    id: "x/d{n}"
    asset: x
    link: l
    unit: "{n}"
    points:
      - {name: t, unit: degC, range: [0, 50], scan: 1s, fn: 3, address: 0, type: uint16}
      - {name: v, unit: V, range: [0, 500], scan: 1s, fn: 3, address: 1, type: uint16}
alarms:
  - {id: whole, points: x/*/t, kind: high, limit: 40, on_delay: 3s, priority: 3, class: cooling, respond: 5m, text: {ko: 더움, en: "=Hot"}, consequence: {ko: 가, en: a}, action: {ko: 가, en: a}}
  - {id: again, points: x/d1/t, kind: high-high, limit: 40, priority: 1, class: cooling, respond: 5m, text: {ko: 가, en: a}, consequence: {ko: 가, en: a}, action: {ko: 가, en: a}}
  - {id: bare, points: x/*/v, kind: low, limit: 40, deadband: 0, priority: 2, class: fire, text: {ko: 가, en: a}, action: {ko: "", en: a}}
  - {id: apart, points: x/d1/t, kind: deviation, limit: 4, with: [x/d2/t], priority: 4, class: cooling, respond: 5m, text: {ko: 가, en: a}, consequence: {ko: 가, en: a}, action: {ko: 가, en: a}}
  - {id: apart-2, points: x/*/t, kind: deviation, limit: 4, with: [x/d2/t], priority: 4, class: cooling, respond: 5m, text: {ko: 가, en: a}, consequence: {ko: 가, en: a}, action: {ko: 가, en: a}}
  - {id: other, points: x/d1/t, kind: deviation, limit: 4, with: [x/d3/t], priority: 4, class: cooling, respond: 5m, text: {ko: 가, en: a}, consequence: {ko: 가, en: a}, action: {ko: 가, en: a}}
`

func reviewed(t *testing.T) *Site {
	t.Helper()
	file := filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(file, []byte(reviewedSite), 0o600); err != nil {
		t.Fatal(err)
	}
	site, faults := Load(file)
	if site == nil {
		t.Fatal(faults)
	}
	return site
}

func TestMasterListIsHeldAgainstAGoodOne(t *testing.T) {
	r := ReviewAlarms(reviewed(t))
	if r.Alarms != 15 || r.Shares != [5]int{0, 1, 4, 4, 6} {
		t.Errorf("%d alarms, by priority %v", r.Alarms, r.Shares)
	}
	if len(r.Lacking) != 1 || r.Lacking[0].Rule != "bare" || !slices.Equal(r.Lacking[0].What, []string{"consequence", "action", "respond"}) {
		t.Errorf("lacking: %v", r.Lacking)
	}
	want := []AlarmTwins{{"whole", "again", 1, "x/d1/t"}, {"apart", "apart-2", 1, "x/d1/t"}}
	if !slices.Equal(r.Twins, want) {
		t.Errorf("twins: %v", r.Twins)
	}
	said := strings.Join(r.Lines(1), "\n")
	for _, want := range []string{
		"configured alarms: P1 6.7 %, P2 26.7 %, P3 and P4 66.7 % (usual target 5, 15, 80)", "13.3 % more than usual",
		"alarm rule bare lacks consequence, action, respond", "and 1 more pairs of alarm rules",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in\n%s", want, said)
		}
	}
	if lines := (AlarmReview{}).Lines(9); len(lines) > 0 {
		t.Errorf("a site without alarms is told %q", lines)
	}
}

func TestMasterListOpensInASpreadsheet(t *testing.T) {
	var out bytes.Buffer
	if err := WriteAlarms(&out, reviewed(t), ListOptions{}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 7 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	cell := func(row int, name string) string { return rows[row][slices.Index(rows[0], name)] }
	for name, want := range map[string]string{"cause": "high 40 degC", "deadband": "0.5", "alarms": "4", "respond": "5m", "shelving": "12h", "text_en": "'=Hot", "on_delay": "3s"} {
		if got := cell(1, name); got != want {
			t.Errorf("%s of the first rule is %q, want %q", name, got, want)
		}
	}
	if cell(1, "cuts") != "" || cell(1, "follows") != "power, cooling" || cell(2, "follows") != "nothing" || cell(3, "follows") != "nothing" {
		t.Errorf("what cuts and what follows: %q", rows[1:4])
	}
	if cell(2, "shelving") != "1h" || cell(3, "shelving") != "never" || cell(3, "deadband") != "0" {
		t.Errorf("rows are %q", rows[2:4])
	}
}

func TestLongestShelf(t *testing.T) {
	for _, tt := range []struct {
		class    string
		priority int
		want     time.Duration
	}{{"fire", 4, 0}, {"safety", 3, 0}, {"power", 1, time.Hour}, {"power", 2, 12 * time.Hour}, {"it", 4, 12 * time.Hour}} {
		if got := LongestShelf(tt.class, tt.priority); got != tt.want {
			t.Errorf("%s P%d: %v, want %v", tt.class, tt.priority, got, tt.want)
		}
	}
}
