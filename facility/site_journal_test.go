package facility

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What a site file leaves out of the journal's times keeps the usual ratio; certificates allow other addresses.
func TestSharedJournalOfASite(t *testing.T) {
	for _, c := range []struct {
		name, text      string
		beat, election  time.Duration
		has, secure     bool
		warnings, slots int
	}{
		{"nothing said", "", 100 * time.Millisecond, time.Second, false, false, 0, 0},
		{"members elsewhere", "journal: {tls: {}}\nmembers:\n  - {name: n1, client: '10.1.0.1:2379', peer: '10.1.0.1:2380'}\n",
			100 * time.Millisecond, time.Second, true, true, 0, 1},
		{"a far election", "journal: {tls: {dir: pki}, election: 5s}\nmembers:\n  - {name: n1, client: '10.1.0.1:2379', peer: '10.1.0.1:2380'}\n",
			500 * time.Millisecond, 5 * time.Second, true, true, 1, 1},
		{"a slower heartbeat", "journal: {heartbeat: 200ms}\nmembers:\n  - {name: n1, client: '127.0.0.1:2379', peer: '127.0.0.1:2380'}\n",
			200 * time.Millisecond, 2 * time.Second, true, false, 0, 1},
		{"a forwarded port", "members:\n  - {name: n1, client: '127.0.0.1:1', peer: '127.0.0.1:2', listen_client: '127.0.0.1:3', listen_peer: '127.0.0.1:4'}\n",
			100 * time.Millisecond, time.Second, true, false, 0, 1},
		{"somebody else's etcd", "journal: {tls: {}, endpoints: ['https://etcd.example:2379']}\n", 100 * time.Millisecond, time.Second, true, true, 0, 0},
	} {
		file := filepath.Join(t.TempDir(), "site.yaml")
		text := "id: x\nassets:\n  - {id: x, kind: site, name: {ko: 가, en: A}}\n" + c.text
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		site, faults := Load(file)
		if faults.Err() != nil {
			t.Errorf("%s: %v", c.name, faults)
			continue
		}
		beat, election := site.Journal.Times()
		if beat != c.beat || election != c.election || site.HasSharedJournal() != c.has || (site.Journal.TLS != nil) != c.secure ||
			len(faults) != c.warnings || len(site.Members) != c.slots {
			t.Errorf("%s: %v, %v, %v, %+v, %v", c.name, beat, election, site.HasSharedJournal(), site.Journal, faults)
		}
	}
}
