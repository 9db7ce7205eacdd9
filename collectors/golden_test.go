package collectors

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// golden is one device's raw bytes and the samples that must come of them. A sample is written as
// its value, quality and reason; the value is left out where there is none.
type golden struct {
	Note    string
	Answers []struct {
		Fn, Address, Count int
		Hex                string
	}
	Want     map[string]string
	Arrival  time.Time
	Messages []struct {
		Topic, Payload, Want string
		Retained             bool
	}
}

func TestGoldenProfiles(t *testing.T) {
	dirs, err := filepath.Glob("testdata/*/golden.json")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range dirs {
		name := filepath.Base(filepath.Dir(file))
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var g golden
			if err := json.Unmarshal(text, &g); err != nil {
				t.Fatal(err)
			}
			profile := loadProfile(t, name)
			if profile.Protocol == "mqtt" {
				g.checkMQTT(t, profile)
			} else {
				g.checkModbus(t, profile)
			}
		})
	}
}

// loadProfile reads a profile as a site does, from the shipped ones or from beside its golden file.
func loadProfile(t *testing.T, name string) *facility.Profile {
	t.Helper()
	from := filepath.Join("testdata", name, name+".yaml")
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		from = filepath.Join("..", "sites", "profiles", name+".yaml")
	}
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	protocol := "modbus"
	if strings.Contains(string(text), "\nprotocol: mqtt") {
		protocol = "mqtt"
	}
	dir := t.TempDir()
	site := fmt.Sprintf(`id: golden
assets: [{id: g, kind: site}]
links: [{id: l, protocol: %s, address: "127.0.0.1:1"}]
devices: [{id: g/d, asset: g, profile: %s, link: l, unit: 1, topic: g/d}]
`, protocol, name)
	for path, content := range map[string]string{"profiles/" + name + ".yaml": string(text), "golden/site.yaml": site} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	loaded, faults := facility.Load(filepath.Join(dir, "golden", "site.yaml"))
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	return loaded.Profiles[name]
}

func written(s facility.Sample) string {
	var words []string
	if s.Usable() || s.Value != 0 {
		words = append(words, strconv.FormatFloat(s.Value, 'f', -1, 64))
	}
	words = append(words, s.Quality.String())
	if s.Reason != facility.NoReason {
		words = append(words, s.Reason.String())
	}
	return strings.Join(words, " ")
}

func (g golden) checkModbus(t *testing.T, profile *facility.Profile) {
	memory := map[[2]int][2]byte{} // function and address to a register, or a coil in the second byte
	for _, a := range g.Answers {
		data, err := hex.DecodeString(a.Hex)
		if err != nil {
			t.Fatal(err)
		}
		for i := range a.Count {
			if a.Fn <= 2 {
				memory[[2]int{a.Fn, a.Address + i}] = [2]byte{0, data[i/8] >> (i % 8) & 1}
			} else {
				memory[[2]int{a.Fn, a.Address + i}] = [2]byte(data[2*i:])
			}
		}
	}
	site := buildSite(nil, []facility.Device{{ID: "d", Profile: profile.Name}}, profile)
	specs, err := unitSpecs(site, facility.Link{}, []*facility.Device{&site.Devices[0]})
	if err != nil {
		t.Fatal(err)
	}
	plans, slots, err := planUnit(specs[0])
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	scales := make([]scale, slots)
	for _, p := range plans {
		data := make([]byte, p.bytes())
		for i := range int(p.count) {
			cell, ok := memory[[2]int{int(p.fn), int(p.address) + i}]
			if !ok && bridged(specs[0].defined, int(p.address)+i, int(p.address)+i+1) {
				cell = [2]byte{poison >> 8, poison & 0xFF} // what no point names may hold anything
			} else if !ok {
				t.Fatalf("the plan reads function %d address %d, which the golden file does not have", p.fn, int(p.address)+i)
			}
			if p.fn <= 2 {
				data[i/8] |= cell[1] << (i % 8)
			} else {
				copy(data[2*i:], cell[:])
			}
		}
		for _, s := range p.decode(data, scales, time.Now()) {
			got[site.Points[s.Point].Def.Name] = written(s)
		}
	}
	for name, want := range g.Want {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
	if len(got) != len(g.Want) {
		t.Errorf("%d points decoded, the golden file has %d", len(got), len(g.Want))
	}
}

func (g golden) checkMQTT(t *testing.T, profile *facility.Profile) {
	site := buildSite([]facility.Link{{ID: "l", Protocol: "mqtt"}},
		[]facility.Device{{ID: "d", Profile: profile.Name, Link: "l", Topic: "top"}}, profile)
	d, err := openMQTT(wire{
		site: site, link: site.Links[0], devices: []*facility.Device{&site.Devices[0]},
		log: slogDiscard(), opts: Options{}.withDefaults(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range g.Messages {
		r := d.(*mqttLink).routes["top/"+m.Topic]
		if r == nil {
			t.Fatalf("no point has the topic %s", m.Topic)
		}
		samples, _ := r.decode(message{
			to: target{route: r}, payload: []byte(m.Payload), retained: m.Retained, at: g.Arrival,
		}, nil)
		got := ""
		for _, s := range samples {
			got += written(s)
			if s.At.After(g.Arrival) || !s.Seen.Equal(g.Arrival) {
				t.Errorf("%s %s: taken at %v, seen %v", m.Topic, m.Payload, s.At, s.Seen)
			}
		}
		if got != m.Want {
			t.Errorf("%s %s: got %q, want %q", m.Topic, m.Payload, got, m.Want)
		}
	}
}
