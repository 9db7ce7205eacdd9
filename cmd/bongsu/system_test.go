package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A battery module is crushed and a standing order is valid; nobody touches anything. From process start over HTTP
// only: the stages come in order, each command is proven by the field, the messenger goes on elsewhere within 90 s
// of the third stage, water brings the heat down, and the journal tells it in order.
func TestSystemBatteryFireEndsInWater(t *testing.T) {
	t.Parallel()
	h := newHouse(t, houseOptions{})
	h.ready()
	began := time.Now()
	if code, body := h.post("sim/scenarios/battery-fire", map[string]string{}); code/100 != 2 {
		t.Fatalf("start the scenario: %d %s", code, body)
	}
	for _, s := range []string{"S1", "S2", "S3"} {
		at := h.reach(4*time.Minute, s)
		t.Logf("%s after %.1f s", s, at.Sub(began).Seconds())
	}
	refusesInFire(h)
	movedByStandingOrder(h)
	h.reach(3*time.Minute, "S4")
	h.eventually(time.Minute, "every command sent is confirmed", func() bool {
		r, ok := h.room()
		return ok && allConfirmed(r)
	})
	hottest := 0.0
	h.eventually(3*time.Minute, "the water brings the rack down by 5 degrees from its peak", func() bool {
		r, ok := h.room()
		if !ok {
			return false
		}
		for _, k := range r.Racks {
			if k.Stage == "S4" && k.Hottest != nil {
				hottest = max(hottest, *k.Hottest)
				return *k.Hottest < hottest-5
			}
		}
		return false
	})
	toldInOrder(t, h.journal())
	verifyJournal(t, h)
}

func allConfirmed(r room) bool {
	n := 0
	check := func(cs []roomCommand) bool {
		for _, c := range cs {
			if c.Sent == nil {
				continue
			}
			n++
			if c.State != "confirmed" || c.Confirmed == nil || c.Confirmed.Before(*c.Sent) {
				return false
			}
		}
		return true
	}
	for _, k := range r.Racks {
		if !check(k.Commands) {
			return false
		}
	}
	return check(r.Commands) && n >= 9
}

// toldInOrder holds the journal to its promise: the stages rise one by one, and a command's first
// entry says "journalled" before any entry says that it was sent.
func toldInOrder(t *testing.T, entries []entry) {
	t.Helper()
	var stages []string
	first := map[string]string{}
	var order []string
	for _, e := range entries {
		switch e.Kind {
		case "stage":
			var s struct{ Rack, To string }
			if err := json.Unmarshal(e.Data, &s); err != nil {
				t.Fatal(err)
			}
			if s.Rack != "" {
				stages = append(stages, s.To)
			}
		case "command":
			var c struct{ ID, Name, State string }
			if err := json.Unmarshal(e.Data, &c); err != nil {
				t.Fatal(err)
			}
			if first[c.ID] == "" {
				first[c.ID] = c.State
				order = append(order, c.Name[strings.LastIndex(c.Name, ".")+1:])
			}
		}
	}
	if got := strings.Join(stages, " "); got != "SP S1 S2 S3 S4" {
		t.Errorf("the journal tells the stages as %q", got)
	}
	for id, state := range first {
		if state != "journalled" {
			t.Errorf("the first the journal says of %s is %q", id, state)
		}
	}
	told := strings.Join(order, " ")
	for _, want := range []string{"ISOLATE CURTAIN EVAC_ALARM HVAC_STOP", "PATCH FD_CALL", "DRAIN_TO_TANK NOZZLE"} {
		if !strings.Contains(told, want) {
			t.Errorf("the journal tells the commands as %q: %q is not in that order", told, want)
		}
	}
}

func verifyJournal(t *testing.T, h *house) {
	t.Helper()
	out, err := exec.Command(filepath.Join(h.bin, "bongsu"), "journal", "verify", "--data", h.data).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "the chain holds") {
		t.Errorf("journal verify: %v\n%s", err, out)
	}
}

