package collectors

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bongsu/facility"
)

// goldenBytes is the table beside a shipped profile: what the device answers and what must come of it.
type goldenBytes struct {
	Profile string       `yaml:"profile"`
	Cases   []goldenCase `yaml:"cases"`
}

type goldenCase struct {
	Note      string            `yaml:"note"`
	Registers []goldenMemory    `yaml:"registers"`
	Want      map[string]string `yaml:"want"`
}

// goldenMemory is a run of registers in hex, or of coils as ones and zeros.
type goldenMemory struct {
	Function int    `yaml:"fn"`
	Address  int    `yaml:"address"`
	Hex      string `yaml:"hex"`
	Bits     string `yaml:"bits"`
}

// A profile without golden bytes is a guess: every shipped one has them, and each of its points is in
// every case.
func TestShippedProfilesDecodeTheirGoldenBytes(t *testing.T) {
	files, err := filepath.Glob("../sites/profiles/*.yaml")
	if err != nil || len(files) < 15 {
		t.Fatalf("found %d profiles, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if strings.HasPrefix(name, "sim-") {
			continue // the simulator's own have theirs beside the decoder
		}
		t.Run(name, func(t *testing.T) {
			table := filepath.Join("..", "sites", "profiles", "golden", name+".yaml")
			text, err := os.ReadFile(table)
			if err != nil {
				t.Fatal(err)
			}
			var g goldenBytes
			if err := facility.DecodeFile(table, text, &g).Err(); err != nil {
				t.Fatal(err)
			}
			if g.Profile != name || len(g.Cases) == 0 {
				t.Fatalf("%s is for profile %q and has %d cases", table, g.Profile, len(g.Cases))
			}
			profile := loadProfile(t, name)
			if profile.Source == "" || len(profile.Verify) == 0 {
				t.Error("the profile does not say where its map is from and what must be checked against the manual")
			}
			for _, c := range g.Cases {
				t.Run(c.Note, func(t *testing.T) { c.golden(t).checkModbus(t, profile) })
			}
		})
	}
}

// golden turns the table's case into answers.
func (c goldenCase) golden(t *testing.T) golden {
	t.Helper()
	g := golden{Want: c.Want}
	for _, r := range c.Registers {
		data, err := hex.DecodeString(strings.ReplaceAll(r.Hex, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		count := len(data) / 2
		if r.Function <= 2 {
			count = len(r.Bits)
			data = make([]byte, (count+7)/8)
			for i, b := range r.Bits {
				if b == '1' {
					data[i/8] |= 1 << (i % 8)
				}
			}
		}
		g.Answers = append(g.Answers, struct {
			Fn, Address, Count int
			Hex                string
		}{r.Function, r.Address, count, fmt.Sprintf("%x", data)})
	}
	return g
}
