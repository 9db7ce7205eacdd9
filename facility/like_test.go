package facility

import (
	"path/filepath"
	"strings"
	"testing"
)

// A site that is like another says only what differs; the rest is the other's, and so are its faults.
func TestLikeAnotherSite(t *testing.T) {
	whole := `id: one
demo_accounts: true
members:
  - {name: n1, client: "127.0.0.1:1", peer: "127.0.0.1:2"}
assets:
  - {id: one, kind: site, name: {ko: 가, en: One}}
`
	three := `like: ../one/site.yaml
name: {ko: 나, en: Three}
members:
  - {name: n1, client: "127.0.0.1:1", peer: "127.0.0.1:2"}
  - {name: n2, client: "127.0.0.1:3", peer: "127.0.0.1:4"}
  - {name: n3, client: "127.0.0.1:5", peer: "127.0.0.1:6"}
`
	load := func(one, three string) (*Site, Faults) {
		return LoadFrom(Files{Alone: true, Staged: map[string][]byte{filepath.Clean("s/one/site.yaml"): []byte(one), filepath.Clean("s/three/n1.yaml"): []byte(three)}}, "s/three/n1.yaml")
	}
	site, faults := load(whole, three)
	if site == nil {
		t.Fatal(faults)
	}
	if site.ID != "one" || site.Name.EN != "Three" || len(site.Members) != 3 || len(site.Assets) != 1 || !site.Demo {
		t.Errorf("%s %q with %d members, %d assets, demo %v", site.ID, site.Name.EN, len(site.Members), len(site.Assets), site.Demo)
	}
	changed, _ := load(whole+"timezone: Asia/Tokyo\n", three)
	if changed == nil || changed.Revision == site.Revision || changed.Timezone != "Asia/Tokyo" {
		t.Error("a change of the other file is not seen")
	}
	for name, tc := range map[string]struct{ one, three, want string }{
		"the other's fault":  {whole + "colour: red\n", three, `one/site.yaml:7:1: colour: unknown key`},
		"there is no other":  {whole, strings.Replace(three, "one/site", "none/site", 1), "n1.yaml:1:1: like: s/none/site.yaml cannot be read"},
		"too far away":       {whole, strings.Replace(three, "../one", "../../one", 1), "has to stand in a folder beside this site's"},
		"the other is a mix": {"like: ../two/site.yaml\n" + whole, three, "is itself made of several files"},
	} {
		if site, faults := load(tc.one, tc.three); site != nil || !strings.Contains(faults.Err().Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, faults, tc.want)
		}
	}
}