// kill -9 of the field in stage 2, of the member and the desk in stage 3: nothing is pulsed twice, the
// next stages come on time, the console is back by itself, and the shared journal has each stage once.
func TestSystemSurvivesKills(t *testing.T) {
	t.Parallel()
	h := newHouse(t, houseOptions{})
	if code, body := h.post("sim/scenarios/battery-fire", map[string]string{}); code/100 != 2 {
		t.Fatalf("start the scenario: %d %s", code, body)
	}
	h.reach(4*time.Minute, "S2")
	h.kill9("field")
	h.reach(4*time.Minute, "S3")
	h.kill9("member")
	h.kill9("desk")
	h.eventually(time.Minute, "the console is back", func() bool { return h.status("/readyz") == http.StatusOK })
	h.login("operator")
	h.reach(3*time.Minute, "S4")
	told := h.journal()
	// Water follows the agent by 60 s, whether anybody watches or not: the field's own clock tells, which no console delays.
	if d := cameTo(t, told, "S4").Sub(cameTo(t, told, "S3")); d < 55*time.Second || d > 75*time.Second {
		t.Errorf("stage 4 came %v after stage 3", d)
	}
	neverAfterProof(t, told)
	verifyJournal(t, h)
	h.eventually(2*time.Minute, "the shared journal has every stage, once and in order", func() bool {
		return h.sharedStages() == "SP S1 S2 S3 S4"
	})
}

// sharedStages reads the rack's stages from the sites' shared journal, which checks its chain.
func (h *house) sharedStages() string {
	out, err := exec.Command(filepath.Join(h.bin, "bongsu"), "journal", "shared", "--site", h.site).Output()
	if err != nil {
		return err.Error()
	}
	var stages []string
	for line := range strings.Lines(string(out)) {
		var e struct {
			Kind string
			Data struct{ Rack, To string }
		}
		if json.Unmarshal([]byte(line), &e) == nil && e.Kind == "stage" && e.Data.Rack != "" {
			stages = append(stages, e.Data.To)
		}
	}
	return strings.Join(stages, " ")
}

// cameTo is when the rack came to a stage, by the journal.
func cameTo(t *testing.T, entries []entry, stage string) time.Time {
	t.Helper()
	for _, e := range entries {
		var s struct{ Rack, To string }
		if e.Kind == "stage" && json.Unmarshal(e.Data, &s) == nil && s.Rack != "" && s.To == stage {
			return e.Time
		}
	}
	t.Fatalf("the journal does not tell of %s", stage)
	return time.Time{}
}

// neverAfterProof holds every command to its rule: sent again only while unproven, at most once more,
// and never after the field has shown it done, restart or not.
func neverAfterProof(t *testing.T, entries []entry) {
	t.Helper()
	proven, sends := map[string]bool{}, map[string]int{}
	for _, e := range entries {
		var c struct{ Name, State string }
		if e.Kind != "command" || json.Unmarshal(e.Data, &c) != nil {
			continue
		}
		switch c.State {
		case "journalled":
			sends[c.Name]++
			if proven[c.Name] {
				t.Errorf("entry %d: %s is sent again although it was proven", e.Seq, c.Name)
			}
		case "confirmed":
			proven[c.Name] = true
		}
	}
	for _, one := range []string{"R3.PATCH", "R3.NOZZLE", "SITE.FD_CALL", "R3.ISOLATE"} {
		if !proven[one] {
			t.Errorf("%s was never proven", one)
		}
		if sends[one] > 2 {
			t.Errorf("%s was sent %d times", one, sends[one])
		}
	}
}

// What an operator may not do, or asks wrongly, is refused with a problem that says what to do.
func TestSystemRefusesClearly(t *testing.T) {
	t.Parallel()
	h := newHouse(t, houseOptions{})
	if code, body := h.post("session", map[string]string{"user": "operator", "password": "wrong"}); code != http.StatusUnauthorized || !strings.Contains(body, `"detail"`) {
		t.Errorf("a wrong password: %d %s", code, body)
	}
	if code := h.status("/api/v1/points/demo/b9/none"); code != http.StatusNotFound {
		t.Errorf("an unknown point: %d", code)
	}
	if code := h.status("/api/v1/coffee"); code != http.StatusNotFound {
		t.Errorf("an unknown path: %d", code)
	}
	h.login("chair")
	code, body := h.post("alarms/fire:STAGE1:R3/ack", map[string]string{})
	if code != http.StatusForbidden || !strings.Contains(body, `"status":403`) {
		t.Errorf("an acknowledgement by the committee's chair: %d %s", code, body)
	}
	h.login("operator")
	if code, body := h.post("alarms/none@here/ack", map[string]string{}); code != http.StatusNotFound {
		t.Errorf("an acknowledgement of no alarm: %d %s", code, body)
	}
}

