package facility

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeLargeSite writes a site of 4,500 devices with 28 points each: 126,000 points, with rules that
// match by pattern and rules for single points.
func writeLargeSite(t testing.TB, rules int) string {
	t.Helper()
	dir := t.TempDir()
	var p strings.Builder
	p.WriteString("profile: rack\nprotocol: modbus\npoints:\n")
	for i := range 28 {
		fmt.Fprintf(&p, "  - {name: p%d, unit: V, range: [0, 100], scan: 5s, fn: 3, address: %d, type: uint16}\n", i, i)
	}
	var s strings.Builder
	s.WriteString("id: big\nassets:\n  - {id: big, kind: site}\n  - {each: {n: 1-4500}, id: \"big/r{n}\", kind: it-rack, parent: big}\nlinks:\n")
	for l := range 45 {
		fmt.Fprintf(&s, "  - {id: l%d, protocol: modbus, address: \"127.0.0.1:%d\"}\n", l, 20000+l)
	}
	s.WriteString("devices:\n")
	for n := range 4500 {
		fmt.Fprintf(&s, "  - {id: big/r%d/m, asset: big/r%d, profile: rack, link: l%d, unit: %d}\n", n+1, n+1, n/100, n%100+1)
	}
	s.WriteString("alarms:\n")
	for i := range rules {
		points := fmt.Sprintf("big/r%d/m/p%d", i%4500+1, i%28)
		if i < 20 {
			points = fmt.Sprintf("big/*/m/p%d", i)
		}
		fmt.Fprintf(&s, "  - {id: rule-%d, points: \"%s\", kind: high, limit: 90, deadband: 1, on_delay: 5s, priority: 3, class: it, text: {ko: 높음, en: High}}\n", i, points)
	}
	for _, d := range []string{"big", "profiles"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "big", "site.yaml")
	for name, content := range map[string]string{file: s.String(), filepath.Join(dir, "profiles", "rack.yaml"): p.String()} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

func BenchmarkLoad126kPoints(b *testing.B) {
	file := writeLargeSite(b, 2000)
	b.ReportAllocs()
	for b.Loop() {
		if site := load(b, file); len(site.Points) != 126_000 {
			b.Fatalf("%d points", len(site.Points))
		}
	}
}
