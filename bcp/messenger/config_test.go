package messenger

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

const goodConfig = `
sites:
  - {id: dc1, asset: demo, admin: "http://127.0.0.1:18001", public: "127.0.0.1:18001"}
  - {id: dc2, admin: "https://10.1.0.5", public: "10.1.0.6:443"}
  - {id: dc3, admin: "http://127.0.0.1:18003", public: "127.0.0.1:18003"}
host: api.talk.demo
user: probe
password: hush
token_file: token
timeouts: {promote: 3s}
`

// Every fault of a configuration is reported at its place, all at once.
func TestConfigFaults(t *testing.T) {
	cases := []struct {
		name   string
		change string // old => new
		want   []string
	}{
		{"a good one", "", nil},
		{"an unknown key", "user: probe => usr: probe", []string{"usr"}},
		{"a site twice", "id: dc2 => id: dc1", []string{"sites[1].id"}},
		{"a site without id", "id: dc2, => ", []string{"sites[1].id"}},
		{"no URL and no address", `admin: "https://10.1.0.5", public: "10.1.0.6:443" => admin: "10.1.0.5:80", public: "x"`, []string{"sites[1].admin", "sites[1].public"}},
		{"the same place twice", `admin: "https://10.1.0.5", public: "10.1.0.6:443" => admin: "http://127.0.0.1:18001", public: "127.0.0.1:18001"`, []string{"sites[1].admin", "sites[1].public"}},
		{"no public name, no user", "host: api.talk.demo\nuser: probe => user: ''", []string{"host", "user"}},
		{"a URL as public name", "host: api.talk.demo => host: http://talk", []string{"host"}},
		{"two passwords", "password: hush => password: hush\npassword_file: p", []string{"password"}},
		{"no password", "password: hush => domain: dc1", []string{"password"}},
		{"two tokens", "token_file: token => token_file: token\ntoken: t", []string{"token"}},
		{"a deadline that is none", "promote: 3s => promote: 3h", []string{"timeouts.promote"}},
		{"a service twice", "user: probe => user: probe\nservices: [account, account]", []string{"services[1]"}},
	}
	for _, c := range cases {
		text := goodConfig
		if from, to, ok := strings.Cut(c.change, " => "); ok {
			if text = strings.Replace(goodConfig, from, to, 1); text == goodConfig {
				t.Fatalf("%s: the change changes nothing", c.name)
			}
		}
		var cfg Config
		faults := facility.DecodeFile("talk.yaml", []byte(text), &cfg, func(r facility.Report) { cfg.Check("", r) })
		for _, w := range c.want {
			if !slices.ContainsFunc(faults, func(f facility.Fault) bool { return strings.HasSuffix(f.Path, w) }) {
				t.Errorf("%s: no fault at %s: %v", c.name, w, faults)
			}
		}
		if len(faults) != len(c.want) {
			t.Errorf("%s: %d faults, want %d: %v", c.name, len(faults), len(c.want), faults)
		}
	}
}

// Inside another file the faults stand at their place there.
func TestConfigFaultsStandAtTheirPlace(t *testing.T) {
	var paths []string
	Config{}.Check("bcp.messenger", func(path, _ string, _ ...any) { paths = append(paths, path) })
	if !slices.Contains(paths, "bcp.messenger.sites") || !slices.Contains(paths, "bcp.messenger.host") {
		t.Errorf("faults at %v", paths)
	}
}

// Secrets come from files beside the configuration, and show themselves nowhere.
func TestSecretsStayHidden(t *testing.T) {
	dir := t.TempDir()
	cfg := fakeConfig()
	cfg.Token, cfg.TokenFile = "", "token"
	if _, err := New(cfg, dir, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a missing token file went unnoticed")
	}
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "token"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(" \n")
	if _, err := New(cfg, dir, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("an empty token went unnoticed")
	}
	write("open sesame\n")
	m, err := New(cfg, dir, slog.New(slog.DiscardHandler))
	if err != nil || string(m.cfg.Token) != "open sesame" {
		t.Fatalf("token %q, %v", string(m.cfg.Token), err)
	}
	text, err := json.Marshal(m.cfg)
	shown := string(text) + fmt.Sprintf("%v %+v %#v", m.cfg, m.cfg, m.cfg.Token)
	if err != nil || strings.Contains(shown, "sesame") {
		t.Errorf("the token shows in %s, %v", shown, err)
	}
	if m.cfg.Timeouts.Poll != 800*time.Millisecond || m.cfg.Services[0] != "account" {
		t.Errorf("defaults %+v", m.cfg)
	}
}
