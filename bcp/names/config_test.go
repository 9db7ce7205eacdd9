package names

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

const goodFile = `
zone: talk.demo
servers: ["127.0.0.1:15353", "127.0.0.1:15354"]
tsig: {name: bongsu., secret_file: keys/tsig}
ttl: 5s
targets:
  dc1: {host: dc1, port: 18001}
  dc2: {host: dc2.talk.demo., port: 18002}
`

// The file as people write it, and every way to get it wrong, at its place.
func TestConfigIsChecked(t *testing.T) {
	cases := []struct{ name, from, to, want string }{
		{"as it should be", "", "", ""},
		{"no zone", "zone: talk.demo", "zone: .", "zone"},
		{"a service elsewhere", "ttl: 5s", "service: _talk._tcp.other.", "service"},
		{"one name for two things", "ttl: 5s", "leader: _epoch", "leader: _epoch.talk.demo. is already epoch"},
		{"no server", `servers: ["127.0.0.1:15353", "127.0.0.1:15354"]`, "servers: []", "servers"},
		{"a server by name", "127.0.0.1:15354", "ns2.talk.demo:53", "servers[1]"},
		{"a server twice", "127.0.0.1:15354", "127.0.0.1:15353", "servers[1]"},
		{"a resolver by name", "ttl: 5s", `resolvers: ["localhost:53"]`, "resolvers[0]"},
		{"no key", "name: bongsu.", "name: ''", "tsig.name"},
		{"an old signature", "name: bongsu.", "name: bongsu., algorithm: hmac-md5", "tsig.algorithm"},
		{"two secrets", "name: bongsu.", "name: bongsu., secret: AAAA", "tsig: want either"},
		{"no secret", ", secret_file: keys/tsig", "", "tsig: want either"},
		{"no base64", "secret_file: keys/tsig", "secret: '!'", "tsig.secret"},
		{"half a second", "ttl: 5s", "ttl: 500ms", "ttl"},
		{"an update for ever", "ttl: 5s", "timeout: 1h", "timeout"},
		{"one site", "  dc2: {host: dc2.talk.demo., port: 18002}\n", "", "targets: 1 sites"},
		{"no port", "port: 18002", "port: 70000", "targets.dc2.port"},
		{"one host for two sites", "host: dc2.talk.demo.", "host: dc1", "targets.dc2.host"},
		{"a host elsewhere", "host: dc2.talk.demo.", "host: dc2.other.", "targets.dc2.host"},
		{"a key nobody knows", "ttl: 5s", "tll: 5s", "tll"},
	}
	for _, c := range cases {
		var cfg Config
		text := strings.Replace(goodFile, c.from, c.to, 1)
		faults := facility.DecodeFile("names.yaml", []byte(text), &cfg, func(report facility.Report) { cfg.Check("", report) })
		if c.want == "" && len(faults) > 0 || c.want != "" && !strings.Contains(fmt.Sprint(faults), c.want) {
			t.Errorf("%s: %v", c.name, faults)
		}
	}
	c := testConfig("127.0.0.1:1")
	if c.TTL != 5*time.Second || c.Timeout != ample || c.Resolvers[0] != "127.0.0.1:1" || c.Service != "_talk._tcp" || c.Leader != "_leader" {
		t.Errorf("defaults: %+v", c)
	}
}

// The secret stands in the configuration or in a file beside it, and shows itself nowhere.
func TestTheSecret(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("good", ourSecret+"\n")
	write("empty", "\n")
	write("bad", "not base64")
	cases := []struct {
		file string
		ok   bool
	}{{"good", true}, {filepath.Join(dir, "good"), true}, {"empty", false}, {"bad", false}, {"missing", false}}
	for _, c := range cases {
		cfg := testConfig("127.0.0.1:1")
		cfg.TSIG.Secret, cfg.TSIG.SecretFile = "", c.file
		n, err := New(cfg, dir, slog.New(slog.DiscardHandler))
		if (err == nil) != c.ok || err == nil && n.key.secret != ourSecret {
			t.Errorf("%s: %v", c.file, err)
		}
	}
	text := fmt.Sprintf("%v %+v %#v", testConfig("127.0.0.1:1"), testConfig("127.0.0.1:1"), testConfig("127.0.0.1:1"))
	if strings.Contains(text, ourSecret) {
		t.Errorf("the secret is shown: %s", text)
	}
}
