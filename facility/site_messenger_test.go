package facility

import (
	"os"
	"strings"
	"testing"
	"time"
)

// A messenger's block in one cloud: two zones that serve and a witness, with everything that can be said of its load.
const cloudMessenger = `id: x
name: {ko: 가, en: a}
timezone: Asia/Seoul
assets: [{id: x, kind: site, name: {ko: 가, en: a}}]
simulator:
  messenger:
    region: seoul
    sites:
      - {id: a, address: "127.0.0.1:1"}
      - {id: b, address: "127.0.0.1:2"}
      - {id: w, address: "127.0.0.1:3", witness: true}
    dns: ["127.0.0.1:4"]
    tsig: {secret: AAAA}
    smtp: "127.0.0.1:5"
    gateway: "127.0.0.1:6"
    capacity: 400
    load: {curve: [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2,1,1], day: 24m, starts: 20m, background_per_s: 30, reads_per_s: 5}
    clients: {stale_share: 0.1, stale_factor: 20, forever_share: 0.05, pinned: [{site: a, share: 0.01}], backoff: none, relogin: true}
    scale: {unit: 100, min: 2, target: 0.7, warm: 20s, calm: 3m}
    queues: {ingest: 100, fanout: 200, store_per_s: 300, fanout_per_s: 400}
    tiers: {lag_2: 5s, lag_3: 2m}
`

func TestAMessengersBlockIsReadAndChecked(t *testing.T) {
	read := func(text string) (*Site, string) {
		t.Helper()
		file := t.TempDir() + "/site.yaml"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, faults := Load(file)
		return s, faults.Error()
	}
	s, said := read(cloudMessenger)
	if s == nil {
		t.Fatal(said)
	}
	m := s.Sim.Messenger
	if !m.Sites[2].Witness || m.Load.Day != 24*time.Minute || m.Load.Curve[21] != 2 || m.Clients.Pinned[0].Share != .01 || m.Tiers.Three != 2*time.Minute || m.Queues.Push != 400 {
		t.Errorf("read as %+v", m)
	}
	for _, c := range []struct{ from, to, want string }{
		{", witness: true", "", "sites: 0 witnesses"},
		{`address: "127.0.0.1:1"`, `address: "127.0.0.1:1", witness: true`, "sites[0].witness"},
		{"region: seoul", "region: a", "region: "},
		{"[1,1,", "[1,", "load.curve: 23 factors"},
		{"day: 24m", "day: 24s", "load.day"},
		{"pinned: [{site: a", "pinned: [{site: c", "clients.pinned[0].site"},
		{"stale_share: 0.1", "stale_share: 0.95", "add up to 1.01"},
		{"backoff: none", "backoff: politely", "clients.backoff"},
		{"unit: 100", "unit: 500", "scale.unit"},
		{"lag_2: 5s", "lag_2: 5h", "tiers.lag_2"},
		{"ingest: 100", "ingest: -1", "queues.ingest"},
		{"relogin: true", "relogin: true, politeness: 3", "politeness"},
	} {
		if s, said := read(strings.Replace(cloudMessenger, c.from, c.to, 1)); s != nil || !strings.Contains(said, c.want) {
			t.Errorf("%s: said %q, want %q", c.to, said, c.want)
		}
	}
}