func TestSystemRefusesAFaultySite(t *testing.T) {
	bin, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../sites")); err != nil {
		t.Fatal(err)
	}
	site := filepath.Join(dir, "demo", "site.yaml")
	text, err := os.ReadFile(site)
	if err != nil {
		t.Fatal(err)
	}
	faulty := strings.Replace(string(text), "\ndevices:\n", `
colour: red
devices:
  - id: demo/x/extra
    asset: demo
    link: power
    unit: 77
    points:
      - {name: one, unit: kW, range: [0, 1], scan: 1s, fn: 3, address: 10, type: uint16}
      - {name: two, unit: kW, range: [0, 1], scan: 1s, fn: 3, address: 10, type: uint16}
      - {name: three, range: [0, 1], scan: 1s, fn: 3, address: 11, type: uint16}
`, 1)
	if err := os.WriteFile(site, []byte(faulty), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"check", site}, {"run", "--site", site, "--data", filepath.Join(dir, "data"), "--listen", "127.0.0.1:0"}} {
		out, err := exec.Command(filepath.Join(bin, "bongsu"), args...).CombinedOutput()
		if err == nil {
			t.Errorf("%s accepts a faulty site", args[0])
		}
		for _, want := range []string{`unknown key "colour"`, "duplicate register", "has no unit"} {
			found := false
			for line := range strings.Lines(string(out)) {
				found = found || (strings.HasPrefix(line, site+":") && strings.Contains(line, want))
			}
			if !found {
				t.Errorf("%s: no line names %q with its place:\n%s", args[0], want, out)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); err == nil {
		t.Error("run started something on a faulty site")
	}
}

// A site with an InfluxDB: what the field reads arrives in a real server, through the spool.
func TestSystemFeedsInflux(t *testing.T) {
	influxd := os.Getenv("BONGSU_INFLUXD")
	if influxd == "" {
		t.Skip("BONGSU_INFLUXD names no influxd binary: run this through make test")
	}
	t.Parallel()
	dir := t.TempDir()
	ports := freePorts(t, 2)
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	conf := fmt.Sprintf("reporting-disabled = true\nbind-address = \"127.0.0.1:%d\"\n[meta]\ndir = \"%[2]s/meta\"\n[data]\ndir = \"%[2]s/data\"\nwal-dir = \"%[2]s/wal\"\n[http]\nbind-address = %[3]q\nlog-enabled = false\n[monitor]\nstore-enabled = false\n", ports[1], dir, address)
	if err := os.WriteFile(filepath.Join(dir, "influx.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	db := exec.Command(influxd, "-config", filepath.Join(dir, "influx.conf"))
	if err := db.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Process.Kill(); _ = db.Wait() })
	ask := func(q string) string {
		resp, err := http.PostForm("http://"+address+"/query", url.Values{"db": {"plant"}, "q": {q}})
		if err != nil {
			return ""
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return string(b)
	}
	eventually(t, 2*time.Minute, "influxd answers", func() bool {
		return strings.Contains(ask("CREATE DATABASE plant"), "statement_id")
	})
	h := newHouse(t, houseOptions{site: fmt.Sprintf("\ninflux: {url: \"http://%s\", bucket: plant/autogen}\n", address)})
	h.eventually(2*time.Minute, "the rack's temperature is in InfluxDB", func() bool {
		return strings.Contains(ask(`SELECT last("value") FROM "battery-rack" WHERE "point" = 'demo/b1/r3/bms/t-max'`), "values")
	})
	var nodes struct {
		Items []struct {
			Role    string
			History []struct {
				Name   string
				OK     bool
				Points uint64
			}
		}
	}
	h.eventually(2*time.Minute, "the console says that both keepers of the past are well", func() bool {
		return h.get("nodes", &nodes) && len(nodes.Items) == 2 && len(nodes.Items[1].History) == 2 &&
			nodes.Items[1].History[0].OK && nodes.Items[1].History[1].OK && nodes.Items[1].History[1].Points > 0
	})
}
